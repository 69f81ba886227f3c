"""Every attack is handed in to the real judge: none wins, and every honest twin passes."""

import importlib.util
from collections.abc import Iterator
from typing import Any

import pytest

from tests.attacks.arena import Arena
from tests.attacks.attack import Attack
from tests.attacks.suite import ATTACKS

pytest.importorskip("catedra.grading.judge")
pytestmark = [pytest.mark.xdist_group("attacks")]


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with Arena() as made:
        yield made


def cases() -> Iterator[Any]:
    """Every attack; those that use up a budget or a deadline take minutes together, so they belong to `make soak`."""
    for item in ATTACKS:
        marks = [pytest.mark.soak] if item.family == "exhaustion" else []
        yield pytest.param(item, marks=marks, id=f"{item.family}-{item.name}")


@pytest.mark.parametrize("item", list(cases()))
def test_the_attack_wins_nothing_and_its_twin_passes(arena: Arena, item: Attack) -> None:
    if missing := [name for name in item.needs if importlib.util.find_spec(name) is None]:
        pytest.skip(f"needs {', '.join(missing)}, which is not installed here")
    outcome = arena.run(item)
    assert outcome.wins == [], outcome.seen[-3000:]
    assert outcome.twin_failed == []
