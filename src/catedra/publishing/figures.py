"""Draws a class's figures: once a process, in one style, the same bytes for the same data.

`figure_file` is what guide, page, deck and notebook ask. The style is for print and for colour-blind readers: the palette of Okabe and
Ito in an order whose first four colours keep a contrast of 3 on white and on black, a line style for each colour, decimal commas.
Letters are outlines, so a picture needs no font where it is shown; its fonts are Source Sans Pro (OFL 1.1, from the package
font-source-sans-pro) and, for what that lacks, DejaVu Sans (Bitstream Vera licence, from matplotlib).

Source of the palette: Okabe and Ito, Color Universal Design (2008).
"""

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal

from catedra.authoring import Figure
from catedra.course import ClassError, CourseClass, read_curves
from catedra.course.parts import figures_of
from catedra.course.record import CURVES_NAME
from catedra.errors import CatedraError

Format = Literal["svg", "png"]
DPI = 110
INK = "#21252b"
GRID = "#c9ced6"
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", INK, "#e69f00", "#56b4e9")
LEAST_INK = 0.0008
"""The share of a picture that its data must cover once axes, ticks and titles are gone: a short line covers twice as much."""

_DASHES = ("-", "--", "-.", (0, (1, 1.2)), "-", "--", "-.")
_MEASURE_DPI = 50
_SVG_SIZE = re.compile(r'width="[\d.]+pt" height="[\d.]+pt" viewBox="[^"]*"')


def figure_file(course_class: CourseClass, slug: str, format: Format, *, dpi: int = DPI) -> bytes:
    """Return a figure as SVG or PNG.

    Args:
        course_class: the class.
        slug: of the figure.
        format: "svg" or "png".
        dpi: of a PNG; a figure of the usual width, 6.3 inches, at 305 is as wide as a screen of 1920.

    Raises:
        ClassError: figures.py draws no such figure, fails, draws next to nothing or doesn't say what it shows.
        NotMeasuredError: the figure needs curves that nobody measured yet.
    """
    return _drawn(course_class).file(slug, format, dpi)


def figure_alt(course_class: CourseClass, slug: str) -> str:
    """Return what a figure shows, in words.

    Raises:
        ClassError: there is no such figure, or it doesn't say.
    """
    return _drawn(course_class).figure(slug).alt


def slugs(course_class: CourseClass) -> tuple[str, ...]:
    """Return the slugs of a class's figures, in the order of figures.py."""
    return tuple(_drawn(course_class).figures)


@contextmanager
def style() -> Iterator[None]:
    """The course's style, for the length of a `with`."""
    import matplotlib
    from cycler import cycler

    _fonts()
    settings: Any = {
        "figure.figsize": (6.3, 3.5), "figure.dpi": 100, "figure.facecolor": "white", "savefig.facecolor": "none",
        "font.family": ["Source Sans Pro", "DejaVu Sans"], "font.size": 10.5, "mathtext.fontset": "dejavusans",
        "axes.titlesize": 11.5, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 10.5,
        "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": INK, "axes.labelcolor": INK, "axes.facecolor": "none",
        "text.color": INK, "xtick.color": INK, "ytick.color": INK, "xtick.labelsize": 9.5, "ytick.labelsize": 9.5,
        "axes.linewidth": 0.8, "xtick.major.width": 0.8, "ytick.major.width": 0.8,
        "axes.grid": False, "grid.color": GRID, "grid.linewidth": 0.6, "axes.axisbelow": True,
        "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=_DASHES),
        "lines.linewidth": 1.8, "lines.markersize": 5.5, "legend.frameon": False, "legend.fontsize": 9.5, "image.cmap": "cividis",
        "svg.fonttype": "path", "path.simplify": True,
    }  # fmt: skip
    with matplotlib.rc_context(settings):
        yield


def ink(drawn: Any) -> float:
    """Return the share of a matplotlib figure's picture that isn't background once axes, ticks, labels and titles are hidden."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    titles = [title for axes in drawn.get_axes() for title in (axes.title, axes._left_title, axes._right_title)]
    hidden = [each for each in (*titles, drawn._suptitle) if each is not None and each.get_visible()]
    framed = [axes for axes in drawn.get_axes() if axes.axison]
    before = drawn.canvas, drawn.get_dpi(), drawn.get_facecolor()
    try:
        for title in hidden:
            title.set_visible(False)
        for axes in framed:
            axes.set_axis_off()
        drawn.set_facecolor("white")
        drawn.set_dpi(_MEASURE_DPI)
        canvas: Any = FigureCanvasAgg(drawn)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    finally:
        for title in hidden:
            title.set_visible(True)
        for axes in framed:
            axes.set_axis_on()
        drawn.set_canvas(before[0])
        drawn.set_dpi(before[1])
        drawn.set_facecolor(before[2])
    return float((np.abs(pixels - pixels[0, 0]).sum(axis=-1) > 30).mean())


class _Drawn:
    """The figures of one version of a class, each drawn once and saved once a format."""

    def __init__(self, course_class: CourseClass) -> None:
        self._name = f"{course_class.folder.name}/figures.py"
        self.figures = {figure.slug: figure for figure in figures_of(course_class)}
        self._curves = read_curves(course_class.folder)
        self._pictures: dict[str, tuple[Any, Any]] = {}  # slug → matplotlib's figure and the box around what it shows
        self._files: dict[tuple[str, str, int], bytes] = {}

    def figure(self, slug: str) -> Figure:
        if slug not in self.figures:
            there = ", ".join(self.figures) or "none"
            raise ClassError(f"{self._name}: draws no figure {slug!r} (there are: {there}): add it, or mend the slug")
        figure = self.figures[slug]
        if len(figure.alt.split()) < 3:
            raise ClassError(
                f"{self._name}: the figure {slug!r} doesn't say what it shows: alt={figure.alt!r}: describe it in a sentence"
            )
        return figure

    def file(self, slug: str, format: Format, dpi: int) -> bytes:
        if format not in ("svg", "png"):
            raise ValueError(f"a figure is had as svg or png; received {format!r}")
        key = (slug, format, dpi if format == "png" else 0)
        if key not in self._files:
            import matplotlib

            with style(), matplotlib.rc_context({"svg.hashsalt": slug}):
                try:
                    if slug not in self._pictures:
                        self._pictures[slug] = self._draw(self.figure(slug))
                    self._files[key] = _saved(*self._pictures[slug], format, dpi)
                except CatedraError:
                    raise
                except Exception as error:
                    where = f"{self._name}:{_line(error, self._name)}"
                    raise ClassError(f"{where}: the figure {slug!r} fails: {type(error).__name__}: {error}") from error
        return self._files[key]

    def _draw(self, figure: Figure) -> tuple[Any, Any]:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure as Canvas

        drawn = figure.draw(self._curves)
        if not isinstance(drawn, Canvas):
            raise TypeError(f"expected a matplotlib Figure, received {type(drawn).__name__}")
        _decimal_commas(drawn)
        canvas: Any = FigureCanvasAgg(drawn)
        drawn.draw_without_rendering()
        drawn.set_layout_engine("none")  # it was laid out now: once is enough for every format
        box = drawn.get_tightbbox(canvas.get_renderer()).padded(0.04)
        share = ink(drawn)
        if share < LEAST_INK:
            raise ClassError(
                f"{self._name}: the figure {figure.slug!r} is blank: what it draws covers {share:.2%} of it: give it data"
            )
        return drawn, box


_CACHE: dict[str, tuple[str, _Drawn]] = {}


def _drawn(course_class: CourseClass) -> _Drawn:
    """The figures of this version of the class: a change in its sources or in its curves draws them again."""
    curves = course_class.folder / CURVES_NAME
    digest = hashlib.sha256(curves.read_bytes()).hexdigest() if curves.exists() else ""
    version = f"{course_class.content_hash} {digest}"
    folder = str(course_class.folder)
    if folder not in _CACHE or _CACHE[folder][0] != version:
        _CACHE.clear()  # one class at a time: memory stays flat over 75
        _CACHE[folder] = (version, _Drawn(course_class))
    return _CACHE[folder][1]


def _saved(drawn: Any, box: Any, format: str, dpi: int) -> bytes:
    buffer = io.BytesIO()
    # Date, program and version would change the bytes without changing the picture.
    if format == "png":
        drawn.savefig(buffer, format=format, dpi=dpi, bbox_inches=box, metadata={"Software": None}, facecolor="white")
        return buffer.getvalue()
    # Straight to the canvas, and cropped in its header: `savefig` draws everything once more to find out what it has been told.
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    drawn.patch.set_visible(False)
    canvas: Any = FigureCanvasSVG(drawn)
    canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    drawn.patch.set_visible(True)
    left, top, width, height = (72 * inches for inches in (box.x0, drawn.get_figheight() - box.y1, box.width, box.height))
    crop = f'width="{width:.4f}pt" height="{height:.4f}pt" viewBox="{left:.4f} {top:.4f} {width:.4f} {height:.4f}"'
    return _SVG_SIZE.sub(crop, buffer.getvalue().decode(), count=1).encode()


def _decimal_commas(drawn: Any) -> None:
    """Tick labels as Spanish prose writes numbers, where the author set no format of their own."""
    from matplotlib.ticker import ScalarFormatter

    class Comma(ScalarFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return str(super().__call__(x, pos)).replace(".", ",")

    for axes in drawn.get_axes():
        for axis in (axes.xaxis, axes.yaxis):
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(Comma(useMathText=False))  # as plain text: each formula costs 20 ms


def _line(error: Exception, name: str) -> int:
    """The last line of the class's own file that the error passed through."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.replace("\\", "/").endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


@lru_cache(maxsize=1)
def _fonts() -> None:
    from pathlib import Path

    from matplotlib import font_manager

    for path in fonts_folder().glob("SourceSansPro-*.ttf"):
        if Path(path).stem.partition("-")[2] in {"Regular", "It", "Semibold", "Bold"}:
            font_manager.fontManager.addfont(str(path))


def fonts_folder() -> Any:
    """Return the folder of Source Sans Pro."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("font_source_sans_pro")
    if spec is None or spec.origin is None:
        raise ClassError("the package font-source-sans-pro isn't installed: `pip install font-source-sans-pro`")
    return Path(spec.origin).parent / "files"
