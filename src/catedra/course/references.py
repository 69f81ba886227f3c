"""A class's references: `references.json` (CSL-JSON, as Zotero and Crossref write it) says what the works are; the lesson names them by key.

In the section Referencias, `- @cybenko1989: qué leer ahí.` becomes "Cybenko (1989), *Approximation by …*", linked to its DOI, arXiv or address.
A line stays a line, so that messages further on still name the lesson's.
"""

import json
import re
from pathlib import Path
from typing import Any

from catedra.course.frontmatter import ClassError

REFERENCES_NAME = "references.json"
_ENTRY = re.compile(r"^(\s*[-*] )@([A-Za-z0-9_-]+)(.*)$")
_ARXIV = re.compile(r"\d{4}\.\d{4,5}")


def read_references(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the works of a class by key; empty where it has no file of references.

    Raises:
        ClassError: it isn't CSL-JSON, or a work lacks a title, or lacks author and publisher, or can't be linked.
    """
    path = folder / REFERENCES_NAME
    name = f"{folder.name}/{REFERENCES_NAME}"
    if not path.is_file():
        return {}
    try:
        items = json.loads(path.read_text(encoding="utf-8"))
        works = {str(item["id"]): item for item in items}
    except (ValueError, TypeError, KeyError) as error:
        raise ClassError(f"{name}: expected CSL-JSON, a list of works each with an `id`: {error}") from error
    if len(works) != len(items):
        raise ClassError(f"{name}: two works share one `id`")
    for key, work in works.items():
        if not work.get("title"):
            raise ClassError(f"{name}: {key!r} has no `title`")
        if not (work.get("author") or work.get("publisher")):
            raise ClassError(f"{name}: {key!r} names neither `author` nor `publisher`")
        if address(work) is None:
            raise ClassError(f"{name}: {key!r} can't be followed: give it a `DOI`, an arXiv `number` or a `URL`")
    return works


def with_references(text: str, works: dict[str, dict[str, Any]], name: str, first_line: int) -> str:
    """Return the section's Markdown with each `@key` that begins an item written out.

    Raises:
        ClassError: no work has that key.
    """
    lines = text.split("\n")
    for index, line in enumerate(lines):
        match = _ENTRY.match(line)
        if match is None:
            continue
        if match[2] not in works:
            there = ", ".join(sorted(works)) or "none"
            raise ClassError(f"{name}:{first_line + index}: {REFERENCES_NAME} has no work {match[2]!r} (there are: {there})")
        lines[index] = f"{match[1]}{_written(works[match[2]])}{match[3] if match[3].strip() else '.'}"
    return "\n".join(lines)


def address(work: dict[str, Any]) -> str | None:
    """Where a work can be read: its DOI, its arXiv page or its URL."""
    if work.get("DOI"):
        return f"https://doi.org/{work['DOI']}"
    if _ARXIV.fullmatch(str(work.get("number", ""))):
        return f"https://arxiv.org/abs/{work['number']}"
    url = work.get("URL")
    return str(url) if url and str(url).startswith("https://") else None


def _written(work: dict[str, Any]) -> str:
    """Cybenko (1989), *Title*, 2.ª ed., linked."""
    year = (work.get("issued") or {}).get("date-parts", [[None]])[0][0]
    by = _names(work.get("author") or []) or work["publisher"]
    edition = f", {work['edition']}.ª ed." if work.get("edition") else ""
    return f"[{by}{f' ({year})' if year else ''}, *{work['title']}*{edition}]({address(work)})"


def _names(authors: list[dict[str, str]]) -> str:
    names = [author.get("family") or author.get("literal", "") for author in authors]
    if len(names) > 3:
        return f"{names[0]} y otros"
    last = names[-1:] and ("e " if names[-1].lower().startswith(("i", "hi")) and len(names) > 1 else "y ") + names[-1]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last}" if names else ""
