"""Links from one class to another: `[text](clase:slug)` or `[text](clase:slug#section)`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from catedra.course.model import CourseClass
from catedra.course.programme import PlannedClass

CLASS_LINK = re.compile(r"\]\(clase:([a-z0-9-]+)(?:#([\w-]+))?\)")


@dataclass(frozen=True)
class BadLink:
    """A link that leads nowhere.

    Attributes:
        file, line: where it stands.
        reason: what is wrong and what there is instead.
    """

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def bad_links(course: Iterable[CourseClass], planned: Iterable[PlannedClass]) -> tuple[BadLink, ...]:
    """Check every class link of lesson.md and slides.md, and the slugs of prerequisites and `deepens`.

    Args:
        course: the classes that are built.
        planned: the programme, whose classes may be linked before they exist.
    """
    built = {item.slug: item for item in course}
    known = {item.slug for item in planned} | built.keys()
    bad: list[BadLink] = []
    for item in built.values():
        for slug in (*item.front.prerequisites, *filter(None, [item.front.deepens])):
            if slug not in known:
                bad.append(BadLink(f"{item.folder.name}/lesson.md", 1, f"no class has the slug {slug!r}"))
        for name in ("lesson.md", "slides.md"):
            for line, text in enumerate((item.folder / name).read_text(encoding="utf-8").splitlines(), start=1):
                for slug, anchor in CLASS_LINK.findall(text):
                    if slug not in known:
                        bad.append(BadLink(f"{item.folder.name}/{name}", line, f"no class has the slug {slug!r}"))
                    elif anchor and slug in built and anchor not in built[slug].anchors:
                        there = ", ".join(sorted(built[slug].anchors))
                        bad.append(
                            BadLink(f"{item.folder.name}/{name}", line, f"{slug!r} has no section {anchor!r}; it has: {there}")
                        )
    return tuple(bad)
