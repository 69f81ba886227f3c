"""Shapes of a slide as PresentationML: written, measured and changed in place."""

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from catedra.publishing.deck_layout import Paragraph
from catedra.publishing.deck_measure import Run, bound
from catedra.publishing.deck_pictures import Drawing
from catedra.publishing.reference_deck import CODE_FONT, NAMESPACES, Box, parse, transform

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_LANGUAGE = "es-AR"
_ALTERNATIVES = (
    '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
    '<mc:Choice xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main" '
    'xmlns:p14="http://schemas.microsoft.com/office/powerpoint/2010/main" Requires="a14 p14"/>'
    "<mc:Fallback/></mc:AlternateContent>"
)


def shape(
    number: int,
    name: str,
    paragraphs: Sequence[Any],
    *,
    box: Box | None = None,
    place: int | None = None,
    kind: str = "",
    levels: str = "",
    fill: str = "",
    outline: str = "",
    anchor: str = "",
    said: str = "",
) -> Any:
    """Return a shape with text.

    Args:
        number: its id.
        name: as the selection pane shows it.
        paragraphs: of DrawingML.
        box: where it stands; None where the layout's placeholder says it.
        place: the placeholder that it fills; None for a text box.
        kind: of that placeholder.
        levels: how its letters look, as `a:lvl1pPr` and so on.
        fill: colour of its panel.
        outline: colour of its dashed frame.
        anchor: "t", "ctr" or "b"; "" leaves the layout's.
        said: its text alternative.
    """
    kinds = f' type="{kind}"' if kind else ""
    holder = f'<p:ph{kinds} idx="{place}"/>' if place is not None else ""
    sort = "" if place is not None else ' txBox="1"'
    where = transform(box) if box else ""
    geometry = '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>' if box else ""
    paint = f'<a:solidFill><a:srgbClr val="{fill}"/></a:solidFill>' if fill else ""
    frame = (
        f'<a:ln w="12700"><a:solidFill><a:srgbClr val="{outline}"/></a:solidFill><a:prstDash val="dash"/></a:ln>'
        if outline
        else ""
    )
    inset = "228600" if fill else "0"
    body = f'<a:bodyPr wrap="square" lIns="{inset}" tIns="0" rIns="{inset}" bIns="0"' if box else "<a:bodyPr"
    body += f' anchor="{anchor}"' if anchor else ""
    described = f" descr={quoteattr(said)}" if said else ""
    made = parse(
        f'<p:sp {NAMESPACES}><p:nvSpPr><p:cNvPr id="{number}" name={quoteattr(name)}{described}/><p:cNvSpPr{sort}/><p:nvPr>{holder}'
        f"</p:nvPr></p:nvSpPr><p:spPr>{where}{geometry}{paint}{frame}</p:spPr>"
        f"<p:txBody>{body}><a:noAutofit/></a:bodyPr><a:lstStyle>{levels}</a:lstStyle></p:txBody></p:sp>"
    )
    made.find(f"{P}txBody").extend(paragraphs)
    return made


def paragraph(text: str, *, size: int = 0, colour: str = "", bold: bool = False, spacing: int = 0, align: str = "") -> Any:
    """Return a paragraph of one run; what isn't given is the layout's."""
    looks = (f' sz="{size * 100}"' if size else "") + (' b="1"' if bold else "") + (f' spc="{spacing}"' if spacing else "")
    paint = f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>' if colour else ""
    aligned = f'<a:pPr algn="{align}"/>' if align else ""
    return parse(f"<a:p {NAMESPACES}>{aligned}<a:r><a:rPr{looks}>{paint}</a:rPr><a:t>{escape(text)}</a:t></a:r></a:p>")


def slide_number(number: int) -> Any:
    """Return a paragraph with the slide's number, which PowerPoint keeps up to date."""
    return parse(
        f'<a:p {NAMESPACES}><a:fld id="{{5A5B0C0E-6E1B-4C5F-9C1B-0D5A4C7E1F01}}" type="slidenum"><a:rPr/><a:t>{number}</a:t></a:fld></a:p>'
    )


def picture(number: int, part: Any, drawing: Drawing, box: Box, said: str) -> Any:
    """Return a picture on a slide's part, with its text alternative."""
    _, relation = part.get_or_add_image_part(io.BytesIO(drawing.png))
    return parse(
        f'<p:pic {NAMESPACES}><p:nvPicPr><p:cNvPr id="{number}" name="Imagen {number}" descr={quoteattr(said)}/><p:cNvPicPr>'
        '<a:picLocks noChangeAspect="1"/></p:cNvPicPr><p:nvPr/></p:nvPicPr>'
        f'<p:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/></a:stretch></p:blipFill>'
        f'<p:spPr>{transform(box)}<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr></p:pic>'
    )


def alternatives(native: Any, otherwise: Sequence[Any]) -> Any:
    """Return a native shape for PowerPoint and what other programs show instead.

    LibreOffice compares the text of `Requires` with a list of single prefixes. Two namespaces, both of PowerPoint 2010, aren't in it; `a14`
    alone is, and then it loses the formula or stretches it.
    """
    both = parse(_ALTERNATIVES)
    choice, fallback = both
    choice.append(native)
    fallback.extend(otherwise)
    return both


def move(moved: Any, box: Box) -> None:
    """Put a shape elsewhere than its layout says."""
    properties = moved.find(f"{P}spPr")
    for old in properties.findall(f"{A}xfrm"):
        properties.remove(old)
    properties.insert(0, parse(f"<p:spPr {NAMESPACES}>{transform(box)}</p:spPr>")[0])


def restyle(changed: Any, size: int, colour: str = "") -> None:
    """Give a shape's letters another size and colour than its layout's."""
    paint = f'<a:solidFill><a:srgbClr val="{colour}"/></a:solidFill>' if colour else ""
    styles = changed.find(f"{P}txBody/{A}lstStyle")
    for old in list(styles):
        styles.remove(old)
    level = f'<a:lvl1pPr><a:defRPr sz="{size * 100}">{paint}</a:defRPr></a:lvl1pPr>'
    styles.append(parse(f"<a:lstStyle {NAMESPACES}>{level}</a:lstStyle>")[0])


def bind(element: Any) -> None:
    """Tie the short words of a shape or a paragraph, code aside."""
    for run in element.iter(f"{A}r"):
        font = run.find(f"{A}rPr/{A}latin")
        text = run.find(f"{A}t")
        if text is not None and text.text and (font is None or font.get("typeface") != CODE_FONT):
            text.text = bound(text.text)


def in_spanish(tree: Any) -> None:
    """Say the language of every run, for spelling and for screen readers."""
    for run in tree.iter(f"{A}r", f"{A}fld"):
        if run.find(f"{A}rPr") is None:
            run.insert(0, parse(f"<a:rPr {NAMESPACES}/>"))
    for properties in tree.iter(f"{A}rPr", f"{A}endParaRPr"):
        properties.set("lang", _LANGUAGE)


def runs_of(element: Any) -> tuple[Run, ...]:
    """The runs of a paragraph, or of all paragraphs of a shape."""
    found = []
    for node in element.iter(f"{A}r", f"{A}br"):
        if node.tag == f"{A}br":
            found.append(Run("\n"))
            continue
        properties = node.find(f"{A}rPr")
        font = properties.find(f"{A}latin") if properties is not None else None
        bold = properties is not None and properties.get("b") == "1"
        code = font is not None and font.get("typeface") == CODE_FONT
        found.append(Run(node.findtext(f"{A}t") or "", bold, code))
    return tuple(found)


def paragraphs_of(elements: Sequence[Any]) -> tuple[Paragraph, ...]:
    """What the layout has to know of pandoc's paragraphs."""
    found = []
    for element in elements:
        properties = element.find(f"{A}pPr")
        listed = properties is not None and properties.find(f"{A}buNone") is None
        level = int(properties.get("lvl", "0")) if listed else -1
        found.append(Paragraph(runs_of(element), level))
    return tuple(found)
