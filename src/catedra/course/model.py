"""What a class is: its parts as frozen dataclasses.

Light by design: building them reads text only. What needs Python (checks, errors, answers) is in `catedra.course.parts`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from catedra.course.record import Record


@dataclass(frozen=True)
class Budget:
    """What a class may cost.

    Attributes:
        check: CPU seconds an exercise's check.
        grade: CPU seconds a run of the homework.
        memory_mb: peak memory in MB.
    """

    check: int
    grade: int
    memory_mb: int


@dataclass(frozen=True)
class FrontMatter:
    """The head of `lesson.md`; docs/authoring.md says what each field means."""

    number: int
    part: int
    title: str
    minutes: int
    source: str
    prerequisites: tuple[str, ...]
    deepens: str | None
    stacks: tuple[str, ...]
    data: tuple[str, ...]
    needs: tuple[str, ...]
    budget: Budget


@dataclass(frozen=True)
class Section:
    """A piece of the lesson.

    Attributes:
        title: its heading, without the slug.
        slug: what links name it by.
        body: Markdown, without the heading.
        line: 1-based line of the heading in lesson.md.
    """

    title: str
    slug: str
    body: str = field(repr=False)
    line: int


@dataclass(frozen=True)
class Exercise:
    """An exercise's statement; its check is in checks.py, its functions in solution.py."""

    number: int
    title: str
    slug: str
    statement: str = field(repr=False)


@dataclass(frozen=True)
class Homework:
    """The homework's statement; its criteria are in checks.py."""

    statement: str = field(repr=False)


@dataclass(frozen=True)
class CourseClass:
    """A class of the course.

    Attributes:
        front: the front matter.
        slug: the folder's name after its number; links and prerequisites use it.
        folder: where it is.
        package: its import name.
        sections: the eight sections of the lesson, by title.
        topics: the subsections of *Desarrollo*.
        exercises: five, in order.
        homework: the homework.
        record: what verification measured, or None.
        content_hash: of every file of the folder but the record and the curves.
        code_hash: of what a measurement depends on.
    """

    front: FrontMatter
    slug: str
    folder: Path
    package: str
    sections: dict[str, Section] = field(repr=False)
    topics: tuple[Section, ...] = field(repr=False)
    exercises: tuple[Exercise, ...]
    homework: Homework
    record: Record | None = field(repr=False)
    content_hash: str
    code_hash: str

    @property
    def number(self) -> int:
        """The class's number."""
        return self.front.number

    @property
    def title(self) -> str:
        """The class's title."""
        return self.front.title

    @property
    def anchors(self) -> frozenset[str]:
        """Every slug inside the lesson that a link can name."""
        own = {section.slug for section in (*self.sections.values(), *self.topics)}
        return frozenset(own | {exercise.slug for exercise in self.exercises})
