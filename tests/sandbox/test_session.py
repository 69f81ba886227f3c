"""A submission in real workers: what a check sees is what the live answer shows, and what a worker does wrong ends it alone."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from catedra.checking import LiveAnswer, expect
from catedra.checking.answer import AnswerTimeout, Handle, NotAttempted, StudentError
from catedra.checking.namespace import Cell, SubmissionError, load_namespace
from catedra.sandbox import answer as answer_module
from catedra.sandbox import pool as pool_module
from catedra.sandbox.answer import Session, WorkerAnswer
from catedra.sandbox.layers import probe
from catedra.sandbox.order import Order
from catedra.sandbox.pool import Kit, Pool, SandboxError
from catedra.sandbox.worker import ENVIRONMENT, THREADS

pytestmark = [
    pytest.mark.xdist_group("sandbox"),
    pytest.mark.skipif(
        not probe().sufficient, reason="this machine can't isolate other people's code: `catedra sandbox` says why"
    ),
]
NUMPY = Kit(())
CODE = '''
import os, signal, sys, time
import numpy as np


def same(x):
    return x


def doubled(x):
    x *= 2
    return x


class Model:
    def __init__(self, w):
        self.w = w


def model(w):
    return Model(w)


def weight(m):
    return m.w


def fails():
    return 1 / 0


def stub():
    """Todavía no."""
    ...


number = 3


def leaves():
    os._exit(0)


def dies():
    os.kill(os.getpid(), signal.SIGKILL)
    import ctypes
    ctypes.string_at(0)


def forever():
    while True:
        pass


def sleeps():
    time.sleep(3600)


def eats():
    kept = []
    while True:
        kept.append(np.ones(5_000_000))


def fills():
    with open("lleno", "wb") as file:
        while True:
            file.write(bytes(1 << 20))


def litters():
    for number in range(10**7):
        open(f"{number}", "w").close()


def prints():
    while True:
        print("x" * 10_000)


def says():
    print("hola, docente")
    return signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def orphans():
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            time.sleep(3600)
            os._exit(0)
    return os.getpid()


def writes_on_the_channel():
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"\\x00\\x00\\x00\\x01\\xc0")
        except OSError:
            pass
    return 1


def surroundings():
    return sorted(os.environ), os.getcwd(), os.listdir(".")
'''
CELLS = (Cell("celda 1", "# nada"), Cell("celda 2", CODE))


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool() as made:
        made.warm(NUMPY)
        yield made


@pytest.fixture
def session(pool: Pool) -> Iterator[Session]:
    order = Order("", memory_mb=300, disk_mb=50, files=2000, output_bytes=1 << 20)
    with Session(pool, NUMPY, order, CELLS, "el cuaderno tarea.ipynb") as made:
        made.allow(5.0)
        yield made


def alike(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray):
        return (
            isinstance(other, np.ndarray)
            and one.dtype == other.dtype
            and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        )
    if isinstance(one, tuple | list):
        return type(one) is type(other) and len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and (one == other or one != one)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**80), 0.5, float("nan"), -0.0, 1 + 2j, "ñandú", b"\x00", (1, [2.0, {"a": (3,)}]), np.float32(0.5),
        np.arange(6).reshape(2, 3), np.zeros((0, 3)), np.array(["a", "bc"]), np.random.default_rng(0).random((300, 400)),
    ],
)  # fmt: skip
def test_values_are_those_of_the_live_answer(session, value):
    live = LiveAnswer(load_namespace(CELLS))
    assert alike(WorkerAnswer(session).same(value), live.same(value))


def test_a_function_that_works_in_place_changes_only_its_own_copy(session):
    x = np.ones(100_000)
    assert WorkerAnswer(session).doubled(x).sum() == 200_000
    assert x.sum() == 100_000
    assert WorkerAnswer(session).doubled(x).sum() == 200_000


def test_objects_stay_there_behind_handles(session):
    answer = WorkerAnswer(session)
    model = answer.model(np.arange(3.0))
    assert type(model) is Handle
    assert model.kind == "Model"
    assert answer.weight(model).tolist() == [0.0, 1.0, 2.0]


def test_handles_that_nobody_holds_are_let_go(session):
    answer = WorkerAnswer(session)
    kept = answer.model(1)
    for number in range(300):
        answer.model(number)
    assert answer.weight(kept) == 1
    assert len(session._worker._tickets.dead) < 2 * pool_module.MANY_RELEASED


def test_an_error_names_cell_and_line(session):
    with pytest.raises(StudentError, match="ZeroDivisionError") as caught:
        WorkerAnswer(session).fails()
    assert caught.value.place.source == "celda 2"
    assert "1 / 0" in caught.value.details[-1]


@pytest.mark.parametrize(("name", "why"), [("stub", "sigue siendo"), ("nobody", "no encontré la función")])
def test_what_is_absent_is_not_attempted(session, name, why):
    with pytest.raises(NotAttempted, match=why):
        getattr(WorkerAnswer(session), name)()


def test_a_name_that_is_no_function_is_an_error(session):
    with pytest.raises(StudentError, match="no es una función"):
        WorkerAnswer(session).number()


@pytest.mark.parametrize(
    ("name", "error", "why"),
    [
        ("leaves", StudentError, "terminó por su cuenta"),
        ("dies", StudentError, "señal 11|señal 9"),
        ("eats", StudentError, "memoria"),
        ("fills", StudentError, "disco|too large|File"),
        ("litters", StudentError, "archivos"),
        ("prints", StudentError, "imprimió"),
        ("forever", AnswerTimeout, "CPU"),
    ],
)
def test_a_worker_that_ends_takes_only_its_check_with_it(session, name, error, why):
    session.allow(1.0)
    with pytest.raises(error, match=why):
        getattr(WorkerAnswer(session), name)()
    with pytest.raises(StudentError, match="ya había terminado") if session._worker is None else pytest.raises(NotAttempted):
        WorkerAnswer(session).nobody()
    session.allow(1.0)
    assert WorkerAnswer(session).same(4) == 4


def test_a_function_that_waits_for_ever_meets_the_clock(session, monkeypatch):
    monkeypatch.setattr(answer_module, "LEAST_WALL_S", 0.3)
    session.allow(0.01)
    start = time.monotonic()
    with pytest.raises((AnswerTimeout, expect.Inconclusive)):
        WorkerAnswer(session).sleeps()
    assert time.monotonic() - start < 5


def test_what_breaks_the_protocol_ends_the_worker(session):
    with pytest.raises(StudentError, match="inválido|terminó"):
        [WorkerAnswer(session).writes_on_the_channel() for _ in range(3)]
    session.allow(1.0)
    assert WorkerAnswer(session).same(4) == 4


def test_a_handle_of_a_dead_worker_is_refused(session):
    answer = WorkerAnswer(session)
    model = answer.model(1)
    with pytest.raises(StudentError):
        answer.leaves()
    session.allow(1.0)
    with pytest.raises(ValueError, match="not issued by this answer"):
        answer.weight(model)


def test_what_was_printed_is_kept_to_be_shown(pool):
    with Session(pool, NUMPY, Order(""), CELLS, "x") as session:
        session.allow(1.0)
        assert WorkerAnswer(session).says()
    assert session.output == "hola, docente\n"


def test_the_worker_sees_its_own_folder_and_no_variable_of_ours(session):
    names, folder, files = WorkerAnswer(session).surroundings()
    assert set(names) <= {*ENVIRONMENT, *THREADS, "HOME", "TMPDIR", "USER", "LOGNAME", "KERAS_HOME", "MPLCONFIGDIR"}
    assert folder == str(session._worker.scratch)
    assert files == []


def test_nothing_is_left_after_closing(pool, tmp_path):
    before = {process.pid for process in psutil.process_iter()}
    with Session(pool, NUMPY, Order(""), CELLS, "x") as session:
        session.allow(5.0)
        WorkerAnswer(session).orphans()
        scratch = session._worker.scratch
        assert scratch.is_dir()
        assert len({process.pid for process in psutil.process_iter()} - before) >= 4
    assert not scratch.exists()
    ours = [process for process in psutil.Process().children(recursive=True) if process.pid not in before]
    _, alive = psutil.wait_procs(ours, timeout=3)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []


@pytest.mark.parametrize(
    ("source", "why"),
    [("import no_existe", "no_existe"), ("import os\nos._exit(0)\ndef f(): ...\nclass A:\n    os._exit(0)", "terminó")],
)
def test_a_submission_that_cant_be_loaded_says_why(pool, source, why):
    with Session(pool, NUMPY, Order(""), [Cell("celda 1", source)], "x") as session, pytest.raises(SubmissionError, match=why):
        session.allow(1.0)


def test_code_that_isnt_python_needs_no_worker(pool):
    with pytest.raises(SubmissionError, match="celda 1, línea 1: error de sintaxis"):
        Session(pool, NUMPY, Order(""), [Cell("celda 1", "def f(:")], "x")


def test_a_zygote_that_was_killed_is_replaced():
    with Pool() as own:
        own.warm(NUMPY)
        os.kill(own._zygotes[NUMPY]._process.pid, signal.SIGKILL)
        with Session(own, NUMPY, Order(""), CELLS, "x") as session:
            session.allow(1.0)
            assert WorkerAnswer(session).same(1) == 1


def test_a_zygote_is_replaced_after_many_workers(monkeypatch):
    monkeypatch.setattr(pool_module, "MAX_FORKS", 2)
    with Pool() as own:
        seen = set()
        for _ in range(4):
            own.worker(NUMPY).close()
            seen.add(own._zygotes[NUMPY]._process.pid)
        assert len(seen) == 2


def test_a_zygote_that_grows_is_replaced(monkeypatch):
    with Pool() as own:
        own.worker(NUMPY).close()
        first = own._zygotes[NUMPY]._process.pid
        own.worker(NUMPY).close()
        assert own._zygotes[NUMPY]._process.pid == first
        monkeypatch.setattr(pool_module, "MAX_GROWTH_MB", -1000)
        own.worker(NUMPY).close()
        assert own._zygotes[NUMPY]._process.pid != first


def test_imports_that_fail_are_said():
    with Pool() as own, pytest.raises(SandboxError, match="no_existe"):
        own.warm(Kit((), ("no_existe",)))


def test_workers_of_one_zygote_live_at_the_same_time(pool):
    results, lock = [], threading.Lock()
    sessions = [Session(pool, NUMPY, Order(""), CELLS, "x") for _ in range(6)]
    for session in sessions:
        session.allow(5.0)

    def use(session: Session, number: int) -> None:
        value = WorkerAnswer(session).same(np.full(50_000, number))
        with lock:
            results.append(set(value.tolist()) == {number})

    threads = [threading.Thread(target=use, args=(session, number)) for number, session in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for session in sessions:
        session.close()
    assert results == [True] * 6
