"""Grades a folder: what the trail already has is skipped, each verdict is appended as it comes, and nothing is lost to a crash or Ctrl-C.

A submission is *settled* once a verdict without anything inconclusive stands in the trail. One that is settled under other conditions (the
checks changed, a package was upgraded) keeps that grade, and is said to be stale, until a run with `regrade`; then what moved is listed.
"""

import contextlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from catedra.checking.outcome import Outcome
from catedra.checking.verdict import Verdict
from catedra.course import CourseClass
from catedra.grading.engine import Engine, Graded, Job
from catedra.grading.folder import Rejected, jobs_in
from catedra.grading.names import shown_name
from catedra.grading.submission import Submission, SubmissionError, read_submission
from catedra.grading.trail import Conditions, Grade, Trail, is_settled

ROUNDS = 2
"""A job that failed or came back inconclusive is tried once more at the end: the machine may have been busy."""

Progress = Callable[[int, int, Graded], None]
"""Called after each job with how many are done, of how many, and what came."""


@dataclass(frozen=True)
class Move:
    """What a regrade changed at one place of one student's verdict.

    Attributes:
        student: whose.
        place: "ejercicio 2", or a criterion's name.
        before: the outcome before; None where the place is new. So `after` where it is gone.
        value_before: what was measured before, if anything was. So `value_after`.
    """

    student: str
    place: str
    before: Outcome | None
    after: Outcome | None
    value_before: float | None
    value_after: float | None


@dataclass(frozen=True)
class Batch:
    """A folder after a run.

    Attributes:
        jobs: the submissions that can be graded, by student's name.
        rejected: those that can't.
        submissions: student → what was read of the submission, without its zip.
        grades: student → the grade that counts, also an unsettled one if there is no other.
        stale: students whose grade was given under other conditions.
        failures: student → why there is no verdict, after all rounds.
        moves: what a regrade changed.
        appended: how many verdicts this run added to the trail.
        interrupted: whether Ctrl-C cut the run.
    """

    jobs: tuple[Job, ...]
    rejected: tuple[Rejected, ...]
    submissions: Mapping[str, Submission]
    grades: Mapping[str, Grade]
    stale: frozenset[str]
    failures: Mapping[str, str]
    moves: tuple[Move, ...]
    appended: int
    interrupted: bool

    @property
    def left(self) -> tuple[str, ...]:
        """Students whose submission has no settled grade yet."""
        return tuple(job.student for job in self.jobs if not ((grade := self.grades.get(job.student)) and grade.settled))


def read_folder(folder: Path) -> tuple[list[Job], list[Rejected], dict[str, Submission]]:
    """Read every submission of a folder, running none: what can be graded, what can't, and what was read by student's name.

    A refusal belongs to the student and needs no worker, so it is found here.

    Raises:
        FolderError: the folder can't be used.
    """
    jobs, rejected = jobs_in(folder)
    submissions: dict[str, Submission] = {}
    for job in jobs:
        try:
            submission = read_submission(job.file)
            if submission.sha256 != job.sha256:
                raise SubmissionError(f"{shown_name(job.file.name)} cambió mientras se leía: volvé a correr el mismo comando")
        except SubmissionError as error:
            rejected.append(Rejected(job.student, (shown_name(job.file.name),), str(error)))
        else:
            submissions[job.student] = replace(submission, archive=None)  # its bytes would stay in memory
    readable = [job for job in jobs if job.student in submissions]
    return readable, sorted(rejected, key=lambda item: item.student), submissions


def grade_folder(
    folder: Path, course_class: CourseClass, engine: Engine, trail: Trail, *,
    cohort: str, regrade: bool = False, progress: Progress | None = None,
) -> Batch:  # fmt: skip
    """Grade what the folder holds and the trail doesn't.

    Args:
        folder: a file or a folder a student.
        course_class: the class.
        engine: what runs the jobs.
        trail: where verdicts are appended.
        cohort: fingerprint of the key.
        regrade: also grade again what was settled under other conditions.
        progress: called after each job.

    Returns:
        The folder's state. Ctrl-C is no error: the result says that the run was interrupted.

    Raises:
        FolderError: the folder can't be used.
        StoreError: the trail can't be written.
    """
    conditions = Conditions(course_class.code_hash, engine.environment, cohort)
    jobs, rejected, submissions = read_folder(folder)
    run = _Run(course_class, conditions, engine, trail, progress)
    interrupted = run.run(jobs, regrade)
    grades = _by_submission(trail.grades(course_class.number))
    counting = {job.student: grade for job in jobs if (grade := _counting(grades.get(_key(job), []), conditions))}
    moves = [move for job in jobs for move in _moves_of(grades.get(_key(job), []), conditions)] if regrade else []
    return Batch(
        jobs=tuple(jobs),
        rejected=tuple(rejected),
        submissions=submissions,
        grades=counting,
        stale=frozenset(student for student, grade in counting.items() if grade.conditions != conditions),
        failures={student: reason for student, reason in run.failures.items() if student in submissions},
        moves=tuple(moves),
        appended=run.appended,
        interrupted=interrupted,
    )


@dataclass
class _Run:
    course_class: CourseClass
    conditions: Conditions
    engine: Engine
    trail: Trail
    progress: Progress | None
    failures: dict[str, str] = field(default_factory=dict)
    appended: int = 0

    def run(self, jobs: Sequence[Job], regrade: bool) -> bool:
        """Grade what is pending; return whether Ctrl-C cut it."""
        pending = self._pending(jobs, regrade)
        total, done = len(pending), 0
        try:
            for _ in range(ROUNDS):
                again: list[Job] = []
                with contextlib.closing(self._results(pending)) as results:
                    for graded in results:
                        settled = self._take(graded)
                        if not settled:
                            again.append(graded.job)
                        done += settled
                        if self.progress:
                            self.progress(done, total, graded)
                pending = again
                if not pending:
                    break
        except KeyboardInterrupt:
            return True
        return False

    def _results(self, pending: Sequence[Job]) -> Generator[Graded, None, None]:
        if pending:
            yield from self.engine.grade(pending)  # closing this closes the engine's iterator too

    def _pending(self, jobs: Sequence[Job], regrade: bool) -> list[Job]:
        grades = _by_submission(self.trail.grades(self.course_class.number))
        pending = []
        for job in jobs:
            settled = [grade for grade in grades.get(_key(job), []) if grade.settled]
            current = any(grade.conditions == self.conditions for grade in settled)
            if not current and (regrade or not settled):
                pending.append(job)
        return pending

    def _take(self, graded: Graded) -> bool:
        """Append a verdict; return whether the job is settled."""
        job, verdict = graded.job, graded.verdict
        self.failures.pop(job.student, None)
        trouble = graded.failure if verdict is None else self._mismatch(job, verdict)
        if verdict is None or trouble:
            self.failures[job.student] = trouble or "no llegó ningún veredicto: volvé a correr el mismo comando"
            return False
        self.appended += self.trail.append(job.student, self.conditions.checks_hash, verdict)
        return is_settled(verdict)

    def _mismatch(self, job: Job, verdict: Verdict) -> str:
        if verdict.submission_sha256 != job.sha256:
            return "el archivo cambió mientras se corregía: volvé a correr el mismo comando"
        if verdict.class_number != self.course_class.number or verdict.content_hash != self.course_class.content_hash:
            return "la clase cambió mientras se corregía: volvé a correr el mismo comando"
        if verdict.cohort != self.conditions.cohort or verdict.environment != self.conditions.environment:
            return "se corrigió con otra clave o con otros paquetes que los de este comando: revisá el motor y volvé a correrlo"
        return ""


def _key(job: Job) -> tuple[str, str]:
    return job.student, job.sha256


def _by_submission(grades: Iterable[Grade]) -> dict[tuple[str, str], list[Grade]]:
    found: dict[tuple[str, str], list[Grade]] = {}
    for grade in grades:
        found.setdefault((grade.student, grade.verdict.submission_sha256), []).append(grade)
    return found


def _counting(grades: Sequence[Grade], conditions: Conditions) -> Grade | None:
    """The grade that counts: a settled one under these conditions, else the last settled one, else the last."""
    settled = [grade for grade in grades if grade.settled]
    current = [grade for grade in settled if grade.conditions == conditions]
    return next((group[-1] for group in (current, settled, grades) if group), None)


def _moves_of(grades: Sequence[Grade], conditions: Conditions) -> list[Move]:
    settled = [grade for grade in grades if grade.settled]
    before = [grade for grade in settled if grade.conditions != conditions]
    after = [grade for grade in settled if grade.conditions == conditions]
    return compare(before[-1], after[-1]) if before and after else []


def compare(before: Grade, after: Grade) -> list[Move]:
    """Return the places whose outcome or value differs between two grades of one student."""
    old, new = _places(before.verdict), _places(after.verdict)
    nothing = (None, None)
    moves = []
    for place in dict.fromkeys([*new, *old]):
        (outcome_before, value_before), (outcome_after, value_after) = old.get(place, nothing), new.get(place, nothing)
        if (outcome_before, value_before) != (outcome_after, value_after):
            moves.append(Move(after.student, place, outcome_before, outcome_after, value_before, value_after))
    return moves


def _places(verdict: Verdict) -> dict[str, tuple[Outcome, float | None]]:
    exercises = {f"ejercicio {item.exercise}": (item.outcome, None) for item in verdict.checks}
    return exercises | {item.name: (item.outcome, item.value) for item in verdict.criteria}
