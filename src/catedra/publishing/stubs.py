"""Reads solution.py as text and says what of it a student's notebook gets.

Public functions marked `@exercise(n)` or `@homework` become stubs: signature, docstring and `...`. `@given` code is copied whole.
Imports (but catedra's), public literal constants and type aliases are copied. The rest is withheld. Definitions keep the author's
comments and layout: their text is cut, never rewritten.

What is copied must be able to run: a name of solution.py that it uses and the notebook doesn't get is an error, here and not in
the student's kernel.
"""

import ast
import io
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from catedra.authoring import HOMEWORK, Place
from catedra.course import ClassError

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
_MARKS = {"exercise", "homework", "given"}
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


@dataclass(frozen=True)
class Piece:
    """A marked definition of solution.py.

    Attributes:
        name: of the function or class.
        given: whether it is copied whole.
        text: what the notebook shows.
        source: the whole of it, without marks.
    """

    name: str
    given: bool
    text: str
    source: str


@dataclass(frozen=True)
class Withheld:
    """A body that no cell may show.

    Attributes:
        name: of the function or class.
        line: of its definition in solution.py.
        tokens: Python's, without docstring, comments and layout.
    """

    name: str
    line: int
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class SolutionParts:
    """What solution.py gives and what it withholds.

    Attributes:
        future: `from __future__` imports, which must open a cell.
        imports: the other imports, without catedra's.
        setup: constants, aliases and given code without a place, in order.
        pieces: exercise number or HOMEWORK → its definitions, in order.
        withheld: bodies that may not be shown.
        helpers: withheld definitions without a place by name, without marks, for whoever shows a reference answer.
    """

    future: tuple[str, ...]
    imports: tuple[str, ...]
    setup: tuple[str, ...]
    pieces: Mapping[Place, tuple[Piece, ...]]
    withheld: tuple[Withheld, ...]
    helpers: Mapping[str, str]

    def reference(self, place: Place) -> str:
        """The whole answer to an exercise or the homework, after the private helpers that it uses."""
        sources = [piece.source for piece in self.pieces.get(place, ())]
        wanted: list[str] = []
        pending = list(sources)
        while pending:
            for name in sorted(_loaded(ast.parse(pending.pop())) & self.helpers.keys() - set(wanted)):
                wanted.append(name)
                pending.append(self.helpers[name])
        helpers = [source for name, source in self.helpers.items() if name in wanted]
        return "\n\n\n".join([*helpers, *sources])


def read_solution(source: str, name: str) -> SolutionParts:
    """Divide solution.py.

    Args:
        source: its text.
        name: of the file, for messages.

    Raises:
        ClassError: it isn't Python, a stub has no docstring, marks contradict each other, or copied code uses what isn't copied.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ClassError(f"{name}:{error.lineno}: not Python: {error.msg}") from error
    return _Reader(source, tree, name).parts()


class _Reader:
    def __init__(self, source: str, tree: ast.Module, name: str) -> None:
        self._lines = source.splitlines()
        self._tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in _LAYOUT]
        self._tree = tree
        self._name = name
        self._future: list[str] = []
        self._imports: list[str] = []
        self._setup: list[str] = []
        self._pieces: dict[Place, list[Piece]] = {}
        self._withheld: list[Withheld] = []
        self._helpers: dict[str, str] = {}
        self._copied: list[tuple[ast.AST, int]] = []  # what runs in the notebook, with its line
        self._available: set[str] = set()

    def parts(self) -> SolutionParts:
        for statement in self._tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._import(statement)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self._define(statement)
            elif _is_constant(statement):
                self._copy(statement)
        self._refuse_missing_names()
        pieces = {place: tuple(found) for place, found in self._pieces.items()}
        return SolutionParts(
            tuple(self._future), tuple(self._imports), tuple(self._setup), pieces, tuple(self._withheld), self._helpers
        )

    def _import(self, statement: ast.Import | ast.ImportFrom) -> None:
        if isinstance(statement, ast.ImportFrom):
            if statement.level or (statement.module or "").split(".")[0] == "catedra":
                return
            into = self._future if statement.module == "__future__" else self._imports
        else:
            statement.names = [alias for alias in statement.names if alias.name.split(".")[0] != "catedra"]
            if not statement.names:
                return
            into = self._imports
        into.append(ast.unparse(statement))
        self._available.update((alias.asname or alias.name).split(".")[0] for alias in statement.names)

    def _copy(self, statement: ast.stmt) -> None:
        self._setup.append(self._text(statement.lineno, statement, comment=True))
        self._copied.append((statement, statement.lineno))
        self._available |= _bound(statement)

    def _define(self, node: Definition) -> None:
        place, given = self._marks(node)
        whole = self._text(_first_line(node), node, comment=True)
        if given:
            piece = Piece(node.name, True, whole, whole)
            self._copied.append((node, node.lineno))
            self._available.add(node.name)
            if place is None:
                self._setup.append(whole)
                return
        else:
            self._withheld.append(Withheld(node.name, node.lineno, self._body(node)))
            if place is None:
                self._helpers[node.name] = whole
                return
            if isinstance(node, ast.ClassDef):
                self._fail(node, f"the class `{node.name}` can't be a stub: ask for functions, or mark it @given too")
            piece = Piece(node.name, False, self._stub(node), whole)
            self._copied.extend((part, node.lineno) for part in _signature(node))
            self._available.add(node.name)
        self._pieces.setdefault(place, []).append(piece)

    def _marks(self, node: Definition) -> tuple[Place | None, bool]:
        place: Place | None = None
        given = False
        for decorator in node.decorator_list:
            mark = _mark(decorator)
            if mark == "given":
                given = True
            elif mark is not None:
                if place is not None:
                    self._fail(node, f"`{node.name}` has two places: keep one of @exercise and @homework")
                place = HOMEWORK if mark == "homework" else self._number(decorator)
        return place, given

    def _number(self, decorator: ast.expr) -> int:
        if isinstance(decorator, ast.Call) and len(decorator.args) == 1:
            argument = decorator.args[0]
            if isinstance(argument, ast.Constant) and type(argument.value) is int:
                return argument.value
        found = ast.unparse(decorator)
        raise ClassError(f"{self._name}:{decorator.lineno}: expected @exercise(n) with a number, found `{found}`")

    def _stub(self, node: Function) -> str:
        docstring = node.body[0]
        if ast.get_docstring(node, clean=False) is None or docstring.lineno == node.lineno:
            self._fail(node, f"`{node.name}` has no docstring below its signature: the student's notebook shows it")
        return f"{self._text(node.lineno, docstring)}\n{' ' * docstring.col_offset}..."

    def _body(self, node: Definition) -> tuple[str, ...]:
        body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
        if not body:
            return ()
        start = (body[0].lineno, self._column(body[0].lineno, body[0].col_offset))
        end = (body[-1].end_lineno or 0, self._column(body[-1].end_lineno or 0, body[-1].end_col_offset or 0))
        return tuple(token.string for token in self._tokens if start <= token.start and token.end <= end)

    def _column(self, line: int, offset: int) -> int:
        return len(self._lines[line - 1].encode()[:offset].decode())  # ast counts bytes, tokenize characters

    def _text(self, first_line: int, last: ast.stmt, *, comment: bool = False) -> str:
        """The lines from `first_line` to the end of `last`, with the comment beside it if asked for."""
        lines = self._lines[first_line - 1 : last.end_lineno]
        end = self._column(last.end_lineno or 0, last.end_col_offset or 0)
        if not (comment and lines[-1][end:].lstrip().startswith("#")):
            lines[-1] = lines[-1][:end]
        return "\n".join(lines)

    def _refuse_missing_names(self) -> None:
        defined = {name for statement in self._tree.body for name in _bound(statement)}
        for node, line in self._copied:
            missing = sorted((_loaded(node) & defined) - self._available)
            if missing:
                raise ClassError(
                    f"{self._name}:{line}: the notebook gets code that uses `{missing[0]}`, and doesn't get `{missing[0]}`: "
                    "mark it @given, make it public, or do without it"
                )

    def _fail(self, node: Definition, message: str) -> NoReturn:
        raise ClassError(f"{self._name}:{node.lineno}: {message}")


def _mark(decorator: ast.expr) -> str | None:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
    return name if name in _MARKS else None


def _first_line(node: Definition) -> int:
    """The line where the definition starts once its marks are gone; marks stand above other decorators."""
    kept = [decorator.lineno for decorator in node.decorator_list if _mark(decorator) is None]
    return min([*kept, node.lineno])


def _signature(node: Function) -> Iterator[ast.AST]:
    yield node.args
    if node.returns is not None:
        yield node.returns


def _is_constant(statement: ast.stmt) -> bool:
    """A public name bound to something computed without a call: a literal, arithmetic of literals, a type alias."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return False
    if not all(isinstance(target, ast.Name) and not target.id.startswith("_") for target in targets):
        return False
    computed = ast.Call | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp | ast.Await | ast.NamedExpr
    return statement.value is not None and not any(isinstance(node, computed) for node in ast.walk(statement.value))


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    imported = [node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(alias.asname or alias.name).split(".")[0] for node in imported for alias in node.names} | {
        node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def _loaded(node: ast.AST) -> set[str]:
    """Names that code reads and doesn't bind itself; its marks don't count."""
    marks = {
        id(name)
        for child in ast.walk(node)
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for decorator in child.decorator_list
        if _mark(decorator) is not None
        for name in ast.walk(decorator)
    }
    names = [child for child in ast.walk(node) if isinstance(child, ast.Name) and id(child) not in marks]
    arguments = {child.arg for child in ast.walk(node) if isinstance(child, ast.arg)}
    stored = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    return {name.id for name in names if isinstance(name.ctx, ast.Load)} - stored - arguments
