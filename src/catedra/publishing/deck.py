"""Makes a class's deck: a PPTX that PowerPoint, LibreOffice and Keynote show alike, with equations that PowerPoint edits.

    slides.md → `deck_source` (slides) → pandoc, on `reference_deck` (text, equations, notes)
                     ↓                             ↓
              `deck_pictures`  →  `deck_layout` (boxes)  →  `deck_compose` (shapes)  →  the same bytes for the same class

Notable: pandoc turns Markdown into DrawingML and LaTeX into native equations, we lay out. Between two pieces of a slide stands a mark
that the composer looks for, so each piece gets a shape and a place of its own.
"""

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from catedra.course import CourseClass
from catedra.publishing.deck_compose import MARK, Deck
from catedra.publishing.deck_layout import TEXT_SIZES
from catedra.publishing.deck_pictures import Drawing, Drawings, Setting, draw_figure, draw_formulas, figure_of, pages_of
from catedra.publishing.deck_source import Code, Formula, Picture, Piece, Slide, Words, file_of, read_slides
from catedra.publishing.document import escaped
from catedra.publishing.lines import Lines
from catedra.publishing.pandoc import READER, run
from catedra.publishing.reference_deck import ACCENT, BODY, CODE_FONT, INK, LEFT_HALF, SOFT, reference_presentation
from catedra.publishing.spoken import spoken

_EPOCH = (1980, 1, 1, 0, 0, 0)
_CONTENT_TYPES = "[Content_Types].xml"
_NOTE_FORMULA = re.compile(r"(?<!\\)\$\$?(?!\s)([^$]+?)(?<!\s)\$\$?")
_PLAIN_FORMULA = re.compile(r"[^\\^_]*")


def deck_of(course_class: CourseClass) -> bytes:
    """Return the deck of a class as PPTX.

    Raises:
        ClassError: the class is broken, or a slide shows too much; names file and line.
    """
    slides = read_slides(course_class)
    file = file_of(course_class)
    settings = list(dict.fromkeys(_settings(slides)))
    shown = dict.fromkeys(piece.slug for slide in slides for piece in _pieces(slide) if isinstance(piece, Picture))
    with ThreadPoolExecutor(2) as pool:
        # Pandoc and Typst work beside this thread, which is busy with matplotlib.
        written = pool.submit(_written, course_class, slides, file)
        formulas = pool.submit(lambda: draw_formulas(settings, pages_of(settings, file), file))
        figures: dict[str, Future[Drawing] | None] = {}
        for slug in shown:
            figure = figure_of(course_class, slug)
            figures[slug] = pool.submit(draw_figure, figure, file) if figure else None
        drawn = {slug: None if waiting is None else waiting.result() for slug, waiting in figures.items()}
        drawings = Drawings(formulas.result(), drawn)
        deck = Deck(course_class, slides, written.result(), drawings)
    return _packed(deck.composed())


def _settings(slides: Sequence[Slide]) -> Iterator[Setting]:
    """Each formula of its own, and words with formulas at every size and width that the layout may choose."""
    for slide in slides:
        for piece in _pieces(slide):
            if isinstance(piece, Formula):
                yield Setting(piece)
            elif isinstance(piece, Words) and piece.formulas:
                width = LEFT_HALF.width if len(slide.columns) == 2 else BODY.width
                yield from (Setting(piece, size, width) for size in TEXT_SIZES)


def _pieces(slide: Slide) -> Iterator[Piece]:
    for column in slide.columns:
        yield from column


def _written(course_class: CourseClass, slides: Sequence[Slide], file: str) -> bytes:
    """What pandoc makes of the slides, one for each after the title."""
    lines = _markdown(course_class, slides, file)
    with tempfile.TemporaryDirectory(prefix="catedra-") as folder:
        reference, theme, out = (Path(folder) / name for name in ("reference.pptx", "code.theme", "deck.pptx"))
        reference.write_bytes(reference_presentation())
        theme.write_text(json.dumps(_code_theme()), encoding="utf-8")
        options = (
            "--slide-level=2",
            f"--reference-doc={reference}",
            f"--syntax-highlighting={theme}",
            f"--variable=monofont={CODE_FONT}",
        )
        run(lines.text, READER, "pptx", *options, f"--output={out}", lines=lines)
        return out.read_bytes()


def _markdown(course_class: CourseClass, slides: Sequence[Slide], file: str) -> Lines:
    lines = Lines(file)
    front = course_class.front
    meta = {"title": course_class.title, "subtitle": f"{front.minutes} minutos · {front.source}"}
    # JSON is YAML; escaped, because pandoc reads metadata as Markdown.
    lines.add(f"---\n{json.dumps({key: escaped(value) for key, value in meta.items()}, ensure_ascii=False, indent=1)}\n---")
    for slide in slides:
        lines.add(f"{'#' if slide.section else '##'} {slide.title} {{#d-{slide.line}}}", file, slide.line)
        if len(slide.columns) == 2:
            lines.add(":::::: columns")
        for column in slide.columns:
            if len(slide.columns) == 2:
                lines.add("::::: column")
            for piece in column:
                lines.add(MARK)
                _add(lines, piece, file)
            if len(slide.columns) == 2:
                lines.add(":::::")
        if len(slide.columns) == 2:
            lines.add("::::::")
        if slide.notes or slide.minutes:
            until = slide.starts + slide.minutes
            said = f"[{slide.minutes} min: del {slide.starts} al {until} de {front.minutes}]"
            lines.add(f"::: notes\n{escaped(said)}\n\n{_NOTE_FORMULA.sub(_said, slide.notes)}\n:::", file, slide.line)
    return lines


def _add(lines: Lines, piece: Piece, file: str) -> None:
    match piece:
        case Words():
            lines.add(piece.text, file, piece.line)
        case Formula():
            lines.add(f"$${piece.latex}$$", file, piece.line)
        case Code():
            mark = "`" * max(3, 1 + max(map(len, re.findall(r"`+", piece.text)), default=0))
            lines.add(f"{mark}{piece.language}\n{piece.text}\n{mark}", file, piece.line)
        case Picture():
            pass  # the composer puts it in


def _said(match: re.Match[str]) -> str:
    """A formula of the notes, as it is said: notes have no equations."""
    formula = match[1].replace("{,}", ",")
    return escaped(formula if _PLAIN_FORMULA.fullmatch(formula) else spoken(formula))


def _code_theme() -> dict[str, Any]:
    """Colours of code: the guide's."""
    looks = {
        "Keyword ControlFlow Import": {"text-color": f"#{ACCENT}", "bold": True},
        "String Char SpecialString VerbatimString SpecialChar": {"text-color": "#1a6b3c"},
        "DecVal Float BaseN Constant": {"text-color": "#8a3a00"},
        "Function BuiltIn": {"text-color": "#4a2a7a"},
        "Comment Documentation": {"text-color": f"#{SOFT}", "italic": True},
    }
    styles = {kind: look for kinds, look in looks.items() for kind in kinds.split()}
    return {"text-color": f"#{INK}", "background-color": None, "text-styles": styles}


def _packed(content: bytes) -> bytes:
    """The same files in a fixed order and without the time of day."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != _CONTENT_TYPES, name)):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            stored = name.endswith(".png")  # compressed already
            new.writestr(entry, old.read(name), zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
