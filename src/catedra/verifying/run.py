"""Runs the jobs of a verification: a process each, two at a time, one compute thread and one processor a job."""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catedra import stacks
from catedra.course import CourseClass
from catedra.errors import CatedraError
from catedra.verifying.jobs import Job, Run
from catedra.verifying.state import State

_THREAD_VARIABLES = ("OMP", "OPENBLAS", "MKL", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
ONE_THREAD = {name + ("_THREADS" if name.startswith("TF") else "_NUM_THREADS"): "1" for name in _THREAD_VARIABLES}
DEADLINE_FACTOR = 20
"""A job may take this many times the class's budget a run before it is taken for hung."""


class JobError(CatedraError):
    """A job ended without its results: a defect of the class, not of a student."""

    exit_code = 1


@dataclass(frozen=True)
class Progress:
    """What happened: a run finished (or was there already)."""

    job: Job
    run: Run
    done: int
    total: int


def run_jobs(
    course_class: CourseClass,
    jobs: Sequence[Job],
    state: State,
    *,
    workers: int = 2,
    report: Callable[[Progress], None] = lambda _: None,
) -> None:
    """Run what has no result yet. Ctrl-C stops the processes and keeps what is finished.

    Args:
        course_class: the class.
        jobs: from `plan`.
        state: where results are kept.
        workers: processes at a time.
        report: called after each finished run, from any thread, one at a time.

    Raises:
        StackError: a stack that the class needs isn't installed.
        JobError: a job failed; results of the others are kept.
    """
    environment = {**os.environ, **ONE_THREAD, **stacks.require(course_class.front.stacks), "PYTHONHASHSEED": "0"}
    _Pool(course_class, jobs, state, environment, report).run(workers)


class _Pool:
    def __init__(
        self,
        course_class: CourseClass,
        jobs: Sequence[Job],
        state: State,
        environment: dict[str, str],
        report: Callable[[Progress], None],
    ) -> None:
        self._class, self._state, self._environment, self._report = course_class, state, environment, report
        self._total = sum(len(job.runs) for job in jobs)
        waiting = [left for job in jobs if (left := state.remaining(job)) is not None]
        self._done = self._total - sum(len(job.runs) for job in waiting)
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in waiting:
            self._queue.put(job)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._failure: Exception | None = None
        self._stop = False

    def run(self, workers: int) -> None:
        processors = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        threads = [
            threading.Thread(target=self._work, args=(processors[n % len(processors)] if processors else None,), daemon=True)
            for n in range(workers)
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        except BaseException:
            self._kill()
            raise
        if self._failure is not None:
            raise self._failure

    def _work(self, processor: int | None) -> None:
        while not self._stop:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return
            try:
                self._run(job, processor)
            except Exception as error:
                self._failure = self._failure or error
                self._kill()

    def _run(self, job: Job, processor: int | None) -> None:
        results, write_end = os.pipe()
        request = {"job": job.as_plain(), "folder": str(self._class.folder), "results_fd": write_end}
        with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as stdin, os.fdopen(results, encoding="utf-8") as lines:
            stdin.write(json.dumps(request).encode())
            stdin.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-m", "catedra.verifying.worker"],
                stdin=stdin, stdout=subprocess.DEVNULL, stderr=errors, env=self._environment, pass_fds=(write_end,), start_new_session=True,
            )  # fmt: skip
            os.close(write_end)
            if processor is not None:
                os.sched_setaffinity(process.pid, {processor})
            with self._lock:
                self._running.add(process)
            deadline = threading.Timer(self._class.front.budget.grade * DEADLINE_FACTOR * len(job.runs), process.kill)
            deadline.start()
            try:
                for line in lines:
                    self._keep(job, json.loads(line))
                code = process.wait()
            finally:
                deadline.cancel()
                with self._lock:
                    self._running.discard(process)
            errors.seek(0)
            tail = "\n".join(errors.read().decode(errors="replace").strip().splitlines()[-12:])
        missing = self._state.remaining(job)
        if missing is not None and not self._stop:
            raise JobError(
                f"class {job.class_number}, {job.subject}, seed {job.seed}: {missing.runs[0].kind} {missing.runs[0].name!r} "
                f"gave no result (exit {code}):\n{tail}"
            )

    def _keep(self, job: Job, line: dict[str, dict[str, str]]) -> None:
        run = Run(**line["run"])
        with self._lock:
            self._state.put(job.subject, run, job.seed, line["result"])
            self._done += 1
            self._report(Progress(job, run, self._done, self._total))

    def _kill(self) -> None:
        self._stop = True
        with self._lock:
            for process in self._running:
                process.kill()
