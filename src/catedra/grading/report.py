"""Pages: one a student, to hand out; an index and the written answers, for the teacher.

Everything in them is data of strangers, so: the template engine escapes it all, a policy in each page forbids scripts and anything from
elsewhere, and a page's file name comes from a hash.

What a student's page shows of a result, by outcome:

- the *message* always: it is written for the student.
- the *detail* only of a runtime error, where it is the student's own lines. Of a wrong answer it says what was expected, of an inconclusive
  run what was measured beside it, and of a failed check whatever its author's exception says: all of these may hold hidden data.
"""

import base64
import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from catedra.checking.outcome import Evidence, Outcome
from catedra.checking.verdict import CheckResult, CriterionResult
from catedra.course import CourseClass
from catedra.course.parts import Checks
from catedra.course.template import quantity, threshold_text
from catedra.grading.batch import Move
from catedra.grading.gradebook import Row
from catedra.grading.names import page_name, visible
from catedra.grading.similar import Group
from catedra.grading.written import Question

TEMPLATES = Path(__file__).with_name("templates")
STYLE = (TEMPLATES / "report.css").read_text(encoding="utf-8")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
_HINTED = {Outcome.INCORRECT, Outcome.NOT_ATTEMPTED, Outcome.RUNTIME_ERROR, Outcome.TIMEOUT}
_MARKS = {
    Outcome.CORRECT: "✓", Outcome.INCORRECT: "✗", Outcome.RUNTIME_ERROR: "!", Outcome.TIMEOUT: "⏱", Outcome.NOT_ATTEMPTED: "·",
    Outcome.INCONCLUSIVE: "≈", Outcome.PENDING: "…", Outcome.NOT_CHECKABLE: "–",
}  # fmt: skip
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_WIDTH = 600.0


@dataclass(frozen=True)
class Bar:
    """Where a value falls relative to its threshold, in the units of a drawing 600 wide.

    Attributes:
        zone: left edge and width of what passes.
        ticks: position and label of each bound.
        value: position of the measured value.
        inside: whether it passes.
        says: the same in words.
    """

    zone: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    value: float
    inside: bool
    says: str


def bar_of(item: CriterionResult) -> Bar | None:
    """Return the drawing of a measured criterion; None where nothing was measured or there is no threshold."""
    if item.value is None or item.threshold is None or not math.isfinite(item.value):
        return None
    low, high = bounds(item.threshold)
    points = [bound for bound in (low, high, item.value) if bound is not None]
    reference = max((abs(bound) for bound in (low, high) if bound is not None), default=0.0)
    span = max(max(points) - min(points), 0.08 * (reference or 1.0))
    left, right = min(points) - 0.35 * span, max(points) + 0.35 * span
    if min(points) >= 0:
        left = max(left, 0.0)
    if item.percent and max(points) <= 1:
        right = min(right, 1.0)
    if not math.isfinite(right - left) or right <= left:
        return None

    def place(value: float) -> float:
        return round(_WIDTH * (value - left) / (right - left), 1)

    start, end = place(left if low is None else low), place(right if high is None else high)
    ticks = tuple((place(bound), _shown(bound, item)) for bound in (low, high) if bound is not None)
    inside = (low is None or item.value >= low) and (high is None or item.value <= high)
    says = f"Medido: {measured(item)}. Se pide: {threshold_text(item.threshold, item.percent, item.unit)}."
    return Bar((start, max(end - start, 2.0)), ticks, place(item.value), inside, says)


def bounds(threshold: str) -> tuple[float | None, float | None]:
    """Return the lower and upper bound that a verdict's threshold states: "≥ 0.87", "≤ 0.1" or "entre 0.8 y 0.9"."""
    numbers = [float(number) for number in _NUMBER.findall(threshold)]
    if threshold.startswith("≥") and len(numbers) == 1:
        return numbers[0], None
    if threshold.startswith("≤") and len(numbers) == 1:
        return None, numbers[0]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (None, None)


def measured(item: CriterionResult) -> str:
    """The measured value as text, with as many decimals as it takes not to look like a bound that it isn't."""
    if item.value is None:
        return "—"
    limits = [bound for bound in bounds(item.threshold or "") if bound is not None and bound != item.value]
    formats = [".1f", ".2f", ".3f", ".5f"] if item.percent else [".4g", ".6g", ".9g"]
    for fmt in formats:
        shown = quantity(item.value, percent=item.percent, unit=item.unit, fmt=fmt)
        if shown not in {quantity(bound, percent=item.percent, unit=item.unit, fmt=fmt) for bound in limits}:
            break
    return shown


def _shown(value: float, item: CriterionResult) -> str:
    return quantity(value, percent=item.percent, unit=item.unit, fmt="g" if item.percent else None)


def student_page(row: Row, course_class: CourseClass, checks: Checks) -> str:
    """Return a student's page."""
    verdict = row.grade.verdict if row.grade else None
    criteria = [item for item in verdict.criteria if item.evidence is not Evidence.WRITTEN] if verdict else []
    exercises = verdict.checks if verdict else ()
    return _render(
        "report.html.j2",
        row=row,
        course=course_class,
        verdict=verdict,
        exercises=[_exercise(item, checks, course_class) for item in exercises],
        criteria=[_criterion(item) for item in criteria],
        solved=sum(item.outcome is Outcome.CORRECT for item in exercises),
        met=sum(item.outcome is Outcome.CORRECT for item in criteria if item.threshold),
        judged=sum(item.threshold is not None for item in criteria),
        written=[
            {"name": item.name, "rubric": item.rubric, "score": row.scores.get(item.name)}
            for item in checks.criteria
            if item.evidence is Evidence.WRITTEN
        ],
    )


def _exercise(item: CheckResult, checks: Checks, course_class: CourseClass) -> dict[str, Any]:
    check = checks.by_exercise.get(item.exercise)
    stale = check is None or check.title != item.title  # a verdict of older checks keeps its words and gets no hint of newer ones
    hint = check.hints[0] if check and not stale and item.outcome in _HINTED else ""
    titles = {section.slug: section.title for section in (*course_class.sections.values(), *course_class.topics)}
    titles |= {exercise.slug: exercise.title for exercise in course_class.exercises}
    return {
        "item": item,
        "message": visible(item.message, 1500),
        "detail": visible(item.detail, 3000) if item.outcome is Outcome.RUNTIME_ERROR else "",
        "hint": hint,
        "section": titles.get(item.section or "", "") if item.outcome in _HINTED else "",
    }


def _criterion(item: CriterionResult) -> dict[str, Any]:
    return {
        "item": item,
        "message": visible(item.message, 1500),
        "detail": visible(item.detail, 3000) if item.outcome is Outcome.RUNTIME_ERROR else "",
        "measured": measured(item),
        "threshold": threshold_text(item.threshold, item.percent, item.unit) if item.threshold else "",
        "bar": bar_of(item),
    }


def index_page(
    rows: Sequence[Row], course_class: CourseClass, checks: Checks, *, similar: Sequence[Group] = (), moves: Sequence[Move] = ()
) -> str:
    """Return the teacher's page: everybody at a glance, what moved, and which answers are equal."""
    names = [item.name for item in checks.criteria if item.evidence is not Evidence.WRITTEN]
    return _render(
        "index.html.j2",
        rows=rows,
        course=course_class,
        numbers=list(checks.by_exercise),
        names=names,
        results={row.student: _by_name(row) for row in rows},
        similar=similar,
        moves=moves,
        has_written=any(item.evidence is Evidence.WRITTEN for item in checks.criteria),
    )


def _by_name(row: Row) -> dict[str, Any]:
    verdict = row.grade.verdict if row.grade else None
    if verdict is None:
        return {}
    return {str(item.exercise): item for item in verdict.checks} | {item.name: item for item in verdict.criteria}


def written_page(asked: Sequence[Question], course_class: CourseClass) -> str:
    """Return the page with every written answer beside its rubric."""
    criteria = {question.criterion.name: question.criterion for question in asked}
    groups = [(criterion, [item for item in asked if item.criterion.name == name]) for name, criterion in criteria.items()]
    return _render("written.html.j2", course=course_class, groups=groups)


def _render(template: str, **values: Any) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_seen,
    )  # fmt: skip
    environment.filters |= {"visible": visible, "page": page_name, "measured": measured, "number": quantity}
    shared = {"style": STYLE, "policy": POLICY, "marks": _MARKS}
    return environment.get_template(template).render(**shared, **values)


def _seen(value: Any) -> Any:
    """Whatever text goes into a page can be seen in it, also where a template forgot to say so."""
    return visible(value, 100_000) if isinstance(value, str) and not hasattr(value, "__html__") else value
