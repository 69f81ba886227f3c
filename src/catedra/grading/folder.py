"""The folder of a cohort's submissions: one file a student, or one folder a student with one file in it.

A student is called as the file or folder is. Two files for one student are an error and not a choice of ours.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from catedra.errors import CatedraError
from catedra.grading.engine import Job
from catedra.grading.names import is_litter, shown_name, student_name
from catedra.grading.submission import SubmissionError, read_regular

MAX_LISTED = 10_000
"""Students in a folder."""


class FolderError(CatedraError):
    """The folder of submissions can't be used."""


@dataclass(frozen=True)
class Rejected:
    """What a student handed in and can't be graded.

    Attributes:
        student: whose it is.
        files: names relative to the folder.
        reason: for the student.
    """

    student: str
    files: tuple[str, ...]
    reason: str


def jobs_in(folder: Path) -> tuple[list[Job], list[Rejected]]:
    """Return the submissions of a folder by student's name, and what can't be one.

    Hidden files, `__MACOSX` and the like are ignored. Only regular files are opened.

    Raises:
        FolderError: it isn't a folder, can't be listed, or is far too large for one.
    """
    found: dict[str, list[Path]] = {}
    for path in _listed(folder):
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
        name = path.name if is_folder else path.stem
        found.setdefault(student_name(name), []).append(path)
    jobs: list[Job] = []
    rejected: list[Rejected] = []
    for student in sorted(found):
        files: list[Path] = []
        try:
            for path in found[student]:
                files += _inside(path) if stat.S_ISDIR(os.lstat(path).st_mode) else [path]
            jobs.append(_job(student, files))
        except SubmissionError as error:
            names = tuple(shown_name(str(file.relative_to(folder))) for file in files or found[student])
            rejected.append(Rejected(student, names, str(error)))
    return jobs, rejected


def _listed(folder: Path) -> list[Path]:
    try:
        names = sorted(name for name in os.listdir(folder) if not is_litter(name))
    except OSError as error:
        raise FolderError(f"se esperaba una carpeta con las entregas y {folder} no se puede abrir ({error.strerror})") from error
    if len(names) > MAX_LISTED:
        raise FolderError(f"{folder} tiene {len(names)} entradas y el máximo es {MAX_LISTED}: ¿es la carpeta de las entregas?")
    return [folder / name for name in names]


def _inside(folder: Path) -> list[Path]:
    try:
        files = _listed(folder)
    except FolderError as error:
        raise SubmissionError(str(error)) from error
    if not files:
        raise SubmissionError("la carpeta está vacía: se esperaba un cuaderno (.ipynb), un script (.py) o un .zip adentro")
    return files


def _job(student: str, files: list[Path]) -> Job:
    if len(files) > 1:
        names = " y ".join(f"«{shown_name(file.name)}»" for file in files[:5]) + (" y más" if len(files) > 5 else "")
        raise SubmissionError(
            f"se esperaba un archivo por estudiante y hay {len(files)}: {names}: dejá el que vale; "
            "si el trabajo tiene varios archivos, van juntos en un .zip"
        )
    return Job(student, files[0], hashlib.sha256(read_regular(files[0])).hexdigest())
