"""Opens the database and turns its failures into `StoreError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from catedra.store import sqlite
from catedra.store.errors import KEPT, StoreError
from catedra.store.location import URL_VARIABLE, make_folder


def connect(url: str) -> sa.Engine:
    """Return an engine for `url`. Nothing is opened yet.

    Raises:
        StoreError: the URL is malformed, its driver isn't installed, or a folder can't be made.
    """
    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError as error:
        raise StoreError(f"{URL_VARIABLE} no es una URL de base de datos: va como `sqlite:////ruta/catedra.db`.") from error
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database and parsed.database != ":memory:" and not parsed.database.startswith("file:"):
        make_folder(Path(parsed.database).absolute().parent)
    try:
        engine = sa.create_engine(parsed)
    except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(
            f"No se puede usar la base de datos `{parsed.drivername}` de {URL_VARIABLE}: {error}. "
            "Instalá su driver o corregí la URL."
        ) from error
    if is_sqlite:
        sqlite.prepare(engine)
    return engine


def name_of(engine: sa.Engine) -> str:
    """The database as messages name it: a file's path, or the URL without its password."""
    if engine.dialect.name == "sqlite":
        return engine.url.database or ":memory:"
    return engine.url.render_as_string(hide_password=True)


@contextmanager
def explained(engine: sa.Engine) -> Iterator[None]:
    """Turn what the database raises inside the block into `StoreError`."""
    try:
        yield
    except exc.DBAPIError as error:
        known = sqlite.explain(error.orig, name_of(engine)) if error.orig else None
        raise known or StoreError(f"La base de datos {name_of(engine)} falló: {error.orig}. Volvé a probar. {KEPT}") from error
    except exc.SQLAlchemyError as error:
        raise StoreError(f"La base de datos {name_of(engine)} falló: {error}. Volvé a probar. {KEPT}") from error
