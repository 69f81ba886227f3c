"""A verdict as plain data: what was judged, what came of it, and under which conditions.

Its JSON Schema is published in `verdict.schema.json` beside this file; `schema()` returns it.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from catedra.checking.outcome import Evidence, Outcome


@dataclass(frozen=True)
class CheckResult:
    """What came of an exercise's check.

    Attributes:
        exercise: its number.
        title: what was checked.
        outcome: one of the eight.
        message: for the student.
        detail: what differed, where and by how much; empty when it is correct.
        section: slug of the lesson's section to read.
        seconds: wall time of the check.
    """

    exercise: int
    title: str
    outcome: Outcome
    message: str
    detail: str
    section: str | None
    seconds: float


@dataclass(frozen=True)
class CriterionResult:
    """What came of a criterion of the homework.

    Attributes:
        name: the criterion's.
        outcome: one of the eight.
        evidence: where the value comes from.
        value: what was measured, or None.
        threshold: as text, e.g. "≥ 0.87"; None for written and reported evidence.
        percent: whether value and threshold are fractions to be shown as percentages.
        unit: of the value.
        seed: the seed of the run.
        scale: the scale of the run.
        data: variant of the data set, e.g. "fashion_mnist/original"; None without data.
        message: for the student.
        detail: more, possibly with expected values.
        seconds: wall time.
    """

    name: str
    outcome: Outcome
    evidence: Evidence
    value: float | None
    threshold: str | None
    percent: bool
    unit: str
    seed: int
    scale: str
    data: str | None
    message: str
    detail: str
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """The verdict on a submission.

    Attributes:
        class_number: which class.
        submission_sha256: of the file that was judged.
        content_hash: of the class's folder (its checks among it).
        advisory: true when the student's code ran where it could have touched the verdict (notebook, self-check).
        created: ISO 8601, UTC.
        version: of catedra.
        checks: by exercise.
        criteria: of the homework.
        layers: the walls that held around the student's code; none in a notebook or a self-check.
        environment: digest of the interpreter and the packages that graded; empty where nobody recorded it.
        cohort: fingerprint of the cohort key that inputs were drawn from; empty without one.
    """

    class_number: int
    submission_sha256: str
    content_hash: str
    advisory: bool
    created: str
    version: str
    checks: tuple[CheckResult, ...]
    criteria: tuple[CriterionResult, ...]
    layers: tuple[str, ...] = ()
    environment: str = ""
    cohort: str = ""

    def as_plain(self) -> dict[str, Any]:
        """Return the verdict as built-in values, as `verdict.schema.json` describes them."""
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @staticmethod
    def from_plain(value: dict[str, Any]) -> "Verdict":
        """The inverse of `as_plain`."""
        checks = tuple(CheckResult(**{**result, "outcome": Outcome(result["outcome"])}) for result in value["checks"])
        criteria = tuple(
            CriterionResult(**{**result, "outcome": Outcome(result["outcome"]), "evidence": Evidence(result["evidence"])})
            for result in value["criteria"]
        )
        return Verdict(**{**value, "checks": checks, "criteria": criteria, "layers": tuple(value.get("layers", ()))})


def schema() -> dict[str, Any]:
    """Return the published JSON Schema (2020-12) of `Verdict.as_plain`."""
    from importlib import resources

    text = resources.files("catedra.checking").joinpath("verdict.schema.json").read_text(encoding="utf-8")
    return json.loads(text)  # type: ignore[no-any-return]
