"""How long the products of a class take: cold, warm, 75 classes; and nbconvert's HTML of the same notebook as a peer, in one run.

    python bench/publishing.py [--class 101] [--copies 75] [--workers 2] [--repeat 3] > publishing.json

Cold is measured twice: inside a process that has its imports (what a build of many classes pays for each), and as the whole command,
interpreter and imports included. Warm is `build` again with nothing changed. The copies are the class itself under other numbers.
CPU is this process's and its children's. Not covered: the first build after installing, when matplotlib looks for fonts.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import psutil

from catedra.course import load, read_class
from catedra.publishing.build import build
from catedra.publishing.products import Product, make


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--class", dest="number", type=int, default=101)
    parser.add_argument("--copies", type=int, default=75)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--products", nargs="+", default=[str(product) for product in Product])
    options = parser.parse_args()
    products = tuple(Product(name) for name in options.products)
    original = load(options.number)
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        result = {
            "date": datetime.now(UTC).date().isoformat(),
            "machine": {"processors": os.cpu_count(), "load": os.getloadavg()[0], "system": platform.platform(terse=True)},
            "class": options.number,
            "products": list(products),
            "one_class": one_class(original.folder, root, products, options.repeat),
            "peer": peer(original.folder, root, options.repeat),
            "copies": many(original.folder, root, products, options.copies, options.workers),
        }
    json.dump(result, sys.stdout, ensure_ascii=False, indent=1)
    print()


def one_class(folder: Path, root: Path, products: tuple[Product, ...], repeat: int) -> dict[str, Any]:
    """Cold and warm, in a process that has its imports; and the whole command."""
    make(read_class(folder), products)  # the imports
    cold, warm, each = [], [], {}
    for time_number in range(repeat):
        # A copy under a name of its own: nothing that was drawn or read before serves again.
        course_class = read_class(copied(folder, root / f"cold{time_number}", 900 + time_number))
        out = root / f"out{time_number}"
        cold.append(timed(lambda c=course_class, o=out: build([c], o, products=products)))
        warm.append(timed(lambda c=course_class, o=out: build([read_class(c.folder)], o, products=products)))
    for product in products:
        course_class = read_class(copied(folder, root / f"only-{product}", 950))
        each[str(product)] = timed(lambda c=course_class, p=product: make(c, (p,)))
    number = str(int(folder.name[1:].partition("_")[0]))
    program = [sys.executable, "-c", "from catedra.cli import main; main()"]
    command = [*program, "build", number, *(f"--{product}" for product in products), "--out", str(root / "whole")]
    whole = [timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(2)]
    return {"cold": median(cold), "warm": median(warm), "each_alone": each, "command_cold": whole[0], "command_warm": whole[1]}


def peer(folder: Path, root: Path, repeat: int) -> dict[str, Any]:
    """nbconvert's HTML of the same notebook, and our page."""
    from nbconvert import HTMLExporter

    content = make(read_class(folder), (Product.NOTEBOOK,))[Product.NOTEBOOK]
    notebook = nbformat.reads(content.decode(), as_version=4)
    exporter = HTMLExporter()
    theirs = [timed(lambda: exporter.from_notebook_node(notebook)) for _ in range(repeat + 1)][1:]
    ours = []
    for time_number in range(repeat):
        course_class = read_class(copied(folder, root / f"peer{time_number}", 960 + time_number))
        ours.append(timed(lambda c=course_class: make(c, (Product.PAGE,))))
    return {"nbconvert_html": median(theirs), "our_page": median(ours)}


def many(folder: Path, root: Path, products: tuple[Product, ...], copies: int, workers: int) -> dict[str, Any]:
    """Many classes in parallel, then warm; and the memory of one process over the first of them."""
    classes = [read_class(copied(folder, root / "many", 200 + number)) for number in range(copies)]
    out = root / "many-out"
    found: list[Any] = []
    cold = timed(lambda: found.extend(build(classes, out, products=products, workers=workers)))
    warm = timed(lambda: build(classes, out, products=products, workers=workers))
    errors = [built.error for built in found if built.error]
    process, memory = psutil.Process(), {}
    for number, course_class in enumerate(classes[:24], start=1):
        make(course_class, products)
        if number in {4, 8, 16, 24}:
            memory[number] = round(process.memory_info().rss / 1e6)
    return {
        "classes": copies, "workers": workers, "cold": cold, "warm": warm, "errors": errors, "memory_mb_after_classes": memory,
        "peak_worker_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3),
    }  # fmt: skip


def copied(folder: Path, root: Path, number: int) -> Path:
    """A copy of a class under another number and slug."""
    slug = folder.name.partition("_")[2]
    copy = root / f"c{number}_{slug}_{number}"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__"))
    lesson = copy / "lesson.md"
    old = f"number: {int(folder.name[1:].partition('_')[0])}\n"
    lesson.write_text(lesson.read_text(encoding="utf-8").replace(old, f"number: {number}\n", 1), encoding="utf-8")
    return copy


def timed(action: Callable[[], Any]) -> dict[str, float]:
    """Wall and CPU seconds of an action."""
    wall, processor = time.perf_counter(), cpu()
    action()
    return {"wall_s": round(time.perf_counter() - wall, 3), "cpu_s": round(cpu() - processor, 3)}


def cpu() -> float:
    """CPU seconds so far, of this process and of its children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def median(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each figure."""
    return {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}


if __name__ == "__main__":
    main()
