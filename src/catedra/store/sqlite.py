"""All that is SQLite's alone: how its connections are set up, and what its failures mean.

Transactions are begun by us (`BEGIN`, or `BEGIN IMMEDIATE` where the engine's option `catedra_writes` is set): the driver's
own scheme commits before a CREATE TABLE, so that a migration could stop halfway, and lets two readers both turn into writers
and fail.
"""

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

from catedra.store.errors import KEPT, StoreError

WAIT_S = 10.0
"""How long a connection waits for another's write."""


def prepare(engine: sa.Engine) -> None:
    """Set up every connection that `engine` will make."""
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(WAIT_S * 1000)}")
    connection.execute("PRAGMA foreign_keys = ON")
    _use_wal(connection)


def _use_wal(connection: sqlite3.Connection) -> None:
    """Readers and a writer at once. On file systems without shared memory SQLite keeps its older journal, which is safe too."""
    deadline = time.monotonic() + WAIT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Changing the mode doesn't wait for other connections by itself.
            if _name(error) not in {"SQLITE_BUSY", "SQLITE_LOCKED"} or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("catedra_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def explain(error: BaseException, where: str) -> StoreError | None:
    """Say in Spanish what a failure of SQLite means and what to do; None when it isn't one that we foresee.

    Args:
        error: the driver's.
        where: the database, as messages name it.
    """
    name = _name(error)
    for prefix, message in _MEANINGS.items():
        if name.startswith(prefix):
            return StoreError(message.format(where=where, kept=KEPT))
    return None


def _name(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


_MEANINGS = {
    "SQLITE_BUSY": "Otro programa está usando {where} y no lo suelta. Esperá unos segundos y volvé a probar; "
    "si sigue, cerrá los otros cuadernos. {kept}",
    "SQLITE_LOCKED": "Otro programa está usando {where}. Esperá unos segundos y volvé a probar. {kept}",
    "SQLITE_READONLY": "No hay permiso para escribir en {where}. Dale permiso de escritura al archivo y a su carpeta, "
    "o elegí otra carpeta con la variable CATEDRA_HOME. {kept}",
    "SQLITE_CANTOPEN": "No se puede abrir {where}. Revisá que la carpeta exista y que tengas permiso, "
    "o elegí otra con la variable CATEDRA_HOME. {kept}",
    "SQLITE_PERM": "No hay permiso para abrir {where}. Dale permiso, o elegí otra carpeta con la variable CATEDRA_HOME. {kept}",
    "SQLITE_FULL": "No queda lugar en el disco para escribir en {where}. Liberá espacio y volvé a probar. {kept}",
    "SQLITE_IOERR": "El disco falló al leer o escribir {where}. Revisá que haya lugar y que el disco esté bien, "
    "y volvé a probar. {kept}",
    "SQLITE_CORRUPT": "El archivo {where} está dañado. No lo borramos: movelo a otro lado (guardalo, quizás se pueda recuperar) "
    "y volvé a probar; se crea uno nuevo. Tu cuaderno no se tocó.",
    "SQLITE_NOTADB": "El archivo {where} no es una base de datos, o está dañado. No lo borramos: movelo a otro lado "
    "y volvé a probar; se crea uno nuevo. Tu cuaderno no se tocó.",
}
