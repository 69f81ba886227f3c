"""Writes notebook cells from a lesson's Markdown.

A ```python fence is a code cell; callouts are block quotes with a label; `::: prediccion` is followed by a cell that keeps the
answer; `::: respuesta` is folded away; figures are attachments, so that the file is one. Identifiers say where a cell belongs and
are the same at each derivation.
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

from catedra.course import ClassError
from catedra.publishing.blocks import Block, Div, Fence, Text, parse_blocks

CALLOUTS = {"intuicion": "Intuición", "cuidado": "Cuidado", "probalo": "Probalo", "prediccion": "Predecí antes de mirar"}
ANSWER = "respuesta"

_HEADING = re.compile(r"^(#{1,6} .*?)\s*\{[#.][^}]*\}\s*$", re.MULTILINE)
_CLASS_LINK = re.compile(r"\[([^\]]+)\]\(clase:[^)]*\)")
_OWN_LINK = re.compile(r"\]\(#([\w-]+)\)")
_FIGURE = re.compile(r"!\[((?:[^\[\]]|\[[^\]]*\])*)\]\(figure:([\w-]+)\)(?:\{[^}]*\})?")


class Picture(NamedTuple):
    """A drawn figure: PNG bytes and what it shows, in words."""

    png: bytes
    alt: str


@dataclass
class CellWriter:
    """Collects the cells of one notebook.

    Attributes:
        name: of the lesson's file, for messages.
        picture: slug → drawn figure, None where it can't be drawn yet; raises KeyError for an unknown slug.
        headings: slug → heading of this lesson, for its own links.
        cells: what was written.
    """

    name: str
    picture: Callable[[str], Picture | None]
    headings: dict[str, str]
    cells: list[dict[str, Any]] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)
    _predictions: int = 0
    _text: list[str] = field(default_factory=list)
    _attachments: dict[str, Any] = field(default_factory=dict)

    def lesson(self, text: str, place: str, first_line: int) -> None:
        """Add a piece of the lesson.

        Args:
            text: Markdown.
            place: what the identifiers of its cells start with.
            first_line: its line in the file.
        """
        self._blocks(parse_blocks(text, name=self.name, first_line=first_line), place)

    def say(self, text: str) -> None:
        """Add Markdown of ours to the text cell in progress."""
        if text:
            self._text.append(text)

    def code(self, source: str, place: str, *, identifier: str | None = None, **metadata: Any) -> None:
        """Close the text cell in progress and add a code cell; `metadata` goes under `catedra`."""
        self.close(place)
        cell = self._cell("code", source, identifier or self._next(place), metadata)
        cell.update(execution_count=None, outputs=[])
        self.cells.append(cell)

    def close(self, place: str, *, identifier: str | None = None, **metadata: Any) -> None:
        """Close the text cell in progress, if there is one."""
        if not self._text:
            return
        cell = self._cell("markdown", "\n\n".join(self._text), identifier or self._next(place), metadata)
        if self._attachments:
            cell["attachments"] = self._attachments
        self.cells.append(cell)
        self._text, self._attachments = [], {}

    def _blocks(self, blocks: tuple[Block, ...], place: str) -> None:
        for block in blocks:
            if isinstance(block, Div) and block.kind in CALLOUTS:
                self._callout(block, place)
            elif isinstance(block, Fence) and block.runs:
                self.code(block.code, place)
            else:
                self.say(self._shown(block))

    def _callout(self, div: Div, place: str) -> None:
        quote_parts = [f"**{CALLOUTS[div.kind]}**"]
        for block in div.blocks:
            if isinstance(block, Fence) and block.runs:
                self.say(_quoted(quote_parts))
                quote_parts = []
                self.code(block.code, place)
            else:
                quote_parts.append(self._shown(block))
        self.say(_quoted(quote_parts))
        if div.kind == "prediccion":
            self._predictions += 1
            name = f"prediccion_{self._predictions}"
            self.code(f"{name} = ...  # escribí acá lo que esperás, antes de seguir", place, role="prediction")

    def _shown(self, block: Block) -> str:
        """A block as text: what is folded away isn't run."""
        if isinstance(block, Text):
            return self._rewritten(block)
        if isinstance(block, Fence):
            return block.as_markdown()
        if block.kind != ANSWER:
            there = ", ".join((*CALLOUTS, ANSWER))
            raise ClassError(
                f"{self.name}:{block.line}: expected a div of {there}, and only `{ANSWER}` inside another; found {block.kind!r}"
            )
        folded = "\n\n".join(self._shown(inner) for inner in block.blocks)
        return f"<details>\n<summary>Ver la respuesta</summary>\n\n{folded}\n\n</details>"

    def _rewritten(self, block: Text) -> str:
        def draw(match: re.Match[str]) -> str:
            return self._figure(match[1], match[2], block.line + block.text[: match.start()].count("\n"))

        text = _FIGURE.sub(draw, block.text)
        text = _HEADING.sub(r"\1", text)
        text = _CLASS_LINK.sub(r"\1", text)
        return _OWN_LINK.sub(self._own_link, text)

    def _own_link(self, match: re.Match[str]) -> str:
        heading = self.headings.get(match[1])
        return match[0] if heading is None else f"](#{quote(heading.replace(' ', '-'))})"

    def _figure(self, caption: str, slug: str, line: int) -> str:
        try:
            picture = self.picture(slug)
        except KeyError:
            raise ClassError(f"{self.name}:{line}: figures.py draws no figure {slug!r}: add it, or mend the slug") from None
        shown = f"**Figura.** {caption}"
        if picture is None:
            return shown
        self._attachments[f"{slug}.png"] = {"image/png": base64.b64encode(picture.png).decode("ascii")}
        alt = re.sub(r"[\[\]\n]", " ", picture.alt)
        return f"![{alt}](attachment:{slug}.png)\n\n{shown}"

    def _next(self, place: str) -> str:
        self._counts[place] = self._counts.get(place, 0) + 1
        return f"{place}-{self._counts[place]:02d}"

    def _cell(self, kind: str, source: str, identifier: str, metadata: dict[str, Any]) -> dict[str, Any]:
        whole: dict[str, Any] = {"catedra": metadata} if metadata else {}
        return {"cell_type": kind, "id": identifier, "metadata": whole, "source": source}


def _quoted(parts: list[str]) -> str:
    return "\n".join(f"> {line}".rstrip() for line in "\n\n".join(parts).split("\n")) if parts else ""
