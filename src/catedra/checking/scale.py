"""How big a run is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class ScaleName(StrEnum):
    """`smoke`: seconds, generated data, nothing judged. `laptop`: real data, the size that is judged.
    `claim`: the size that a claim states. `full`: the size that the specification names (GPU, hub models)."""

    SMOKE = "smoke"
    LAPTOP = "laptop"
    CLAIM = "claim"
    FULL = "full"


@dataclass(frozen=True)
class Scale:
    """The size of a run, and the choice of a value by it.

    Example:
        >>> Scale(ScaleName.SMOKE).pick(smoke=1, laptop=8)
        1
        >>> Scale(ScaleName.FULL).pick(smoke=1, laptop=8)
        8
    """

    name: ScaleName

    def pick(self, *, smoke: T, laptop: T, full: T | None = None, claim: T | None = None) -> T:
        """Return the value for this scale; `full` falls back to `laptop`, `claim` to `full`."""
        at_full = laptop if full is None else full
        values = {
            ScaleName.SMOKE: smoke,
            ScaleName.LAPTOP: laptop,
            ScaleName.FULL: at_full,
            ScaleName.CLAIM: at_full if claim is None else claim,
        }
        return values[self.name]

    @property
    def judges(self) -> bool:
        """Whether thresholds that need training are judged at this scale (not at smoke: its data are generated)."""
        return self.name is not ScaleName.SMOKE
