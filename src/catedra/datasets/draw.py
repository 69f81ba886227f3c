"""Where the randomness of a split comes from: a public seed, or a cohort's secret key.

    material = HMAC-SHA-256(key, variant | seed | purpose)
    permutation = the order that sorts N 64-bit words of SHAKE-256(material)

Notable: with a key, a part of the permutation tells nothing about the rest, as it might with a small seed that can be tried out
or with a generator whose state can be solved for; and the result depends on no library's version. Each purpose has material of
its own.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """The randomness of one split.

    Attributes:
        variant: of the data, so that two data sets don't share a permutation.
        seed: an integer that anyone may know.
        key: a cohort's secret, or None for the public split.
    """

    variant: str
    seed: int = 0
    key: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.key is not None and not self.key:
            raise ValueError("the key of a split is empty, which would hide nothing: pass the cohort's key, or None")

    @property
    def secret(self) -> bool:
        """Whether a key was given."""
        return self.key is not None

    def material(self, purpose: str) -> bytes:
        """32 bytes that belong to this draw and this purpose."""
        message = "\0".join(("secret" if self.secret else "public", self.variant, str(int(self.seed)), purpose))
        return hmac.new(self.key or b"catedra", message.encode(), hashlib.sha256).digest()

    def permutation(self, count: int, purpose: str) -> IntArray:
        """A permutation of 0 … count−1.

        Example:
            >>> sorted(Draw("digits/bundled", seed=3).permutation(4, "pool").tolist())
            [0, 1, 2, 3]
        """
        words = hashlib.shake_256(self.material(purpose)).digest(8 * count)
        return np.argsort(np.frombuffer(words, dtype="<u8"), kind="stable").astype(np.int64, copy=False)

    def generator(self, purpose: str) -> np.random.Generator:
        """A NumPy generator for what is drawn rather than permuted."""
        return np.random.default_rng(int.from_bytes(self.material(purpose), "little"))
