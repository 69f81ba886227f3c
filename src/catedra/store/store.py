"""The store: typed methods over the tables, one short transaction each."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self

import sqlalchemy as sa

from catedra.authoring import HOMEWORK, Place
from catedra.checking.outcome import Outcome
from catedra.checking.verdict import Verdict
from catedra.store.engine import connect, explained
from catedra.store.errors import StoreError
from catedra.store.location import store_url
from catedra.store.records import Attempt, Submission, Use
from catedra.store.schema import ensure_current
from catedra.store.tables import ATTEMPTS, FILES, HINTS, SUBMISSIONS, USES, VERDICTS

MAX_FILE_BYTES = 64 * 2**20


class Store:
    """What a learner did. Opening it makes or upgrades the database if need be; close it, or use it with `with`.

    Example:
        >>> with Store("sqlite://") as store:
        ...     store.unfold_hint(101, 1)
        1

    Args:
        url: the database; by default `store_url()`.

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

    def record_attempt(
        self, class_number: int, place: Place, outcome: Outcome, *,
        message: str, source_sha256: str | None = None, scale: str | None = None,
    ) -> Attempt:  # fmt: skip
        """Note what came of a check of an exercise, or of a run of the homework."""
        attempt = Attempt(class_number, place, _now(), outcome, message, source_sha256, scale)
        with self._writing() as connection:
            connection.execute(
                ATTEMPTS.insert().values(
                    class_number=class_number, place=str(place), created=attempt.when, outcome=outcome.value,
                    message=message, source_sha256=source_sha256, scale=scale,
                )
            )  # fmt: skip
        return attempt

    def attempts(self, class_number: int | None = None, place: Place | None = None) -> tuple[Attempt, ...]:
        """Return the attempts, oldest first; all of them, or those of a class or place."""
        query = ATTEMPTS.select().order_by(ATTEMPTS.c.id)
        if class_number is not None:
            query = query.where(ATTEMPTS.c.class_number == class_number)
        if place is not None:
            query = query.where(ATTEMPTS.c.place == str(place))
        return tuple(
            Attempt(
                row.class_number, _place(row.place), row.created, Outcome(row.outcome), row.message, row.source_sha256, row.scale
            )
            for row in self._read(query)
        )

    def solved(self) -> frozenset[tuple[int, Place]]:
        """Return (class, place) of all that was correct at least once."""
        query = sa.select(ATTEMPTS.c.class_number, ATTEMPTS.c.place).distinct()
        rows = self._read(query.where(ATTEMPTS.c.outcome == Outcome.CORRECT.value))
        return frozenset((row.class_number, _place(row.place)) for row in rows)

    def unfold_hint(self, class_number: int, exercise: int, of: int = 3) -> int:
        """Unfold the next hint of an exercise and return how many are unfolded now, at most `of`."""
        with self._writing() as connection:
            count = connection.execute(_count_hints(class_number, exercise)).scalar_one()
            if count >= of:
                return count
            connection.execute(
                HINTS.insert().values(class_number=class_number, exercise=exercise, number=count + 1, created=_now())
            )
        return count + 1

    def hints_unfolded(self, class_number: int, exercise: int) -> int:
        """Return how many hints of an exercise were unfolded."""
        return int(self._read(_count_hints(class_number, exercise))[0][0])

    def record_submission(self, class_number: int, file_name: str, content: bytes) -> Submission:
        """Keep a file that was handed in; the same bytes are kept once.

        Raises:
            StoreError: it has more than 64 MiB.
        """
        submission = Submission(class_number, _now(), file_name, hashlib.sha256(content).hexdigest(), len(content))
        compressed = _compressed(file_name, content)
        with self._writing() as connection:
            _keep_file(connection, submission.sha256, len(content), compressed)
            connection.execute(
                SUBMISSIONS.insert().values(
                    class_number=class_number, created=submission.when, file_name=file_name, sha256=submission.sha256
                )
            )
        return submission

    def submissions(self, class_number: int | None = None) -> tuple[Submission, ...]:
        """Return what was handed in, oldest first."""
        query = sa.select(SUBMISSIONS, FILES.c.size).join(FILES).order_by(SUBMISSIONS.c.id)
        if class_number is not None:
            query = query.where(SUBMISSIONS.c.class_number == class_number)
        return tuple(Submission(row.class_number, row.created, row.file_name, row.sha256, row.size) for row in self._read(query))

    def content(self, sha256: str) -> bytes:
        """Return a kept file's bytes.

        Raises:
            StoreError: there is no such file, or its bytes aren't those that were stored.
        """
        rows = self._read(sa.select(FILES.c.compressed).where(FILES.c.sha256 == sha256))
        if not rows:
            raise StoreError(f"No hay ningún archivo guardado con sha256 {sha256}: `Store.submissions()` lista los que hay.")
        try:
            content = zlib.decompress(rows[0].compressed)
        except zlib.error:
            content = b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StoreError(f"El archivo guardado con sha256 {sha256} está dañado: volvé a entregarlo.")
        return content

    def record_verdict(self, verdict: Verdict, content: bytes | None = None) -> None:
        """Keep a verdict whole and, where its bytes are given, the file that was judged."""
        compressed = None if content is None else _compressed("el archivo", content)
        with self._writing() as connection:
            if content is not None and compressed is not None:
                _keep_file(connection, hashlib.sha256(content).hexdigest(), len(content), compressed)
            connection.execute(
                VERDICTS.insert().values(
                    class_number=verdict.class_number, created=_now(),
                    submission_sha256=verdict.submission_sha256, verdict=verdict.as_plain(),
                )
            )  # fmt: skip

    def verdicts(self, class_number: int | None = None) -> tuple[Verdict, ...]:
        """Return the verdicts, oldest first."""
        query = sa.select(VERDICTS.c.verdict).order_by(VERDICTS.c.id)
        if class_number is not None:
            query = query.where(VERDICTS.c.class_number == class_number)
        return tuple(Verdict.from_plain(row.verdict) for row in self._read(query))

    def record_use(self, verb: str, class_number: int | None, seconds: float) -> None:
        """Note that a verb was called."""
        with self._writing() as connection:
            connection.execute(USES.insert().values(verb=verb, class_number=class_number, created=_now(), seconds=seconds))

    def uses(self) -> tuple[Use, ...]:
        """Return the uses, oldest first."""
        rows = self._read(USES.select().order_by(USES.c.id))
        return tuple(Use(row.verb, row.class_number, row.created, row.seconds) for row in rows)

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with explained(self._engine), self._writer.begin() as connection:
            yield connection

    def _read(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        with explained(self._engine), self._engine.connect() as connection:
            return list(connection.execute(query))


def _count_hints(class_number: int, exercise: int) -> sa.Select[int]:
    query = sa.select(sa.func.count()).select_from(HINTS)
    return query.where(HINTS.c.class_number == class_number, HINTS.c.exercise == exercise)


def _keep_file(connection: sa.Connection, sha256: str, size: int, compressed: bytes) -> None:
    if connection.execute(sa.select(FILES.c.size).where(FILES.c.sha256 == sha256)).first() is None:
        connection.execute(FILES.insert().values(sha256=sha256, size=size, compressed=compressed))


def _compressed(file_name: str, content: bytes) -> bytes:
    if len(content) > MAX_FILE_BYTES:
        raise StoreError(
            f"{file_name} pesa {len(content) / 2**20:.0f} MB y el máximo es {MAX_FILE_BYTES // 2**20}: "
            "borrá las salidas pesadas (menú Edit → Clear Outputs of All Cells), guardalo y volvé a entregar."
        )
    return zlib.compress(content)


def _place(text: str) -> Place:
    return text if text == HOMEWORK else int(text)


def _now() -> datetime:
    return datetime.now(UTC)
