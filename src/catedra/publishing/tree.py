"""Pandoc's syntax tree as plain data, and what guide and page do to it alike.

A node is `{"t": kind, "c": content}`; docs of pandoc-types say what each kind's content is. Not covered: what only one of the two
outputs needs (`guide`, `page`).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from catedra.course import ClassError
from catedra.publishing.document import Document
from catedra.publishing.neighbours import Neighbour
from catedra.publishing.pandoc import parse

Node = dict[str, Any]
Change = Callable[[Node], list[Node] | None]

_PAPER = re.compile(r"^(\(?)(?:(arXiv):(\d{4}\.\d{4,5})(?:v\d+)?|doi:(10\.\d{4,9}/\S+?))([).,;]*)$", re.IGNORECASE)
DECIMAL = "\\text{,}"
_DECIMAL = re.compile(r"(?<![\d,])(\d+)(?:,|\{,\})(\d+)(?![\d,])")


@dataclass(frozen=True)
class Cell:
    """A cell: its blocks and how many columns it spans."""

    blocks: list[Node]
    colspan: int


@dataclass(frozen=True)
class Table:
    """A table that `catedra.publishing.document` laid out as divs.

    Attributes:
        kind: which one, e.g. "errores".
        widths: of the columns, in percent.
        head: the header row's cells; empty for a table without one.
        rows: (kind, cells).
    """

    kind: str
    widths: tuple[int, ...]
    head: tuple[Cell, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@lru_cache(maxsize=1)
def read(document: Document) -> list[Node]:
    """Return a document's blocks: papers linked, definitions as definitions, links to itself checked. Don't change them: they are kept.

    Raises:
        ClassError: pandoc can't read it, or a link to a section leads nowhere.
    """
    blocks: list[Node] = parse(document.lines)["blocks"]
    there = set(_identifiers(blocks))

    def change(node: Node) -> list[Node] | None:
        if node["t"] == "Str":
            return _paper_link(node["c"])
        if node["t"] == "Math":
            return [{"t": "Math", "c": [node["c"][0], decimal_commas(node["c"][1])]}]
        if node["t"] == "Link":
            target = node["c"][2][0]
            if target.startswith("#") and target[1:] not in there:
                where = document.lines.find(f"]({target})")
                raise ClassError(f"{where}: the lesson has no section {target!r}; it has: {', '.join(sorted(there))}")
        if node["t"] == "Figure":
            return [{**node, "image": _image(node, document)}]
        if node["t"] == "Div" and "definiciones" in classes(node):
            return [{"t": "Div", "c": [node["c"][0], _definitions(node["c"][1])]}]
        return None

    changed: list[Node] = rewrite(blocks, change)
    return changed


def _image(node: Node, document: Document) -> Node:
    """Take the image out of a figure: what is left are the caption and the slug."""
    images = [each for each in walk(node["c"][2]) if each["t"] == "Image"]
    return {"slug": images[0]["c"][2][0].partition(":")[2], "caption": node["c"][1][1]}


def rewrite(nodes: Any, change: Change) -> Any:
    """Return nodes with each replaced by what `change` gives for it, from the inside out; None leaves it."""
    if isinstance(nodes, list):
        out: list[Any] = []
        for item in nodes:
            if isinstance(item, dict) and "t" in item:
                inner = {**item, "c": rewrite(item["c"], change)} if "c" in item and item["t"] != "Figure" else item
                if item["t"] == "Figure":
                    inner = {**item, **_rewritten_figure(item, change)}
                changed = change(inner)
                out.extend([inner] if changed is None else changed)
            else:
                out.append(rewrite(item, change))
        return out
    return nodes


def _rewritten_figure(node: Node, change: Change) -> Node:
    if "image" not in node:
        return {"c": [node["c"][0], [node["c"][1][0], rewrite(node["c"][1][1], change)], node["c"][2]]}
    return {"c": [], "image": {**node["image"], "caption": rewrite(node["image"]["caption"], change)}}


def walk(nodes: Any) -> Iterator[Node]:
    """Yield each node, outer ones first; the image of a figure that was read isn't one."""
    if isinstance(nodes, list):
        for item in nodes:
            if isinstance(item, dict) and "t" in item:
                yield item
                if not (item["t"] == "Figure" and "image" in item):
                    yield from walk(item.get("c"))
            else:
                yield from walk(item)


def text_of(nodes: Any) -> str:
    """Return the words of nodes, formulas as LaTeX."""
    out: list[str] = []
    for node in walk(nodes):
        match node["t"]:
            case "Str":
                out.append(node["c"])
            case "Space" | "SoftBreak" | "LineBreak":
                out.append(" ")
            case "Code" | "Math":
                out.append(node["c"][1])
            case "Para" | "Plain":
                out.append(" ")
    return " ".join("".join(out).split())


def classes(node: Node) -> list[str]:
    """The classes of a div, span, header or code block."""
    attributes = node["c"][1] if node["t"] == "Header" else node["c"][0]
    return list(attributes[1])


def decimal_commas(formula: str) -> str:
    """Return LaTeX whose decimal commas aren't followed by the space that TeX puts after a comma.

    A comma between two digits is decimal unless it is one of several in a row, or its numbers fill a pair of brackets: a point, a set.
    Longer lists are written with spaces.

    Example:
        >>> decimal_commas("0,5; 1, 2; 1,2,3; (0,1)")
        '0\\text{,}5; 1, 2; 1,2,3; (0,1)'
    """

    def joined(match: re.Match[str]) -> str:
        before, after = formula[: match.start()], formula[match.end() :]
        if before.endswith(("(", "[", "\\{")) and after.startswith((")", "]", "\\}")) and "{" not in match[0]:
            return match[0]
        return f"{match[1]}{DECIMAL}{match[2]}"

    return _DECIMAL.sub(joined, formula)


def raw(output: str, text: str, *, inline: bool = False) -> Node:
    """A piece of text that only the named output gets, as it is."""
    return {"t": "RawInline" if inline else "RawBlock", "c": [output, text]}


def table_of(div: Node) -> Table:
    """Read a `.tabla`."""
    (_, kinds, attributes), rows = div["c"]
    head: tuple[Cell, ...] = ()
    body = []
    for row in rows:
        cells = tuple(Cell(cell["c"][1], int(dict(cell["c"][0][2]).get("colspan", 1))) for cell in row["c"][1])
        kind = (classes(row)[1:] or [""])[0]
        if kind == "cabecera":
            head = cells
        else:
            body.append((kind, cells))
    return Table(kinds[1], tuple(map(int, dict(attributes)["widths"].split())), head, tuple(body))


def class_link(target: str, document: Document) -> tuple[Neighbour, str] | None:
    """Return the class and the section that a link `clase:slug#section` names; None for any other link."""
    scheme, _, rest = target.partition(":")
    if scheme != "clase":
        return None
    slug, _, section = rest.partition("#")
    return document.neighbours[slug], section


def _identifiers(blocks: list[Node]) -> Iterator[str]:
    for node in walk(blocks):
        if node["t"] == "Header":
            yield node["c"][1][0]
        elif node["t"] in {"Div", "Span"} and node["c"][0][0]:
            yield node["c"][0][0]


def _paper_link(text: str) -> list[Node] | None:
    """`arXiv:1502.03167` and `doi:10.1038/323533a0` become links."""
    match = _PAPER.match(text)
    if match is None:
        return None
    before, arxiv, number, doi, after = match.groups()
    target = f"https://arxiv.org/abs/{number}" if arxiv else f"https://doi.org/{doi}"
    shown = {"t": "Str", "c": f"arXiv:{number}" if arxiv else f"doi:{doi}"}
    link = {"t": "Link", "c": [["", [], []], [shown], [target, ""]]}
    return [*([{"t": "Str", "c": before}] if before else []), link, *([{"t": "Str", "c": after}] if after else [])]


def _definitions(blocks: list[Node]) -> list[Node]:
    """Paragraphs that begin `**Term**:` become entries of a definition list; what follows one without belongs to it."""
    out: list[Node] = []
    for block in blocks:
        term = _term(block)
        if term is not None:
            if not (out and out[-1]["t"] == "DefinitionList"):
                out.append({"t": "DefinitionList", "c": []})
            out[-1]["c"].append([term[0], [[{"t": "Plain", "c": term[1]}]]])
        elif out and out[-1]["t"] == "DefinitionList":
            out[-1]["c"][-1][1][-1].append(block)
        else:
            out.append(block)
    return out


def _term(block: Node) -> tuple[list[Node], list[Node]] | None:
    if block["t"] != "Para" or len(block["c"]) < 2 or block["c"][0]["t"] != "Strong":
        return None
    rest = list(block["c"][1:])
    if rest[0]["t"] != "Str" or not rest[0]["c"].startswith(":"):
        return None
    after = rest[0]["c"][1:]
    rest = [*([{"t": "Str", "c": after}] if after else []), *rest[1:]]
    while rest and rest[0]["t"] in {"Space", "SoftBreak"}:
        rest = rest[1:]
    return block["c"][0]["c"], rest
