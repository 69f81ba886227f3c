"""The session that the verbs work in: which class was chosen, the names that the student defined, the notebook's file."""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catedra.notebook.errors import NotebookError

if TYPE_CHECKING:
    from catedra.course import CourseClass

NAME_VARIABLE = "JPY_SESSION_NAME"


@dataclass
class Session:
    """What this process remembers between verbs.

    Attributes:
        chosen: the class that `clase` chose.
    """

    chosen: "CourseClass | None" = None


SESSION = Session()


def shell() -> Any | None:
    """Return IPython's shell, or None outside of it; IPython isn't imported for that."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


def session_names() -> dict[str, Any]:
    """Return the namespace that the student's code lives in: IPython's, else the globals of whoever called the verb."""
    ipython = shell()
    if ipython is not None:
        names: dict[str, Any] = ipython.user_ns
        return names
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("catedra."):
        frame = frame.f_back
    return frame.f_globals


def choose(number: int) -> "CourseClass":
    """Choose the class that the other verbs speak of.

    Raises:
        NotebookError: it isn't a number.
        CatedraError: there is no such class.
    """
    from catedra.course import load

    if type(number) is not int:
        raise NotebookError(f"`clase` espera el número de la clase, como `clase(101)`, y llegó {number!r}.")
    course_class = load(number)
    SESSION.chosen = course_class
    return course_class


def chosen_class() -> "CourseClass":
    """Return the chosen class; a kernel that was restarted finds it in the notebook's own metadata.

    Raises:
        NotebookError: none was chosen.
    """
    if SESSION.chosen is None:
        number = _class_of_file()
        if number is None:
            raise NotebookError(
                "Todavía no elegiste la clase: ejecutá la primera celda del cuaderno, o `clase(101)` con su número."
            )
        return choose(number)
    return SESSION.chosen


def notebook_file() -> Path | None:
    """Return the file of the running notebook, if whoever started the kernel said which it is."""
    named = [os.environ.get(NAME_VARIABLE), session_names().get("__vsc_ipynb_file__")]
    for name in named:
        if isinstance(name, str) and name.endswith(".ipynb"):
            path = Path(name)
            # Some servers give the path inside their own root: the kernel runs in the notebook's folder.
            for candidate in (path, Path.cwd() / path.name):
                if candidate.is_file():
                    return candidate
    return None


def _class_of_file() -> int | None:
    path = notebook_file()
    if path is None:
        return None
    try:
        return class_in(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def class_in(notebook: Any) -> int | None:
    """Return the class that a derived notebook says it belongs to."""
    try:
        number = notebook["metadata"]["catedra"]["class"]
    except (KeyError, TypeError):
        return None
    return number if type(number) is int else None
