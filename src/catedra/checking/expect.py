"""Expectations: what a check demands of a value, with a message that teaches.

Each function either returns the value, now known to be sound, or raises `CheckFailed`. A comparison of numbers
says what differed, where and by how much. `slips` maps a likely slip to the value that it would give: when
the answer equals one of those, the message names the slip.

Used as a module: `from catedra.checking import expect`, then `expect.close(...)`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from catedra.checking.answer import Handle
from catedra.errors import CatedraError

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


def fail(message: str, detail: str = "") -> NoReturn:
    """Fail with this message."""
    raise CheckFailed(message.rstrip("."), detail)


def true(condition: Any, message: str, detail: str = "") -> None:
    """Fail with `message` unless `condition` is exactly true (a NumPy bool counts)."""
    if not isinstance(condition, bool | np.bool_):
        raise TypeError(f"expect.true takes a bool; received {type(condition).__name__}: compare before")
    if not condition:
        fail(message, detail)


def describe(value: Any) -> str:
    """Say in Spanish what a value is: type, shape, length."""
    if isinstance(value, Handle):
        return f"un objeto `{value.kind}`"
    if isinstance(value, np.ndarray):
        return f"un arreglo {value.dtype} de forma {value.shape}"
    if value is None:
        return "`None` (¿falta un `return`?)"
    if isinstance(value, str):
        return f"el texto {value[:40]!r}"
    if isinstance(value, tuple | list):
        kind = "una tupla" if isinstance(value, tuple) else "una lista"
        return f"{kind} de {len(value)} elementos"
    if isinstance(value, dict):
        return f"un diccionario con claves {list(value)[:6]}"
    return f"{value!r} ({type(value).__name__})"


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
    kind_ok = isinstance(value, np.ndarray | int | float | list | tuple) and not isinstance(value, bool)
    try:
        result = np.asarray(value) if kind_ok else np.asarray(None)
    except ValueError:
        result = np.asarray(None)
    if result.dtype.kind not in "biuf":
        fail(f"{_cap(name)}: se esperaba un arreglo de números y llegó {describe(value)}")
    if shape is not None and not _shape_fits(result.shape, shape):
        wanted = "(" + ", ".join("N" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
        hint = " (parece que faltó transponer)" if _shape_fits(result.shape[::-1], shape) else ""
        fail(f"{_cap(name)}: se esperaba forma {wanted} y llegó {result.shape}{hint}")
    if finite and result.dtype.kind == "f" and not np.isfinite(result).all():
        bad = np.argwhere(~np.isfinite(result))
        which = "NaN" if np.isnan(result).any() else "infinitos"
        fail(f"{_cap(name)}: hay {which}", f"{len(bad)} de {result.size} valores no son números finitos; el primero, en {_at(bad[0])}")
    return result


def number(value: Any, name: str) -> float:
    """Return `value` as a finite float; arrays of one element count, booleans don't.

    Raises:
        CheckFailed: not one finite number.
    """
    if isinstance(value, bool):
        fail(f"{_cap(name)}: se esperaba un número y llegó {describe(value)}")
    if isinstance(value, list | tuple):
        fail(f"{_cap(name)}: se esperaba un solo número y llegó {describe(value)}")
    result = array(value, name)
    if result.size != 1:
        fail(f"{_cap(name)}: se esperaba un solo número y llegó {describe(value)}")
    return float(result.reshape(()))


def labels(value: Any, name: str, *, length: int, classes: int) -> Array:
    """Return `value` as `length` integer labels in 0..classes-1; whole floats count.

    Raises:
        CheckFailed: another shape (probabilities, a column), fractions, or labels out of range.
    """
    result = array(value, name)
    if result.shape == (length, classes) and classes > 1:
        fail(f"{_cap(name)}: llegaron probabilidades de forma {result.shape}; se piden etiquetas: falta `argmax` sobre el último eje")
    if result.shape == (length, 1):
        fail(f"{_cap(name)}: se esperaba forma ({length},) y llegó {result.shape}: aplanala con `.ravel()`")
    result = array(result, name, shape=(length,))
    if (result != np.floor(result)).any():
        fail(f"{_cap(name)}: se esperaban etiquetas enteras y hay fracciones (¿son probabilidades?)")
    if result.size and (result.min() < 0 or result.max() >= classes):
        fail(f"{_cap(name)}: se esperaban etiquetas entre 0 y {classes - 1}, y hay {result.min():g} y {result.max():g}")
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
        fail(f"{_cap(name)}: faltan las claves {missing}; llegaron {list(value)[:10]}")
    return value


def items(value: Any, name: str, *, length: int) -> tuple[Any, ...]:
    """Return `value` as a tuple of `length` elements.

    Raises:
        CheckFailed: neither tuple nor list, or another length.
    """
    if not isinstance(value, tuple | list) or len(value) != length:
        fail(f"{_cap(name)}: se esperaban {length} valores (una tupla) y llegó {describe(value)}")
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
    """Fail unless `actual` equals `expected` exactly, element by element.

    Raises:
        CheckFailed: with the elements that differ.
    """
    if isinstance(expected, str | bytes | bool | type(None)) or isinstance(expected, dict):
        if type(actual) is not type(expected) or actual != expected:
            fail(message, f"Se esperaba {expected!r} y llegó {describe(actual)}")
        return
    _compare(actual, expected, message, rtol=0.0, atol=0.0, slips=slips)


def close(
    actual: Any, expected: Any, message: str, *, rtol: float = 1e-5, atol: float = 1e-8, slips: Slips | None = None
) -> None:
    """Fail unless |actual − expected| ≤ atol + rtol·|expected| everywhere.

    Raises:
        CheckFailed: with how many differ, the worst one, where it is and by how much.
    """
    _compare(actual, expected, message, rtol=rtol, atol=atol, slips=slips)


def between(value: Any, low: float, high: float, message: str) -> float:
    """Return `value` as a number in [low, high].

    Raises:
        CheckFailed: it isn't.
    """
    result = number(value, "el valor")
    if not low <= result <= high:
        fail(message, f"Se esperaba entre {low:g} y {high:g}, y llegó {result:.6g}")
    return result


def _compare(actual: Any, expected: Any, message: str, *, rtol: float, atol: float, slips: Slips | None) -> None:
    wanted = np.asarray(expected)
    try:
        got = array(actual, "el resultado", finite=False)
    except CheckFailed as error:
        raise CheckFailed(message.rstrip("."), str(error)) from None
    slip = _slip(got, slips, rtol, atol)
    if got.shape != wanted.shape:
        turned = " (parece que faltó transponer)" if got.ndim > 1 and got.shape[::-1] == wanted.shape else ""
        fail(_with_slip(message, slip), f"Se esperaba forma {wanted.shape} y llegó {got.shape}{turned}")
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
        off = ~(gap <= atol + rtol * np.abs(wanted.astype(np.float64)))
    if not off.any():
        return
    gap = np.where(np.isnan(gap), np.inf, gap)
    worst = np.unravel_index(np.argmax(np.where(off, gap, -1.0)), off.shape) if off.ndim else ()
    where = f"; el peor, en {_at(worst)}" if off.size > 1 else ""
    turned = (
        " Es el resultado esperado, transpuesto."
        if wanted.ndim == 2 and got.shape == wanted.T.shape and np.allclose(got, wanted.T, rtol=rtol, atol=atol)
        else ""
    )
    fail(
        _with_slip(message, slip),
        f"{'Difieren' if off.sum() > 1 else 'Difiere'} {off.sum()} de {off.size} valores{where}: "
        f"se esperaba {wanted[worst]:.6g} y llegó {got[worst]:.6g} (diferencia {gap[worst]:.3g}).{turned}",
    )


def _slip(got: Array, slips: Slips | None, rtol: float, atol: float) -> str | None:
    for name, value in (slips or {}).items():
        other = np.asarray(value)
        if other.shape == got.shape and np.allclose(got, other, rtol=max(rtol, 1e-9), atol=max(atol, 1e-12)):
            return name
    return None


def _with_slip(message: str, slip: str | None) -> str:
    return f"{message.rstrip('.')}: {slip}" if slip else message


def _shape_fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(w is None or n == w for n, w in zip(shape, wanted, strict=True))


def _at(index: Any) -> str:
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def _cap(name: str) -> str:
    return name[:1].upper() + name[1:]
