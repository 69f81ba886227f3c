"""The engine of one machine: judges in processes of their own, each with its zygotes; a judge that dies or hangs is replaced.

The coordinator touches nothing of a submission: it hands out paths and receives verdicts as JSON.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import Any

from catedra import datasets
from catedra.checking import ScaleName, Verdict
from catedra.course import CourseClass
from catedra.course.parts import checks_of
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Graded, Job
from catedra.grading.judge import environment_digest, require_walls
from catedra.sandbox.answer import LEAST_WALL_S, WALL_FACTOR
from catedra.sandbox.layers import probe
from catedra.sandbox.pool import IMPORTS_S, SandboxError

SLACK_S = 60.0
"""Beyond what all deadlines of a submission add up to, a judge is hanging."""


class LocalEngine:
    """Grades with `workers` judges at a time.

    Args:
        course_class: the class.
        cohort: its key.
        workers: judges, at most one a processor is of use.
        require_strong: refuse to grade where a layer of the sandbox is missing.
        scale: of the homework.
        homework: whether to measure the criteria.

    Raises:
        SandboxError: this machine can't isolate other people's code well enough.
        DataError: the homework's data can't be had.
    """

    def __init__(
        self, course_class: CourseClass, cohort: Cohort, *, workers: int = 1, require_strong: bool = False, scale: str = "laptop",
        homework: bool = True,
    ) -> None:  # fmt: skip
        require_walls(probe(), strong=require_strong)
        if homework and ScaleName(scale) is not ScaleName.SMOKE:
            for name in {criterion.data for criterion in checks_of(course_class).criteria if criterion.data}:
                datasets.load(name)  # fetched here, with its progress bar, and not in every judge
        self._workers = workers
        self._limit = longest(course_class, homework=homework)
        self._hello = {
            "folder": str(course_class.folder), "key": cohort.reveal().hex(), "scale": scale, "homework": homework,
            "require_strong": require_strong,
        }  # fmt: skip

    @property
    def environment(self) -> str:
        """Digest of interpreter and packages."""
        return environment_digest()

    def grade(self, jobs: Sequence[Job]) -> Iterator[Graded]:
        """See `Engine.grade`."""
        pending = list(reversed(jobs))
        with contextlib.ExitStack() as stack, selectors.DefaultSelector() as ready:
            judges = [_Judge(self._hello, self._limit) for _ in range(min(self._workers, len(jobs)))]
            for judge in judges:
                stack.callback(judge.close)
                self._next(judge, pending, ready)
            while any(judge.job for judge in judges):
                wait = min(judge.deadline for judge in judges if judge.job) - time.monotonic()
                events = ready.select(max(0.0, wait))
                arrived = {key.data for key, _ in events}
                for judge in judges:
                    if judge.job is None or (judge not in arrived and time.monotonic() < judge.deadline):
                        continue
                    graded = judge.take() if judge in arrived else judge.give_up("no terminó a tiempo")
                    if graded is None:
                        continue
                    ready.unregister(judge.reads)
                    yield graded
                    self._next(judge, pending, ready)

    def _next(self, judge: "_Judge", pending: list[Job], ready: selectors.BaseSelector) -> None:
        if pending:
            judge.give(pending.pop())
            ready.register(judge.reads, selectors.EVENT_READ, judge)


def longest(course_class: CourseClass, *, homework: bool) -> float:
    """Return the seconds after which a judge of this class is hanging: every deadline that a submission can use up."""
    budget, checks = course_class.front.budget, checks_of(course_class)
    runs = [budget.check] * len(checks.by_exercise) + [budget.grade] * (3 * len(checks.criteria) if homework else 0)
    return SLACK_S + sum(max(LEAST_WALL_S, WALL_FACTOR * seconds) + LEAST_WALL_S for seconds in runs)


class _Judge:
    """One judge's process: started at the first job, started again when it has died."""

    def __init__(self, hello: dict[str, Any], limit: float) -> None:
        self._hello, self._limit = hello, limit
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._starting = False
        self.job: Job | None = None
        self.deadline = 0.0
        self.reads = -1

    def give(self, job: Job) -> None:
        self.job = job
        self.deadline = time.monotonic() + self._limit
        if self._process is None or self._process.poll() is not None:
            self._start()
        self._write(str(job.file.resolve()))

    def take(self) -> Graded | None:
        """Read what arrived: a result, None while it is incomplete or is only the greeting, a failure if the process died."""
        piece = os.read(self.reads, 1 << 20)
        if not piece:
            return self.give_up("el proceso que corrige se cortó")
        self._rest += piece
        while b"\n" in self._rest:
            line, _, self._rest = self._rest.partition(b"\n")
            reply = json.loads(line)
            if self._starting:
                self._starting = False
                if "refused" in reply:
                    raise SandboxError(reply["refused"])
                continue
            return self._done(Verdict.from_plain(reply["verdict"]) if "verdict" in reply else None, reply.get("failure", ""))
        return None

    def give_up(self, why: str) -> Graded:
        """End the process and report why its job has no verdict."""
        said = self._complaint()
        self.close()
        return self._done(None, f"{why}{f' ({said})' if said else ''}")

    def close(self) -> None:
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            os.close(self._to)
        try:  # its pipe is closed: a judge between two submissions ends by itself, and its zygotes with it
            self._process.wait(timeout=0.0 if self.job else 5.0)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)  # zygotes and wardens read the end of their sockets and leave nothing alive
            self._process.wait()
        os.close(self.reads)
        self._stderr.close()
        self._scratch.cleanup()
        self._process = None

    def _done(self, verdict: Verdict | None, failure: str) -> Graded:
        job, self.job = self.job, None
        assert job is not None
        return Graded(job, verdict, failure)

    def _start(self) -> None:
        self.close()
        theirs, self._to = os.pipe()
        self.reads, writes = os.pipe()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 — closed in close()
        # What a killed judge leaves goes with this folder. Open enough for the spare users to pass through.
        self._scratch = tempfile.TemporaryDirectory(prefix="catedra-juez-", ignore_cleanup_errors=True)
        os.chmod(self._scratch.name, 0o711)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "catedra.grading.judge_process", str(theirs), str(writes), self._scratch.name],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._stderr,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TMPDIR": self._scratch.name},
            pass_fds=(theirs, writes),
        )  # fmt: skip
        os.close(theirs)
        os.close(writes)
        self._rest, self._starting = b"", True
        self.deadline += IMPORTS_S
        self._write(self._hello)

    def _write(self, value: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died: the reading side says so
            os.write(self._to, json.dumps(value).encode() + b"\n")

    def _complaint(self) -> str:
        if self._process is None:
            return ""
        self._stderr.seek(0)
        return self._stderr.read()[-2000:].decode(errors="replace").strip().rpartition("\n")[2]
