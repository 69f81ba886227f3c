"""Kills of every process of the grader at random moments: whatever dies, starting again ends with every submission graded once, and right.

And fairness: the same submission, graded twenty times while others fight for the processors, gets one verdict.
"""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from catedra.checking import Verdict
from catedra.course import CourseClass, read_class
from catedra.grading.cohort import Cohort
from catedra.grading.judge import Judge
from catedra.grading.trail import Trail
from catedra.sandbox import kernel
from catedra.sandbox.layers import probe
from tests.attacks.target import HONEST, write_target

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        not probe().sufficient, reason="this machine can't isolate other people's code: `catedra sandbox` says why"
    ),
]
LONG = float(os.environ.get("SOAK_SECONDS", "60")) > 300
KILLS, SUBMISSIONS = (200, 100) if LONG else (20, 20)
LONGEST_S = 3600 if LONG else 400
REPOSITORY = Path(__file__).parents[2]
KEY = bytes(range(40))
KINDS = ("coordinator", "judge", "zygote", "warden", "worker")
OURS = ("tests.soak.coordinator", "catedra.grading.judge_process", "catedra.sandbox.zygote")
SLOW = HONEST.replace(
    "def standardize(x):", "import time\n\n\ndef standardize(x):\n    time.sleep(0.3)\n"
)  # so that workers can be met
WRONG = SLOW.replace("(x - x.mean(axis=0)) / x.std(axis=0)", "x - x.mean(axis=0)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("class")
    for each in (root, *root.parents[:2]):
        each.chmod(0o755)
    return write_target(root)


_STARTED: list[subprocess.Popen[bytes]] = []


def living() -> list[psutil.Process]:
    """The grader's processes: coordinator, judges, and zygotes with what they forked (their command line stays the zygote's).

    Descendants of this process only, orphans among them (`entries` makes it a subreaper): somebody else may be grading on this machine.
    """
    found = []
    started = {each.pid for each in _STARTED}
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if each.status() == psutil.STATUS_ZOMBIE:
                if each.ppid() == os.getpid() and each.pid not in started:
                    os.waitpid(each.pid, os.WNOHANG)  # an orphan that came here
            elif any(name in " ".join(each.cmdline()) for name in OURS):
                found.append(each)
    return found


def coordinator(course_class: Path, entries: Path, database: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.soak.coordinator", *map(str, (course_class, entries, database)), KEY.hex(), "2"]
    _STARTED.append(subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    return _STARTED[-1]


def verdicts(database: Path) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    with Trail(f"sqlite:///{database}") as trail:
        for grade in trail.grades(902):
            verdict = grade.verdict
            plain = replace(
                verdict, created="",
                checks=tuple(replace(item, seconds=0.0) for item in verdict.checks),
                criteria=tuple(replace(item, seconds=0.0) for item in verdict.criteria),
            )  # fmt: skip
            if grade.settled:  # one that was cut from outside is inconclusive, stays in the trail, and is graded again
                found.setdefault(grade.student, []).append(plain)
    return found


@pytest.fixture
def entries(tmp_path) -> Iterator[Path]:
    made = tmp_path / "entregas"
    made.mkdir()
    for number in range(SUBMISSIONS):
        (made / f"alumno{number:03}.py").write_text(f"{WRONG if number % 3 == 0 else SLOW}\n# {number}\n", encoding="utf-8")
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield made
    finally:
        for each in living():
            with contextlib.suppress(psutil.Error):
                each.kill()
        for started in _STARTED:
            started.wait()
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 0)


def test_whatever_is_killed_every_submission_is_graded_once(folder, entries, tmp_path, monkeypatch):
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    for each in (scratch, *list(scratch.parents)[:3]):
        each.chmod(0o755)
    monkeypatch.setenv("TMPDIR", str(scratch))
    calm, shaken = tmp_path / "calm.db", tmp_path / "shaken.db"
    assert coordinator(folder, entries, calm).wait(LONGEST_S) == 0
    expected = verdicts(calm)
    assert len(expected) == SUBMISSIONS

    seed = int(time.time())
    print(f"seed {seed}")
    rng = random.Random(seed)
    killed: dict[str, int] = {}
    end = time.monotonic() + LONGEST_S
    running = coordinator(folder, entries, shaken)
    kinds = [kind for _ in range(-(-KILLS // len(KINDS))) for kind in rng.sample(KINDS, len(KINDS))][:KILLS]
    while kinds and time.monotonic() < end:
        if running.poll() is not None:
            if running.returncode == 0:  # it ended before so many kills: from the beginning again
                assert verdicts(shaken) == expected
                shaken.unlink()
            running = coordinator(folder, entries, shaken)
        if rng.random() < 0.1:
            time.sleep(rng.uniform(0.0, 2.0))  # let it get somewhere
        found = [each for each in living() if kind_of(each) == kinds[-1]]
        if found:
            with contextlib.suppress(psutil.Error):
                time.sleep(rng.uniform(0.0, 0.3))
                rng.choice(found).send_signal(signal.SIGKILL)
                killed[kinds[-1]] = killed.get(kinds[-1], 0) + 1
                kinds.pop()
    print(killed)
    assert sum(killed.values()) == KILLS
    assert set(killed) == set(KINDS)
    for _ in range(5):
        if running.wait(LONGEST_S) == 0:
            break
        running = coordinator(folder, entries, shaken)
    assert running.returncode == 0
    assert verdicts(shaken) == expected
    with sqlite3.connect(shaken) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    time.sleep(2)
    assert [each.cmdline() for each in living()] == []
    assert [str(path.relative_to(scratch)) for path in scratch.rglob("*")] == []


def kind_of(process: psutil.Process) -> str:
    """Which of `KINDS` a process is, "" for one that has just ended."""
    try:
        lines = [" ".join(each.cmdline()) for each in (process, *process.parents()[:2])] + ["", ""]
    except psutil.Error:
        return ""
    if "coordinator" in lines[0]:
        return "coordinator"
    if "judge_process" in lines[0]:  # an orphan ends by itself; killed too, two faults at once, its folder would stay
        return "judge" if "coordinator" in lines[1] else ""
    if "judge_process" in lines[1]:
        return "zygote"
    return "warden" if "judge_process" in lines[2] else "worker"


def test_the_same_submission_under_load_gets_the_same_verdict(folder, tmp_path):
    file = tmp_path / "tarea.py"
    file.write_text(HONEST, encoding="utf-8")
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        seen = set()
        course_class: CourseClass = read_class(folder)
        with Judge(course_class, Cohort(KEY)) as judge:
            for _ in range(20):
                verdict = judge.grade(file)
                outcomes = tuple(item.outcome.value for item in (*verdict.checks, *verdict.criteria))
                seen.add((outcomes, tuple(item.value for item in verdict.criteria)))
    finally:
        for each in hogs:
            each.kill()
            each.wait()
    assert len(seen) == 1, seen
    assert set(next(iter(seen))[0]) == {"correct"}
