"""Checking one's own file: every bad file and answer gets its own message, and the verdict survives them all."""

import json
from pathlib import Path

import pytest

from catedra.checking import Outcome
from catedra.checking.namespace import SubmissionError
from catedra.course import CourseClass, read_class
from catedra.grading import selfcheck
from catedra.grading.selfcheck import Request, UnknownExerciseError, check_file
from tests.tiny import write_class

RIGHT = "\n".join(f"def plus_{n}(x):\n    return x + {n}\n" for n in range(1, 6))


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> CourseClass:
    return read_class(write_class(tmp_path_factory.mktemp("classes")))


def _check(item: CourseClass, folder: Path, source: str, **options):
    file = folder / "tarea.py"
    file.write_text(source, encoding="utf-8")
    return check_file(Request(item, file, **options))


def test_a_right_file_is_right_and_the_verdict_says_it_is_advisory(item: CourseClass, tmp_path: Path) -> None:
    verdict = _check(item, tmp_path, RIGHT)
    assert [result.outcome for result in verdict.checks] == [Outcome.CORRECT] * 5
    assert verdict.advisory
    assert verdict.class_number == 901
    assert verdict.content_hash == item.content_hash


@pytest.mark.parametrize(
    ("body", "outcome", "says"),
    [
        ("...", Outcome.NOT_ATTEMPTED, "todavía no está escrita"),
        ("return x - 2", Outcome.INCORRECT, "parece una resta"),
        ("return float('nan')", Outcome.INCORRECT, "NaN"),
        ("return None", Outcome.INCORRECT, "¿falta un `return`?"),
        ("return 'cuatro'", Outcome.INCORRECT, "el texto 'cuatro'"),
        ("return [x, 1]", Outcome.INCORRECT, "un solo número"),
        ("yield x", Outcome.INCORRECT, "un objeto `generator`"),
        ("return True", Outcome.INCORRECT, "se esperaba un número"),
        ("return 1 / 0", Outcome.RUNTIME_ERROR, "ZeroDivisionError"),
        ("return undefined_name", Outcome.RUNTIME_ERROR, "undefined_name"),
        ("raise SystemExit(0)", Outcome.RUNTIME_ERROR, "SystemExit"),
        ("import os; os._exit(0)", Outcome.RUNTIME_ERROR, "salió con código 0"),
        ("import os; os.kill(os.getpid(), 11)", Outcome.RUNTIME_ERROR, "SIGSEGV"),
    ],
)
def test_a_bad_answer_gets_its_message_and_the_rest_is_still_judged(
    item: CourseClass, tmp_path: Path, body: str, outcome: Outcome, says: str
) -> None:
    source = RIGHT.replace("    return x + 2", f"    {body}")
    verdict = _check(item, tmp_path, source)
    second = verdict.checks[1]
    assert second.outcome is outcome
    assert says in f"{second.message} {second.detail}"
    assert [result.outcome for result in verdict.checks if result.exercise != 2] == [Outcome.CORRECT] * 4


def test_a_cell_that_never_ends_is_cut_and_the_rest_is_judged(
    item: CourseClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selfcheck, "WALL_FACTOR", 0.5)
    verdict = _check(item, tmp_path, RIGHT.replace("    return x + 2", "    while True: pass"))
    assert [result.outcome for result in verdict.checks] == [Outcome.CORRECT, Outcome.TIMEOUT, *[Outcome.CORRECT] * 3]
    assert "¿hay un bucle que no corta" in verdict.checks[1].message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def plus_1(x)\n    return 1", "tarea.py, línea 1: error de sintaxis"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def f(x=1/0): pass", "tarea.py, línea 1: ZeroDivisionError"),
    ],
)
def test_a_file_that_cant_be_loaded_says_where(item: CourseClass, tmp_path: Path, source: str, says: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        _check(item, tmp_path, source)
    assert says in str(caught.value)


def test_definitions_that_never_end_are_cut(item: CourseClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "STARTUP_S", 3.0)
    with pytest.raises(SubmissionError, match="no terminaron en 3 segundos"):
        _check(item, tmp_path, "def f(x=[i for i in iter(int, 1)]): pass")


def test_a_notebook_names_the_cell(item: CourseClass, tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": "hola", "metadata": {}},
        {"cell_type": "code", "source": "data = list(range(3))", "metadata": {}, "outputs": [], "execution_count": None},
        {
            "cell_type": "code",
            "source": "def plus_1(x):\n    return x + data[9]",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        },
    ]
    file = tmp_path / "tarea.ipynb"
    file.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    first = check_file(Request(item, file, exercises=(1,))).checks[0]
    assert first.outcome is Outcome.RUNTIME_ERROR
    assert "celda 3, línea 2" in first.message
    assert "celda 2" in first.message  # where `data` is computed: those cells don't run
    assert "pasala como argumento" in first.message


@pytest.mark.parametrize(
    ("name", "text", "says"), [("x.txt", "", "se esperaba un cuaderno"), ("x.ipynb", "{", "no es un cuaderno válido")]
)
def test_a_wrong_file_is_refused(item: CourseClass, tmp_path: Path, name: str, text: str, says: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(SubmissionError, match=says):
        check_file(Request(item, file))
    with pytest.raises(SubmissionError, match="no existe"):
        check_file(Request(item, tmp_path / "nada.ipynb"))


def test_an_unknown_exercise_is_refused(item: CourseClass, tmp_path: Path) -> None:
    with pytest.raises(UnknownExerciseError, match="tiene los ejercicios 1 a 5, y llegó 6"):
        _check(item, tmp_path, RIGHT, exercises=(6,))


def test_the_homework_is_measured(item: CourseClass, tmp_path: Path) -> None:
    verdict = _check(item, tmp_path, RIGHT + "\ndef average(x, seed):\n    return x.mean()\n", exercises=(), homework=True)
    measured, written = verdict.criteria
    assert measured.outcome is Outcome.CORRECT
    assert measured.value == pytest.approx(0.0, abs=1e-9)
    assert measured.data == "moons/noise-0.2"
    assert written.outcome is Outcome.PENDING


def test_a_homework_that_never_ends_is_cut(item: CourseClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "WALL_FACTOR", 0.4)
    verdict = _check(item, tmp_path, "def average(x, seed):\n    while True: pass\n", exercises=(), homework=True)
    assert verdict.criteria[0].outcome is Outcome.TIMEOUT
    assert verdict.criteria[1].outcome is Outcome.PENDING


def test_prints_of_the_file_dont_reach_the_verdict(item: CourseClass, tmp_path: Path) -> None:
    noisy = RIGHT.replace("    return x + 1", "    print('{\"checks\": []}', flush=True)\n    return x + 1")
    assert _check(item, tmp_path, noisy, exercises=(1,)).checks[0].outcome is Outcome.CORRECT
