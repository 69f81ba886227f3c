"""The glossary: one translation a term, in one file, and the search for the others."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

GLOSSARY_PATH = Path(__file__).with_name("glossary.toml")


@dataclass(frozen=True)
class Term:
    """A term of the course.

    Attributes:
        name: as the course says it.
        definition: in a sentence.
        forbidden: translations that must not stand for it.
    """

    name: str
    definition: str
    forbidden: tuple[str, ...]


@dataclass(frozen=True)
class Misuse:
    """A forbidden translation in a text."""

    line: int
    found: str
    term: str


@lru_cache(maxsize=1)
def glossary() -> tuple[Term, ...]:
    """Return the terms."""
    raw = tomllib.loads(GLOSSARY_PATH.read_text(encoding="utf-8"))
    return tuple(Term(item["name"], item["definition"], tuple(item["forbidden"])) for item in raw["term"])


def misuses(text: str, terms: Iterable[Term] | None = None) -> tuple[Misuse, ...]:
    """Find forbidden translations; one in parentheses right after a word is how a term is introduced, and allowed.

    Example:
        >>> [misuse.found for misuse in misuses("Bajá la tasa de aprendizaje.")]
        ['tasa de aprendizaje']
        >>> misuses("Bajá el learning rate (tasa de aprendizaje).")
        ()
    """
    found = []
    for term in glossary() if terms is None else terms:
        for forbidden in term.forbidden:
            for match in re.finditer(rf"(?<![\w(]){re.escape(forbidden)}(?!\w)", text, re.IGNORECASE):
                inside = text.rfind("(", 0, match.start()) > text.rfind(")", 0, match.start())
                if not inside:
                    found.append(Misuse(text.count("\n", 0, match.start()) + 1, match[0], term.name))
    return tuple(found)
