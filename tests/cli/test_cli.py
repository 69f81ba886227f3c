"""Every verb, as its user calls it: tables, JSON, exit codes, and bad input."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catedra.cli.app import VERBS, build
from catedra.course import loader
from tests.tiny import LESSON, write_class

ROOT = Path(__file__).parents[2]
RIGHT = "\n".join(f"def plus_{n}(x):\n    return x + {n}\n" for n in range(1, 6))


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "classes"
    write_class(root)
    monkeypatch.setattr(loader, "CLASSES_FOLDER", root)
    return root


def run(*arguments: str | Path):
    """Run a verb in this process; a foreseen failure comes back as `result.exception`."""
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def program(*arguments: str | Path, **options):
    """Run the program as a user does."""
    command = [sys.executable, "-m", "catedra", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_every_verb_is_documented_and_helps() -> None:
    documented = set(re.findall(r"^\| `catedra (\w+)", (ROOT / "docs" / "cli.md").read_text(), re.MULTILINE))
    assert documented == set(VERBS)
    for verb in VERBS:
        result = run(verb, "--help")
        assert result.exit_code == 0
        assert "Usage" in result.output


def test_every_variable_that_the_code_reads_is_documented() -> None:
    documented = (ROOT / "docs" / "cli.md").read_text()
    sources = [path.read_text() for folder in ("src", "tools") for path in (ROOT / folder).rglob("*.py") if "classes/c" not in str(path)]
    read = {name for text in sources for name in re.findall(r"environ(?:\.get\(|\[)\s*\"((?:CATEDRA|TORCH)_\w+)\"", text)}
    assert read
    assert {name for name in read if f"`{name}`" not in documented} == set()


def test_version_and_no_arguments() -> None:
    from catedra import __version__

    assert run("--version").output.strip() == __version__
    assert "Usage" in run().output


def test_list_shows_what_is_built_what_is_broken_and_what_is_planned(classes: Path) -> None:
    write_class(classes, 902, "broken", lesson="nada")
    result = run("list")
    assert "Sumas y medias" in result.output
    assert "rota" in result.output
    rows = json.loads(run("list", "--json").output)
    assert [(row["number"], row["state"]) for row in rows] == [(901, "construida"), (902, "rota")]
    assert len(json.loads(run("list", "--all", "--json").output)) == 77


def test_show_a_class(classes: Path) -> None:
    result = run("show", "901")
    assert "Sumar." in result.output
    assert "todavía no fue verificada" in result.output
    shown = json.loads(run("show", "901", "--json").output)
    assert shown["slug"] == "sums"
    assert len(shown["exercises"]) == 5


def test_an_unknown_class_is_one_sentence_and_exit_2() -> None:
    for verb in (["show", "9"], ["start", "9"], ["verify", "9"], ["check", "9", "x.py"]):
        result = program(*verb)
        assert result.returncode == 2, result
        assert "no hay una clase 9 construida" in result.stderr
        assert "Traceback" not in result.stderr


def test_start_never_overwrites(classes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    first = json.loads(run("start", "901", folder, "--json").output)
    assert first["created"]
    path = Path(first["path"])
    path.write_text("mío")
    again = run("start", "901", folder)
    assert again.exit_code == 0
    assert "queda como lo dejaste" in again.output
    assert path.read_text() == "mío"
    assert [entry.name for entry in folder.iterdir()] == [path.name]


def test_start_where_nothing_can_be_written(classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run("start", "901", tmp_path / "mine")
    assert "No space left on device" in str(result.exception)
    assert list((tmp_path / "mine").iterdir()) == []


def test_check_tells_right_from_wrong_by_its_exit_code(classes: Path, tmp_path: Path) -> None:
    file = tmp_path / "tarea.py"
    file.write_text(RIGHT)
    result = run("check", "901", file)
    assert result.exit_code == 0, result.output
    assert "correcto" in result.output
    file.write_text(RIGHT.replace("x + 2", "x - 2"))
    result = run("check", "901", file, "--json")
    assert result.exit_code == 1
    verdict = json.loads(result.stdout)
    assert [check["outcome"] for check in verdict["checks"]] == ["correct", "incorrect", "correct", "correct", "correct"]
    assert run("check", "901", file, "--exercise", "1").exit_code == 0
    assert "se esperaba" not in run("check", "901", file, "-e", "1").output
    assert "llegó 7" in str(run("check", "901", file, "-e", "7").exception)


def test_check_measures_the_homework(classes: Path, tmp_path: Path) -> None:
    file = tmp_path / "tarea.py"
    file.write_text(RIGHT + "def average(x, seed):\n    return float(x.sum())\n")
    result = run("check", "901", file, "--homework")
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert "Dividí" in said or "dividí" in said
    assert "todavía no" in said
    criteria = json.loads(run("check", "901", file, "--homework", "--json").stdout)["criteria"]
    assert [(item["name"], item["outcome"]) for item in criteria] == [("media de prueba", "incorrect"), ("explicación", "pending")]


def test_verify_writes_the_record_and_says_what_was_measured(classes: Path) -> None:
    result = run("verify", "901", "--seeds", "2", "--scale", "smoke")
    assert result.exit_code == 0, result.output
    assert not (classes / "c901_sums" / "record.json").exists()
    result = run("verify", "901", "--seeds", "5")
    assert result.exit_code == 0, result.output
    assert "Umbrales sólidos" in result.output
    assert (classes / "c901_sums" / "record.json").exists()
    assert "Medido el" in run("show", "901").output
    assert "umbrales sólidos" in json.loads(run("list", "--json").output)[0]["verification"]


@pytest.mark.parametrize("arguments", [["verify"], ["verify", "901", "--all"], ["verify", "901", "--scale", "huge"]])
def test_verify_refuses_nonsense(classes: Path, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_verify_all_refuses_a_broken_class(classes: Path) -> None:
    write_class(classes, 902, "broken", lesson="nada")
    assert "front matter" in str(run("verify", "--all").exception)


def test_data_lists_and_checks_one() -> None:
    result = run("data")
    assert "fashion_mnist" in result.output
    assert "sano" in run("data", "digits").output
    listed = json.loads(run("data", "--json").output)
    assert {"moons", "digits"} <= {item["name"] for item in listed}


def test_data_that_cant_be_had_is_exit_5(tmp_path: Path) -> None:
    environment = {**os.environ, "CATEDRA_OFFLINE": "1", "CATEDRA_CACHE": str(tmp_path)}
    environment.pop("CATEDRA_DATA", None)
    result = program("data", "fashion_mnist", env=environment)
    assert result.returncode == 5, result
    assert "train-images-idx3-ubyte.gz" in result.stderr
    assert "Traceback" not in result.stderr
    result = program("data", "fashon_mnist", env=environment)
    assert "¿Quisiste decir 'fashion_mnist'?" in result.stderr


def test_env_reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    report = json.loads(run("env", "--json").output)
    names = [item["name"] for item in report["items"]]
    assert "Python" in names
    assert "stack keras-jax" in names
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path / "nothing"))
    result = run("env")
    assert result.exit_code == 1
    assert "la carpeta no existe" in " ".join(result.output.split())


def test_new_writes_a_class_that_lists_as_built(classes: Path) -> None:
    result = run("new", "175", "--title", "Redes de Kolmogórov", "--json")
    folder = Path(json.loads(result.output)["folder"])
    assert folder.name == "c175_redes_de_kolmogorov"
    assert [row["number"] for row in json.loads(run("list", "--json").output)] == [175, 901]
    assert "ya existe" in str(run("new", "175", "--title", "Otra").exception)


def test_lab_prepares_the_folder_and_opens_jupyterlab(classes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: called.append(command))
    folder = tmp_path / "cuadernos"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "no se abre como root" in str(run("lab", folder).exception)
    assert not folder.exists()
    assert run("lab", folder, "--allow-root").exit_code == 0
    assert "--allow-root" in called.pop()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run("lab", folder, "--no-browser").exit_code == 0
    assert {path.name for path in folder.iterdir()} == {"Inicio.ipynb", "901-sums.ipynb"}
    assert f"--ServerApp.root_dir={folder}" in called[0]
    page = folder / "Inicio.ipynb"
    assert "Sumas y medias" in page.read_text()
    page.write_text(page.read_text().replace("# Cátedra", "# Mis notas"))
    run("lab", folder, "--no-browser")
    assert "Mis notas" in page.read_text()
    assert (folder / "Inicio-nuevo.ipynb").exists()


def test_ctrl_c_ends_with_130_and_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "tarea.py"
    file.write_text("def f(x=[i for i in iter(int, 1)]): pass")
    write_class(tmp_path / "classes")
    code = (
        "import sys, pathlib\nfrom catedra.course import loader\nfrom catedra.cli import main\n"
        f"loader.CLASSES_FOLDER = pathlib.Path({str(tmp_path / 'classes')!r})\nsys.argv = ['catedra', 'check', '901', {str(file)!r}]\nmain()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.strip().endswith("catedra: interrumpido; lo que ya estaba hecho quedó guardado")
    assert "Traceback" not in said


def test_the_program_starts_without_any_framework() -> None:
    code = (
        "import sys, catedra.cli.app as app; app.build()\n"
        "print([m for m in ('numpy', 'keras', 'jax', 'torch', 'tensorflow', 'sklearn', 'matplotlib', 'sqlalchemy') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_lesson_with_front_matter_for_another_number_is_named(classes: Path) -> None:
    write_class(classes, 903, "other", lesson=LESSON.format(number=904))
    result = run("show", "903")
    assert "expected 903 as in the folder's name, found 904" in str(result.exception)
