"""Finds result figures typed by hand: a decimal or a percentage in a sentence that speaks of a metric, and that no record wrote.

Formulas, code and template variables don't count: there a number is part of an argument, or was measured. What is meant to stand (a sum
worked on paper, a figure of a paper) is listed with its reason in `handwritten.toml`; an entry that no sentence needs any more is
reported too. Not covered: whole numbers, and results told without the metric's name.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from catedra.course import CourseClass

ALLOWED = Path(__file__).with_name("handwritten.toml")

_METRIC = re.compile(
    r"\b(exactitud|accuracy|precisión|precision|recall|sensibilidad|especificidad|F1|AUC|ROC|pérdidas?|loss|RMSE|MAE|MSE|MAPE|R2|R²|"
    r"perplejidad|perplexity|BLEU|ROUGE|CER|WER|IoU|mAP|FID|recompensa|"
    r"error(?:es)? (?:medio|cuadrático|de prueba|de validación|en test))\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,/])[−-]?\d+(?:[.,]\d+)?\s?%|(?<![\w.,/])[−-]?\d+[.,]\d+(?![\w/]|[.,]\d)")
_HIDDEN = (
    re.compile(r"<%.*?%>", re.DOTALL),
    re.compile(r"^ {0,3}(`{3,}|~{3,}).*?^ {0,3}\1\s*$", re.DOTALL | re.MULTILINE),
    re.compile(r"\A---\n.*?^---$", re.DOTALL | re.MULTILINE),
    re.compile(r"(`+)(?:(?!\1).)*?\1", re.DOTALL),
    re.compile(r"\$\$.*?\$\$|(?<!\\)\$(?!\s).*?(?<!\\)\$", re.DOTALL),
    re.compile(r"\]\([^)\s]*\)|\{[#.][^}]*\}|https?://\S+|\bv\d+(?:\.\d+)+|(?:arXiv|doi):\S+"),
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?![\s\n])|\n(?!\s*(?:\n|[-*#|:]|\d+\. )))+[.!?]?")


@dataclass(frozen=True)
class Typed:
    """A result figure typed by hand.

    Attributes:
        file, line: where it stands.
        number: as it is typed.
        sentence: around it.
    """

    file: str
    line: int
    number: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: `{self.number}` is typed beside a metric: take it from the record (`<%= … %>`): {self.sentence}"


def typed_results(text: str, name: str) -> tuple[Typed, ...]:
    """Return the result figures typed by hand in a lesson or in slides.

    Args:
        text: Markdown.
        name: of the file, for messages.
    """
    for pattern in _HIDDEN:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    found = []
    for sentence in _SENTENCE.finditer(text):
        if _METRIC.search(sentence[0]):
            for number in _NUMBER.finditer(sentence[0]):
                line = 1 + text.count("\n", 0, sentence.start() + number.start())
                found.append(Typed(name, line, " ".join(number[0].split()), " ".join(sentence[0].split())))
    return tuple(found)


def unaccounted(classes: Iterable[CourseClass], allowed: Path = ALLOWED) -> tuple[str, ...]:
    """Return what is wrong: figures typed by hand that aren't allowed, entries without a reason, entries that nothing needs."""
    entries = tomllib.loads(allowed.read_text(encoding="utf-8")).get("allowed", [])
    listed = {(entry["class"], entry["number"]): entry["reason"] for entry in entries}
    problems = [f"{key}: no reason is given" for key, reason in listed.items() if len(reason.split()) < 3]
    needed = set()
    built = set()
    for item in classes:
        built.add(item.slug)
        for file in ("lesson.md", "slides.md"):
            for typed in typed_results((item.folder / file).read_text(encoding="utf-8"), f"{item.folder.name}/{file}"):
                key = (item.slug, typed.number)
                needed.add(key)
                if key not in listed:
                    problems.append(str(typed))
    problems += [f"{key}: nothing needs this entry any more: remove it" for key in listed.keys() - needed if key[0] in built]
    return tuple(problems)
