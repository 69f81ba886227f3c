"""The verbs where they live: a real kernel that runs a derived notebook."""

import json
import os
import time
from queue import Empty

import pytest
from jupyter_client import KernelManager

from catedra.publishing.notebook import notebook_of

PREPARE = """
import catedra.course
from catedra.course.loader import load as _load
from pathlib import Path as _Path
catedra.course.load = lambda number: _load(number, _Path({root!r}))
"""


class Kernel:
    def __init__(self, manager, client):
        self._manager, self._client = manager, client

    def run(self, code, interrupt_after=None):
        """Run a cell and return (mime bundles shown, traceback lines)."""
        message = self._client.execute(code)
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            self._manager.interrupt_kernel()
        shown, traceback = [], []
        while True:
            try:
                reply = self._client.get_iopub_msg(timeout=60)
            except Empty:
                raise AssertionError(f"the kernel did not answer: {code}") from None
            if reply["parent_header"].get("msg_id") != message:
                continue
            content = reply["content"]
            if reply["msg_type"] in {"execute_result", "display_data"}:
                shown.append(content["data"])
            elif reply["msg_type"] == "error":
                traceback = content["traceback"]
            elif reply["msg_type"] == "status" and content["execution_state"] == "idle":
                return shown, traceback


@pytest.fixture
def notebook(course_class, tmp_path):
    path = tmp_path / "tarea.ipynb"
    path.write_bytes(notebook_of(course_class))
    return path


@pytest.fixture
def kernel(notebook, course_class, monkeypatch):
    monkeypatch.chdir(notebook.parent)  # the sockets' paths are relative to it, here and in the kernel
    manager = KernelManager(kernel_name="python3", transport="ipc")
    manager.start_kernel(cwd=str(notebook.parent), env={**os.environ, "JPY_SESSION_NAME": str(notebook)})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        running = Kernel(manager, client)
        assert running.run(PREPARE.format(root=str(course_class.folder.parent))) == ([], [])
        yield running
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def test_a_students_hour(kernel, notebook):
    cells = ["".join(cell["source"]) for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code"]
    for cell in cells:  # everything, untouched
        shown, traceback = kernel.run(cell)
        assert traceback == [], cell
        if cell.startswith("comprobar"):
            assert "sin intentar" in shown[0]["text/html"]
        if "clase(901)" in cell:
            assert "Clase 901 · Sumas y medias" in shown[0]["text/html"]
    assert "todas las funciones siguen con" in shown[0]["text/html"]  # entregar()

    _, traceback = kernel.run("comprobar(99)")
    assert traceback == ["La clase 901 tiene ejercicios del 1 al 5, y pediste el 99."]

    kernel.run("def plus_1(x):\n    while True:\n        x = x + 1")
    _, traceback = kernel.run("comprobar(1)", interrupt_after=1.5)
    (line,) = traceback
    assert line.startswith("Frenaste la comprobación del ejercicio 1. Estaba en `plus_1`, línea ")
    assert line.endswith("¿Hay un bucle que no termina?")

    kernel.run("def plus_1(x):\n    return x - 1")
    shown, _ = kernel.run("comprobar(1)")
    assert "parece una resta" in shown[0]["text/html"]
    shown, _ = kernel.run("pista(1)")
    assert "¿Cuánto falta?" in shown[0]["text/html"]
    shown, _ = kernel.run("solucion(1)")
    assert shown[0]["text/markdown"].count("```python") == 1

    good = "def plus_1(x):\n    return x + 1"
    kernel.run(good)
    shown, _ = kernel.run("entregar()")
    assert "Lo que ejecutaste de <code>plus_1</code> no es lo que está guardado" in shown[0]["text/html"]
    content = json.loads(notebook.read_text())
    next(cell for cell in content["cells"] if cell["id"] == "ejercicio-1-codigo")["source"] = good
    notebook.write_text(json.dumps(content))
    shown, _ = kernel.run("entregar()")
    assert "Entregado · clase 901" in shown[0]["text/html"]
    shown, _ = kernel.run("comprobar(1)")
    assert "correcto" in shown[0]["text/plain"]
    # A restarted session whose first cell wasn't run finds its class in the file.
    kernel.run("from catedra.notebook.session import SESSION; SESSION.chosen = None")
    shown, _ = kernel.run("comprobar(1)")
    assert "correcto" in shown[0]["text/plain"]
