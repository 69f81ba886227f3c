"""The verbs of the student's notebook: `clase`, `comprobar`, `pista`, `solucion`, `entregar`.

They are also names of `catedra` itself. Thin: each finds the session, calls what judges, derives or stores, and returns a card.
"""

from catedra.notebook.verbs import clase, comprobar, entregar, pista, solucion

__all__ = ["clase", "comprobar", "entregar", "pista", "solucion"]
