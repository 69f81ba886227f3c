"""Answers that are the same program in other clothes: flagged for the teacher's eye, never judged.

A function is reduced to its tree without comments, docstrings, annotations and layout, its parameters and local variables renamed by order of
appearance. Two students whose functions reduce to one tree form a group. What is given by the class, the stub, and functions of fewer than
three statements say nothing and are left out; a group that equals the reference answer says so, since anyone may read it after an attempt.

Not covered: reordered statements, an expression written another way, code moved to a helper. Few right answers exist to a small exercise:
equal is no proof of anything.
"""

import ast
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catedra.authoring import HOMEWORK
from catedra.checking.contributions import is_stub
from catedra.checking.magics import without_magics
from catedra.checking.namespace import Cell

MIN_STATEMENTS = 3
MAX_SOURCE = 60_000
"""Characters of a cell that is compared: a tree takes a hundred times its source, and a parser is not a sandbox."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Named = _Function | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
_SAYS_NOTHING = {"annotation", "returns", "type_comment", "ctx", "decorator_list", "type_ignores", "simple", "kind"}


@dataclass(frozen=True)
class Group:
    """Students whose answer is the same.

    Attributes:
        place: "ejercicio 2" or "tarea".
        function: its name.
        students: at least two, sorted.
        equals_reference: whether it is the course's own answer too.
    """

    place: str
    function: str
    students: tuple[str, ...]
    equals_reference: bool


def similar_answers(answers: Mapping[str, Sequence[Cell]], solution: str) -> tuple[Group, ...]:
    """Return the groups of students with one answer.

    Args:
        answers: student → code cells.
        solution: text of the class's solution.py, which says what is asked for and what is given.
    """
    places, given, reference = _read_solution(solution)
    groups: dict[tuple[str, str], set[str]] = {}
    for student, cells in answers.items():
        for name, print_ in fingerprints(cells).items():
            if name in places and print_ not in given:
                groups.setdefault((name, print_), set()).add(student)
    order = list(places)
    return tuple(
        Group(places[name], name, tuple(sorted(students)), reference.get(name) == print_)
        for (name, print_), students in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), sorted(item[1])))
        if len(students) > 1
    )


def fingerprints(cells: Sequence[Cell]) -> dict[str, str]:
    """Return name → fingerprint of the functions at the top of the cells; the last definition of a name counts.

    A cell that can't be parsed, or is too long to be, is left out: whether it runs is the grader's business.
    """
    found: dict[str, str] = {}
    for cell in cells:
        for node in _parsed(cell.source):
            if isinstance(node, _Function):
                found.pop(node.name, None)
                if _statements(node) >= MIN_STATEMENTS and not is_stub(node) and (print_ := _fingerprint(node)):
                    found[node.name] = print_
    return found


def _parsed(source: str) -> list[ast.stmt]:
    if len(source) > MAX_SOURCE:
        return []
    try:
        return ast.parse(without_magics(source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _read_solution(solution: str) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """What is asked (name → place), the fingerprints of given code, and those of the reference answers by name."""
    places: dict[str, str] = {}
    given = set()
    reference = {}
    for node in ast.parse(solution).body:
        if not isinstance(node, _Function):
            continue
        marks = {_mark(item): item for item in node.decorator_list}
        if "given" in marks:
            given.add(_fingerprint(node))
        elif (mark := marks.get("exercise")) is not None and isinstance(mark, ast.Call):
            places[node.name] = f"ejercicio {ast.literal_eval(mark.args[0])}"
        elif HOMEWORK in marks:
            places[node.name] = "tarea"
        reference[node.name] = _fingerprint(node)
    return places, given, reference


def _mark(decorator: ast.expr) -> str:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return target.id if isinstance(target, ast.Name) else ""


def _statements(function: _Function) -> int:
    docstring = ast.get_docstring(function, clean=False) is not None
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1 - docstring


def _fingerprint(function: _Function) -> str:
    """Digest of a function's tree, blind to names of its own; empty where the tree can't be written: too deep, an endless integer."""
    try:
        dumped = _Reduced(function).text()
    except (RecursionError, ValueError):
        return ""
    return hashlib.sha256(dumped.encode("utf-8", "surrogatepass")).hexdigest()


class _Reduced:
    """Writes a function's tree with its own names replaced by numbers. The tree isn't changed."""

    def __init__(self, function: _Function) -> None:
        self._function = function
        self._numbers: dict[str, str] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
                self._number(node.id)
            elif isinstance(node, ast.arg):
                self._number(node.arg)
            elif isinstance(node, _Named) and node is not function and node.name:
                self._number(node.name)
        for node in ast.walk(function):  # a global is nobody's own
            if isinstance(node, ast.Global):
                for name in node.names:
                    self._numbers.pop(name, None)

    def _number(self, name: str) -> None:
        self._numbers.setdefault(name, f"${len(self._numbers)}")

    def text(self) -> str:
        function = self._function
        return self._write([function.args, *_without_docstring(function.body)])

    def _write(self, value: object) -> str:
        if isinstance(value, list):
            return "[" + ",".join(map(self._write, value)) + "]"
        if not isinstance(value, ast.AST):
            return repr(value)
        if isinstance(value, ast.AnnAssign) and value.value is not None:
            return self._write(ast.Assign([value.target], value.value))
        if isinstance(value, ast.Nonlocal):
            return f"Nonlocal({[self._numbers.get(name, name) for name in value.names]})"
        fields = []
        for name, item in ast.iter_fields(value):
            if name in _SAYS_NOTHING:
                continue
            if name == "body" and isinstance(value, _Function | ast.ClassDef):
                item = _without_docstring(value.body)
            own = name in {"id", "arg", "name"} and isinstance(item, str) and not isinstance(value, ast.keyword | ast.alias)
            fields.append(f"{name}={self._numbers.get(item, repr(item)) if own else self._write(item)}")
        return f"{type(value).__name__}({','.join(fields)})"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    said = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return body[1:] if said else body
