"""The suite itself: attacks that bite, twins that are right, and an arena that sees a win."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.attacks import arena as arena_module
from tests.attacks.arena import REPOSITORY, Arena
from tests.attacks.attack import FAMILIES, Attack, Win
from tests.attacks.reports import Reports
from tests.attacks.suite import ATTACKS
from tests.attacks.target import HONEST, PLACES

pytestmark = [pytest.mark.xdist_group("attacks")]

THERE = [item for item in ATTACKS if all(importlib.util.find_spec(name) for name in item.needs)]
SHOWN = [item for item in THERE if not item.not_shown]


class Ground(Arena):
    """The arena's folders and its decoy, without a judge."""

    def __enter__(self) -> "Ground":
        self.root = Path(arena_module.tempfile.mkdtemp(prefix="arena-"))
        self._plant()
        self._decoy = self._start_decoy()
        self.places["HOST"] = self.places["DECOY_PID"]
        return self

    def without_walls(self, mode: str, handed_in: Mapping[str, tuple[str, bytes]]) -> dict[str, dict[str, str]]:
        """Name → what came of it with no wall around it."""
        folder = self.root / "private" / mode
        paths = {}
        for n, (name, (suffix, content)) in enumerate(handed_in.items()):
            path = folder / f"{n}.{suffix}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            paths[name] = str(path)
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.attacks.unprotected", str(self.root / "classes" / "c902_target"), mode],
            input=json.dumps(paths), capture_output=True, text=True, timeout=600, check=False, cwd=self.root / "cwd",
            env={**self._environment(self.canaries["judge's environment"]), "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-3000:]
        return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as made:
        yield made


@pytest.fixture(scope="module")
def textbook(ground: Ground) -> dict[str, dict[str, str]]:
    sources = {item.name: (item.container, item.handed_in(ground.places)) for item in SHOWN}
    return ground.without_walls("textbook", {"honest": ("py", HONEST.encode()), **sources})


@pytest.fixture(scope="module")
def twins(ground: Ground) -> dict[str, dict[str, str]]:
    return ground.without_walls("twins", {item.name: (item.container, item.twin_handed_in(ground.places)) for item in THERE})


def test_there_are_at_least_seventy_of_every_family_and_names_are_unique() -> None:
    assert len(ATTACKS) >= 70
    counts = Counter(item.family for item in ATTACKS)
    assert set(counts) == set(FAMILIES)
    assert min(counts.values()) >= 5
    assert [name for name, count in Counter(item.name for item in ATTACKS).items() if count > 1] == []


def test_every_kind_of_win_is_sought_by_some_attack() -> None:
    assert set().union(*(item.wins_if for item in ATTACKS)) == set(Win)


@pytest.mark.parametrize("item", ATTACKS, ids=lambda item: item.name)
def test_an_attack_is_not_its_twin_and_leaves_no_place_unnamed(ground: Ground, item: Attack) -> None:
    if item not in THERE:
        pytest.skip(f"needs {item.needs}")
    attack, twin = item.handed_in(ground.places), item.twin_handed_in(ground.places)
    assert attack != twin
    place = re.compile(rb"@@[A-Z_0-9]+@@")  # two of them alone are a checksum of a zip, now and then
    assert not place.search(attack)
    assert not place.search(twin)
    if item.container == "py" and item.raw is None:
        compile(attack, "attack", "exec")


@pytest.mark.parametrize("item", THERE, ids=lambda item: item.name)
def test_a_twin_is_right(twins: dict[str, dict[str, str]], item: Attack) -> None:
    found = twins[item.name]
    assert {place: found.get(place, found) for place in PLACES if not found.get(place, "").startswith("correct")} == {}


def test_the_textbook_grader_passes_an_honest_answer(textbook: dict[str, dict[str, str]]) -> None:
    assert textbook["honest"] == dict.fromkeys(PLACES, "correct")


@pytest.mark.parametrize("item", SHOWN, ids=lambda item: item.name)
def test_an_attack_bites_where_there_are_no_walls(ground: Ground, textbook: dict[str, dict[str, str]], item: Attack) -> None:
    found = textbook[item.name]
    scored = [place for place in item.wrong if found.get(place) == "correct"]
    leaked = ground._leaked(found)
    if Win.SCORES in item.wins_if:
        assert scored, found
    else:
        assert leaked, found


@pytest.mark.parametrize("family", ["forging", "interpreter", "hidden", "measures"])
def test_most_attacks_that_could_fool_a_grader_are_shown_to(family: str) -> None:
    shown = [item for item in SHOWN if item.family == family]
    assert len(shown) >= (4 if family == "forging" else 11), [item.name for item in shown]


def test_an_attack_that_could_be_shown_says_why_it_is_not() -> None:
    assert [item.name for item in ATTACKS if item.not_shown and len(item.not_shown) < 20] == []


def _verdict(**outcomes: str) -> dict:
    checks = [
        {
            "exercise": int(n),
            "title": "t",
            "outcome": outcomes.get(f"e{n}", "correct"),
            "message": "m",
            "detail": "",
            "section": None,
            "seconds": 0.0,
        }
        for n in "12345"
    ]
    return {
        "class_number": 902, "submission_sha256": "", "content_hash": "", "advisory": False, "created": "", "version": "", "checks": checks,
        "criteria": [], "layers": [], "environment": "", "cohort": "",
    }  # fmt: skip


class _Judge:
    """Stands for the judge: replies what it is told to, after doing what it is told to."""

    def __init__(self, reply, does=lambda: None) -> None:
        self.reply, self.does, self.pid = reply, does, os.getpid()

    def grade(self, path: Path, limit: float):
        self.does()
        return self.reply

    def tree(self) -> dict:
        return {}

    def complaints(self) -> str:
        return ""


ITEM = Attack("probe", "files", "see that the arena sees", HONEST, "", frozenset({Win.SCORES}), ("1",))


@pytest.mark.parametrize("win", [Win.SCORES, Win.LEAKS, Win.ESCAPES, Win.DOWN, Win.REACHES, Win.RENDERS])
def test_the_arena_sees_a_win_of_each_kind(ground: Ground, win: Win) -> None:
    wrong = _verdict(e1="incorrect")
    does, reply = (lambda: None), {"verdict": wrong}
    if win is Win.SCORES:
        reply = {"verdict": _verdict()}
    elif win is Win.LEAKS:
        wrong["checks"][0]["message"] = f"no: {ground.canaries['key file'].encode().hex()}"
    elif win is Win.ESCAPES:
        does = lambda: (ground.root / "outside" / "precious.txt").write_text("x")  # noqa: E731
    elif win is Win.DOWN:
        reply = {"crashed": "Traceback"}
    elif win is Win.REACHES:
        does = lambda: (ground.root / "outside" / "visits.txt").write_text("\n".join(["tcp"] * (len(ground._visits()) + 1)))  # noqa: E731
    found = _with_judge(ground, reply, does, renders=win is Win.RENDERS)
    assert [item.partition(":")[0] for item in found.wins] == [win]


def _with_judge(ground: Ground, reply, does, renders: bool = False):
    ground._host = _Judge(reply, does)
    ground._reports = (
        SimpleNamespace(trouble=lambda *_: ["<script>"]) if renders else Reports(ground.root / "classes" / "c902_target")
    )
    ground._honest = ground._usual()
    try:
        return ground.run(ITEM)
    finally:
        del ground._host


def test_the_arena_sees_that_the_next_verdict_changed(ground: Ground) -> None:
    ground._host = _Judge({"verdict": _verdict(e1="incorrect")})
    ground._reports = Reports(ground.root / "classes" / "c902_target")
    ground._honest = {"1": ("correct", None, "m")}
    found = ground.run(ITEM)
    del ground._host
    assert [item.partition(":")[0] for item in found.wins] == [Win.NEXT]


def test_the_arena_sees_a_process_that_survives(ground: Ground) -> None:
    with subprocess.Popen(["sleep", "60"]) as left:
        ground._host = SimpleNamespace(tree=lambda: {left.pid: arena_module.psutil.Process(left.pid)}, pid=os.getpid())
        assert [str(left.pid) in item for item in ground._survivors(set())] == [True]
        assert ground._survivors({left.pid}) == []
        del ground._host
        left.kill()


def test_reports_that_escape_nothing_are_seen(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    reports = Reports(ground.root / "classes" / "c902_target")
    verdict = _verdict(e1="runtime_error")
    verdict["checks"][0]["message"] = "<script>alert(1)</script>"
    assert reports.trouble("=1+1<img onerror=x>", {"verdict": verdict}) == []
    monkeypatch.setattr(
        "tests.attacks.reports.student_page", lambda row, *_: f"<p>{row.grade.verdict.checks[0].message}</p>{row.student}"
    )
    monkeypatch.setattr("tests.attacks.reports.as_csv", lambda rows, *_: f"a\n{rows[0].student}\n".encode())
    found = reports.trouble("=1+1<img onerror=x>", {"verdict": verdict})
    assert any("<script>" in item for item in found)
    assert any("the cell" in item for item in found)


def test_the_repository_is_the_one_that_is_tested() -> None:
    assert (REPOSITORY / "tests" / "attacks" / "suite.py").is_file()
