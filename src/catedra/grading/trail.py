"""The trail: every grade and every teacher's score of a cohort, in the order in which they came, never changed or deleted.

A grade is known by six things: class, student, the submission's hash, the hash of the class's code, the environment's digest and the cohort's
fingerprint. All of them equal, it stands once: that is what makes a batch resumable. The database itself refuses UPDATE and DELETE (triggers,
on SQLite and PostgreSQL).

Not covered: whoever owns the database's file can rewrite it. Keep it where only teachers write.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy import exc

from catedra.checking.outcome import Outcome
from catedra.checking.verdict import Verdict
from catedra.store.engine import connect, explained
from catedra.store.location import store_url
from catedra.store.schema import ensure_current
from catedra.store.tables import GRADES, SCORES


@dataclass(frozen=True)
class Conditions:
    """What a grade depends on besides the submission.

    Attributes:
        checks_hash: of the class's code (`CourseClass.code_hash`): a typo mended in the lesson changes no grade.
        environment: digest of interpreter and packages.
        cohort: fingerprint of the key.
    """

    checks_hash: str
    environment: str
    cohort: str


@dataclass(frozen=True)
class Grade:
    """A verdict as the trail keeps it.

    Attributes:
        student: whose.
        conditions: under which it was given.
        when: UTC.
        settled: False if something in it was inconclusive: then it is graded again.
        verdict: what was judged.
    """

    student: str
    conditions: Conditions
    when: datetime
    settled: bool
    verdict: Verdict


@dataclass(frozen=True)
class Score:
    """What a teacher gave to a written answer.

    Attributes:
        student: whose answer.
        submission_sha256: where it stands.
        criterion: its name.
        points: one a line of the rubric, each between 0 and 1.
        teacher: who scored.
        comment: for the student.
        when: UTC.
    """

    student: str
    submission_sha256: str
    criterion: str
    points: tuple[float, ...]
    teacher: str
    comment: str
    when: datetime


def is_settled(verdict: Verdict) -> bool:
    """Whether nothing in the verdict is inconclusive."""
    outcomes = [*(item.outcome for item in verdict.checks), *(item.outcome for item in verdict.criteria)]
    return Outcome.INCONCLUSIVE not in outcomes


class Trail:
    """The trail over the store's database. Close it, or use it with `with`.

    Args:
        url: the database; by default the store's.

    Raises (every method too):
        StoreError: the database can't be opened, read or written.
    """

    def __init__(self, url: str | None = None) -> None:
        self._engine = connect(store_url() if url is None else url)
        self._writer = self._engine.execution_options(catedra_writes=True)
        try:
            with explained(self._engine):
                ensure_current(self._engine)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def append(self, student: str, checks_hash: str, verdict: Verdict) -> bool:
        """Append a verdict; False if a settled one of the same submission under the same conditions stands already."""
        settled = is_settled(verdict)
        values = {
            "class_number": verdict.class_number, "student": student, "submission_sha256": verdict.submission_sha256,
            "checks_hash": checks_hash, "environment": verdict.environment, "cohort": verdict.cohort,
        }  # fmt: skip
        same = sa.select(GRADES.c.id).where(
            GRADES.c.settled.is_(True), *(GRADES.c[name] == value for name, value in values.items())
        )
        with self._writing() as connection:
            if connection.execute(same).first() is not None:
                return False
            row = {**values, "created": datetime.now(UTC), "settled": settled, "verdict": verdict.as_plain()}
            try:
                with connection.begin_nested():
                    connection.execute(GRADES.insert().values(row))
            except exc.IntegrityError:  # on PostgreSQL another coordinator may have been quicker
                return False
        return True

    def grades(self, class_number: int) -> tuple[Grade, ...]:
        """Return every grade of a class, oldest first."""
        query = GRADES.select().where(GRADES.c.class_number == class_number).order_by(GRADES.c.id)
        return tuple(
            Grade(
                row.student,
                Conditions(row.checks_hash, row.environment, row.cohort),
                row.created,
                row.settled,
                Verdict.from_plain(row.verdict),
            )
            for row in self._read(query)
        )

    def append_scores(self, class_number: int, scores: Sequence[Score]) -> int:
        """Append what a teacher gave, all or nothing; a score that repeats the last one is left out. Returns how many were new."""
        with self._writing() as connection:
            last = {_place(score): score for score in self._scores(connection, class_number)}
            fresh = [score for score in scores if not _repeats(score, last.get(_place(score)))]
            for score in fresh:
                connection.execute(
                    SCORES.insert().values(
                        class_number=class_number, student=score.student, submission_sha256=score.submission_sha256,
                        criterion=score.criterion, created=score.when, teacher=score.teacher, points=list(score.points),
                        comment=score.comment,
                    )
                )  # fmt: skip
        return len(fresh)

    def scores(self, class_number: int) -> tuple[Score, ...]:
        """Return every score of a class, oldest first: the last one of an answer is the one that counts."""
        with explained(self._engine), self._engine.connect() as connection:
            return self._scores(connection, class_number)

    def _scores(self, connection: sa.Connection, class_number: int) -> tuple[Score, ...]:
        rows = connection.execute(SCORES.select().where(SCORES.c.class_number == class_number).order_by(SCORES.c.id))
        return tuple(
            Score(row.student, row.submission_sha256, row.criterion, tuple(row.points), row.teacher, row.comment, row.created)
            for row in rows
        )

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with explained(self._engine), self._writer.begin() as connection:
            yield connection

    def _read(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with explained(self._engine), self._engine.connect() as connection:
            return list(connection.execute(query))


def _place(score: Score) -> tuple[str, str, str]:
    return score.student, score.submission_sha256, score.criterion


def _repeats(score: Score, last: Score | None) -> bool:
    return last is not None and (score.points, score.teacher, score.comment) == (last.points, last.teacher, last.comment)
