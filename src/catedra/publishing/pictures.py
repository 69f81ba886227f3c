"""Gives the notebook its pictures: PNG, or none where a figure needs curves that nobody measured yet."""

from collections.abc import Callable

from catedra.checking.curves import NotMeasuredError
from catedra.course import CourseClass
from catedra.publishing.cells import Picture
from catedra.publishing.figures import figure_alt, figure_file, slugs


def drawer(course_class: CourseClass) -> Callable[[str], Picture | None]:
    """Return a function from a figure's slug to its picture; None where the figure needs curves that nobody measured yet.

    Raises (the function returned):
        KeyError: the class has no such figure.
    """
    there = slugs(course_class)

    def draw(slug: str) -> Picture | None:
        if slug not in there:
            raise KeyError(slug)
        try:
            return Picture(figure_file(course_class, slug, "png"), figure_alt(course_class, slug))
        except NotMeasuredError:
            return None

    return draw
