"""A submission as a namespace: which functions a notebook, a script or a live session offers.

A notebook contributes its imports, functions, classes and literal assignments, in cell order, never its training cells
or magics; a script likewise. *Not attempted* is read from the source: a function whose body is still the stub `...`.

Not covered: running it safely. Loading executes the student's imports and definitions; where that is someone else's code,
it happens inside the sandbox.
"""

import ast
import json
import linecache
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catedra.errors import CatedraError


class SubmissionError(CatedraError):
    """The file can't be read as a submission."""


@dataclass(frozen=True)
class Place:
    """Where something stands in a submission.

    Attributes:
        source: "celda 7", or a script's file name.
        line: 1-based line in it.
    """

    source: str
    line: int

    def __str__(self) -> str:
        return f"{self.source}, línea {self.line}"


@dataclass(frozen=True)
class Cell:
    """A piece of source code and the name by which its author knows it."""

    label: str
    source: str


@dataclass
class Namespace:
    """The names that a submission defines.

    Attributes:
        values: name → object, also the globals in which its functions run.
        stubs: functions whose body is still `...`.
        skipped: names that only cells that don't run would define → the cell's label.
        labels: file name used in code objects → "celda 7".
        described_as: "el cuaderno tarea.ipynb", for messages.
    """

    values: dict[str, Any]
    stubs: frozenset[str] = frozenset()
    skipped: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    described_as: str = "la respuesta"
    stub_test: Callable[[Any], bool] | None = None

    def function(self, name: str) -> Callable[..., Any] | None:
        """Return the function called `name`, or None when it is absent or still the stub."""
        value = self.values.get(name)
        if not callable(value) or name in self.stubs:
            return None
        if self.stub_test is not None and self.stub_test(value):
            return None
        return value  # type: ignore[no-any-return]

    def why_absent(self, name: str) -> str:
        """Say why `function(name)` gave None."""
        if name in self.values and not callable(self.values[name]):
            return f"`{name}` no es una función sino un `{type(self.values[name]).__name__}`: ¿pisaste el nombre en otra celda?"
        if name in self.values:
            return f"`{name}` todavía no está escrita: su cuerpo sigue siendo `...`"
        return f"no encontré la función `{name}` en {self.described_as}: ejecutá la celda que la define, con ese mismo nombre"

    def why_undefined(self, name: str) -> str | None:
        """Say why a name that a function uses isn't there, if a cell that doesn't run would have defined it."""
        if name not in self.skipped:
            return None
        return (
            f"`{name}` se calcula en {self.skipped[name]}, fuera de toda función, y esas celdas no se ejecutan al corregir: "
            "pasala como argumento o calculala adentro de la función"
        )

    def owns(self, filename: str) -> bool:
        """Whether a code object with this file name is the student's."""
        return filename in self.labels

    def label(self, filename: str) -> str:
        """The student's name for that file name."""
        return self.labels.get(filename, filename)


def read_cells(path: Path) -> list[Cell]:
    """Return the code cells of a notebook (`.ipynb`) or the one of a script (`.py`).

    Raises:
        SubmissionError: the file is missing, is neither, or isn't valid.
    """
    if not path.is_file():
        raise SubmissionError(f"no existe el archivo {path}: revisá el nombre y la carpeta")
    if path.suffix not in {".ipynb", ".py"}:
        raise SubmissionError(f"se esperaba un cuaderno (.ipynb) o un script (.py) y llegó {path.name}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path.name} no es texto UTF-8 (byte {error.start}): guardalo de nuevo") from error
    if path.suffix == ".py":
        return [Cell(path.name, text)]
    return notebook_cells(text, path.name)


def notebook_cells(text: str, name: str) -> list[Cell]:
    """Return the code cells of a notebook given as JSON text, labelled "celda N" counting every cell from 1.

    Raises:
        SubmissionError: it isn't a version 4 notebook.
    """
    try:
        notebook = json.loads(text)
        if notebook["nbformat"] != 4:
            raise SubmissionError(f"{name} es un cuaderno de formato {notebook['nbformat']}: abrilo y guardalo con JupyterLab")
        cells = [
            Cell(f"celda {number}", _joined(cell["source"]))
            for number, cell in enumerate(notebook["cells"], start=1)
            if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SubmissionError(
            f"{name} no es un cuaderno válido ({type(error).__name__}: {error}): abrilo con JupyterLab y guardalo de nuevo"
        ) from error
    return cells


def _joined(source: Any) -> str:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    raise TypeError("a cell's source is neither text nor lines of text")


def load_namespace(cells: Iterable[Cell], described_as: str = "la respuesta") -> Namespace:
    """Execute the imports, definitions and literal assignments of `cells`, in order.

    Args:
        cells: the submission's code.
        described_as: how messages call the submission.

    Returns:
        The namespace; functions that raise later are traced to their cell.

    Raises:
        SubmissionError: a syntax error, or an import or definition that fails, with cell and line.
    """
    module = types.ModuleType("entrega")
    values = module.__dict__
    stubs: set[str] = set()
    skipped: dict[str, str] = {}
    labels: dict[str, str] = {}
    for cell in cells:
        filename = f"<{cell.label}>"
        source = without_magics(cell.source)
        tree = _parse(source, cell.label)
        kept: list[ast.stmt] = []
        for statement in tree.body:
            if _contributes(statement):
                kept.append(statement)
                _note_stub(statement, stubs)
            else:
                skipped.update((name, cell.label) for name in _assigned(statement))
        labels[filename] = cell.label
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        code = compile(ast.Module(kept, type_ignores=[]), filename, "exec")
        try:
            exec(code, values)
        except Exception as error:
            line = _line_of(error, filename)
            raise SubmissionError(
                f"{described_as}, {cell.label}, línea {line}: {type(error).__name__}: {error}{_missing_module(error)}"
            ) from error
    skipped = {name: label for name, label in skipped.items() if name not in values}
    return Namespace(values, frozenset(stubs), skipped, labels, described_as)


def live_namespace(values: dict[str, Any], described_as: str = "este cuaderno") -> Namespace:
    """The namespace of a running session; stubs are recognised by the source of each function."""
    labels = _SessionLabels()
    return Namespace(values, described_as=described_as, labels=labels, stub_test=is_stub_function)


class _SessionLabels(dict[str, str]):
    """In a kernel, code objects of cells are named after temporary files of ipykernel or `<ipython-input-…>`."""

    def __contains__(self, filename: object) -> bool:
        return isinstance(filename, str) and ("ipykernel_" in filename or filename.startswith("<ipython-input"))

    def get(self, filename: str, default: Any = None) -> Any:
        return "tu celda" if filename in self else default


def is_stub_function(function: Any) -> bool:
    """Whether a function's source is still a docstring and `...`; False when its source can't be had."""
    import inspect
    import textwrap

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False
    return bool(tree.body) and is_stub(tree.body[0])


def is_stub(statement: ast.stmt) -> bool:
    """Whether a definition's body is only a docstring and `...`."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    body = statement.body[1:] if ast.get_docstring(statement, clean=False) is not None else statement.body
    return bool(body) and all(
        isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and line.value.value is Ellipsis for line in body
    )


def without_magics(source: str) -> str:
    """Blank IPython magics and shell lines, keeping line numbers.

    A cell that opens with a magic of another language (`%%bash`, `%%html`) contributes nothing; one that only times or
    captures (`%%time`, `%%capture`) keeps its code. Sources that are plain Python are returned untouched.
    """
    first = source.lstrip("\n").partition("\n")[0]
    if first.startswith("%%"):
        keeps = re.match(r"%%(time|timeit|capture|prun)\b", first) is not None
        source = source.replace(first, "", 1) if keeps else ""
    try:
        ast.parse(source)
    except SyntaxError:
        pass
    else:
        return source
    return "\n".join(_without_magic(line) for line in source.split("\n"))


def _without_magic(line: str) -> str:
    stripped = line.lstrip()
    magic = re.match(r"%[A-Za-z]|!|\w+\s*=\s*[%!]", stripped) or re.match(r"\?{1,2}\w|[\w.]+\?{1,2}\s*$", stripped)
    return line[: len(line) - len(stripped)] + "pass" if magic else line


def _parse(source: str, label: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        line = (error.text or "").strip()
        raise SubmissionError(
            f"{label}, línea {error.lineno}: error de sintaxis ({error.msg}){f': `{line}`' if line else ''}"
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SubmissionError(f"{label}: no se puede leer como Python ({error})") from error


def _contributes(statement: ast.stmt) -> bool:
    definitions = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    if isinstance(statement, definitions):
        return True
    if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return all(isinstance(target, ast.Name) for target in targets) and _literal(statement.value)
    return False


def _literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _assigned(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _note_stub(statement: ast.stmt, stubs: set[str]) -> None:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        (stubs.add if is_stub(statement) else stubs.discard)(statement.name)


def _line_of(error: BaseException, filename: str) -> int | str:
    import traceback

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    return lines[-1] if lines and lines[-1] else "?"


def _missing_module(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f" (falta instalar `{error.name}`: `catedra env` dice cómo)"
    return ""
