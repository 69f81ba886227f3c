"""Equal programs are flagged whatever they wear; given code, stubs and short functions are not."""

import time

import pytest

from catedra.checking.namespace import Cell
from catedra.grading.similar import MAX_SOURCE, fingerprints, similar_answers

SOLUTION = '''
from catedra.authoring import exercise, given, homework

@given
def helper(x):
    y = x + 1
    z = y * 2
    return z

@exercise(1)
def mean(values):
    """La media."""
    total = 0
    for value in values:
        total += value
    return total / len(values)

@homework
def train(data, seed):
    w = seed
    for x in data:
        w = w + x
    return w
'''
BASE = "def mean(values):\n    s = 0\n    n = 0\n    for v in values:\n        s = s + v\n        n += 1\n    return s / n\n"


def same(one: str, other: str, name: str = "mean") -> bool:
    return fingerprints([Cell("a", one)])[name] == fingerprints([Cell("b", other)])[name]


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("s", "suma_de_todo").replace("value_de_todo", "value"),
        "def mean(xs: list) -> float:\n    '''Otra.'''\n    acc = 0  # acumula\n\n    k: int = 0\n    for item in xs:\n        acc = (acc + item)\n        k += 1\n    return acc/k",
        "x = 3\n%matplotlib inline\n@jit\n" + BASE.replace("values", "q"),
    ],
)  # fmt: skip
def test_the_same_program_in_other_clothes_is_the_same(other: str) -> None:
    assert same(BASE, other)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("s = s + v", "s = s - v"),
        ("n = 0", "n = 1"),
        ("s / n", "n / s"),
        ("n += 1", "n += 1.0"),
        ("in values", "in sorted(values)"),
        ("return s / n", "return np.mean(s)"),
    ],
)
def test_another_program_is_another(old: str, new: str) -> None:
    assert not same(BASE, BASE.replace(old, new))


def test_names_that_are_swapped_are_told_apart_and_globals_keep_theirs() -> None:
    one = "def f(a, b):\n    c = a\n    d = b\n    return c - d"
    assert same(one, "def f(x, y):\n    p = x\n    q = y\n    return p - q", "f")
    assert not same(one, "def f(x, y):\n    p = x\n    q = y\n    return q - p", "f")
    assert not same(
        "def f(a):\n    b = np.sum(a)\n    c = b\n    return c", "def f(a):\n    b = jnp.sum(a)\n    c = b\n    return c", "f"
    )
    written = "def f(a):\n    global seen\n    b = a\n    seen = b\n    return b"
    assert not same(written, written.replace("seen = b", "other = b").replace("global seen", "global other"), "f")
    assert not same(
        "def f(a):\n    global q\n    q = a\n    x = q\n    return x",
        "def f(a):\n    global q\n    x = a\n    q = x\n    return q",
        "f",
    )
    nested = "def f(a):\n    k = 0\n    def g(x):\n        nonlocal k\n        k = k + x\n    g(a)\n    return k"
    assert same(nested, nested.replace("k", "cuenta").replace("g(", "paso("), "f")


def test_groups_by_exercise_without_given_short_or_stub_functions() -> None:
    renamed = BASE.replace("s", "t").replace("valuet", "values")
    helper = "def helper(a):\n    b = a + 1\n    c = b * 2\n    return c\n"
    short = "def train(data, seed):\n    return sum(data, seed)\n"
    copied = "def train(d, s):\n    peso = s\n    for e in d:\n        peso = peso + e\n    return peso\n"
    answers = {
        "ana": [Cell("1", BASE), Cell("2", helper)], "beto": [Cell("1", renamed + helper)], "carla": [Cell("1", BASE.replace("0", "1"))],
        "dani": [Cell("1", "def mean(values):\n    ...\n"), Cell("2", copied)], "eva": [Cell("1", "def mean(values):\n    ...\n" + copied)],
        "fede": [Cell("1", short)], "gabi": [Cell("1", short)],
    }  # fmt: skip
    groups = similar_answers(answers, SOLUTION)
    assert [(group.place, group.function, group.students, group.equals_reference) for group in groups] == [
        ("ejercicio 1", "mean", ("ana", "beto"), False), ("tarea", "train", ("dani", "eva"), True),
    ]  # fmt: skip


def test_a_function_equal_to_what_is_given_under_the_name_that_is_asked_is_left_out() -> None:
    given = "def mean(x):\n    y = x + 1\n    z = y * 2\n    return z\n"
    assert similar_answers({"ana": [Cell("1", given)], "beto": [Cell("1", given)]}, SOLUTION) == ()


def test_the_last_definition_counts() -> None:
    stub = "def mean(values):\n    ...\n"
    assert "mean" not in fingerprints([Cell("1", BASE), Cell("2", stub)])
    assert "mean" in fingerprints([Cell("1", stub), Cell("2", BASE)])


@pytest.mark.parametrize(
    "source",
    [
        "def f(", "\0", "def mean(v):\n a=1\n b=2\n return " + "-" * 20_000 + "1", "def mean(v):\n a=1\n b=2\n return v" + ".x" * 20_000,
        "def mean(v):\n a=1\n b=2\n return " + "(" * 20_000, "def mean(v):\n a=1\n b=2\n return 0x" + "f" * 20_000, "def mean(v):\n a=1\n b=2\n return v" + "[0]" * 500,
        BASE + "#" * MAX_SOURCE, "x = '\ud800'", "def mean(v):\n a=1\n b='\ud800'\n return v",
    ],
    ids=range(10),
)  # fmt: skip
def test_hostile_code_ends_nothing(source: str) -> None:
    start = time.perf_counter()
    assert set(fingerprints([Cell("1", source)])) <= {"mean"}
    assert time.perf_counter() - start < 2
