"""Plain data: what crosses between an answer and whoever judges it.

Plain data are exact built-in values (`None`, `bool`, `int`, `float`, `complex`, `str`, `bytes`), base NumPy
arrays, and tuples, lists and dicts of them. Tensors, training histories and NumPy scalars are turned into
them *before* anything compares, so an object with a lying `__eq__` has nowhere to stand.

No framework is imported here: a value of a framework can only exist if its framework is loaded already.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from catedra.errors import CatedraError

Plain = Any
"""None, bool, int, float, complex, str, bytes, numpy.ndarray, or tuple, list and dict of plain data."""

MAX_DEPTH = 32
MAX_ITEMS = 1_000_000
MAX_BYTES = 2 * 2**30

_SCALARS = (bool, int, float, complex, str, bytes)
_ARRAY_KINDS = "biufcUS"


class NotPlainError(CatedraError):
    """A value has no plain form, or is larger than what may cross."""


Opaque = Callable[[Any], Any]


def _refuse(value: Any) -> Any:
    raise NotPlainError(f"se esperaban números, texto, listas o arreglos, y llegó un objeto `{type(value).__name__}`")


def plain(value: Any, opaque: Opaque = _refuse) -> Plain:
    """Return `value` as plain data that share nothing with it.

    Example:
        >>> plain((np.float64(0.5), [np.int32(3)]))
        (0.5, [3])

    Args:
        value: anything.
        opaque: what to do with a leaf that has no plain form (a model, a generator); by default, refuse it.

    Returns:
        Exact built-in values and base arrays; named tuples become tuples; arrays are copies.

    Raises:
        NotPlainError: a leaf has no plain form, or the limits of depth, count or size are passed.
    """
    return _Converter(opaque).convert(value, 0)


class _Converter:
    def __init__(self, opaque: Opaque) -> None:
        self._opaque = opaque
        self._items = 0
        self._bytes = 0

    def convert(self, value: Any, depth: int) -> Plain:
        self._count(value, depth)
        kind = type(value)
        if value is None or kind in _SCALARS:
            return value
        if isinstance(value, np.generic | np.ndarray):
            return self._array(value)
        if isinstance(value, tuple):
            return tuple(self.convert(item, depth + 1) for item in tuple.__iter__(value))
        if isinstance(value, list):
            return [self.convert(item, depth + 1) for item in list.__iter__(value)]
        if isinstance(value, dict):
            return {self._key(key): self.convert(item, depth + 1) for key, item in dict.items(value)}
        for scalar in _SCALARS:
            if isinstance(value, scalar):
                return scalar.__new__(scalar, value) if scalar in (str, bytes) else _exact_number(scalar, value)
        return self._foreign(value, depth)

    def _count(self, value: Any, depth: int) -> None:
        self._items += 1
        if depth > MAX_DEPTH:
            raise NotPlainError(f"hay más de {MAX_DEPTH} niveles de listas dentro de listas: devolvé algo más chato")
        if self._items > MAX_ITEMS:
            raise NotPlainError(f"hay más de {MAX_ITEMS} elementos sueltos: devolvé un arreglo de NumPy")
        self._bytes += getattr(value, "nbytes", 0) if isinstance(value, np.ndarray) else 0
        if self._bytes > MAX_BYTES:
            raise NotPlainError(f"hay más de {MAX_BYTES // 2**30} GiB de datos: devolvé solo lo que se pide")

    def _key(self, key: Any) -> Plain:
        if type(key) in (str, int, float, bool):
            return key
        if isinstance(key, np.generic):
            return self._key(key.item())
        if isinstance(key, str):
            return str.__str__(key)
        raise NotPlainError(f"las claves de un diccionario son texto o números, y llegó un `{type(key).__name__}`")

    def _array(self, value: np.generic | np.ndarray) -> Plain:
        array = np.array(value, copy=True, subok=False)
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            return self._opaque(value)
        if array.dtype.kind not in _ARRAY_KINDS:
            if array.dtype.name in {"bfloat16", "float8_e4m3fn", "float8_e5m2"}:
                array = array.astype(np.float32)
            else:
                return self._opaque(value)
        return array.item() if isinstance(value, np.generic) else array

    def _foreign(self, value: Any, depth: int) -> Plain:
        """Convert what a loaded framework made; leave the rest to `opaque`."""
        package = type(value).__module__.partition(".")[0]
        name = type(value).__name__
        if package == "torch" and "torch" in sys.modules and isinstance(value, sys.modules["torch"].Tensor):
            return self.convert(value.detach().cpu().resolve_conj().resolve_neg().float().numpy()
                                if str(value.dtype) == "torch.bfloat16" else value.detach().cpu().numpy(), depth)  # fmt: skip
        if package in {"jax", "jaxlib"} and name in {"ArrayImpl", "Array"}:
            return self.convert(np.asarray(value), depth)
        if package == "tensorflow" and hasattr(value, "numpy"):
            return self.convert(value.numpy(), depth)
        if package == "keras" and name in {"Variable", "KerasVariable"}:
            return self.convert(value.value, depth)
        if package == "keras" and name == "History":
            return self.convert(dict(value.history), depth)
        if package == "pandas" and name in {"Series", "DataFrame", "Index"}:
            return self.convert(value.to_numpy(), depth)
        return self._opaque(value)


def _exact_number(scalar: type, value: Any) -> Plain:
    """Strip a subclass of a number down to the number that it holds, without asking the subclass."""
    if scalar is int:
        return int.__add__(value, 0)
    if scalar is float:
        return float.__add__(value, 0.0)
    return complex.__add__(value, 0j)
