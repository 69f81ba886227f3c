"""The guide: a tagged PDF with its fonts, the same bytes twice, words and pictures named for who can't see, odd titles right."""

import re
import subprocess

import pytest
import typst

from catedra.course import ClassError, read_class
from catedra.publishing.document import assemble
from catedra.publishing.guide import _fonts, guide_of, markup_of
from catedra.publishing.page import page_of
from catedra.publishing.products import Product, content_hash_in
from catedra.publishing.spoken import spoken
from catedra.publishing.tree import decimal_commas
from tests import tiny
from tests.publishing.rich import LESSON, write_rich

FORMULAS = """Antes de todo: $z = 0,5$.

$$\\frac{\\partial L}{\\partial w_{ij}} = \\sum_{k=1}^{K} (\\hat y_k - y_k)\\,x_i$$
"""


def guide(root, lesson=LESSON, **replaced):
    return guide_of(read_class(write_rich(root, lesson=lesson, **replaced)))


def words(pdf, tmp_path):
    """The guide's text as a reader copies it; skips where poppler isn't installed."""
    (tmp_path / "g.pdf").write_bytes(pdf)
    try:
        done = subprocess.run(["pdftotext", "-layout", str(tmp_path / "g.pdf"), "-"], capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("pdftotext isn't installed: apt-get install poppler-utils")
    return done.stdout.decode()


@pytest.fixture(scope="module")
def rich_pdf(tmp_path_factory):
    return guide(tmp_path_factory.mktemp("guide"), LESSON.replace("Antes de todo.", FORMULAS))


def test_it_is_a_tagged_pdf_in_spanish(rich_pdf):
    assert rich_pdf.startswith(b"%PDF-1.7")
    assert re.search(rb"/Lang ?\(es", rich_pdf)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in rich_pdf
    assert b"/MarkInfo" in rich_pdf


def test_it_carries_the_content_hash(tmp_path):
    course_class = read_class(write_rich(tmp_path))
    assert content_hash_in(Product.GUIDE, guide_of(course_class)) == course_class.content_hash


def test_the_same_class_gives_the_same_bytes(tmp_path, rich_pdf):
    assert guide(tmp_path, LESSON.replace("Antes de todo.", FORMULAS)) == rich_pdf


def test_every_picture_and_formula_is_said_in_words(tmp_path):
    lesson = LESSON.replace("Antes de todo.", FORMULAS)
    markup, _ = markup_of(assemble(read_class(write_rich(tmp_path, lesson=lesson))))
    assert '#figura("recta", "Una recta que sube.",' in markup
    assert "la suma desde k igual a 1 hasta K" in markup
    body = markup.partition("// Title block")[2]
    assert len(re.findall(r"#formul(?:a|ita)\(", body)) == lesson.count("$$") // 2 + 2


def test_it_does_not_compile_without_alternatives():
    source = '#set document(title: "x")\n#set text(lang: "es")\n$ x + 1 $'
    with pytest.raises(typst.TypstError, match="alt"):
        typst.Compiler(source.encode(), font_paths=_fonts(), ignore_system_fonts=True).compile(
            format="pdf", pdf_standards=["ua-1"]
        )


def test_answers_stand_at_the_end(rich_pdf, tmp_path):
    text = words(rich_pdf, tmp_path)
    assert "respuesta 1, página" in text
    assert text.index("Da tres") > text.index("Nadie.") > text.index("¿Cuánto da?")


def test_it_says_what_a_class_is(rich_pdf, tmp_path):
    text = words(rich_pdf, tmp_path)
    for piece in (
        "CLASE 902", "Sumas, con todo", "40 minutos · de prueba", "Al terminar podrás", "Figura 1.", "(1)", "def plus_two(x: int)",
        "Qué se mide", "Predecí antes de mirar", "Intuición", "Qué se ve", "Cómo saber", "no se juzgó", "0,5",
    ):  # fmt: skip
        assert piece in text, piece


@pytest.mark.parametrize(
    "title", ["Sumas: «con» \"comillas\" y 'otras'", "a < b & c > d", "100 % #hash $5 *x* _y_ `z` \\n [x](y)", "😀 caras"]
)
def test_odd_titles_come_out_right(tmp_path, title):
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    lesson = LESSON.replace('title: "Sumas, con todo"', f'title: "{quoted}"')
    lesson = lesson.replace("### 2. Dos {", "### 2. Dos \"y\" 'tres' < & 😀 {")
    course_class = read_class(write_rich(tmp_path, lesson=lesson))
    assert course_class.title == title
    text = words(guide_of(course_class), tmp_path)
    assert title.split()[0].strip("\"'«»:") in text
    assert "< & 😀" in text
    from html import escape

    assert f"<h1>{escape(title)}</h1>" in page_of(course_class)


def test_a_letter_that_no_font_has_is_refused_where_it_stands(tmp_path):
    lesson = LESSON.replace("Antes de todo.", "Antes de todo, vamos al 漢 de siempre y nada más.")
    line = 1 + lesson.count("\n", 0, lesson.index("Antes de todo"))
    with pytest.raises(ClassError, match=f"c902_rich/lesson.md:{line}: the guide can't be set") as caught:
        guide(tmp_path, lesson)
    assert "font" in str(caught.value)


def test_a_wide_formula_is_made_to_fit(tmp_path):
    terms = " + ".join(f"w_{{{n}}} x_{{{n}}}" for n in range(24))
    assert guide(tmp_path, LESSON.replace("Antes de todo.", f"Antes.\n\n$${terms}$$"))


def test_a_figure_inside_a_callout(tmp_path):
    lesson = LESSON.replace("Juntar dos montones.", "Juntar.\n\n![Otra vez la recta.](figure:recta)").replace(
        "![La recta en [0, 1] sube.](figure:recta)", ""
    )
    assert "Otra vez la recta." in words(guide(tmp_path, lesson), tmp_path)


def test_text_goes_on_where_a_figure_has_no_room(tmp_path):
    tall = tiny.FIGURES.replace("figsize=(4, 3)", "figsize=(6, 8)")
    filler = "\n\n".join(f"Párrafo {n} de relleno, con sus palabras." for n in range(34))
    lesson = LESSON.replace(
        "![La recta en [0, 1] sube.](figure:recta)", f"{filler}\n\n![La recta sube.](figure:recta)\n\nLo que sigue.\n\nY más."
    )
    text = words(guide(tmp_path, lesson, figures=tall), tmp_path)
    assert text.index("Párrafo 33") < text.index("Lo que sigue.") < text.index("Figura 1.")


def test_long_cells_and_long_code_are_not_cut(tmp_path):
    long = " ".join(f"palabra{n}" for n in range(900))
    errors = f'''"""Errores."""

from catedra.authoring import common_error


@common_error("largo", title="Largo", symptom="{long}", cause="c", fix="f `x_y`", verify="v")
class Largo:
    def bug():
        return {{}}

    def fixed():
        return {{}}

    def seen(observed):
        return True
'''
    code = "```python\n" + "\n".join(f"linea_{n} = {n}" for n in range(120)) + "\n```"
    text = words(guide(tmp_path, LESSON.replace("Antes de todo.", code), errors=errors), tmp_path)
    assert all(f"palabra{n}" in text for n in range(900))
    assert all(f"linea_{n} = {n}" in text for n in range(120))


def test_errors_whose_text_is_computed_are_imported(tmp_path):
    text = tiny.ERRORS.replace('symptom="da menos"', 'symptom="da " + "menos" * 2')
    assert "da menosmenos" in assemble(read_class(write_rich(tmp_path, errors=text))).lines.text


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (r"w \leftarrow w + \eta x", "w recibe w más eta x"),
        (r"\frac{a}{b}", "a sobre b"),
        (r"\frac{1}{1+e^{-z}}", "1 sobre (1 más e a la menos z)"),
        (r"x_i^2", "x sub i al cuadrado"),
        (r"\mathbf{w}^\top \mathbf{x}", "w traspuesta x"),
        (r"\hat y \in \mathbb{R}^D", "y sombrero pertenece a los reales a la D"),
        (r"\text{si } x \ge 0", "si x mayor o igual que 0"),
        (r"\sqrt{2}", "raíz de 2"),
        (r"\Sigma", "sigma mayúscula"),
        (r"\inventado", "inventado"),
        ("{x", "x"),
    ],
)
def test_formulas_are_read_aloud(formula, said):
    assert spoken(formula) == said


@pytest.mark.parametrize(
    ("formula", "joined"),
    [("0,5", r"0\text{,}5"), ("0{,}5", r"0\text{,}5"), ("(0,1)", "(0,1)"), (r"\{0,1\}", r"\{0,1\}"), ("1,2,3", "1,2,3"),
     ("(0,665; 1, 2)", r"(0\text{,}665; 1, 2)"), ("f(x,y)", "f(x,y)")],
)  # fmt: skip
def test_decimal_commas(formula, joined):
    assert decimal_commas(formula) == joined
