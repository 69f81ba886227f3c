"""Data divided in three, and the generated stand-in of the same shapes."""

from typing import NamedTuple

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
