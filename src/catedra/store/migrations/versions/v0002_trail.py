"""The trail of a cohort: grades and teachers' scores, which the database itself refuses to change or delete."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_KEY = ["class_number", "student", "submission_sha256", "checks_hash", "environment", "cohort"]


def upgrade() -> None:
    """Create the tables and the triggers that keep them append-only."""
    op.create_table(
        "grades",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("student", sa.String(255), nullable=False),
        sa.Column("submission_sha256", sa.String(64), nullable=False),
        sa.Column("checks_hash", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(64), nullable=False),
        sa.Column("cohort", sa.String(64), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("verdict", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grades"),
    )
    settled = sa.text("settled IS true") if op.get_bind().dialect.name == "postgresql" else sa.text("settled IS 1")
    op.create_index("ix_grades_settled", "grades", _KEY, unique=True, sqlite_where=settled, postgresql_where=settled)
    op.create_table(
        "scores",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("class_number", sa.Integer, nullable=False),
        sa.Column("student", sa.String(255), nullable=False),
        sa.Column("submission_sha256", sa.String(64), nullable=False),
        sa.Column("criterion", sa.String(255), nullable=False),
        sa.Column("created", sa.DateTime, nullable=False),
        sa.Column("teacher", sa.String(255), nullable=False),
        sa.Column("points", sa.JSON, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scores"),
    )
    op.create_index("ix_scores_class_number", "scores", ["class_number"])
    make = {"sqlite": _refuse_on_sqlite, "postgresql": _refuse_on_postgresql}.get(op.get_bind().dialect.name)
    if make is not None:
        make()


def _refuse_on_sqlite() -> None:
    for table in ("grades", "scores"):
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        # INSERT OR REPLACE deletes the row in its way without firing the trigger on DELETE.
        same = f"SELECT 1 FROM {table} AS old WHERE old.id = NEW.id"
        if table == "grades":
            key = " AND ".join(f"old.{name} = NEW.{name}" for name in _KEY)
            same += f" UNION ALL SELECT 1 FROM grades AS old WHERE NEW.settled IS 1 AND old.settled IS 1 AND {key}"
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION catedra_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in ("grades", "scores"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION catedra_append_only()"
        )
