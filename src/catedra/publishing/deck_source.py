"""Reads `slides.md`: sections, claims, what each slide shows, what the teacher says and for how long.

Every piece keeps its line, so that whatever fails later can name it. Mistakes that the text shows are refused here: a figure that nobody
draws, a `$` without its partner, code too long to be read from the last row, minutes that don't sum to the class's.

Not covered: whether a slide is too full. Who lays it out knows (`deck_layout`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from catedra.course import ClassError, CourseClass, read_curves
from catedra.course.template import renderer
from catedra.publishing.blocks import Block, Div, Fence, Text, parse_blocks
from catedra.publishing.deck_measure import bound
from catedra.publishing.figures import slugs
from catedra.publishing.neighbours import neighbours
from catedra.publishing.tree import decimal_commas

MOST_LINES = 8
QUESTION = "pregunta"

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(?:\{([^{}]*)\})?\s*$")
_MINUTES = re.compile(r"\[(\d+)\s*min\]\s*")
_CODE_SPAN = re.compile(r"(`+)(?:(?!\1).)*?\1", re.DOTALL)
_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*\n?)+")
_PIECE = re.compile(
    r"\$\$(?P<formula>.+?)\$\$|!\[(?P<caption>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^)\s]*)[^)]*\)(?:\{[^}]*\})?", re.DOTALL
)
_INLINE = re.compile(r"(?<!\\)\$(?!\s)(?P<formula>[^$]+?)(?<!\s)\$")
_MARKUP = re.compile(r"[$*`\\]|\]\(|(?<!\w)_\w")
_LINK = re.compile(r"\[([^\]]*)\]\(clase:([a-z0-9-]+)(?:#[\w-]+)?\)")


@dataclass(frozen=True)
class Words:
    """Paragraphs or a list, in Markdown."""

    text: str
    line: int

    @property
    def formulas(self) -> tuple[str, ...]:
        """The formulas inside its sentences."""
        return tuple(match["formula"] for match in _INLINE.finditer(_blanked(self.text)))


@dataclass(frozen=True)
class Formula:
    """A formula of its own."""

    latex: str
    line: int


@dataclass(frozen=True)
class Picture:
    """A figure and what is said below it, if anything."""

    slug: str
    caption: str
    line: int


@dataclass(frozen=True)
class Code:
    """A piece of code; `language` is "" where none is named."""

    text: str
    language: str
    line: int


Piece = Words | Formula | Picture | Code


@dataclass(frozen=True)
class Slide:
    """A slide.

    Attributes:
        title: in Markdown.
        line: of its heading.
        section: its number where it opens a section, else 0.
        question: whether its title is a question to the room.
        columns: what it shows; two where the author asked for columns.
        notes: what the teacher says, without the minutes.
        minutes: for how long.
        starts: minutes of class before it.
    """

    title: str
    line: int
    section: int = 0
    question: bool = False
    columns: tuple[tuple[Piece, ...], ...] = ((),)
    notes: str = field(default="", repr=False)
    minutes: int = 0
    starts: int = 0


def read_slides(course_class: CourseClass) -> tuple[Slide, ...]:
    """Return the slides of a class.

    Raises:
        ClassError: `slides.md` is wrong; names the line and the mend.
    """
    return _Reader(course_class).slides()


def file_of(course_class: CourseClass) -> str:
    """Return the name of `slides.md` in messages."""
    return f"{course_class.folder.name}/slides.md"


class _Reader:
    def __init__(self, course_class: CourseClass) -> None:
        self._class = course_class
        self._name = file_of(course_class)
        text = (course_class.folder / "slides.md").read_text(encoding="utf-8")
        self._lines = self._rendered(text.splitlines())
        self._figures = slugs(course_class)

    def _rendered(self, lines: Sequence[str]) -> list[str]:
        render = renderer(self._class.record, read_curves(self._class.folder), self._name)
        return [self._at(number, render, line) for number, line in enumerate(lines, start=1)]

    def _at(self, number: int, render: Callable[[str], str], line: str) -> str:
        try:
            return render(line)
        except ClassError as error:
            raise ClassError(str(error).replace(self._name, f"{self._name}:{number}", 1)) from error

    def _refuse(self, line: int, message: str) -> NoReturn:
        raise ClassError(f"{self._name}:{line}: {message}")

    def slides(self) -> tuple[Slide, ...]:
        found: list[Slide] = []
        sections = elapsed = 0
        for line, match, body in self._parts():
            level, title = len(match[1]), match[2]
            if not title:
                self._refuse(line, "this heading is empty: its title is the slide's claim")
            if level == 1:
                sections += 1
            slide = self._slide(line, title, match[3] or "", body, sections if level == 1 else 0, elapsed)
            elapsed += slide.minutes
            found.append(slide)
        if not any(not slide.section for slide in found):
            self._refuse(1, "there is no slide: begin one with `## The claim of the slide`")
        if elapsed != self._class.front.minutes:
            self._refuse(
                found[-1].line,
                f"the minutes of the notes sum to {elapsed}, the class has {self._class.front.minutes}: "
                f"{'give' if elapsed < self._class.front.minutes else 'take'} {abs(self._class.front.minutes - elapsed)}",
            )
        return tuple(found)

    def _parts(self) -> Iterator[tuple[int, re.Match[str], str]]:
        """Yield each heading's line, the heading and the text below it."""
        fence, starts = "", []
        for index, line in enumerate(self._lines):
            mark = _FENCE.match(line)
            if mark and (not fence or (mark[1].startswith(fence) and line.strip() == mark[1])):
                fence = "" if fence else mark[1]
            elif not fence and (heading := _HEADING.match(line)):
                if len(heading[1]) > 2:
                    found = f"{heading[1]} {heading[2]}"
                    self._refuse(index + 1, f"found `{found}`: slides have `# Section` and `## Claim` only: split the slide")
                starts.append((index, heading))
        first = starts[0][0] if starts else len(self._lines)
        for index, line in enumerate(self._lines[:first]):
            if line.strip():
                self._refuse(index + 1, "this text stands before the first heading: begin a slide with `## …`")
        ends = [index for index, _ in starts[1:]] + [len(self._lines)]
        for (index, heading), end in zip(starts, ends, strict=True):
            yield index + 1, heading, "\n".join(self._lines[index + 1 : end])

    def _slide(self, line: int, title: str, attributes: str, body: str, section: int, starts: int) -> Slide:
        self._check_dollars(title, line)
        columns: list[tuple[Piece, ...]] = []
        alone: list[Piece] = []
        notes: list[Div] = []
        for block in parse_blocks(body, name=self._name, first_line=line + 1):
            if isinstance(block, Div) and block.kind == "notes":
                notes.append(block)
            elif isinstance(block, Div) and block.kind == "columns":
                columns += self._columns(block)
            else:
                alone += self._pieces(block)
        if section and (alone or columns):
            self._refuse(line, "a section's slide shows its title only: put this below a `## Claim`")
        if alone and columns:
            self._refuse(line, "this slide has columns and something beside them: put everything into the columns")
        said, minutes = self._notes(notes, line, needed=not section)
        question = f".{QUESTION}" in attributes.split()
        shown = tuple(columns) or (tuple(alone),)
        return Slide(self._linked(title, line), line, section, question, shown, said, minutes, starts)

    def _notes(self, divs: list[Div], line: int, *, needed: bool) -> tuple[str, int]:
        if not divs:
            if needed:
                self._refuse(line, "this slide has no notes: end it with `::: notes`, `[4 min] What the teacher says.`, `:::`")
            return "", 0
        if len(divs) > 1:
            self._refuse(divs[1].line, "these are the slide's second notes: join them")
        blocks = divs[0].blocks
        if not all(isinstance(block, Text) for block in blocks):
            self._refuse(divs[0].line, "notes hold plain text: what is to be seen goes on the slide")
        said = "\n\n".join(block.text for block in blocks if isinstance(block, Text)).strip()
        match = _MINUTES.match(said)
        if match is None:
            self._refuse(divs[0].line, "these notes don't begin with their time: `[4 min] What the teacher says.`")
        self._check_dollars(said, divs[0].line + 1)
        return self._linked(said[match.end() :], divs[0].line + 1), int(match[1])

    def _columns(self, div: Div) -> list[tuple[Piece, ...]]:
        columns = []
        for block in div.blocks:
            if not (isinstance(block, Div) and block.kind == "column"):
                self._refuse(block.line, "inside `::: columns` everything stands in a `::: column`")
            columns.append(tuple(piece for inner in block.blocks for piece in self._pieces(inner)))
        if len(columns) != 2 or not all(columns):
            self._refuse(div.line, f"expected two columns with something in each, found {len(columns)}")
        return columns

    def _pieces(self, block: Block) -> list[Piece]:
        if isinstance(block, Div):
            self._refuse(block.line, f"a slide has `::: notes` and `::: columns`; found {block.kind!r}")
        if isinstance(block, Fence):
            return [self._code(block)]
        self._check_dollars(block.text, block.line)
        pieces: list[Piece] = []
        bare, at = _blanked(block.text), 0
        for match in _PIECE.finditer(bare):
            pieces += self._words(block, at, match.start())
            line = block.line + bare.count("\n", 0, match.start())
            if match["formula"] is not None:
                pieces.append(Formula(decimal_commas(match["formula"].strip()), line))
            else:
                pieces.append(self._picture(match, block.text[slice(*match.span("caption"))], line))
            at = match.end()
        return [*pieces, *self._words(block, at, len(bare))]

    def _words(self, block: Text, start: int, end: int) -> list[Piece]:
        text = block.text[start:end]
        if not text.strip():
            return []
        line = block.line + block.text.count("\n", 0, start) + text[: len(text) - len(text.lstrip())].count("\n")
        return [Words(_commas(self._linked(text.strip("\n"), line)), line)]

    def _code(self, fence: Fence) -> Code:
        lines = fence.code.rstrip().split("\n")
        if len(lines) > MOST_LINES:
            self._refuse(
                fence.line, f"this code has {len(lines)} lines; a slide shows {MOST_LINES} at most: keep what the claim needs"
            )
        if not fence.code.strip():
            self._refuse(fence.line, "this code is empty")
        return Code("\n".join(line.rstrip().replace("\t", "    ") for line in lines), fence.language, fence.line)

    def _picture(self, match: re.Match[str], caption: str, line: int) -> Picture:
        kind, _, slug = match["target"].partition(":")
        if kind != "figure":
            self._refuse(line, f"expected a figure of figures.py, `figure:slug`; found {match['target']!r}")
        if slug not in self._figures:
            there = ", ".join(self._figures) or "none"
            self._refuse(line, f"figures.py draws no figure {slug!r} (there are: {there})")
        if found := _MARKUP.search(caption):
            self._refuse(
                line, f"what a figure's caption says is plain words; found {found[0]!r}: say it without, or on the slide"
            )
        return Picture(slug, bound(" ".join(caption.split())), line)

    def _linked(self, text: str, line: int) -> str:
        """Links to classes become the class's number: a slide is read from afar, nobody clicks."""

        def number(match: re.Match[str]) -> str:
            there = neighbours(self._class)
            if match[2] not in there:
                at = line + text.count("\n", 0, match.start())
                self._refuse(at, f"no class has the slug {match[2]!r}: `catedra list --all` shows them")
            return f"{match[1]} (clase\u00a0{there[match[2]].number})"

        return _LINK.sub(number, text)

    def _check_dollars(self, text: str, line: int) -> None:
        bare = _blanked(text.replace("\\$", "  "))
        for paragraph in _PARAGRAPH.finditer(bare):
            if paragraph[0].count("$") % 2:
                at = line + bare.count("\n", 0, paragraph.start() + paragraph[0].rfind("$"))
                self._refuse(at, "a `$` of this paragraph has no partner: close the formula, or write `\\$` for money")
        for match in re.finditer(r"\$\$?(.+?)\$\$?", bare, re.DOTALL):
            plain = re.sub(r"\\[{}\\]", "", match[1])
            if plain.count("{") != plain.count("}"):
                at = line + bare.count("\n", 0, match.start())
                self._refuse(at, f"the braces of this formula don't pair: `{' '.join(match[1].split())}`")


def _blanked(text: str) -> str:
    """The text with code blanked out, as long as before."""
    return _CODE_SPAN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def _commas(text: str) -> str:
    return _INLINE.sub(lambda match: f"${decimal_commas(match['formula'])}$", text)
