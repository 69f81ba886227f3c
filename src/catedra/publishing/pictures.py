"""Draws a class's figures as PNG: the same bytes for the same data."""

import io
from collections.abc import Callable

from catedra.checking.curves import NotMeasuredError
from catedra.course import CourseClass, read_curves
from catedra.course.parts import figures_of
from catedra.publishing.cells import Picture

DPI = 110


def drawer(course_class: CourseClass) -> Callable[[str], Picture | None]:
    """Return a function from a figure's slug to its picture; None where the figure needs curves that nobody measured yet.

    Raises (the function returned):
        KeyError: the class has no such figure.
    """
    curves = read_curves(course_class.folder)
    figures = {figure.slug: figure for figure in figures_of(course_class)}

    def draw(slug: str) -> Picture | None:
        figure = figures[slug]
        try:
            drawn = figure.draw(curves)
        except NotMeasuredError:
            return None
        buffer = io.BytesIO()
        # Without its own name matplotlib writes no version, which would change the bytes.
        drawn.savefig(buffer, format="png", dpi=DPI, bbox_inches="tight", metadata={"Software": None})
        drawn.clear()
        return Picture(buffer.getvalue(), figure.alt)

    return draw
