"""What grades submissions: the interface between a batch and the engines that run it.

An engine knows processes, sandboxes or a cluster; a batch knows folders, the trail and the gradebook. Between them pass jobs and verdicts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from catedra.checking.verdict import Verdict


@dataclass(frozen=True)
class Job:
    """One submission to grade.

    Attributes:
        student: whose it is. Data, never a piece of a path.
        file: where it lies.
        sha256: of its bytes when the batch saw them; who reads the file later verifies it.
    """

    student: str
    file: Path
    sha256: str


@dataclass(frozen=True)
class Graded:
    """What came of a job.

    Attributes:
        job: the job.
        verdict: what was judged, or None.
        failure: why no verdict could be had. The infrastructure's fault, never the student's: the job is tried again.
    """

    job: Job
    verdict: Verdict | None
    failure: str = ""


@runtime_checkable
class Engine(Protocol):
    """Anything that turns jobs into verdicts."""

    @property
    def environment(self) -> str:
        """Digest of interpreter and packages: that of the verdicts to come, known before the first one."""
        ...

    def grade(self, jobs: Sequence[Job]) -> Iterator[Graded]:
        """Yield one `Graded` a job, in the order in which they finish. Closing the iterator stops whatever is running."""
        ...
