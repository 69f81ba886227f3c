"""Mild transforms of the hidden test part, drawn from the cohort key: what is the same for whoever learned is new for whoever looks up.

Everything that is installed is public, the test labels of public data too. Another split, another order and these transforms leave a table of
bytes, of positions or of digests without a single hit. Not excluded: a table of the pictures themselves, or of perceptual hashes, searched by
distance; docs/security.md says so. Pictures are not shifted: by one pixel, an honest MLP falls from 0.888 to 0.807 on Fashion-MNIST.
"""

import numpy as np

from catedra.datasets.split import Part, Split

GREY_LEVELS = 3
"""Noise of a grey level, uniform, at each pixel that isn't background."""
RELATIVE = 1e-3
"""Noise of a continuous column, in its standard deviations."""


def disguise(split: Split, rng: np.random.Generator) -> Split:
    """Return the split with its test part in another order and mildly transformed; labels follow.

    Images (uint8, (N, H, W) or (N, H, W, C)): the grey levels of what isn't background move by up to 3. Tables of floats, (N, D):
    noise of a thousandth of each column's deviation. Anything else (texts, integers that mean something) only changes its order.

    Args:
        split: as the data set gives it.
        rng: the judge's.
    """
    order = rng.permutation(len(split.test.y))
    x, y = split.test.x[order], split.test.y[order]
    if x.dtype == np.uint8 and x.ndim in {3, 4} and min(x.shape[1:3]) >= 16:
        x = _images(x, rng)
    elif np.issubdtype(x.dtype, np.floating) and x.ndim == 2:
        scale = RELATIVE * x.std(axis=0, keepdims=True)
        x = (x + rng.standard_normal(x.shape) * scale).astype(x.dtype)
    return split._replace(test=Part(np.ascontiguousarray(x), y))


def _images(x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    noise = rng.integers(-GREY_LEVELS, GREY_LEVELS + 1, x.shape, dtype=np.int16)
    noisy = np.clip(x.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return np.where(x > 0, noisy, x)  # a clean background stays clean
