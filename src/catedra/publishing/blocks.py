"""Divides a piece of lesson into blocks: text, code fences and fenced divs (`::: kind` … `:::`), each with its line."""

import re
from dataclasses import dataclass

from catedra.course import ClassError

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})\s*([^`]*?)\s*$")
_OPEN = re.compile(r"^:{3,}\s*(?:\{\s*\.([\w-]+)[^}]*\}|([\w-]+))\s*:*\s*$")
_CLOSE = re.compile(r"^:{3,}\s*$")


@dataclass(frozen=True)
class Text:
    """Markdown outside any fence."""

    text: str
    line: int


@dataclass(frozen=True)
class Fence:
    """A code fence.

    Attributes:
        language: "" where none is named.
        runs: whether it is a cell: Python that isn't marked `.static`.
        code: what stands inside.
        line: of its opening.
    """

    language: str
    runs: bool
    code: str
    line: int

    def as_markdown(self) -> str:
        """The fence as a plain Markdown reader understands it."""
        mark = "`" * max(3, 1 + max(map(len, re.findall(r"`+", self.code)), default=0))
        return f"{mark}{self.language}\n{self.code}\n{mark}"


@dataclass(frozen=True)
class Div:
    """A fenced div: its kind and what stands inside."""

    kind: str
    blocks: "tuple[Block, ...]"
    line: int


Block = Text | Fence | Div


def parse_blocks(text: str, *, name: str, first_line: int = 1) -> tuple[Block, ...]:
    """Divide Markdown into blocks.

    Args:
        text: Markdown.
        name: of the file, for messages.
        first_line: the file's line at which `text` starts.

    Raises:
        ClassError: a fence or a div isn't closed, or a `:::` closes nothing.
    """
    return _Parser(text.splitlines(), name, first_line).blocks(None)


class _Parser:
    def __init__(self, lines: list[str], name: str, first_line: int) -> None:
        self._lines, self._name, self._first = lines, name, first_line
        self._at = 0

    def blocks(self, opened: int | None) -> tuple[Block, ...]:
        found: list[Block] = []
        text: list[str] = []
        start = self._at

        def flush() -> None:
            if any(line.strip() for line in text):
                blank = next(index for index, line in enumerate(text) if line.strip())
                found.append(Text("\n".join(text).strip("\n"), self._first + start + blank))
            text.clear()

        while self._at < len(self._lines):
            line = self._lines[self._at]
            if fence := _FENCE.match(line):
                flush()
                found.append(self._fence(fence))
            elif _CLOSE.match(line):
                if opened is None:
                    raise self._error(self._at, "this `:::` closes nothing: remove it, or open a div before")
                flush()
                self._at += 1
                return tuple(found)
            elif div := _OPEN.match(line):
                flush()
                at = self._at
                self._at += 1
                found.append(Div(div[1] or div[2], self.blocks(at), self._first + at))
            else:
                if not text:
                    start = self._at
                text.append(line)
                self._at += 1
        if opened is not None:
            raise self._error(opened, f"this `{self._lines[opened]}` is never closed: close it with `:::`")
        flush()
        return tuple(found)

    def _fence(self, match: re.Match[str]) -> Fence:
        opened, mark, info = self._at, match[1], match[2]
        close = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}\s*$")
        for end in range(opened + 1, len(self._lines)):
            if close.match(self._lines[end]):
                self._at = end + 1
                language, runs = _language(info)
                return Fence(language, runs, "\n".join(self._lines[opened + 1 : end]), self._first + opened)
        raise self._error(opened, f"this code fence is never closed: close it with {mark}")

    def _error(self, at: int, message: str) -> ClassError:
        return ClassError(f"{self._name}:{self._first + at}: {message}")


def _language(info: str) -> tuple[str, bool]:
    if info.startswith("{"):
        classes = re.findall(r"\.([\w+-]+)", info)
        language = next((each for each in classes if each != "static"), "")
        return language, language == "python" and "static" not in classes
    language = info.split()[0] if info else ""
    return language, language == "python"
