"""The marks with which a class folder declares its parts.

A class folder is plain Python: `solution.py` is an importable module, its functions are the reference
answers. These decorators return what they decorate untouched (apart from the catalogues of
answers and errors, which become records) and leave a mark that the loader and the notebook reader find.

Not covered here: what passing means (`catedra.checking`), and reading the folder (`catedra.course`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

HOMEWORK = "homework"
"""The name of the homework where an exercise's number would stand."""

Place = int | str
"""An exercise's number, or HOMEWORK."""


def exercise(number: int) -> Callable[[F], F]:
    """Mark a function of `solution.py` as (part of) the answer to an exercise.

    In the student's notebook it stands under that exercise with its signature and docstring; its body is `...`.

    Raises:
        ValueError: the number is below 1.
    """
    if number < 1:
        raise ValueError(f"an exercise's number starts at 1; received {number}: number it as in lesson.md")

    def mark(function: F) -> F:
        return function

    return mark


def homework(function: F) -> F:
    """Mark a function of `solution.py` as (part of) the answer to the homework; its body is withheld."""
    return function


def given(function: F) -> F:
    """Mark a function or class of `solution.py` as given: copied whole into the notebook.

    Together with `@exercise(n)` or `@homework` it is copied at that place; alone, into the first code cell.
    """
    return function


@dataclass(frozen=True)
class AlternativeAnswer:
    """Functions that replace those of `solution.py` that bear the same name.

    Attributes:
        name: identifier of the answer, unique in its file.
        description: what the student did (the docstring's first line).
        functions: name → replacement.
        place: exercise number or HOMEWORK.
        says: a piece of the message that the student must get (wrong answers only).
        caught_by: the exercise's number or the criterion's name that must reject it (wrong answers only).
    """

    name: str
    description: str
    functions: Mapping[str, Callable[..., Any]] = field(repr=False)
    place: Place
    says: str | None = None
    caught_by: Place | None = None


def _functions_of(body: type) -> dict[str, Callable[..., Any]]:
    """The functions of a class body as they would stand in a module: also those that a decorator (`jax.jit`) made callable."""
    members = {name: value.__func__ if isinstance(value, staticmethod) else value for name, value in vars(body).items()}
    return {
        name: value
        for name, value in members.items()
        if callable(value) and not isinstance(value, type) and not (name.startswith("__") and name.endswith("__"))
    }


def _answer(body: type, place: Place, says: str | None, caught_by: Place | None) -> AlternativeAnswer:
    functions = _functions_of(body)
    if not functions:
        raise ValueError(f"the answer {body.__name__} replaces no function: define in it those that it changes")
    lines = (body.__doc__ or "").strip().splitlines()
    if not lines:
        raise ValueError(f"the answer {body.__name__} has no docstring: say in one sentence what it does")
    return AlternativeAnswer(body.__name__, lines[0], functions, place, says, caught_by)


def wrong(place: Place, *, says: str, caught_by: Place | None = None) -> Callable[[type], AlternativeAnswer]:
    """Declare a plausible wrong answer: a class whose functions replace the solution's.

    Example:
        >>> @wrong(1, says="no separa")
        ... class NeverUpdatesBias:
        ...     '''No actualiza el sesgo.'''
        ...     def train_perceptron(inputs, labels): ...
        >>> NeverUpdatesBias.caught_by
        1

    Args:
        place: the exercise's number or HOMEWORK.
        says: a piece of the message that a student with this mistake must read.
        caught_by: exercise number or criterion name that rejects it; the exercise itself by default.

    Raises:
        ValueError: no such place, nothing to say, no function, or no docstring.
    """
    if place != HOMEWORK and not (isinstance(place, int) and place >= 1):
        raise ValueError(f"a wrong answer is to an exercise (1, 2, …) or to HOMEWORK; received {place!r}")
    if not says.strip():
        raise ValueError("a wrong answer says a piece of the message that it gets; received none: any message would do")

    def build(body: type) -> AlternativeAnswer:
        return _answer(body, place, says, place if caught_by is None else caught_by)

    return build


def right(body: type) -> AlternativeAnswer:
    """Declare an independently written right answer to the homework: its functions replace the solution's."""
    return _answer(body, HOMEWORK, None, None)


@dataclass(frozen=True)
class CommonError:
    """One of a class's five common errors, with code that shows it.

    Attributes:
        slug: identifier, unique in the course.
        title: the error in a few words.
        symptom: what the student sees, as it happens on the pinned versions.
        cause: the mechanism, in two sentences.
        fix: what to change.
        verify: how to be sure that it is fixed.
        bug: runs the planted bug and returns what was observed (plain data).
        fixed: the same program mended; returns the same observations.
        seen: whether the symptom is in those observations.
        unobservable: why no rule can see it, if none can.
    """

    slug: str
    title: str
    symptom: str
    cause: str
    fix: str
    verify: str
    bug: Callable[[], dict[str, Any]] = field(repr=False)
    fixed: Callable[[], dict[str, Any]] = field(repr=False)
    seen: Callable[[dict[str, Any]], bool] = field(repr=False)
    unobservable: str | None = None


def common_error(
    slug: str, *, title: str, symptom: str, cause: str, fix: str, verify: str, unobservable: str | None = None
) -> Callable[[type], CommonError]:
    """Declare a common error: a class with `bug()`, `fixed()` and `seen(observed)`.

    Raises:
        ValueError: one of the three functions is missing.
    """

    def build(body: type) -> CommonError:
        functions = _functions_of(body)
        missing = {"bug", "fixed", "seen"} - functions.keys()
        if missing:
            raise ValueError(f"the error {slug!r} lacks {', '.join(sorted(missing))}: see docs/authoring.md")
        return CommonError(
            slug, title, symptom, cause, fix, verify,
            functions["bug"], functions["fixed"], functions["seen"], unobservable,
        )  # fmt: skip

    return build


@dataclass(frozen=True)
class Figure:
    """A figure of the lesson or the slides.

    Attributes:
        slug: how lesson.md and slides.md name it: `![Caption](figure:slug)`.
        alt: what it shows, in words, for whoever can't see it.
        draw: takes the class's `Curves` and returns a matplotlib figure. Imports no framework; at most 0.5 s.
    """

    slug: str
    alt: str
    draw: Callable[..., Any] = field(repr=False)


def figure(slug: str, *, alt: str) -> Callable[[Callable[..., Any]], Figure]:
    """Declare a figure: a function from the class's measured `Curves` to a matplotlib figure."""

    def build(draw: Callable[..., Any]) -> Figure:
        return Figure(slug, alt, draw)

    return build
