"""How a class declares what passing means: checks, criteria, measurements and claims.

A *check* belongs to an exercise. A *criterion* grades the homework. A *measurement* is a run of the reference that
`catedra verify` makes over several seeds; a *claim* is the course's own statement about the world, a pure function of those
measurements: the guide reports it, nobody is graded on it.

What a check, criterion or measurement needs it asks for by parameter name:

- `answer`: the functions under judgement (always the first parameter).
- `rng`: a `numpy.random.Generator` of the judge's; its seed is public in the notebook and secret in a cohort.
- `data`: the `Split` of the data set that the declaration names.
- `scale`: how big the run is.
- `seed`: an integer to train with.

docs/contract.md derives these from the classes that strain them most.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from catedra.checking.curves import Curves
from catedra.checking.outcome import Evidence
from catedra.checking.statistics import Interval

NEEDS = ("answer", "rng", "data", "scale", "seed")
CHECK_NEEDS = ("answer", "rng")  # a check takes a second: it has no data set and no scale


@dataclass(frozen=True)
class Threshold:
    """A bound on a measured value: `at_least`, `at_most`, or both.

    Attributes:
        at_least: lower bound, included.
        at_most: upper bound, included.
    """

    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a threshold needs at_least or at_most; received neither: state the bound")
        bounds = [bound for bound in (self.at_least, self.at_most) if bound is not None]
        if any(bound != bound for bound in bounds) or bounds != sorted(bounds):
            raise ValueError(f"a threshold needs at_least ≤ at_most; received {self.at_least} and {self.at_most}")

    def met(self, value: float) -> bool:
        """Whether the value lies within the bounds; NaN never does."""
        above = self.at_least is None or value >= self.at_least
        below = self.at_most is None or value <= self.at_most
        return value == value and above and below

    def margin(self, value: float) -> float:
        """How far inside the nearest bound the value lies, in the value's unit; negative outside."""
        margins = []
        if self.at_least is not None:
            margins.append(value - self.at_least)
        if self.at_most is not None:
            margins.append(self.at_most - value)
        return min(margins)

    def __str__(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f"entre {self.at_least:g} y {self.at_most:g}"
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


@dataclass(frozen=True)
class Check:
    """What passing an exercise means.

    Attributes:
        exercise: its number.
        title: what is checked (the docstring's first line).
        hints: three, from a question to almost the line.
        section: slug of the lesson's section that explains it.
        function: raises `CheckFailed` when the answer isn't right.
        needs: the parameters that it asks for.
    """

    exercise: int
    title: str
    hints: tuple[str, ...]
    section: str | None
    function: Callable[..., None] = field(repr=False)
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Criterion:
    """What the homework must show.

    Attributes:
        name: as the student reads it, e.g. "exactitud en test".
        threshold: what the measured value must meet.
        claimed: the threshold that the class's specification states, where it differs.
        unit: of the value, e.g. "" for a fraction, "s".
        percent: whether a fraction is shown as a percentage.
        data: name of the data set, or None.
        evidence: where the value comes from.
        hint: what to try when it isn't met.
        trains: whether the value depends on training (then smoke scale doesn't judge it).
        rubric: for written answers, what the teacher looks for; empty otherwise.
        function: returns the measured value; raises `CheckFailed` when there is nothing to measure.
        needs: the parameters that it asks for.
    """

    name: str
    threshold: Threshold | None
    claimed: Threshold | None
    unit: str
    percent: bool
    data: str | None
    evidence: Evidence
    hint: str
    trains: bool
    rubric: tuple[str, ...]
    function: Callable[..., float] = field(repr=False)
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Measurement:
    """A run of the reference that feeds claims and figures.

    Attributes:
        name: the function's name; its results are `name.key` in `Curves`.
        title: what is measured.
        data: name of the data set, or None.
        function: returns a dict of numbers and arrays for one seed.
        needs: the parameters that it asks for.
    """

    name: str
    title: str
    data: str | None
    function: Callable[..., dict[str, Any]] = field(repr=False)
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Claim:
    """The course's own statement about the world.

    Attributes:
        statement: as the guide says it.
        source: who claims it.
        threshold: what the measured interval must meet for the claim to hold.
        unit: of the value.
        percent: whether a fraction is shown as a percentage.
        at_stated_size: whether it is measured at the architecture and size that it states (else it can't be refuted).
        function: from the class's measured `Curves` to the interval of the claimed quantity.
    """

    statement: str
    source: str
    threshold: Threshold
    unit: str
    percent: bool
    at_stated_size: bool
    function: Callable[[Curves], Interval] = field(repr=False)


def check(exercise: int, *, hints: Sequence[str], section: str | None = None) -> Callable[[Callable[..., None]], Check]:
    """Declare the check of an exercise.

    Raises:
        ValueError: there aren't three hints, no docstring, or a parameter that nobody provides.
    """
    if exercise < 1:
        raise ValueError(f"an exercise's number starts at 1; received {exercise}: number it as in lesson.md")
    if isinstance(hints, str) or len(hints) != 3 or not all(hint.strip() for hint in hints):
        raise ValueError(f"exercise {exercise}: expected a list of three hints, received {hints!r}: see docs/authoring.md")

    def build(function: Callable[..., None]) -> Check:
        needs = _needs(function, CHECK_NEEDS)
        return Check(exercise, _title(function), tuple(hints), section, function, needs)

    return build


def criterion(
    name: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    claimed: Threshold | None = None,
    unit: str = "",
    percent: bool = False,
    data: str | None = None,
    evidence: Evidence = Evidence.PREDICTIONS,
    hint: str = "",
    trains: bool = True,
    rubric: Sequence[str] = (),
) -> Callable[[Callable[..., float]], Criterion]:
    """Declare a criterion of the homework.

    A written answer (`evidence=Evidence.WRITTEN`) has a rubric and no threshold: it stays pending until a teacher scores it.

    Raises:
        ValueError: a threshold or rubric is missing or has no place, or a parameter is asked for that nobody provides.
    """
    written = evidence is Evidence.WRITTEN
    if written != bool(rubric):
        raise ValueError(f"criterion {name!r}: a rubric goes with written evidence, and only with it")
    judged = not written and evidence is not Evidence.REPORTED
    if not judged and (at_least is not None or at_most is not None):
        raise ValueError(f"criterion {name!r}: {evidence.value} evidence decides nothing; received a threshold: leave it out")
    threshold = Threshold(at_least, at_most) if judged else None

    def build(function: Callable[..., float]) -> Criterion:
        needs = _needs(function)
        _match_data(f"criterion {name!r}", needs, data)
        return Criterion(name, threshold, claimed, unit, percent, data, evidence, hint, trains, tuple(rubric), function, needs)

    return build


def measurement(*, data: str | None = None) -> Callable[[Callable[..., dict[str, Any]]], Measurement]:
    """Declare a run of the reference, repeated over seeds by `catedra verify`; its results go to curves.json."""

    def build(function: Callable[..., dict[str, Any]]) -> Measurement:
        needs = _needs(function)
        _match_data(f"measurement {function.__name__!r}", needs, data)
        return Measurement(function.__name__, _title(function), data, function, needs)

    return build


def claim(
    statement: str,
    *,
    source: str,
    at_least: float | None = None,
    at_most: float | None = None,
    unit: str = "",
    percent: bool = False,
    at_stated_size: bool = True,
) -> Callable[[Callable[[Curves], Interval]], Claim]:
    """Declare a claim: a pure function from measured curves to an interval, and the bound that it must meet."""

    def build(function: Callable[[Curves], Interval]) -> Claim:
        return Claim(statement, source, Threshold(at_least, at_most), unit, percent, at_stated_size, function)

    return build


def _needs(function: Callable[..., Any], allowed: tuple[str, ...] = NEEDS) -> tuple[str, ...]:
    needs = tuple(inspect.signature(function).parameters)
    unknown = [name for name in needs if name not in allowed]
    if unknown or needs[:1] != ("answer",):
        raise ValueError(
            f"{function.__name__} asks for ({', '.join(needs)}); "
            f"the first parameter is `answer` and the rest come from {allowed[1:]}"
        )
    return needs


def _match_data(what: str, needs: tuple[str, ...], data: str | None) -> None:
    if ("data" in needs) != (data is not None):
        raise ValueError(f'{what}: the parameter `data` goes with data="name of the data set"')


def _title(function: Callable[..., Any]) -> str:
    lines = (function.__doc__ or "").strip().splitlines()
    if not lines:
        raise ValueError(f"{function.__name__} has no docstring: say in one sentence what is measured")
    return lines[0].rstrip(".")
