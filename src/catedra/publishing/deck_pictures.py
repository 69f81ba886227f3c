"""Draws what a deck shows as pictures: the class's figures, and its formulas for programs that don't show native ones.

Typst draws them: figures from their SVG, which guide and page use too; formulas from LaTeX, which pandoc translates. Text with formulas
inside is set whole, so that they sit on the line of its words.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from catedra.checking.curves import NotMeasuredError
from catedra.course import ClassError, CourseClass
from catedra.publishing.deck_source import Formula, Words
from catedra.publishing.figures import figure_alt, figure_file, fonts_folder
from catedra.publishing.lines import Lines
from catedra.publishing.pandoc import READER, run
from catedra.publishing.pictures import svg_page
from catedra.publishing.reference_deck import INK

DPI = 270
SCREEN_DPI = 144
"""Pixels an inch of a slide on a screen of 1920 × 1080."""
FORMULA_SIZE = 44
"""Points at which a formula of its own is set; the layout may show it smaller or larger."""
_WIDER = 1.07
"""Source Sans is narrower than Arial by this much: at this size its lines break where Arial's do."""

_STICKS_OUT = 0.45
"""How far a formula may stand out of its line, in ems: 0.7 of the space between lines (Typst's rule)."""

_BREAK = re.compile(r"^CATEDRAPIEZA(\d+)$", re.MULTILINE)
_PREAMBLE = f"""
#set page(width: auto, height: auto, margin: 3pt, fill: none)
#set text(font: ("Source Sans Pro", "DejaVu Sans"), fill: rgb("#{INK}"), lang: "es", hyphenate: false)
#set par(leading: 0.62em, spacing: 0.85em)
#set list(marker: [•], body-indent: 0.55em, spacing: 0.85em)
#show math.equation: set text(font: ("New Computer Modern Math", "DejaVu Sans"))
#show raw: set text(font: "DejaVu Sans Mono", size: 0.9em)
"""


@dataclass(frozen=True)
class Figure:
    """A figure as its author drew it, and what it shows in words."""

    svg: str = field(repr=False)
    alt: str


@dataclass(frozen=True)
class Drawing:
    """A picture and its size in inches: of a figure as its author drew it, of a formula at the letters that it was set in."""

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


@dataclass(frozen=True)
class Drawings:
    """The pictures of a deck: of formulas by what was set, of figures by slug; None for a figure that waits for its measurement."""

    formulas: Mapping[Setting, Drawing]
    figures: Mapping[str, Drawing | None]


def figure_of(course_class: CourseClass, slug: str) -> Figure | None:
    """Return a figure; None where it needs curves that nobody measured yet.

    Raises:
        ClassError: it fails, or doesn't say what it shows.
    """
    try:
        return Figure(figure_file(course_class, slug, "svg").decode(), figure_alt(course_class, slug))
    except NotMeasuredError:
        return None


def pages_of(settings: Sequence[Setting], file: str) -> list[str]:
    """Return a page of Typst's markup for each of what is to set.

    Args:
        settings: formulas, and words with formulas.
        file: where they come from, for messages.

    Raises:
        ClassError: a formula can't be read; names the line.
    """
    if not settings:
        return []
    lines = Lines(file)
    for number, setting in enumerate(settings):
        piece = setting.piece
        lines.add(f"CATEDRAPIEZA{number}")
        lines.add(f"$${piece.latex}$$" if isinstance(piece, Formula) else piece.text, file, piece.line)
    # pandoc 3.9 turns \! (a sixth of an em backwards) into a whole em.
    markup = run(lines.text, READER, "typst", lines=lines).replace("#h(-1em)", "#h(-0.167em)")
    # A decimal comma is part of its number (`tree.decimal_commas`), not punctuation.
    markup = re.sub(r'(?:(?<=-) )?(\d+) upright\(","\) (\d+)(?: (?=[);,]))?', r'"\1,\2"', markup)
    # Spaces beside a text are shown: f (x) would stand where the author wrote f(x).
    markup = re.sub(r'upright\(("\w{2,}")\) (?=\\?\()', r"op(\1) ", markup)
    return [_page(setting, body.strip()) for setting, body in zip(settings, _BREAK.split(markup)[2::2], strict=True)]


def draw_formulas(settings: Sequence[Setting], pages: Sequence[str], file: str) -> dict[Setting, Drawing]:
    """Return the pictures of formulas, on no background.

    Args:
        settings: what to set.
        pages: their markup, as `pages_of` returns it.
        file: for messages.

    Raises:
        ClassError: Typst refuses.
    """
    pictures = _drawn("".join((_PREAMBLE, *pages)), {}, f"{file}: the formulas can't be drawn") if pages else []
    return dict(zip(settings, pictures, strict=True))


def draw_figure(figure: Figure, file: str) -> Drawing:
    """Return the picture of a figure, on no background.

    Args:
        figure: as its author drew it.
        file: for messages.

    Raises:
        ClassError: Typst refuses.
    """
    page = "#set page(width: auto, height: auto, fill: none)\n" + svg_page("svg", figure.svg)
    (drawing,) = _drawn(page, {"svg": figure.svg}, f"{file}: a figure can't be drawn ({figure.alt})")
    return replace(drawing, alt=figure.alt)


def _drawn(source: str, inputs: dict[str, str], failure: str) -> list[Drawing]:
    """A picture of each page."""
    import typst

    compiler = typst.Compiler(source.encode(), font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=inputs)
    try:
        pictures: Any = compiler.compile(format="png", ppi=float(DPI))
    except typst.TypstError as error:
        raise ClassError(f"{failure}: {error.message}") from error
    return [_drawing(png) for png in (pictures if isinstance(pictures, list) else [pictures])]


def _page(setting: Setting, body: str) -> str:
    if isinstance(setting.piece, Formula):
        return f"#page[#set text(size: {setting.size}pt)\n{body}\n]\n"
    size = setting.size * _WIDER
    # Typst ends a line at its baseline and lets fractions reach into the space between lines: the margin holds what sticks out.
    page = f"#page(width: {setting.width * 72:.2f}pt, margin: (x: 0pt, y: {_STICKS_OUT * size:.2f}pt))"
    return f"{page}[#set text(size: {size:.2f}pt)\n{body}\n]\n"


def _drawing(png: bytes) -> Drawing:
    width, height = struct.unpack(">II", png[16:24])
    return Drawing(png, width / DPI, height / DPI)


@lru_cache(maxsize=1)
def _fonts() -> Any:
    import matplotlib
    import typst

    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(fonts_folder()), str(dejavu)])
