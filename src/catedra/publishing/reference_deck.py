"""Builds the reference presentation that pandoc writes decks on: 16:9, six layouts, one theme.

    title · section · one idea · figure · code · two columns

Notable: the looks are here, as numbers, not in a file that someone saved by hand. Inches from the slide's top left; points for letters.
Pandoc finds a layout by an English name that it prescribes, so figure and code borrow the names of two that it knows;
`Layout.shown` is what the teacher reads in PowerPoint. Letters are Arial and Consolas: PowerPoint has both, LibreOffice puts Liberation
Sans (the same widths) and DejaVu Sans Mono (wider, so what fits there fits everywhere).

Run as a script it writes the presentation, to look at it: `python -m catedra.publishing.reference_deck reference.pptx`.
"""

import io
import sys
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

WIDTH, HEIGHT = 13.333, 7.5
EMU = 914_400
TEXT_FONT, CODE_FONT = "Arial", "Consolas"

INK, SOFT, WHITE, TINT, LINE = "21252B", "5A626E", "FFFFFF", "F4F6F9", "C4CAD3"
ACCENT, DEEP, PALE, ASKING = "0B4F8A", "0A3A66", "C9DCEE", "B34700"
_SERIES = ("0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9")
"""The figures' palette (Okabe and Ito): a shape that a teacher draws takes the same colours."""


class Box(NamedTuple):
    """A rectangle, in inches."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width


LEFT = 0.8
SAFE = Box(0.5, 0.35, WIDTH - 1.0, HEIGHT - 0.6)
"""Nothing may stand outside: projectors and television sets cut the edges."""
TITLE = Box(LEFT, 0.62, WIDTH - 2 * LEFT, 1.2)
RULE = Box(LEFT, 0.4, 0.62, 0.065)
LABEL = Box(LEFT, 0.6, 6.0, 0.3)
"""What stands above a question."""
BODY = Box(LEFT, 1.95, WIDTH - 2 * LEFT, 4.68)
FOOT = Box(LEFT, 6.87, 9.6, 0.34)
NUMBER = Box(WIDTH - LEFT - 1.2, 6.87, 1.2, 0.34)
GUTTER = 0.6
_HALF = (BODY.width - GUTTER) / 2
LEFT_HALF = Box(BODY.x, BODY.y, _HALF, BODY.height)
RIGHT_HALF = Box(BODY.x + _HALF + GUTTER, BODY.y, _HALF, BODY.height)

COVER_TITLE = Box(1.2, 2.15, 10.6, 2.5)
SECTION_TITLE = Box(4.1, 2.3, 8.4, 2.7)
COVER_SIZE, SECTION_SIZE = 54, 48
TITLE_SIZE, QUESTION_SIZE, TEXT_SIZE, FOOT_SIZE, LABEL_SIZE = 34, 40, 28, 14, 16


class Layout(Enum):
    """The six layouts; the value is the name that pandoc looks for."""

    TITLE = "Title Slide"
    SECTION = "Section Header"
    IDEA = "Title and Content"
    FIGURE = "Content with Caption"
    CODE = "Comparison"
    COLUMNS = "Two Content"

    @property
    def shown(self) -> str:
        """The name that a teacher reads."""
        return _SHOWN[self]


_SHOWN = {
    Layout.TITLE: "Portada",
    Layout.SECTION: "Sección",
    Layout.IDEA: "Una idea",
    Layout.FIGURE: "Figura",
    Layout.CODE: "Código",
    Layout.COLUMNS: "Dos columnas",
}
SPARE = "Blank"
"""Pandoc asks for this one too; finished decks don't have it."""


@dataclass(frozen=True)
class _Holder:
    """A placeholder: what it holds, where, and how its letters look; size 0 leaves the master's."""

    kind: str
    index: int
    name: str
    box: Box
    prompt: str
    size: int = 0
    colour: str = ""
    bold: bool = False
    anchor: str = "t"
    align: str = "l"
    bullet: bool = True
    spacing: int = 0
    font: str = ""
    fill: str = ""


@dataclass(frozen=True)
class _Page:
    """A layout: its placeholders, its background and the bars that decorate it, each with its colour."""

    holders: tuple[_Holder, ...]
    background: str = WHITE
    bars: tuple[tuple[Box, str], ...] = ()
    footed: bool = True


_RULED = ((RULE, ACCENT),)
_TITLE = _Holder("title", 0, "Título", TITLE, "La afirmación de la diapositiva")
_PAGES = {
    Layout.TITLE: _Page(
        (
            _Holder("ctrTitle", 0, "Título", COVER_TITLE, "Título de la clase", COVER_SIZE, WHITE, True, anchor="t"),
            _Holder("subTitle", 1, "Clase y minutos", Box(1.2, 4.9, 10.6, 1.2), "Minutos y fuente", 22, PALE, bullet=False),
            _Holder("body", 13, "Número", Box(1.2, 1.45, 10.6, 0.5), "CLASE", 20, PALE, True, bullet=False, spacing=300),
        ),
        DEEP,
        ((Box(1.2, 1.1, 0.9, 0.09), "E69F00"),),
        footed=False,
    ),
    Layout.SECTION: _Page(
        (
            _Holder("title", 0, "Título", SECTION_TITLE, "Título de la sección", SECTION_SIZE, INK, True, anchor="ctr"),
            _Holder("body", 1, "Número", Box(0.8, 2.12, 2.7, 2.7), "1", 150, ACCENT, True, "ctr", "r", bullet=False),
        ),
        TINT,
        ((Box(3.76, 2.55, 0.045, 2.2), ACCENT),),
    ),
    Layout.IDEA: _Page((_TITLE, _Holder("", 1, "Idea", BODY, "Una sola idea")), bars=_RULED),
    Layout.FIGURE: _Page(
        (
            _TITLE,
            _Holder("", 1, "Figura", BODY._replace(height=4.0), "La figura", bullet=False),
            _Holder("body", 2, "Qué se ve", Box(BODY.x, 6.05, BODY.width, 0.65), "Qué mirar", 22, SOFT, bullet=False),
        ),
        bars=_RULED,
    ),
    Layout.CODE: _Page(
        (
            _TITLE,
            _Holder("body", 1, "Código", BODY._replace(height=3.2), "código", 22, anchor="ctr", bullet=False, font=CODE_FONT, fill=TINT),
            _Holder("body", 2, "Qué se ve", Box(BODY.x, 5.4, BODY.width, 1.3), "Qué mirar", 26, bullet=False),
        ),
        bars=_RULED,
    ),
    Layout.COLUMNS: _Page(
        (_TITLE, _Holder("", 1, "Izquierda", LEFT_HALF, "Una mitad"), _Holder("", 2, "Derecha", RIGHT_HALF, "La otra mitad")), bars=_RULED
    ),
}  # fmt: skip
_FOOTED = (
    _Holder("ftr", 11, "Pie", FOOT, "", FOOT_SIZE, SOFT, bullet=False),
    _Holder("sldNum", 12, "Número de diapositiva", NUMBER, "‹#›", FOOT_SIZE, SOFT, align="r", bullet=False),
)

NAMESPACES = (
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
)


def emu(inches: float) -> int:
    """Return a length in the unit of the file."""
    return round(inches * EMU)


@lru_cache(maxsize=1)
def reference_presentation() -> bytes:
    """Return the reference presentation."""
    from pptx import Presentation

    deck: Any = Presentation()
    deck.slide_width, deck.slide_height = emu(WIDTH), emu(HEIGHT)
    master = deck.slide_master
    _theme(master)
    _master(master)
    kept = {layout.value: layout for layout in Layout}
    for layout in list(deck.slide_layouts):
        if layout.name in kept:
            _fill(layout, _PAGES[kept[layout.name]])
        elif layout.name == SPARE:
            _fill(layout, _Page(()))
        else:
            deck.slide_layouts.remove(layout)
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _theme(master: Any) -> None:
    """Put our colours and letters into the theme."""
    from lxml import etree
    from pptx.opc.constants import RELATIONSHIP_TYPE

    part = master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme = etree.fromstring(part.blob)
    names = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main"}
    colours = theme.find(".//a:clrScheme", names)
    fonts = theme.find(".//a:fontScheme", names)
    values = dict(zip(("dk1", "lt1", "dk2", "lt2"), (INK, WHITE, ACCENT, TINT), strict=True))
    values |= {f"accent{n}": colour for n, colour in enumerate(_SERIES, start=1)} | {"hlink": ACCENT, "folHlink": SOFT}
    scheme = "".join(f'<a:{name}><a:srgbClr val="{value}"/></a:{name}>' for name, value in values.items())
    letters = f'<a:latin typeface="{TEXT_FONT}"/><a:ea typeface=""/><a:cs typeface=""/>'
    both = f"<a:majorFont>{letters}</a:majorFont><a:minorFont>{letters}</a:minorFont>"
    theme.set("name", "Cátedra")
    colours.getparent().replace(colours, etree.fromstring(f'<a:clrScheme {NAMESPACES} name="Cátedra">{scheme}</a:clrScheme>'))
    fonts.getparent().replace(fonts, etree.fromstring(f'<a:fontScheme {NAMESPACES} name="Cátedra">{both}</a:fontScheme>'))
    part._blob = etree.tostring(theme, xml_declaration=True, encoding="UTF-8", standalone=True)


def _master(master: Any) -> None:
    body = _Holder("body", 1, "Texto", BODY, "Texto")
    _fill(master, _Page((_TITLE, body)))
    styles = master._element.find("{http://schemas.openxmlformats.org/presentationml/2006/main}txStyles")
    styles.getparent().replace(
        styles, parse(f"<p:txStyles {NAMESPACES}>{_title_style()}{_body_style()}<p:otherStyle/></p:txStyles>")
    )


def _title_style() -> str:
    return (
        '<p:titleStyle><a:lvl1pPr algn="l" defTabSz="914400"><a:lnSpc><a:spcPct val="95000"/></a:lnSpc><a:spcBef><a:spcPct val="0"/>'
        f"</a:spcBef><a:buNone/>{_letters(TITLE_SIZE, '', True, font='+mj-lt')}</a:lvl1pPr></p:titleStyle>"
    )


def _body_style() -> str:
    return f"<p:bodyStyle>{text_levels(TEXT_SIZE)}</p:bodyStyle>"


def text_levels(size: int, *, flat: bool = False) -> str:
    """How text looks, level by level of its lists; `flat`, without marks and space below, for formulas and code."""
    levels = []
    for level in range(1, 6):
        margin, letters = (0, size) if flat else (342_900 * level, max(size - 4 * (level - 1), 20))
        mark = "<a:buNone/>" if flat else f'<a:buFont typeface="{TEXT_FONT}"/><a:buChar char="{"•" if level == 1 else "–"}"/>'
        levels.append(
            f'<a:lvl{level}pPr marL="{margin}" indent="{0 if flat else -342_900}" algn="l" defTabSz="914400">'
            f'<a:lnSpc><a:spcPct val="105000"/></a:lnSpc><a:spcBef><a:spcPts val="0"/></a:spcBef>'
            f'<a:spcAft><a:spcPts val="{0 if flat else 1000}"/></a:spcAft>'
            f'<a:buClr><a:srgbClr val="{ACCENT}"/></a:buClr>{mark}{_letters(letters, "", False)}'
            f"</a:lvl{level}pPr>"
        )
    return "".join(levels)


def plain_level(size: int, colour: str, align: str = "l") -> str:
    """How text of one level looks."""
    return f'<a:lvl1pPr marL="0" indent="0" algn="{align}"><a:buNone/>{_letters(size, colour, False)}</a:lvl1pPr>'


def _letters(size: int, colour: str, bold: bool, *, spacing: int = 0, font: str = "+mn-lt") -> str:
    """How letters look unless a run says otherwise."""
    fill = f'<a:srgbClr val="{colour}"/>' if colour else '<a:schemeClr val="tx1"/>'
    tracking = f' spc="{spacing}"' if spacing else ""
    return (
        f'<a:defRPr lang="es-AR" sz="{size * 100}" b="{int(bold)}" kern="1200"{tracking}><a:solidFill>{fill}</a:solidFill>'
        f'<a:latin typeface="{font}"/><a:ea typeface="+mn-ea"/><a:cs typeface="+mn-cs"/></a:defRPr>'
    )


def _fill(page: Any, looks: _Page) -> None:
    """Draw a layout or the master anew."""
    tree = page.shapes._spTree
    for shape in list(tree)[2:]:
        tree.remove(shape)
    common = tree.getparent()
    for old in common.findall("{http://schemas.openxmlformats.org/presentationml/2006/main}bg"):
        common.remove(old)
    colour = f'<a:solidFill><a:srgbClr val="{looks.background}"/></a:solidFill>'
    common.insert(0, parse(f"<p:bg {NAMESPACES}><p:bgPr>{colour}<a:effectLst/></p:bgPr></p:bg>"))
    for box, bar in looks.bars:
        tree.append(bar_shape(len(tree), "Adorno", box, bar))
    for holder in (*looks.holders, *(_FOOTED if looks.footed else ())):
        tree.append(_placeholder(len(tree), holder))


def bar_shape(number: int, name: str, box: Box, colour: str) -> Any:
    """A bar of colour, marked as decoration for screen readers."""
    decorative = (
        '<a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative '
        'xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
    )
    return parse(
        f'<p:sp {NAMESPACES}><p:nvSpPr><p:cNvPr id="{number}" name="{name}">{decorative}</p:cNvPr><p:cNvSpPr/><p:nvPr userDrawn="1"/>'
        f'</p:nvSpPr><p:spPr>{transform(box)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:solidFill><a:srgbClr val="{colour}"/>'
        "</a:solidFill><a:ln><a:noFill/></a:ln></p:spPr></p:sp>"
    )


def transform(box: Box) -> str:
    """Where a shape stands, as DrawingML."""
    return f'<a:xfrm><a:off x="{emu(box.x)}" y="{emu(box.y)}"/><a:ext cx="{emu(box.width)}" cy="{emu(box.height)}"/></a:xfrm>'


def _placeholder(number: int, holder: _Holder) -> Any:
    kind = f' type="{holder.kind}"' if holder.kind else ""
    index = f' idx="{holder.index}"' if holder.index else ""
    level = ""
    if holder.size or not holder.bullet:
        size = holder.size or TEXT_SIZE
        bullet = "" if holder.bullet else "<a:buNone/>"
        flat = "" if holder.bullet else ' marL="0" indent="0"'
        letters = _letters(size, holder.colour, holder.bold, spacing=holder.spacing, font=holder.font or "+mn-lt")
        level = f'<a:lvl1pPr{flat} algn="{holder.align}">{bullet}{letters}</a:lvl1pPr>'
    fill = f'<a:solidFill><a:srgbClr val="{holder.fill}"/></a:solidFill>' if holder.fill else ""
    inset = ' lIns="228600" tIns="137160" rIns="228600" bIns="137160"' if holder.fill else ' lIns="0" tIns="0" rIns="0" bIns="0"'
    field = (
        '<a:fld id="{5A5B0C0E-6E1B-4C5F-9C1B-0D5A4C7E1F01}" type="slidenum"><a:rPr lang="es-AR"/><a:t>‹#›</a:t></a:fld>'
        if holder.kind == "sldNum"
        else f'<a:r><a:rPr lang="es-AR"/><a:t>{holder.prompt}</a:t></a:r>'
    )
    return parse(
        f'<p:sp {NAMESPACES}><p:nvSpPr><p:cNvPr id="{number}" name="{holder.name}"/><p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f"<p:nvPr><p:ph{kind}{index}/></p:nvPr></p:nvSpPr><p:spPr>{transform(holder.box)}"
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}</p:spPr>'
        f'<p:txBody><a:bodyPr vert="horz" wrap="square"{inset} anchor="{holder.anchor}"><a:noAutofit/></a:bodyPr>'
        f"<a:lstStyle>{level}</a:lstStyle><a:p>{field}</a:p></p:txBody></p:sp>"
    )


def parse(text: str) -> Any:
    """Return XML as python-pptx knows it."""
    from pptx.oxml import parse_xml

    return parse_xml(text)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(reference_presentation())
