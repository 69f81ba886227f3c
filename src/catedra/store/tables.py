"""The store's tables. A change here goes with a migration; a test compares the two.

Files are kept once by their sha256, compressed: a submission or a verdict names the file by its hash. Nothing here is
SQLite's alone.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)


class UTCDateTime(sa.TypeDecorator[datetime]):
    """A moment, stored in UTC and without zone, since not every database keeps the zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


ATTEMPTS = sa.Table(
    "attempts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False, index=True),
    sa.Column("place", sa.String(32), nullable=False),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("outcome", sa.String(32), nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("source_sha256", sa.String(64)),
    sa.Column("scale", sa.String(16)),
)

HINTS = sa.Table(
    "hints",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False),
    sa.Column("exercise", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.UniqueConstraint("class_number", "exercise", "number"),
)

FILES = sa.Table(
    "files",
    METADATA,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("compressed", sa.LargeBinary, nullable=False),
)

SUBMISSIONS = sa.Table(
    "submissions",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False, index=True),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("file_name", sa.String(255), nullable=False),
    sa.Column("sha256", sa.String(64), sa.ForeignKey("files.sha256"), nullable=False),
)

VERDICTS = sa.Table(
    "verdicts",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False, index=True),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("submission_sha256", sa.String(64), nullable=False, index=True),
    sa.Column("verdict", sa.JSON, nullable=False),
)

USES = sa.Table(
    "uses",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("verb", sa.String(32), nullable=False),
    sa.Column("class_number", sa.Integer),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

GRADES = sa.Table(
    "grades",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False),
    sa.Column("student", sa.String(255), nullable=False),
    sa.Column("submission_sha256", sa.String(64), nullable=False),
    sa.Column("checks_hash", sa.String(64), nullable=False),
    sa.Column("environment", sa.String(64), nullable=False),
    sa.Column("cohort", sa.String(64), nullable=False),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("verdict", sa.JSON, nullable=False),
)
"""The trail of a cohort. Its rows are only ever added: triggers, which migrations make, refuse the rest."""

# A settled grade stands once; one that was inconclusive may be tried as often as it takes.
sa.Index(
    "ix_grades_settled",
    *(GRADES.c[name] for name in ("class_number", "student", "submission_sha256", "checks_hash", "environment", "cohort")),
    unique=True,
    sqlite_where=GRADES.c.settled.is_(True),
    postgresql_where=GRADES.c.settled.is_(True),
)

SCORES = sa.Table(
    "scores",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("class_number", sa.Integer, nullable=False, index=True),
    sa.Column("student", sa.String(255), nullable=False),
    sa.Column("submission_sha256", sa.String(64), nullable=False),
    sa.Column("criterion", sa.String(255), nullable=False),
    sa.Column("created", UTCDateTime, nullable=False),
    sa.Column("teacher", sa.String(255), nullable=False),
    sa.Column("points", sa.JSON, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
)
"""What teachers gave to written answers, appended like grades."""
