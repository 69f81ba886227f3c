"""A notebook or script contributes its imports, functions, classes and literal assignments; nothing that computes is run."""

import inspect
import json
import linecache
import pickle
import sys
import typing

import nbformat
import pytest

from catedra.checking import namespace as module
from catedra.checking.namespace import (
    Cell,
    Namespace,
    SubmissionError,
    is_stub_function,
    live_namespace,
    load_namespace,
    read_cells,
)


def load(*sources: str) -> Namespace:
    return load_namespace([Cell(f"celda {n}", source) for n, source in enumerate(sources, start=1)], "el cuaderno t.ipynb")


def names(space: Namespace) -> set[str]:
    return {name for name in space.values if not name.startswith("__")}


def written(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# Reading files


def notebook(*cells, **fields):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **fields})


def code(source):
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def test_cells_are_numbered_as_they_are_seen(tmp_path):
    text = notebook({"cell_type": "markdown", "source": "# Título"}, code("x = 1"), {"cell_type": "raw", "source": ""}, code(["y = 2\n", "z = 3"]))
    assert read_cells(written(tmp_path, "t.ipynb", text)) == [Cell("celda 2", "x = 1"), Cell("celda 4", "y = 2\nz = 3")]


def test_a_notebook_as_nbformat_writes_it(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("a"), nbformat.v4.new_code_cell("def f():\n    return 1")])
    path = tmp_path / "t.ipynb"
    nbformat.write(book, path)
    assert load_namespace(read_cells(path)).function("f")() == 1


def test_a_script_is_one_cell(tmp_path):
    assert read_cells(written(tmp_path, "tarea.py", "x = 1\n")) == [Cell("tarea.py", "x = 1\n")]
    assert read_cells(written(tmp_path, "TAREA.PY", "x = 1\n"))[0].source == "x = 1\n"


def test_the_mark_that_windows_writes_first_is_dropped(tmp_path):
    assert read_cells(written(tmp_path, "t.py", b"\xef\xbb\xbfx = 1"))[0].source == "x = 1"
    assert read_cells(written(tmp_path, "t.ipynb", b"\xef\xbb\xbf" + notebook(code("x = 1")).encode()))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.txt", "x", "se esperaba un cuaderno (.ipynb) o un script (.py) y llegó t.txt"),
        ("t.py", b"a = '\xf1'", "t.py no es texto UTF-8 (byte 5): guardalo de nuevo"),
        ("t.ipynb", "{", "t.ipynb no es un cuaderno válido (JSONDecodeError"),
        ("t.ipynb", "[]", "no es un cuaderno válido (TypeError"),
        ("t.ipynb", "{}", "no es un cuaderno válido (KeyError: 'nbformat')"),
        ("t.ipynb", '{"nbformat": 4}', "no es un cuaderno válido (KeyError: 'cells')"),
        ("t.ipynb", '{"nbformat": 3, "worksheets": []}', "t.ipynb es un cuaderno de formato 3: abrilo y guardalo con JupyterLab"),
        ("t.ipynb", notebook(code(7)), "a cell's source is neither text nor lines of text"),
        ("t.ipynb", notebook(code(["x", 7])), "a cell's source is neither text nor lines of text"),
        ("t.ipynb", notebook(7), "no es un cuaderno válido"),
        ("t.ipynb", notebook(cells={"a": 1}), "no es un cuaderno válido"),
        ("t.ipynb", '{"nbformat": 4, "cells": ' + "[" * 200_000, "no es un cuaderno válido (RecursionError"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(tmp_path, name, content, says):
    with pytest.raises(SubmissionError) as caught:
        read_cells(written(tmp_path, name, content))
    assert says in str(caught.value)


def test_a_missing_file_a_folder_and_a_huge_file(tmp_path, monkeypatch):
    with pytest.raises(SubmissionError, match="no existe el archivo .*: revisá el nombre y la carpeta"):
        read_cells(tmp_path / "nada.py")
    with pytest.raises(SubmissionError, match="no existe"):
        read_cells(tmp_path)
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(SubmissionError, match="t.ipynb pesa 2 MB: borrá las salidas de sus celdas"):
        read_cells(written(tmp_path, "t.ipynb", "x" * 2**21))


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = written(tmp_path, "t.py", "x = 1")
    monkeypatch.setattr(type(path), "read_text", lambda *args, **kwargs: open("/", encoding="utf-8"))
    with pytest.raises(SubmissionError, match=r"no se puede leer t.py \(.*\): revisá sus permisos"):
        read_cells(path)


# What contributes


def test_training_code_is_not_run():
    space = load(
        "RUN = []\ndef train():\n    RUN.append(1)\n    return 'model'",
        "model = train()\ntrain()\nfor i in range(3):\n    train()\nwith open('/nonexistent') as file:\n    train()\nprint('x')\n"
        "while True:\n    pass\nassert False\nmodel.fit(1)\nRUN += [2]\nRUN[0:] = [3]\ndel RUN",
    )  # fmt: skip
    assert space.values["RUN"] == []
    assert names(space) == {"RUN", "train"}
    assert space.skipped == dict.fromkeys(["model", "i", "file"], "celda 2")


def test_the_main_block_is_not_run():
    space = load("def f(): return 1\nif __name__ == '__main__':\n    result = f()\n    raise SystemExit\nif 1:\n    import json")
    assert names(space) == {"f"}
    assert set(space.skipped) == {"result", "json"}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("x = 1", 1),
        ("x: int = 1", 1),
        ("x: nada() = 1", 1),
        ("x = y = -1.5", -1.5),
        ("x, (y, z) = 1, (2, 3)", 1),
        ("[x, y] = 1, 2", 1),
        ("x = {'a': [1, (2, None)], 'b': {3}}", {"a": [1, (2, None)], "b": {3}}),
        ("x = 'a' 'b'", "ab"),
        ("x = 28 * 28", 784),
        ("x = 2**10", 1024),
        ("x = 2**-1", 0.5),
        ("x = 60_000 // 128 + 1 - 3 % 2 * 1.0", 468.0),
        ("x = [1e-3 / 2, 3 + 2j]", [5e-4, 3 + 2j]),
        ("x = set()", set()),
        ("x = dict()", {}),
    ],
)
def test_literals_contribute(source, value):
    space = load(source)
    assert space.values["x"] == value
    assert type(space.values["x"]) is type(value)
    assert not space.skipped


@pytest.mark.parametrize(
    "source",
    [
        "x = f()", "x = y", "x = [f()]", "x = f'{1}'", "x = 'a' * 10", "x = 10**100", "x = 10**10**10", "x = (2**60)**60", "x = 1 << 10",
        "x = not 1", "x = {**{}}", "x = [i for i in range(3)]", "x = 1 if 1 else 2", "x = set([1])", "x = -'a'", "x.y = 1", "x[0] = 1",
        "x, y.z = 1, 2", "x: int", "x += 1", "x = 2**True**2", "x = " + "+".join(["1"] * 2000),
    ],
)  # fmt: skip
def test_what_computes_does_not(source):
    assert names(load(source)) == set()


def test_a_lambda_with_a_name_is_a_function():
    assert load("relu = lambda x: max(0, x)").function("relu")(-1) == 0


def test_guarded_imports():
    space = load(
        "try:\n    import nada_de_nada as nada\n    HAS = True\n    nada.start()\nexcept ImportError:\n    print('no está')\n    !pip install nada\n"
        "    nada = None\n    HAS = False\nelse:\n    EXTRA = 1\nfinally:\n    DONE = 1",
        "try:\n    import json\nfinally:\n    print(1)",
        "try:\n    result = json.loads('x')\nexcept Exception:\n    result = None",
    )  # fmt: skip
    assert space.values["nada"] is None
    assert space.values["HAS"] is False
    assert space.values["DONE"] == 1
    assert "EXTRA" not in space.values
    assert "json" in space.values
    assert "result" not in space.values
    assert space.skipped == {"result": "celda 3"}


def test_a_guard_may_raise_what_it_says():
    with pytest.raises(SubmissionError, match="celda 1, línea 4: ImportError: instalá nada"):
        load("try:\n    import nada_de_nada\nexcept ImportError:\n    raise ImportError('instalá nada')")


def test_the_last_definition_counts():
    space = load("def f(): return 1\ndef g(): return 1", "def f(): return 2")
    assert space.function("f")() == 2
    assert space.function("g")() == 1


@pytest.mark.parametrize(
    "later",
    ["def f(): return 1", "class f:\n    pass", "f = lambda: 1", "from math import sqrt as f", "async def f(): return 1",
     "try:\n    from math import sqrt as f\nexcept ImportError:\n    pass"],
)  # fmt: skip
def test_a_stub_that_is_written_later_is_no_stub(later):
    assert load("def f():\n    ...", later).function("f") is not None
    assert load(later, "def f():\n    ...").function("f") is None


def test_stubs():
    space = load(
        'def a(x):\n    """Doc."""\n    ...',
        "async def b(): ...",
        "@staticmethod\ndef c(): ...",
        'def d():\n    """Only a docstring."""',
        "def e():\n    pass",
        "def f():\n    ...\n    return 1",
        "class G: ...",
    )
    assert space.stubs == {"a", "b", "c"}
    assert space.function("a") is None
    assert space.why_absent("a") == "`a` todavía no está escrita: su cuerpo sigue siendo `...`"


def test_why_a_function_is_absent():
    space = load("x = 3", "from functools import partial\ng = partial(max, 1)\nif 1:\n    def h(): pass")
    assert space.why_absent("x") == "`x` no es una función sino un `int`: ¿pisaste el nombre en otra celda?"
    assert "`g` se crea en celda 2 con código que no se ejecuta al corregir" in space.why_absent("g")
    assert "`h` se crea en celda 2" in space.why_absent("h")
    assert space.why_absent("k") == "no encontré la función `k` en el cuaderno t.ipynb: ejecutá la celda que la define, con ese mismo nombre"


def test_a_name_computed_later_in_a_literal_is_not_missing():
    space = load("x = f()", "x = 3")
    assert space.skipped == {}
    assert space.why_undefined("x") is None


def test_decorators_run():
    space = load("import functools\n@functools.cache\ndef f(x):\n    return x + 1")
    assert space.function("f")(1) == 2


def test_async_functions_and_awaits_at_the_top():
    space = load("import asyncio\nasync def f():\n    return 3", "result = await f()\nawait f()", "def run():\n    return asyncio.run(f())")
    assert space.function("run")() == 3
    assert space.skipped == {"result": "celda 2"}


# Modules of their own


def test_dataclasses_with_annotations_as_text():
    space = load(
        "from __future__ import annotations\nfrom dataclasses import dataclass\nimport typing\n@dataclass\nclass Config:\n    rate: float = 0.1\n"
        "    kinds: typing.ClassVar[int] = 3\n    next: Config | None = None",
        "@dataclass\nclass Other:\n    rate: NotDefinedAnywhere = 0.2",
        "@dataclass\nclass Quoted:\n    c: 'Config'\n    n: 'int' = 0",
    )  # fmt: skip
    config = space.values["Config"]
    assert config(next=config()).next.rate == 0.1
    assert typing.get_type_hints(config)["next"] == config | None
    assert space.values["Other"]().rate == 0.2
    assert space.values["Quoted"](1).n == 0


def test_the_future_of_one_submission_is_not_that_of_another():
    load("from __future__ import annotations")
    with pytest.raises(SubmissionError, match="NameError: name 'Nada' is not defined"):
        load("def f(x: Nada): pass")


def test_a_late_future_import_is_a_syntax_error():
    with pytest.raises(SubmissionError, match="celda 1, línea 2: error de sintaxis"):
        load("x = 1\nfrom __future__ import annotations")
    with pytest.raises(SubmissionError, match="error de sintaxis"):
        load("from __future__ import braces")


def test_classes_can_be_pickled():
    space = load("class A:\n    x = 1\ndef f(): return 2")
    assert type(pickle.loads(pickle.dumps(space.values["A"]()))).x == 1
    assert sys.modules[space.values["A"].__module__].A is space.values["A"]


def test_two_submissions_do_not_mix():
    first, second = load("def f():\n    return 'uno'"), load("def f():\n    'otra'\n    return 'dos'")
    assert "uno" in inspect.getsource(first.values["f"])
    assert "dos" in inspect.getsource(second.values["f"])
    linecache.checkcache()
    assert "uno" in inspect.getsource(first.values["f"])
    assert first.label(first.values["f"].__code__.co_filename) == "celda 1"
    assert not second.owns(first.values["f"].__code__.co_filename)
    assert second.label("otro.py") == "otro.py"


# What fails


@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (["x = 1", "y = 2\ndef f(:\n    pass"], "celda 2, línea 2: error de sintaxis"),
        (["def f():\n    break"], "celda 1, línea 2: error de sintaxis ('break' outside loop)"),
        (["def f():\n    nonlocal x"], "celda 1, línea 2: error de sintaxis"),
        (["%%time\n\nx = = 1"], "celda 1, línea 3: error de sintaxis (invalid syntax): `x = = 1`"),
        (["x = '\0'"], "source code string cannot contain null bytes)"),
        (["x = '\ud800'"], "celda 1: no se puede leer como Python"),
        (["x = 1", "\nimport nada_de_nada"], "el cuaderno t.ipynb, celda 2, línea 2: ModuleNotFoundError: No module named 'nada_de_nada' "
                                             "(falta instalar `nada_de_nada`: `catedra env` dice cómo)"),
        (["class A:\n    x = 1 / 0"], "celda 1, línea 2: ZeroDivisionError: division by zero"),
        (["x = 1 / 0"], "celda 1, línea 1: ZeroDivisionError"),
        (["x, y = 1, 2, 3"], "celda 1, línea 1: ValueError: too many values"),
        (["def f(x=exit_now()): pass"], "NameError: name 'exit_now' is not defined"),
        (["Base = make()", "class A(Base): pass"], "NameError: name 'Base' is not defined. `Base` se calcula en celda 1, fuera de toda función"),
        (["import sys\n@sys.exit\ndef f(): pass"], "celda 1, línea 2: SystemExit"),
        (["class E(Exception):\n    def __str__(self): return 1\ndef g(f): raise E\n@g\ndef f(): pass"], "celda 1, línea 3: E: "),
    ],
)  # fmt: skip
def test_a_failure_says_cell_and_line(sources, says):
    with pytest.raises(SubmissionError) as caught:
        load(*sources)
    assert says in str(caught.value)


@pytest.mark.parametrize("source", ["x = " + "(" * 5000 + ")" * 5000, "def f():\n    return " + "-" * 100_000 + "1", "x = " + "+".join("1" * 50_000)])
def test_code_too_deep_to_read(source):
    with pytest.raises(SubmissionError):
        load(source)


def test_the_persons_own_interruption_passes_through():
    with pytest.raises(KeyboardInterrupt):
        load("def g(f): raise KeyboardInterrupt\n@g\ndef f(): pass")


# A running session


def session(source, filename):
    values = {}
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), values)
    return live_namespace(values)


@pytest.mark.parametrize("filename", ["/tmp/ipykernel_123/456.py", "C:\\Temp\\ipykernel_123\\456.py", "<ipython-input-3-abc>"])
def test_a_session_knows_its_cells(filename):
    space = session("def f(): return 1", filename)
    assert space.owns(filename)
    assert space.label(filename) == "tu celda"
    assert space.function("f")() == 1
    assert space.described_as == "este cuaderno"


def test_a_session_does_not_claim_libraries():
    space = live_namespace({})
    assert not space.owns("/usr/lib/python3.11/site-packages/ipykernel_launcher.py")
    assert space.label("/x/numpy/core.py") == "/x/numpy/core.py"


def test_a_session_reads_stubs_from_their_source():
    space = session('def f():\n    """Doc."""\n    ...\ndef g():\n    return 1\nclass H: ...', "<ipython-input-9-stub>")
    assert space.function("f") is None
    assert space.function("g") is not None
    assert space.function("H") is not None
    assert not is_stub_function(len)
    assert not is_stub_function(lambda: ...)


def test_a_stub_under_a_decorator_is_a_stub():
    space = session("import functools\n@functools.cache\ndef f():\n    ...", "<ipython-input-10-stub>")
    assert is_stub_function(space.values["f"])
