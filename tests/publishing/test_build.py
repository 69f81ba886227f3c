"""Building: only what changed, whole or not at all, in parallel; what fails leaves earlier products and names its line."""

import json
import shutil
import time

import pytest
from typer.testing import CliRunner

from catedra.cli.app import build as build_app
from catedra.course import BrokenClass, catalogue, read_class
from catedra.publishing import build as module
from catedra.publishing.build import BuildError, build
from catedra.publishing.products import Product, content_hash_in, make
from tests import tiny
from tests.publishing.rich import LESSON, write_rich

WRITTEN = (Product.GUIDE, Product.NOTEBOOK, Product.PAGE)


def one(found):
    (only,) = found
    assert only.error == ""
    return only


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_the_four_products_carry_one_hash(tmp_path):
    course_class = read_class(write_rich(tmp_path))
    made = make(course_class, tuple(Product))
    assert {product: content_hash_in(product, content) for product, content in made.items()} == dict.fromkeys(
        Product, course_class.content_hash
    )


def test_nothing_changed_nothing_made(tmp_path):
    course_class = read_class(write_rich(tmp_path / "classes"))
    out = tmp_path / "out"
    first = one(build([course_class], out, products=WRITTEN))
    assert sorted(path.name for path in first.made.values()) == ["902-rich.html", "902-rich.ipynb", "902-rich.pdf"]
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    start = time.perf_counter()
    second = one(build([course_class], out, products=WRITTEN))
    assert time.perf_counter() - start < 0.5
    assert second.made == {}
    assert second.kept == first.made
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before


def test_a_change_is_built_again_and_only_that(tmp_path):
    tiny.write_class(tmp_path / "classes", 901, "sums")
    folder = write_rich(tmp_path / "classes")
    out = tmp_path / "out"
    build(catalogue(tmp_path / "classes"), out, products=WRITTEN)
    (folder / "lesson.md").write_text(LESSON.replace("Antes de todo.", "Antes de nada."), encoding="utf-8")
    sums, rich = build(catalogue(tmp_path / "classes"), out, products=WRITTEN)
    assert (len(sums.made), len(rich.made)) == (0, 3)
    assert "Antes de nada." in (out / "902-rich.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("change", ["removed", "edited", "keys", "engine", "linked", "record"])
def test_what_a_product_depends_on(tmp_path, change, monkeypatch):
    classes = tmp_path / "classes"
    folder = write_rich(classes)
    out = tmp_path / "out"
    build([read_class(folder)], out, products=(Product.PAGE,))
    page = out / "902-rich.html"
    match change:
        case "removed":
            page.unlink()
        case "edited":
            page.write_text("x", encoding="utf-8")
        case "keys":
            (out / ".catedra" / "902.json").write_text("not json", encoding="utf-8")
        case "engine":
            monkeypatch.setattr(module, "_engine", lambda: "another")
        case "linked":
            tiny.write_class(classes, 101, "mlp", lesson=tiny.LESSON.format(number=101).replace("#sumar", "#capas"))
        case "record":
            (folder / "curves.json").write_text('{"seeds": [], "values": {}}', encoding="utf-8")
    assert len(one(build([read_class(folder)], out, products=(Product.PAGE,))).made) == 1
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")


def test_products_are_independent(tmp_path):
    course_class = read_class(write_rich(tmp_path))
    out = tmp_path / "out"
    build([course_class], out, products=(Product.PAGE,))
    both = one(build([course_class], out, products=(Product.PAGE, Product.NOTEBOOK)))
    assert (set(both.made), set(both.kept)) == ({Product.NOTEBOOK}, {Product.PAGE})


def test_a_failure_leaves_what_was_there(tmp_path):
    folder = write_rich(tmp_path / "classes")
    out = tmp_path / "out"
    build([read_class(folder)], out, products=WRITTEN)
    before = contents(out)
    broken = LESSON.replace("Antes de todo.", "Antes $\\frac{a$ de todo.")
    (folder / "lesson.md").write_text(broken, encoding="utf-8")
    (failed,) = build([read_class(folder)], out, products=WRITTEN)
    line = 1 + broken.count("\n", 0, broken.index("Antes $"))
    assert failed.error.startswith(f"c902_rich/lesson.md:{line}: this formula isn't LaTeX")
    assert failed.made == {}
    assert contents(out) == before


def test_a_crash_while_writing_leaves_nothing_half_done(tmp_path, monkeypatch):
    folder = write_rich(tmp_path / "classes")
    out = tmp_path / "out"
    build([read_class(folder)], out, products=WRITTEN)
    before = contents(out)
    (folder / "lesson.md").write_text(LESSON.replace("Antes de todo.", "Antes de nada."), encoding="utf-8")
    written = []

    def full_disk(path, content):
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        with path.open("wb") as file:
            file.write(content)

    monkeypatch.setattr(module.Path, "write_bytes", full_disk)
    (failed,) = build([read_class(folder)], out, products=WRITTEN)
    monkeypatch.undo()
    assert "No space left on device" in failed.error
    assert contents(out) == before


def test_one_broken_class_does_not_stop_the_others(tmp_path):
    classes = tmp_path / "classes"
    tiny.write_class(classes, 901, "sums")
    shutil.rmtree(classes / "c901_sums" / "__pycache__", ignore_errors=True)
    (classes / "c901_sums" / "checks.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    tiny.write_class(classes, 903, "lost", slides=None)
    write_rich(classes)
    found = build(catalogue(classes), tmp_path / "out", products=(Product.PAGE,))
    assert [bool(each.error) for each in found] == [True, False, True]
    assert "c901_sums/checks.py: ModuleNotFoundError" in found[0].error
    assert "c903_lost: lacks slides.md" in found[2].error
    assert isinstance(catalogue(classes)[2], BrokenClass)


def test_in_parallel_the_bytes_are_the_same(tmp_path):
    classes = tmp_path / "classes"
    for number in (901, 902, 903):
        tiny.write_class(classes, number, f"sums_{number}")
    told = []
    for workers in (1, 2):
        found = build(catalogue(classes), tmp_path / str(workers), products=WRITTEN, workers=workers, report=told.append)
        assert [each.number for each in found] == [901, 902, 903]
        assert all(len(each.made) == 3 for each in found)
    assert len(told) == 6
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert len(contents(tmp_path / "1")) == 9


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(BuildError, match="elegí otra carpeta"):
        build([], tmp_path / "out")


def test_the_verb(tmp_path, monkeypatch):
    classes = tmp_path / "classes"
    write_rich(classes)
    monkeypatch.setattr("catedra.course.catalogue", lambda: catalogue(classes))
    monkeypatch.setattr("catedra.course.load", lambda number: read_class(classes / "c902_rich"))
    run = CliRunner().invoke
    out = str(tmp_path / "out")
    first = run(build_app(), ["build", "902", "--page", "--notebook", "--out", out, "--json"])
    assert first.exit_code == 0, first.output
    (told,) = json.loads(first.stdout)
    assert set(told["made"]) == {"page", "notebook"}
    second = run(build_app(), ["build", "--all", "--page", "--out", out])
    assert second.exit_code == 0
    assert "0 generados, 1 ya estaban al día." in second.stdout
    assert run(build_app(), ["build", "--out", out]).exit_code == 2
    assert run(build_app(), ["build", "902", "--all", "--out", out]).exit_code == 2
    (classes / "c902_rich" / "lesson.md").write_text(LESSON.replace("figure:recta", "figure:nada"), encoding="utf-8")
    failed = run(build_app(), ["build", "902", "--page", "--out", out, "--json"])
    assert failed.exit_code == 2
    assert "draws no figure 'nada'" in json.loads(failed.stdout)[0]["error"]
