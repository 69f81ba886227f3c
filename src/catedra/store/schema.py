"""Keeps the database's tables at the version that this code knows.

The version is read from alembic's own table; alembic itself is imported only when something has to be upgraded. An upgrade is one
transaction that takes the write lock first: of two processes that start at once, the second waits, looks again and finds it done.
"""

from pathlib import Path

import sqlalchemy as sa

from catedra.store.engine import name_of
from catedra.store.errors import StoreError

REVISIONS = ("0001", "0002")
"""Every migration, oldest first; a test compares it with the files."""

HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).with_name("migrations")


def ensure_current(engine: sa.Engine) -> None:
    """Upgrade the database if it is older than the code.

    Raises:
        StoreError: it is newer than the code.
    """
    with engine.connect() as connection:
        version = _version(connection)
    _refuse_newer(version, engine)
    if version != HEAD:
        _upgrade(engine)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _refuse_newer(version: str | None, engine: sa.Engine) -> None:
    if version is not None and version not in REVISIONS:
        raise StoreError(
            f"{name_of(engine)} fue escrita por una versión más nueva de Cátedra "
            f"(esquema {version}; esta conoce hasta el {HEAD}). Actualizá Cátedra y volvé a probar. No se cambió nada."
        )


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(catedra_writes=True).begin() as connection:
        version = _version(connection)
        _refuse_newer(version, engine)
        if version != HEAD:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
