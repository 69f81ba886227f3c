"""What grading costs a submission: ours under full isolation, nbgrader and otter-grader on the same answers, in one run.

    python bench/grading.py                     # ours alone, NumPy: half a minute
    python bench/grading.py --make-peers VENV --stacks torch keras-tf keras-jax > grading.json

Workloads: `numpy`, five checks and no training; one a stack, where the first exercise trains a small network for about a CPU second.
Whoever grades is a process of its own, and every grade is verified to be full marks. CPU is exact: this process adopts whatever a grader
leaves behind and waits for it, so getrusage has counted every judge, zygote, warden, worker and kernel. `machine_cpu_s` is what the whole
machine spent meanwhile, from /proc/stat: when quiet, both agree, and nothing was missed.

`a_submission` is the whole batch, start-up and imports included, over its size; `a_further_one` what each adds once everything is warm.
Peers get one compute thread, as ours do. Not covered: peers in parallel; `otter grade`, which adds a Docker container to `otter run`.
"""

import argparse
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

import catedra
from catedra import stacks
from catedra.sandbox.kernel import PR_SET_CHILD_SUBREAPER, prctl
from catedra.sandbox.layers import probe
from catedra.sandbox.worker import THREADS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests import tiny

PEERS = {"nbgrader": "0.9.6", "otter-grader": "7.0.0", "ipykernel": "7.4.0", "nbclient": "0.11.0"}
IMPORTED = {"numpy", "torch", "keras", "tensorflow-cpu", "jax", "jaxlib"}
AIMS = {"numpy": 0.05, "torch": 0.3, "keras-tf": 0.8, "keras-jax": 1.3}
"""CPU seconds a submission; with a stack, beyond the task's own."""
CPU_S = 1.0  # what a training should take
OTTER = 4  # submissions that otter-grader gets: each is a process, so more of them say nothing new
ORPHANS_S = 10.0

OTHERS = "".join(f"def plus_{n}(x):\n    return x + {n}\n\n" for n in range(2, 6))
ANSWERS = f"def plus_1(x):\n    return x + 1\n\n{OTHERS}"
AVERAGE = "def average(x, seed):\n    return float(x.mean())\n"
SPIN = f"""import time

def plus_1(x):
    end = time.process_time() + {CPU_S}
    while time.process_time() < end:
        pass
    return x + 1

"""
_DATA = """import numpy as np
import {package}
EPOCHS = 1

def points():
    x = np.random.default_rng(0).normal(size=(3200, 784)).astype(np.float32)
    return x, (x[:, :10] * 8).argmax(axis=1)

"""
_KERAS = """def train(epochs):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss=loss)
    return model.fit(*points(), batch_size=64, epochs=epochs, verbose=0).history["loss"][-1]
"""
_TORCH = """def train(epochs):
    torch.manual_seed(0)
    x, y = map(torch.from_numpy, points())
    model = torch.nn.Sequential(torch.nn.Linear(784, 128), torch.nn.ReLU(), torch.nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    for _ in range(epochs):
        for start in range(0, len(x), 64):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[start : start + 64]), y[start : start + 64])
            loss.backward()
            optimizer.step()
    return float(loss.detach())
"""
_FIRST = """
def plus_1(x):
    assert train(EPOCHS) < 1.0, "it didn't learn"
    return x + 1

"""
KERAS = _DATA.format(package="keras") + _KERAS
STACKS = {"torch": _DATA.format(package="torch") + _TORCH, "keras-tf": KERAS, "keras-jax": KERAS}
"""The same network as a student writes it, with its imports."""

BATCH = """
import hashlib, json, sys
from pathlib import Path
from catedra.course import read_class
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Job
from catedra.grading.engine_local import LocalEngine
folder, files, workers = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), int(sys.argv[3])
engine = LocalEngine(read_class(folder), Cohort(bytes(range(40))), workers=workers, homework=False)
for graded in engine.grade([Job(file.stem, file, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]):
    outcomes = [check.outcome for check in graded.verdict.checks] if graded.verdict else graded.failure
    assert outcomes == ["correct"] * 5, outcomes
"""
COMMAND = """
import sys
from pathlib import Path
from catedra.course import loader
loader.CLASSES_FOLDER = Path(sys.argv.pop(1))
from catedra.cli import main
main()
"""
ALONE = """
import sys, time
from catedra.sandbox.zygote import _preload
_preload([sys.argv[1]], [])
names = {}
exec(sys.argv[2], names)
for epochs in map(int, sys.argv[3:]):
    start = time.process_time()
    names["train"](epochs)
    print(time.process_time() - start)
"""


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, nargs=3, default=(30, 6, 6), help="of NumPy, for two workers, of a training")
    parser.add_argument("--stacks", nargs="*", default=[], choices=STACKS, help="measure these trainings too (minutes)")
    parser.add_argument("--peers", type=Path, metavar="VENV", help="an environment with nbgrader and otter-grader")
    parser.add_argument("--make-peers", type=Path, metavar="VENV", help="create it first, with our versions of the stacks")
    options = parser.parse_args()
    plain, spins, trainings = options.submissions
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    venv = make_peers(options.make_peers, options.stacks) if options.make_peers else options.peers
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform(terse=True)},
        "layers": sorted(probe().names),
        "versions": {"python": platform.python_version(), "catedra": catedra.__version__, **versions_here(options.stacks)},
        "peers": versions_of(venv) if venv else "not measured: give --peers or --make-peers",
    }
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        bench = Bench(Path(scratch), venv)
        result |= {"numpy": bench.numpy(plain), "cold_check": bench.cold_check(), "two_workers": bench.two_workers(spins)}
        for name in STACKS:
            result[name] = bench.training(name, trainings) if name in options.stacks else "not measured: give --stacks"
    result["machine"]["load_after"] = os.getloadavg()[0]
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()


class Spent(NamedTuple):
    """What a grader took: wall seconds, CPU seconds of all its processes, and of all processes of the machine."""

    wall_s: float
    cpu_s: float
    machine_cpu_s: float

    def over(self, count: int) -> dict[str, float]:
        """The figures for one of so many submissions."""
        return {name: round(value / count, 4) for name, value in self._asdict().items()}

    def plus(self, other: "Spent", times: int = 1) -> "Spent":
        """This and so many times another; -1 for what this took beyond it."""
        return Spent(*(mine + times * theirs for mine, theirs in zip(self, other, strict=True)))


def spent_by(command: list[str], **options: Any) -> Spent:
    """Run a command, wait also for what it leaves behind, and return what it took. RuntimeError: it failed; says how its output ended."""
    before, start = clocks(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, **options)
    wall = time.perf_counter() - start
    limit = time.monotonic() + ORPHANS_S
    with suppress(ChildProcessError):
        while time.monotonic() < limit:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.005)
    if done.returncode:
        raise RuntimeError(f"{command[:3]} ended with {done.returncode}: {(done.stderr or done.stdout)[-800:]}")
    return Spent(wall, *(after - earlier for after, earlier in zip(clocks(), before, strict=True)))


def clocks() -> tuple[float, float]:
    """CPU seconds of whatever was waited for; and of all processes since the machine started: user, nice, system."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    ticks = sum(map(int, Path("/proc/stat").read_text().split(maxsplit=4)[1:4]))
    return used.ru_utime + used.ru_stime, ticks / os.sysconf("SC_CLK_TCK")


class Bench:
    """The workloads, each in folders of its own."""

    def __init__(self, root: Path, venv: Path | None) -> None:
        self._root, self._venv = root, venv
        self._environment = {**os.environ, "CATEDRA_HOME": str(root / "home")}

    def numpy(self, count: int) -> dict[str, Any]:
        """Five checks: ours, `catedra grade` as a whole, and the peers."""
        folder = tiny.write_class(self._root / "classes")
        many, few = (self._batch(folder, ANSWERS + AVERAGE, size) for size in (3 * count, count))
        ours = few.over(count)
        result = {
            "submissions": count, "a_submission": ours, "a_further_one": many.plus(few, -1).over(2 * count), "aim_cpu_s": AIMS["numpy"],
            "command_with_homework_and_reports": self._command(count).over(count),
        }  # fmt: skip
        return result | self._peers("numpy", ANSWERS, count, ours)

    def training(self, name: str, count: int) -> dict[str, Any]:
        """A second of training: what the task costs by itself, ours, and the peers."""
        missing = stacks.missing_modules(stacks.stack(name))
        if missing:
            return {"not_measured": f"not installed: {', '.join(missing)}"}
        source = STACKS[name]
        _, once, thrice = self._alone(name, source, (1, 1, 3))
        each = (thrice - once) / 2
        epochs = max(2, round((CPU_S - once + each) / each))
        answers = source.replace("EPOCHS = 1", f"EPOCHS = {epochs}") + _FIRST + OTHERS
        cold, warm = self._alone(name, source, (epochs, epochs))
        lesson = tiny.LESSON.format(number=901).replace("stacks: []", f"stacks: [{name}]").replace("{check: 2,", "{check: 60,")
        folder = tiny.write_class(self._root / name, lesson=lesson)
        few, many = self._batch(folder, answers, 2), self._batch(folder, answers, count)
        ours, further = many.over(count), many.plus(few, -1).over(count - 2)
        result = {
            "submissions": count, "epochs": epochs, "own_cpu_s": {"first_in_a_process": round(cold, 3), "again": round(warm, 3)},
            "a_submission": ours, "a_further_one": further, "beyond_own_cpu_s": round(further["cpu_s"] - warm, 3), "aim_beyond_s": AIMS[name],
        }  # fmt: skip
        return result | self._peers(name, answers, count, ours)

    def two_workers(self, count: int) -> dict[str, Any]:
        """Submissions that spend a CPU second each: one worker's wall time over that of two, and the same of bare processes."""
        folder, source = tiny.write_class(self._root / "spin"), SPIN + OTHERS
        walls = [self._batch(folder, source, count, workers).wall_s for workers in (1, 2)]
        spin = [sys.executable, "-c", f"{SPIN}\nplus_1(0)"]
        bare = [bare_spins(spin, count, at_once) for at_once in (1, 2)]
        return {
            "submissions": count, "one_s": round(walls[0], 2), "two_s": round(walls[1], 2), "ratio": round(walls[0] / walls[1], 3),
            "ratio_of_bare_processes": round(bare[0] / bare[1], 3), "aim": 1.8,
        }  # fmt: skip

    def cold_check(self) -> dict[str, Any]:
        """`catedra check 901 FILE` in a fresh process, the median of five."""
        file = self._write("checked", ANSWERS + AVERAGE, 1) / "alumno000.py"
        command = [sys.executable, "-c", COMMAND, str(self._root / "classes"), "check", "901", str(file)]
        runs = [spent_by(command, env=self._environment) for _ in range(5)]
        return {"wall_s": round(statistics.median(run.wall_s for run in runs), 3), "aim_wall_s": 1.5}

    def _batch(self, folder: Path, source: str, count: int, workers: int = 1) -> Spent:
        files = self._write(f"{folder.parent.name}-{count}-{workers}", source, count)
        return spent_by([sys.executable, "-c", BATCH, str(folder), str(files), str(workers)], env=self._environment)

    def _command(self, count: int) -> Spent:
        line = [sys.executable, "-c", COMMAND, str(self._root / "classes"), "grade"]
        key = str(self._root / "key")
        spent_by([*line, "--new-key", key], env=self._environment)
        for name, size in (("first", 1), ("command", count)):  # the first time it makes its database, once in a life
            folder = self._write(name, ANSWERS + AVERAGE, size)
            spent = spent_by([*line, str(folder), "--class", "901", "--key", key], env=self._environment)
        return spent

    def _alone(self, name: str, source: str, epochs: Iterable[int]) -> list[float]:
        """CPU seconds of each training, one after another in a process that has its imports and one compute thread."""
        command = [sys.executable, "-c", ALONE, name, source, *map(str, epochs)]
        done = subprocess.run(command, capture_output=True, check=True, env={**self._environment, **one_thread(name)})
        return [float(seconds) for seconds in done.stdout.split()]

    def _write(self, name: str, source: str, count: int) -> Path:
        """Scripts that differ in a comment."""
        folder = self._root / "submissions" / name
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"alumno{number:03}.py").write_text(f"{source}\n# {number}\n", encoding="utf-8")
        return folder

    def _peers(self, name: str, answers: str, count: int, ours: dict[str, float]) -> dict[str, Any]:
        """nbgrader and otter-grader on a workload, and how many times ours they take."""
        if self._venv is None:
            return {}
        environment = {
            **self._environment, **one_thread(name), "PATH": f"{self._venv / 'bin'}:{os.environ['PATH']}", "HOME": str(self._root / "home"),
        }  # fmt: skip
        folder = self._root / "peers" / name
        found: dict[str, dict[str, Any]] = {}
        for peer, grade, size in (("nbgrader", nbgrader, count), ("otter-grader", otter, min(count, OTTER))):
            try:
                figures = grade(self._venv, folder / peer, answers, size, environment).over(size)
                ratios = {f"times_our_{key}": round(figures[key] / ours[key], 1) for key in ("wall_s", "cpu_s")}
                found[peer] = {"submissions": size, **figures, **ratios}
            except RuntimeError as error:
                found[peer] = {"not_measured": str(error)}
        return found


def bare_spins(command: list[str], count: int, at_once: int) -> float:
    """Wall seconds of so many processes, so many at a time."""
    start = time.perf_counter()
    for _ in range(count // at_once):
        for process in [subprocess.Popen(command) for _ in range(at_once)]:
            process.wait()
    return time.perf_counter() - start


def one_thread(name: str) -> dict[str, str]:
    """The environment that a worker of ours has, for whoever else runs a stack."""
    own = stacks.stack(name).environment if name in stacks.STACKS else {}
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {**own, **dict.fromkeys(THREADS, "1"), "TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}


def make_peers(venv: Path, names: list[str]) -> Path:
    """Create the environment: the peers pinned, NumPy and the stacks in our versions."""
    pins = [f"{package}=={number.partition('+')[0]}" for package, number in {**PEERS, **versions_here(names)}.items()]
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    subprocess.run([str(venv / "bin/pip"), "install", "-q", *pins], check=True, stdout=sys.stderr)
    return venv


def versions_here(names: Iterable[str]) -> dict[str, str]:
    """NumPy's and those of the packages that trainings import, of those that are installed."""
    packages = {"numpy", *(package for name in names for package in stacks.stack(name).distributions)} & IMPORTED
    installed = {item.name.lower().replace("_", "-"): item.version for item in distributions()}
    return {package: installed[package] for package in sorted(packages & installed.keys())}


def versions_of(venv: Path) -> dict[str, str]:
    """The peers' versions, as they are in that environment."""
    done = subprocess.run([str(venv / "bin/python"), "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    return {item["name"]: item["version"] for item in json.loads(done.stdout) if item["name"] in {*PEERS, *IMPORTED}}


def notebook(cells: list[dict[str, Any]]) -> str:
    """A Python notebook."""
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells})


def cell(source: str, name: str, **metadata: Any) -> dict[str, Any]:
    """A code cell of one."""
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def nbgrader(venv: Path, root: Path, answers: str, count: int, environment: dict[str, str]) -> Spent:
    """`nbgrader autograde` of the whole batch: the same answers and one test an exercise, as it wants them; so in `otter`."""

    def known(source: str, name: str, **kind: Any) -> dict[str, Any]:
        facts = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3, "grade_id": name, **kind}
        return cell(source, name, nbgrader=facts)

    tests = [known(f"assert plus_{n}(3) == {3 + n}", f"test{n}", grade=True, locked=True, points=1) for n in range(1, 6)]
    # Keras on JAX imports it at the first training and says so on stderr, for which nbgrader takes the test's points away.
    early = "try:\n    import tensorflow\nexcept ImportError:\n    pass\n\n" if "import keras" in answers else ""
    made = notebook([known(early + answers, "answers", solution=True), *tests])
    for place in (root / "source/ps1", *(root / f"submitted/alumno{number:03}/ps1" for number in range(count))):
        place.mkdir(parents=True)
        (place / "p.ipynb").write_text(made, encoding="utf-8")
    config = "c = get_config()\nc.CourseDirectory.course_id = 'bench'\nc.ExecutePreprocessor.timeout = 300\n"
    (root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    for verb in ("generate_assignment", "autograde"):
        spent = spent_by([str(venv / "bin/nbgrader"), verb, "ps1"], cwd=root, env=environment)
    (points,) = sqlite3.connect(root / "gradebook.db").execute("select sum(auto_score) from grade").fetchone()
    if points != 5 * count:
        raise RuntimeError(f"nbgrader gave {points} points of {5 * count}")
    return spent


def otter(venv: Path, root: Path, answers: str, count: int, environment: dict[str, str]) -> Spent:
    """`otter run` of each submission."""
    (root / "tests").mkdir(parents=True)
    head = "from otter.test_files import test_case\n\nOK_FORMAT = False\npoints = 1\n"
    for n in range(1, 6):
        test = f"name = 'q{n}'\n\n\n@test_case()\ndef test_q{n}(env):\n    assert env['plus_{n}'](3) == {3 + n}\n"
        (root / f"tests/q{n}.py").write_text(head + test, encoding="utf-8")
    (root / "p.ipynb").write_text(notebook([cell(answers, "answers")]), encoding="utf-8")
    (root / "otter_config.json").write_text("{}", encoding="utf-8")
    program = str(venv / "bin/otter")
    spent_by([program, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"], cwd=root, env=environment)

    total = Spent(0.0, 0.0, 0.0)
    for _ in range(count):
        total = total.plus(spent_by([program, "run", "-a", "autograder.zip", "p.ipynb"], cwd=root, env=environment))
        tests = json.loads((root / "results.json").read_text(encoding="utf-8"))["tests"]
        if sum(test.get("score", 0) for test in tests) != 5:
            raise RuntimeError(f"otter-grader didn't give 5 points: {json.dumps(tests)[:600]}")
    return total


if __name__ == "__main__":
    main()
