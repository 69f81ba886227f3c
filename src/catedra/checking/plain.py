"""Plain data: what crosses between an answer and whoever judges it.

Plain data are exact built-in values (`None`, `bool`, `int`, `float`, `complex`, `str`, `bytes`), base NumPy
arrays, and tuples, lists and dicts of them. Tensors, training histories and NumPy scalars are turned into
them *before* anything compares, so an object with a lying `__eq__` has nowhere to stand.

Nothing here asks a value about itself: types are compared by identity (a metaclass can define `==` too), subclasses
are found through the real type (`__class__` can be a property), and contents are read with the base class's own methods.

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

_ARRAY_KINDS = "biufcUS"


class NotPlainError(CatedraError):
    """A value has no plain form, or is larger than what may cross."""


Opaque = Callable[[Any], Any]


def type_name(value: Any) -> str:
    """The name of a value's type, for messages; arrays that can't cross say their dtype."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    if issubclass(type(value), np.ndarray):
        return f"{name} de dtype {_base(value).dtype}"
    return name


def _refuse(value: Any) -> Any:
    raise NotPlainError(f"se esperaban números, texto, listas o arreglos, y llegó un objeto `{type_name(value)}`")


def plain(value: Any, opaque: Opaque = _refuse) -> Plain:
    """Return `value` as plain data that share nothing with it.

    Example:
        >>> plain((np.float64(0.5), [np.int32(3)]))
        (0.5, [3])

    Args:
        value: anything.
        opaque: what to do with a leaf that has no plain form (a model, a generator); by default, refuse it.

    Returns:
        Exact built-in values and base arrays in native byte order; named tuples become tuples; arrays are copies.

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
        self._count(depth)
        kind = type(value)
        if value is None or kind is float or kind is bool or kind is complex:
            return value
        if issubclass(kind, str | bytes | int):
            return self._weighed(_exact(value))
        if issubclass(kind, np.ndarray):
            return self._array(value)
        if issubclass(kind, np.generic):
            return self._scalar(value)
        if issubclass(kind, float | complex):
            return _exact(value)
        if issubclass(kind, tuple):
            return tuple([self.convert(item, depth + 1) for item in tuple.__iter__(value)])
        if issubclass(kind, list):
            return [self.convert(item, depth + 1) for item in list.__iter__(value)]
        if issubclass(kind, dict):
            return {self._key(key): self.convert(item, depth + 1) for key, item in dict.items(value)}
        return self._foreign(value, depth)

    def _count(self, depth: int) -> None:
        self._items += 1
        if depth > MAX_DEPTH:
            raise NotPlainError(f"hay más de {MAX_DEPTH} niveles de listas dentro de listas: devolvé algo más chato")
        if self._items > MAX_ITEMS:
            raise NotPlainError(f"hay más de {MAX_ITEMS} elementos sueltos: devolvé un arreglo de NumPy")

    def _weigh(self, size: int) -> None:
        self._bytes += size
        if self._bytes > MAX_BYTES:
            raise NotPlainError(f"hay más de {MAX_BYTES // 2**30} GiB de datos: devolvé solo lo que se pide")

    def _weighed(self, value: str | bytes | int) -> str | bytes | int:
        self._weigh(value.bit_length() // 8 if isinstance(value, int) else len(value))
        return value

    def _key(self, key: Any) -> Plain:
        kind = type(key)
        if issubclass(kind, np.generic) and not issubclass(kind, str | bytes):
            key = self._scalar(key)
        if issubclass(type(key), float):
            return _exact(key)
        if issubclass(type(key), str | int):
            return self._weighed(_exact(key))
        raise NotPlainError(f"las claves de un diccionario son texto o números, y llegó un `{type_name(key)}`")

    def _array(self, value: np.ndarray) -> Plain:
        array = _base(value)  # a view: nothing is copied before its size is known
        native = _native(array.dtype)
        if native is None or (issubclass(type(value), np.ma.MaskedArray) and np.ma.is_masked(value)):
            return self._opaque(value)
        self._weigh(array.size * native.itemsize)
        return np.array(array, dtype=native, copy=True, subok=False)

    def _scalar(self, value: np.generic) -> Plain:
        array = np.generic.__array__(value)
        native = _native(array.dtype)
        if native is None:
            return self._opaque(value)
        item = array.astype(native).item()
        # The widest floats stay NumPy scalars through item(): narrow them, a check computes in doubles anyway.
        if isinstance(item, np.generic):
            item = complex(item) if native.kind == "c" else float(item)
        return item

    def _foreign(self, value: Any, depth: int) -> Plain:
        """Convert what a loaded framework made; leave the rest to `opaque`."""
        try:
            inner = _unwrapped(value, MAX_BYTES - self._bytes)
        except NotPlainError:
            raise
        except Exception:  # symbolic tensors, ragged ones, an object that only pretends: opaque all of them
            inner = None
        if inner is None or (isinstance(inner, np.ndarray) and _native(inner.dtype) is None):
            return self._opaque(value)
        return self.convert(inner, depth + 1)


def _exact(value: Any) -> Any:
    """Strip a subclass of a number or text down to what it holds, without asking the subclass."""
    kind = type(value)
    if kind is bool:
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if issubclass(kind, bytes):
        return bytes.__getitem__(value, slice(None))
    number = int if issubclass(kind, int) else float if issubclass(kind, float) else complex
    return number.__pos__(value)  # unlike adding zero, it keeps −0.0


def _base(value: np.ndarray) -> np.ndarray:
    """The same memory without the subclass."""
    return np.ndarray.view(value, np.ndarray)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The plain dtype in which an array crosses; None if there is none."""
    if dtype.type.__module__ == "ml_dtypes":  # bfloat16, float8, int4: some call themselves floats, none is NumPy's
        return np.dtype(np.int8 if "int" in dtype.name else np.float32)
    if dtype.kind not in _ARRAY_KINDS:
        return None
    return np.dtype(dtype.str).newbyteorder("=")  # through its text: a dtype can carry objects as metadata


def _unwrapped(value: Any, room: int) -> Any:
    """What a framework's value holds, as NumPy or built-in values; None if it isn't one that we know."""
    kind = type(value)
    torch, pandas = sys.modules.get("torch"), sys.modules.get("pandas")
    if torch is not None and issubclass(kind, torch.Tensor):
        return _from_torch(value, torch, room)
    if pandas is not None and issubclass(kind, (pandas.Series, pandas.DataFrame, pandas.Index)):
        return value.to_numpy()
    package = str(kind.__module__).partition(".")[0]
    if package in {"jax", "jaxlib"} and kind.__name__ in {"ArrayImpl", "Array"}:
        return np.asarray(value)
    if package == "tensorflow" and hasattr(value, "numpy"):
        return value.numpy()
    if package == "keras" and any(base.__name__ in {"Variable", "KerasVariable"} for base in kind.__mro__):
        return value.value
    if package == "keras" and kind.__name__ == "History":
        return dict(value.history)
    return None


def _from_torch(tensor: Any, torch: Any, room: int) -> Any:
    if tensor.numel() * tensor.element_size() > room:  # what follows may copy, and an expanded tensor is tiny until then
        raise NotPlainError(f"hay más de {MAX_BYTES // 2**30} GiB de datos: devolvé solo lo que se pide")
    tensor = tensor.detach()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    tensor = tensor.cpu().resolve_conj().resolve_neg()
    try:
        return tensor.numpy()
    except TypeError:  # bfloat16 and the 8-bit floats
        return tensor.float().numpy()
