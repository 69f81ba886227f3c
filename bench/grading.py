"""What grading costs a submission: ours under full isolation, and nbgrader and otter-grader on the same answers, in one run.

    python bench/grading.py [--submissions 30] [--peers VENV] [--make-peers VENV] > grading.json

The batch is NumPy: a class of five checks and no training, the same five as tests in the peers' notebooks. CPU is that of all processes that
each grader starts, ours included the judges', zygotes', wardens' and workers'. Also: one cold `catedra check`, and two workers against one on
submissions that spend a CPU second each. The frameworks that are installed are measured too: a training of a second or so, as the task
alone in a warm process and as a submission. Without --peers nothing is said of them.
"""

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil

from catedra.course import read_class
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Job
from catedra.grading.engine_local import LocalEngine
from catedra.sandbox.layers import probe

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests import tiny  # noqa: E402 — the smallest class there is

COHORT = Cohort(bytes(range(40)))
PEERS = ("nbgrader", "otter-grader")
ANSWERS = (
    "\n\n".join(f"def plus_{n}(x):\n    return x + {n}" for n in range(1, 6))
    + "\n\n\ndef average(x, seed):\n    return float(x.mean())\n"
)
SPIN = """import time


def plus_1(x):
    end = time.process_time() + 1.0
    while time.process_time() < end:
        pass
    return x + 1


"""


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=30)
    parser.add_argument("--peers", type=Path, help="a virtual environment with nbgrader and otter-grader")
    parser.add_argument("--make-peers", type=Path, help="create that environment first")
    options = parser.parse_args()
    peers = options.make_peers or options.peers
    if options.make_peers:
        subprocess.run([sys.executable, "-m", "venv", str(peers)], check=True)
        subprocess.run([str(peers / "bin/pip"), "install", "-q", *PEERS, "numpy"], check=True)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        root = Path(scratch)
        for folder in (root, *root.parents[:1]):
            folder.chmod(folder.stat().st_mode | 0o055)
        result = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform(terse=True)},
            "layers": sorted(probe().names),
            "submissions": options.submissions,
            "ours": ours(root, options.submissions),
            "two_workers": two_workers(root),
            "cold_check_s": cold_check(root),
            "peers": the_peers(peers, root, options.submissions) if peers else "not measured: give --peers",
        }
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()


class Meter:
    """Wall time, and the CPU time of this process and of everything below it while it is alive."""

    def __enter__(self) -> "Meter":
        self._seen: dict[tuple[int, float], float] = {}
        self._stop = threading.Event()
        self._start, self._own = time.perf_counter(), self._me()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._look()
        self._stop.set()
        self._thread.join()
        self.wall = time.perf_counter() - self._start
        # What was waited for is exact; what is alive, or was waited for by somebody who is, was seen a moment ago.
        self.cpu = max(self._me() - self._own, sum(self._seen.values()))

    def _me(self) -> float:
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._look()

    def _look(self) -> None:
        for process in psutil.Process().children(recursive=True):
            try:
                times = process.cpu_times()
                self._seen[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:
                continue


def metered(action: Callable[[], Any]) -> Meter:
    """Run something and return what it took."""
    with Meter() as meter:
        action()
    return meter


def ours(root: Path, count: int) -> dict[str, Any]:
    """The batch as `catedra grade` runs it, and what each further submission of it adds."""
    course_class = read_class(tiny.write_class(root / "class"))
    taken = {}
    for size in (count, 3 * count):
        files = submissions(root / f"ours{size}", size, ANSWERS)
        engine = LocalEngine(course_class, COHORT, homework=False)
        taken[size] = metered(lambda engine=engine, files=files: list(engine.grade(jobs(files))))  # type: ignore[misc]
    few, many = taken[count], taken[3 * count]
    return {
        "a_submission": {"wall_s": round(few.wall / count, 4), "cpu_s": round(few.cpu / count, 4)},
        "a_further_one": {
            "wall_s": round((many.wall - few.wall) / (2 * count), 4),
            "cpu_s": round((many.cpu - few.cpu) / (2 * count), 4),
        },
    }


def two_workers(root: Path) -> dict[str, float]:
    """Submissions that spend a CPU second each: wall time with one judge over wall time with two."""
    folder = tiny.write_class(root / "spin")
    text = (folder / "lesson.md").read_text(encoding="utf-8").replace("check: 1", "check: 5")
    (folder / "lesson.md").write_text(text, encoding="utf-8")
    files = submissions(root / "spins", 8, SPIN + ANSWERS.partition("\n\n")[2])
    course_class = read_class(folder)
    walls = {}
    for workers in (1, 2):
        engine = LocalEngine(course_class, COHORT, workers=workers, homework=False)
        walls[workers] = metered(lambda engine=engine: list(engine.grade(jobs(files)))).wall  # type: ignore[misc]
    return {"one_s": round(walls[1], 2), "two_s": round(walls[2], 2), "ratio": round(walls[1] / walls[2], 2)}


def cold_check(root: Path) -> float:
    """One self-check of the class in a fresh process."""
    folder = tiny.write_class(root / "check")
    file = submissions(root / "checked", 1, ANSWERS)[0]
    code = (
        "import sys; from pathlib import Path; from catedra.course import read_class; "
        "from catedra.grading.selfcheck import Request, check_file; "
        "v = check_file(Request(read_class(Path(sys.argv[1])), Path(sys.argv[2]))); assert all(c.outcome == 'correct' for c in v.checks)"
    )
    command = [sys.executable, "-c", code, str(folder), str(file)]
    return round(statistics.median(metered(lambda: subprocess.run(command, check=True)).wall for _ in range(3)), 3)


def submissions(folder: Path, count: int, answers: str) -> list[Path]:
    """Write scripts that differ in a comment."""
    folder.mkdir()
    files = [folder / f"alumno{number:03}.py" for number in range(count)]
    for number, file in enumerate(files):
        file.write_text(f"{answers}\n# {number}\n", encoding="utf-8")
    return files


def jobs(files: list[Path]) -> list[Job]:
    """The same as an engine takes them."""
    return [Job(file.stem, file, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]


# The peers: the same answers and the same five tests, as each of them wants them


def the_peers(venv: Path, root: Path, count: int) -> dict[str, Any]:
    """Return what nbgrader and otter-grader take a submission."""
    python = venv / "bin/python"
    versions = json.loads(
        subprocess.run([str(python), "-m", "pip", "list", "--format=json"], capture_output=True, check=True).stdout
    )
    found = {item["name"]: item["version"] for item in versions if item["name"] in PEERS}
    return {
        "versions": found,
        "nbgrader": nbgrader(venv, root / "nbgrader", count),
        "otter-grader": otter(venv, root / "otter", count),
    }


def test_cell(n: int) -> str:
    """The check of an exercise, as an assertion."""
    return f"import numpy as np\nassert plus_{n}(3) == {3 + n}\nassert np.allclose(plus_{n}(np.arange(5)), np.arange(5) + {n})"


def nbgrader(venv: Path, root: Path, count: int) -> dict[str, Any]:
    """`nbgrader autograde` of the whole batch."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )

    def cell(source: str, grade_id: str, **kind: Any) -> Any:
        facts = {
            "grade": False,
            "solution": False,
            "locked": False,
            "schema_version": 3,
            "task": False,
            "grade_id": grade_id,
            **kind,
        }
        return nbformat.v4.new_code_cell(source, metadata={"nbgrader": facts})

    notebook.cells = [cell(ANSWERS, "answers", solution=True)]
    notebook.cells += [cell(test_cell(n), f"test{n}", grade=True, locked=True, points=1) for n in range(1, 6)]
    places = [root / "source/ps1", *(root / f"submitted/alumno{number:03}/ps1" for number in range(count))]
    for place in places:
        place.mkdir(parents=True)
        nbformat.write(notebook, place / "p.ipynb")
    (root / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n", encoding="utf-8")
    environment = {**os.environ, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}", "JUPYTER_PLATFORM_DIRS": "1"}
    run = {"cwd": root, "env": environment, "check": True, "capture_output": True}
    subprocess.run([str(venv / "bin/nbgrader"), "generate_assignment", "ps1"], **run)  # type: ignore[call-overload]
    command = [str(venv / "bin/nbgrader"), "autograde", "ps1"]
    meter = metered(lambda: subprocess.run(command, **run))  # type: ignore[call-overload]
    assert len(list((root / "autograded").glob("*/ps1/p.ipynb"))) == count
    return {"wall_s": round(meter.wall / count, 3), "cpu_s": round(meter.cpu / count, 3)}


def otter(venv: Path, root: Path, count: int) -> dict[str, Any]:
    """`otter run` of each submission, as its local grading does in a container: one process a submission."""
    (root / "tests").mkdir(parents=True)
    for n in range(1, 6):
        body = "\n".join(f"        {line}" for line in test_cell(n).splitlines())
        (root / f"tests/q{n}.py").write_text(
            f"from otter.test_files import test_case\n\nOK_FORMAT = False\nname = 'q{n}'\npoints = 1\n\n\n"
            f"@test_case()\ndef test_q{n}(plus_{n}):\n{body.replace('        ', '    ')}\n",
            encoding="utf-8",
        )
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    notebook.cells = [nbformat.v4.new_code_cell(ANSWERS)]
    nbformat.write(notebook, root / "p.ipynb")
    environment = {**os.environ, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"}
    (root / "otter_config.json").write_text("{}", encoding="utf-8")
    generated = subprocess.run(
        [str(venv / "bin/otter"), "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"],
        cwd=root, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if generated.returncode:
        return {"error": (generated.stderr or generated.stdout)[-600:]}
    few = min(count, 5)  # seconds each
    command = [str(venv / "bin/otter"), "run", "-a", "autograder.zip", "p.ipynb"]

    def grade() -> None:
        for _ in range(few):
            subprocess.run(command, cwd=root, env=environment, capture_output=True, check=True)

    try:
        meter = metered(grade)
    except subprocess.CalledProcessError as error:
        return {"error": (error.stderr or error.stdout).decode()[-600:]}
    return {"wall_s": round(meter.wall / few, 3), "cpu_s": round(meter.cpu / few, 3), "of": few}


if __name__ == "__main__":
    main()
