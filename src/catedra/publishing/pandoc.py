"""A thin wrapper over pandoc's program, which the package pypandoc-binary carries: Markdown → syntax tree → Typst, HTML and so on.

No shell, no files: text goes in and out through pipes, and `--sandbox` keeps pandoc from reading anything else. What pandoc warns
of is an error here: a formula that it can't read would otherwise stand in the guide as source.
"""

import json
import re
import subprocess
from functools import lru_cache
from typing import Any

from catedra.course import ClassError
from catedra.publishing.lines import Lines

READER = (
    "markdown+autolink_bare_uris+ascii_identifiers-raw_html-raw_tex-raw_attribute-citations-example_lists-fancy_lists"
    "-subscript-superscript"
)
"""Pandoc's Markdown without what would let a lesson depend on one output (raw HTML and TeX) or surprise its author (`@`, `~`, `^`)."""

_AT = re.compile(r"(?:at|line) (?:line )?(\d+)")
_MATH = re.compile(r"Could not convert TeX math (.*?), rendering as TeX:?\n?(.*)", re.DOTALL)


def parse(lines: Lines) -> dict[str, Any]:
    """Return the syntax tree of Markdown, as pandoc's plain data.

    Raises:
        ClassError: pandoc warns or fails; names file and line where it says so.
    """
    tree: dict[str, Any] = json.loads(run(lines.text, READER, "json", lines=lines))
    return tree


def write(tree: dict[str, Any], to: str, *options: str, lines: Lines) -> str:
    """Return a syntax tree in another format.

    Args:
        tree: as `parse` returns it, transformed.
        to: pandoc's name of the format, e.g. "typst" or "html".
        options: of pandoc's.
        lines: what the tree was parsed from, for messages.

    Raises:
        ClassError: pandoc warns or fails.
    """
    return run(json.dumps(tree), "json", to, *options, lines=lines)


def run(text: str, read: str, to: str, *options: str, lines: Lines) -> str:
    """Run pandoc on a text.

    Raises:
        ClassError: pandoc warns or fails; names file and line where it can be told.
    """
    command = [_program(), "--from", read, "--to", to, "--wrap=preserve", "--sandbox", *options]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode != 0 or "[WARNING]" in said:
        raise ClassError(_explained(said or f"pandoc ended with status {done.returncode}", lines))
    return done.stdout.decode()


def _explained(said: str, lines: Lines) -> str:
    first = said.split("[WARNING]")[1].strip() if "[WARNING]" in said else said
    math = _MATH.search(first)
    if math is not None:
        formula = math[1].strip()
        reason = next((line.strip() for line in math[2].splitlines() if "unexpected" in line), "")
        reason = reason.replace("unexpected eof", "it ends too soon")
        return f"{lines.find(formula)}: this formula isn't LaTeX that can be read: `{formula}`: {reason or 'check it'}: check its braces"
    at = _AT.search(first)
    where = lines.origin(int(at[1])) if at else lines.file
    return f"{where}: {' '.join(first.split())}"


@lru_cache(maxsize=1)
def _program() -> str:
    from pypandoc import get_pandoc_path

    return str(get_pandoc_path())
