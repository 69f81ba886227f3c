"""How verbs speak: a Rich console, or one JSON document with `--json`."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

JSON_HELP = "Un documento JSON en vez de tablas."


def print_json(value: Any) -> None:
    """Write a value as indented JSON on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1))


def console(stderr: bool = False) -> "Console":
    """Return a console that writes numbers as they are."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def table(*columns: str, title: str | None = None) -> "Table":
    """Return an empty table in the project's style; a column that begins with ">" is aligned right."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(
            column.removeprefix(">"),
            justify="right" if column.startswith(">") else "left",
            overflow="fold",
            no_wrap=column == "Nombre",
        )
    return made
