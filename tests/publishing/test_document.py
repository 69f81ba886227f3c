"""The assembled document: its order, the origin of its lines, what is refused with file and line, and figures typed by hand."""

import ast

import pytest

from catedra.course import BrokenClass, ClassError, catalogue, read_class
from catedra.publishing.document import _signature, assemble, escaped
from catedra.publishing.handwritten import typed_results, unaccounted
from catedra.publishing.lines import Lines
from catedra.publishing.pandoc import parse
from catedra.publishing.stubs import Piece
from catedra.publishing.tree import read, text_of, walk
from tests import tiny
from tests.publishing.rich import LESSON, write_rich


def document(root, lesson=LESSON, **replaced):
    return assemble(read_class(write_rich(root, lesson=lesson, **replaced)))


def line_of(text, piece):
    return 1 + text.count("\n", 0, text.index(piece))


def test_the_order_of_a_guide(tmp_path):
    titles = [text_of(node["c"][2]) for node in walk(read(document(tmp_path))) if node["t"] == "Header" and node["c"][0] == 2]
    assert titles == [
        "Desarrollo", "Definiciones", "Ejercicios", "Tarea", "Lo que esta clase afirma, medido", "Un error común",
        "Preguntas frecuentes", "Referencias",
    ]  # fmt: skip


def test_each_line_of_the_lesson_keeps_its_place(tmp_path):
    found = document(tmp_path)
    lesson = LESSON.splitlines()
    checked = 0
    for number, text in enumerate(found.lines.text.splitlines(), start=1):
        name, _, line = found.lines.origin(number).partition(":")
        if name.endswith("lesson.md") and text in lesson and not text.startswith(("```", ":::")) and LESSON.count(text) == 1:
            assert lesson[int(line) - 1] == text
            checked += 1
    assert checked > 30


def test_exercises_show_what_to_write_and_nothing_of_the_answer(tmp_path):
    text = document(tmp_path).lines.text
    assert "def plus_two(x: int) -> int: ..." in text
    assert "x + 2" not in text
    assert "_private" not in text


def test_a_short_signature_is_one_line(tmp_path):
    assert "def plus_one(x: int, size: int = SIZE) -> int: ..." in document(tmp_path).lines.text


def test_a_long_signature_has_a_parameter_a_line():
    text = 'def f(a: int, /, b: dict[str, list[float]] = {}, *c: int, name: str = "x", other=None, **rest: float) -> tuple[int, int]:\n    "d"\n'
    lines = _signature(Piece("f", False, text, text)).splitlines()
    assert lines == [
        "def f(", "    a: int,", "    /,", "    b: dict[str, list[float]] = {},", "    *c: int,", '    name: str = "x",',
        "    other=None,", "    **rest: float,", ") -> tuple[int, int]: ...",
    ]  # fmt: skip
    assert ast.dump(ast.parse("\n".join(lines)).body[0].args) == ast.dump(ast.parse(text).body[0].args)


def test_what_was_not_measured_is_said(tmp_path):
    text = document(tmp_path).lines.text
    assert "sin medir" in text
    assert "todavía no se midió" in text


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("::: intuicion", "::: idea", "expected a callout of intuicion, cuidado, probalo, prediccion, respuesta"),
        ("::: respuesta", "::: cuidado", "only `respuesta` inside another; found 'cuidado'"),
        ("figure:recta", "figure:curva", "figures.py draws no figure 'curva' (there are: recta)"),
        ("figure:recta", "recta.png", "expected a figure of figures.py"),
        ("![La recta en [0, 1] sube.]", "![]", "has no caption"),
        ("clase:mlp#capas", "clase:nada", "no class has the slug 'nada'"),
        ("Antes de todo.", "Antes $x de todo.", "has no partner"),
        ("Antes de todo.", "Antes $$x$ de todo.", "has no partner"),
        ("Antes de todo.", "Antes $\\frac{a}{b$ de todo.", "isn't LaTeX that can be read: `\\frac{a}{b`"),
        ("(#restar)", "(#nada)", "the lesson has no section '#nada'"),
        ("Como en la [clase", "![La recta](figure:recta) como en la [clase", "inside a sentence"),
        ("Así no se corre:", "Así ![La recta](figure:recta) no:", "inside a sentence"),
        ('media("media de prueba")', "nada()", "'nada' is undefined"),
    ],
)
def test_a_mistake_is_refused_where_it_stands(tmp_path, old, new, says):
    from catedra.publishing.page import page_of

    lesson = LESSON.replace(old, new, 1)
    with pytest.raises(ClassError) as caught:
        page_of(read_class(write_rich(tmp_path, lesson=lesson)))
    message = str(caught.value)
    assert says in message
    assert message.startswith(f"c902_rich/lesson.md:{line_of(lesson, new)}:")


def test_a_link_to_a_section_of_a_class_that_is_built_is_checked(tmp_path):
    tiny.write_class(tmp_path, 901, "sums")
    folder = write_rich(tmp_path, lesson=LESSON.replace("clase:mlp#capas", "clase:sums#sumar"))
    assert assemble(read_class(folder))
    (folder / "lesson.md").write_text(LESSON.replace("clase:mlp#capas", "clase:sums#restas"), encoding="utf-8")
    with pytest.raises(ClassError, match="'sums' has no section 'restas'; it has: .*sumar"):
        assemble(read_class(folder))


def test_money_is_written_with_a_backslash(tmp_path):
    lesson = LESSON.replace("Antes de todo.", "Cuesta \\$5 y `$`.")
    assert any(text_of([node]) == "Cuesta $5 y $." for node in walk(read(document(tmp_path, lesson))))


def test_raw_html_and_tex_are_text(tmp_path):
    lesson = LESSON.replace("Antes de todo.", "Antes <b>de</b> todo \\textbf{x}.")
    nodes = read(document(tmp_path, lesson))
    assert not [node for node in walk(nodes) if node["t"].startswith("Raw")]


def test_definitions_are_definitions(tmp_path):
    nodes = [node for node in walk(read(document(tmp_path))) if node["t"] == "DefinitionList"]
    assert [text_of(term) for term, _ in nodes[0]["c"]] == ["Suma"]


def test_papers_become_links(tmp_path):
    lesson = LESSON.replace("- Nadie.", "- Uno, arXiv:1502.03167.\n- Otro (doi:10.1038/323533a0).\n- Más: https://keras.io.")
    targets = [node["c"][2][0] for node in walk(read(document(tmp_path, lesson))) if node["t"] == "Link"]
    assert {"https://arxiv.org/abs/1502.03167", "https://doi.org/10.1038/323533a0", "https://keras.io"} <= set(targets)


def test_plain_text_stays_plain():
    lines = Lines("x")
    hostile = 'a *b* _c_ `d` $e$ <f> & "g" [h](i) # 1. ~j~ \\ | {k} 🙂'
    lines.add(escaped(hostile))
    assert text_of(parse(lines)["blocks"]) == hostile


def test_lines_find_a_piece_across_breaks():
    lines = Lines("f.md")
    lines.add("uno", "f.md", 3)
    lines.add("dos tres\ncuatro", "f.md", 7)
    assert lines.find("tres cuatro") == "f.md:7"
    assert lines.find("nada") == "f.md"
    assert lines.origin(1) == "f.md:3"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("La exactitud llega a 87,9 % en test.", ["87,9 %"]),
        ("La pérdida\nbaja a 0.35. Son 3,5 veces más.", ["0.35"]),
        ("El RMSE es 0,61 y el MAE 0,42.", ["0,61", "0,42"]),
        ('La exactitud llega a <%= media("x") %>.', []),
        ("La exactitud es $0.5$ si `p = 0.5`.", []),
        ("```python\naccuracy = 0.5\n```\nLa exactitud.", []),
        ("El learning rate es 0,01.", []),
        ("La exactitud mejora 3 veces.", []),
        ("Ver la exactitud en [la sección 2.1](https://a.b/2.1 ).", ["2.1"]),
    ],
)
def test_results_typed_by_hand_are_seen(text, numbers):
    assert [typed.number for typed in typed_results(text, "x.md")] == numbers


def test_an_entry_needs_a_reason_and_a_use(tmp_path):
    course_class = read_class(write_rich(tmp_path, lesson=LESSON.replace("Antes de todo.", "La exactitud es 0,5.")))
    allowed = tmp_path / "allowed.toml"
    allowed.write_text("", encoding="utf-8")
    (problem,) = unaccounted([course_class], allowed)
    assert problem.startswith(f"c902_rich/lesson.md:{line_of(LESSON, 'Antes de todo.')}: `0,5`")
    allowed.write_text('[[allowed]]\nclass="rich"\nnumber="0,5"\nreason="worked by hand"\n', encoding="utf-8")
    assert unaccounted([course_class], allowed) == ()
    allowed.write_text('[[allowed]]\nclass="rich"\nnumber="0,7"\nreason=""\n', encoding="utf-8")
    assert len(unaccounted([course_class], allowed)) == 3


def test_no_class_types_its_results():
    assert unaccounted([item for item in catalogue() if not isinstance(item, BrokenClass)]) == ()
