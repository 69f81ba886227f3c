"""Cátedra: a deep-learning course that proves itself. Importing it imports no framework.

The notebook's verbs are names of the package (`from catedra import comprobar`) and are loaded when first asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catedra.notebook import clase, comprobar, entregar, pista, solucion

__version__ = "0.1.0"

_VERBS = ("clase", "comprobar", "entregar", "pista", "solucion")

__all__ = ["__version__", "clase", "comprobar", "entregar", "pista", "solucion"]


def __getattr__(name: str) -> Any:
    if name in _VERBS:
        from catedra import notebook

        return getattr(notebook, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_VERBS])
