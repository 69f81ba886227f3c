"""What a verb shows: a card in a notebook, plain text elsewhere.

The outcome is said by a word and a symbol; colour only repeats it. Text takes the theme's colours, so that it reads in the dark
too.
"""

import html
import re
from dataclasses import dataclass

from catedra.checking.outcome import Outcome

ADVISORY = "orientativo"

_SYMBOLS = {
    Outcome.CORRECT: "✓",
    Outcome.INCORRECT: "✗",
    Outcome.NOT_ATTEMPTED: "○",
    Outcome.RUNTIME_ERROR: "⚠",
    Outcome.TIMEOUT: "⧗",
    Outcome.INCONCLUSIVE: "≈",
    Outcome.PENDING: "…",
    Outcome.NOT_CHECKABLE: "?",
}
_COLOURS = {Outcome.CORRECT: "#2e7d32", Outcome.INCORRECT: "#b26a00", Outcome.RUNTIME_ERROR: "#b3261e"}
_NEUTRAL = "#5b7083"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, repr=False)
class Card:
    """A message with its parts.

    Attributes:
        title: what it is about.
        message: the message itself; `code` stands between backquotes.
        outcome: of a check, if it speaks of one.
        detail: folded away in a notebook.
        folded: (summary, text) of other things to unfold.
        steps: what to do next.
        stamp: what the reader should know about its weight, e.g. "orientativo".
    """

    title: str
    message: str
    outcome: Outcome | None = None
    detail: str = ""
    folded: tuple[tuple[str, str], ...] = ()
    steps: tuple[str, ...] = ()
    stamp: str = ""

    def __str__(self) -> str:
        lines = [f"{self._head()}{f' ({self.stamp})' if self.stamp else ''}", _indent(self.message)]
        if self.detail:
            lines.append(_indent(self.detail))
        lines += [_indent(f"{summary}: {text}") for summary, text in self.folded]
        lines += [f"  → {step}" for step in self.steps]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = _COLOURS.get(self.outcome, _NEUTRAL) if self.outcome else _NEUTRAL
        stamp = f' <span style="opacity:.75;font-size:.85em">· {html.escape(self.stamp)}</span>' if self.stamp else ""
        parts = [
            f'<section role="group" aria-label="{html.escape(self._head(), quote=True)}" style="border-left:4px solid {colour};'
            'padding:.5em 1em;margin:.25em 0;max-width:48rem;line-height:1.5">',
            f'<p style="margin:0 0 .3em"><strong>{_inline(self._head())}</strong>{stamp}</p>',
            f'<p style="margin:0 0 .3em;white-space:pre-line">{_inline(self.message)}</p>',
        ]
        if self.detail:
            shown = f'<pre style="white-space:pre-wrap;margin:.3em 0">{html.escape(self.detail)}</pre>'
            parts.append(f"<details><summary>Detalle</summary>{shown}</details>")
        for summary, text in self.folded:
            parts.append(f"<details><summary>{_inline(summary)}</summary><p>{_inline(text)}</p></details>")
        if self.steps:
            items = "".join(f"<li>{_inline(step)}</li>" for step in self.steps)
            parts.append(f'<ul aria-label="Qué seguir haciendo" style="margin:.3em 0 0;padding-left:1.2em">{items}</ul>')
        return "".join([*parts, "</section>"])

    def _head(self) -> str:
        return self.title if self.outcome is None else f"{_SYMBOLS[self.outcome]} {self.title} · {self.outcome.label}"


@dataclass(frozen=True, repr=False)
class SourceCard:
    """A piece of Python, highlighted where Markdown is rendered."""

    title: str
    source: str

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.source}"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return f"**{self.title}**\n\n```python\n{self.source}\n```"


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text))


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
