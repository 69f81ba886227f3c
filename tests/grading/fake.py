"""An engine in this very process, over the tiny class: its verdicts are real ones, of real checks on `LiveAnswer`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from catedra import __version__, datasets
from catedra.checking import CriterionResult, Evidence, LiveAnswer, Outcome, Scale, ScaleName, Verdict, run_check, run_criterion
from catedra.checking.namespace import load_namespace
from catedra.course import CourseClass
from catedra.course.parts import checks_of
from catedra.grading.engine import Graded, Job
from catedra.grading.submission import read_submission

RIGHT = (
    "\n".join(f"def plus_{n}(x):\n    return x + {n}\n" for n in range(1, 6))
    + "\ndef average(x, seed):\n    return float(x.mean())\n"
)


@dataclass
class FakeEngine:
    """Grades in the order given. `before` is called with each job first: to raise, to fail (by returning a text) or to count."""

    course_class: CourseClass
    cohort: str = "c0ffee123456"
    environment: str = "e" * 64
    before: Callable[[Job], str | None] = lambda job: None
    change: Callable[[Job, Verdict], Verdict] = lambda job, verdict: verdict
    graded: list[str] = field(default_factory=list)
    closed: int = 0

    def grade(self, jobs: Sequence[Job]) -> Iterator[Graded]:
        try:
            for job in jobs:
                if failure := self.before(job):
                    yield Graded(job, None, failure)
                    continue
                self.graded.append(job.student)
                yield Graded(job, self.change(job, judge(self, job)))
        finally:
            self.closed += 1


def judge(engine: FakeEngine, job: Job) -> Verdict:
    checks = checks_of(engine.course_class)
    submission = read_submission(job.file)
    answer = LiveAnswer(load_namespace(submission.cells, submission.described_as))
    rng = np.random.default_rng(0)
    criteria: list[CriterionResult] = []
    for item in checks.criteria:
        data = datasets.smoke(item.data, seed=0) if item.data else None
        variant = data.variant if data else None
        criteria.append(run_criterion(item, answer, data=data, variant=variant, scale=Scale(ScaleName.SMOKE), seed=0))
    return Verdict(
        class_number=engine.course_class.number, submission_sha256=job.sha256, content_hash=engine.course_class.content_hash,
        advisory=False, created="2026-01-01T00:00:00+00:00", version=__version__,
        checks=tuple(run_check(check, answer, rng) for check in checks.by_exercise.values()), criteria=tuple(criteria),
        layers=("seccomp", "landlock"), environment=engine.environment, cohort=engine.cohort,
    )  # fmt: skip


def criterion_result(**changes) -> CriterionResult:
    base = {
        "name": "exactitud", "outcome": Outcome.CORRECT, "evidence": Evidence.PREDICTIONS, "value": 0.9, "threshold": "≥ 0.87",
        "percent": True, "unit": "", "seed": 0, "scale": "laptop", "data": None, "message": "Criterio cumplido.", "detail": "", "seconds": 1.0,
    }  # fmt: skip
    return CriterionResult(**{**base, **changes})
