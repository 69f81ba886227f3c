"""The programme: every planned class, built or not, in its blocks."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PROGRAMME_PATH = Path(__file__).with_name("programme.toml")


@dataclass(frozen=True)
class PlannedClass:
    """A class of the programme.

    Attributes:
        number, slug, title, minutes: as in the front matter of a class that is built.
        block: the title of the block that it belongs to.
    """

    number: int
    slug: str
    title: str
    minutes: int
    block: str


@lru_cache(maxsize=1)
def programme() -> tuple[PlannedClass, ...]:
    """Return the planned classes in order."""
    raw = tomllib.loads(PROGRAMME_PATH.read_text(encoding="utf-8"))
    return tuple(PlannedClass(**item, block=block["title"]) for block in raw["block"] for item in block["classes"])
