"""Figures: the same bytes twice, in the course's style; blank, wordless and failing ones are refused."""

import re
import sys
import time

import matplotlib
import pytest

from catedra.checking.curves import NotMeasuredError
from catedra.course import BrokenClass, ClassError, catalogue, read_class
from catedra.publishing.figures import LEAST_INK, figure_alt, figure_file, ink, slugs, style
from tests import tiny

HEAD = "from matplotlib.figure import Figure\nfrom catedra.authoring import figure\nSEEN = []\n"


def with_figure(root, body, alt="Una recta que sube."):
    source = f"{HEAD}@figure('recta', alt={alt!r})\ndef line(curves):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    return read_class(tiny.write_class(root, figures=source))


BUILT = [item for item in catalogue() if not isinstance(item, BrokenClass)]


@pytest.mark.parametrize("format", ["svg", "png"])
def test_the_same_data_give_the_same_bytes(tmp_path, format):
    first = figure_file(read_class(tiny.write_class(tmp_path / "a")), "recta", format)
    assert figure_file(read_class(tiny.write_class(tmp_path / "b")), "recta", format) == first
    assert not re.search(rb"\d{4}-\d\d-\d\dT|Matplotlib v", first)


def test_letters_are_outlines_and_decimals_have_commas(tmp_path):
    picture = figure_file(read_class(tiny.write_class(tmp_path)), "recta", "svg").decode()
    assert "<text" not in picture
    assert "SourceSans" in picture
    course_class = with_figure(
        tmp_path / "b", "f = Figure()\naxes = f.subplots()\naxes.plot([0, 1], [0, 1])\nSEEN.append(axes)\nreturn f"
    )
    figure_file(course_class, "recta", "svg")
    axes = sys.modules[f"{course_class.package}.figures"].SEEN[0]
    assert "0,2" in [label.get_text() for label in axes.get_xticklabels()]


def test_a_finer_picture_has_more_pixels(tmp_path):
    course_class = read_class(tiny.write_class(tmp_path))
    width = [int.from_bytes(figure_file(course_class, "recta", "png", dpi=dpi)[16:20], "big") for dpi in (100, 300)]
    assert width[1] == pytest.approx(3 * width[0], abs=3)


def test_a_figure_is_drawn_once(tmp_path):
    body = "SEEN.append(1)\nassert len(SEEN) == 1\nf = Figure()\nf.subplots().plot([0, 1], [0, 1])\nreturn f"
    course_class = with_figure(tmp_path, body)
    for format in ("svg", "png", "svg"):
        assert figure_file(course_class, "recta", format)


def test_the_style_leaves_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    figure_file(read_class(tiny.write_class(tmp_path)), "recta", "svg")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "body",
    [
        "return Figure()",
        "f = Figure()\nf.subplots()\nreturn f",
        "f = Figure()\naxes = f.subplots()\naxes.set_title('Un título')\naxes.set_xlabel('x')\nreturn f",
        "f = Figure()\naxes = f.subplots()\naxes.plot([float('nan')], [1.0])\nreturn f",
        "f = Figure()\naxes = f.subplots()\naxes.plot([0, 1], [5, 6])\naxes.set_ylim(0, 1)\nreturn f",
        "f = Figure()\naxes = f.subplots()\naxes.plot([0], [0], '.', markersize=1)\nreturn f",
    ],
)
def test_a_figure_without_data_is_refused(tmp_path, body):
    with pytest.raises(ClassError, match=r"c901_sums/figures.py: the figure 'recta' is blank"):
        figure_file(with_figure(tmp_path, body), "recta", "svg")


@pytest.mark.parametrize("alt", ["", "  ", "recta", "una recta"])
def test_a_figure_that_does_not_say_what_it_shows_is_refused(tmp_path, alt):
    body = "f = Figure()\nf.subplots().plot([0, 1], [0, 1])\nreturn f"
    with pytest.raises(ClassError, match="doesn't say what it shows"):
        figure_file(with_figure(tmp_path, body, alt), "recta", "svg")


def test_a_failing_figure_names_its_line(tmp_path):
    with pytest.raises(ClassError, match=r"c901_sums/figures.py:6: the figure 'recta' fails: ZeroDivisionError"):
        figure_file(with_figure(tmp_path, "1 / 0"), "recta", "svg")
    with pytest.raises(ClassError, match="expected a matplotlib Figure, received int"):
        figure_file(with_figure(tmp_path / "b", "return 3"), "recta", "svg")


def test_an_unknown_figure_is_refused(tmp_path):
    with pytest.raises(ClassError, match=r"draws no figure 'otra' \(there are: recta\)"):
        figure_file(read_class(tiny.write_class(tmp_path)), "otra", "svg")


def test_curves_that_nobody_measured_are_said(tmp_path):
    with pytest.raises(NotMeasuredError):
        figure_file(with_figure(tmp_path, "return curves['nada']"), "recta", "svg")


def test_measuring_ink_changes_nothing():
    from matplotlib.figure import Figure

    with style():
        drawn = Figure()
        axes = drawn.subplots()
        axes.plot([0, 1], [0, 1])
        axes.set_title("t")
        assert ink(drawn) == ink(drawn) > LEAST_INK
    assert axes.axison
    assert axes.title.get_visible()


@pytest.mark.parametrize("course_class", BUILT, ids=lambda item: str(item.number))
def test_figures_of_classes_are_quick_and_say_what_they_show(course_class):
    for slug in slugs(course_class):
        assert len(figure_alt(course_class, slug)) > 40
        start = time.process_time()
        try:
            picture = figure_file(course_class, slug, "svg")
        except NotMeasuredError:
            continue
        assert time.process_time() - start < 1.5, slug
        assert len(picture) < 600_000, slug
