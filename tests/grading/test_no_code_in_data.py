"""Nothing between a submission and a verdict is read by something that can execute it."""

import ast
from pathlib import Path

import pytest

import catedra

FORBIDDEN = {"pickle", "_pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle", "multiprocessing"}
PACKAGES = ("sandbox", "grading", "checking", "store")
MODULES = sorted(path for package in PACKAGES for path in (Path(catedra.__file__).parent / package).rglob("*.py"))


def imported(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", False) is not False:
            names.add("pickle")
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_module_can_unpickle(path):
    assert imported(path.read_text(encoding="utf-8")).isdisjoint(FORBIDDEN)


def test_the_test_sees_them():
    assert imported("import numpy as np\nfrom pickle import loads") & FORBIDDEN
    assert imported("np.load(file, allow_pickle=True)") & FORBIDDEN
    assert not imported("np.load(file, allow_pickle=False)") & FORBIDDEN
