"""No cell of a student's notebook may hold a run of 8 tokens of a body that is withheld.

Tokens are Python's, layout and comments aside. A cell may be prose, so both sides are cut by one small lexer: a run counts
wherever it stands, in code, comment, docstring, quotation or formula.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catedra.publishing.stubs import Withheld

RUN = 8
_LEXEME = re.compile(r"[^\W\d]\w*|\d[\w.]*|\*\*=?|//=?|->|:=|[-+*/%@&|^<>=!]=|<<|>>|\.\.\.|[^\s\w]")
_PROMPT = re.compile(r"^[ \t]*(?:>>> ?|\.\.\. |> ?)+", re.MULTILINE)


@dataclass(frozen=True)
class Leak:
    """A run of a withheld body in a cell.

    Attributes:
        withheld: whose body.
        cell: index of the cell.
        run: the tokens.
    """

    withheld: Withheld
    cell: int
    run: str


def find_leak(withheld: Iterable[Withheld], cells: Sequence[str]) -> Leak | None:
    """Return the first leak, or None.

    Args:
        withheld: the bodies.
        cells: every cell's source, text cells too.
    """
    texts = [_joined(_PROMPT.sub("", cell)) for cell in cells]
    everything = "\n".join(texts)
    for item in withheld:
        for start in range(len(item.tokens) - RUN + 1):
            run = " ".join(item.tokens[start : start + RUN])
            needle = _joined(run)
            if needle in everything:
                return Leak(item, next(index for index, text in enumerate(texts) if needle in text), run)
    return None


def _joined(text: str) -> str:
    return f" {' '.join(_LEXEME.findall(text.replace(chr(34), chr(39))))} "
