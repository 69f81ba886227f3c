"""Checks a person's own file: in a separate process with deadlines, not in a sandbox.

The verdict is stamped advisory: the file runs with the user's permissions and could have touched it. What it does guarantee: a cell that
never ends, a crash or an exit of the file's code ends that exercise alone and never the verdict.
"""

import contextlib
import hashlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catedra import __version__, datasets, stacks
from catedra.checking import Check, CheckResult, Criterion, CriterionResult, Outcome, Verdict
from catedra.checking.namespace import SubmissionError, read_cells
from catedra.course import CourseClass
from catedra.course.parts import Checks, checks_of
from catedra.errors import CatedraError

STARTUP_S = 60.0
"""How long the file's imports and definitions may take."""
WALL_FACTOR = 3.0
"""Wall seconds allowed per budgeted CPU second: a busy machine isn't the student's fault."""


class UnknownExerciseError(CatedraError):
    """The class has no such exercise."""


class InfrastructureError(CatedraError):
    """The checking process failed for a reason that isn't the file's."""

    exit_code = 1


@dataclass(frozen=True)
class Request:
    """What to check.

    Attributes:
        course_class: the class.
        file: a notebook or script.
        exercises: their numbers; None for all.
        homework: whether to measure the homework's criteria too.
        seed: of inputs, data and training.
        scale: of the homework.
    """

    course_class: CourseClass
    file: Path
    exercises: tuple[int, ...] | None = None
    homework: bool = False
    seed: int = 0
    scale: str = "laptop"


def check_file(request: Request) -> Verdict:
    """Check a file.

    Raises:
        SubmissionError: the file can't be read, or its imports and definitions fail.
        DataError: the homework's data can't be had.
        UnknownExerciseError: the class has no such exercise.
        StackError: a stack that the class needs isn't installed.
    """
    read_cells(request.file)
    checks = checks_of(request.course_class)
    wanted = tuple(checks.by_exercise) if request.exercises is None else request.exercises
    for number in wanted:
        if number not in checks.by_exercise:
            raise UnknownExerciseError(
                f"la clase {request.course_class.number} tiene los ejercicios 1 a {len(checks.by_exercise)}, y llegó {number}"
            )
    if request.homework:
        for name in {criterion.data for criterion in checks.criteria if criterion.data}:
            datasets.load(name)  # fetched here, with its progress bar, and not inside the timed process
    results = _Runner(request, checks).run(wanted)
    return Verdict(
        class_number=request.course_class.number,
        submission_sha256=hashlib.sha256(request.file.read_bytes()).hexdigest(),
        content_hash=request.course_class.content_hash,
        advisory=True,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        checks=tuple(item for item in results if isinstance(item, CheckResult)),
        criteria=tuple(item for item in results if isinstance(item, CriterionResult)),
    )


Task = Check | Criterion


class _Runner:
    """Feeds tasks to a child, one at a time; a child that hangs or dies is replaced and the rest goes on."""

    def __init__(self, request: Request, checks: Checks) -> None:
        self._request, self._checks = request, checks
        self._environment = {**os.environ, **stacks.require(request.course_class.front.stacks), "PYTHONUNBUFFERED": "1"}

    def run(self, exercises: Sequence[int]) -> list[CheckResult | CriterionResult]:
        tasks: list[Task] = [self._checks.by_exercise[number] for number in exercises]
        if self._request.homework:
            tasks += self._checks.criteria
        results: list[CheckResult | CriterionResult] = []
        while len(results) < len(tasks):
            with _Child(self._request, self._environment) as child:
                for task in tasks[len(results) :]:
                    result = self._ask(child, task)
                    results.append(result)
                    if result.outcome is Outcome.TIMEOUT or not child.alive:
                        break
        return results

    def _ask(self, child: "_Child", task: Task) -> CheckResult | CriterionResult:
        budget = self._request.course_class.front.budget
        limit = WALL_FACTOR * (budget.check if isinstance(task, Check) else budget.grade)
        name = {"exercise": task.exercise} if isinstance(task, Check) else {"criterion": task.name}
        start = time.perf_counter()
        try:
            answer = child.ask(name, limit)
        except TimeoutError:
            return self._cut(
                task, Outcome.TIMEOUT, f"No terminó en {limit:.0f} segundos: ¿hay un bucle que no corta, o sobran épocas?", start
            )
        except EOFError:
            return self._cut(
                task, Outcome.RUNTIME_ERROR, f"El proceso se cortó mientras corría tu código ({child.ending}).", start
            )
        partial = {"class_number": 0, "submission_sha256": "", "content_hash": "", "advisory": True, "created": "", "version": ""}
        verdict = Verdict.from_plain({**partial, "checks": [], "criteria": [], **answer})
        return verdict.checks[0] if verdict.checks else verdict.criteria[0]

    def _cut(self, task: Task, outcome: Outcome, message: str, start: float) -> CheckResult | CriterionResult:
        seconds = time.perf_counter() - start
        if isinstance(task, Check):
            return CheckResult(task.exercise, task.title, outcome, message, "", task.section, seconds)
        return CriterionResult(
            name=task.name, outcome=outcome, evidence=task.evidence, value=None,
            threshold=str(task.threshold) if task.threshold else None, percent=task.percent, unit=task.unit,
            seed=self._request.seed, scale=self._request.scale, data=task.data, message=message, detail="", seconds=seconds,
        )  # fmt: skip


class _Child:
    """The process that loads the file and answers one task at a time, in JSON lines over two pipes of its own."""

    def __init__(self, request: Request, environment: dict[str, str]) -> None:
        child_reads, self._to = os.pipe()
        self._from, child_writes = os.pipe()
        self._scratch = tempfile.TemporaryDirectory(prefix="catedra-check-", ignore_cleanup_errors=True)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 — closed in __exit__
        self.ending = ""
        hello = {
            "class_number": request.course_class.number, "folder": str(request.course_class.folder), "file": str(request.file.resolve()),
            "seed": request.seed, "scale": request.scale,
        }  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "catedra.grading.child", str(child_reads), str(child_writes)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._stderr, env=environment, cwd=self._scratch.name,
            pass_fds=(child_reads, child_writes), start_new_session=True,
        )  # fmt: skip
        os.close(child_reads)
        os.close(child_writes)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        try:
            reply = self.ask(hello, STARTUP_S)
        except BaseException as error:
            self.__exit__()
            if isinstance(error, EOFError):
                raise SubmissionError(f"el proceso se cortó al cargar {request.file.name} ({self.ending})") from None
            if not isinstance(error, TimeoutError):
                raise
            raise SubmissionError(
                f"los imports y definiciones de {request.file.name} no terminaron en {STARTUP_S:.0f} segundos"
            ) from None
        if "error" in reply:
            self.__exit__()
            raise (SubmissionError if reply["theirs"] else InfrastructureError)(reply["error"])

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def ask(self, message: dict[str, Any], limit: float) -> dict[str, Any]:
        """Send a message and return the reply.

        Raises:
            TimeoutError: no reply within `limit` seconds; the process is gone.
            EOFError: the process ended.
        """
        with contextlib.suppress(BrokenPipeError):  # it ended: the reading side says so below
            os.write(self._to, json.dumps(message).encode() + b"\n")
        try:
            line = self._lines.get(timeout=limit)
        except queue.Empty:
            self._kill()
            raise TimeoutError from None
        if line is None:
            self._kill()
            self.ending = _ending(self._process.wait(), self._tail())
            raise EOFError
        return json.loads(line)  # type: ignore[no-any-return]

    def _read(self) -> None:
        for line in _lines(self._from):
            self._lines.put(line)
        self._lines.put(None)

    def _tail(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-2000:].decode(errors="replace").strip().rpartition("\n")[2]

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> "_Child":
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        os.close(self._to)
        self._stderr.close()
        self._scratch.cleanup()


def _lines(descriptor: int) -> Iterator[str]:
    try:
        with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
            yield from stream
    except OSError:
        return


def _ending(code: int, tail: str) -> str:
    if code == -signal.SIGKILL:
        return "el sistema lo mató: ¿se quedó sin memoria?"
    if code < 0:
        return f"señal {signal.Signals(-code).name}"
    return f"salió con código {code}" + (f": {tail[:200]}" if tail else "")
