"""Reads the notebook's file as it is handed in: saved, of this class, and something done in it."""

import ast
import inspect
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catedra.checking.contributions import is_stub
from catedra.checking.magics import without_magics
from catedra.checking.namespace import Cell, Namespace, SubmissionError, notebook_cells
from catedra.notebook.errors import NotebookError
from catedra.notebook.session import NAME_VARIABLE, class_in, notebook_file

SAVE = "Guardalo (Ctrl+S) y volvé a correr `entregar()`"


@dataclass(frozen=True)
class Package:
    """A notebook's file, ready to be kept.

    Attributes:
        path: where it is.
        content: its bytes.
        written: functions of the class that have a body.
        missing: those that are still the stub, or aren't there.
    """

    path: Path
    content: bytes
    written: tuple[str, ...]
    missing: tuple[str, ...]


def find_file(path: object) -> Path:
    """Return the notebook's file: the argument, else the one that this kernel runs for.

    Raises:
        NotebookError: not a path, not a notebook, not there, or nobody said which it is.
    """
    if path is None:
        found = notebook_file()
        if found is None:
            raise NotebookError(
                f"No sé cuál es el archivo de este cuaderno ({NAME_VARIABLE} no lo dice). "
                'Pasá el nombre: `entregar("mi_cuaderno.ipynb")`.'
            )
        return found
    if not isinstance(path, str | Path):
        raise NotebookError(f'`entregar` espera el nombre del archivo, como `entregar("mi_cuaderno.ipynb")`, y llegó {path!r}.')
    chosen = Path(path).expanduser()
    if chosen.suffix != ".ipynb":
        raise NotebookError(f"Se entrega el cuaderno, un archivo `.ipynb`, y llegó `{chosen.name}`.")
    if not chosen.is_file():
        raise NotebookError(f"No existe el archivo `{chosen}`: revisá el nombre y la carpeta (estás en `{Path.cwd()}`).")
    return chosen


def pack(path: Path, class_number: int, names: Iterable[str], live: Namespace) -> Package:
    """Read a notebook's file and make sure that it is what the student means to hand in.

    Args:
        path: of the file.
        class_number: the class that it must belong to.
        names: the functions that the class asks for.
        live: the running session, to know whether the file is up to date.

    Raises:
        NotebookError: unreadable, of another class, not saved since a function was run, or nothing written in it.
    """
    try:
        content = path.read_bytes()
        text = content.decode("utf-8")
        cells = notebook_cells(text, path.name)
    except OSError as error:
        raise NotebookError(f"No se puede leer `{path}` ({error.strerror}): revisá los permisos.") from error
    except UnicodeDecodeError as error:
        raise NotebookError(f"`{path.name}` no es texto UTF-8: abrilo con JupyterLab y guardalo de nuevo.") from error
    except SubmissionError as error:
        raise NotebookError(f"{error}.") from error
    _refuse_other_class(json.loads(text), cells, path, class_number)
    wanted = tuple(dict.fromkeys(names))
    stale = [name for name in wanted if _is_stale(live, name, cells)]
    if stale:
        shown = ", ".join(f"`{name}`" for name in stale)
        raise NotebookError(
            f"Lo que ejecutaste de {shown} no es lo que está guardado en `{path.name}`. {SAVE}; "
            "si cambiaste la celda después de ejecutarla, ejecutala antes."
        )
    written = _written(cells, wanted)
    if wanted and not written:
        raise NotebookError(
            f"En `{path.name}` todas las funciones siguen con `...`: no hay nada que entregar. "
            "Si ya escribiste, guardá primero (Ctrl+S)."
        )
    return Package(path, content, written, tuple(name for name in wanted if name not in written))


def _refuse_other_class(notebook: Any, cells: list[Cell], path: Path, class_number: int) -> None:
    number = class_in(notebook)
    if number is None and any(f"clase({class_number})" in cell.source for cell in cells):
        return
    if number is None:
        raise NotebookError(
            f"`{path.name}` no dice de qué clase es: entregá el cuaderno que te dio `catedra start {class_number}`."
        )
    if number != class_number:
        raise NotebookError(
            f"`{path.name}` es de la clase {number} y elegiste la {class_number}: "
            f"abrí el cuaderno de la {class_number}, o corré `clase({number})` antes de entregar."
        )


def _is_stale(live: Namespace, name: str, cells: list[Cell]) -> bool:
    """Whether the function that runs in the session stands in no cell of the file."""
    function = live.values.get(name)
    code = getattr(function, "__code__", None)
    if function is None or code is None or not live.owns(code.co_filename):
        return False
    try:
        source = inspect.getsource(function).strip()
    except Exception:  # the cell's source is gone: nothing to compare with
        return False
    return not any(source in cell.source for cell in cells)


def _written(cells: list[Cell], wanted: tuple[str, ...]) -> tuple[str, ...]:
    state: dict[str, bool] = {}
    for cell in cells:
        try:
            tree = ast.parse(without_magics(cell.source))
        except (SyntaxError, ValueError):
            continue  # a cell with an error is handed in as it is; the check says which one
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                state[node.name] = not is_stub(node)
    return tuple(name for name in wanted if state.get(name))
