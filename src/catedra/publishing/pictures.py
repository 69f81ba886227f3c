"""Gives the notebook its pictures: PNG, or none where a figure needs curves that nobody measured yet.

They come of the same SVG as guide, page and deck, drawn by Typst in one go: a tenth of what matplotlib takes to draw each again.
"""

import re
from collections.abc import Callable, Mapping

from catedra.checking.curves import NotMeasuredError
from catedra.course import CourseClass
from catedra.publishing.cells import Picture
from catedra.publishing.figures import DPI, figure_alt, figure_file, slugs

_WIDTH = re.compile(r'<svg[^>]*?\swidth="([\d.]+)pt"')


def drawer(course_class: CourseClass) -> Callable[[str], Picture | None]:
    """Return a function from a figure's slug to its picture; None where the figure needs curves that nobody measured yet.

    Raises (the function returned):
        KeyError: the class has no such figure.
        ClassError: a figure of the class fails, or doesn't say what it shows.
    """
    pictures: dict[str, Picture | None] = {}

    def draw(slug: str) -> Picture | None:
        if not pictures:
            pictures.update(_all(course_class))
        return pictures[slug]

    return draw


def svg_page(name: str, svg: str) -> str:
    """Return Typst's markup of a page that is a picture, as large as its author drew it.

    Args:
        name: of the compiler's input that holds the SVG.
        svg: as matplotlib writes it.
    """
    width = _WIDTH.search(svg)
    assert width is not None, "matplotlib says how wide its pictures are"
    return f'#page(margin: 0pt, image(bytes(sys.inputs.at("{name}")), format: "svg", width: {width[1]}pt))\n'


def _all(course_class: CourseClass) -> Mapping[str, Picture | None]:
    import typst

    drawn: dict[str, str] = {}
    for slug in slugs(course_class):
        try:
            drawn[slug] = figure_file(course_class, slug, "svg").decode()
        except NotMeasuredError:
            continue
    found: dict[str, Picture | None] = dict.fromkeys(slugs(course_class))
    if drawn:
        source = "#set page(width: auto, height: auto, fill: white)\n" + "".join(svg_page(slug, svg) for slug, svg in drawn.items())
        pictures = typst.Compiler(source.encode(), sys_inputs=drawn, ignore_system_fonts=True).compile(format="png", ppi=float(DPI))
        pages = [page for page in (pictures if isinstance(pictures, list) else [pictures]) if page]
        found |= {slug: Picture(png, figure_alt(course_class, slug)) for slug, png in zip(drawn, pages, strict=True)}
    return found
