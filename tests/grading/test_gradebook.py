"""The gradebook: a row a student, nothing that a spreadsheet runs, and measured and written apart."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catedra.course import CourseClass, read_class
from catedra.course.parts import checks_of
from catedra.grading.batch import Batch, grade_folder
from catedra.grading.gradebook import as_csv, as_plain, rows_of, safe_cell
from catedra.grading.trail import Score, Trail
from tests.grading.fake import RIGHT, FakeEngine
from tests.tiny import write_class

EVIL = ["=cmd|' !A0'", "+1+1", "-2+3", "@SUM(A1)", "x;=1+1", '"; =HYPERLINK("http")', "a\n=b", "\u202egpj", "Ana, la de \"2°\""]  # fmt: skip


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> CourseClass:
    return read_class(write_class(tmp_path_factory.mktemp("classes")))


@pytest.fixture
def batch(item: CourseClass, tmp_path: Path) -> Batch:
    folder = tmp_path / "entregas"
    folder.mkdir()
    for number, name in enumerate(EVIL):
        (folder / f"{name.replace('/', '')}.py").write_text(
            f"# {number}\n" + (RIGHT if number else RIGHT.replace("x + 2", "x - 2"))
        )
    (folder / "rota.zip").write_bytes(b"x")
    engine = FakeEngine(item, before=lambda job: "=falló" if job.student == "+1+1" else None)
    with Trail(f"sqlite:///{tmp_path / 'trail.db'}") as trail:
        return grade_folder(folder, item, engine, trail, cohort=engine.cohort)


def table(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_a_row_a_student_with_every_exercise_and_criterion(item: CourseClass, batch: Batch) -> None:
    rows = rows_of(batch, checks_of(item), [])
    content = as_csv(rows, checks_of(item))
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == len(rows) + 1
    found = {row["estudiante"]: row for row in table(content)}
    assert len(found) == len(EVIL) + 1
    right = found['Ana, la de "2°"']
    assert [right[f"ejercicio {n}"] for n in range(1, 6)] == ["correcto"] * 5
    assert (right["media de prueba"], right["media de prueba: resultado"]) == ("0", "correcto")
    assert right["explicación: puntos"] == "pendiente"
    assert right["estado"] == "corregida"
    assert right["capas"] == "seccomp landlock"
    assert (right["cohorte"], right["entorno"], right["checks"]) == ("c0ffee123456", "e" * 12, item.code_hash[:12])
    assert len(right["entrega (sha256)"]) == 64
    assert datetime.fromisoformat(right["fecha (UTC)"]).year >= 2024
    assert found["'=cmd|' !A0'"]["ejercicio 2"] == "todavía no"
    assert found["rota"]["estado"] == "rechazada"
    assert "zip" in found["rota"]["motivo"]
    assert found["'+1+1"]["estado"] == "sin corregir"
    assert found["'+1+1"]["motivo"] == "'=falló"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_no_cell_begins_like_a_formula_whatever_splits_it(item: CourseClass, batch: Batch, delimiter: str) -> None:
    content = as_csv(rows_of(batch, checks_of(item), []), checks_of(item)).decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter) for cell in row]
    assert len(cells) > len(EVIL)
    for cell in cells:
        assert cell.strip(' "')[:1] not in set("=+-@\t\r"), cell


def test_safe_cells_leave_harmless_text_and_numbers_alone() -> None:
    for text in ("Ana", "x = 1", "a-b", "correo@x.org", "3 + 4", ""):
        assert safe_cell(text) == text
    assert [safe_cell(value) for value in (-0.5, 0.1234567, 3, True)] == ["-0.5", "0.123457", "3", "1"]
    assert safe_cell("\t=1")[0] == "'"
    assert safe_cell("a\r=1") == "a '=1"


def test_what_a_teacher_gave_stands_apart_and_only_for_that_very_file(item: CourseClass, batch: Batch) -> None:
    job = next(job for job in batch.jobs if job.student == "@SUM(A1)")
    when = datetime(2026, 1, 1, tzinfo=UTC)
    scores = [
        Score(job.student, job.sha256, "explicación", (0.0,), "prof", "", when), Score(job.student, job.sha256, "explicación", (0.5,), "prof", "Casi", when),
        Score("x;=1+1", "0" * 64, "explicación", (1.0,), "prof", "", when),
    ]  # fmt: skip
    rows = rows_of(batch, checks_of(item), scores)
    found = {row["estudiante"]: row for row in table(as_csv(rows, checks_of(item)))}
    assert found["'@SUM(A1)"]["explicación: puntos"] == "0.5"
    assert found["x;'=1+1"]["explicación: puntos"] == "pendiente"
    row = next(row for row in rows if row.student == job.student)
    assert row.grade is not None
    assert [result.outcome.value for result in row.grade.verdict.criteria if result.name == "explicación"] == ["pending"]


def test_the_json_has_whole_verdicts_and_is_plain(item: CourseClass, batch: Batch) -> None:
    plain = as_plain(rows_of(batch, checks_of(item), []), item, cohort="c0ffee123456")
    again = json.loads(json.dumps(plain))
    assert again == plain | {"similar": [], "moves": []}
    by_name = {student["student"]: student for student in again["students"]}
    assert by_name["-2+3"]["verdict"]["checks"][1]["outcome"] == "correct"
    assert by_name["-2+3"]["conditions"]["environment"] == "e" * 64
    assert by_name["rota"]["verdict"] is None
    assert by_name["-2+3"]["pending"] == ["explicación"]
