"""Written answers: pending until a teacher scores them, by a sheet that any spreadsheet may have touched."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catedra.checking import Evidence
from catedra.course import CourseClass, read_class
from catedra.course.parts import checks_of
from catedra.grading.batch import read_folder
from catedra.grading.trail import Score, Trail
from catedra.grading.written import COLUMNS, Question, SheetError, questions, read_scores, read_sheet, sheet_csv, sheet_json
from tests.grading.fake import RIGHT
from tests.tiny import _CHECK, CHECKS, write_class

NAMES = ("ana", "=beto;@1", "carla")


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> CourseClass:
    checks = CHECKS.format(checks="\n".join(_CHECK.format(n=n) for n in range(1, 6))).replace(
        '["dice por qué"]', '["dice por qué", "=dice cómo"]'
    )
    return read_class(write_class(tmp_path_factory.mktemp("classes"), checks=checks))


@pytest.fixture
def asked(item: CourseClass, tmp_path: Path) -> tuple[Question, ...]:
    for name in NAMES:
        cell = {"cell_type": "markdown", "source": f"Soy {name}", "metadata": {"catedra": {"role": "written"}}}
        code = {"cell_type": "code", "source": RIGHT, "metadata": {}}
        notebook = {"nbformat": 4, "cells": [code, cell] if name != "carla" else [code]}
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook))
    jobs, _, submissions = read_folder(tmp_path)
    return questions(jobs, submissions, checks_of(item), [])


def fill(asked, points: list[str], delimiter: str = ",", **changes: str) -> bytes:
    """The sheet as a spreadsheet would save it, with these points from above."""
    rows = list(csv.DictReader(io.StringIO(sheet_csv(asked).decode("utf-8-sig"), newline="")))
    for row, given in zip(rows, points, strict=False):
        row["puntos"] = given
        row.update(changes)
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_every_student_is_asked_and_answers_are_theirs(asked: tuple[Question, ...]) -> None:
    assert [question.student for question in asked] == ["=beto;@1", "ana", "carla"]
    assert [[answer.text for answer in question.answers] for question in asked] == [["Soy =beto;@1"], ["Soy ana"], []]
    assert all(question.criterion.evidence is Evidence.WRITTEN and question.score is None for question in asked)
    keys = [question.key(line) for question in asked for line in (1, 2)]
    assert len(set(keys)) == 6
    assert all(not key[0].isdigit() for key in keys)


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_filled_sheet_gives_scores_and_what_is_empty_stays_pending(asked, delimiter: str) -> None:
    content = fill(asked, ["1", "0,5", "", "", "0", "1.0"], delimiter, comentario="Bien", docente="Prof. Díaz")
    scores = read_sheet(content, asked, "yo")
    assert [(score.student, score.points) for score in scores] == [("=beto;@1", (1.0, 0.5)), ("carla", (0.0, 1.0))]
    assert (scores[0].comment, scores[0].teacher) == ("Bien", "Prof. Díaz")
    assert scores[0].submission_sha256 == asked[0].submission_sha256
    assert read_sheet(fill(asked, ["1", "1"]), asked, "yo")[0].teacher == "yo"


def test_a_sheet_that_was_sorted_and_cut_still_holds(asked) -> None:
    lines = fill(asked, ["1", "0", "0.25", "0.75"]).decode().splitlines()
    content = "\r\n".join([lines[0], *reversed(lines[1:5])]).encode("utf-8-sig")
    assert {score.student: score.points for score in read_sheet(content, asked, "yo")} == {
        "=beto;@1": (1.0, 0.0),
        "ana": (0.25, 0.75),
    }


def test_the_json_sheet_is_read_too(asked) -> None:
    rows = json.loads(sheet_json(asked))
    assert [row["puntos"] for row in rows] == [None] * 6
    rows[2]["puntos"], rows[3]["puntos"] = 1, 0.5
    assert [score.points for score in read_sheet(json.dumps(rows).encode(), asked, "yo")] == [(1.0, 0.5)]
    assert read_sheet(b"[]", asked, "yo") == ()


def test_what_was_scored_comes_back_in_the_sheet_and_importing_it_again_adds_nothing(
    item: CourseClass, asked, tmp_path: Path
) -> None:
    with Trail(f"sqlite:///{tmp_path / 'trail.db'}") as trail:
        assert (
            trail.append_scores(901, read_sheet(fill(asked, ["1", "0,5"], comentario="Bien", docente="Prof"), asked, "yo")) == 1
        )
        again = tuple(
            Question(
                q.student,
                q.submission_sha256,
                q.criterion,
                q.answers,
                next((s for s in trail.scores(901) if s.student == q.student), None),
            )
            for q in asked
        )
        content = sheet_csv(again)
        assert [row["puntos"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))] == [
            "1",
            "0.5",
            "",
            "",
            "",
            "",
        ]
        assert trail.append_scores(901, read_sheet(content, again, "otra")) == 0
        assert trail.append_scores(901, read_sheet(sheet_json(again), again, "otra")) == 0


def test_no_cell_of_the_sheet_is_a_formula(asked) -> None:
    for row in csv.reader(io.StringIO(sheet_csv(asked).decode("utf-8-sig"), newline="")):
        for cell in row:
            assert cell[:1] not in set("=+-@\t\r")


@pytest.mark.parametrize("points", ["2", "-0.1", "nan", "inf", "bien", "1e3", "0,5,5"])
def test_points_outside_are_refused_with_their_row(asked, points: str) -> None:
    with pytest.raises(SheetError, match="fila 2 de la planilla: se esperaban puntos entre 0"):
        read_sheet(fill(asked, ["1", points]), asked, "yo")


def test_half_a_rubric_is_refused(asked) -> None:
    with pytest.raises(SheetError, match="a =beto;@1 le falta puntuar la línea 2"):
        read_sheet(fill(asked, ["1", ""]), asked, "yo")


def test_a_key_of_nobody_or_twice_is_refused(asked) -> None:
    with pytest.raises(SheetError, match="no es de ninguna respuesta"):
        read_sheet(fill(asked, ["1"], clave="k0000"), asked, "yo")
    content = fill(asked, ["1", "1"]) + fill(asked, ["1"]).splitlines()[1] + b"\r\n"
    with pytest.raises(SheetError, match="está dos veces"):
        read_sheet(content, asked, "yo")


def test_the_answer_that_was_scored_is_the_one_that_was_read(item: CourseClass, asked, tmp_path: Path) -> None:
    content = fill(asked, ["", "", "1", "1"])
    (tmp_path / "ana.ipynb").write_text((tmp_path / "ana.ipynb").read_text().replace("Soy ana", "Soy otra"))
    jobs, _, submissions = read_folder(tmp_path)
    with pytest.raises(SheetError, match="¿la entrega o la rúbrica cambiaron"):
        read_sheet(content, questions(jobs, submissions, checks_of(item), []), "yo")


def test_a_score_belongs_to_one_version_of_a_file(item: CourseClass, asked, tmp_path: Path) -> None:
    score = Score("ana", asked[1].submission_sha256, "explicación", (1.0, 1.0), "prof", "", datetime.now(UTC))
    jobs, _, submissions = read_folder(tmp_path)
    assert questions(jobs, submissions, checks_of(item), [score])[1].score == score
    other = Score("ana", "0" * 64, "explicación", (1.0, 1.0), "prof", "", datetime.now(UTC))
    assert questions(jobs, submissions, checks_of(item), [other])[1].score is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"hola", b"clave,otra\n1,2\n", b"[1, 2]", b'[{"clave": [], "puntos": 1}]', b'[{"clave": "a"}]', b"[" * 100_000, b'clave,puntos\n"a\n', b'[{"puntos": true, "clave": "k"}]'],
)  # fmt: skip
def test_what_is_no_sheet_is_refused(asked, content: bytes) -> None:
    with pytest.raises(SheetError, match="la planilla"):
        read_sheet(content, asked, "yo")


def test_a_sheet_that_is_no_file_is_refused(asked, tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="no se puede leer la planilla"):
        read_scores(tmp_path, asked, "yo")
