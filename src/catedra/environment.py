"""Examines this machine's environment: Python, the core's packages against their pins, the stacks, the folders."""

import importlib.metadata
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from catedra import stacks
from catedra.home import HomeError, home

SUPPORTED_PYTHON = (3, 11)
PROJECT_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Item:
    """One thing examined.

    Attributes:
        name: what.
        ok: True, False (a failure), or None (absent, and only needed by some classes).
        found: version, place or state.
        advice: what to do, empty when nothing.
    """

    name: str
    ok: bool | None
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """What was found.

    Attributes:
        items: in order.
        ok: whether nothing failed.
    """

    items: tuple[Item, ...]
    ok: bool


def examine() -> Report:
    """Return what this machine has."""
    items = [_python(), *_core(), *(_stack(stack) for stack in stacks.STACKS.values()), *_folders()]
    return Report(tuple(items), all(item.ok is not False for item in items))


def pins(path: Path | None = None) -> dict[str, str]:
    """Return package → version from constraints.txt; empty where the project isn't a checkout."""
    path = PROJECT_ROOT / "constraints.txt" if path is None else path
    if not path.is_file():
        return {}
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    return {_canonical(name): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _python() -> Item:
    found = f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    if sys.version_info[:2] == SUPPORTED_PYTHON:
        return Item("Python", True, found)
    wanted = ".".join(map(str, SUPPORTED_PYTHON))
    return Item(
        "Python", False, found, f"el curso se probó con Python {wanted}: instalalo y repetí `make setup PYTHON=python{wanted}`"
    )


def _core() -> list[Item]:
    pinned = pins()
    items = []
    for requirement in importlib.metadata.requires("catedra") or []:
        if "extra ==" in requirement:
            continue
        name = re.split(r"[ ;<>=!\[]", requirement, maxsplit=1)[0]
        wanted = pinned.get(_canonical(name))
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            items.append(Item(name, False, "falta", "`make setup`"))
            continue
        if wanted is not None and found != wanted:
            items.append(Item(name, False, found, f"se probó con {wanted}: `make setup` la repone"))
        else:
            items.append(Item(name, True, found))
    return items


def _stack(stack: stacks.Stack) -> Item:
    name = f"stack {stack.name}"
    missing = stacks.missing_modules(stack)
    if missing:
        return Item(name, None, f"no instalado ({stack.disk_mb} MB)", f"`make setup STACKS={stack.name}` si una clase lo pide")
    versions = stacks.installed_versions([stack.name])
    return Item(name, True, ", ".join(f"{package} {version}" for package, version in versions.items()))


def _folders() -> list[Item]:
    items = []
    try:
        folder = home()
        writable = os.access(folder, os.W_OK)
        items.append(
            Item(
                "carpeta propia",
                writable,
                str(folder),
                "" if writable else "dale permiso de escritura o elegí otra con CATEDRA_HOME",
            )
        )
    except HomeError as error:
        items.append(Item("carpeta propia", False, "—", str(error)))
    data = os.environ.get("CATEDRA_DATA")
    if data:
        there = Path(data).is_dir()
        items.append(Item("CATEDRA_DATA", there, data, "" if there else "la carpeta no existe: corregila o borrá la variable"))
    return items
