"""What the wire's format is, for its writer and its reader: extensions, limits, and which arrays cross.

None, bool, int, float, str, bytes, list, dict     themselves, as msgpack writes them
tuple                          extension 1         an array header and the items
complex                        extension 2         two doubles, big-endian
array under 64 KiB             extension 3         [dtype.str, shape, bytes]
larger array                   extension 4         [dtype.str, shape, where], the pixels beside the frame
what has no plain form         extension 5         [number, type's name]
int beyond 64 bits             extension 6         two's complement, big-endian
"""

import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from catedra.errors import CatedraError

MAX_FRAME = 16 * 2**20
LARGE = 64 * 2**10
"""Bytes from which an array travels beside the frame."""
MAX_NDIM = 32
MAX_LONG = 4096
"""Bytes of the longest integer."""
MAX_NAME = 64
"""Characters of the name of a handle's type."""
MAX_ARRAYS = 2**16
"""Arrays a message. Reading one takes microseconds, not the tenths that a number takes; its axes count as elements too."""
MAX_NUMBER_KEYS = 2**14
"""Keys that are not text, a message. Python hashes numbers without a secret: whoever chooses them can make every insertion collide
with all before it, so the square of this is what reading may cost."""

TUPLE, COMPLEX, ARRAY, LARGE_ARRAY, HANDLE, LONG = range(1, 7)

PAIR = struct.Struct(">dd")
"""A complex number."""

Place = Callable[[np.ndarray], int]
"""Puts an array of `LARGE` bytes or more beside the frame and returns where: an index or an offset, never negative."""
Fetch = Callable[[np.dtype[Any], tuple[int, ...], int], np.ndarray]
"""Brings what a `Place` put: dtype, shape, where → a C-contiguous array. Raises ProtocolError if it isn't there."""
Ticket = Callable[[Any], tuple[int, str]]
"""The number and the type's name under which a value without plain form crosses; raises NotPlainError if it must not."""
Redeem = Callable[[int, str], Any]
"""What stands for a ticket on this side: a `Handle` at the judge, the object itself at the worker."""

NATIVE = {
    np.dtype(order + code).str: np.dtype(code)
    for code in ("b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
    for order in "<>"
}
TEXT = re.compile(r"[<>]U[1-9][0-9]{0,8}|\|S[1-9][0-9]{0,9}")
_PIECE = 2**20


class ProtocolError(CatedraError):
    """What arrived breaks the protocol: whoever sent it is not to be spoken to any more."""


def crossing(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The native dtype in which arrays of `dtype` cross; None if they don't."""
    native = NATIVE.get(dtype.str)
    if native is not None:
        return native if native.type is dtype.type else None  # types of other packages can bear a name of NumPy's
    return dtype.newbyteorder("=") if TEXT.fullmatch(dtype.str) else None


def volume(shape: tuple[int, ...], itemsize: int) -> int:
    """Bytes of an array; an empty one counts its other axes, which NumPy multiplies too."""
    for size in shape:
        itemsize *= size or 1
    return itemsize


def sound(array: np.ndarray) -> bool:
    """Whether the bytes of a native array are values of its dtype: any are, except of `bool` and text."""
    kind = array.dtype.kind
    if (kind != "b" and kind != "U") or not array.size:
        return True
    codes: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8 if kind == "b" else np.uint32)
    highest = codes.max()
    if kind == "b" or highest < 0xD800:
        return bool(highest <= (1 if kind == "b" else 0xD800))
    pieces = (codes[at : at + _PIECE] for at in range(0, codes.size, _PIECE))
    return not any(np.any((piece > 0x10FFFF) | (piece >> 11 == 0xD800 >> 11)) for piece in pieces)


def long_size(value: int) -> int:
    """Bytes of an integer's shortest two's complement."""
    return (value if value >= 0 else ~value).bit_length() // 8 + 1
