"""The first tables: attempts, hints, files, submissions, verdicts, uses.

Types are spelled out, not imported from the code: a migration must mean the same forever.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("source_sha256", sa.String(64)),
        sa.Column("scale", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_class_number", "attempts", ["class_number"])
    op.create_table(
        "hints",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("exercise", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hints"),
        sa.UniqueConstraint("class_number", "exercise", "number", name="uq_hints_class_number"),
    )
    op.create_table(
        "files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("compressed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_files"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
        sa.ForeignKeyConstraint(["sha256"], ["files.sha256"], name="fk_submissions_sha256"),
    )
    op.create_index("ix_submissions_class_number", "submissions", ["class_number"])
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("submission_sha256", sa.String(64), nullable=False),
        sa.Column("verdict", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_verdicts"),
    )
    op.create_index("ix_verdicts_class_number", "verdicts", ["class_number"])
    op.create_index("ix_verdicts_submission_sha256", "verdicts", ["submission_sha256"])
    op.create_table(
        "uses",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("verb", sa.String(32), nullable=False),
        sa.Column("class_number", sa.Integer),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uses"),
    )
