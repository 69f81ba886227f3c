"""A submission as a namespace: which functions a notebook, a script or a live session offers.

A notebook contributes its imports, functions, classes and literal assignments, in cell order, never its training cells
or magics; a script likewise (which statements those are: `catedra.checking.contributions`). *Not attempted* is read
from the source: a function whose body is still the stub `...`.

Not covered: running it safely. Loading executes the student's imports and definitions; where that is someone else's code,
it happens inside the sandbox.
"""

import ast
import itertools
import json
import linecache
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catedra.checking.contributions import bound_names, contribution, future_flags, is_stub
from catedra.checking.magics import without_magics
from catedra.errors import CatedraError

if TYPE_CHECKING:  # importing it costs as much as this whole module
    from pathlib import Path

__all__ = [
    "Block", "Cell", "Namespace", "Outline", "Place", "SubmissionError", "error_text", "is_stub", "is_stub_function", "live_namespace",
    "load_namespace", "notebook_cells", "outline", "read_cells", "without_magics",
]  # fmt: skip

MAX_FILE_BYTES = 100 * 2**20
"""A notebook with its pictures weighs a few megabytes; one of a hundred is a mistake or an attack."""

MAX_TEXT = 600
"""Characters of an exception's text that reach a message."""

_module_numbers = itertools.count(1)


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
        if name in self.skipped:
            return (
                f"`{name}` se crea en {self.skipped[name]} con código que no se ejecuta al corregir: "
                "definila con `def`, fuera de todo bloque"
            )
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


def read_cells(path: "Path") -> list[Cell]:
    """Return the code cells of a notebook (`.ipynb`) or the one of a script (`.py`).

    Raises:
        SubmissionError: the file is missing, is neither, or isn't valid.
    """
    if not path.is_file():
        raise SubmissionError(f"no existe el archivo {path}: revisá el nombre y la carpeta")
    if path.suffix.lower() not in {".ipynb", ".py"}:
        raise SubmissionError(f"se esperaba un cuaderno (.ipynb) o un script (.py) y llegó {path.name}")
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise SubmissionError(f"{path.name} pesa {size / 2**20:.0f} MB: borrá las salidas de sus celdas y guardalo de nuevo")
        text = path.read_text(encoding="utf-8-sig")  # some editors of Windows write a mark first
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path.name} no es texto UTF-8 (byte {error.start}): guardalo de nuevo") from error
    except OSError as error:
        raise SubmissionError(f"no se puede leer {path.name} ({error.strerror}): revisá sus permisos") from error
    if path.suffix.lower() == ".py":
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


@dataclass(frozen=True)
class Block:
    """What a cell contributes.

    Attributes:
        cell: where it stands.
        kept: its imports, functions, classes and literal assignments.
        source: the cell without magics.
    """

    cell: Cell
    kept: tuple[ast.stmt, ...] = field(repr=False)
    source: str = field(repr=False)


@dataclass(frozen=True)
class Outline:
    """A submission read, not run.

    Attributes:
        blocks: what each cell contributes, in order.
        defined: the names that they define.
        stubs: functions whose body is still `...`.
        skipped: names that only code that doesn't run would define → the cell's label.
    """

    blocks: tuple[Block, ...]
    defined: frozenset[str]
    stubs: frozenset[str]
    skipped: Mapping[str, str]

    def as_namespace(self, described_as: str) -> Namespace:
        """A namespace that can say what is absent and why, and has no functions to call."""
        return Namespace(dict.fromkeys(self.defined, _unread), self.stubs, self.skipped, described_as=described_as)


def _unread() -> None:
    raise AssertionError("a name of an outline stands for what the worker has")


def outline(cells: Iterable[Cell]) -> Outline:
    """Read the imports, definitions and literal assignments of `cells`, in order, without executing anything.

    Raises:
        SubmissionError: a syntax error, with cell and line.
    """
    blocks = []
    defined: set[str] = set()
    stubs: set[str] = set()
    skipped: dict[str, str] = {}
    for cell in cells:
        source = without_magics(cell.source)
        kept: list[ast.stmt] = []
        for statement in _parse(source, cell.label).body:
            part = contribution(statement)
            names = bound_names(part) if part is not None else frozenset[str]()
            skipped.update((name, cell.label) for name in bound_names(statement) - names)
            if part is not None:
                kept.append(part)
                defined |= names
                stubs -= names
                if is_stub(part):
                    stubs |= names
        blocks.append(Block(cell, tuple(kept), source))
    only_skipped = {name: label for name, label in skipped.items() if name not in defined}
    return Outline(tuple(blocks), frozenset(defined), frozenset(stubs), only_skipped)


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
    read = outline(cells)
    # A module of its own, and registered: dataclasses with annotations in quotes, `typing.get_type_hints` and
    # pickle look a class's module up in `sys.modules`.
    module = types.ModuleType(f"entrega_{next(_module_numbers)}")
    sys.modules[module.__name__] = module
    labels: dict[str, str] = {}
    namespace = Namespace(module.__dict__, read.stubs, read.skipped, labels, described_as)
    flags = 0
    for block in read.blocks:
        label = block.cell.label
        filename = f"<{module.__name__} {label}>"  # inspect and linecache want the angle brackets
        labels[filename] = label
        linecache.cache[filename] = (len(block.source), None, block.source.splitlines(keepends=True), filename)
        flags |= future_flags(block.kept)  # as in a kernel, `from __future__` holds for the cells after it
        try:
            code = compile(ast.Module(list(block.kept), type_ignores=[]), filename, "exec", flags=flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise _unreadable(error, label) from error
        try:
            exec(code, namespace.values)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # an exit() while importing must not end the judge
            raise _failed(error, block.cell, filename, namespace) from error
    # A star import may have brought what no cell names.
    namespace.skipped = {name: label for name, label in read.skipped.items() if name not in namespace.values}
    return namespace


def live_namespace(values: dict[str, Any], described_as: str = "este cuaderno") -> Namespace:
    """The namespace of a running session; stubs are recognised by the source of each function."""
    labels = _SessionLabels()
    return Namespace(values, described_as=described_as, labels=labels, stub_test=is_stub_function)


class _SessionLabels(dict[str, str]):
    """In a kernel, code objects of cells are named after temporary files of ipykernel or `<ipython-input-…>`."""

    def __contains__(self, filename: object) -> bool:
        return isinstance(filename, str) and re.search(r"ipykernel_\d+[/\\]|^<ipython-input", filename) is not None

    def get(self, filename: str, default: Any = None) -> Any:
        return "tu celda" if filename in self else default


def is_stub_function(function: Any) -> bool:
    """Whether a function's source is still a docstring and `...`; False when its source can't be had."""
    import inspect
    import textwrap

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except Exception:  # no source, or one that inspect can't cut out: it is not the stub that we wrote
        return False
    return bool(tree.body) and is_stub(tree.body[0])


def _parse(source: str, label: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _unreadable(error, label) from error


def _unreadable(error: Exception, label: str) -> SubmissionError:
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        shown = f": `{line}`" if line else ""
        where = f"{label}, línea {error.lineno}" if error.lineno else label
        return SubmissionError(f"{where}: error de sintaxis ({error.msg}){shown}")
    return SubmissionError(f"{label}: no se puede leer como Python ({error})")


def _failed(error: BaseException, cell: Cell, filename: str, namespace: Namespace) -> SubmissionError:
    """Say where a cell's imports or definitions failed, and why if it is a name that isn't computed here."""
    import traceback

    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == filename]
    line = lines[-1] if lines and lines[-1] else "?"
    hint = ""
    if isinstance(error, ModuleNotFoundError):
        hint = f" (falta instalar `{error.name}`: `catedra env` dice cómo)"
    elif isinstance(error, NameError) and error.name and (why := namespace.why_undefined(error.name)):
        hint = f". {why}"
    return SubmissionError(
        f"{namespace.described_as}, {cell.label}, línea {line}: {type(error).__name__}: {error_text(error)}{hint}"
    )


def error_text(error: BaseException) -> str:
    """The text of an exception, cut where it is endless; empty if the student's own exception fails to say it."""
    try:
        text = str(error).strip()
    except Exception:
        return ""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
