"""Sets a class's guide: an A4 PDF by Typst with our own template, tagged for screen readers (PDF/UA-1).

    document → pandoc's tree → Typst markup (this module) → templates/guide.typ → PDF

Notable: answers (`::: respuesta`) stand at the end, so that the page with the question doesn't give them away; every figure and
formula has a text alternative, or Typst refuses; everything is in memory, no temporary file.

The fonts are embedded. From the typst wheel: Libertinus Serif (OFL 1.1), New Computer Modern Math (GUST Font License) and DejaVu Sans
Mono (Bitstream Vera licence); Source Sans Pro (OFL 1.1, package font-source-sans-pro); for what those lack, DejaVu Sans (matplotlib).
"""

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from catedra.checking.curves import NotMeasuredError
from catedra.course import ClassError, CourseClass
from catedra.publishing.cells import ANSWER, CALLOUTS
from catedra.publishing.document import Document, assemble
from catedra.publishing.figures import figure_alt, figure_file, fonts_folder
from catedra.publishing.pandoc import write
from catedra.publishing.spoken import spoken
from catedra.publishing.tree import DECIMAL, Cell, Node, class_link, classes, raw, read, rewrite, table_of, text_of, walk

LONGEST_WHOLE = 1500
"""Characters of a row or callout that goes on one page whole; a longer one is divided, so that none is cut."""

FIGURE_END = "// figure"
TABLE_WIDTH, PADDING = 47.5, 1.3
"""The width of the text and the room around a cell's, in ems of a table's text."""

TEMPLATE = Path(__file__).with_name("templates") / "guide.typ"


def guide_of(course_class: CourseClass) -> bytes:
    """Return the guide of a class as PDF.

    Raises:
        ClassError: the class is broken or can't be set; names file and line where it can be told.
    """
    return set_guide(assemble(course_class))


def set_guide(document: Document) -> bytes:
    """Return the guide of an assembled class as PDF; the same document gives the same bytes."""
    markup, inputs = markup_of(document)
    return _compiled(markup, inputs, document)


def markup_of(document: Document) -> tuple[str, dict[str, str]]:
    """Return the guide in Typst's markup, and the texts that it asks for by name: metadata and pictures."""
    writer = _Writer(document)
    blocks = rewrite(read(document), writer.change)
    blocks = _with_room_for_figures(_kept_together(blocks))
    if writer.answers:
        blocks.append({"t": "Header", "c": [2, ["respuestas", [], []], [{"t": "Str", "c": "Respuestas"}]]})
        for number, answer in enumerate(writer.answers, start=1):
            blocks += [raw("typst", f"#la-respuesta({number})["), *answer, raw("typst", "]")]
    tree = {"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": blocks}
    options = ("--shift-heading-level-by=-1", "--syntax-highlighting=idiomatic")
    body = write(tree, "typst", *options, lines=document.lines)
    # pandoc 3.9 turns \! (a sixth of an em backwards) into a whole em.
    body = body.replace("#h(-1em)", "#h(-0.167em)")
    # A decimal comma is part of its number (`tree.decimal_commas`), not punctuation.
    body = re.sub(r'(?:(?<=-) )?(\d+) upright\(","\) (\d+)(?: (?=[);,]))?', r'"\1,\2"', body)
    return f"{TEMPLATE.read_text(encoding='utf-8')}\n{body}", {"meta": json.dumps(_meta(document)), **writer.inputs}


class _Writer:
    """Turns what Typst markup has no name for into calls of the template's functions."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._class = document.course_class
        self.inputs: dict[str, str] = {}
        self.answers: list[list[Node]] = []

    def change(self, node: Node) -> list[Node] | None:
        match node["t"]:
            case "Div":
                return self._div(node)
            case "Figure":
                return self._figure(node)
            case "Math":
                return self._math(node)
            case "Link":
                return self._link(node)
            case "Span":
                return self._span(node)
            case "DefinitionList":
                return _definitions(node)
            case "Table":
                return _fitted_columns(node)
            case "Para" | "Plain":
                return _no_runt(node)
            case "HorizontalRule":
                return []
        return None

    def _div(self, node: Node) -> list[Node] | None:
        kinds, blocks = classes(node), node["c"][1]
        kind = kinds[0] if kinds else ""
        if kind in {"fila", "celda"}:
            return None
        if kind == "tabla":
            return self._table(node)
        if kind == ANSWER:
            self.answers.append(blocks)
            return [raw("typst", f"#ver-respuesta({len(self.answers)})")]
        if kind in CALLOUTS:
            whole = (
                "true"
                if len(text_of(blocks)) < LONGEST_WHOLE and not any(each["t"] == "CodeBlock" for each in walk(blocks))
                else "false"
            )
            return [raw("typst", f"#recuadro({_string(kind)}, {_string(CALLOUTS[kind])}, {whole})["), *blocks, raw("typst", "]")]
        if kind == "referencias":
            blocks = rewrite(blocks, _with_address)
        return [raw("typst", f"#{kind}["), *blocks, raw("typst", "]")] if kind else blocks

    def _table(self, node: Node) -> list[Node]:
        table = table_of(node)
        widths = ", ".join(f"{width}fr" for width in table.widths)
        opening = f"#tabla({_string(table.kind)}, ({widths},), ("
        out = [raw("typst", opening), *_cells(table.head), raw("typst", "),")]
        for kind, cells in table.rows:
            out += [raw("typst", f"({_string(kind)}, ("), *_cells(cells), raw("typst", ")),")]
        return [*out, raw("typst", ")")]

    def _figure(self, node: Node) -> list[Node]:
        slug, caption = node["image"]["slug"], node["image"]["caption"]
        try:
            picture = figure_file(self._class, slug, "svg").decode()
        except NotMeasuredError:
            return [raw("typst", "#figura-pendiente["), *caption, raw("typst", "]")]
        self.inputs[f"figure-{slug}"] = picture
        alt = figure_alt(self._class, slug)
        width = re.search(r'<svg[^>]*\swidth="([\d.]+)pt"', picture)
        natural = float(width[1]) if width else 442.0
        return [
            raw("typst", f"#figura({_string(slug)}, {_string(alt)}, {natural:.1f})["),
            *caption,
            raw("typst", f"]{FIGURE_END}"),
        ]

    def _math(self, node: Node) -> list[Node]:
        kind, formula = node["c"][0]["t"], node["c"][1]
        call = "formula" if kind == "DisplayMath" else "formulita"
        words = spoken(formula.replace(DECIMAL, ","))
        return [raw("typst", f"#{call}({_string(words)})[", inline=True), node, raw("typst", "]", inline=True)]

    def _link(self, node: Node) -> list[Node] | None:
        attributes, words, (target, title) = node["c"]
        link = class_link(target, self._document)
        if link is None:
            return None
        neighbour, _ = link
        number = [{"t": "Space"}, {"t": "Str", "c": f"(clase\u00a0{neighbour.number})"}]
        if neighbour.folder is None:
            return [*words, *number]
        file = f"{neighbour.number}-{neighbour.slug}.pdf"
        return [{"t": "Link", "c": [attributes, words, [file, title]]}, *number]

    def _span(self, node: Node) -> list[Node] | None:
        kinds = classes(node)
        if not kinds:
            return None
        call = f"#veredicto({_string(kinds[1])})[" if kinds[0] == "veredicto" else f"#{kinds[0]}["
        return [raw("typst", call, inline=True), *node["c"][1], raw("typst", "]", inline=True)]


def _cells(cells: tuple[Cell, ...]) -> list[Node]:
    whole = all(len(text_of(cell.blocks)) < LONGEST_WHOLE for cell in cells)
    out: list[Node] = []
    for cell in cells:
        out += [raw("typst", f"({cell.colspan}, {'false' if whole else 'true'}, ["), *cell.blocks, raw("typst", "]),")]
    return out


def _definitions(node: Node) -> list[Node]:
    """Each term at the start of its paragraph."""
    out: list[Node] = []
    for term, (blocks, *_) in node["c"]:
        first, *rest = blocks
        named = [raw("typst", "#termino[", inline=True), *term, raw("typst", "] ", inline=True), *first["c"]]
        out += [raw("typst", "#definicion["), {"t": "Para", "c": named}, *rest, raw("typst", "]")]
    return out


def _fitted_columns(node: Node) -> list[Node]:
    """A table's columns by what they hold: pandoc would take the widths from how the source was typed."""
    attributes, caption, columns, head, bodies, foot = node["c"]
    rows = [*head[1], *(row for body in bodies for row in (*body[2], *body[3]))]
    longest, lines = [1.0] * len(columns), [1.0] * len(columns)
    for row in rows:
        for at, (_, _, _, span, blocks) in enumerate(row[1][: len(columns)]):
            if span == 1:
                longest[at] = max([longest[at], *_word_widths(blocks)])
                lines[at] = max(lines[at], sum(_word_widths(blocks)) + 0.5 * text_of(blocks).count(" "))
    room = TABLE_WIDTH - PADDING * len(columns)
    widths: list[Node] = [{"t": "ColWidthDefault"}] * len(columns)
    if sum(lines) > room:
        # Each column has its longest word; what is left goes to those with more to say.
        extra = max(room - sum(longest), 0)
        wanted = [line - word for line, word in zip(lines, longest, strict=True)]
        parts = [word + extra * want / (sum(wanted) or 1) + PADDING for word, want in zip(longest, wanted, strict=True)]
        widths = [{"t": "ColWidth", "c": part / sum(parts)} for part in parts]
    aligned = [[align, width] for (align, _), width in zip(columns, widths, strict=True)]
    return [{"t": "Table", "c": [attributes, caption, aligned, head, bodies, foot]}]


def _word_widths(blocks: list[Node]) -> list[float]:
    """About how wide each word of a cell is, in ems of its text; letters of code are wider and all alike."""
    out: list[float] = []
    for node in walk(blocks):
        if node["t"] == "Str":
            out.append(0.5 * len(node["c"]))
        elif node["t"] in {"Code", "Math"}:
            out += [0.54 * len(word) for word in node["c"][1].split()]
    return out


def _with_address(node: Node) -> list[Node] | None:
    """A reference's link with its address in print."""
    if node["t"] != "Link" or not node["c"][2][0].startswith("http"):
        return None
    shown = re.sub(r"^https?://(?:www\.)?|/$", "", node["c"][2][0])
    if shown in text_of(node["c"][1]):
        return None
    before, after = raw("typst", " #fuente[", inline=True), raw("typst", "]", inline=True)
    return [node, before, {"t": "Str", "c": shown}, after]


def _kept_together(blocks: list[Node]) -> list[Node]:
    """A short paragraph stays on the page of the formula, code, table or callout that it leads to."""
    out: list[Node] = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        said = text_of([block])
        shown = following is not None and (
            following["t"] in {"CodeBlock", "Table"} or _is_formula(following) or _opens(following)
        )
        listed = following is not None and following["t"] in {"BulletList", "OrderedList"}
        leads = (said.endswith(":") and (shown or listed)) or (len(said) < 110 and shown)
        if block["t"] == "Para" and leads and not _is_formula(block):
            out += [raw("typst", "#pegado["), block, raw("typst", "]")]
        else:
            out.append(block)
    return out


def _with_room_for_figures(blocks: list[Node]) -> list[Node]:
    """Give each figure the paragraphs that follow it, which may go first where the page has no room for it."""
    out: list[Node] = []
    waiting = list(blocks)
    while waiting:
        block = waiting.pop(0)
        if block["t"] != "RawBlock" or not block["c"][1].endswith(FIGURE_END):
            out.append(block)
            continue
        after: list[Node] = []
        while waiting and len(after) < 3 and waiting[0]["t"] == "Para" and not _is_formula(waiting[0]):
            after.append(waiting.pop(0))
        out += [raw("typst", "]["), *after, raw("typst", "]")]
    return out


def _opens(node: Node) -> bool:
    """Whether it begins a call of the template's: a callout, a figure."""
    return bool(node["t"] == "RawBlock" and node["c"][1].startswith("#"))


def _is_formula(node: Node) -> bool:
    return node["t"] == "Para" and any(each["t"] == "Math" and each["c"][0]["t"] == "DisplayMath" for each in node["c"])


def _no_runt(node: Node) -> list[Node] | None:
    """A last word of a letter or two stays with the one before: it would make a line of its own."""
    words = node["c"]
    if len(words) > 8 and words[-1]["t"] == "Str" and len(words[-1]["c"]) <= 3 and words[-2]["t"] in {"Space", "SoftBreak"}:
        return [{**node, "c": [*words[:-2], {"t": "Str", "c": "\u00a0"}, words[-1]]}]
    return None


def _meta(document: Document) -> dict[str, Any]:
    course_class = document.course_class
    front = course_class.front
    before = [document.neighbours[slug] for slug in front.prerequisites if slug in document.neighbours]
    deepens = document.neighbours.get(front.deepens or "")
    return {
        "number": front.number,
        "title": front.title,
        "minutes": front.minutes,
        "source": front.source,
        "before": [f"{item.title} ({item.number})" for item in before],
        "deeper": f"{deepens.title} ({deepens.number})" if deepens else "",
        "hash": course_class.content_hash,
    }


def _compiled(markup: str, inputs: dict[str, str], document: Document) -> bytes:
    import typst

    compiler = typst.Compiler(markup.encode(), font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=inputs)
    try:
        pdf = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=0)
    except typst.TypstError as error:
        raise ClassError(_explained(error, markup, document)) from error
    assert isinstance(pdf, bytes)
    return pdf


def _explained(error: Any, markup: str, document: Document) -> str:
    """Typst's message with the lesson's line, found by the words around the culprit."""
    hints = "; ".join(error.hints)
    message = f"the guide can't be set: {error.message}{f' ({hints})' if hints else ''}"
    letter = re.search(r'the text `"(.+?)"` could not be displayed', error.message)
    if letter is not None:
        return f"{document.lines.find(letter[1])}: {message}"
    at = re.search(r":(\d+):(\d+)", str(error.diagnostic))
    lines = markup.splitlines()
    if at is not None and int(at[1]) <= len(lines):
        words = re.findall(r"[\w,.;áéíóúñ]+", lines[int(at[1]) - 1])
        for length in (6, 4, 3):
            for start in range(max(len(words) - length + 1, 0)):
                where = document.lines.find(" ".join(words[start : start + length]))
                if where != document.lines.file:
                    return f"{where}: {message}"
    return f"{document.lines.file}: {message}"


@lru_cache(maxsize=1)
def _fonts() -> Any:
    import matplotlib
    import typst

    dejavu = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[str(fonts_folder()), str(dejavu)])


def _string(text: str) -> str:
    """A text as Typst writes strings."""
    return '"' + re.sub(r"\s+", " ", text).replace("\\", "\\\\").replace('"', '\\"') + '"'
