"""How wide and high text is, before any program shows it: with the widths of Helvetica, which Arial and Liberation Sans share.

So a slide that is too full is refused where it is written, not found in front of the room. Letters with accents are as wide as
without; a sign that the table lacks counts as one em, the widest that it will be.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

LINE_HEIGHT = 1.2
"""From one baseline to the next, in ems, as LibreOffice sets it; PowerPoint's Arial takes 1.15."""
CODE_WIDTH = 0.603
"""Of DejaVu Sans Mono, in ems: the widest of the fonts that may show code."""

_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 "
    "1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 "
    "333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 "
    "975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 "
    "333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584"
)
_OTHERS = {
    "¿": 611, "¡": 333, "«": 556, "»": 556, "–": 556, "‘": 278, "’": 278, "“": 500, "”": 500, "·": 278, "×": 584, "−": 584, "±": 584,
    "\u00a0": 278, "°": 400, "•": 350, "≤": 584, "≥": 584, "≠": 584, "≈": 584, "÷": 584, "º": 400, "ª": 400,
}  # fmt: skip

_SHORT_WORD = re.compile(r"(?<![^\s(«“\"])([¿¡(«“\"]*\w{1,2}) (?! )")


class Run(NamedTuple):
    """A stretch of text of one look."""

    text: str
    bold: bool = False
    code: bool = False


def _table(widths: str, bold: bool) -> dict[str, int]:
    return dict(zip(map(chr, range(32, 127)), map(int, widths.split()), strict=True)) | _OTHERS


_WIDTHS = {bold: _table(widths, bold) for bold, widths in ((False, _REGULAR), (True, _BOLD))}


def ems(text: str, *, bold: bool = False, code: bool = False) -> float:
    """Return how wide a text is, in ems.

    Example:
        >>> ems("á") == ems("a")
        True
    """
    widths = _WIDTHS[bold]
    total = 0.0
    for letter in unicodedata.normalize("NFD", text):
        if unicodedata.combining(letter):
            continue
        wide = unicodedata.east_asian_width(letter) in "WF"  # an emoji, for one
        total += 1.4 if wide else CODE_WIDTH if code else widths.get(letter, 1000) / 1000
    return total


def bound(text: str) -> str:
    """Tie words of one or two letters to the one that follows: no line ends in "y" or "¿En".

    Example:
        >>> bound("MLP y más").replace("\\u00a0", "~")
        'MLP y~más'
    """
    return _SHORT_WORD.sub("\\1\u00a0", text)


def line_count(runs: Sequence[Run], size: float, width: float) -> int:
    """Return how many lines a paragraph takes.

    Args:
        runs: its text.
        size: of its letters, in points.
        width: of a line, in inches.
    """
    return len(words_a_line(runs, size, width))


def words_a_line(runs: Sequence[Run], size: float, width: float) -> tuple[int, ...]:
    """Return how many words begin on each line of a paragraph; arguments as of `line_count`."""
    room = width * 72 / size
    lines, used = [0], 0.0
    for word, length, gap in _words(runs):
        if word == "\n" or (used and used + gap + length > room):
            lines.append(0)
            used = 0.0
        if word == "\n":
            continue
        lines[-1] += 1
        used += (gap if used else 0.0) + length
        if length > room:  # a word wider than the line is broken
            lines += [0] * int(length / room)
            used = length % room
    return tuple(lines)


def widest_word(runs: Sequence[Run]) -> float:
    """Return the width of the widest word, in ems."""
    return max((length for _, length, _ in _words(runs)), default=0.0)


def _words(runs: Sequence[Run]) -> list[tuple[str, float, float]]:
    """Words with their widths and the widths of the spaces before them; a word may change its look halfway."""
    words: list[tuple[str, float, float]] = []
    word, length, gap = "", 0.0, 0.0
    for run in runs:
        for letter in run.text:
            if letter in " \n":
                if word:
                    words.append((word, length, gap))
                    word, length, gap = "", 0.0, 0.0
                if letter == "\n":
                    words.append(("\n", 0.0, 0.0))
                else:
                    gap += ems(" ", bold=run.bold, code=run.code)
            else:
                word += letter
                length += ems(letter, bold=run.bold, code=run.code)
    if word:
        words.append((word, length, gap))
    return words
