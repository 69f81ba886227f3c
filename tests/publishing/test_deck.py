"""The deck: what LibreOffice shows of it stands where it should and can be read; what is wrong in `slides.md` is told with its line.

Each check of `slides.faults` has a deck that was broken on purpose: one that found nothing there would prove nothing elsewhere.
"""

import io
import re

import pytest
from pptx import Presentation
from pptx.util import Inches, Pt

from catedra.course import ClassError, load, read_class
from catedra.publishing.build import build
from catedra.publishing.deck import deck_of
from catedra.publishing.deck_measure import Run, bound, line_count, words_a_line
from catedra.publishing.products import Product
from catedra.publishing.reference_deck import Layout
from tests import tiny
from tests.publishing.rich import write_rich
from tests.publishing.slides import FIGURES, SLIDES, export, faults, lettering

A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
NATIVE = "{http://schemas.microsoft.com/office/drawing/2010/main}m"

pytestmark = pytest.mark.xdist_group("deck")  # one worker exports them all, once


def written(root, slides=SLIDES, **replaced):
    return read_class(write_rich(root, slides=slides, **{"figures": FIGURES, **replaced}))


def one_slide(root, body, title="Una idea"):
    return written(root, f"## {title}\n\n{body}\n\n::: notes\n[40 min] Se dice.\n:::\n")


def opened(content):
    return Presentation(io.BytesIO(content))


def shape(slide, name):
    return next(each for each in slide.shapes if each.name.startswith(name))


# Decks broken on purpose: how, in what its file or its pages must show


def off_slide(deck):
    deck.slides[2].shapes.title.left = Inches(0)
    shape(deck.slides[5], "Imagen").left = Inches(6)


def out_of_its_frame(deck):
    deck.slides[10].shapes.title.width = Inches(3)


def too_small(deck):
    deck.slides[7].shapes.title.text_frame.paragraphs[0].runs[0].font.size = Pt(10)
    for run in (run for each in shape(deck.slides[9], "Código").text_frame.paragraphs for run in each.runs):
        run.font.size = Pt(13)


def overlapping(deck):
    shape(deck.slides[4], "Texto").top = deck.slides[4].shapes.title.top
    shape(deck.slides[6], "Imagen").top = shape(deck.slides[6], "Qué se ve").top


SEEN = {
    off_slide: ["slide 3: 'Sumar es.juntar' stands outside the safe area", "slide 6: a picture stands outside the safe area"],
    out_of_its_frame: ["slide 11: 'caminos: ' stands outside its frame"],
    too_small: ["slide 8: .* has 10 points, expected 16", "slide 10: .* has 13 points, expected 14"],
    overlapping: ["slide 5: 'El.promedio.* and 'Nadie.* overlap", "slide 7: .* stands on a picture"],
}


def without_title(deck):
    deck.slides[4].shapes.title.text_frame.text = " "


def twice_the_title(deck):
    deck.slides[4].shapes.title.text_frame.text = "La recta sube"


def without_notes(deck):
    deck.slides[4].notes_slide.notes_text_frame.text = ""


def other_minutes(deck):
    notes = deck.slides[4].notes_slide.notes_text_frame
    notes.text = notes.text.replace("[4 min: del 6 al 10", "[5 min: del 6 al 11")


def without_native(deck):
    native = next(deck.slides[4]._element.iter(NATIVE))
    native.getparent().remove(native)


def without_picture(deck):
    fallback = next(deck.slides[4]._element.iter(f"{MC}Fallback"))
    fallback.getparent().remove(fallback)


def blurred(deck):
    picture = shape(deck.slides[5], "Imagen")
    picture.width, picture.height = 2 * picture.width, 2 * picture.height


def stretched(deck):
    picture = shape(deck.slides[5], "Imagen")
    picture.width = picture.width * 8 // 10


def without_alternative(deck):
    shape(deck.slides[5], "Imagen")._element.nvPicPr.cNvPr.set("descr", "")


def in_english(deck):
    next(deck.slides[4].shapes.title._element.iter(f"{A}rPr")).set("lang", "en-US")
    next(deck.slides[5].notes_slide._element.iter(f"{A}rPr")).attrib.pop("lang")


def without_hash(deck):
    deck.core_properties.keywords = "catedra:"


IN_FILE = {
    without_title: ["slide 5: has no title"],
    twice_the_title: ["deck: 2 slides are called 'La recta sube'"],
    without_notes: ["slide 5: has no notes", "deck: the notes sum to 36 minutes, the class has 40"],
    other_minutes: ["slide 6: its notes say .* when 11 of 40 minutes have passed", "deck: the notes sum to 41"],
    without_native: ["deck: 5 native formulas, slides.md has 6"],
    without_picture: ["slide 5: a formula has no picture"],
    blurred: ["slide 6: a picture of .* pixels is shown"],
    stretched: ["slide 6: a picture is stretched"],
    without_alternative: ["slide 6: a picture has no text alternative"],
    in_english: ["slide 5: 'El.*' isn't marked as Spanish", "slide 6: .* isn't marked as Spanish"],
    without_hash: ["deck: doesn't carry the class's content hash"],
}


def broken(content, damage):
    deck = opened(content)
    damage(deck)
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def assert_found(found, expected):
    for pattern in expected:
        assert any(re.search(pattern, fault) for fault in found), f"{pattern!r} isn't among {found}"


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    root = tmp_path_factory.mktemp("classes")
    return {
        "100": load(100),
        "101": load(101),
        "rich": written(root),
        "tiny": read_class(tiny.write_class(root)),
    }


@pytest.fixture(scope="module")
def decks(classes):
    return {name: deck_of(course_class) for name, course_class in classes.items()}


@pytest.fixture(scope="module")
def pages(decks, tmp_path_factory):
    damaged = {damage.__name__: broken(decks["rich"], damage) for damage in SEEN}
    return export(decks | damaged, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("name", ["100", "101", "rich", "tiny"])
def test_nothing_is_wrong_in_the_file(name, classes, decks):
    assert faults(decks[name], classes[name]) == []


@pytest.mark.parametrize("name", ["100", "101", "rich", "tiny"])
def test_nothing_is_wrong_in_the_room(name, classes, decks, pages):
    assert faults(decks[name], classes[name], pages[name]) == faults(decks[name], classes[name])


@pytest.mark.parametrize("damage", SEEN, ids=lambda damage: damage.__name__)
def test_what_a_room_sees_is_checked(damage, classes, decks, pages):
    content = broken(decks["rich"], damage)
    assert_found(faults(content, classes["rich"], pages[damage.__name__]), SEEN[damage])


@pytest.mark.parametrize("damage", IN_FILE, ids=lambda damage: damage.__name__)
def test_what_a_file_holds_is_checked(damage, classes, decks):
    assert_found(faults(broken(decks["rich"], damage), classes["rich"]), IN_FILE[damage])


def test_text_that_is_lost_is_found(classes, decks, pages):
    emptied = [line for line in pages["rich"][4] if "Nadie" not in line.text]
    shown = [*pages["rich"][:4], emptied, *pages["rich"][5:]]
    assert_found(faults(decks["rich"], classes["rich"], shown), ["slide 5: LibreOffice doesn't show"])
    assert_found(faults(decks["rich"], classes["rich"], shown[:-1]), ["deck: 13 slides, 12 pages"])


def test_a_picture_that_is_cut_is_found(classes, monkeypatch):
    monkeypatch.setattr("catedra.publishing.deck_pictures._STICKS_OUT", 0.0)
    assert_found(faults(deck_of(classes["rich"]), classes["rich"]), ["slide 3: a picture is cut at its edge"])


def test_small_lettering_is_found(tmp_path):
    small = written(
        tmp_path, figures=FIGURES.replace("made.subplots()", "made.subplots().tick_params(labelsize=4)\n    made.gca()")
    )
    assert lettering(small, "recta") < lettering(written(tmp_path / "other"), "recta")
    assert_found(faults(deck_of(small), small), ["slide 6: the figure 'recta' has letters of 7.* points"])


# What it is made of


def test_the_same_class_gives_the_same_bytes(tmp_path, decks):
    assert deck_of(written(tmp_path)) == decks["rich"]


def test_six_layouts_are_used(decks):
    deck = opened(decks["rich"])
    shown = {layout.shown for layout in Layout}
    assert {slide.slide_layout.name for slide in deck.slides} == shown == {layout.name for layout in deck.slide_layouts}


def test_formulas_stand_as_text_in_notes(decks):
    said = opened(decks["rich"]).slides[2].notes_slide.notes_text_frame.text
    assert said.split("\n\n") == [
        "[4 min: del 0 al 4 de 40]",
        "Decir que 0,5 es la mitad y que 1 sobre 2 también.",
        "Segundo párrafo.",
    ]


def test_formulas_are_said_in_words(decks):
    said = [each.get("descr") for each in opened(decks["rich"]).slides[2]._element.iter(f"{P}cNvPr") if each.get("descr")]
    assert said == [
        "Sumar x sub 1 y x sub 2 da x sub 1 más x sub 2 igual a 0,5. El orden no importa, y sum(x) lo sabe. Tampoco importa de a "
        "cuántos. El promedio es 1 sobre N la suma desde i igual a 1 hasta N de x sub i."
    ]


@pytest.mark.parametrize(
    "title",
    [
        "Sumas: «con» \"comillas\" y 'otras'",
        "a < b & c > d",
        "100 % #hash \\$5 1 \\* 2 \\[x\\]",
        "😀 caras",
        "<b>no</b> &amp; sí",
    ],
)
def test_odd_titles_come_out_right(tmp_path, title):
    deck = opened(deck_of(one_slide(tmp_path, "Algo.", title=title)))
    shown = (
        deck.slides[1]
        .shapes.title.text_frame.text.replace("\u00a0", " ")
        .translate(dict(zip(map(ord, "“”‘’"), "\"\"''", strict=True)))
    )
    assert shown == title.replace("\\", "").replace("&amp;", "&")


def test_a_class_with_an_odd_title(tmp_path):
    lesson = tiny.LESSON.format(number=901).replace('"Sumas y medias"', r"""'a < b & "c" *d* $5 😀'""")
    course_class = read_class(tiny.write_class(tmp_path, lesson=lesson))
    deck = opened(deck_of(course_class))
    assert deck.slides[0].shapes.title.text_frame.text.replace("\u00a0", " ") == course_class.title
    assert deck.core_properties.title == f"Clase 901: {course_class.title}"


def test_no_line_ends_in_a_short_word():
    runs = [Run(bound("Perceptrón, MLP y backpropagation"))]
    assert bound("MLP y a la vez ¿En cuál?") == "MLP y\u00a0a\u00a0la\u00a0vez ¿En\u00a0cuál?"
    assert words_a_line(runs, 40, 20 * 40 / 72 / 2) == (2, 1)
    assert line_count([Run("a\nb")], 20, 5) == 2
    assert line_count([Run("a" * 100)], 20, 5) > 2


# What is refused, and where


LINE = 3
"""Of a slide's body in `one_slide`."""


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("\n".join(f"- Punto {n}, que ocupa su renglón.\n" for n in range(14)), LINE, "the slide is too full: it needs"),
        ("pala" * 60, LINE, "a word is wider than its column"),
        ("![](figure:recta)\n\n" + "Muchas palabras. " * 60, LINE, "don't fit together"),
        ("![](figure:recta)\n\n" * 3, LINE + 4, "it shows 3 figures"),
        ("$$" + " + ".join(f"w_{{{n}}} x_{{{n}}}" for n in range(24)) + "$$", LINE, "times as wide as fits"),
        ("```python\n" + "x = 1\n" * 9 + "```", LINE, "9 lines; a slide shows 8"),
        ("```python\nx = 1\n" + "y" * 140 + "\n```", LINE + 2, "140 characters"),
        ("Algo.\n\n![](figure:nada)", LINE + 2, "draws no figure 'nada' (there are: recta, alta, sin-medir)"),
        ("![](foto.png)", LINE, "expected a figure of figures.py"),
        ("![Con $x$ adentro.](figure:recta)", LINE, "caption says is plain words"),
        ("Cuesta $5.", LINE, "`$` of this paragraph has no partner"),
        ("Así: $x_{1$.", LINE, "the braces of this formula don't pair: `x_{1`"),
        ("Algo.\n\n$$\\frac{a}$$", LINE + 2, "this formula isn't LaTeX"),
        ("$$\\begin{bmatrix} a$$", LINE, "this formula isn't LaTeX"),
        ("::: intuicion\nAlgo.\n:::", LINE, "a slide has `::: notes` and `::: columns`; found 'intuicion'"),
        ("::: {.inventado}\nAlgo.\n:::", LINE, "found 'inventado'"),
        ("La [otra](clase:nadie).", LINE, "no class has the slug 'nadie'"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", 1, "can't show a table"),
        ("Una.\n\n---\n\nOtra.", None, "pandoc"),
        ("### Chico", LINE, "split the slide"),
        ("::: columns\n::: column\nUna.\n:::\n:::", LINE, "expected two columns"),
        ("::: notes\n[4 min] Antes.\n:::", LINE + 4, "second notes"),
    ],
)  # fmt: skip
def test_what_a_slide_cannot_show_is_told_with_its_line(tmp_path, body, line, says):
    with pytest.raises(ClassError) as caught:
        deck_of(one_slide(tmp_path, body))
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"c902_rich/slides.md:{line}:" if line else "c902_rich/slides.md:")


@pytest.mark.parametrize(
    ("slides", "line", "says"),
    [
        ("Antes.\n\n## Uno\n", 1, "before the first heading"),
        ("# Solo\n", 1, "there is no slide"),
        ("## \n\nAlgo.\n", 1, "this heading is empty"),
        ("## Uno\n\nAlgo.\n", 1, "this slide has no notes"),
        ("## Uno\n\n::: notes\nSin hora.\n:::\n", 3, "don't begin with their time"),
        ("## Uno\n\n::: notes\n[39 min] Corta.\n:::\n", 1, "sum to 39, the class has 40: give 1"),
        ("## Uno\n\n::: notes\n[41 min] Larga.\n:::\n", 1, "sum to 41, the class has 40: take 1"),
        ("# Sección\n\nAlgo.\n\n## Uno\n", 1, "a section's slide shows its title only"),
        ("## Da $x$\n\n::: notes\n[40 min] Va.\n:::\n", 1, "its title holds a formula"),
        (f"## {'Título largo ' * 12}\n\n::: notes\n[40 min] Va.\n:::\n", 1, "say it shorter"),
        ("## Uno\n\n```python\nx = 1\n\n::: notes\n[40 min] Va.\n:::\n", 3, "this code fence is never closed"),
        ("## Uno\n\n<%= nada() %>\n", 3, "nada"),
    ],
)  # fmt: skip
def test_a_broken_file_is_told_with_its_line(tmp_path, slides, line, says):
    with pytest.raises(ClassError, match=re.escape(says)) as caught:
        deck_of(written(tmp_path, slides))
    assert str(caught.value).startswith(f"c902_rich/slides.md:{line}:")


def test_a_failure_leaves_the_deck_that_was_there(tmp_path):
    course_class = one_slide(tmp_path / "classes", "Algo.")
    out = tmp_path / "out"
    (built,) = build([course_class], out, products=(Product.DECK,))
    before = (out / "902-rich.pptx").read_bytes()
    assert built.made == {Product.DECK: out / "902-rich.pptx"}
    slides = course_class.folder / "slides.md"
    slides.write_text(slides.read_text(encoding="utf-8").replace("Algo.", "![](figure:nada)"), encoding="utf-8")
    (failed,) = build([read_class(course_class.folder)], out, products=(Product.DECK,))
    assert failed.error.startswith("c902_rich/slides.md:3: figures.py draws no figure 'nada'")
    assert (out / "902-rich.pptx").read_bytes() == before
    assert not list(out.glob("*.part"))
