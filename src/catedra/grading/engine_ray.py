"""The engine of a cluster: the same judge, as tasks of Ray on the nodes of a cluster that exists already.

A task receives the submission's bytes, so that nodes need no folder in common; the class comes from the node's own installation, which
must be the same as here. Each process of Ray keeps its judge, with its warm zygotes, for the tasks that come after.
"""

import hashlib
import socket
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from catedra import stacks
from catedra.checking import Verdict
from catedra.course import CourseClass, load, read_class
from catedra.errors import CatedraError
from catedra.grading.cohort import Cohort
from catedra.grading.engine import Graded, Job
from catedra.grading.engine_local import longest
from catedra.grading.judge import Judge, environment_digest
from catedra.grading.judge_process import answer, judge_of

_NO_CLUSTER = "no hay un clúster de Ray en {} ({}): levantá uno con `ray start --head` y pasá su dirección con --address"
_judges: dict[str, Judge] = {}


class RayEngine:
    """Grades on the cluster at `address`.

    Args:
        course_class: the class, installed on every node.
        cohort: its key; it travels to the nodes inside Ray's tasks: use a cluster that you trust.
        address: of the cluster, as `ray.init` takes it.
        workers: tasks at a time.
        require_strong: refuse to grade where a layer of the sandbox is missing on a node.
        scale: of the homework.
        homework: whether to measure the criteria.

    Raises:
        StackError: Ray isn't installed.
        CatedraError: there is no cluster at that address.
    """

    def __init__(
        self, course_class: CourseClass, cohort: Cohort, *, address: str = "auto", workers: int = 1, require_strong: bool = False,
        scale: str = "laptop", homework: bool = True,
    ) -> None:  # fmt: skip
        stacks.require(["scale"])
        import ray

        _answers(address)
        try:
            ray.init(address=address, ignore_reinit_error=True, log_to_driver=False, configure_logging=False)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise CatedraError(_NO_CLUSTER.format(address, error)) from error
        self._workers = workers
        self._limit = longest(course_class, homework=homework)
        self._hello = {
            "folder": str(course_class.folder), "number": course_class.number, "content_hash": course_class.content_hash,
            "key": cohort.reveal().hex(), "scale": scale, "homework": homework, "require_strong": require_strong,
        }  # fmt: skip

    @property
    def environment(self) -> str:
        """Digest of interpreter and packages, those of this machine: a node with others gives verdicts that the batch refuses."""
        return environment_digest()

    def grade(self, jobs: Sequence[Job]) -> Iterator[Graded]:
        """See `Engine.grade`."""
        import ray

        task = ray.remote(num_cpus=1, max_retries=0)(grade_bytes)
        pending = list(reversed(jobs))
        running: dict[Any, Job] = {}
        try:
            while pending or running:
                while pending and len(running) < self._workers:
                    job = pending.pop()
                    running[task.remote(self._hello, job.file.name, job.file.read_bytes())] = job
                done, _ = ray.wait(list(running), timeout=self._limit)
                if not done:
                    for reference, job in list(running.items()):
                        ray.cancel(reference, force=True)
                        yield Graded(job, None, "no terminó a tiempo")
                    running.clear()
                for reference in done:
                    yield _graded(running.pop(reference), reference)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)


def _answers(address: str) -> None:
    """Knock at host:port before Ray does, which waits for minutes.

    Raises:
        CatedraError: nobody is there.
    """
    host, _, port = address.rpartition(":")
    if not (host and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        raise CatedraError(_NO_CLUSTER.format(address, error)) from error


def _graded(job: Job, reference: Any) -> Graded:
    import ray

    try:
        reply = ray.get(reference)
    except ray.exceptions.RayError as error:
        return Graded(job, None, f"la tarea se cortó en el clúster: {str(error).splitlines()[0][:300]}")
    return Graded(job, Verdict.from_plain(reply["verdict"]) if "verdict" in reply else None, reply.get("failure", ""))


def grade_bytes(hello: dict[str, Any], name: str, content: bytes) -> dict[str, Any]:
    """Grade a submission on a node: the body of the task."""
    folder = Path(hello["folder"])
    course_class = read_class(folder) if folder.is_dir() else load(hello["number"])
    if course_class.content_hash != hello["content_hash"]:
        return {"failure": f"este nodo tiene otra versión de la clase {hello['number']}: instalá la misma en todos"}
    key = hashlib.sha256(repr(sorted(hello.items())).encode()).hexdigest()
    try:
        if key not in _judges:
            _judges[key] = judge_of({**hello, "folder": str(course_class.folder)})
    except CatedraError as error:
        return {"failure": str(error)}
    with tempfile.TemporaryDirectory(prefix="catedra-ray-") as scratch:
        file = Path(scratch) / f"entrega{Path(name).suffix}"
        file.write_bytes(content)
        return answer(_judges[key], file)
