"""Splits Markdown by headings, blind to what stands inside code fences."""

import re
import unicodedata
from collections.abc import Iterator

from catedra.course.frontmatter import ClassError
from catedra.course.model import Section

_FENCE = re.compile(r"^\s{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(?:\{#([\w-]+)[^}]*\})?\s*$")


def split_sections(text: str, level: int, *, name: str, first_line: int = 1) -> tuple[str, tuple[Section, ...]]:
    """Return what stands before the first heading of `level`, and the sections that such headings open.

    Args:
        text: Markdown.
        level: how many `#`.
        name: of the file, for messages.
        first_line: the file's line at which `text` starts.

    Raises:
        ClassError: a code fence isn't closed, or two sections bear one slug.
    """
    lines = text.splitlines()
    starts = [(index, match) for index, match in _headings(lines, name, first_line) if len(match[1]) == level]
    sections = []
    for position, (index, match) in enumerate(starts):
        end = starts[position + 1][0] if position + 1 < len(starts) else len(lines)
        body = "\n".join(lines[index + 1 : end]).strip("\n")
        sections.append(Section(match[2], match[3] or slugify(match[2]), body, first_line + index))
    seen: dict[str, int] = {}
    for section in sections:
        if section.slug in seen:
            raise ClassError(
                f"{name}:{section.line}: the slug {section.slug!r} stands already at line {seen[section.slug]}: rename one"
            )
        seen[section.slug] = section.line
    head = lines[: starts[0][0]] if starts else lines
    return "\n".join(head).strip("\n"), tuple(sections)


def slugify(title: str) -> str:
    """Turn a title into a slug: lower case, no accents, words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _headings(lines: list[str], name: str, first_line: int) -> Iterator[tuple[int, re.Match[str]]]:
    fence = ""
    opened = 0
    for index, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence, opened = mark[1], index
        elif mark and mark[1].startswith(fence[0] * len(fence)) and line.strip() == mark[1]:
            fence = ""
        elif not fence and (heading := _HEADING.match(line)):
            yield index, heading
    if fence:
        raise ClassError(f"{name}:{first_line + opened}: this code fence is never closed: close it with {fence}")
