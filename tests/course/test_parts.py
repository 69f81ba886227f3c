"""What a class declares in Python, and how a wrong declaration is refused."""

from pathlib import Path

import pytest

from catedra.checking import LiveAnswer, Outcome, run_check
from catedra.course import ClassError, read_class
from catedra.course.parts import (
    checks_of,
    errors_of,
    figures_of,
    right_answers_of,
    solution_namespace,
    wrong_answers_of,
)  # fmt: skip
from tests.tiny import CHECKS, RIGHT, WRONG, write_class


def test_every_part_is_found(tmp_path: Path) -> None:
    item = read_class(write_class(tmp_path, 910, "parts"))
    checks = checks_of(item)
    assert list(checks.by_exercise) == [1, 2, 3, 4, 5]
    assert [criterion.name for criterion in checks.criteria] == ["media de prueba", "explicación"]
    assert list(checks.measurements) == ["spread"]
    assert checks.claims[0].statement == "La dispersión pasa de 0,5"
    assert [answer.name for answer in wrong_answers_of(item)] == ["Minus", "Sum"]
    assert len(right_answers_of(item)) == 3
    assert errors_of(item)[0].slug == "resta"
    assert figures_of(item)[0].slug == "recta"


def test_an_answer_stands_in_for_the_solution_also_in_calls_among_its_functions(tmp_path: Path) -> None:
    item = read_class(write_class(tmp_path, 911, "standin"))
    minus = wrong_answers_of(item)[0]
    answer = LiveAnswer(solution_namespace(item, minus))
    assert answer.plus_1(3) == 2
    assert answer.plus_2(3) == 5
    assert LiveAnswer(solution_namespace(item)).plus_1(3) == 4


def test_the_check_names_the_slip(tmp_path: Path) -> None:
    import numpy as np

    item = read_class(write_class(tmp_path, 912, "slip"))
    answer = LiveAnswer(solution_namespace(item, wrong_answers_of(item)[0]))
    result = run_check(checks_of(item).by_exercise[1], answer, np.random.default_rng(0))
    assert result.outcome is Outcome.INCORRECT
    assert "parece una resta" in result.message


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("checks", "x = = 1", "checks.py: SyntaxError"),
        ("checks", "", "expected one check for each exercise 1–5, found []"),
        ("checks", "SECTION", "links the section 'nada', which lesson.md doesn't have; it has: "),
        ("checks", "TWICE", "expected one check for each exercise 1–5, found [1, 1, 2, 3, 4, 5]"),
        ("wrong_answers", WRONG.replace("@wrong(1", "@wrong(9"), "expected an exercise 1–5 or HOMEWORK, found 9"),
        ("wrong_answers", WRONG.replace('"""Resta."""', "pass"), "has no docstring"),
        ("right_answers", RIGHT.replace("def average", "x = 1 #"), "IndentationError"),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, file: str, text: str, says: str) -> None:
    from tests.tiny import _CHECK

    checks = CHECKS.format(checks="\n".join(_CHECK.format(n=n) for n in range(1, 6)))
    twice = checks + _CHECK.format(n=1).replace("def exercise_1", "def again")
    text = {"SECTION": checks.replace('section="sumar"', 'section="nada"'), "TWICE": twice}.get(text, text)
    item = read_class(write_class(tmp_path, 920, "bad", **{file: text}))
    with pytest.raises(ClassError) as caught:
        {"checks": checks_of, "wrong_answers": wrong_answers_of, "right_answers": right_answers_of}[file](item)
    assert says in str(caught.value)


def test_an_answer_that_replaces_nothing_known_is_refused(tmp_path: Path) -> None:
    item = read_class(write_class(tmp_path, 913, "unknown", wrong_answers=WRONG.replace("def plus_1", "def plus_99")))
    with pytest.raises(ClassError, match="replaces `plus_99`, which solution.py doesn't have"):
        solution_namespace(item, wrong_answers_of(item)[0])
