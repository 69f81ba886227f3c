"""Composes the deck: takes pandoc's slides apart into pieces and sets each where the layout wants it.

An equation stands twice: native for PowerPoint, a picture for whoever doesn't show that (`deck_shapes.alternatives`).

Not covered: tables and formulas in titles; they are refused.
"""

import datetime
import io
import re
from collections.abc import Sequence
from typing import Any

from catedra.course import ClassError, CourseClass
from catedra.publishing import reference_deck as looks
from catedra.publishing.deck_layout import (
    CAPTION_SIZE,
    Arrangement,
    Content,
    Paragraph,
    Placed,
    TooFull,
    arrange,
    balanced,
    title_height,
)
from catedra.publishing.deck_measure import Run, bound, ems, line_count
from catedra.publishing.deck_pictures import Drawing, Drawings, Setting
from catedra.publishing.deck_shapes import (
    A,
    P,
    alternatives,
    bind,
    in_spanish,
    move,
    paragraph,
    paragraphs_of,
    picture,
    restyle,
    runs_of,
    shape,
    slide_number,
)
from catedra.publishing.deck_source import Code, Formula, Picture, Piece, Slide, Words, file_of
from catedra.publishing.reference_deck import Box, Layout
from catedra.publishing.spoken import spoken

MARK = "\ue000"
"""A paragraph of this sign (private use) stands before each piece in what pandoc gets."""
_MATH = "{http://schemas.microsoft.com/office/drawing/2010/main}m"
_BEFORE_MARK = re.compile(r" (?=[.,;:)?!])")

_MADE = datetime.datetime(2020, 1, 1)
_PLACES = {Layout.IDEA: (1,), Layout.FIGURE: (2,), Layout.CODE: (2,), Layout.COLUMNS: (1, 2)}
"""The placeholders of a layout that words may fill."""


class Deck:
    """A deck in the making.

    Args:
        course_class: the class.
        slides: of `slides.md`.
        written: what pandoc made of them.
        drawings: the pictures of its formulas and figures.
    """

    def __init__(
        self,
        course_class: CourseClass,
        slides: Sequence[Slide],
        written: bytes,
        drawings: Drawings,
    ) -> None:
        from pptx import Presentation

        self._class, self._slides = course_class, slides
        self._deck: Any = Presentation(io.BytesIO(written))
        self._drawings = drawings
        self._layouts = {layout.name: layout for layout in self._deck.slide_layouts}
        if len(self._deck.slides) != len(slides) + 1:
            raise ClassError(f"{file_of(course_class)}: pandoc makes {len(self._deck.slides) - 1} slides of {len(slides)}")

    def composed(self) -> bytes:
        """Return the deck.

        Raises:
            ClassError: a slide shows too much, or what no slide shows.
        """
        cover, *others = self._deck.slides
        self._cover(cover)
        for number, (slide, page) in enumerate(zip(self._slides, others, strict=True), start=2):
            try:
                _Page(self, slide, page, number).compose()
            except TooFull as error:
                line = error.line or slide.line
                raise ClassError(f"{file_of(self._class)}:{line}: the slide is too full: {error}") from error
        for name, layout in self._layouts.items():
            if name == looks.SPARE:
                self._deck.slide_layouts.remove(layout)
            else:
                layout._element.cSld.set("name", Layout(name).shown)
        self._properties()
        buffer = io.BytesIO()
        self._deck.save(buffer)
        return buffer.getvalue()

    def layout(self, layout: Layout) -> Any:
        """The layout as python-pptx knows it."""
        return self._layouts[layout.value]

    def footer(self) -> str:
        """What stands below each slide."""
        said = f"Clase {self._class.number} · {self._class.title}"
        return said if ems(said) * looks.FOOT_SIZE / 72 < looks.FOOT.width else f"Clase {self._class.number}"

    def content(self, title: tuple[Run, ...], words: dict[Words, tuple[Paragraph, ...]]) -> Content:
        """What is known of a slide's pieces."""
        return Content(title, words, self._drawings)

    def drawing(self, setting: Setting) -> Drawing:
        """The picture of a formula."""
        return self._drawings.formulas[setting]

    def figure(self, slug: str) -> Drawing | None:
        """The picture of a figure."""
        return self._drawings.figures[slug]

    @property
    def file(self) -> str:
        """The name of `slides.md` in messages."""
        return file_of(self._class)

    def _cover(self, page: Any) -> None:
        tree = page.shapes._spTree
        runs, size = [Run(bound(self._class.title), bold=True)], looks.COVER_SIZE
        while size > looks.SECTION_SIZE // 2 and title_height(runs, size, looks.COVER_TITLE.width) > looks.COVER_TITLE.height:
            size -= 2
        high = title_height(runs, size, looks.COVER_TITLE.width)
        for each in tree.findall(f"{P}sp"):
            if each.find(f".//{P}ph").get("type") == "ctrTitle":
                bind(each)
                restyle(each, size)
                move(each, balanced(runs, size, looks.COVER_TITLE))
            else:
                move(each, looks.COVER_TITLE._replace(y=looks.COVER_TITLE.y + high + 0.35, height=1.2))
        tree.append(shape(100, "Número", [paragraph(f"CLASE {self._class.number}")], place=13, kind="body"))
        in_spanish(tree)

    def _properties(self) -> None:
        core = self._deck.core_properties
        core.title = f"Clase {self._class.number}: {self._class.title}"
        core.subject = f"Diapositivas de la clase {self._class.number}"
        core.identifier = str(self._class.number)
        core.author = core.last_modified_by = "Cátedra"
        core.category = "aprendizaje profundo"
        core.keywords = f"aprendizaje profundo, catedra:{self._class.content_hash}"
        core.language = "es-AR"
        core.created = core.modified = _MADE
        core.revision = 1


class _Page:
    """A slide in the making."""

    def __init__(self, deck: Deck, slide: Slide, page: Any, number: int) -> None:
        self._deck, self._slide, self._page, self._number = deck, slide, page, number
        self._tree = page.shapes._spTree
        self._last = 100
        self._places: list[int] = []

    def compose(self) -> None:
        """Lay it out.

        Raises:
            TooFull: it shows too much.
            ClassError: it shows what no slide can.
        """
        title, bodies = self._taken_apart()
        bind(title)
        if self._slide.section:
            runs = _bold(runs_of(title))
            if line_count(runs, looks.SECTION_SIZE, looks.SECTION_TITLE.width) > 3:
                raise TooFull("its title takes more than three lines: say it shorter")
            move(title, balanced(runs, looks.SECTION_SIZE, looks.SECTION_TITLE))
            self._add(shape(self._next(), "Número", [paragraph(str(self._slide.section))], place=1, kind="body"))
        else:
            pieces = self._pieces(bodies)
            for each in (each for piece, found in pieces if isinstance(piece, Words) for each in found):
                bind(each)
            words = {piece: paragraphs_of(found) for piece, found in pieces if isinstance(piece, Words)}
            arrangement = arrange(self._slide, self._deck.content(_bold(runs_of(title)), words))
            self._title(title, arrangement)
            self._use(arrangement.layout)
            found_for = {id(piece): found for piece, found in pieces}
            for placed in arrangement.placed:
                self._place(placed, found_for[id(placed.piece)])
        self._add(shape(self._next(), "Pie", [paragraph(self._deck.footer())], place=11, kind="ftr", **_foot(looks.FOOT)))
        number = [slide_number(self._number)]
        self._add(shape(self._next(), "Número de diapositiva", number, place=12, kind="sldNum", **_foot(looks.NUMBER, "r")))
        in_spanish(self._tree)
        if self._page.has_notes_slide:
            in_spanish(self._page.notes_slide._element)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _add(self, made: Any) -> None:
        self._tree.append(made)

    def _refused(self, what: str) -> ClassError:
        return ClassError(f"{self._deck.file}:{self._slide.line}: {what}")

    # Taking apart

    def _taken_apart(self) -> tuple[Any, list[Any]]:
        """The title's shape, and the paragraphs of the bodies, which leave the slide."""
        if self._tree.find(f"{P}graphicFrame") is not None:
            raise self._refused("a slide can't show a table: draw a figure, or use `::: columns`")
        title: Any = None
        paragraphs: list[Any] = []
        for child in list(self._tree)[2:]:
            inner = next(child.iter(f"{P}sp"))
            if inner.find(f".//{P}ph").get("type") == "title":
                title = inner
                if child is not inner:
                    raise self._refused("its title holds a formula: say it in words and show the formula below")
            else:
                self._tree.remove(child)
                paragraphs += inner.findall(f"{P}txBody/{A}p")
        return title, paragraphs

    def _pieces(self, paragraphs: list[Any]) -> list[tuple[Piece, list[Any]]]:
        """Each piece with the paragraphs that pandoc wrote for it."""
        groups: list[list[Any]] = []
        for each in paragraphs:
            if "".join(run.text for run in runs_of(each)).strip() == MARK:
                groups.append([])
            else:
                groups[-1].append(each)
        pieces = [piece for column in self._slide.columns for piece in column]
        if len(groups) != len(pieces):
            raise self._refused("it holds more than text, formulas, code and figures: pandoc would make several slides of it")
        return list(zip(pieces, groups, strict=True))

    # Putting together

    def _use(self, layout: Layout) -> None:
        relation = next(each for each in self._page.part.rels.values() if each.reltype.endswith("/slideLayout"))
        relation._target = self._deck.layout(layout).part
        self._places = list(_PLACES[layout])

    def _title(self, title: Any, arrangement: Arrangement) -> None:
        if arrangement.title != looks.TITLE:
            move(title, arrangement.title)
        if self._slide.question:
            restyle(title, arrangement.title_size, looks.ASKING)
            for box in (looks.RULE, Box(0, 0, 0.2, looks.HEIGHT)):
                self._tree.insert(2, looks.bar_shape(self._next(), "Adorno de pregunta", box, looks.ASKING))
            label = paragraph("PREGUNTA PARA LA SALA", size=looks.LABEL_SIZE, colour=looks.ASKING, bold=True, spacing=150)
            self._add(shape(self._next(), "Pregunta", [label], box=looks.LABEL))

    def _place(self, placed: Placed, paragraphs: list[Any]) -> None:
        match placed.piece:
            case Words():
                self._words(placed.piece, placed.box, int(placed.size), paragraphs)
            case Formula():
                self._formula(placed.piece, placed.box, placed.size, paragraphs)
            case Code():
                self._code(placed.box, int(placed.size), paragraphs)
            case Picture():
                self._figure(placed.piece, placed)

    def _words(self, piece: Words, box: Box, size: int, paragraphs: list[Any]) -> None:
        place = self._places.pop(0) if self._places else None
        made = shape(self._next(), "Texto", paragraphs, box=box, levels=looks.text_levels(size), place=place)
        if piece.formulas:
            said = _aloud(paragraphs, piece)
            drawing = self._deck.drawing(Setting(piece, size, box.width))
            shown = picture(self._next(), self._page.part, drawing, Box(box.x, box.y, drawing.width, drawing.height), said)
            made = alternatives(made, [shown])
        self._add(made)

    def _formula(self, piece: Formula, box: Box, size: float, paragraphs: list[Any]) -> None:
        said, setting = spoken(piece.latex), Setting(piece)
        drawing = self._deck.drawing(setting)
        width, height = drawing.width * size / setting.size, drawing.height * size / setting.size
        middle = Box(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height)
        levels = looks.text_levels(int(size), flat=True)
        native = shape(self._next(), "Fórmula", paragraphs, box=box, levels=levels, fill=looks.TINT, anchor="ctr", said=said)
        panel = looks.bar_shape(self._next(), "Panel", box, looks.TINT)
        self._add(alternatives(native, [panel, picture(self._next(), self._page.part, drawing, middle, said)]))

    def _code(self, box: Box, size: int, paragraphs: list[Any]) -> None:
        for properties in (each for whole in paragraphs for each in whole.iter(f"{A}rPr")):
            properties.set("noProof", "1")
            for font in properties.findall(f"{A}latin"):
                font.set("pitchFamily", "49")  # who lacks the font takes another one of fixed width
        levels = looks.text_levels(size, flat=True)
        self._add(shape(self._next(), "Código", paragraphs, box=box, levels=levels, fill=looks.TINT, anchor="ctr"))

    def _figure(self, piece: Picture, placed: Placed) -> None:
        drawing = self._deck.figure(piece.slug)
        if drawing is None:
            said = paragraph("Figura pendiente de medición", size=20, colour=looks.SOFT, align="ctr")
            self._add(shape(self._next(), f"Figura {piece.slug}", [said], box=placed.box, anchor="ctr", outline=looks.LINE))
        else:
            self._add(picture(self._next(), self._page.part, drawing, placed.box, drawing.alt))
        if placed.caption is not None:
            said = paragraph(piece.caption, size=CAPTION_SIZE, colour=looks.SOFT)
            self._add(shape(self._next(), "Qué se ve", [said], box=placed.caption))


def _foot(box: Box, align: str = "l") -> dict[str, Any]:
    """A footer's looks, said again: LibreOffice doesn't take them from the layout."""
    return {"box": box, "levels": looks.plain_level(looks.FOOT_SIZE, looks.SOFT, align)}


def _bold(runs: Sequence[Run]) -> tuple[Run, ...]:
    return tuple(run._replace(bold=True) for run in runs)


def _aloud(paragraphs: Sequence[Any], piece: Words) -> str:
    """Words with their formulas, as they are said."""
    formulas = iter(piece.formulas)
    said = []
    for each in paragraphs:
        for node in each.iter(f"{A}t", _MATH):
            said.append(f" {spoken(next(formulas, ''))} " if node.tag == _MATH else node.text or "")
        said.append(" ")
    return _BEFORE_MARK.sub("", " ".join("".join(said).split()))
