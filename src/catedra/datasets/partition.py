"""How a pool of examples becomes three parts."""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from catedra.datasets.draw import Draw, IntArray
from catedra.datasets.split import Part

Parts = tuple[Part, Part, Part]

# Exact fractions: sizes must not hang on how 0.6 × N is rounded in floating point.
TRAIN_END, VALIDATION_END = Fraction(3, 5), Fraction(4, 5)


def take(part: Part, rows: IntArray) -> Part:
    """The rows of a part, copied: whoever gets a split may write into it."""
    return Part(part.x[rows], part.y[rows])


def divide(pool: Part, draw: Draw, *, stratify: bool) -> Parts:
    """60 % / 20 % / 20 % of the pool, permuted; of each class if `stratify`.

    Args:
        pool: all examples.
        draw: where the permutation comes from.
        stratify: whether each part has the classes in the pool's proportions; `pool.y` must be labels then.
    """
    order = draw.permutation(len(pool.y), "pool")
    groups = pool.y[order] if stratify else np.zeros(len(order))
    part = np.empty(len(order), dtype=np.int64)  # 0, 1 or 2 for each place of the permutation, so that classes stay mixed
    for group in np.unique(groups):
        places = np.flatnonzero(groups == group)
        part[places] = _part_of(len(places))
    return take(pool, order[part == 0]), take(pool, order[part == 1]), take(pool, order[part == 2])


def _part_of(count: int) -> NDArray[np.int64]:
    bounds = [round(count * TRAIN_END), round(count * VALIDATION_END)]
    return np.searchsorted(bounds, np.arange(count), side="right").astype(np.int64, copy=False)
