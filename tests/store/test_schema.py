"""The tables are those of the code, come by migrations, and two processes may start at once."""

import json
import sqlite3
import subprocess
import sys
import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from catedra.store import Store, StoreError, schema
from catedra.store.tables import METADATA


def test_revisions_are_those_of_the_files():
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    found = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(found)) == schema.REVISIONS


def test_migrations_and_tables_agree(store):
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []


def test_sqlite_keeps_a_write_ahead_log_and_foreign_keys(store):
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


def test_a_newer_database_is_refused_and_left_alone(home):
    with Store() as store:
        store.unfold_hint(101, 1)
    path = home / "catedra.db"
    _execute(path, "UPDATE alembic_version SET version_num = '0999'")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"versión más nueva de Cátedra \(esquema 0999; esta conoce hasta el 0002\)"):
        Store()
    assert path.read_bytes() == before


def test_a_failed_upgrade_leaves_nothing_behind(home, monkeypatch):
    home.mkdir()
    path = home / "catedra.db"
    _execute(path, "CREATE TABLE uses (mine TEXT)")  # the last table that the migration makes
    with pytest.raises(StoreError, match="already exists"):
        Store()
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("uses",)]
    connection.close()


def test_whoever_waited_for_the_upgrade_finds_it_done(home, monkeypatch):
    Store().close()
    real = schema._version
    answers = iter([None])  # what a process that looked too early saw
    monkeypatch.setattr(schema, "_version", lambda connection: next(answers, real(connection)))
    with Store() as store:
        assert store.attempts() == ()


START = """
import json, sys, time
from catedra.checking import Outcome
from catedra.store.store import Store
from alembic import command
while time.time() < float(sys.argv[1]):
    pass
with Store() as store:
    numbers = [store.unfold_hint(101, 1, of=1000) for _ in range(20)]
    store.record_attempt(101, 1, Outcome.CORRECT, message="")
print(json.dumps(numbers))
"""


def test_processes_that_start_at_once_share_one_upgrade_and_lose_nothing(home):
    start = str(time.time() + 4)
    command = [sys.executable, "-W", "error", "-c", START, start]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    done = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], [errors for _, errors in done]
    numbers = [number for output, _ in done for number in json.loads(output)]
    assert sorted(numbers) == list(range(1, 61))
    with Store() as store:
        assert len(store.attempts()) == 3


LAZY = """
import sys, time
import catedra.store
assert "sqlalchemy" not in sys.modules and "platformdirs" not in sys.modules
from catedra.store import Store
start = time.process_time()
with Store() as store:
    store.attempts()
seconds = time.process_time() - start
assert "alembic" not in sys.modules
print(seconds)
"""


def test_importing_is_light_and_opening_what_is_current_imports_no_alembic(home):
    Store().close()
    done = subprocess.run([sys.executable, "-W", "error", "-c", LAZY], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.15


def test_unknown_attribute():
    import catedra.store

    with pytest.raises(AttributeError, match="nothing"):
        _ = catedra.store.nothing


def _execute(path, statement):
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()
