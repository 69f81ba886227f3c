"""The student's notebook: what is in it, what isn't, and that a broken class is refused with file and line."""

import base64
import time

import nbformat
import pytest

from catedra.course import ClassError, read_class
from catedra.course.parts import checks_of
from catedra.publishing.notebook import as_bytes, derive, notebook_of
from catedra.publishing.pictures import drawer
from tests import tiny
from tests.publishing.rich import LESSON, SOLUTION, write_rich


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    return read_class(write_rich(tmp_path_factory.mktemp("rich")))


@pytest.fixture(scope="module")
def cells(rich):
    notebook = derive(rich, picture=drawer(rich), criteria=checks_of(rich).criteria)
    return {cell["id"]: {**cell, "source": "".join(cell["source"])} for cell in notebook["cells"]}


def test_it_is_a_valid_notebook_with_unique_identifiers(rich):
    content = notebook_of(rich)
    notebook = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(notebook)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    assert notebook.metadata.catedra == {"class": 902, "content_hash": rich.content_hash}
    assert notebook.metadata.kernelspec.name == "python3"


def test_it_is_what_jupyter_would_write(rich):
    content = notebook_of(rich).decode()
    assert nbformat.writes(nbformat.reads(content, as_version=4)) + "\n" == content


def test_the_same_class_gives_the_same_bytes(tmp_path):
    first = notebook_of(read_class(write_rich(tmp_path / "one")))
    assert notebook_of(read_class(write_rich(tmp_path / "other"))) == first


def test_deriving_is_quick(rich):
    start = time.process_time()
    as_bytes(derive(rich, criteria=()))
    assert time.process_time() - start < 0.5


def test_the_order_of_cells(cells):
    assert list(cells) == [
        "titulo", "preparacion", "desarrollo-01", "desarrollo-02", "desarrollo-03", "desarrollo-04", "desarrollo-05",
        "desarrollo-06", "desarrollo-07", "desarrollo-08", "desarrollo-09", "desarrollo-10", "definiciones-01",
        "ejercicios-01", "ejercicio-1-01", "ejercicio-1-codigo", "ejercicio-1-comprobar", "ejercicio-2-01", "ejercicio-2-codigo",
        "ejercicio-2-comprobar", "ejercicio-3-01", "ejercicio-3-codigo", "ejercicio-3-comprobar", "ejercicio-4-01",
        "ejercicio-4-codigo", "ejercicio-4-comprobar", "ejercicio-5-01", "ejercicio-5-codigo", "ejercicio-5-comprobar",
        "tarea-01", "tarea-codigo", "tarea-respuesta", "tarea-entregar", "preguntas-01", "referencias-01",
    ]  # fmt: skip


def test_the_title_block(cells):
    title = cells["titulo"]["source"]
    assert title.startswith("# Clase 902 · Sumas, con todo\n\n40 minutos")
    assert "$x \\in \\mathbb{R}$" in title
    assert "## Al terminar podrás\n\n- Sumar." in title


def test_the_set_up_cell(cells):
    assert (
        cells["preparacion"]["source"]
        == '''# Ejecutá esta celda primero.
from __future__ import annotations
from catedra import clase, comprobar, entregar, pista, solucion
clase(902)

import functools
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIZE: int = 3  # how many

SIDE = 28 * 28

def double(x: int) -> int:
    """El doble."""
    return 2 * x  # given whole

@functools.cache
def cached(x: int) -> int:
    """El mismo."""
    return double(x) + SIZE'''
    )


def test_a_stub_keeps_signature_and_docstring_and_nothing_else(cells):
    assert (
        cells["ejercicio-1-codigo"]["source"]
        == '''def plus_one(
    x: int,
    size: int = SIZE,
) -> int:
    """Sumá uno.

    $x + 1$, con eñe.
    """
    ...


class Box:
    """Una caja."""

    content: int = 0


async def plus_one_later(x: Array) -> Array:
    """Sumá uno después."""
    ...'''
    )
    assert cells["ejercicio-2-codigo"]["source"].endswith('"""Sumá dos."""\n    ...')
    assert cells["ejercicio-1-comprobar"]["source"] == "comprobar(1)"
    assert cells["ejercicio-1-codigo"]["metadata"] == {"catedra": {"exercise": 1, "role": "stub"}}


def test_callouts_predictions_and_folded_answers(cells):
    assert cells["desarrollo-04"]["source"].startswith(
        "> **Intuición**\n>\n> Juntar dos montones.\n>\n> ```text\n> ::: not a div"
    )
    predicted = cells["desarrollo-05"]["source"]
    assert "> **Predecí antes de mirar**" in predicted
    assert "> <details>\n> <summary>Ver la respuesta</summary>\n>\n> Da **tres**." in predicted
    assert '> print("folded, not run")' in predicted
    assert cells["desarrollo-06"]["source"].startswith("prediccion_1 = ...")
    assert cells["desarrollo-07"]["source"] == "> **Probalo**\n>\n> Cambiá el número:"
    assert cells["desarrollo-08"]["source"] == "number = 5"
    after = cells["desarrollo-09"]["source"]
    assert after.startswith("> y miralo.")
    assert "```python\nimport nothing\n```" in after
    assert "Se midió (sin medir)." in after
    assert cells["desarrollo-10"]["source"].startswith("prediccion_2 = ...")


def test_links_headings_and_figures(cells):
    topic = cells["desarrollo-02"]["source"]
    assert topic.startswith("### Sumar es juntar\n")
    assert "Como en la clase que sigue, y como [más abajo](#Restar-es-sacar)." in topic
    assert "![Una recta que sube.](attachment:recta.png)\n\n**Figura.** La recta en [0, 1] sube." in topic
    png = base64.b64decode(cells["desarrollo-02"]["attachments"]["recta.png"]["image/png"])
    assert png.startswith(b"\x89PNG")
    assert "{#" not in "".join(cell["source"] for cell in cells.values())


def test_the_homework_lists_its_criteria_and_asks_for_words(cells, rich):
    assert "Se mide:\n\n- media de prueba: ≤ 0,001" in cells["tarea-01"]["source"]
    assert cells["tarea-respuesta"]["source"].startswith("**Tu respuesta**")
    assert cells["tarea-entregar"]["source"] == "entregar()"
    measured = [item for item in checks_of(rich).criteria if not item.rubric]
    assert "tarea-respuesta" not in [cell["id"] for cell in derive(rich, criteria=measured)["cells"]]
    assert "tarea-respuesta" in [cell["id"] for cell in derive(rich)["cells"]]


def test_a_homework_may_have_no_function(tmp_path):
    solution = SOLUTION.replace("@homework\n", "")
    assert "tarea-codigo" not in [cell["id"] for cell in derive(read_class(write_rich(tmp_path, solution=solution)))["cells"]]


def test_captions_stand_where_figures_can_not_be_drawn_yet(tmp_path):
    figures = tiny.FIGURES.replace("made = Figure", 'curves["absent.loss"]\n    made = Figure')
    item = read_class(write_rich(tmp_path, figures=figures))
    source = "".join("".join(cell["source"]) for cell in derive(item, picture=drawer(item))["cells"])
    assert "**Figura.** La recta en [0, 1] sube." in source
    assert "attachment" not in source


def test_the_cells_run_from_top_to_bottom(rich, tmp_path, monkeypatch):
    monkeypatch.setenv("CATEDRA_HOME", str(tmp_path))
    monkeypatch.setattr("catedra.course.load", lambda number: rich)
    names = {}
    for cell in derive(rich)["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert names["prediccion_1"] is ...
    assert names["number"] == 5
    assert names["plus_one"](1) is None
    assert names["cached"](2) == 7


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("Juntar dos montones.", "````python\n", r"lesson.md:{line}: this code fence is never closed"),
        (":::\n\n### Restar", "\n### Restar", r"lesson.md:38: this `::: intuicion` is never closed"),
        ("::: {.prediccion}", "Nada.", r"lesson.md:58: this `:::` closes nothing"),
        ("::: intuicion", "::: intuision", r"lesson.md:{line}: expected a div of intuicion, .* found 'intuision'"),
        ("::: respuesta", "::: cuidado", r"lesson.md:{line}: .* found 'cuidado'"),
        (
            "![La recta en [0, 1] sube.](figure:recta)",
            "![X](figure:curva)",
            r"lesson.md:{line}: figures.py draws no figure 'curva'",
        ),
        ("### 2. Dos", "### 3. Dos", r"lesson.md:\d+: expected `### 2\. Título`"),
        ("## Tarea", "## Deber", r"lesson.md:\d+: expected the section `## Tarea`"),
        ('media("media de prueba")', "nada(1)", "nada"),
    ],
)
def test_a_broken_lesson_is_refused_with_its_line(tmp_path, old, new, says):
    line = LESSON[: LESSON.index(old)].count("\n") + 1
    with pytest.raises(ClassError, match=says.replace("{line}", str(line))):
        notebook_of(read_class(write_rich(tmp_path, lesson=LESSON.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("@exercise(3)\n", "", r"lesson.md:\d+: exercise 3 has nothing to write"),
        ("@exercise(3)", "@exercise(9)", r"exercise 3 has nothing to write"),
        ("@exercise(5)\n", "@exercise(5)\n@homework\n", r"solution.py:\d+: `plus_five` has two places"),
        ("@exercise(4)", "@exercise(FOUR)", r"solution.py:\d+: expected @exercise\(n\) with a number, found `exercise\(FOUR\)`"),
        ('    """Sumá tres."""\n', "", r"solution.py:\d+: `plus_three` has no docstring"),
        ("@given\n@exercise(1)\nclass", "@exercise(1)\nclass", r"solution.py:\d+: the class `Box` can't be a stub"),
        ("return 2 * x  #", "return _private(x)  #", r"solution.py:\d+: .* uses `_private`, and doesn't get `_private`"),
        ("size: int = SIZE", "size: int = _SECRET", r"solution.py:\d+: .*`_SECRET`"),
        ("return 2 * x  #", "return TABLE  #", r"`TABLE`"),
        ("return 2 * x  #", "return datasets  #", r"`datasets`"),
        ("def plus_five(", "def plus_five(:", r"solution.py:\d+: not Python"),
    ],
)
def test_a_broken_solution_is_refused_with_its_line(tmp_path, old, new, says):
    assert old in SOLUTION
    with pytest.raises(ClassError, match=says):
        derive(read_class(write_rich(tmp_path, solution=SOLUTION.replace(old, new, 1))))


def test_an_exercise_of_the_solution_that_the_lesson_lacks(tmp_path):
    solution = SOLUTION + '\n\n@exercise(6)\ndef six() -> None:\n    """Seis."""\n    return None\n'
    with pytest.raises(ClassError, match=r"`six` belongs to exercise 6, and lesson\.md has 5"):
        derive(read_class(write_rich(tmp_path, solution=solution)))


@pytest.mark.parametrize(
    "leak",
    [
        "total = float(np.sum(np.asarray(x, dtype=float)))",
        "> Acordate de `float( np.sum(np.asarray(x,dtype = float` y listo.",
        "```text\n>>> total = float(np.sum(\n... np.asarray(x\n```",
        "```python\n# total = float(np.sum(np.asarray(x))) se parece\n```",
    ],
)
def test_a_lesson_that_shows_a_withheld_body_is_refused(tmp_path, leak):
    with pytest.raises(
        ClassError, match=r"solution.py:\d+: the cell `desarrollo-0\d` shows 8 tokens of the withheld body of `average`"
    ) as raised:
        derive(read_class(write_rich(tmp_path, lesson=LESSON.replace("Antes de todo.", f"Antes.\n\n{leak}\n\nDespués."))))
    assert "change the lesson" in str(raised.value)


def test_seven_tokens_are_no_leak(tmp_path):
    lesson = LESSON.replace("Antes de todo.", "`float(np.sum(np.` y nada más")  # float ( np . sum ( np .
    with pytest.raises(ClassError, match="8 tokens"):
        derive(read_class(write_rich(tmp_path / "eight", lesson=lesson)))
    derive(read_class(write_rich(tmp_path / "seven", lesson=lesson.replace("np.`", "np`"))))
