"""Magics and shell lines are blanked, no line moves, and Python is left alone."""

import ast
import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catedra.checking import magics
from catedra.checking.magics import without_magics


def test_the_examples_run():
    assert doctest.testmod(magics).failed == 0


@pytest.mark.parametrize(
    ("line", "becomes"),
    [
        ("%matplotlib inline", "pass"),
        ("    %timeit f(1)", "    pass"),
        ("!pip install -q keras", "pass"),
        ("!!ls", "pass"),
        ("!echo \"it's\"", "pass"),
        ("%cd ..", "pass"),
        ("% matplotlib inline", "pass"),
        ("?np.mean", "pass"),
        ("??np.mean", "pass"),
        ("np.mean?", "pass"),
        ("np.mean??", "pass"),
        ("model.layers[0]?  # help", "pass"),
        ("%timeit?", "pass"),
        ("pip install torch", "pass"),
        ("conda install -y torch", "pass"),
        ("uv pip install torch", "pass"),
        ("files = !ls", "files = get_ipython()"),
        ("a, b = !ls", "a, b = get_ipython()"),
        ("    t = %timeit -o f(1)", "    t = get_ipython()"),
    ],
)
def test_a_magic_is_blanked(line, becomes):
    indent = line[: len(line) - len(line.lstrip())]
    before = f"{indent and 'if 1:'}\n"
    assert without_magics(f"{before}{line}\n{indent}y = 2") == f"{before}{becomes}\n{indent}y = 2"


PLAIN = [
    'x = """\n%matplotlib inline\n!ls\nimporta?\n"""',
    "x = '''\n!ls # '''",
    'def f():\n    """Doc.\n\n    %d manzanas\n    !ojo\n    """',
    "x = ('hola %s'\n     % name)",
    "x = 'hola %s' \\\n    % name",
    "x = [\n    # un (comentario con '\n    7\n    %two\n]",
    "y = 'it\\'s # no'\nz = {1: '}'}",
    "x = 'a\\\n%b'",
    "# termina en barra \\\ny = 1",
    "a = b\"\\\"\" + b'#'",
    'w = ""\nv = r"\\"\nu = f"{w!r}"',
]


@pytest.mark.parametrize("source", PLAIN)
def test_python_is_left_alone_even_beside_a_magic(source):
    source = source.replace("r\"\\\"", 'r"a"')
    assert without_magics(source) == source
    assert without_magics(f"{source}\n!ls\nk = 3") == f"{source}\npass\nk = 3"


def test_a_shell_line_goes_on_after_its_backslash():
    assert without_magics("!pip install \\\n    keras \\\n    jax\nx = 1") == "pass\n\n\nx = 1"


@pytest.mark.parametrize("magic", ["%%time", "%%timeit -n 1", "%%capture out", "%%prun"])
def test_cell_magics_that_only_watch_keep_the_code(magic):
    assert without_magics(f"\n{magic}\nx = 1\n!ls") == "\n\nx = 1\npass"


@pytest.mark.parametrize("magic", ["%%bash", "%%html", "%%writefile x.py", "%%javascript", "%%timeline"])
def test_other_cell_magics_contribute_nothing(magic):
    assert without_magics(f"{magic}\nx = 1") == ""


def test_an_unclosed_text_does_not_swallow_the_cell():
    assert without_magics("x = 'abierto\n!ls") == "x = 'abierto\npass"


def test_what_is_not_python_comes_back_for_the_parser_to_complain():
    assert without_magics("x = = 1") == "x = = 1"
    assert without_magics("x = '\0'") == "x = '\0'"


@pytest.mark.parametrize("cell", [*PLAIN, "%matplotlib inline\nx = 1", "!ls\nfor i in range(2):\n    !echo {i}\n    y = i", "x = !ls\nz = 1"])
def test_ipython_agrees_on_what_is_python(cell):
    """Against IPython's own transformer: the same statements are left, magics apart."""
    from IPython.core.inputtransformer2 import TransformerManager

    class Watch(ast.NodeTransformer):
        def visit_Expr(self, node):
            return ast.Pass() if "get_ipython" in ast.dump(node) else node

        def visit_Call(self, node):
            return ast.Call(ast.Name("get_ipython", ast.Load()), [], []) if "get_ipython" in ast.dump(node.func) else node

    cell = cell.replace("r\"\\\"", 'r"a"')
    theirs = Watch().visit(ast.parse(TransformerManager().transform_cell(cell)))
    assert ast.dump(theirs) == ast.dump(ast.parse(without_magics(cell)))


@given(st.text(alphabet="x=%!?'\"\\\n#([{}]) 1pass", max_size=60))
def test_lines_never_move_and_nothing_is_raised(source):
    result = without_magics(source)
    assert result == "" or result.count("\n") == source.count("\n")
    assert without_magics(result) == result or "%%" in source
