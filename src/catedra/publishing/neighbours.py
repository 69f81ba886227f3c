"""The classes that a class may link: the whole programme, and the folders beside its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catedra.course import ClassError, CourseClass, read_class
from catedra.course.programme import programme

_FOLDER = re.compile(r"c(\d+)_([a-z0-9_]+)")


@dataclass(frozen=True)
class Neighbour:
    """A class that may be linked.

    Attributes:
        number, slug: of the class.
        title: as the programme has it; the slug outside the programme.
        folder: where it is; None while it isn't built.
    """

    number: int
    slug: str
    title: str
    folder: Path | None

    def anchors(self) -> frozenset[str] | None:
        """The sections that a link can name; None where that can't be known."""
        if self.folder is None:
            return None
        try:
            return read_class(self.folder).anchors
        except ClassError:
            return None  # a neighbour that is being written breaks its own build, not this one's


def neighbours(course_class: CourseClass) -> Mapping[str, Neighbour]:
    """Return the classes that a class may link, by slug."""
    found = {item.slug: Neighbour(item.number, item.slug, item.title, None) for item in programme()}
    for folder in sorted(course_class.folder.parent.iterdir()):
        match = _FOLDER.fullmatch(folder.name)
        if match is not None and folder.is_dir():
            slug = match[2].replace("_", "-")
            title = found[slug].title if slug in found else slug
            found[slug] = Neighbour(int(match[1]), slug, title, folder)
    return found
