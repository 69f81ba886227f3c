"""Judges in processes of their own: one that dies or hangs costs its job a round, and nobody else anything."""

import contextlib
import hashlib
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from catedra.course import CourseClass, read_class
from catedra.grading import engine_local
from catedra.grading.batch import grade_folder
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Engine, Job
from catedra.grading.engine_local import LocalEngine
from catedra.grading.trail import Trail
from catedra.sandbox.layers import probe
from catedra.sandbox.pool import SandboxError
from tests.attacks.target import HONEST, write_target

pytestmark = [
    pytest.mark.xdist_group("sandbox"),
    pytest.mark.skipif(
        not probe().sufficient, reason="this machine can't isolate other people's code: `catedra sandbox` says why"
    ),
]
COHORT = Cohort(bytes(range(40)))
SLOW = HONEST.replace("def standardize(x):", "import time\n\n\ndef standardize(x):\n    time.sleep(2)\n")


@pytest.fixture(scope="module")
def course_class(tmp_path_factory) -> CourseClass:
    root = tmp_path_factory.mktemp("class")
    for folder in (root, *root.parents[:2]):
        folder.chmod(0o755)
    return read_class(write_target(root))


@pytest.fixture
def submissions(tmp_path) -> Path:
    folder = tmp_path / "entregas"
    folder.mkdir()
    for number in range(4):
        (folder / f"alumno{number}.py").write_text(f"{SLOW if number == 0 else HONEST}\n# {number}\n", encoding="utf-8")
    return folder


def jobs_of(folder: Path) -> list[Job]:
    files = sorted(folder.glob("*.py"))
    return [Job(file.stem, file, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]


def judges() -> list[psutil.Process]:
    found = []
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if "catedra.grading.judge_process" in " ".join(each.cmdline()):
                found.append(each)
    return found


def kill_a_judge(number: int, after_s: float) -> threading.Thread:
    """Send a signal to the first judge that lives `after_s` seconds."""

    def act() -> None:
        seen: dict[int, float] = {}
        while True:
            for each in judges():
                if time.monotonic() - seen.setdefault(each.pid, time.monotonic()) > after_s:
                    os.kill(each.pid, number)
                    return
            time.sleep(0.05)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_gets_its_verdict(course_class, submissions, workers):
    engine = LocalEngine(course_class, COHORT, workers=workers)
    assert isinstance(engine, Engine)
    jobs = jobs_of(submissions)
    graded = {item.job.student: item for item in engine.grade(jobs)}
    assert set(graded) == {job.student for job in jobs}
    assert all(item.verdict is not None and item.verdict.submission_sha256 == item.job.sha256 for item in graded.values())
    assert {item.verdict.environment for item in graded.values()} == {engine.environment}
    assert judges() == []


def test_a_judge_that_is_killed_fails_one_job_and_is_replaced(course_class, submissions):
    thread = kill_a_judge(signal.SIGKILL, 2.0)
    graded = list(LocalEngine(course_class, COHORT).grade(jobs_of(submissions)))
    thread.join()
    failed = [item for item in graded if item.verdict is None]
    assert [item.job.student for item in failed] == ["alumno0"]
    assert "se cortó" in failed[0].failure
    assert len(graded) == 4


def test_a_batch_grades_the_lost_one_in_its_second_round(course_class, submissions, tmp_path):
    thread = kill_a_judge(signal.SIGKILL, 2.0)
    with Trail(f"sqlite:///{tmp_path}/progress.db") as trail:
        batch = grade_folder(submissions, course_class, LocalEngine(course_class, COHORT), trail, cohort=COHORT.fingerprint)
    thread.join()
    assert batch.failures == {}
    assert batch.left == ()
    assert batch.appended == 4


def test_a_judge_that_hangs_is_given_up(course_class, submissions, monkeypatch):
    monkeypatch.setattr(engine_local, "longest", lambda *_args, **_options: 4.0)
    monkeypatch.setattr(engine_local, "IMPORTS_S", 0.0)
    thread = kill_a_judge(signal.SIGSTOP, 2.0)
    graded = {item.job.student: item for item in LocalEngine(course_class, COHORT).grade(jobs_of(submissions)[:2])}
    thread.join()
    assert "a tiempo" in graded["alumno0"].failure
    assert graded["alumno1"].verdict is not None


def test_closing_early_leaves_nothing_running(course_class, submissions):
    results = LocalEngine(course_class, COHORT, workers=2).grade(jobs_of(submissions))
    next(results)
    results.close()
    assert judges() == []


def test_a_judge_that_refuses_stops_the_batch(course_class, submissions):
    engine = LocalEngine(course_class, COHORT)
    engine._hello["key"] = "00"
    with pytest.raises(SandboxError, match="clave"):
        list(engine.grade(jobs_of(submissions)))


def test_the_key_is_in_no_command_line(course_class, submissions):
    results = LocalEngine(course_class, COHORT).grade(jobs_of(submissions))
    next(results)
    lines = [" ".join(each.cmdline()) for each in judges()]
    variables = [str(each.environ()) for each in judges()]
    results.close()
    assert lines
    assert not any(COHORT.reveal().hex() in text for text in (*lines, *variables))
