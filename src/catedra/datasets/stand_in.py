"""The generated stand-in of a data set: same shape per example, dtype and number of classes, a few hundred examples.

It shows that code runs and learns *something*, never how well. Class c of C has at feature j of F the mean

    0.5 + 0.3 · cos(2π (c / C + j / F))

of the feature's range, so a linear model separates the classes; a regression target is a noisy linear function of the features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from catedra.datasets.draw import Draw
from catedra.datasets.split import Part, Split

SIZES = (240, 80, 80)
NOISE = 0.08


@dataclass(frozen=True)
class StandIn:
    """What to generate.

    Attributes:
        example: shape of one example.
        dtype: of the inputs.
        low, high: range of the inputs, a number or one a feature (last axis).
        classes: how many; None for regression.
        target: range of the regression's target.
    """

    example: tuple[int, ...]
    dtype: str
    low: float | Sequence[float]
    high: float | Sequence[float]
    classes: int | None = None
    target: tuple[float, float] = (0.0, 1.0)

    def split(self, name: str, seed: int) -> Split:
        """Generate the three parts from the seed."""
        variant = f"{name}/synthetic"
        rng = Draw(variant, seed).generator("smoke")
        train, validation, test = (self._part(size, rng) for size in SIZES)
        return Split(train, validation, test, variant)

    def _part(self, size: int, rng: np.random.Generator) -> Part:
        features = prod(self.example)
        if self.classes is None:
            unit = rng.uniform(size=(size, features))
            slope = np.cos(2 * np.pi * np.arange(features) / features)
            score = (unit - 0.5) @ slope / np.abs(slope).sum() + rng.normal(0, NOISE / 4, size)
            low, high = self.target
            return Part(self._scaled(unit), low + (high - low) * np.clip(0.5 + score, 0, 1))
        labels = rng.permutation(np.arange(size) % self.classes).astype(np.int64)
        phase = labels[:, None] / self.classes + np.arange(features) / features
        unit = 0.5 + 0.3 * np.cos(2 * np.pi * phase) + rng.normal(0, NOISE, (size, features))
        return Part(self._scaled(np.clip(unit, 0, 1)), labels)

    def _scaled(self, unit: NDArray[np.float64]) -> NDArray[np.generic]:
        low, high = np.asarray(self.low), np.asarray(self.high)
        x: NDArray[np.float64] = low + (high - low) * unit.reshape(-1, *self.example)
        dtype = np.dtype(self.dtype)
        return (np.rint(x) if dtype.kind in "iu" else x).astype(dtype)
