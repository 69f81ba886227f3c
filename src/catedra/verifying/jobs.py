"""What verifying a class consists of: jobs, each the runs of one answer with one seed.

A result is kept for each (answer, criterion or measurement, seed), so an interrupted verification resumes where it was.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from catedra.authoring import HOMEWORK
from catedra.course import CourseClass
from catedra.course.parts import Checks, checks_of, right_answers_of, wrong_answers_of

REFERENCE = "solution"
EXERCISES = "exercises"


@dataclass(frozen=True)
class Run:
    """One thing to measure.

    Attributes:
        kind: "criterion", "measurement" or "checks" (every exercise with the reference and all its wrong answers).
        name: of the criterion or measurement; EXERCISES for checks.
    """

    kind: str
    name: str


@dataclass(frozen=True)
class Job:
    """The runs of one answer with one seed, in one process.

    Attributes:
        class_number: which class.
        subject: REFERENCE or the name of an alternative answer.
        seed: the seed.
        scale: the scale's name.
        runs: what to measure, in order.
    """

    class_number: int
    subject: str
    seed: int
    scale: str
    runs: tuple[Run, ...]

    def as_plain(self) -> dict[str, Any]:
        """Return the job as built-in values."""
        return asdict(self)

    @staticmethod
    def from_plain(value: dict[str, Any]) -> "Job":
        """The inverse of `as_plain`."""
        return Job(**{**value, "runs": tuple(Run(**run) for run in value["runs"])})


def plan(course_class: CourseClass, scale: str, seeds: Sequence[int]) -> tuple[Job, ...]:
    """Return the jobs that verify a class.

    The reference runs every criterion and measurement with every seed; so does each right answer with the criteria; a wrong answer
    to the homework runs the criterion that must reject it; the exercises' answers are checked once, with the first seed.
    """
    checks = checks_of(course_class)
    judged = _judged(checks)
    jobs = [Job(course_class.number, REFERENCE, seeds[0], scale, (Run("checks", EXERCISES),))]
    reference = (*judged, *(Run("measurement", name) for name in checks.measurements))
    jobs += [Job(course_class.number, REFERENCE, seed, scale, reference) for seed in seeds]
    for answer in right_answers_of(course_class):
        jobs += [Job(course_class.number, answer.name, seed, scale, judged) for seed in seeds]
    for answer in wrong_answers_of(course_class):
        if answer.place == HOMEWORK and isinstance(answer.caught_by, str):
            run = Run("criterion", answer.caught_by)
            jobs += [Job(course_class.number, answer.name, seed, scale, (run,)) for seed in seeds]
    return tuple(jobs)


def _judged(checks: Checks) -> tuple[Run, ...]:
    return tuple(Run("criterion", item.name) for item in checks.criteria if item.threshold is not None)
