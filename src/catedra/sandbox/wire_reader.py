"""The wire's reader: it takes what an enemy may have written.

msgpack's own reader limits each list but not the elements of a message, has a depth of its own (1,024), and hands over an extension as
a copy, so that one within another is copied once a level: 15 MiB inside 32 tuples took 495 MiB (msgpack 1.2.4). Here
nothing is copied before it is a value, and depth and elements are counted before each.
"""

import struct
from typing import Any

import numpy as np

from catedra.checking.plain import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, Plain, type_name
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
    NATIVE,
    PAIR,
    TEXT,
    TUPLE,
    Fetch,
    ProtocolError,
    Redeem,
    long_size,
    sound,
    volume,
)

_NUMBERS = {
    code: struct.Struct(">" + letter) for code, letter in zip([0xCA, 0xCB, *range(0xCC, 0xD4)], "fdBHIQbhiq", strict=True)
}
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_BYTES, _STRINGS = {0xC4: 1, 0xC5: 2, 0xC6: 4}, {0xD9: 1, 0xDA: 2, 0xDB: 4}  # code → bytes of the length that follows
_LISTS, _MAPS, _EXTENSIONS = {0xDC: 2, 0xDD: 4}, {0xDE: 2, 0xDF: 4}, {0xC7: 1, 0xC8: 2, 0xC9: 4}
_FIXED = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}  # code → bytes of the extension itself
_CONTAINERS = frozenset([*range(0x80, 0xA0), *_LISTS, *_MAPS, *_FIXED, *_EXTENSIONS])


def unpack(payload: bytes, fetch: Fetch, redeem: Redeem, around: int = 0) -> Plain:
    """Return the value that a payload holds; whoever wrote it is not trusted.

    Args:
        payload: the frame without its length.
        fetch: brings a large array.
        redeem: gives what stands for a handle.
        around: as in `pack`.

    Raises:
        ProtocolError: the payload is not exactly one value within the limits.
    """
    if len(payload) > MAX_FRAME:
        raise ProtocolError(f"se esperaba un mensaje de hasta {MAX_FRAME} bytes y llegó uno de {len(payload)}")
    reader = _Reader(payload, fetch, redeem, MAX_DEPTH + around)
    value = reader.read(0)
    reader.finish(len(payload))
    return value


class _Reader:
    """Reads left to right. Every byte is taken by `_take`, `_byte` or `_within`: there is no other place where the frame could be passed."""

    def __init__(self, payload: bytes, fetch: Fetch, redeem: Redeem, deepest: int) -> None:
        self._payload, self._size, self._at = payload, len(payload), 0
        self._fetch, self._redeem, self._deepest = fetch, redeem, deepest
        self._items, self._bytes, self._arrays, self._number_keys = MAX_ITEMS, MAX_BYTES, MAX_ARRAYS, MAX_NUMBER_KEYS

    def finish(self, end: int) -> None:
        if self._at != end:
            raise ProtocolError(f"se esperaba que el valor terminara en el byte {end} y termina en el {self._at}")

    def read(self, depth: int) -> Plain:
        self._items -= 1
        if depth > self._deepest:
            raise ProtocolError(f"se esperaban hasta {MAX_DEPTH} niveles y hay más")
        if self._items < 0:
            raise ProtocolError(f"se esperaban hasta {MAX_ITEMS} elementos y hay más")
        code = self._byte()
        if code not in _CONTAINERS:
            return self._scalar(code)
        if code < 0x90:
            return self._dict(code & 0x0F, depth)
        if code < 0xA0:
            return self._list(code & 0x0F, depth)
        if code in _FIXED:
            return self._extension(_FIXED[code], depth)
        if code in _EXTENSIONS:
            return self._extension(self._length(_EXTENSIONS[code]), depth)
        if code in _LISTS:
            return self._list(self._length(_LISTS[code]), depth)
        return self._dict(self._length(_MAPS[code]), depth)

    def _byte(self) -> int:
        try:
            code = self._payload[self._at]
        except IndexError:
            raise ProtocolError("el mensaje termina antes que el valor") from None
        self._at += 1
        return code

    def _take(self, size: int) -> bytes:
        start, self._at = self._at, self._within(size)
        return self._payload[start : self._at]

    def _within(self, size: int) -> int:
        """Where `size` more bytes end, if the frame has them."""
        end = self._at + size
        if end > self._size:
            raise ProtocolError("el mensaje termina antes que el valor")
        return end

    def _length(self, width: int) -> int:
        return int.from_bytes(self._take(width), "big")

    def _scalar(self, code: int) -> Any:
        if code < 0x80:
            return code
        if 0xA0 <= code < 0xC0:
            return self._str(code & 0x1F)
        number = _NUMBERS.get(code)
        if number is not None:
            start, self._at = self._at, self._within(number.size)
            return number.unpack_from(self._payload, start)[0]
        if code in _STRINGS:
            return self._str(self._length(_STRINGS[code]))
        if code in _BYTES:
            return self._take(self._length(_BYTES[code]))
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code >= 0xE0:
            return code - 0x100
        raise ProtocolError(f"el byte {code:#x} no empieza ningún valor que se esperara aquí")

    def _str(self, size: int) -> str:
        start, self._at = self._at, self._within(size)
        try:
            return self._payload[start : self._at].decode()
        except UnicodeDecodeError:
            raise ProtocolError("se esperaba texto UTF-8 y llegaron otros bytes") from None

    def _list(self, count: int, depth: int) -> list[Plain]:
        return [self.read(depth + 1) for _ in range(count)]

    def _dict(self, count: int, depth: int) -> dict[Plain, Plain]:
        pairs: dict[Plain, Plain] = {}
        for _ in range(count):
            key = self._key()
            if key in pairs:
                raise ProtocolError("un diccionario repite una clave")
            pairs[key] = self.read(depth + 1)
        return pairs

    def _key(self) -> Plain:
        key = self._scalar(self._byte())
        if type(key) is not str:
            self._number_keys -= 1
            if type(key) not in (int, float, bool):
                raise ProtocolError(f"se esperaba una clave de texto o número y llegó `{type_name(key)}`")
            if self._number_keys < 0:
                raise ProtocolError(f"se esperaban hasta {MAX_NUMBER_KEYS} claves que no fueran texto y hay más")
        return key

    def _extension(self, size: int, depth: int) -> Plain:
        code = self._byte()
        end = self._within(size)
        if code == TUPLE:
            value: Plain = tuple(self._list(self._count(), depth))
        elif code == COMPLEX and size == PAIR.size:
            value = complex(*PAIR.unpack(self._take(size)))
        elif code in (ARRAY, LARGE_ARRAY):
            value = self._array(code)
        elif code == HANDLE:
            value = self._handle()
        elif code == LONG and size <= MAX_LONG:
            value = self._long(size)
        else:
            raise ProtocolError(f"se esperaba una extensión de la 1 a la 6 y llegó la {code}, de {size} bytes")
        self.finish(end)
        return value

    def _count(self) -> int:
        """The header of a list inside an extension."""
        code = self._byte()
        if 0x90 <= code < 0xA0:
            return code & 0x0F
        if code not in _LISTS:
            raise ProtocolError(f"se esperaba una lista dentro de la extensión y llegó el byte {code:#x}")
        return self._length(_LISTS[code])

    def _fields(self, count: int) -> None:
        if self._count() != count:
            raise ProtocolError(f"se esperaba una extensión de {count} campos")

    def _name(self) -> str:
        value = self._scalar(self._byte())
        if type(value) is not str:
            raise ProtocolError(f"se esperaba un nombre y llegó `{type_name(value)}`")
        return value

    def _whole(self) -> int:
        value = self._scalar(self._byte())
        if type(value) is not int or value < 0:
            raise ProtocolError(f"se esperaba un número natural y llegó `{type_name(value)}`")
        return value

    def _handle(self) -> Any:
        self._fields(2)
        number, kind = self._whole(), self._name()
        if len(kind) > MAX_NAME:
            raise ProtocolError(f"se esperaba el nombre de un tipo, de hasta {MAX_NAME} caracteres, y llegaron {len(kind)}")
        return self._redeem(number, kind)

    def _long(self, size: int) -> int:
        value = int.from_bytes(self._take(size), "big", signed=True)
        if -(2**63) <= value < 2**64 or long_size(value) != size:
            raise ProtocolError("se esperaba un entero de más de 64 bits, sin bytes de más")
        return value

    def _array(self, code: int) -> np.ndarray:
        self._arrays -= 1
        if self._arrays < 0:
            raise ProtocolError(f"se esperaban hasta {MAX_ARRAYS} arreglos y hay más")
        self._fields(3)
        dtype = _named(self._name())
        ndim = self._count()
        if ndim > MAX_NDIM:
            raise ProtocolError(f"se esperaban hasta {MAX_NDIM} ejes y llegaron {ndim}")
        self._items -= ndim
        shape = tuple([self._whole() for _ in range(ndim)])
        spanned = volume(shape, dtype.itemsize)
        size = 0 if 0 in shape else spanned
        self._bytes -= size
        if self._bytes < 0 or spanned > MAX_BYTES:
            raise ProtocolError(f"se esperaban hasta {MAX_BYTES} bytes de arreglos y hay más")
        if (size < LARGE) is not (code == ARRAY):
            raise ProtocolError(f"un arreglo de {size} bytes llegó como la extensión {code}")
        array = self._small(dtype, shape, size) if code == ARRAY else self._fetch(dtype, shape, self._whole())
        if not dtype.isnative:
            array = array.astype(dtype.newbyteorder("="))
        if not sound(array):
            raise ProtocolError(f"llegó un arreglo {dtype} con bytes que no son valores de ese tipo")
        return array

    def _small(self, dtype: np.dtype[Any], shape: tuple[int, ...], size: int) -> np.ndarray:
        code = self._byte()
        if code not in _BYTES or self._length(_BYTES[code]) != size:
            raise ProtocolError(f"la forma {shape} de {dtype} no da los bytes que llegaron")
        start, self._at = self._at, self._within(size)
        return np.ndarray(shape, dtype, self._payload, start).copy()


def _named(text: str) -> np.dtype[Any]:
    """The dtype of a name from the wire. The closed form is verified before NumPy sees it: `np.dtype` evaluates a language."""
    native = NATIVE.get(text)
    if native is not None:
        return native if native.str == text else native.newbyteorder("S")
    if not TEXT.fullmatch(text) or int(text[2:]) * (4 if text[1] == "U" else 1) >= 2**31:
        raise ProtocolError(f"se esperaba el dtype de un arreglo y llegó {text[:40]!r}")
    return np.dtype(text)
