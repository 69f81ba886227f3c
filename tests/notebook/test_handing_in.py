"""`entregar()`: which file, is it saved, is it of this class; and what is kept."""

import json

import pytest

from catedra import clase, entregar
from catedra.notebook.errors import NotebookError
from catedra.notebook.session import chosen_class, notebook_file
from catedra.publishing.notebook import notebook_of
from catedra.store import Store, StoreError


@pytest.fixture
def notebook(course_class, tmp_path, monkeypatch):
    """A notebook of class 901 with one exercise done, in the current folder; the class is chosen."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tarea.ipynb"
    path.write_bytes(notebook_of(course_class).replace(b"    ...", b"    return x + 1", 1))
    clase(901)
    return path


def edited(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_it_is_kept_as_it_is(notebook):
    content = notebook.read_bytes()
    card = entregar("tarea.ipynb")
    with Store() as store:
        (kept,) = store.submissions(901)
        assert store.content(kept.sha256) == content
    assert kept.file_name == "tarea.ipynb"
    text = str(card)
    assert text.startswith("Entregado · clase 901")
    assert kept.sha256[:12] in text
    assert "Todavía sin escribir: `plus_2`, `plus_3`, `plus_4`, `plus_5`, `average`." in text
    assert "`catedra check 901 tarea.ipynb`" in text
    assert notebook.read_bytes() == content


def test_the_kernels_own_notebook_is_found(notebook, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    assert str(entregar()).startswith("Entregado")


def test_a_path_inside_the_servers_root_is_found_by_its_name(notebook, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "cuadernos/tarea.ipynb")
    assert notebook_file() == notebook
    monkeypatch.setenv("JPY_SESSION_NAME", "una-sesion-sin-archivo")
    assert notebook_file() is None
    monkeypatch.setitem(globals(), "__vsc_ipynb_file__", str(notebook))
    assert notebook_file() == notebook


def test_a_restarted_kernel_knows_its_class(notebook, monkeypatch):
    monkeypatch.setattr("catedra.notebook.session.SESSION.chosen", None)
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    assert chosen_class().number == 901
    notebook.write_text("no es JSON")
    monkeypatch.setattr("catedra.notebook.session.SESSION.chosen", None)
    with pytest.raises(NotebookError, match="Todavía no elegiste"):
        chosen_class()


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        (None, 'Pasá el nombre: `entregar("mi_cuaderno.ipynb")`'),
        (3, "espera el nombre del archivo"),
        ("tarea.py", "Se entrega el cuaderno"),
        ("otra.ipynb", "No existe el archivo"),
    ],
)
def test_which_file(notebook, argument, says):
    card = entregar(argument)
    assert card.title == "No se entregó"
    assert says in card.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "no es un cuaderno válido"),
        (b"\xff\xfe", "no es texto UTF-8"),
        (b'{"nbformat": 3, "cells": []}', "formato 3"),
    ],
)
def test_what_is_not_a_notebook(notebook, content, says):
    notebook.write_bytes(content)
    assert says in entregar(notebook).message


def test_a_notebook_of_another_class(notebook):
    edited(notebook, lambda content: content["metadata"]["catedra"].update({"class": 902}))
    assert "es de la clase 902 y elegiste la 901" in entregar(notebook).message


def test_a_notebook_that_does_not_say_its_class(notebook):
    edited(notebook, lambda content: content["metadata"].pop("catedra"))
    assert entregar(notebook).title.startswith("Entregado")  # it calls clase(901)
    edited(notebook, lambda content: content["cells"].pop(1))
    assert "no dice de qué clase es" in entregar(notebook).message
    edited(notebook, lambda content: content["metadata"].update(catedra={"class": "901"}))
    assert "no dice de qué clase es" in entregar(notebook).message


def test_nothing_written(notebook, course_class):
    notebook.write_bytes(notebook_of(course_class))
    assert "todas las funciones siguen con `...`" in entregar(notebook).message


def test_a_cell_with_a_syntax_error_is_handed_in_as_it_is(notebook):
    broken = {"cell_type": "code", "source": "def (", "outputs": [], "execution_count": None}
    edited(notebook, lambda content: content["cells"][2].update(broken))
    assert entregar(notebook).title.startswith("Entregado")


def test_unreadable(notebook, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    assert "revisá los permisos" in entregar(notebook).message


def test_a_failing_store_leaves_the_notebook_alone(notebook, monkeypatch):
    before = notebook.read_bytes()

    def fail(self, *args):
        raise StoreError("No queda lugar en el disco.")

    monkeypatch.setattr("catedra.store.store.Store.record_submission", fail)
    card = entregar(notebook)
    assert (card.title, card.message) == ("No se entregó", "No queda lugar en el disco.")
    assert notebook.read_bytes() == before
