"""The reference answer that a student may see after trying."""

from catedra.authoring import HOMEWORK
from catedra.publishing.stubs import read_solution
from tests.publishing.rich import SOLUTION


def test_a_reference_brings_the_helpers_that_it_uses():
    reference = read_solution(SOLUTION, "solution.py").reference(1)
    assert reference.startswith("def _private(x: int) -> int:")
    assert "def _deeper(x): return x" in reference
    assert "@functools.cache\ndef plus_one(" in reference
    assert "@exercise" not in reference
    assert "# the way to do it" in reference


def test_no_reference_for_what_is_not_there():
    solution = read_solution(SOLUTION, "solution.py")
    assert solution.reference(8) == ""
    assert "def average" in solution.reference(HOMEWORK)


def test_bodies_are_withheld_without_docstring_and_comments():
    withheld = {item.name: item.tokens for item in read_solution(SOLUTION, "solution.py").withheld}
    assert withheld["plus_two"] == ("return", "x", "+", "2", "+", "0", "*", "SIZE")
    assert withheld["_deeper"] == ("return", "x")
    assert withheld["plus_one"][:4] == ("values", "=", "[", "double")
    assert "double" not in withheld
    assert "Box" not in withheld


def test_a_class_that_is_only_a_docstring_withholds_nothing():
    (item,) = read_solution('class Empty:\n    """Nada."""\n', "solution.py").withheld
    assert item.tokens == ()


def test_a_catedra_import_among_others_is_left_out():
    solution = read_solution(
        "import catedra, numpy\nimport catedra.course\nfrom . import x\nfrom os import path\n", "solution.py"
    )
    assert solution.imports == ("import numpy", "from os import path")
