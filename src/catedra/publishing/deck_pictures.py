"""Draws what a deck shows as pictures: a class's figures, and its formulas for programs that don't show native ones.

Typst sets all formulas of a deck in one go. Text with formulas inside is set whole, so that they sit on the line of its words.
"""

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from catedra.checking.curves import NotMeasuredError
from catedra.course import ClassError, CourseClass
from catedra.publishing.deck_source import Formula, Words
from catedra.publishing.figures import figure_alt, figure_file, fonts_folder
from catedra.publishing.lines import Lines
from catedra.publishing.pandoc import READER, run
from catedra.publishing.reference_deck import INK

FIGURE_DPI = 270
FORMULA_DPI = 288
FORMULA_SIZE = 44
"""Points at which a formula of its own is set; the layout may show it smaller."""
_WIDER = 1.07
"""Source Sans is narrower than Arial by this much: at this size its lines break where Arial's do."""

_BREAK = re.compile(r"^CATEDRAPIEZA(\d+)$", re.MULTILINE)
_PREAMBLE = f"""
#set page(width: auto, height: auto, margin: 3pt, fill: none)
#set text(font: ("Source Sans Pro", "DejaVu Sans"), fill: rgb("#{INK}"), lang: "es", hyphenate: false)
#set par(leading: 0.5em, spacing: 0.85em)
#set list(marker: [•], body-indent: 0.55em, spacing: 0.85em)
#show math.equation: set text(font: ("New Computer Modern Math", "DejaVu Sans"))
#show raw: set text(font: ("DejaVu Sans Mono",), size: 0.9em)
#let horizontalrule = []
"""


@dataclass(frozen=True)
class Drawing:
    """A picture and its size in inches: of a figure as its author drew it, of a formula at the letters it was set in."""

    png: bytes = field(repr=False)
    width: float
    height: float
    alt: str = ""


@dataclass(frozen=True)
class Setting:
    """What to set: a formula of its own, or words with formulas at a size (points) and a width (inches)."""

    piece: Formula | Words
    size: int = FORMULA_SIZE
    width: float = 0.0


def draw_figure(course_class: CourseClass, slug: str) -> Drawing | None:
    """Return a figure; None where it needs curves that nobody measured yet.

    Raises:
        ClassError: it fails, or doesn't say what it shows.
    """
    try:
        png = figure_file(course_class, slug, "png", dpi=FIGURE_DPI)
    except NotMeasuredError:
        return None
    return _drawing(png, FIGURE_DPI, figure_alt(course_class, slug))


def set_formulas(settings: Iterable[Setting], file: str) -> dict[Setting, Drawing]:
    """Return pictures of formulas and of words with formulas, on no background.

    Args:
        settings: what to set.
        file: where they come from, for messages.

    Raises:
        ClassError: a formula can't be read; names the line.
    """
    import typst

    wanted = list(dict.fromkeys(settings))
    if not wanted:
        return {}
    lines = Lines(file)
    for number, setting in enumerate(wanted):
        piece = setting.piece
        lines.add(f"CATEDRAPIEZA{number}")
        lines.add(f"$${piece.latex}$$" if isinstance(piece, Formula) else piece.text, file, piece.line)
    # pandoc 3.9 turns \! (a sixth of an em backwards) into a whole em.
    markup = run(lines.text, READER, "typst", lines=lines).replace("#h(-1em)", "#h(-0.167em)")
    bodies = _BREAK.split(markup)[2::2]
    pages = [_page(setting, body) for setting, body in zip(wanted, bodies, strict=True)]
    source = f"{_PREAMBLE}{''.join(pages)}".encode()
    compiler = typst.Compiler(source, font_paths=_fonts(), ignore_system_fonts=True)
    try:
        pictures = compiler.compile(format="png", ppi=float(FORMULA_DPI))
    except typst.TypstError as error:
        raise ClassError(f"{file}: the formulas can't be set: {error.message}") from error
    found = pictures if isinstance(pictures, list) else [pictures]
    return {setting: _drawing(png, FORMULA_DPI) for setting, png in zip(wanted, found, strict=True)}


def _page(setting: Setting, body: str) -> str:
    if isinstance(setting.piece, Formula):
        return f"#page[#set text(size: {setting.size}pt)\n{body.strip()}\n]\n"
    return f"#page(width: {setting.width * 72:.2f}pt, margin: 0pt)[#set text(size: {setting.size * _WIDER:.2f}pt)\n{body.strip()}\n]\n"


def _drawing(png: bytes | None, dpi: int, alt: str = "") -> Drawing:
    assert png is not None
    width, height = struct.unpack(">II", png[16:24])
    return Drawing(png, width / dpi, height / dpi, alt)


@lru_cache(maxsize=1)
def _fonts() -> Any:
    import matplotlib
    import typst

    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(fonts_folder()), str(dejavu)])
