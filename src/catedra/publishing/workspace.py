"""The student's folder: their notebooks, created once and never overwritten, and the course's front page."""

import hashlib
import json
from pathlib import Path
from typing import Any

from catedra.course import BrokenClass, catalogue, load, status
from catedra.errors import CatedraError
from catedra.publishing.notebook import as_bytes, notebook_of

FRONT_PAGE = "Inicio.ipynb"
NEWER_FRONT_PAGE = "Inicio-nuevo.ipynb"


class WorkspaceError(CatedraError):
    """The student's folder can't be used."""


def notebook_name(number: int, slug: str) -> str:
    """Return the file name of a class's notebook."""
    return f"{number}-{slug}.ipynb"


def start_notebook(number: int, folder: Path) -> tuple[Path, bool]:
    """Create the student's notebook of a class in `folder`, unless it is there already.

    Returns:
        (its path, whether it was created now).

    Raises:
        UnknownClassError: there is no such class.
        WorkspaceError: the folder can't be written.
    """
    course_class = load(number)
    path = folder / notebook_name(course_class.number, course_class.slug)
    if path.exists():
        return path, False
    return path, _create(path, notebook_of(course_class))


def prepare_workspace(folder: Path) -> Path:
    """Create what is missing in the student's folder: a notebook for each class that is built, and the front page.

    A front page that the student wrote into stays; the fresh one stands beside it.

    Returns:
        The path of the front page to open.

    Raises:
        WorkspaceError: the folder can't be written.
    """
    for item in catalogue():
        if not isinstance(item, BrokenClass):
            path = folder / notebook_name(item.number, item.slug)
            if not path.exists():
                _create(path, notebook_of(item))
    page = folder / FRONT_PAGE
    if page.exists() and not _untouched(page):
        page = folder / NEWER_FRONT_PAGE
    fresh = as_bytes(front_page())
    try:
        partial = page.with_name(page.name + ".part")
        partial.write_bytes(fresh)
        partial.replace(page)
    except OSError as error:
        raise _refused(folder, error) from error
    return page


def front_page() -> dict[str, Any]:
    """Return the front page as a notebook: how to begin, the classes with their state, the rest of the programme."""
    rows = status.overview()
    built = [row for row in rows if row.state == status.BUILT]
    lines = ["| N.º | Clase | Minutos | Verificación |", "|---:|---|---:|---|"]
    lines += [
        f"| {row.number} | [{row.title}]({notebook_name(row.number, row.slug)}) | {row.minutes} | {row.verification} |"
        for row in built
    ]
    lines += [f"| {row.number} | {row.title} | — | rota: {row.verification} |" for row in rows if row.state == status.BROKEN]
    blocks: dict[str, list[str]] = {}
    for row in rows:
        if row.state == status.PLANNED:
            blocks.setdefault(row.block, []).append(f"{row.number} {row.title}")
    planned = "\n".join(f"- **{block}**: {'; '.join(titles)}." for block, titles in blocks.items())
    first = f"[{built[0].title}]({notebook_name(built[0].number, built[0].slug)})" if built else "la primera clase"
    cells = [
        "# Cátedra\n\nUn curso de aprendizaje profundo que se prueba a sí mismo: todo lo que dice se ejecuta, y cada afirmación se midió.",
        "## Cómo empezar\n\n"
        f"1. Abrí {first} con un clic. Es tu copia: nadie la va a pisar.\n"
        "2. Leé, y ejecutá las celdas en orden con `Shift + Enter`.\n"
        "3. En cada ejercicio, escribí el cuerpo de la función y ejecutá `comprobar(1)`. Si te trabás, `pista(1)`.\n"
        "4. Cuando la tarea esté lista, guardá con `Ctrl + S` y ejecutá `entregar()`.",
        "## Las clases\n\n" + "\n".join(lines),
        f"## Lo que viene\n\nEl programa tiene {len(rows)} clases. Estas todavía no están construidas:\n\n{planned}",
    ]
    return {
        "cells": [
            {"cell_type": "markdown", "id": f"inicio-{n}", "metadata": {}, "source": text.splitlines(keepends=True)}
            for n, text in enumerate(cells)
        ],
        "metadata": {
            "catedra": {"front_page": _digest(cells)},
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _untouched(page: Path) -> bool:
    """Whether a front page still says what we wrote."""
    try:
        notebook = json.loads(page.read_text(encoding="utf-8"))
        sources = ["".join(cell["source"]) for cell in notebook["cells"]]
        return bool(notebook["metadata"]["catedra"]["front_page"] == _digest(sources))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _digest(sources: list[str]) -> str:
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()


def _create(path: Path, content: bytes) -> bool:
    """Write a file that isn't there, whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        raise _refused(path.parent, error) from error
    finally:
        partial.unlink(missing_ok=True)
    return True


def _refused(folder: Path, error: OSError) -> WorkspaceError:
    return WorkspaceError(
        f"no se puede escribir en {folder} ({error.strerror}): elegí otra carpeta o liberá espacio; lo que ya estaba quedó como estaba"
    )
