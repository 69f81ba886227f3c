"""docs/contract.md is written in code: every block compiles, every `checks.py` runs through the real decorators and says what the text says.

A block's first line names it (`# checks.py · 104`). Modules that come with the grader are built from the document's own Protocols, so
that the text is exact before the code exists; what a check asks of an answer is bound to the signatures above it.
"""

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catedra.checking import Check, Claim, Criterion, Evidence, Measurement, declare

DOCUMENT = Path(__file__).parents[2] / "docs" / "contract.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
CLASSES = ("104", "121", "125", "131", "151", "152", "164", "168", "170")
CAPABILITIES = "catedra.checking.capabilities"
DECORATORS = ("check", "criterion", "measurement", "claim")


def _blocks() -> dict[str, str]:
    """The fenced Python blocks by name, padded so that a line number is the document's."""
    found: dict[str, str] = {}
    for fence in re.finditer(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL):
        name = fence[1].partition("\n")[0].removeprefix("# ").partition(":")[0]
        assert name not in found, f"two blocks are called {name}"
        found[name] = "\n" * TEXT[: fence.start(1)].count("\n") + fence[1]
    return found


BLOCKS = _blocks()


def _run(name: str, values: dict[str, Any] | None = None) -> types.ModuleType:
    module = types.ModuleType(re.sub(r"\W+", "_", name))
    module.__dict__.update(values or {})
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(BLOCKS[name], str(DOCUMENT), "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module


def _table() -> dict[str, str]:
    """The rows of the table of capabilities: name → state."""
    section = TEXT.partition("## Capabilities")[2].partition("### As Protocols")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[-1] for row in rows}


TABLE = _table()


@pytest.fixture(scope="module")
def capabilities() -> Iterator[types.ModuleType]:
    """The Protocols: the real module once it exists, the document's until then."""
    if importlib.util.find_spec(CAPABILITIES) is not None:
        yield importlib.import_module(CAPABILITIES)
        return
    module = sys.modules[CAPABILITIES] = _run("capabilities.py")
    yield module
    del sys.modules[CAPABILITIES]


def _measurements(tree: ast.Module) -> set[str]:
    return {f.name for f in _declared(tree, "measurement")}


def _declared(tree: ast.Module, *decorators: str) -> list[ast.FunctionDef]:
    """The functions under one of those decorators."""
    return [
        statement
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef)
        for mark in statement.decorator_list
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id in decorators
    ]


def _parameters(function: ast.FunctionDef) -> list[str]:
    return [argument.arg for argument in function.args.args]


def _declarations(number: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Run a class's `checks.py` through the decorators; those that exist today also vet the names, where they can."""
    today = declare._needs
    grader = {name for name in TABLE if name not in declare.NEEDS} | _measurements(ast.parse(BLOCKS[f"checks.py · {number}"]))

    def needs(function: Any, allowed: tuple[str, ...] = declare.NEEDS) -> tuple[str, ...]:
        names = tuple(inspect.signature(function).parameters)
        return names if grader & {*names} else today(function, allowed)

    monkeypatch.setattr(declare, "_needs", needs)
    module = _run(f"checks.py · {number}")
    return [value for value in vars(module).values() if isinstance(value, Check | Criterion | Measurement | Claim)]


def test_every_block_has_a_name_and_compiles() -> None:
    expected = {f"{kind} · {number}" for kind in ("solution.py", "checks.py") for number in CLASSES}
    assert expected <= BLOCKS.keys()
    assert BLOCKS.keys() - expected == {"capabilities.py", "prelude of solution.py", "trusted.py · 151", "bench"}
    for name, source in BLOCKS.items():
        compile(source, name, "exec")


def test_what_exists_now_is_what_the_decorators_know() -> None:
    assert {name for name, state in TABLE.items() if state.startswith("now")} == set(declare.NEEDS)
    assert {state for name, state in TABLE.items() if name not in declare.NEEDS} == {"grader"}


@pytest.mark.parametrize("number", CLASSES)
def test_parameters_are_documented(number: str) -> None:
    tree = ast.parse(BLOCKS[f"checks.py · {number}"])
    measured = _measurements(tree)
    assert not measured & TABLE.keys(), "a measurement bears the name of a capability"
    for function in _declared(tree, "check", "measurement"):
        assert _parameters(function)[0] == "answer"
        assert set(_parameters(function)) <= TABLE.keys(), f"{number}: {function.name}"
    for function in _declared(tree, "check"):
        assert not {"data", "scale", "seed"} & {*_parameters(function)}, f"{number}: {function.name} is a check"
    for function in _declared(tree, "criterion"):
        assert _parameters(function)[0] == "answer" or set(_parameters(function)) <= measured, f"{number}: {function.name}"


def test_every_row_is_used() -> None:
    trees = [ast.parse(BLOCKS[f"checks.py · {number}"]) for number in CLASSES]
    used = {name for tree in trees for function in _declared(tree, *DECORATORS) for name in _parameters(function)}
    assert TABLE.keys() <= used


@pytest.mark.parametrize("number", CLASSES)
@pytest.mark.usefixtures("capabilities")
def test_a_class_is_whole(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = _declarations(number, monkeypatch)
    checks = [item for item in declared if isinstance(item, Check)]
    assert [item.exercise for item in checks] == [1, 2, 3, 4, 5]
    assert all(item.section and len(set(item.hints)) == 3 for item in checks)
    criteria = [item for item in declared if isinstance(item, Criterion)]
    assert any(item.threshold for item in criteria)
    assert all(item.hint for item in criteria if item.threshold)
    assert all(item.evidence in Evidence for item in criteria)
    assert any(isinstance(item, Measurement) for item in declared)
    assert any(isinstance(item, Claim) for item in declared)


@pytest.mark.parametrize("number", CLASSES)
def test_claims_and_criteria_ask_for_keys_that_are_measured(number: str) -> None:
    """Keys of a dict display or written one by one; those built from text (`f"lines_{version}"`) are left out."""
    tree = ast.parse(BLOCKS[f"checks.py · {number}"])
    keys: dict[str, set[str] | None] = {}
    for function in _declared(tree, "measurement"):
        returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
        known = [value for value in returned if isinstance(value, ast.Dict)]
        names = {ast.unparse(key).strip("'") for value in known for key in value.keys if key is not None}
        keys[function.name] = names if known and all("(" not in name for name in names) else None
    for function in _declared(tree, "claim"):
        asked = [n.value for n in ast.walk(function) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        for run, _, key in (text.partition(".") for text in asked if re.fullmatch(r"\w+\.\w+", text)):
            assert run in keys, f"{number}: {function.name} asks for {run}.{key}"
            measured = keys[run]
            assert measured is None or key in measured, f"{number}: {function.name} asks for {run}.{key}"
    for function in _declared(tree, "criterion"):
        for node in ast.walk(function):
            if not (
                isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant)
            ):
                continue
            names_known = keys.get(node.value.id)
            assert names_known is None or node.slice.value in names_known, f"{number}: {function.name}, {ast.unparse(node)}"


@pytest.mark.parametrize("number", CLASSES)
def test_calls_fit_the_signatures(number: str, capabilities: types.ModuleType) -> None:
    """What a check calls exists above it, and takes those arguments: functions of the answer, of `trusted.py`, readers, capabilities."""
    solution = _solution(number)
    trusted = vars(_run(f"trusted.py · {number}")) if f"trusted.py · {number}" in BLOCKS else {}
    tree = ast.parse(BLOCKS[f"checks.py · {number}"])
    bound = 0
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]:
        sides = _sides(function, capabilities, solution, trusted)
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            target = call.func
            if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id in sides):
                continue
            side = sides[target.value.id]
            where = f"{number}, line {call.lineno}: {ast.unparse(call)[:80]}"
            assert target.attr in side, f"{where}: nobody has {target.attr}"
            if any(isinstance(argument, ast.Starred) for argument in call.args):
                continue
            named = {keyword.arg: None for keyword in call.keywords if keyword.arg}
            try:
                inspect.signature(side[target.attr]).bind(*[None] * len(call.args), **named)
            except TypeError as error:
                pytest.fail(f"{where}: {error}")
            bound += 1
    assert bound >= 5


def _solution(number: str) -> dict[str, Any]:
    prelude = vars(_run("prelude of solution.py"))
    return vars(_run(f"solution.py · {number}", {key: value for key, value in prelude.items() if not key.startswith("__")}))


def _sides(
    tree: ast.AST, capabilities: types.ModuleType, solution: dict[str, Any], trusted: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Names that a function talks to, and what each can be asked: parameters by name, variables by how they were made."""
    protocols = {name: _methods(getattr(capabilities, name.capitalize())) for name, state in TABLE.items() if state == "grader"}
    readers = {name: method for kind in capabilities.READERS.values() for name, method in _methods(kind).items()}
    sides: dict[str, dict[str, Any]] = {"answer": solution, **protocols, "reader": readers}  # a helper's parameter: any reader
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=True)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        for name, made in pairs:
            if not (isinstance(name, ast.Name) and isinstance(made, ast.Call)):
                continue
            match ast.unparse(made.func):
                case "workers.fresh":
                    sides[name.id] = solution
                case "workers.trusted":
                    sides[name.id] = trusted
                case "files.reader" | "server.client":
                    kinds = {**capabilities.READERS, **capabilities.CLIENTS}
                    sides[name.id] = _methods(kinds[ast.literal_eval(made.args[0])])
                case "services.llm" | "services.vertex":
                    sides[name.id] = _methods(capabilities.Service)
    return sides


def _methods(protocol: type) -> dict[str, Any]:
    """A Protocol's functions as whoever holds one calls them, without `self`."""
    found = {}
    for name, value in vars(protocol).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            signature = inspect.signature(value)
            stub = types.FunctionType(value.__code__, value.__globals__, name)
            stub.__signature__ = signature.replace(parameters=list(signature.parameters.values())[1:])  # type: ignore[attr-defined]
            found[name] = stub
    return found


@pytest.mark.parametrize("number", CLASSES)
def test_every_function_asked_of_a_student_is_explained_and_used(number: str) -> None:
    tree = ast.parse(BLOCKS[f"solution.py · {number}"])
    checks = BLOCKS[f"checks.py · {number}"]
    marked = set()
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef)]:
        marks = {ast.unparse(mark) for mark in function.decorator_list}
        marked |= marks
        assert marks, f"{number}: {function.name} has no mark"
        assert ast.get_docstring(function), f"{number}: {function.name} has no docstring"
        if marks != {"given"}:
            assert re.search(rf"\.{function.name}\b", checks), f"{number}: nothing asks for {function.name}"
    assert marked >= {"exercise(1)", "exercise(5)", "homework"}


def test_the_script_of_the_measured_table_runs() -> None:
    """In a process of its own: it forks, and this one may hold a framework's threads."""
    script = BLOCKS["bench"] + "\nseconds, cpu, size = round_trips(200)\nprint(len(seconds), cpu > 0, size)\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["200", "True", "86"]
