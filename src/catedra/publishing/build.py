"""Builds the products of classes into a folder: only what changed, in parallel, each class whole or not at all.

A product's key is a hash of everything that it depends on: the class's sources, record and curves, the code and templates that make
it, the versions of the tools, and which of the classes that it links are built. The keys of a folder stand in `.catedra/` inside it.
What fails leaves earlier products as they were.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import catedra
from catedra.course import BrokenClass, CourseClass, read_class
from catedra.course.links import CLASS_LINK
from catedra.course.record import CURVES_NAME, RECORD_NAME
from catedra.errors import CatedraError
from catedra.publishing.neighbours import neighbours
from catedra.publishing.products import Product, file_name, make

KEYS = ".catedra"
ALL = tuple(Product)
_ENGINE = ("publishing", "course", "checking", "datasets", "techniques")
_TOOLS = ("matplotlib", "numpy", "nbformat", "pypandoc-binary", "python-pptx", "typst", "font-source-sans-pro")


class BuildError(CatedraError):
    """The products can't be written."""


@dataclass(frozen=True)
class Built:
    """What came of a class.

    Attributes:
        name: the class's folder.
        number: of the class; None where its folder can't be read.
        made: product → its file, those that were made now.
        kept: product → its file, those that needn't be.
        error: why it couldn't be made; "" when all went well.
        seconds: that it took.
    """

    name: str
    number: int | None
    made: dict[Product, Path] = field(default_factory=dict)
    kept: dict[Product, Path] = field(default_factory=dict)
    error: str = ""
    seconds: float = 0.0

    def as_plain(self) -> dict[str, Any]:
        """Return it as built-in values."""
        files = {state: {str(product): str(path) for product, path in found.items()} for state, found in
                 (("made", self.made), ("kept", self.kept))}  # fmt: skip
        return {"class": self.number, "folder": self.name, **files, "error": self.error, "seconds": round(self.seconds, 3)}


@dataclass(frozen=True)
class _Job:
    folder: Path
    products: tuple[Product, ...]
    keys: dict[Product, str]
    out: Path


def build(
    classes: Sequence[CourseClass | BrokenClass],
    out: Path,
    *,
    products: Sequence[Product] = ALL,
    workers: int = 2,
    report: Callable[[Built], None] = lambda _built: None,
) -> tuple[Built, ...]:
    """Build what is stale of the products of classes.

    Args:
        classes: the classes; a broken one is reported and the others are built.
        out: the folder of the products, created if need be.
        products: which ones.
        workers: processes at a time.
        report: told of each class when it is done.

    Returns:
        What came of each class, in the order of `classes`.

    Raises:
        BuildError: the folder can't be created.
    """
    try:
        (out / KEYS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"no se puede escribir en {out} ({error.strerror}): elegí otra carpeta con --out") from error
    results: dict[str, Built] = {}
    jobs: list[_Job] = []

    def done(built: Built, kept: dict[Product, Path]) -> None:
        results[built.name] = Built(built.name, built.number, built.made, kept, built.error, built.seconds)
        report(results[built.name])

    kept_of: dict[str, dict[Product, Path]] = {}
    for item in classes:
        if isinstance(item, BrokenClass):
            done(Built(item.folder.name, None, error=item.reason), {})
            continue
        keys = {product: _key(item, product) for product in products}
        known = _read_keys(out, item.number)
        files = {product: out / file_name(item.number, item.slug, product) for product in products}
        stale = tuple(product for product in products if known.get(product) != [keys[product], *_stamp(files[product])])
        kept_of[item.folder.name] = {product: files[product] for product in products if product not in stale}
        if stale:
            jobs.append(_Job(item.folder, stale, keys, out))
        else:
            done(Built(item.folder.name, item.number), kept_of[item.folder.name])
    for built in _run(jobs, workers):
        done(built, kept_of[built.name])
    order = [item.folder.name for item in classes]
    return tuple(results[name] for name in order)


def _run(jobs: list[_Job], workers: int) -> Any:
    if len(jobs) <= 1 or workers == 1:
        yield from map(_build_class, jobs)
        return
    # Fresh processes: a parent that has drawn or computed isn't safe to fork.
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(_build_class, job) for job in jobs]
        try:
            for future in as_completed(running):
                yield future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _build_class(job: _Job) -> Built:
    """Make a class's stale products; runs in a worker."""
    start = time.perf_counter()
    name, number = job.folder.name, None
    made: dict[Product, Path] = {}
    try:
        course_class = read_class(job.folder)
        number = course_class.number
        contents = make(course_class, job.products)
        files = {product: job.out / file_name(number, course_class.slug, product) for product in contents}
        _write_all({files[product]: content for product, content in contents.items()})
        known = _read_keys(job.out, number)
        known |= {product: [job.keys[product], *_stamp(files[product])] for product in contents}
        _write_all({_keys_path(job.out, number): (json.dumps(known, indent=1) + "\n").encode()})
        made = files
        error = ""
    except CatedraError as failure:
        error = str(failure)
    except OSError as failure:
        error = f"no se puede escribir en {job.out} ({failure.strerror}): liberá espacio o elegí otra carpeta"
    except Exception as failure:
        # One class of 75 must not stop the others, whatever its code does.
        error = f"{name}: {type(failure).__name__}: {failure}"
    return Built(name, number, made, error=error, seconds=time.perf_counter() - start)


def _write_all(contents: dict[Path, bytes]) -> None:
    """Write files so that a reader, a crash or a full disk never leaves half of one, nor a new one beside an old one."""
    partials = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    try:
        for path, content in contents.items():
            partials[path].write_bytes(content)
        for path, partial in partials.items():
            partial.replace(path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


def _stamp(path: Path) -> list[int]:
    """Size and time of a file: one that someone changed or removed is built again."""
    try:
        status = path.stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


def _keys_path(out: Path, number: int) -> Path:
    return out / KEYS / f"{number}.json"


def _read_keys(out: Path, number: int) -> dict[str, list[Any]]:
    try:
        known = json.loads(_keys_path(out, number).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _key(course_class: CourseClass, product: Product) -> str:
    folder = course_class.folder
    digest = hashlib.sha256(f"{product}\0{course_class.content_hash}\0{_engine()}\0".encode())
    for name in (RECORD_NAME, CURVES_NAME):
        path = folder / name
        digest.update(hashlib.sha256(path.read_bytes() if path.exists() else b"").digest())
    text = (folder / "lesson.md").read_text(encoding="utf-8") + (folder / "slides.md").read_text(encoding="utf-8")
    linked = {slug for slug, _ in CLASS_LINK.findall(text)} | set(course_class.front.prerequisites)
    there = neighbours(course_class)
    for slug in sorted(linked | {course_class.front.deepens or ""}):
        item = there.get(slug)
        digest.update(f"{slug}\0{item.number if item else ''}\0{item is not None and item.folder is not None}\0".encode())
    return digest.hexdigest()


@lru_cache(maxsize=1)
def _engine() -> str:
    """Hash what makes the products: our code and templates, and the versions of the tools."""
    root = Path(catedra.__path__[0])
    digest = hashlib.sha256((root / "authoring.py").read_bytes())
    for package in _ENGINE:
        for path in sorted((root / package).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
                digest.update(path.read_bytes())
    for tool in _TOOLS:
        try:
            digest.update(f"{tool} {metadata.version(tool)}\0".encode())
        except metadata.PackageNotFoundError:
            digest.update(f"{tool} absent\0".encode())
    return digest.hexdigest()
