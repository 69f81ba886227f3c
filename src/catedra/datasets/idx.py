"""The idx format of MNIST and its kin: a big-endian header, then the values.

    0 0 | type (8 = uint8) | number of axes | size of each axis, uint32 | values, the last axis fastest

Source: the format's description on the MNIST page (LeCun). Not covered: types other than uint8, which these data sets don't use.
"""

import struct
from math import prod

import numpy as np
from numpy.typing import NDArray

from catedra.datasets.errors import FormatError

UINT8 = 8


def parse_idx(data: bytes, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Read an idx file that must hold uint8 values of exactly that shape.

    Example:
        >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 9]), (2,), "two-labels")
        array([7, 9], dtype=uint8)

    Args:
        data: the file's bytes, unpacked.
        shape: what the header must say.
        name: of the file, for the message.

    Returns:
        A read-only view of `data`, no copy.

    Raises:
        FormatError: the header says otherwise, or there are more or fewer values than it says.
    """
    header = 4 + 4 * len(shape)
    if len(data) < header:
        raise FormatError(f"{name}: el encabezado idx ocupa {header} bytes y el archivo tiene {len(data)}: está cortado.")
    zero, kind, axes = struct.unpack_from(">HBB", data)
    if (zero, kind, axes) != (0, UINT8, len(shape)):
        raise FormatError(
            f"{name}: se esperaba el encabezado idx 0, {UINT8}, {len(shape)} (bytes sin signo, {len(shape)} ejes) "
            f"y dice {zero}, {kind}, {axes}: no es ese archivo."
        )
    sizes = struct.unpack_from(f">{axes}I", data, 4)
    if sizes != shape:
        raise FormatError(f"{name}: se esperaba la forma {shape} y el encabezado dice {sizes}: no es ese archivo.")
    values = np.frombuffer(data, dtype=np.uint8, offset=header)
    if values.size != prod(shape):
        raise FormatError(f"{name}: la forma {shape} pide {prod(shape)} valores y hay {values.size}: está cortado o le sobra.")
    return values.reshape(shape)
