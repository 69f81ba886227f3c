"""Long runs, left out of `make test`: `make soak` gives each $SOAK_SECONDS. Seeds are kept in tests/soak/seeds."""

import contextlib
import itertools
import json
import os
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from catedra.checking.namespace import Cell, SubmissionError, load_namespace, notebook_cells
from catedra.checking.plain import NotPlainError, plain

pytestmark = pytest.mark.soak
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
SEEDS = Path(__file__).with_name("seeds")
CELLS = [
    "import math\n%matplotlib inline\ndef f(x):\n    return math.sqrt(x)\n", "x = !ls\n?f\nf??\n", "%%bash\nls\n", "%%time\ny = 3\n",
    "'''\n%not a magic\n'''\n", "class A:\n    def g(self): ...\n", "def f(x):\n    ...\n", "\ufeff\x00\\\n", "async def h(): pass\n",
]  # fmt: skip
NOTEBOOK = {
    "nbformat": 4, "nbformat_minor": 5, "metadata": {},
    "cells": [{"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None} for text in CELLS],
}  # fmt: skip


def _mutate(rng: random.Random, text: str) -> str:
    for _ in range(rng.randint(1, 8)):
        at, to = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        piece = rng.choice(["", text[at:to] * rng.randint(2, 5), chr(rng.randrange(1, 0xD7FF)), "(" * rng.randint(1, 300), '"', "\\", "%", "\n    "])
        text = (text[:at] + piece + text[min(to, at + rng.randint(0, 40)) :])[:20_000] or " "
    return text


def _inputs(name: str):
    """Yield (seed, generator) for SECONDS, the kept seeds first."""
    end = time.monotonic() + SECONDS
    kept = [int(line) for line in (SEEDS / f"{name}.txt").read_text().split()] if (SEEDS / f"{name}.txt").exists() else []
    seeds = itertools.chain(kept, itertools.count(10**9))
    while time.monotonic() < end:
        seed = next(seeds)
        yield seed, random.Random(seed)


def test_the_notebook_reader_never_crashes_hangs_or_hoards() -> None:
    tracemalloc.start()
    tried = 0
    for seed, rng in _inputs("notebook"):
        text = _mutate(rng, json.dumps(NOTEBOOK))
        start = time.perf_counter()
        try:
            cells = notebook_cells(text, "x.ipynb")
        except SubmissionError:
            continue
        finally:
            tried += 1
            assert time.perf_counter() - start < 2, seed
            assert tracemalloc.get_traced_memory()[1] < 200 * 2**20, seed
        assert all(isinstance(cell, Cell) for cell in cells), seed
    print(f"{tried} notebooks")
    assert tried > 100


def test_the_namespace_reader_gives_a_namespace_or_a_message() -> None:
    tried = 0
    for seed, rng in _inputs("namespace"):
        # Definitions only: executing arbitrary mutations is the sandbox's business. What is executed here can do no harm.
        text = _mutate(rng, rng.choice(CELLS)).replace("import", "imp0rt")
        start = time.perf_counter()
        with contextlib.suppress(SubmissionError):
            load_namespace([Cell("celda 1", text)])
        tried += 1
        assert time.perf_counter() - start < 5, seed
    print(f"{tried} cells")
    assert tried > 100


def _value(rng: random.Random, depth: int = 0):
    kinds = [None, True, 10**400, -1, float("nan"), "é", b"\x00", 1j, {1, 2}, object(), range(3)]
    if depth > 5 or rng.random() < 0.4:
        return rng.choice(kinds)
    if rng.random() < 0.3:
        return {rng.choice(["a", 1, 2.5, (1,), None]): _value(rng, depth + 1) for _ in range(rng.randint(0, 4))}
    return rng.choice([list, tuple])(_value(rng, depth + 1) for _ in range(rng.randint(0, 6)))


def test_plain_data_are_exact_or_refused() -> None:
    def exact(value) -> bool:
        if type(value) in (tuple, list):
            return all(map(exact, value))
        if type(value) is dict:
            return all(type(key) in (str, int, float, bool) and exact(item) for key, item in value.items())
        return type(value) in (type(None), bool, int, float, complex, str, bytes)

    tried = 0
    for seed, rng in _inputs("plain"):
        with contextlib.suppress(NotPlainError):
            assert exact(plain(_value(rng))), seed
        tried += 1
    assert tried > 1000
