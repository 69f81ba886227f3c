"""Reads a LaTeX formula aloud, in Spanish: the text alternative of formulas in guide and deck.

    \\frac{a}{b} → "a sobre b"        x_i^2 → "x sub i al cuadrado"        \\sum_{i=1}^{N} → "la suma desde i igual a 1 hasta N de"

What it doesn't know it names by its command, so nothing of a formula is lost. The page needs none of this: MathML is read by the browser.
"""

import re

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[{}^_&]|\d+(?:[.,]\d+)?|[a-zA-Z]|\S")
_DECIMAL = re.compile(r"(?<=\d)(?:\\text)?\{,\}(?=\d)")
"""The two ways to write a comma that no space follows."""

_GREEK = {
    "alpha": "alfa", "beta": "beta", "gamma": "gamma", "delta": "delta", "epsilon": "épsilon", "varepsilon": "épsilon",
    "zeta": "zeta", "eta": "eta", "theta": "theta", "vartheta": "theta", "iota": "iota", "kappa": "kappa", "lambda": "lambda",
    "mu": "mu", "nu": "nu", "xi": "xi", "pi": "pi", "rho": "ro", "sigma": "sigma", "tau": "tau", "phi": "fi", "varphi": "fi",
    "chi": "ji", "psi": "psi", "omega": "omega",
}  # fmt: skip
_WORDS = {
    "+": "más", "-": "menos", "−": "menos", "=": "igual a", "<": "menor que", ">": "mayor que", "/": "sobre", "*": "por",
    "!": "factorial", "|": "barra", ":": "dos puntos", "'": "prima", "cdot": "por", "times": "por", "div": "dividido",
    "pm": "más o menos", "le": "menor o igual que", "leq": "menor o igual que", "ge": "mayor o igual que",
    "geq": "mayor o igual que", "ne": "distinto de", "neq": "distinto de", "approx": "aproximadamente",
    "sim": "se distribuye como", "equiv": "equivale a", "propto": "proporcional a", "to": "tiende a", "rightarrow": "va a",
    "leftarrow": "recibe", "Rightarrow": "implica", "iff": "si y solo si", "mapsto": "va a", "in": "pertenece a",
    "notin": "no pertenece a", "subset": "incluido en", "cup": "unión", "cap": "intersección", "forall": "para todo",
    "exists": "existe", "infty": "infinito", "partial": "derivada parcial", "nabla": "gradiente de",
    "odot": "producto elemento a elemento", "otimes": "producto tensorial", "oplus": "suma directa", "circ": "compuesta con",
    "top": "traspuesta", "intercal": "traspuesta", "ldots": "y así hasta", "cdots": "y así hasta", "dots": "y así hasta",
    "vdots": "y así hasta", "ddots": "y así hasta", "sum": "la suma", "prod": "el producto", "int": "la integral",
    "max": "máximo", "min": "mínimo", "argmax": "argumento máximo", "argmin": "argumento mínimo", "log": "logaritmo",
    "ln": "logaritmo natural", "exp": "exponencial", "sin": "seno", "cos": "coseno", "tanh": "tangente hiperbólica",
    "lim": "límite", "ell": "ele", "mid": "dado", "lVert": "norma de", "rVert": "", "Vert": "norma",
    "lvert": "valor absoluto de", "rvert": "", "langle": "ángulo abre", "rangle": "ángulo cierra", "lfloor": "piso de",
    "rfloor": "", "lceil": "techo de", "rceil": "", "%": "por ciento", "#": "numeral", "star": "estrella", "prime": "prima",
}  # fmt: skip
_MARKS = {
    "hat": "sombrero", "widehat": "sombrero", "bar": "barra", "overline": "barra", "tilde": "tilde", "widetilde": "tilde",
    "dot": "punto", "ddot": "dos puntos", "vec": "vector", "underline": "subrayado",
}  # fmt: skip
_LETTERS = {"mathbb", "mathcal", "mathbf", "boldsymbol", "mathrm", "mathit", "mathsf", "mathfrak", "bm"}
_TEXT = {"text", "textbf", "textit", "textrm", "operatorname", "mbox"}
_SETS = {"R": "los reales", "N": "los naturales", "Z": "los enteros", "E": "la esperanza de"}
_SILENT = {
    "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "quad", "qquad", "displaystyle",
    "textstyle", "limits", "nolimits", ",", ";", ":", "!", " ", "nonumber", "middle", "&",
}  # fmt: skip
_POWERS = {
    "2": "al cuadrado",
    "3": "al cubo",
    "traspuesta": "traspuesta",
    "T": "traspuesta",
    "estrella": "estrella",
    "prima": "prima",
}
_LIMITED = {"sum", "prod", "int"}


def spoken(formula: str) -> str:
    """Return a formula in words.

    Example:
        >>> spoken("w_i \\\\leftarrow w_i + \\\\eta x^2")
        'w sub i recibe w sub i más eta x al cuadrado'
    """
    formula = _DECIMAL.sub(",", formula)
    return " ".join(_Reader(formula).sequence().split()).replace(" ,", ",")


class _Reader:
    def __init__(self, formula: str) -> None:
        self._formula = formula
        self._matches = list(_TOKEN.finditer(formula))
        self._at = 0

    def sequence(self, closing: str | None = None) -> str:
        words: list[str] = []
        while self._at < len(self._matches):
            token = self._next()
            if token == closing:
                break
            words.append(self._read(token))
        return " ".join(words)

    def _next(self) -> str:
        self._at += 1
        return self._matches[self._at - 1][0]

    def _peek(self) -> str:
        return self._matches[self._at][0] if self._at < len(self._matches) else ""

    def _argument(self) -> str:
        """What a command or a script applies to: a group or one token."""
        if self._at >= len(self._matches):
            return ""
        token = self._next()
        return self.sequence("}") if token == "{" else self._read(token)

    def _raw_argument(self) -> str:
        """A group as it is written: words inside \\text{…}."""
        if self._peek() != "{":
            return self._next() if self._peek() else ""
        start, depth = self._matches[self._at].end(), 0
        while self._at < len(self._matches):
            match = self._matches[self._at]
            self._at += 1
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth == 0:
                return self._formula[start : match.start()]
        return self._formula[start:]

    def _read(self, token: str) -> str:
        if token == "{":
            return self.sequence("}")
        if token in {"}", "&"}:
            return ""
        if token == "_":
            return f"sub {self._argument()}"
        if token == "^":
            power = self._argument().strip()
            return _POWERS.get(power, f"a la {power}")
        if token == "\\\\":
            return "; "
        if token.startswith("\\"):
            return self._command(token[1:])
        return _WORDS.get(token, token)

    def _command(self, name: str) -> str:
        if name in _SILENT:
            return ""
        if name in {"frac", "dfrac", "tfrac"}:
            over, under = self._argument(), self._argument()
            return f"{_grouped(over)} sobre {_grouped(under)}"
        if name == "binom":
            return f"{self._argument()} sobre {self._argument()}, combinatorio"
        if name == "sqrt":
            return f"raíz de {_grouped(self._argument())}"
        if name in _MARKS:
            return f"{self._argument()} {_MARKS[name]}"
        if name in _LETTERS:
            letter = self._argument()
            return _SETS.get(letter, letter) if name == "mathbb" else letter
        if name in _TEXT:
            return self._raw_argument()
        if name in {"begin", "end"}:
            kind = self._raw_argument().rstrip("*")
            if name == "begin" and kind == "array":
                self._raw_argument()
            return (
                {"cases": "según el caso:", "pmatrix": "matriz:", "bmatrix": "matriz:"}.get(kind, "") if name == "begin" else ""
            )
        if name in _LIMITED:
            return self._limited(_WORDS[name])
        if name in {"underbrace", "overbrace", "boxed"}:
            return self._argument()
        if name in _GREEK:
            return _GREEK[name]
        if name[0].isupper() and name.lower() in _GREEK:
            return f"{_GREEK[name.lower()]} mayúscula"
        return _WORDS.get(name, name)

    def _limited(self, what: str) -> str:
        low = high = ""
        while self._peek() in {"_", "^", "\\limits"}:
            token = self._next()
            if token == "_":
                low = self._argument()
            elif token == "^":
                high = self._argument()
        said = what + (f" desde {low}" if low and high else f" sobre {low}" if low else "") + (f" hasta {high}" if high else "")
        return f"{said} de"


def _grouped(words: str) -> str:
    """Words of a numerator or a root: more than a couple are announced as one piece."""
    return words if len(words.split()) <= 3 else f"({words})"
