"""Writes the status table of the README from the classes' records. `--check` only says whether it is up to date."""

import sys
from pathlib import Path

from catedra.course.record import write_atomically
from catedra.course.status import markdown_table

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- status: begin -->", "<!-- status: end -->"


def updated(text: str) -> str:
    """Return the README's text with today's table."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown_table()}\n{END}{after}"


if __name__ == "__main__":
    current = README.read_text(encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(current != updated(current))
    write_atomically(README, updated(current))
