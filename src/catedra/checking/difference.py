"""How an answer differs from what was expected, in a sentence: how many values, which is the worst, where, by how much.

Equality here is that of a teacher: a list equals a tuple, a NaN equals a NaN, infinities must be in their places (so a causal
mask of −inf can be compared), integers are compared exactly however large, and `True` is not a number.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from catedra.checking.answer import Handle

Array = np.ndarray[Any, np.dtype[Any]]

_MAX_SHOWN = 60


def difference(actual: Any, expected: Any, rtol: float, atol: float) -> str | None:
    """Say how `actual` differs from `expected`, or return None when it doesn't.

    Args:
        actual: plain data or a handle, whatever came.
        expected: number, text, bool, None, array, or lists, tuples and dicts of them.
        rtol, atol: numbers agree when |actual − expected| ≤ atol + rtol·|expected|.

    Raises:
        TypeError: `expected` is something else.
    """
    if isinstance(expected, np.generic) or _is_text(expected):
        expected = expected.tolist()
        actual = actual.tolist() if _is_text(actual) else actual
    if expected is None or isinstance(expected, str | bytes | bool):
        if isinstance(actual, np.ndarray) and actual.ndim == 0 and actual.dtype.kind in "bUS":
            actual = actual.item()
        same = type(actual) is type(expected) and actual == expected
        return None if same else f"Se esperaba {show(expected)} y llegó {describe(actual)}"
    if isinstance(expected, dict):
        return _of_dicts(actual, expected, rtol, atol)
    wanted = numbers(expected, complex_too=True)
    rounded = wanted is None or (wanted.dtype.kind == "f" and not (rtol or atol))
    if isinstance(expected, int) and rounded:  # wider than NumPy's integers: a double holds it badly or not at all
        return None if type(actual) is int and actual == expected else f"Se esperaba {show(expected)} y llegó {describe(actual)}"
    if wanted is not None:
        return _of_numbers(actual, wanted, rtol, atol)
    if isinstance(expected, list | tuple):
        return _of_sequences(actual, expected, rtol, atol)
    raise TypeError(f"expected plain data to compare with; received {type(expected).__name__}")


def numbers(value: Any, complex_too: bool = False) -> Array | None:
    """Return numbers, nested lists of them or an array as an array; None if it is something else (a lone bool is)."""
    if isinstance(value, bool) or not isinstance(value, np.ndarray | np.generic | int | float | complex | list | tuple):
        return None
    try:
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            value = float(value)  # NumPy would make an object of it
        result = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return result if result.dtype.kind in ("biufc" if complex_too else "biuf") else None


def describe(value: Any) -> str:
    """Say in Spanish what a value is: type, shape, length."""
    if isinstance(value, Handle):
        return f"un objeto `{value.kind}`"
    if isinstance(value, np.ndarray):
        return f"un arreglo {value.dtype} de forma {value.shape}"
    if value is None:
        return "`None` (¿falta un `return`?)"
    if isinstance(value, str):
        return f"el texto {show(value)}"
    if isinstance(value, tuple | list):
        kind = "una tupla" if isinstance(value, tuple) else "una lista"
        return f"{kind} {'vacía' if not value else f'de {_elements(len(value))}'}"
    if isinstance(value, dict):
        if not value:
            return "un diccionario vacío"
        more = ", …" if len(value) > 6 else ""
        return f"un diccionario con {'la clave' if len(value) == 1 else 'claves'} {', '.join(map(show, list(value)[:6]))}{more}"
    return f"{show(value)} ({type(value).__name__})"


def show(value: Any) -> str:
    """A value as it would be written in code, numbers to six digits, cut where it is long."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float | np.floating):
        return "NaN" if value != value else f"{value:.6g}"
    try:
        written = f"{value:.6g}" if isinstance(value, complex) else repr(value)
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        return "un entero enorme"
    return written if len(written) <= _MAX_SHOWN else written[:_MAX_SHOWN] + "…"


def place(index: Any) -> str:
    """An element's position as it is written in code."""
    return "[" + ", ".join(str(int(i)) for i in index) + "]"


def _is_text(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "US"


def _elements(count: int) -> str:
    return "1 elemento" if count == 1 else f"{count} elementos"


def _of_dicts(actual: Any, expected: dict[Any, Any], rtol: float, atol: float) -> str | None:
    if not isinstance(actual, dict):
        return f"Se esperaba un diccionario y llegó {describe(actual)}"
    for keys, one, many in (
        ([key for key in expected if key not in actual], "Falta la clave", "Faltan las claves"),
        ([key for key in actual if key not in expected], "Sobra la clave", "Sobran las claves"),
    ):
        if keys:
            return f"{one if len(keys) == 1 else many} {', '.join(map(show, keys[:6]))}"
    for key, value in expected.items():
        inner = difference(actual[key], value, rtol, atol)
        if inner:
            return f"En la clave {show(key)}: {_lower(inner)}"
    return None


def _of_sequences(actual: Any, expected: Sequence[Any], rtol: float, atol: float) -> str | None:
    if isinstance(actual, np.ndarray) and actual.ndim:
        actual = actual.tolist()
    if not isinstance(actual, list | tuple):
        return f"Se esperaba una lista de {_elements(len(expected))} y llegó {describe(actual)}"
    if len(actual) != len(expected):
        return f"Se esperaban {_elements(len(expected))} y llegó {describe(actual)}"
    for index, (got, wanted) in enumerate(zip(actual, expected, strict=True)):
        inner = difference(got, wanted, rtol, atol)
        if inner:
            return f"En el elemento {index}: {_lower(inner)}"
    return None


def _of_numbers(actual: Any, wanted: Array, rtol: float, atol: float) -> str | None:
    got = numbers(actual, complex_too=wanted.dtype.kind == "c")
    if got is None or (got.ndim == 0 and got.dtype.kind == "b" != wanted.dtype.kind):
        what = f"un arreglo de números de forma {wanted.shape}" if wanted.ndim else f"el número {show(wanted[()])}"
        return f"Se esperaba {what} y llegó {describe(actual)}"
    if got.shape != wanted.shape:
        turned = " (parece que faltó transponer)" if got.ndim > 1 and got.shape[::-1] == wanted.shape else ""
        return f"Se esperaba forma {wanted.shape} y llegó {got.shape}{turned}"
    off = ~_agree(got, wanted, rtol, atol)
    count = int(off.sum())
    if not count:
        return None
    gap = _gap(got, wanted)
    worst = np.unravel_index(np.argmax(np.where(off, gap, -1.0)), off.shape) if off.ndim else ()
    pair = _pair(wanted[worst], got[worst], float(gap[worst]))
    if off.size == 1:
        return f"Se esperaba {pair}"
    turned = ""
    if wanted.ndim == 2 and got.shape == wanted.T.shape and _agree(got, wanted.T, rtol, atol).all():
        turned = ". Es el resultado esperado, transpuesto"
    how_many = f"{'Difieren' if count > 1 else 'Difiere'} {count} de {off.size} valores"
    return f"{how_many}; el peor, en {place(worst)}: se esperaba {pair}{turned}"


def _agree(got: Array, wanted: Array, rtol: float, atol: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    same = np.asarray(got == wanted)
    if wanted.dtype.kind in "fc" and got.dtype.kind in "fc":
        same = same | (np.isnan(got) & np.isnan(wanted))
    if rtol or atol:
        with np.errstate(all="ignore"):  # an infinite bound would accept anything: infinities are left to `==`
            bound = atol + rtol * np.abs(_wide(wanted))
            same = same | ((_gap(got, wanted) <= bound) & np.isfinite(bound))
    return np.asarray(same)


def _gap(got: Array, wanted: Array) -> Array:
    with np.errstate(all="ignore"):
        gap = np.abs(_wide(got) - _wide(wanted))
    return np.where(np.isnan(gap), np.inf, gap)


def _wide(value: Array) -> Array:
    return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def _pair(wanted: Any, got: Any, gap: float) -> str:
    """Both numbers, with as many digits as it takes to tell them apart."""
    wanted, got = wanted.item(), got.item()
    one, other = show(wanted), show(got)
    if one == other:
        one, other = repr(wanted), repr(got)
    return f"{one} y llegó {other}" + (f" (diferencia {gap:.3g})" if np.isfinite(gap) and gap > 0 else "")


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
