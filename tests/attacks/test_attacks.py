"""Every attack is handed in to the real judge: none wins, and every honest twin passes."""

import importlib.util
from collections.abc import Iterator

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


@pytest.mark.parametrize("item", ATTACKS, ids=lambda item: f"{item.family}-{item.name}")
def test_the_attack_wins_nothing_and_its_twin_passes(arena: Arena, item: Attack) -> None:
    if missing := [name for name in item.needs if importlib.util.find_spec(name) is None]:
        pytest.skip(f"needs {', '.join(missing)}, which is not installed here")
    outcome = arena.run(item)
    assert outcome.wins == [], outcome.seen[-3000:]
    assert outcome.twin_failed == []
