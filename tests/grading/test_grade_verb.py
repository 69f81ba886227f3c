"""`catedra grade` as a teacher calls it, with an engine of the test's in the place of the sandboxed one."""

import csv
import io
import json
import sys
import types
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from catedra.cli.verbs import grade
from catedra.course import loader
from catedra.grading.cohort import Cohort, write_key
from tests.grading.fake import RIGHT, FakeEngine
from tests.tiny import write_class


class Engines(list[FakeEngine]):
    """The engines that were made, and what each does before a job."""

    before = staticmethod(lambda job: None)

    def build(self, course_class, cohort: Cohort, *, workers: int, require_strong: bool, scale: str, **more) -> FakeEngine:
        assert scale == "laptop"
        engine = FakeEngine(course_class, cohort=cohort.fingerprint, before=lambda job: self.before(job))
        engine.asked = (workers, require_strong, more)  # type: ignore[attr-defined]
        self.append(engine)
        return engine


@pytest.fixture
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engines:
    made = Engines()
    for module, name in (("engine_local", "LocalEngine"), ("engine_ray", "RayEngine")):
        fake = types.ModuleType(f"catedra.grading.{module}")
        setattr(fake, name, made.build)
        monkeypatch.setitem(sys.modules, fake.__name__, fake)
    write_class(tmp_path / "classes")
    monkeypatch.setattr(loader, "CLASSES_FOLDER", tmp_path / "classes")
    monkeypatch.setenv("CATEDRA_STORE", f"sqlite:///{tmp_path / 'trail.db'}")
    write_key(tmp_path / "clave")
    (tmp_path / "entregas").mkdir()
    for name in ("ana", "beto"):
        (tmp_path / "entregas" / f"{name}.py").write_text(f"# {name}\n" + RIGHT)
    return made


def call(tmp_path: Path, *arguments: str, plain: bool = True):
    app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command("grade")(grade.run)
    usual = [str(tmp_path / "entregas"), "--class", "901", "--key", str(tmp_path / "clave")] if plain else []
    return CliRunner().invoke(app, [*usual, *arguments])


def test_a_folder_is_graded_and_a_second_call_grades_nothing(engines, tmp_path: Path) -> None:
    result = call(tmp_path, "--workers", "3", "--require", "strong")
    assert result.exit_code == 0, result.output
    assert "ana" in result.output
    assert "5/5" in result.output
    assert "1 sin puntuar" in result.output
    assert engines[0].asked == (3, True, {})
    assert (tmp_path / "entregas-notas" / "indice.html").is_file()
    assert call(tmp_path).exit_code == 0
    assert engines[1].graded == []


def test_json_is_one_document(engines, tmp_path: Path) -> None:
    result = call(tmp_path, "--json", "--out", str(tmp_path / "out"))
    document = json.loads(result.stdout)
    assert document["run"] == {"out": str(tmp_path / "out"), "appended": 2, "left": [], "stale": [], "interrupted": False}
    assert [student["student"] for student in document["gradebook"]["students"]] == ["ana", "beto"]


def test_ray_gets_its_address(engines, tmp_path: Path) -> None:
    assert call(tmp_path, "--engine", "ray", "--address", "10.0.0.1:6379").exit_code == 0
    assert engines[0].asked == (1, False, {"address": "10.0.0.1:6379"})


def test_ctrl_c_leaves_the_gradebook_and_says_how_to_go_on(engines, tmp_path: Path) -> None:
    def cut(job):
        if job.student == "beto":
            raise KeyboardInterrupt

    engines.before = cut
    result = call(tmp_path)
    assert result.exit_code == 130
    assert "faltan 1" in result.output
    assert "corré el mismo comando" in result.output
    rows = list(csv.DictReader(io.StringIO((tmp_path / "entregas-notas" / "notas.csv").read_text(encoding="utf-8-sig"))))
    assert [row["estado"] for row in rows] == ["corregida", "sin corregir"]
    engines.before = lambda job: None
    assert call(tmp_path).exit_code == 0
    assert engines[1].graded == ["beto"]


def test_what_is_rejected_gives_exit_code_1(engines, tmp_path: Path) -> None:
    (tmp_path / "entregas" / "eva.tar").write_bytes(b"x")
    result = call(tmp_path)
    assert result.exit_code == 1
    assert "rechazada" in result.output


def test_scores_are_imported_and_shown(engines, tmp_path: Path) -> None:
    call(tmp_path)
    notes = tmp_path / "entregas-notas"
    sheet = next(notes.glob("planilla-*.json"))
    rows = json.loads(sheet.read_text())
    rows[0] |= {"puntos": 0.5, "comentario": "Casi", "docente": "Prof"}
    (tmp_path / "llena.json").write_text(json.dumps(rows))
    for _ in range(2):
        result = call(tmp_path, "--scores", str(tmp_path / "llena.json"))
        assert result.exit_code == 0
    assert "0 respuestas escritas puntuadas" in result.output
    found = list(csv.DictReader(io.StringIO((notes / "notas.csv").read_text(encoding="utf-8-sig"))))
    assert [row["explicación: puntos"] for row in found] == ["0.5", "pendiente"]


def test_a_new_key_needs_nothing_else(tmp_path: Path) -> None:
    result = call(tmp_path, "--new-key", str(tmp_path / "nueva"), plain=False)
    assert result.exit_code == 0
    assert (tmp_path / "nueva").read_text().strip() not in result.output
    assert "cohorte" in result.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--engine", "nube"], "local o ray"), (["--require", "weak"], "solo puede ser strong"), (["--workers", "0"], "workers")],
)
def test_bad_options_are_refused(engines, tmp_path: Path, arguments: list[str], says: str) -> None:
    result = call(tmp_path, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert engines == []


def test_missing_and_misplaced_folders_are_refused(engines, tmp_path: Path) -> None:
    assert "hacen falta CARPETA, --class y --key" in call(tmp_path, plain=False).output
    assert "no puede estar dentro" in call(tmp_path, "--out", str(tmp_path / "entregas" / "notas")).output
