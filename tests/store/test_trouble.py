"""What can go wrong with a file is told in Spanish, with what to do, and nothing of the student's is touched."""

import sqlite3
import threading

import pytest
import sqlalchemy as sa

from catedra.checking import Outcome
from catedra.store import Store, StoreError, home, sqlite, store_url
from catedra.store.engine import connect, explained, name_of


def test_home_is_the_variable_or_the_systems(monkeypatch, tmp_path):
    monkeypatch.setenv("CATEDRA_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("CATEDRA_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert home() == tmp_path / "data" / "catedra"


def test_url_by_variable(monkeypatch, tmp_path):
    monkeypatch.setenv("CATEDRA_STORE", f"sqlite:///{tmp_path}/deep/other.db")
    assert store_url().endswith("other.db")
    Store().close()
    assert (tmp_path / "deep" / "other.db").is_file()


def test_locked(home, monkeypatch):
    Store().close()
    monkeypatch.setattr(sqlite, "WAIT_S", 0.05)
    other = sqlite3.connect(home / "catedra.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with Store() as store, pytest.raises(StoreError, match=r"Otro programa está usando .*catedra.db.*tu cuaderno no se tocó"):
        store.record_attempt(101, 1, Outcome.CORRECT, message="")
    other.execute("ROLLBACK")
    other.close()
    with Store() as store:
        store.record_attempt(101, 1, Outcome.CORRECT, message="")
        assert len(store.attempts()) == 1


def test_locked_while_it_is_made(home, monkeypatch):
    home.mkdir()
    monkeypatch.setattr(sqlite, "WAIT_S", 0.05)
    other = sqlite3.connect(home / "catedra.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    other.execute("CREATE TABLE mine (x)")
    with pytest.raises(StoreError, match="Otro programa"):
        Store()
    other.execute("ROLLBACK")
    other.close()


def test_the_folder_cannot_be_made(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CATEDRA_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match=r"No se puede crear la carpeta .*CATEDRA_HOME"):
        Store()


def test_the_file_cannot_be_opened(home):
    (home / "catedra.db").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"No se puede abrir .*catedra.db"):
        Store()


def test_read_only(home):
    Store().close()
    with (
        Store(f"sqlite:///file:{home}/catedra.db?mode=ro&uri=true") as store,
        pytest.raises(StoreError, match="No hay permiso para escribir"),
    ):
        store.record_attempt(101, 1, Outcome.CORRECT, message="")


def test_full_disk(store):
    store.record_attempt(101, 1, Outcome.CORRECT, message="")
    store.close()

    def limit(connection, _record):
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the pages in use as the least

    sa.event.listen(store._engine, "connect", limit)
    with pytest.raises(StoreError, match="No queda lugar en el disco"):
        store.record_submission(101, "tarea.ipynb", bytes(range(256)) * 4000 + b"x" * 9_000_000)
    assert len(store.attempts()) == 1
    assert store.submissions() == ()


def test_not_a_database_is_left_where_it_is(home):
    home.mkdir()
    (home / "catedra.db").write_bytes(b"no es una base de datos" * 100)
    with pytest.raises(StoreError, match=r"dañado. No lo borramos: movelo"):
        Store()
    assert (home / "catedra.db").read_bytes() == b"no es una base de datos" * 100


def test_a_damaged_file(home):
    with Store() as store:
        for _ in range(200):
            store.record_attempt(101, 1, Outcome.CORRECT, message="x" * 500)
    path = home / "catedra.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * 4096 * 20 + content[4096 * 21 :])
    damaged = path.read_bytes()
    with pytest.raises(StoreError, match="dañado"), Store() as store:
        store.attempts()
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("no es una url", "no es una URL"),
        ("nada://host/base", "Instalá su driver"),
        ("postgresql+psycopg2://user:secret@host/base", "Instalá su driver"),
    ],
)
def test_a_url_that_cannot_be_used(url, says):
    with pytest.raises(StoreError, match=says) as raised:
        Store(url)
    assert "secret" not in str(raised.value)


def test_what_is_not_foreseen_is_told_as_it_is():
    engine = connect("sqlite://")
    assert name_of(engine) == ":memory:"
    with pytest.raises(StoreError, match="no such table"), explained(engine), engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM absent")
    with pytest.raises(StoreError, match="falló"), explained(engine):
        raise sa.exc.InvalidRequestError("x")
    engine.dispose()


def test_a_password_is_not_shown():
    class FakeDialect:
        name = "postgresql"

    class FakeEngine:
        dialect = FakeDialect()
        url = sa.make_url("postgresql://user:secret@host/base")

    assert name_of(FakeEngine()) == "postgresql://user:***@host/base"


def reader(path):
    """Another program that reads a database that isn't in WAL mode yet: nobody can change the mode meanwhile."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE mine (x)")
    other.execute("INSERT INTO mine VALUES (1)")
    other.execute("BEGIN")
    other.execute("SELECT * FROM mine").fetchall()
    return other


def test_the_change_of_mode_waits_for_a_reader(home):
    home.mkdir()
    other = reader(home / "catedra.db")
    release = threading.Timer(0.2, other.execute, ["COMMIT"])
    release.start()
    with Store() as store:
        assert store.attempts() == ()
    release.join()
    other.close()


def test_the_change_of_mode_does_not_wait_for_ever(home, monkeypatch):
    home.mkdir()
    monkeypatch.setattr(sqlite, "WAIT_S", 0.05)
    other = reader(home / "catedra.db")
    with pytest.raises(StoreError, match="Otro programa"):
        Store()
    other.close()
