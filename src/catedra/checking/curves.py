"""The measured runs of a class: for each measurement and key, one value or array a seed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from catedra.errors import CatedraError


class NotMeasuredError(CatedraError, KeyError):
    """A curve was asked for that no record holds yet. A KeyError, so that `in` and `get` behave as in any mapping."""

    __str__ = Exception.__str__  # a KeyError would quote the sentence


class Curves(Mapping[str, list[np.ndarray]]):
    """Results by `measurement.key`, one array a seed, in the order of `seeds`.

    Lengths may differ between seeds (training stops when it stops), hence a list and not one array.

    Args:
        seeds: the seeds measured.
        values: `measurement.key` → one value a seed.
    """

    def __init__(self, seeds: Sequence[int], values: Mapping[str, Sequence[Any]]) -> None:
        self.seeds = tuple(seeds)
        self._values = {name: [np.asarray(value) for value in runs] for name, runs in values.items()}
        for name, runs in self._values.items():
            if len(runs) != len(self.seeds):
                raise ValueError(f"curve {name!r} has {len(runs)} runs for {len(self.seeds)} seeds")

    def __getitem__(self, name: str) -> list[np.ndarray]:
        if name not in self._values:
            raise NotMeasuredError(
                f"no hay ninguna medición `{name}` (hay: {sorted(self._values) or 'ninguna'}): corré `catedra verify`"
            )
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def stack(self, name: str) -> np.ndarray:
        """Return the runs as one array, seeds first; runs of different length are cut to the shortest."""
        runs = self[name]
        if runs and runs[0].ndim:
            length = min(len(run) for run in runs)
            runs = [run[:length] for run in runs]
        return np.stack(runs)
