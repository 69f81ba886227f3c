"""The codec between judge and worker: plain data and handles ↔ the msgpack bytes of one frame. No I/O.

`pack` writes with the msgpack library; `unpack` is a reader of our own (`wire_reader`); the format is `wire_format`'s.

What is read is exact: built-in types, and base C-contiguous arrays in native byte order that own their memory (those that
`fetch` brings are as it brings them). A `bool` array holds zeros and ones, and a text array characters, or they are refused:
NumPy believes whatever bytes it finds.

Not here: frames, deadlines and descriptors (`channel`), where large arrays stand (`memory`), requests and replies (`calls`).
"""

from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np

from catedra.checking.answer import Handle
from catedra.checking.plain import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, NotPlainError, plain, type_name
from catedra.sandbox.wire_format import (
    ARRAY,
    COMPLEX,
    HANDLE,
    LARGE,
    LARGE_ARRAY,
    LONG,
    MAX_ARRAYS,
    MAX_FRAME,
    MAX_LONG,
    MAX_NAME,
    MAX_NDIM,
    MAX_NUMBER_KEYS,
    PAIR,
    TUPLE,
    Place,
    ProtocolError,
    Ticket,
    crossing,
    long_size,
    sound,
    volume,
)
from catedra.sandbox.wire_reader import unpack

__all__ = ["ProtocolError", "pack", "sendable_text", "unpack"]

_KEYS = {str, int, float, bool}


def pack(value: Any, place: Place, ticket: Ticket, around: int = 0) -> bytes:
    """Return the frame's payload for `value`, turned into plain data on the way as `plain` would.

    Args:
        value: anything; exact plain data are written as they stand, the rest goes through `plain` first.
        place: puts a large array beside the frame.
        ticket: what to do with a leaf that has no plain form.
        around: levels of lists that belong to the message and that the limit of depth doesn't count.

    Raises:
        NotPlainError: a leaf may not cross, or a limit is passed. `unpack` accepts whatever this returns.
    """
    writer = _Writer(place, ticket, MAX_DEPTH + around)
    writer.write(value, 0)
    return writer.payload()


def sendable_text(text: str, limit: int) -> str:
    """At most `limit` characters of a text, those that can't cross replaced."""
    return text[:limit].encode("utf-8", "replace").decode()


class _Token:
    """A ticket among plain data."""

    __slots__ = ("kind", "number")

    def __init__(self, number: int, kind: str) -> None:
        self.number, self.kind = number, kind


class _Writer:
    def __init__(self, place: Place, ticket: Ticket, deepest: int) -> None:
        self._out = _packer()
        self._place, self._ticket, self._deepest = place, ticket, deepest
        self._items, self._bytes, self._arrays, self._number_keys = MAX_ITEMS, MAX_BYTES, MAX_ARRAYS, MAX_NUMBER_KEYS

    def payload(self) -> bytes:
        return self._fitting(self._out.bytes())

    def write(self, value: Any, depth: int) -> None:
        self._items -= 1
        if depth > self._deepest:
            raise NotPlainError(f"hay más de {MAX_DEPTH} niveles de listas dentro de listas: devolvé algo más chato")
        if self._items < 0:
            raise NotPlainError(f"hay más de {MAX_ITEMS} elementos sueltos: devolvé un arreglo de NumPy")
        kind = type(value)
        if kind is float or kind is bool or value is None:
            self._out.pack(value)
        elif kind is int:
            self._int(value)
        elif kind is str:
            self._str(value)
        elif kind is np.ndarray:
            self._array(value, depth)
        elif kind is list:
            items = tuple(value)  # a thread of the student's may be appending to it
            self._out.pack_array_header(len(items))
            for item in items:
                self.write(item, depth + 1)
        elif kind is tuple:
            self._tuple(value, depth)
        elif kind is dict:
            pairs = list(value.items())
            if not _KEYS.issuperset([type(key) for key, _ in pairs]):
                self._convert(value, depth)
                return
            self._out.pack_map_header(len(pairs))
            for key, item in pairs:
                self._key(key)
                self.write(item, depth + 1)
        elif kind is bytes:
            self._out.pack(self._fitting(value))
        elif kind is complex:
            self._out.pack_ext_type(COMPLEX, PAIR.pack(value.real, value.imag))
        elif kind is Handle:
            self._handle(*self._ticket(value))
        elif kind is _Token:
            self._handle(value.number, value.kind)
        else:
            self._convert(value, depth)

    def _handle(self, number: int, kind: str) -> None:
        self._out.pack_ext_type(HANDLE, msgpack.packb((number, sendable_text(kind, MAX_NAME))))

    def _convert(self, value: Any, depth: int) -> None:
        converted = plain(value, opaque=lambda leaf: _Token(*self._ticket(leaf)))
        if type(converted) is np.ndarray and crossing(converted.dtype) is None:
            raise NotPlainError(f"un {type_name(converted)} no se puede pasar: convertilo con `.astype` a float64 o complex128")
        self._items += 1
        self.write(converted, depth)

    def _fitting(self, value: bytes) -> bytes:
        if len(value) > MAX_FRAME:
            raise NotPlainError(f"hay más de {MAX_FRAME // 2**20} MiB fuera de los arreglos: usá un arreglo de NumPy")
        return value

    def _str(self, value: str) -> None:
        try:
            self._out.pack(value)
        except UnicodeEncodeError:
            raise NotPlainError("hay texto que no es Unicode válido: sacale los subrogados sueltos (\\ud800 a \\udfff)") from None

    def _int(self, value: int) -> None:
        if -(2**63) <= value < 2**64:
            self._out.pack(value)
            return
        size = long_size(value)
        if size > MAX_LONG:
            raise NotPlainError(f"hay un entero de {size} bytes y el máximo es {MAX_LONG}: devolvé uno más chico")
        self._out.pack_ext_type(LONG, value.to_bytes(size, "big", signed=True))

    def _key(self, key: Any) -> None:
        kind = type(key)
        if kind is str:
            self._str(key)
            return
        self._number_keys -= 1
        if self._number_keys < 0:
            raise NotPlainError(f"hay más de {MAX_NUMBER_KEYS} claves que no son texto: devolvé un arreglo o una lista de pares")
        if kind is int and not -(2**63) <= key < 2**64:
            raise NotPlainError("una clave de diccionario es un entero de más de 64 bits: usá texto")
        self._out.pack(key)

    def _tuple(self, value: tuple[Any, ...], depth: int) -> None:
        outer, self._out = self._out, _packer()
        self._out.pack_array_header(len(value))
        for item in value:
            self.write(item, depth + 1)
        inner, self._out = self._fitting(self._out.bytes()), outer
        outer.pack_ext_type(TUPLE, inner)

    def _array(self, array: np.ndarray, depth: int) -> None:
        native = crossing(array.dtype)
        if native is None:
            self._convert(array, depth)
            return
        self._arrays -= 1
        if self._arrays < 0:
            raise NotPlainError(f"hay más de {MAX_ARRAYS} arreglos: juntalos en uno con `np.stack`")
        if array.ndim > MAX_NDIM:
            raise NotPlainError(f"hay un arreglo de {array.ndim} ejes y el máximo es {MAX_NDIM}: usá `reshape`")
        self._items -= array.ndim
        self._bytes -= array.nbytes
        if self._bytes < 0 or volume(array.shape, native.itemsize) > MAX_BYTES:
            raise NotPlainError(f"hay más de {MAX_BYTES // 2**30} GiB de datos: devolvé solo lo que se pide")
        if not array.dtype.isnative:
            array = array.astype(native)
        if not sound(array):
            raise NotPlainError(f"hay un arreglo {native} con bytes que no son valores de ese tipo: creá el arreglo de nuevo")
        if array.nbytes < LARGE:
            self._out.pack_ext_type(ARRAY, msgpack.packb((native.str, array.shape, array.tobytes())))
        else:
            self._out.pack_ext_type(LARGE_ARRAY, msgpack.packb((native.str, array.shape, self._place(array))))


def _packer() -> Any:
    return msgpack.Packer(autoreset=False, buf_size=512)
