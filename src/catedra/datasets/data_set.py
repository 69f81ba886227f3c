"""What a data set is: its variant, its files, how they are read and divided, and its generated stand-in."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catedra.datasets.draw import Draw
from catedra.datasets.partition import Parts
from catedra.datasets.split import Part, Split
from catedra.datasets.stand_in import StandIn


@dataclass(frozen=True)
class File:
    """A file of a variant.

    Attributes:
        name: in `$CATEDRA_DATA/<data set>/` and in the cache.
        size: bytes.
        sha256: hexadecimal, of the file as it is stored.
        url: official source, pinned to a commit or version.
    """

    name: str
    size: int
    sha256: str
    url: str


class Content(NamedTuple):
    """A data set in memory.

    Attributes:
        divide: makes the three parts from a draw.
        arrays: what the digest covers when no file stands for it.
    """

    divide: Callable[[Draw], Parts]
    arrays: tuple[NDArray[np.generic], ...] = ()


@dataclass(frozen=True)
class DataSet:
    """A data set of the course. Its module holds one, named `DATA_SET`.

    Attributes:
        name: as classes and the command line write it.
        variant: which of the data set's editions, e.g. "original": recorded with every figure.
        summary: what it holds, in a sentence for the learner.
        licence: under which terms it is given.
        source: page of the official source.
        files: what has to be there; empty when a library carries the data or they are drawn.
        read: from the files' bytes, by name, to the content.
        stand_in: what `smoke` generates.
        drawn: whether the examples are drawn from the seed instead of stored anywhere.
    """

    name: str
    variant: str
    summary: str
    licence: str
    source: str
    files: tuple[File, ...]
    read: Callable[[Mapping[str, bytes]], Content] = field(repr=False)
    stand_in: StandIn = field(repr=False)
    drawn: bool = False

    @property
    def full_variant(self) -> str:
        """As it stands in records: "fashion_mnist/original"."""
        return f"{self.name}/{self.variant}"

    def digest(self, content: Content) -> str:
        """sha256 over the files' names and digests, or over the arrays where there are no files."""
        total = hashlib.sha256()
        for file in sorted(self.files, key=lambda file: file.name):
            total.update(f"{file.name} {file.sha256}\n".encode())
        for array in content.arrays:
            little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            total.update(f"{little.dtype.str} {little.shape}\n".encode())
            total.update(little.tobytes())
        return total.hexdigest()


@dataclass(frozen=True)
class Loaded:
    """A data set in memory, ready to be split.

    Attributes:
        name: of the data set.
        variant: e.g. "fashion_mnist/original".
        digest: sha256, hexadecimal, over the variant's files or, where a library carries the data, over the arrays.
        licence: under which terms the data are given.
        source: page of the official source.
    """

    name: str
    variant: str
    digest: str
    licence: str
    source: str
    _divide: Callable[[Draw], Parts] = field(repr=False, compare=False)

    def split(self, seed: int = 0, key: bytes | None = None) -> Split:
        """Divide the data in train, validation and test.

        Example:
            >>> from catedra import datasets
            >>> [len(part.y) for part in datasets.load("digits").split(seed=1)[:3]]
            [1078, 360, 359]

        Args:
            seed: an integer that anyone may know; the same seed gives the same split on every machine.
            key: a cohort's secret: the split is then derived from it with HMAC and can't be guessed from the seed.

        Returns:
            New arrays: writing into them changes nothing else.

        Raises:
            ValueError: the key is empty.
        """
        train, validation, test = self._divide(Draw(self.variant, seed, key))
        return Split(Part(*train), Part(*validation), Part(*test), self.variant)
