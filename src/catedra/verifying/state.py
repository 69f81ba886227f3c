"""Results of a verification under way: one small file a result, so that nothing finished is lost."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from catedra.course import CourseClass
from catedra.course.loader import reference_hash
from catedra.course.record import write_atomically
from catedra.home import home
from catedra.verifying.jobs import REFERENCE, Job, Run


class State:
    """The folder of results of one class, at one scale, for one state of its code: editing it starts over.

    Args:
        course_class: the class.
        scale: the scale's name.
        root: where states are kept; the user's folder by default.
    """

    def __init__(self, course_class: CourseClass, scale: str, root: Path | None = None) -> None:
        base = root if root is not None else home() / "verify"
        self.folder = base / f"{course_class.number}-{scale}-{reference_hash(course_class.folder)[:16]}"
        self._answers = course_class.code_hash[:16]

    def clear(self) -> None:
        """Forget every result."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, subject: str, run: Run, seed: int) -> Path:
        """Where a result is kept. Names hold any characters, so the file is named after their digest."""
        digest = hashlib.sha256(f"{run.kind}\0{run.name}".encode()).hexdigest()[:16]
        # What depends on right and wrong answers is measured again when they change; the reference's long runs are not.
        own = "" if subject == REFERENCE and run.kind != "checks" else f"-{self._answers}"
        return self.folder / f"{subject}{own}" / f"{digest}-{seed}.json"

    def get(self, subject: str, run: Run, seed: int) -> dict[str, Any] | None:
        """Return a result, or None when it isn't there (or was cut short by a full disk: then it is measured again)."""
        try:
            return json.loads(self.path(subject, run, seed).read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (OSError, ValueError):
            return None

    def put(self, subject: str, run: Run, seed: int, result: dict[str, Any]) -> None:
        """Keep a result."""
        path = self.path(subject, run, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(result, ensure_ascii=False))

    def remaining(self, job: Job) -> Job | None:
        """Return the part of a job that has no result yet, or None."""
        runs = tuple(run for run in job.runs if self.get(job.subject, run, job.seed) is None)
        return Job(job.class_number, job.subject, job.seed, job.scale, runs) if runs else None
