"""Long runs of what reads a stranger's file: notebooks, zips, code that is compared. Seeds that once failed are kept in tests/soak/seeds."""

import io
import itertools
import json
import os
import random
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catedra.checking.namespace import Cell
from catedra.grading.similar import fingerprints
from catedra.grading.submission import Submission, SubmissionError, parse_submission

pytestmark = pytest.mark.soak
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SEEDS = Path(__file__).with_name("seeds")
MEMORY = 120 * 2**20
"""Bytes that reading a file of some kilobytes may take at its worst."""

CODE = "import math\n\ndef f(x, *, y=1):\n    '''Doc.'''\n    total = 0\n    for v in x:\n        total += v * y\n    return math.sqrt(total)\n\nclass A:\n    def g(self): ...\n"
CELLS = [
    {"cell_type": "code", "source": CODE, "metadata": {}, "outputs": [{"data": {"text/plain": ["1,[{\\\""]}}], "execution_count": None, "id": "a1"},
    {"cell_type": "markdown", "source": ["**Tu respuesta**\n", "porque sí"], "metadata": {"catedra": {"role": "written"}}, "id": "tarea-respuesta"},
    {"cell_type": "raw", "source": "x" * 50, "metadata": {}, "id": "b2"},
]  # fmt: skip
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"catedra": {"class": 100}}, "cells": CELLS}
VALUES = [
    "null",
    "[]",
    "{}",
    "1e999",
    "NaN",
    "-0",
    "9" * 5000,
    '"\\ud800"',
    '"\\u0000"',
    "[" * 3000,
    "true",
    '"cells"',
    '{"a":' * 200,
    '"' + "é" * 300 + '"',
]
NAMES = [
    "t.py",
    "../x",
    "a/b.csv",
    "A/B.CSV",
    "/abs",
    "c:\\x",
    "a\x00b",
    "\u202e.py",
    "x" * 300,
    "",
    "__MACOSX/x",
    "a/",
    "a",
    "d.zip",
    "n.ipynb",
    "é",
    "e\u0301",
]


def _inputs(name: str) -> Iterator[tuple[int, random.Random]]:
    """Yield (seed, generator) for SECONDS, the kept seeds first."""
    end = time.monotonic() + SECONDS
    kept = [int(line) for line in (SEEDS / f"{name}.txt").read_text().split()] if (SEEDS / f"{name}.txt").exists() else []
    seeds = itertools.chain(kept, itertools.count(10**9))
    while time.monotonic() < end:
        seed = next(seeds)
        yield seed, random.Random(seed)


def _fuzz(name: str, make: Callable[[random.Random], tuple[bytes, str]], tmp_path: Path) -> int:
    """Read until the time is up; return how many were accepted."""
    tried = accepted = 0
    tracemalloc.start()
    try:
        for seed, rng in _inputs(name):
            content, file_name = make(rng)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            start = time.perf_counter()
            try:
                read = parse_submission(content, file_name)
            except SubmissionError as error:
                assert str(error).isprintable(), seed
                assert len(str(error)) < 1000, seed
            else:
                accepted += 1
                _sound(read, tmp_path / str(seed), seed)
            tried += 1
            assert time.perf_counter() - start < 5, seed
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY, seed
    finally:
        tracemalloc.stop()
    print(f"{tried} files, {accepted} accepted")
    assert tried > 100
    return accepted


def _sound(read: Submission, into: Path, seed: int) -> None:
    assert all(
        isinstance(cell, Cell) and cell.source.encode() and "\0" not in cell.source for cell in read.cells if cell.source
    ), seed
    for answer in read.written:
        answer.text.encode()
    fingerprints(read.cells)
    if not read.files:
        return
    into.mkdir()
    read.unpack(into)
    found = {path.relative_to(into).as_posix(): path for path in into.rglob("*") if not path.is_dir()}
    assert found.keys() == {extra.name for extra in read.files}, seed
    for extra in read.files:
        assert not found[extra.name].is_symlink(), seed
        assert found[extra.name].stat().st_size == extra.size, seed
    for path in sorted(into.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    into.rmdir()


def _notebook(rng: random.Random) -> tuple[bytes, str]:
    text = json.dumps(NOTEBOOK, ensure_ascii=rng.random() < 0.5)
    for _ in range(rng.randint(0, 6)):
        at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        kind = rng.random()
        if kind < 0.4:  # a value in the place of another, so that it still is JSON
            starts = [i for i, letter in enumerate(text) if letter == ":"] or [0]
            place = rng.choice(starts) + 1
            end = next((i for i in range(place, len(text)) if text[i] in ",}]"), len(text))
            text = text[:place] + rng.choice(VALUES) + text[end:]
        elif kind < 0.7:
            text = text[:at] + text[at:to] * rng.randint(2, 4) + text[to:]
        else:
            text = (
                text[:at]
                + rng.choice(["", "[" * rng.randint(1, 3000), '"', "\\", "\x00", "{", chr(rng.randrange(1, 0xD7FF))])
                + text[min(to, at + 30) :]
            )
        text = text[:200_000]
    content = bytearray(text.encode())
    for _ in range(rng.choice([0, 0, 0, 1, 5])):
        if content:
            content[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(content), "a.ipynb"


def _zip(rng: random.Random) -> tuple[bytes, str]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        code = zipfile.ZipInfo(rng.choice(["t.py", "e/t.py", "e/n.ipynb"]))
        made.writestr(code, CODE if code.filename.endswith("py") else json.dumps(NOTEBOOK))
        for n in range(rng.randint(0, 4)):
            info = zipfile.ZipInfo(rng.choice([*NAMES, f"e/{n}.csv", f"e/d/{n}.bin", f"{n}.npy"]) or f"{n}")
            info.compress_type = rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
            info.external_attr = rng.choice([0, 0, 0o100644 << 16, 0o120777 << 16, 0o010644 << 16, rng.getrandbits(32)])
            made.writestr(info, rng.choice([b"", b"1,2\n", b"\0" * rng.randint(1, 3_000_000), rng.randbytes(2000)]))
    content = bytearray(out.getvalue())
    for _ in range(rng.choice([0, 1, 1, 2, 6])):
        kind = rng.random()
        headers = [i for i in range(len(content) - 30) if content[i : i + 2] == b"PK"] if len(content) < 50_000 else [0]
        at = rng.choice(headers or [0]) + rng.randrange(50) if kind < 0.7 else rng.randrange(len(content))
        if at + 4 > len(content):
            continue
        if kind < 0.5:
            struct.pack_into("<I", content, at, rng.choice([0, 1, 0xFFFFFFFF, 0x7FFFFFFF, rng.getrandbits(32), len(content)]))
        elif kind < 0.9:
            content[at] = rng.randrange(256)
        else:
            content = content[:at] + content[min(len(content), at + rng.randint(1, 200)) :] or bytearray(b"PK")
    return bytes(content), "a.zip"


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize(("name", "make"), [("submission_notebook", _notebook), ("submission_zip", _zip)])
def test_a_strangers_file_is_read_or_refused(
    name: str, make: Callable[[random.Random], tuple[bytes, str]], tmp_path: Path
) -> None:
    assert _fuzz(name, make, tmp_path) > 10


def test_code_that_is_compared_ends_nothing() -> None:
    pieces = [
        "(",
        "-",
        "not ",
        ".x",
        "[0]",
        "lambda: ",
        "0x" + "f" * 5000,
        "\0",
        "\ud800",
        "f'{",
        "if 1:\n ",
        "async ",
        "nonlocal q\n",
        "match x:\n case [*_, {**r}]: pass\n",
        "%%time\n",
        "\\\n",
        "'" * 3,
    ]
    tried = 0
    for seed, rng in _inputs("similar"):
        source = CODE
        for _ in range(rng.randint(1, 5)):
            at, to = sorted(rng.randrange(len(source) + 1) for _ in range(2))
            source = source[:at] + rng.choice(pieces) * rng.choice([1, 1, 2, 300, 8000]) + source[rng.choice([at, to]) :]
        start = time.perf_counter()
        assert all(len(print_) == 64 for print_ in fingerprints([Cell("celda 1", source)]).values()), seed
        assert time.perf_counter() - start < 3, seed
        tried += 1
    print(f"{tried} cells")
    assert tried > 100
