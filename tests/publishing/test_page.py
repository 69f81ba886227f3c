"""The page: well-formed HTML that fetches nothing, MathML, figures named in words, anchors, answers that fold without a script."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from catedra.course import read_class
from catedra.publishing.document import assemble
from catedra.publishing.page import STYLE, page_of, standalone
from catedra.publishing.products import Product, content_hash_in
from tests import tiny
from tests.publishing.rich import LESSON, write_rich

VOID = {"meta", "col", "br", "hr", "img", "input", "link", "wbr"}


class Reader(HTMLParser):
    """Checks that tags nest, and collects them."""

    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def tags(html):
    reader = Reader()
    reader.feed(html)
    assert not reader.open
    return reader.tags


@pytest.fixture(scope="module")
def course_class(tmp_path_factory):
    root = tmp_path_factory.mktemp("page")
    second = "![La otra recta.](figure:recta2)\n\nAntes de todo: $0,5$."
    figures = tiny.FIGURES + tiny.FIGURES.partition("\n\n\n")[2].replace('"recta"', '"recta2"').replace("def line", "def line2")
    return read_class(write_rich(root, lesson=LESSON.replace("Antes de todo.", second), figures=figures))


@pytest.fixture(scope="module")
def html(course_class):
    return page_of(course_class)


def test_it_is_one_article_with_its_hash(course_class, html):
    assert html.startswith('<article class="catedra-clase" lang="es-AR" data-class="902"')
    assert html.rstrip().endswith("</article>")
    assert content_hash_in(Product.PAGE, html.encode()) == course_class.content_hash


def test_tags_nest_and_identifiers_are_unique(html):
    found = [attributes["id"] for _, attributes in tags(html) if "id" in attributes]
    assert len(found) == len(set(found)) > 20


def test_what_is_referred_to_is_there(html):
    everything = tags(html)
    there = {attributes.get("id") for _, attributes in everything}
    for _, attributes in everything:
        for name in ("href", "xlink:href"):
            if attributes.get(name, "").startswith("#"):
                assert attributes[name][1:] in there
    for name in re.findall(r"url\(#([^)]*)\)", html):
        assert name in there


def test_it_fetches_nothing_and_runs_nothing(course_class, html):
    for text in (html, standalone(assemble(course_class)).decode()):
        assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in tags(text.partition("?>")[2] or text)}
        assert not re.search(r"(?:src|srcset)=|@import|url\((?!#)", text)
        assert not re.search(r"\son\w+=", text)


def test_formulas_are_mathml(html):
    assert '<math display="inline"' in html
    assert "<mn>0,5</mn>" in html


def test_figures_are_named_in_words(html):
    pictures = [attributes for tag, attributes in tags(html) if tag == "svg"]
    assert [each["aria-label"] for each in pictures] == ["Una recta que sube."] * 2
    assert all(each["role"] == "img" for each in pictures)
    assert "<strong>Figura 1.</strong>" in html
    assert "<strong>Figura 2.</strong>" in html


def test_the_ink_of_figures_follows_the_text(html):
    assert "currentColor" in html
    assert "#21252b" not in html
    assert "var(--catedra-figura-1, #0072b2)" in html


def test_headings_have_anchors_and_levels_do_not_jump(html):
    levels = [int(tag[1]) for tag, _ in tags(html) if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert '<a class="ancla" href="#sumar" aria-label="Enlace a esta sección">#</a>' in html


def test_answers_fold(html):
    assert '<details class="respuesta"><summary>Ver la respuesta</summary>' in html
    assert '<aside class="recuadro intuicion" aria-label="Intuición">' in html


def test_raw_html_of_a_lesson_is_shown(tmp_path):
    lesson = LESSON.replace("Antes de todo.", "Antes <script>alert(1)</script> de <b>todo</b>.")
    text = page_of(read_class(write_rich(tmp_path, lesson=lesson)))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_links_to_classes(tmp_path):
    tiny.write_class(tmp_path, 901, "sums")
    lesson = LESSON.replace("clase:mlp#capas", "clase:sums#sumar").replace("Antes de todo.", "Ver [otra](clase:mlp).")
    course_class = read_class(write_rich(tmp_path, lesson=lesson))
    text = page_of(course_class)
    assert '<a href="901-sums.html#sumar">clase que sigue</a> (clase\u00a0901)' in text
    assert "Ver otra (clase\u00a0101)" in text
    text = page_of(course_class, class_url=lambda neighbour, section: f"/clase/{neighbour.number}?s={section}")
    assert 'href="/clase/901?s=sumar"' in text
    assert 'href="/clase/101?s="' in text


def test_the_same_class_gives_the_same_bytes(tmp_path):
    pages = [standalone(assemble(read_class(write_rich(tmp_path / name)))) for name in ("a", "b")]
    assert pages[0] == pages[1]
    assert pages[0].startswith(b"<!DOCTYPE html>")


def test_without_its_title_when_the_host_has_one(course_class):
    assert "<h1>" not in page_of(course_class, titled=False)


def test_the_style_has_both_modes_and_names_each_colour_once():
    css = STYLE.read_text(encoding="utf-8")
    dark = [block for block in css.split("}") if "#15181d" in block and "--catedra-fondo" in block]
    assert len(dark) == 2
    names = [set(re.findall(r"--catedra-[\w-]+(?=:)", block)) for block in dark]
    assert names[0] == names[1]
    used = set(re.findall(r"var\((--catedra-[\w-]+)", css))
    assert used <= set(re.findall(r"(--catedra-[\w-]+):", css))


@pytest.mark.parametrize(("ink", "paper"), [("#21252b", "#ffffff"), ("#5a626e", "#f4f6f9"), ("#0b4f8a", "#f4f6f9"), ("#8a3a00", "#f4f6f9"),
    ("#1a6b3c", "#f4f6f9"), ("#e6e8ec", "#15181d"), ("#a3abb8", "#1e232b"), ("#7fb8ec", "#1e232b"), ("#f0b07a", "#1e232b")])  # fmt: skip
def test_text_has_the_contrast_that_reading_needs(ink, paper):
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(ink), light(paper)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
