"""Which statements of a submission count: its imports, functions, classes and literal assignments.

They are what can be executed without computing anything: no training, no download, no output. A guarded import
(`try: import x … except ImportError: …`) counts too, with whatever its blocks hold that counts. Arithmetic of numbers
(`28 * 28`) is as good as a literal, and a `lambda` that is given a name is a function.

Not covered: definitions under `if`, `for` or `with`: to know whether they happen, something would have to be run.
"""

import __future__

import ast
from collections.abc import Iterable

_Import = ast.Import | ast.ImportFrom
_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Scope = _Named | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod)
_LARGEST_POWER = 64


def contribution(statement: ast.stmt) -> ast.stmt | None:
    """Return what a statement contributes, or None.

    Assignments lose their annotation, which would be evaluated; of a `try`, only the parts that contribute are left.
    """
    if isinstance(statement, _Import | _Named):
        return statement
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return _assignment(statement)
    if isinstance(statement, ast.Try):
        return _guarded(statement)
    return None


def bound_names(statement: ast.stmt) -> frozenset[str]:
    """The names that a statement would define where it stands; not those inside its functions."""
    names: set[str] = set()
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        if isinstance(node, _Named):
            names.add(node.name)
        elif isinstance(node, _Import):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if not isinstance(node, _Scope):
            pending.extend(ast.iter_child_nodes(node))
    return frozenset(names)


def future_flags(statements: Iterable[ast.stmt]) -> int:
    """The compiler flags that `from __future__ import …` among these statements asks for."""
    flags = 0
    for statement in statements:
        if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
            for alias in statement.names:
                feature = getattr(__future__, alias.name, None)
                flags |= getattr(feature, "compiler_flag", 0)
    return flags


def is_stub(statement: ast.stmt) -> bool:
    """Whether a definition's body is only a docstring and `...`."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    body = statement.body[1:] if ast.get_docstring(statement, clean=False) is not None else statement.body
    return bool(body) and all(
        isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant) and line.value.value is Ellipsis for line in body
    )


def _assignment(statement: ast.Assign | ast.AnnAssign) -> ast.stmt | None:
    value = statement.value
    targets: list[ast.expr] = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    if value is None or not all(_is_target(target) for target in targets):
        return None
    try:
        counts = isinstance(value, ast.Lambda) or _is_literal(value)
    except RecursionError:
        return None
    return ast.copy_location(ast.Assign(targets, value), statement) if counts else None


def _is_target(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (isinstance(node, ast.Tuple | ast.List) and all(_is_target(item) for item in node.elts))


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(_is_literal(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_literal(key) for key in node.keys) and all(_is_literal(value) for value in node.values)
    if isinstance(node, ast.Call):  # set() has no literal of its own, and the others are written so too
        empty = not node.args and not node.keywords
        return empty and isinstance(node.func, ast.Name) and node.func.id in {"set", "dict", "list", "tuple"}
    return _is_number(node)


def _is_number(node: ast.expr) -> bool:
    """Arithmetic of numbers that takes no time: no growing texts, no huge powers."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | complex) and not isinstance(node.value, bool)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub | ast.UAdd) and _is_number(node.operand)
    if not isinstance(node, ast.BinOp) or not _is_number(node.left):
        return False
    if isinstance(node.op, ast.Pow):
        power = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        small = isinstance(power, ast.Constant) and isinstance(power.value, int | float) and abs(power.value) <= _LARGEST_POWER
        return small and _is_number(power) and isinstance(node.left, ast.Constant)
    return isinstance(node.op, _ARITHMETIC) and _is_number(node.right)


def _guarded(statement: ast.Try) -> ast.stmt | None:
    body = _contributions(statement.body)
    if not body:
        return None
    handlers = [_handler(handler) for handler in statement.handlers]
    final = _contributions(statement.finalbody) or ([] if handlers else [ast.Pass()])
    kept = ast.Try(body, handlers, _contributions(statement.orelse), final)
    return ast.fix_missing_locations(ast.copy_location(kept, statement))


def _handler(handler: ast.ExceptHandler) -> ast.ExceptHandler:
    body = _contributions(handler.body, raises=True) or [ast.Pass()]
    return ast.copy_location(ast.ExceptHandler(handler.type, handler.name, body), handler)


def _contributions(statements: Iterable[ast.stmt], raises: bool = False) -> list[ast.stmt]:
    """The parts of a block that count; `raises` keeps the `raise` of a handler, which says what is missing."""
    return [
        part
        for statement in statements
        if (part := statement if raises and isinstance(statement, ast.Raise) else contribution(statement)) is not None
    ]
