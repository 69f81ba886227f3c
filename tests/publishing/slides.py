"""Looks at decks as a room sees them: slides that use everything, LibreOffice's pages with their words, and what is wrong with a deck.

`faults` is the list that must be empty. Measures are points; a page's words come from poppler, their frames from the file.
"""

import io
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from PIL import Image
from pptx import Presentation

from catedra.publishing.deck_source import Formula, Words, read_slides
from catedra.publishing.figures import figure_alt, figure_file, slugs
from catedra.publishing.products import Product, content_hash_in
from catedra.publishing.reference_deck import SAFE

LEAST, LEAST_CODE, LEAST_LETTERING = 16, 14, 12
SCREEN = 1920 / 13.333
"""Pixels an inch on a screen of 1920 × 1080."""
ALIKE = re.compile(r"Arial|Liberation ?Sans|Arimo|Helvetica|Nimbus ?Sans")
"""Fonts whose letters are as wide as Arial's."""

_ZOOM = 3
_TOLERANCE = 1.5
_SAID = re.compile(r"\[(\d+) min: del (\d+) al (\d+) de (\d+)\]\s+\S")
_SMALL = {"Pie", "Número de diapositiva"}
_MAIN = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_NATIVE = "{http://schemas.microsoft.com/office/drawing/2010/main}m"
_EMBED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"


class Area(NamedTuple):
    """A rectangle, in points."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other):
        corner = self.left - _TOLERANCE <= other.left and self.top - _TOLERANCE <= other.top
        return corner and other.right <= self.right + _TOLERANCE and other.bottom <= self.bottom + _TOLERANCE

    def meets(self, other):
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return min(wide, high) > 1


class Line(NamedTuple):
    """A stretch of text that a page shows: the area of its letters, from the top of "d" to the bottom of "p"."""

    text: str
    area: Area
    size: float
    font: str


_SAFE = Area(*(72 * value for value in (SAFE.x, SAFE.y, SAFE.right, SAFE.bottom)))


def export(decks, folder):
    """Return each deck's pages as LibreOffice shows them, each a list of lines; skips where the programs aren't installed.

    All decks go through one run of LibreOffice, with a profile of its own: it takes seconds to start.
    """
    for program, package in (("soffice", "libreoffice-impress"), ("pdftohtml", "poppler-utils")):
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed: apt-get install {package} fonts-liberation")
    for name, content in decks.items():
        (folder / f"{name}.pptx").write_bytes(content)
    profile = (folder / "profile").as_uri()
    command = ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf", "--outdir", str(folder)]
    done = subprocess.run([*command, *(str(folder / f"{name}.pptx") for name in decks)], capture_output=True, check=False)
    missing = [name for name in decks if not (folder / f"{name}.pdf").exists()]
    assert not missing, f"LibreOffice exports no {missing}: {done.stderr.decode()}"
    pages = {name: _pages(folder / f"{name}.pdf") for name in decks}
    fonts = {line.font for lines in next(iter(pages.values())) for line in lines}
    if not any(ALIKE.search(font) for font in fonts):
        pytest.skip(f"LibreOffice shows {', '.join(sorted(fonts))} for Arial, which is wider: apt-get install fonts-liberation")
    return pages


def _pages(pdf: Path):
    command = ["pdftohtml", "-xml", "-i", "-hidden", "-zoom", str(_ZOOM), "-fontfullname", "-stdout", str(pdf)]
    root = ElementTree.fromstring(subprocess.run(command, capture_output=True, check=True).stdout)
    fonts = {each.get("id"): (int(each.get("size")) / _ZOOM, each.get("family")) for each in root.iter("fontspec")}
    return [[_line(each, *fonts[each.get("font")]) for each in page.iter("text")] for page in root.iter("page")]


def _line(node, size, font):
    left, top, width = (int(node.get(key)) / _ZOOM for key in ("left", "top", "width"))
    baseline = top + 0.95 * size  # poppler's boxes reach 0.95 above the baseline, whatever the font
    return Line("".join(node.itertext()), Area(left, baseline - 0.73 * size, left + width, baseline + 0.21 * size), size, font)


def faults(content, course_class, pages=None):
    """Return what is wrong with a deck, each with its slide; where `pages` are given, also with what a room sees."""
    deck = Presentation(io.BytesIO(content))
    found = [*_in_file(deck, course_class)]
    if content_hash_in(Product.DECK, content) != course_class.content_hash:
        found.append("deck: doesn't carry the class's content hash")
    if pages is not None:
        if len(pages) != len(deck.slides):
            found.append(f"deck: {len(deck.slides)} slides, {len(pages)} pages")
        for number, (slide, lines) in enumerate(zip(deck.slides, pages, strict=False), start=1):
            found += [f"slide {number}: {fault}" for fault in _seen(slide, lines)]
    return found


# In the file


def _in_file(deck, course_class):
    minutes = course_class.front.minutes
    source = read_slides(course_class)
    pieces = [piece for slide in source for column in slide.columns for piece in column]
    wanted = sum(isinstance(piece, Formula) for piece in pieces)
    wanted += sum(len(piece.formulas) for piece in pieces if isinstance(piece, Words))
    shown = sum(1 for slide in deck.slides for _ in slide._element.iter(_NATIVE))
    if shown != wanted:
        yield f"deck: {shown} native formulas, slides.md has {wanted}"
    titles = Counter(_title(slide) for slide in deck.slides)
    yield from (f"deck: {count} slides are called {title!r}" for title, count in titles.items() if count > 1)
    elapsed = 0
    figures = {figure_alt(course_class, slug): slug for slug in slugs(course_class)}
    for number, slide in enumerate(deck.slides, start=1):
        there = f"slide {number}"
        if not _title(slide):
            yield f"{there}: has no title"
        if slide.slide_layout.name not in {"Portada", "Sección"}:
            said = _SAID.match(slide.notes_slide.notes_text_frame.text) if slide.has_notes_slide else None
            if said is None:
                yield f"{there}: has no notes that begin with their time"
            elif (int(said[2]), int(said[3]), int(said[4])) != (elapsed, elapsed + int(said[1]), minutes):
                yield f"{there}: its notes say {said[0]!r} when {elapsed} of {minutes} minutes have passed"
            elapsed += int(said[1]) if said else 0
        yield from (
            f"{there}: {fault}" for fault in (*_formulas(slide), *_pictures(slide, course_class, figures), *_language(slide))
        )
    if elapsed != minutes:
        yield f"deck: the notes sum to {elapsed} minutes, the class has {minutes}"


def _title(slide):
    title = slide.shapes.title
    return " ".join(title.text_frame.text.split()) if title is not None else ""


def _formulas(slide):
    for native in slide._element.iter(_NATIVE):
        choice = next((each for each in native.iterancestors(f"{_MC}Choice")), None)
        fallback = choice.getparent().find(f"{_MC}Fallback") if choice is not None else None
        if fallback is None or fallback.find(f"{_SLIDE}pic") is None:
            yield "a formula has no picture for programs that don't show it"


def _pictures(slide, course_class, figures):
    for each in slide._element.iter(f"{_SLIDE}pic"):
        said = each.find(f"{_SLIDE}nvPicPr/{_SLIDE}cNvPr").get("descr", "").strip()
        if not said:
            yield "a picture has no text alternative"
        area = _area_of(each)
        wide, high = (area.right - area.left) / 72, (area.bottom - area.top) / 72
        part = slide.part.related_part(each.find(f"{_SLIDE}blipFill/{_MAIN}blip").get(_EMBED))
        image = Image.open(io.BytesIO(part.blob)).convert("RGBA")
        pixels = image.size
        if min(pixels[0] / wide, pixels[1] / high) < 0.99 * SCREEN:
            yield f"a picture of {pixels[0]} × {pixels[1]} pixels is shown {wide:.1f} × {high:.1f} inches large"
        if abs(pixels[0] / pixels[1] / (wide / high) - 1) > 0.01:
            yield "a picture is stretched"
        ink = image.getchannel("A").getbbox()
        if ink is None or ink[1] == 0 or ink[3] == pixels[1]:
            yield "a picture is cut at its edge, or blank"
        if not _SAFE.holds(area):
            yield "a picture stands outside the safe area"
        if said in figures:
            points = 72 * wide * lettering(course_class, figures[said])
            if points < LEAST_LETTERING:
                yield f"the figure {figures[said]!r} has letters of {points:.1f} points"


def lettering(course_class, slug):
    """Return the smallest letters of a figure, as a share of its width: matplotlib writes outlines of 100 points, scaled."""
    svg = figure_file(course_class, slug, "svg").decode()
    width = float(re.search(r'<svg[^>]*?\swidth="([\d.]+)pt"', svg)[1])
    return min(100 * float(scale) for scale in re.findall(r"scale\(([\d.]+) -[\d.]+\)", svg)) / width


def _language(slide):
    trees = [slide._element, *([slide.notes_slide._element] if slide.has_notes_slide else [])]
    for run in (run for tree in trees for run in tree.iter(f"{_MAIN}r", f"{_MAIN}fld")):
        properties = run.find(f"{_MAIN}rPr")
        if properties is None or not properties.get("lang", "").startswith("es"):
            yield f"{run.findtext(f'{_MAIN}t')!r} isn't marked as Spanish"


# In the room


def _area_of(shape):
    place = shape.find(f"{_SLIDE}spPr/{_MAIN}xfrm")
    left, top = (int(place.find(f"{_MAIN}off").get(key)) / 12700 for key in "xy")
    wide, high = (int(place.find(f"{_MAIN}ext").get(key)) / 12700 for key in ("cx", "cy"))
    return Area(left, top, left + wide, top + high)


def _seen(slide, lines):
    frames = []
    for shape in slide.shapes:
        if shape.has_text_frame:  # what PowerPoint alone shows isn't among the shapes
            left, top, wide, high = (length / 12700 for length in (shape.left, shape.top, shape.width, shape.height))
            text = _squeezed("".join(node.text or "" for node in shape._element.iter(f"{_MAIN}t")))
            frames.append((shape.name, text, Area(left, top, left + wide, top + high)))
    shown = Counter(_squeezed("".join(line.text for line in lines)))
    if lost := Counter("".join(text for _, text, _ in frames)) - shown:
        yield f"LibreOffice doesn't show {''.join(lost)!r}"
    for line in lines:
        text = _squeezed(line.text)
        if not text:  # a list's mark
            continue
        holders = [(name, area) for name, whole, area in frames if text in whole]
        if not holders:
            yield f"{line.text!r} belongs to no frame"
        elif not any(area.holds(line.area) for _, area in holders):
            yield f"{line.text!r} stands outside its frame"
        if not _SAFE.holds(line.area):
            yield f"{line.text!r} stands outside the safe area"
        least = LEAST_CODE if "Mono" in line.font or any(name in _SMALL for name, _ in holders) else LEAST
        if line.size < least:
            yield f"{line.text!r} has {line.size:.0f} points, expected {least} at least"
    for one, other in combinations((line for line in lines if line.text.strip()), 2):
        if one.area.meets(other.area):
            yield f"{one.text!r} and {other.text!r} overlap"
    for picture in slide._element.iter(f"{_SLIDE}pic"):
        covered = [line.text for line in lines if line.text.strip() and line.area.meets(_area_of(picture))]
        yield from (f"{text!r} stands on a picture" for text in covered)


def _squeezed(text):
    """Without spaces, marks of lists, and ligatures."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lstrip("•–")


SLIDES = r"""# Sumar, "restar" & <dividir>

## Sumar es juntar

- Sumar $x_1$ y $x_2$ da $x_1 + x_2 = 0,5$.
- El orden **no importa**, y `sum(x)` lo sabe.
    - Tampoco importa de a cuántos.
- El promedio es $\frac{1}{N}\sum_{i=1}^{N} x_i$.

::: notes
[4 min] Decir que $0{,}5$ es la mitad y que $\frac{1}{2}$ también.

Segundo párrafo.
:::

## ¿Cuánto da 2 + 2 con los ojos cerrados, sin usar los dedos? {.pregunta}

::: notes
[2 min] Esperar.
:::

## El promedio minimiza la suma de los errores al cuadrado

$$\bar x = \arg\min_{m} \sum_{i=1}^{N} (x_i - m)^2$$

Nadie más lo logra.

::: notes
[4 min] Derivar.
:::

## La recta sube

![](figure:recta)

::: notes
[4 min] Mirar.
:::

## La recta sube y se dice por qué

![Un paso a la derecha, un paso hacia arriba: la pendiente es uno.](figure:recta)

::: notes
[4 min] Mirar.
:::

## La recta sube al lado de sus palabras

- Un paso a la derecha.
- Un paso hacia arriba.
- Pendiente uno.

![](figure:recta)

::: notes
[4 min] Mirar.
:::

# El código

## Ocho líneas entran, y se leen desde el fondo

```python
import numpy as np


def average(x: np.ndarray) -> float:
    "La media, de a poco."  # despacio
    total = 0.0
    for value in x: total += float(value)
    return total / len(x)
```

::: notes
[6 min] Leerlo.
:::

## Dos caminos: el <corto> & el "largo" 🙂

::: columns
::: column
```python
x.mean()
```

Una línea.
:::
::: column
$$\frac{1}{N}\sum_{i=1}^{N} x_i$$

Una fórmula, y la [clase que sigue](clase:mlp).
:::
:::

::: notes
[4 min] Comparar.
:::

## Dos rectas se comparan

![](figure:alta)

![](figure:alta)

::: notes
[4 min] Comparar.
:::

## Una figura sin medir se dice {.pregunta}

![](figure:sin-medir)

::: notes
[4 min] Esperar.
:::
"""

FIGURES = '''"""Figuras."""

from matplotlib.figure import Figure

from catedra.authoring import figure


@figure("recta", alt="Una recta que sube de \\"cero\\" a uno & < dos.")
def line(curves):
    made = Figure(figsize=(6.3, 3))
    made.subplots().plot([0, 1], [0, 1])
    return made


@figure("alta", alt="Una recta que sube en un marco más angosto.")
def tall(curves):
    made = Figure(figsize=(4, 3.4))
    made.subplots().plot([0, 1], [0, 1])
    return made


@figure("sin-medir", alt="Lo que todavía no se midió.")
def pending(curves):
    curves.stack("nothing.measured")
'''
