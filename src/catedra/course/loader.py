"""Finds the class folders and reads them: `catalogue()` for all, `load(number)` for one.

Reading a class is reading text: nothing of the folder is imported here (that is `catedra.course.parts`).
"""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path

from catedra import classes
from catedra.course.frontmatter import ClassError, parse_front_matter
from catedra.course.model import CourseClass, Exercise, Homework, Section
from catedra.course.record import CURVES_NAME, RECORD_NAME, read_record
from catedra.course.references import read_references, with_references
from catedra.course.sections import split_sections

SECTIONS = (
    "Objetivo",
    "Al terminar podrás",
    "Desarrollo",
    "Definiciones",
    "Ejercicios",
    "Tarea",
    "Preguntas frecuentes",
    "Referencias",
)
EXERCISES = 5
FILES = ("__init__.py", "lesson.md", "slides.md", "solution.py", "checks.py", "wrong_answers.py", "right_answers.py", "errors.py")
CLASSES_FOLDER = Path(classes.__path__[0])
_FOLDER_NAME = re.compile(r"c(\d+)_([a-z0-9]+(?:_[a-z0-9]+)*)")


class UnknownClassError(ClassError):
    """No class folder bears that number."""


@dataclass(frozen=True)
class BrokenClass:
    """A class folder that can't be read; the rest of the catalogue still works."""

    folder: Path
    reason: str


def catalogue(root: Path | None = None) -> tuple[CourseClass | BrokenClass, ...]:
    """Return every class under `root` by number; a broken folder is reported in its place.

    Args:
        root: the folder of class folders; the package's own by default.
    """
    found: list[CourseClass | BrokenClass] = []
    for folder in _folders(root or CLASSES_FOLDER):
        try:
            found.append(read_class(folder))
        except ClassError as error:
            found.append(BrokenClass(folder, str(error)))
    return tuple(found)


def load(number: int, root: Path | None = None) -> CourseClass:
    """Return one class.

    Raises:
        UnknownClassError: there is no such class; says which there are.
        ClassError: its folder is broken.
    """
    folders = {_identity(folder)[0]: folder for folder in _folders(root or CLASSES_FOLDER)}
    if number not in folders:
        there = ", ".join(map(str, sorted(folders))) or "ninguna"
        raise UnknownClassError(f"no hay una clase {number} construida; hay: {there} (`catedra list` muestra el programa)")
    return read_class(folders[number])


def read_class(folder: Path) -> CourseClass:
    """Read one class folder.

    Raises:
        ClassError: a file or section is missing, out of order or malformed; the message names the mend.
    """
    number, slug = _identity(folder)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise ClassError(f"{folder.name}: lacks {', '.join(missing)}: docs/authoring.md says what each holds")
    return _read(folder, number, slug, content_hash(folder))


def _read(folder: Path, number: int, slug: str, digest: str) -> CourseClass:
    name = f"{folder.name}/lesson.md"
    text = (folder / "lesson.md").read_text(encoding="utf-8")
    front, head_lines = parse_front_matter(text, name)
    if front.number != number:
        raise ClassError(f"{name}:2: `number`: expected {number} as in the folder's name, found {front.number}")
    body = "\n".join(text.splitlines()[head_lines:])
    sections = _sections(body, name, head_lines + 1)
    cited = sections["Referencias"]
    # The body starts at the first line with text: blank lines below the heading aren't in it.
    first_line = cited.line + 1 + _blank_lines(text.splitlines()[cited.line :])
    sections["Referencias"] = replace(cited, body=with_references(cited.body, read_references(folder), name, first_line))
    topics = split_sections(sections["Desarrollo"].body, 3, name=name, first_line=sections["Desarrollo"].line + 1)[1]
    return CourseClass(
        front=front,
        slug=slug,
        folder=folder,
        package=f"{classes.__name__}.{folder.name}",
        sections=sections,
        topics=topics,
        exercises=_exercises(sections["Ejercicios"], name),
        homework=Homework(sections["Tarea"].body),
        record=read_record(folder),
        content_hash=digest,
        code_hash=code_hash(folder),
    )


def content_hash(folder: Path) -> str:
    """Hash every source file of a class folder; the record and the curves are results and don't count."""
    return _hash(folder, {RECORD_NAME, CURVES_NAME})


def code_hash(folder: Path) -> str:
    """Hash what a measurement depends on: the Python files but those that only show. A typo mended in the lesson keeps the record."""
    return _hash(folder, _shown(folder))


def reference_hash(folder: Path) -> str:
    """Hash what a measurement of the reference depends on: `code_hash` without the right and wrong answers."""
    return _hash(folder, _shown(folder) | {"right_answers.py", "wrong_answers.py"})


def _shown(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".py"} | {"errors.py", "figures.py", "__init__.py"}


def _hash(folder: Path, left_out: set[str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in left_out and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def check_identifiers(found: tuple[CourseClass | BrokenClass, ...]) -> None:
    """Refuse two classes with one number or one slug.

    Raises:
        ClassError: naming both folders.
    """
    seen: dict[int | str, CourseClass] = {}
    for item in found:
        if isinstance(item, BrokenClass):
            continue
        for key in (item.number, item.slug):
            if key in seen:
                raise ClassError(f"{item.folder.name} and {seen[key].folder.name} share {key!r}: rename one")
            seen[key] = item


def _folders(root: Path) -> list[Path]:
    folders = [path for path in root.iterdir() if path.is_dir() and path.name.startswith("c") and path.name[1:2].isdigit()]
    return sorted(folders, key=lambda path: _identity(path))


def _identity(folder: Path) -> tuple[int, str]:
    match = _FOLDER_NAME.fullmatch(folder.name)
    if match is None:
        raise ClassError(f"{folder.name}: a class folder is called c<number>_<slug>, e.g. c101_mlp: rename it")
    return int(match[1]), match[2].replace("_", "-")


def _sections(body: str, name: str, first_line: int) -> dict[str, Section]:
    before, found = split_sections(body, 2, name=name, first_line=first_line)
    if before:
        raise ClassError(f"{name}:{first_line}: text before the first section: move it into `## {SECTIONS[0]}`")
    titles = tuple(section.title for section in found)
    for section, expected in zip(found, SECTIONS, strict=False):
        if section.title != expected:
            raise ClassError(f"{name}:{section.line}: expected the section `## {expected}`, found `## {section.title}`")
    if len(titles) != len(SECTIONS):
        what = (
            f"lacks the section `## {SECTIONS[len(titles)]}`"
            if len(titles) < len(SECTIONS)
            else f"has a section too many: {titles[-1]}"
        )
        raise ClassError(f"{name}: {what}")
    for section in found:
        if not section.body.strip():
            raise ClassError(f"{name}:{section.line}: the section `## {section.title}` is empty")
    return {section.title: section for section in found}


def _blank_lines(lines: list[str]) -> int:
    return next((index for index, line in enumerate(lines) if line.strip()), 0)


def _exercises(section: Section, name: str) -> tuple[Exercise, ...]:
    _, found = split_sections(section.body, 3, name=name, first_line=section.line + 1)
    exercises = []
    for number, item in enumerate(found, start=1):
        prefix = f"{number}. "
        if not item.title.startswith(prefix):
            raise ClassError(f"{name}:{item.line}: expected `### {number}. Título`, found `### {item.title}`")
        exercises.append(Exercise(number, item.title.removeprefix(prefix), item.slug, item.body))
    if len(exercises) != EXERCISES:
        raise ClassError(f"{name}:{section.line}: expected {EXERCISES} exercises (`### 1. …`), found {len(exercises)}")
    return tuple(exercises)
