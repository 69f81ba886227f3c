"""Writes a class as an HTML fragment that the lab serves, and as a page of its own that a browser opens from a folder.

Formulas are MathML, figures inline SVG whose ink follows the text's colour, answers fold without a script. Nothing is fetched: no CDN,
no font, no image. `templates/page.css` has the looks, for light and dark, by variables that a host page may set.
"""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from catedra.checking.curves import NotMeasuredError
from catedra.course import CourseClass
from catedra.publishing.cells import ANSWER, CALLOUTS
from catedra.publishing.document import Document, assemble
from catedra.publishing.figures import GRID, INK, PALETTE, figure_alt, figure_file
from catedra.publishing.neighbours import Neighbour
from catedra.publishing.pandoc import write
from catedra.publishing.tree import Cell, Node, class_link, classes, raw, read, rewrite, table_of

STYLE = Path(__file__).with_name("templates") / "page.css"
ClassUrl = Callable[[Neighbour, str], str | None]

_LABELS = {"criterios": "Criterios de la tarea", "afirmaciones": "Afirmaciones medidas", "errores": "Errores comunes"}


def beside(neighbour: Neighbour, section: str) -> str | None:
    """Return the address of a class whose page stands in the same folder; None while it isn't built."""
    if neighbour.folder is None:
        return None
    return f"{neighbour.number}-{neighbour.slug}.html{f'#{section}' if section else ''}"


def page_of(course_class: CourseClass, *, class_url: ClassUrl = beside, titled: bool = True) -> str:
    """Return a class as an HTML fragment: one `<article>`.

    Args:
        course_class: the class.
        class_url: the address of a section of another class; None where there is nothing to link yet.
        titled: whether it begins with the title; without it the host page has one.

    Raises:
        ClassError: the class is broken; names file and line where it can be told.
    """
    return fragment_of(assemble(course_class), class_url=class_url, titled=titled)


def fragment_of(document: Document, *, class_url: ClassUrl = beside, titled: bool = True) -> str:
    """Return an assembled class as an HTML fragment."""
    writer = _Writer(document, class_url)
    blocks = rewrite(read(document), writer.change)
    tree = {"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": blocks}
    body = write(tree, "html", "--mathml", "--syntax-highlighting=none", "--email-obfuscation=none", lines=document.lines)
    body = re.sub(r"<mn>(\d+)</mn><mtext[^>]*>,</mtext><mn>(\d+)</mn>", r"<mn>\1,\2</mn>", body)
    course_class = document.course_class
    data = f'data-class="{course_class.number}" data-content-hash="catedra:{course_class.content_hash}"'
    return f'<article class="catedra-clase" lang="es-AR" {data}>\n{_title(document) if titled else ""}{body}</article>\n'


def standalone(document: Document) -> bytes:
    """Return an assembled class as a whole HTML page."""
    course_class = document.course_class
    title = escape(f"Clase {course_class.number} · {course_class.title}")
    return (
        '<!DOCTYPE html>\n<html lang="es-AR">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>\n{STYLE.read_text(encoding='utf-8')}</style>\n</head>\n"
        f'<body class="catedra-sola">\n<main>\n{fragment_of(document)}</main>\n</body>\n</html>\n'
    ).encode()


class _Writer:
    def __init__(self, document: Document, class_url: ClassUrl) -> None:
        self._document = document
        self._class = document.course_class
        self._class_url = class_url
        self._figures = 0

    def change(self, node: Node) -> list[Node] | None:
        match node["t"]:
            case "Div":
                return self._div(node)
            case "Figure":
                return self._figure(node)
            case "Link":
                return self._link(node)
            case "Header":
                return self._header(node)
            case "CodeBlock":
                return [raw("html", _code(node))]
        return None

    def _header(self, node: Node) -> list[Node]:
        """A heading with a link to itself."""
        level, attributes, words = node["c"]
        if not attributes[0]:
            return [node]
        anchor = f'<a class="ancla" href="#{escape(attributes[0])}" aria-label="Enlace a esta sección">#</a>'
        return [{"t": "Header", "c": [level, attributes, [*words, raw("html", anchor, inline=True)]]}]

    def _div(self, node: Node) -> list[Node] | None:
        kind = (classes(node) or [""])[0]
        blocks = node["c"][1]
        if kind == "tabla":
            return self._table(node)
        if kind == ANSWER:
            opening = '<details class="respuesta"><summary>Ver la respuesta</summary>'
            return [raw("html", opening), *blocks, raw("html", "</details>")]
        if kind in CALLOUTS:
            label = CALLOUTS[kind]
            opening = f'<aside class="recuadro {kind}" aria-label="{label}"><p class="rotulo" aria-hidden="true">{label}</p>'
            return [raw("html", opening), *blocks, raw("html", "</aside>")]
        if kind in {"objetivo", "logros"}:
            title = {"objetivo": "Objetivo", "logros": "Al terminar podrás"}[kind]
            slug = self._class.sections[title].slug
            heading = self._header({"t": "Header", "c": [2, [slug, [], []], [{"t": "Str", "c": title}]]})
            return [raw("html", f'<section class="{kind}">'), *heading, *blocks, raw("html", "</section>")]
        return None

    def _table(self, node: Node) -> list[Node]:
        table = table_of(node)
        label = _LABELS.get(table.kind, table.kind)
        columns = "".join(f'<col style="width:{width}%">' for width in table.widths)
        opening = f'<div class="tabla-ancha" tabindex="0" role="region" aria-label="{label}"><table class="{table.kind}">'
        out = [raw("html", f"{opening}<colgroup>{columns}</colgroup>")]
        if table.head:
            out += [raw("html", "<thead><tr>"), *_cells(table.head, 'th scope="col"', "th"), raw("html", "</tr></thead>")]
        out.append(raw("html", "<tbody>"))
        for kind, cells in table.rows:
            if kind == "titulo":
                out += [raw("html", "</tbody><tbody><tr>"), *_cells(cells, 'th scope="rowgroup" class="titulo"', "th")]
            else:
                first, rest = cells[:1], cells[1:]
                out += [raw("html", "<tr>"), *_cells(first, 'th scope="row"', "th"), *_cells(rest, "td", "td")]
            out.append(raw("html", "</tr>"))
        return [*out, raw("html", "</tbody></table></div>")]

    def _figure(self, node: Node) -> list[Node]:
        slug, caption = node["image"]["slug"], node["image"]["caption"]
        try:
            picture = inline_svg(figure_file(self._class, slug, "svg").decode(), slug, figure_alt(self._class, slug))
            opening = f'<figure id="figura-{slug}">{picture}<figcaption>'
        except NotMeasuredError:
            opening = (
                f'<figure id="figura-{slug}" class="pendiente"><p>Esta figura llega cuando se mida la clase.</p><figcaption>'
            )
        # The number belongs to the caption's first paragraph.
        self._figures += 1
        number = raw("html", f"<strong>Figura {self._figures}.</strong> ", inline=True)
        first, *rest = caption
        return [raw("html", opening), {"t": "Plain", "c": [number, *first["c"]]}, *rest, raw("html", "</figcaption></figure>")]

    def _link(self, node: Node) -> list[Node] | None:
        attributes, words, (target, title) = node["c"]
        link = class_link(target, self._document)
        if link is None:
            return None
        neighbour, section = link
        address = self._class_url(neighbour, section)
        number = [{"t": "Space"}, {"t": "Str", "c": f"(clase\u00a0{neighbour.number})"}]
        if address is None:
            return [*words, *number]
        return [{"t": "Link", "c": [attributes, words, [address, title]]}, *number]


def inline_svg(picture: str, slug: str, alt: str) -> str:
    """Return a figure's SVG as it stands inside a page: named in words, identifiers its own, ink in the text's colour."""
    start = picture.index("<svg")
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", picture[start:], flags=re.DOTALL)
    body = re.sub(r'\bid="', f'id="{slug}-', body)
    body = re.sub(r'((?:xlink:)?href="#|url\(#)', rf"\g<1>{slug}-", body)
    body = re.sub(r"#([0-4][0-9a-f])\1\1\b|#000\b", INK, body)  # greys near black, which a dark page would swallow
    body = body.replace("#ffffff", "var(--catedra-fondo, #ffffff)")  # boxes over lines take the page's colour
    body = body.replace(INK, "currentColor").replace(GRID, "var(--catedra-linea, currentColor)")
    for number, colour in enumerate(PALETTE, start=1):
        body = body.replace(colour, f"var(--catedra-figura-{number}, {colour})")  # a dark page has lighter ones
    opening = re.match(r"<svg[^>]*>", body)
    assert opening is not None
    attributes = re.sub(r'\s(?:width|height|version|xmlns(?::xlink)?)="[^"]*"', "", opening[0][4:-1])
    width = re.search(r'\swidth="([\d.]+)pt"', opening[0])
    size = f' style="width:{float(width[1]) * 4 / 3:.0f}px"' if width else ""
    named = (
        f'<svg role="img" aria-label="{escape(alt)}" fill="currentColor" xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink"{attributes}{size}>'
    )
    return named + re.sub(r"\n\s*", "\n", body[opening.end() :]).strip()


def _code(node: Node) -> str:
    """A block of code, coloured by pygments: pandoc's own colours take ten times as long."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters.html import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
    from pygments.lexers.special import TextLexer  # type: ignore[import-untyped]

    language = (classes(node) or [""])[0]
    lexer = PythonLexer(stripnl=False) if language == "python" else TextLexer(stripnl=False)
    inside = highlight(node["c"][1], lexer, HtmlFormatter(nowrap=True)).rstrip("\n")
    return f'<div class="codigo" tabindex="0"><pre><code class="{language or "text"}">{inside}</code></pre></div>'


def _cells(cells: tuple[Cell, ...], opening: str, closing: str) -> list[Node]:
    out: list[Node] = []
    for cell in cells:
        span = f' colspan="{cell.colspan}"' if cell.colspan > 1 else ""
        out += [raw("html", f"<{opening}{span}>"), *cell.blocks, raw("html", f"</{closing}>")]
    return out


def _title(document: Document) -> str:
    front = document.course_class.front
    before = [document.neighbours[slug] for slug in front.prerequisites if slug in document.neighbours]
    details = [f"{front.minutes} minutos", escape(front.source)]
    if before:
        details.append("Antes: " + "; ".join(escape(f"{item.title} ({item.number})") for item in before))
    return (
        f'<header><p class="numero">Clase {front.number}</p>\n<h1>{escape(front.title)}</h1>\n'
        f'<p class="datos">{" · ".join(details)}</p></header>\n'
    )
