"""Cards read without colour, and nothing of the student's is taken for HTML."""

from html.parser import HTMLParser

import pytest

from catedra.checking import Outcome
from catedra.notebook.card import _SYMBOLS, Card


class Balanced(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.tags = [], []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


CARD = Card(
    "Ejercicio 1", "Llegó `<b>` & nada.", Outcome.INCORRECT, detail="<script>1 < 2</script>", folded=(("Pista 1", "¿`x`?"),),
    steps=("Seguí.",), stamp="orientativo",
)  # fmt: skip


def test_the_html_is_whole_and_escaped():
    html = CARD._repr_html_()
    parser = Balanced()
    parser.feed(html)
    assert parser.open == []
    assert "script" not in parser.tags
    assert parser.tags.count("details") == 2
    assert "<code>&lt;b&gt;</code> &amp; nada." in html
    assert 'aria-label="✗ Ejercicio 1 · todavía no"' in html


def test_the_text_says_the_same():
    head = "✗ Ejercicio 1 · todavía no (orientativo)\n  Llegó `<b>` & nada."
    assert str(CARD) == f"{head}\n  <script>1 < 2</script>\n  Pista 1: ¿`x`?\n  → Seguí."
    assert repr(CARD) == str(CARD)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_a_word_and_a_symbol_of_its_own(outcome):
    html = Card("T", "m", outcome)._repr_html_()
    assert outcome.label in html
    assert _SYMBOLS[outcome] in html
    assert list(_SYMBOLS.values()).count(_SYMBOLS[outcome]) == 1


def test_a_card_without_outcome():
    assert str(Card("Título", "Mensaje.")) == "Título\n  Mensaje."
    assert "Título" in Card("Título", "Mensaje.")._repr_html_()
