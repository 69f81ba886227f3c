"""Lays a slide out: which of the six layouts, where each piece stands, how large its letters are. Or refuses it as too full.

Pure: it gets the pieces' sizes and returns boxes. A slide's pieces stand one below the other, in the order of the source; a figure that
would be small above its words stands beside them. Figures grow until they touch an edge, but not past their pixels.

Inches and points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from catedra.publishing.deck_measure import CODE_WIDTH, LINE_HEIGHT, Run, ems, line_count, widest_word, words_a_line
from catedra.publishing.deck_pictures import DPI, FORMULA_SIZE, SCREEN_DPI, Drawings, Setting
from catedra.publishing.deck_source import Code, Formula, Picture, Piece, Slide, Words
from catedra.publishing.reference_deck import BODY, GUTTER, LEFT_HALF, QUESTION_SIZE, RIGHT_HALF, TITLE, TITLE_SIZE, Box, Layout

TEXT_SIZES = (30, 28, 26, 24)
"""The first only where words are alone."""
CODE_SIZES = (26, 24, 22, 20, 18, 16, 15, 14)
CAPTION_SIZE = 20
PANEL = 0.32
"""Room around a formula and around code, inside their panel."""
GAP = 0.38
MOST_ENLARGED = DPI / SCREEN_DPI
_LEAST_FORMULA = 24
_LARGEST_FORMULA = 1.3
_AIRY = 0.8
_ROUNDING = 1e-6
_CODE_LINE = 1.25
_ABOVE_CAPTION = 0.2
_PENDING = (6.3, 3.2)
_TITLE_LINE = 0.95 * LINE_HEIGHT
_INDENT = 0.375
_SPACE_AFTER = 10 / 72


class TooFull(Exception):
    """A slide holds more than it can show; the message says what and by how much."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Paragraph(NamedTuple):
    """A paragraph as pandoc wrote it: its runs and, in a list, its level from 0; -1 outside."""

    runs: tuple[Run, ...]
    level: int = -1


class Placed(NamedTuple):
    """A piece with its place; `size` is of its letters, or how much a figure is enlarged; `caption` is where a figure's stands."""

    piece: Piece
    box: Box
    size: float
    caption: Box | None = None


@dataclass(frozen=True)
class Arrangement:
    """A slide laid out."""

    layout: Layout
    title: Box
    title_size: int
    placed: tuple[Placed, ...]


@dataclass(frozen=True)
class Content:
    """What is known of a slide's pieces.

    Attributes:
        title: its runs.
        words: the paragraphs of a piece of words.
        drawings: the pictures of its formulas and figures.
    """

    title: tuple[Run, ...]
    words: dict[Words, tuple[Paragraph, ...]]
    drawings: Drawings

    def words_box(self, piece: Words, size: int, area: Box) -> Box:
        """The box that words take at the top of an area."""
        if piece.formulas:
            return area._replace(height=self.drawings.formulas[Setting(piece, size, area.width)].height)
        paragraphs, total = self.words[piece], 0.0
        for runs, level in paragraphs:
            room, letters = area.width - _INDENT * (level + 1), max(size - 4 * max(level, 0), 20)
            if widest_word(runs) * letters / 72 > room:
                raise TooFull("a word is wider than its column", piece.line)
            total += line_count(runs, letters, room) * letters * LINE_HEIGHT * 1.05 / 72 + _SPACE_AFTER
        box = area._replace(height=total - _SPACE_AFTER)
        return balanced(paragraphs[0].runs, size, box) if len(paragraphs) == 1 and paragraphs[0].level < 0 else box

    def figure_size(self, slug: str) -> tuple[float, float]:
        """How large a figure was drawn."""
        drawing = self.drawings.figures[slug]
        return (drawing.width, drawing.height) if drawing else _PENDING


def arrange(slide: Slide, content: Content) -> Arrangement:
    """Return a slide laid out.

    Raises:
        TooFull: it shows too much.
    """
    size = QUESTION_SIZE if slide.question else TITLE_SIZE
    y = TITLE.y + (0.36 if slide.question else 0.0)
    title = _title(content, TITLE._replace(y=y), size)
    pieces = slide.columns[0]
    if len(slide.columns) == 2:
        area = _below(title)
        return Arrangement(Layout.COLUMNS, title, size, _columns(slide.columns, content, area))
    pictures = [piece for piece in pieces if isinstance(piece, Picture)]
    others = [piece for piece in pieces if not isinstance(piece, Picture)]
    if len(pictures) > 2 or (len(pictures) == 2 and others):
        raise TooFull(f"it shows {len(pictures)} figures and more: keep one idea", pictures[-1].line)
    if len(pictures) == 2:
        return Arrangement(Layout.COLUMNS, title, size, _columns(((pictures[0],), (pictures[1],)), content, _below(title)))
    if pictures:
        return _with_figure(slide, content, title, size, pictures[0], others)
    layout = Layout.CODE if any(isinstance(piece, Code) for piece in pieces) else Layout.IDEA
    return Arrangement(layout, title, size, _stacked(pieces, content, _below(title)))


def title_height(runs: Sequence[Run], size: float, width: float) -> float:
    """How high a title is."""
    return line_count(runs, size, width) * size * _TITLE_LINE / 72


def balanced(runs: Sequence[Run], size: float, box: Box) -> Box:
    """Return a text's box, narrowed until its lines are about as long: no word stands alone below."""
    lines = line_count(runs, size, box.width)
    if lines == 1:
        return box
    narrow, wide = box.width / 2, box.width
    while wide - narrow > 0.02:
        middle = (narrow + wide) / 2
        narrow, wide = (narrow, middle) if line_count(runs, size, middle) == lines else (middle, wide)
    # Letters may be a little wider elsewhere; but with too much room a line takes the next one's first word.
    breaks = words_a_line(runs, size, wide)
    slack = next(slack for slack in (0.3, 0.2, 0.1, 0.05, 0.0) if words_a_line(runs, size, wide + slack) == breaks)
    return box._replace(width=min(wide + slack / 2, box.width))


def _title(content: Content, box: Box, size: int, most: int = 2) -> Box:
    lines = line_count(content.title, size, box.width)
    if lines > most or widest_word(content.title) * size / 72 > box.width:
        raise TooFull(f"its title takes {lines} lines of {size} points, expected {most} at most: say it shorter")
    return balanced(content.title, size, box)._replace(height=title_height(content.title, size, box.width) + 0.06)


def _below(title: Box) -> Box:
    top = title.bottom + 0.42
    return BODY._replace(y=top, height=BODY.bottom - top)


def _columns(columns: Sequence[Sequence[Piece]], content: Content, area: Box) -> tuple[Placed, ...]:
    halves = [half._replace(y=area.y, height=area.height) for half in (LEFT_HALF, RIGHT_HALF)]
    top = 0.3 if all(isinstance(piece, Picture) for pieces in columns for piece in pieces) else 0.0
    both = [_stacked(pieces, content, half, top=top) for pieces, half in zip(columns, halves, strict=True)]
    return tuple(placed for column in both for placed in column)


def _with_figure(slide: Slide, content: Content, title: Box, size: int, picture: Picture, others: Sequence[Piece]) -> Arrangement:
    """Of the ways that there are, the one that shows the figure largest."""
    area = _below(title)
    found: list[tuple[float, Arrangement]] = []

    def attempt(make: Callable[[], Arrangement], bonus: float = 1.0) -> None:
        try:
            arrangement = make()
        except TooFull:
            return
        scale = next(placed.size for placed in arrangement.placed if placed.piece is picture)
        found.append((scale * bonus, arrangement))

    attempt(lambda: Arrangement(Layout.FIGURE, title, size, _stacked(slide.columns[0], content, area, top=0.5)), bonus=1.1)
    if all(isinstance(piece, Words) and not piece.formulas for piece in others):
        side = Box(TITLE.x, title.y, 4.1, TITLE.height)
        beside = Box(side.right + GUTTER, 0.62, BODY.right - side.right - GUTTER, BODY.bottom - 0.62)

        def tall() -> Arrangement:
            letters = min(size, TITLE_SIZE)
            narrow = _title(content, side, letters, most=6)
            below = _below(narrow)._replace(width=side.width)
            words = _stacked(others, content, below, top=0.0) if others else ()
            return Arrangement(Layout.FIGURE, narrow, letters, (*_stacked([picture], content, beside, top=0.5), *words))

        attempt(tall)
        if others:
            left, right = area._replace(width=4.1), area._replace(x=4.9 + GUTTER, width=area.width - 4.1 - GUTTER)
            attempt(
                lambda: Arrangement(
                    Layout.COLUMNS,
                    title,
                    size,
                    (*_stacked(others, content, left, top=0.25), *_stacked([picture], content, right, top=0.3)),
                )
            )
    if not found:
        raise TooFull("the figure and the words don't fit together: drop words, or give them a slide of their own", picture.line)
    return max(found, key=lambda pair: pair[0])[1]


def _stacked(pieces: Sequence[Piece], content: Content, area: Box, top: float | None = None) -> tuple[Placed, ...]:
    """Pieces one below the other; `top` is the share of the free height above them."""
    if not pieces:
        return ()
    if top is None:
        top = 0.12 if all(isinstance(piece, Words) for piece in pieces) else 0.36
    height = 0.0
    for size in TEXT_SIZES if all(isinstance(piece, Words) for piece in pieces) else TEXT_SIZES[1:]:
        boxes = _heights(pieces, content, area, size)
        height = sum(box.height for box, _ in boxes) + GAP * (len(pieces) - 1)
        if height <= area.height + _ROUNDING:
            y = area.y + (area.height - height) * top
            placed = []
            for piece, (box, letters) in zip(pieces, boxes, strict=True):
                placed.append(_placed(piece, box._replace(y=y), letters, area))
                y += box.height + GAP
            return tuple(placed)
    raise TooFull(f"it needs {height:.1f} inches of height and has {area.height:.1f}: keep one idea", pieces[-1].line)


def _heights(pieces: Sequence[Piece], content: Content, area: Box, size: int) -> list[tuple[Box, float]]:
    """Each piece's box, not yet at its height on the slide; a figure takes what the others leave."""
    boxes: dict[int, tuple[Box, float]] = {}
    for index, piece in enumerate(pieces):
        match piece:
            case Words():
                boxes[index] = (content.words_box(piece, size, area), size)
            case Formula():
                boxes[index] = _formula(piece, content, area, alone=len(pieces) == 1)
            case Code():
                boxes[index] = _code(piece, area)
    taken = sum(box.height for box, _ in boxes.values()) + GAP * (len(pieces) - 1)
    for index, piece in enumerate(pieces):
        if isinstance(piece, Picture):
            boxes[index] = _figure(piece, content, area, area.height - taken)
    return [boxes[index] for index in range(len(pieces))]


def _formula(piece: Formula, content: Content, area: Box, *, alone: bool) -> tuple[Box, float]:
    drawing = content.drawings.formulas[Setting(piece)]
    fits = (area.width - 2 * PANEL) / drawing.width
    # Enlarged, it keeps some air at its sides.
    scale = min(fits, max(1.0, min(_LARGEST_FORMULA, _AIRY * fits)) if alone else 1.0)
    if scale * FORMULA_SIZE < _LEAST_FORMULA:
        raise TooFull(
            f"this formula is {drawing.width / (area.width - 2 * PANEL):.1f} times as wide as fits: split it with `\\\\` or drop terms",
            piece.line,
        )
    return area._replace(height=drawing.height * scale + 2 * PANEL), scale * FORMULA_SIZE


def _code(piece: Code, area: Box) -> tuple[Box, float]:
    lines = piece.text.split("\n")
    widest = max(ems(line, code=True) for line in lines)
    for size in CODE_SIZES:
        if widest * size / 72 <= area.width - 2 * PANEL:
            return area._replace(height=len(lines) * size * _CODE_LINE / 72 + 2 * PANEL), size
    most = int((area.width - 2 * PANEL) * 72 / CODE_SIZES[-1] / CODE_WIDTH)
    longest = max(range(len(lines)), key=lambda index: ems(lines[index], code=True))
    raise TooFull(f"this line of code has {len(lines[longest])} characters, {most} fit: break it", piece.line + 1 + longest)


def _figure(piece: Picture, content: Content, area: Box, room: float) -> tuple[Box, float]:
    width, height = content.figure_size(piece.slug)
    below = _caption_height(piece, area.width)
    scale = min(area.width / width, (room - below) / height, MOST_ENLARGED)
    if scale < 0.75:
        raise TooFull("there is no room for the figure: drop words, or give them a slide of their own", piece.line)
    shown = Box(area.x + (area.width - width * scale) / 2, area.y, width * scale, height * scale + below)
    return shown, scale


def _placed(piece: Piece, box: Box, size: float, area: Box) -> Placed:
    if not (isinstance(piece, Picture) and piece.caption):
        return Placed(piece, box, size)
    below = _caption_height(piece, area.width)
    frame = box._replace(height=box.height - below)
    return Placed(piece, frame, size, Box(area.x, frame.bottom + _ABOVE_CAPTION, area.width, below - _ABOVE_CAPTION))


def _caption_height(piece: Picture, width: float) -> float:
    """How high a figure's caption is, with the gap above it; 0 where it has none."""
    if not piece.caption:
        return 0.0
    return line_count([Run(piece.caption)], CAPTION_SIZE, width) * CAPTION_SIZE * LINE_HEIGHT * 1.05 / 72 + _ABOVE_CAPTION
