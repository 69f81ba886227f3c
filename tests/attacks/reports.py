"""Looks for a student's text that became markup in a page, or a formula in a table."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from catedra.checking.verdict import Verdict
from catedra.course import read_class
from catedra.course.parts import checks_of
from catedra.grading.gradebook import Row, as_csv
from catedra.grading.report import student_page
from catedra.grading.trail import Conditions, Grade

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Reports:
    """The reports of one class.

    Args:
        folder: the class's.
    """

    def __init__(self, folder: Path) -> None:
        self._class = read_class(folder)
        self._checks = checks_of(self._class)

    def trouble(self, student: str, reply: dict[str, Any] | None) -> list[str]:
        """What in the reports on this reply is no text: elements and attributes of no page of ours, cells that a spreadsheet would run."""
        if reply is None or "crashed" in reply:
            return []
        row = self._row(student, reply)
        page = student_page(row, self._class, self._checks)
        plain = student_page(self._row("ana", _without_words(reply)), self._class, self._checks)
        found = [f"{what} in the page" for what in _marks(page) - _marks(plain) if what not in _usual(plain)]
        table = csv.reader(io.StringIO(as_csv([row], self._checks).decode("utf-8-sig")))
        cells = [cell for line in list(table)[1:] for cell in line]
        return found + [f"the cell {cell[:40]!r}" for cell in cells if cell.strip().startswith(_FORMULA) and not _is_number(cell)]

    def _row(self, student: str, reply: dict[str, Any]) -> Row:
        verdict = Verdict.from_plain(reply["verdict"]) if "verdict" in reply else None
        conditions = Conditions(**dict.fromkeys(Conditions.__dataclass_fields__, "0" * 64))
        grade = Grade(student, conditions, datetime.now(UTC), True, verdict) if verdict else None
        return Row(
            student, f"{student}.py", "corregida" if verdict else "rechazada", reply.get("refused", ""), "0" * 64, grade, {}, ()
        )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[f"<{tag}>"] += 1
        self.seen.update(f"<{tag} {name}>" for name, _ in attrs)


def _marks(page: str) -> Counter[str]:
    parser = _Tags()
    parser.feed(page)
    parser.close()
    return parser.seen


def _usual(page: str) -> set[str]:
    """Elements that a page of ours has anyway, as many times as there are results."""
    return set(_marks(page)) | {"<pre>", "<code>", "<details>", "<summary>", "<p>", "<p class>", "<svg>"}


def _without_words(reply: dict[str, Any]) -> dict[str, Any]:
    """The same reply with nothing of the student's in it."""
    if "verdict" not in reply:
        return {"refused": "x"}
    verdict = reply["verdict"]
    blank = {"message": "x", "detail": "x"}
    parts = {kind: [{**item, **blank} for item in verdict[kind]] for kind in ("checks", "criteria")}
    return {"verdict": {**verdict, **parts}}


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
