"""The same judge on a cluster of two nodes, started for the test with `ray start`: same values as on this machine."""

import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from catedra.course import CourseClass, read_class
from catedra.errors import CatedraError
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Engine, Graded, Job
from catedra.grading.engine_local import LocalEngine
from catedra.sandbox.layers import probe
from tests.attacks.target import HONEST, write_target

pytestmark = [
    pytest.mark.soak,  # a cluster takes half a minute to start
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: `make setup STACKS=scale`"),
    pytest.mark.skipif(
        not probe().sufficient, reason="this machine can't isolate other people's code: `catedra sandbox` says why"
    ),
]
COHORT = Cohort(bytes(range(40)))
RAY = Path(sys.executable).with_name("ray")


def free_port() -> int:
    with socket.socket() as handle:
        handle.bind(("127.0.0.1", 0))
        return int(handle.getsockname()[1])


def start(*options: str) -> None:
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    command = [str(RAY), "start", "--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", *options]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    before = {process.pid for process in psutil.process_iter()}
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:  # short: sockets have their path in it
        start("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={folder}", "--node-ip-address=127.0.0.1")
        start(f"--address=127.0.0.1:{port}")
        yield f"127.0.0.1:{port}"
        import ray

        ray.shutdown()
        for process in psutil.process_iter():
            if process.pid not in before and "ray" in " ".join(process.cmdline()):
                process.send_signal(signal.SIGKILL)


@pytest.fixture(scope="module")
def course_class(tmp_path_factory) -> CourseClass:
    root = tmp_path_factory.mktemp("class")
    for folder in (root, *root.parents[:2]):
        folder.chmod(0o755)
    return read_class(write_target(root))


def values(graded: list[Graded]) -> dict[str, list[object]]:
    assert all(item.verdict is not None for item in graded), [item.failure for item in graded]
    return {
        item.job.student: [each.outcome for each in item.verdict.checks]
        + [(each.outcome, each.value) for each in item.verdict.criteria]
        for item in graded
    }


def test_a_cluster_measures_what_one_machine_measures(cluster, course_class, tmp_path):
    from catedra.grading.engine_ray import RayEngine

    wrong = HONEST.replace("(x - x.mean(axis=0)) / x.std(axis=0)", "x - x.mean(axis=0)")
    jobs = []
    for number in range(4):
        file = tmp_path / f"alumno{number}.py"
        file.write_text(f"{wrong if number == 1 else HONEST}\n# {number}\n", encoding="utf-8")
        jobs.append(Job(file.stem, file, hashlib.sha256(file.read_bytes()).hexdigest()))
    engine = RayEngine(course_class, COHORT, address=cluster, workers=2)
    assert isinstance(engine, Engine)
    assert values(list(engine.grade(jobs))) == values(list(LocalEngine(course_class, COHORT).grade(jobs)))


def test_without_a_cluster_it_says_how_to_start_one(course_class):
    import ray

    from catedra.grading.engine_ray import RayEngine

    ray.shutdown()
    with pytest.raises(CatedraError, match="ray start --head"):
        RayEngine(course_class, COHORT, address=f"127.0.0.1:{free_port()}")
