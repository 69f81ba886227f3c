"""Data divided in three, and the generated stand-in of the same shapes."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Part(NamedTuple):
    """Examples and their labels. Passed to an answer it becomes the tuple `(x, y)`.

    Attributes:
        x: inputs, first axis the examples.
        y: labels or targets, shape (N,) or (N, outputs).
    """

    x: NDArray[np.generic]
    y: NDArray[np.generic]


class Split(NamedTuple):
    """Training, validation and test parts. Test labels never reach the answer.

    Attributes:
        train, validation, test: the parts.
        variant: which data these are, e.g. "fashion_mnist/original"; "…/synthetic" for generated ones.
    """

    train: Part
    validation: Part
    test: Part
    variant: str

    @staticmethod
    def smoke(name: str, seed: int = 0) -> "Split":
        """Generate a small learnable split with the shapes per example, dtypes and classes of the data set `name`.

        Example:
            >>> Split.smoke("digits").train.x.shape
            (240, 8, 8)
        """
        from catedra.datasets.registry import smoke  # the registry knows the data sets, and they know Split

        return smoke(name, seed)


@runtime_checkable
class SplitLike(Protocol):
    """What a criterion may expect of its `data`, for code that takes a `Split` or something that wraps one."""

    @property
    def train(self) -> Part: ...
    @property
    def validation(self) -> Part: ...
    @property
    def test(self) -> Part: ...
    @property
    def variant(self) -> str: ...
