"""Expectations: what a check demands of a value, with a message that teaches.

Each function either returns the value, now known to be sound, or raises `CheckFailed`, whatever the answer is. A
comparison says what differed, where and by how much (`catedra.checking.difference`). `slips` maps a likely slip to the
value that it would give: when the answer equals one of those, the message names the slip.

Used as a module: `from catedra.checking import expect`, then `expect.close(...)`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from catedra.checking.difference import describe, difference, numbers, place, show
from catedra.errors import CatedraError

__all__ = [
    "CheckFailed", "Inconclusive", "array", "between", "close", "describe", "equal", "fail", "inconclusive", "items", "labels",
    "mapping", "number", "text", "true",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Slips = Mapping[str, Any]


class CheckFailed(CatedraError):
    """The answer is not what was expected.

    Attributes:
        message: what is wrong, for the student.
        detail: what differed, where and by how much; may hold expected values.
    """

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(f"{message}. {detail}" if detail else message)
        self.message = message
        self.detail = detail


class Inconclusive(CatedraError):
    """What was measured allows no judgement: a starved run, an interval that holds the threshold."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(f"{message}. {detail}" if detail else message)
        self.message = message
        self.detail = detail


def fail(message: str, detail: str = "") -> NoReturn:
    """Fail with this message."""
    raise CheckFailed(message.rstrip("."), detail)


def inconclusive(message: str, detail: str = "") -> NoReturn:
    """Judge nothing, and say why: for timings on a machine that was busy with something else."""
    raise Inconclusive(message.rstrip("."), detail)


def true(condition: Any, message: str, detail: str = "") -> None:
    """Fail with `message` unless `condition` is exactly true (a NumPy bool counts; 1 and arrays of several don't)."""
    if isinstance(condition, np.ndarray) and condition.dtype.kind == "b" and condition.ndim == 0:
        condition = bool(condition)
    if not isinstance(condition, bool | np.bool_):
        fail(message, f"Se esperaba `True` o `False` y llegó {describe(condition)}")
    if not condition:
        fail(message, detail)


def array(value: Any, name: str, *, shape: Sequence[int | None] | None = None, finite: bool = True) -> Array:
    """Return `value` as an array of numbers.

    Args:
        value: array, number or nested lists of numbers, as it came.
        name: what it is, as the student knows it, e.g. "las predicciones".
        shape: the expected shape; `None` at an axis accepts any length.
        finite: whether NaN and infinities are refused.

    Raises:
        CheckFailed: not numbers, another shape, or not finite.
    """
    result = numbers(value)
    if result is None:
        nested = isinstance(value, list | tuple)
        why = " que no forman un arreglo de números (¿filas de distinto largo, texto, `None`?)" if nested else ""
        fail(f"{_cap(name)}: se esperaba un arreglo de números y llegó {describe(value)}{why}")
    if shape is not None and not _shape_fits(result.shape, shape):
        wanted = "(" + ", ".join("N" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
        hint = " (parece que faltó transponer)" if _shape_fits(result.shape[::-1], shape) else ""
        fail(f"{_cap(name)}: se esperaba forma {wanted} y llegó {result.shape}{hint}")
    if finite and result.dtype.kind == "f" and not np.isfinite(result).all():
        bad = np.argwhere(~np.isfinite(result))
        which = "NaN" if np.isnan(result).any() else "infinitos"
        verb = "no es un número finito" if len(bad) == 1 else "no son números finitos"
        first = f"; el primero, en {place(bad[0])}" if result.ndim else ""
        fail(f"{_cap(name)}: hay {which}", f"{len(bad)} de {result.size} valores {verb}{first}")
    return result


def number(value: Any, name: str) -> float:
    """Return `value` as a finite float; arrays of one element count, booleans don't.

    Raises:
        CheckFailed: not one finite number.
    """
    if isinstance(value, list | tuple):
        fail(f"{_cap(name)}: se esperaba un solo número y llegó {describe(value)}")
    array_of_one = numbers(value)
    if array_of_one is None or array_of_one.dtype.kind == "b":
        fail(f"{_cap(name)}: se esperaba un número y llegó {describe(value)}")
    if array_of_one.size != 1:
        fail(f"{_cap(name)}: se esperaba un solo número y llegó {describe(value)}")
    result = float(array_of_one.reshape(()))
    if not math.isfinite(result):
        fail(f"{_cap(name)}: se esperaba un número finito y llegó {'NaN' if math.isnan(result) else 'infinito'}")
    return result


def labels(value: Any, name: str, *, length: int, classes: int) -> Array:
    """Return `value` as `length` integer labels in 0..classes-1; whole floats count.

    Raises:
        CheckFailed: another shape (probabilities, a column), fractions, or labels out of range.
    """
    result = array(value, name)
    if result.shape == (length, classes) and classes > 1:
        asked = "se piden etiquetas: falta `argmax` sobre el último eje"
        fail(f"{_cap(name)}: llegaron probabilidades de forma {result.shape}; {asked}")
    if result.shape == (length, 1):
        fail(f"{_cap(name)}: se esperaba forma ({length},) y llegó {result.shape}: aplanala con `.ravel()`")
    result = array(result, name, shape=(length,))
    if result.dtype.kind == "b":
        result = result.astype(np.int64)
    if result.dtype.kind == "f" and (result != np.floor(result)).any():
        fail(f"{_cap(name)}: se esperaban etiquetas enteras y hay fracciones (¿son probabilidades?)")
    if result.size and (result.min() < 0 or result.max() >= classes):
        seen = " y ".join(dict.fromkeys([show(result.min()), show(result.max())]))
        fail(f"{_cap(name)}: se esperaban etiquetas entre 0 y {classes - 1}, y hay {seen}")
    return result.astype(np.int64)


def mapping(value: Any, name: str, *, keys: Sequence[str]) -> dict[str, Any]:
    """Return `value` as a dict that has at least `keys`.

    Raises:
        CheckFailed: not a dict, or a key is missing.
    """
    if not isinstance(value, dict):
        fail(f"{_cap(name)}: se esperaba un diccionario y llegó {describe(value)}")
    missing = [key for key in keys if key not in value]
    if missing:
        lacks = f"falta la clave {missing[0]!r}" if len(missing) == 1 else f"faltan las claves {missing}"
        fail(f"{_cap(name)}: {lacks}; llegó {describe(value)}")
    return value


def items(value: Any, name: str, *, length: int) -> tuple[Any, ...]:
    """Return `value` as a tuple of `length` elements.

    Raises:
        CheckFailed: neither tuple nor list, or another length.
    """
    if not isinstance(value, tuple | list) or len(value) != length:
        wanted = "se esperaba 1 valor" if length == 1 else f"se esperaban {length} valores"
        fail(f"{_cap(name)}: {wanted} (una tupla) y llegó {describe(value)}")
    return tuple(value)


def text(value: Any, name: str) -> str:
    """Return `value` as text that isn't empty.

    Raises:
        CheckFailed: not text, or empty.
    """
    if not isinstance(value, str) or not value.strip():
        fail(f"{_cap(name)}: se esperaba un texto y llegó {describe(value)}")
    return value


def equal(actual: Any, expected: Any, message: str, *, slips: Slips | None = None) -> None:
    """Fail unless `actual` equals `expected` exactly, element by element; a NaN equals a NaN, a list a tuple.

    Raises:
        CheckFailed: with the elements that differ.
    """
    _compare(actual, expected, message, 0.0, 0.0, slips)


def close(
    actual: Any, expected: Any, message: str, *, rtol: float = 1e-5, atol: float = 1e-8, slips: Slips | None = None
) -> None:
    """Fail unless |actual − expected| ≤ atol + rtol·|expected| everywhere; infinities and NaN must be in the same places.

    Raises:
        CheckFailed: with how many differ, the worst one, where it is and by how much.
    """
    _compare(actual, expected, message, rtol, atol, slips)


def between(value: Any, low: float, high: float, message: str) -> float:
    """Return `value` as a number in [low, high].

    Raises:
        CheckFailed: it isn't.
    """
    try:
        result = number(value, "el valor")
    except CheckFailed as error:
        fail(message, str(error))
    if not low <= result <= high:
        fail(message, f"Se esperaba entre {low:g} y {high:g}, y llegó {show(result)}")
    return result


def _compare(actual: Any, expected: Any, message: str, rtol: float, atol: float, slips: Slips | None) -> None:
    detail = difference(actual, expected, rtol, atol)
    if detail is None:
        return
    message = message.rstrip(".")
    for name, value in (slips or {}).items():
        if difference(actual, value, max(rtol, 1e-9), max(atol, 1e-12)) is None:
            fail(f"{message}: {name}", detail)
    fail(message, detail)


def _shape_fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def _cap(name: str) -> str:
    return name[:1].upper() + name[1:]
