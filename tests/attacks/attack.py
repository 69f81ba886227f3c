"""What an attack is: what is handed in, what it is after, and the honest twin that must pass.

Where a source names a place (`@@HOME@@`), the arena fills in the real one: the attacker is assumed to know all paths, ports and process
numbers. Attacks carry no payload that could harm a machine whose walls failed: they cap what they fill, they write and delete only in
the arena's folders, and signal only the arena's own processes.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.attacks.target import HONEST, PLACES

FAMILIES = ("forging", "interpreter", "hidden", "exhaustion", "files", "models", "network", "measures")
CANARY = "CANARIO-"
"""Every canary is this and twelve hexadecimal digits."""

LOOK = '''

def _leak(*found):
    """Say which canaries stand in what was found."""
    import re

    texts = [item if isinstance(item, bytes) else str(item).encode("utf-8", "replace") for item in found]
    raise RuntimeError("hay " + " ".join(sorted({m.decode() for text in texts for m in re.findall(rb"CANARIO-[0-9a-f]{12}", text)})))


def _proof():
    """What an attack says that saw a door open; in pieces, so that a traceback's quotation is none."""
    return "CANARIO-" + "@@PROOF@@".replace("_", "")


def _read(path):
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError as error:
        return str(error).encode()

'''
"""What attacks that look for canaries begin with: `_leak(…)` raises with those that it finds, `_read(path)` never raises."""


class Win(StrEnum):
    """How an attack wins."""

    SCORES = "a wrong answer scores"
    LEAKS = "a canary leaks"
    ESCAPES = "a file outside the scratch changes"
    DOWN = "the judge dies or hangs past its limit"
    SURVIVES = "a process survives"
    NEXT = "the next submission's verdict changes"
    REACHES = "something outside was reached"
    RENDERS = "a student's text runs in a report"


@dataclass(frozen=True)
class Attack:
    """One attack and its twin.

    Attributes:
        name: unique.
        family: one of FAMILIES.
        goal: what the attacker tries, in a sentence.
        source: what they hand in; a Python file unless `raw` is given.
        twin: a correct submission that uses the same feature harmlessly and must pass everything.
        wins_if: what it is after. The arena looks for every kind of win in every attack.
        wrong: the places (exercise numbers, criteria) that `source` doesn't answer rightly: none may come out correct.
        files: beside `source` in a zip, name → content.
        twin_files: beside `twin`.
        container: "py", "ipynb" or "zip".
        raw: from the arena's places to the bytes handed in, where a script or its plain packing won't do.
        twin_raw: likewise of the twin.
        stem: the file's name without its suffix; the student's name in reports.
        limit_s: what grading it may take: the judge gives 30 s of wall clock to what sleeps, for each place where it does.
        needs: modules without which it can't be run.
        not_shown: why an unprotected grader does not show that it bites; empty where it does.
    """

    name: str
    family: str
    goal: str
    source: str
    twin: str = HONEST
    wins_if: frozenset[Win] = frozenset({Win.SCORES})
    wrong: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    twin_files: Mapping[str, bytes] = field(default_factory=dict)
    container: str = "py"
    raw: Callable[[Mapping[str, str]], bytes] | None = None
    twin_raw: Callable[[Mapping[str, str]], bytes] | None = None
    stem: str = "entrega"
    limit_s: float = 40.0
    needs: tuple[str, ...] = ()
    not_shown: str = ""

    def __post_init__(self) -> None:
        if self.family not in FAMILIES or not set(self.wrong) <= set(PLACES) or not self.wins_if:
            raise ValueError(f"{self.name}: unknown family or place, or it is after nothing: {self.family}, {self.wrong}")
        if Win.SCORES in self.wins_if and not self.wrong:
            raise ValueError(f"{self.name}: it is after a score: say in `wrong` which places it answers wrongly")

    def handed_in(self, places: Mapping[str, str]) -> bytes:
        """The attacker's file."""
        return self.raw(places) if self.raw is not None else packed(filled(self.source, places), self.container, self.files)

    def twin_handed_in(self, places: Mapping[str, str]) -> bytes:
        """The twin's file."""
        return (
            self.twin_raw(places)
            if self.twin_raw is not None
            else packed(filled(self.twin, places), self.container, self.twin_files)
        )


def attack(
    name: str, goal: str, code: str, twin: str, *wrong: str, family: str, wins: Win | tuple[Win, ...] = Win.SCORES, **more
) -> Attack:
    """An attack whose code, and whose twin's, stands after the honest answers and replaces some."""
    after = frozenset({wins}) if isinstance(wins, Win) else frozenset(wins)
    return Attack(name, family, goal, HONEST + LOOK + code, HONEST + "\n\n" + twin, after, wrong, **more)


def packed(source: str, container: str, files: Mapping[str, bytes]) -> bytes:
    """A script as the bytes of a script, of a notebook of one cell, or of a zip with other files."""
    if container == "py":
        return source.encode()
    if container == "ipynb":
        return notebook(source)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tarea.py", source)
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def notebook(*sources: str, outputs: list[object] | None = None, metadata: Mapping[str, object] | None = None) -> bytes:
    """A notebook of these code cells; `outputs` go to the last one."""
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "execution_count": n, "outputs": [], "source": source}
        for n, source in enumerate(sources, start=1)
    ]
    cells[-1]["outputs"] = outputs or []
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": dict(metadata or {}), "cells": cells}).encode()


def filled(text: str, places: Mapping[str, str]) -> str:
    """Put the arena's places where `text` names them."""
    for name, value in places.items():
        text = text.replace(f"@@{name}@@", value)
    return text
