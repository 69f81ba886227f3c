"""Reads and validates the front matter of lesson.md, naming file, line, what was expected and what was found."""

from collections.abc import Callable
from typing import Any

import yaml

from catedra.course.model import Budget, FrontMatter
from catedra.errors import CatedraError

NEEDS = ("loopback", "gpu", "hub", "browser")
FENCE = "---"


class ClassError(CatedraError):
    """A class folder is broken; the message names the place and the mend."""


def parse_front_matter(text: str, name: str) -> tuple[FrontMatter, int]:
    """Return the front matter and the number of lines that it takes.

    Args:
        text: the whole lesson.
        name: of the file, for messages.

    Raises:
        ClassError: with file, line, expected and found.
    """
    lines = text.splitlines()
    if not lines or lines[0] != FENCE:
        raise ClassError(
            f"{name}:1: expected the front matter's opening `---`, found {lines[0][:40]!r}" if lines else f"{name}: is empty"
        )
    try:
        end = lines.index(FENCE, 1)
    except ValueError:
        raise ClassError(f"{name}:1: the front matter's closing `---` is missing") from None
    head = "\n".join(lines[1:end])
    try:
        raw = yaml.safe_load(head)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else 1
        raise ClassError(f"{name}:{line}: the front matter is not YAML: {getattr(error, 'problem', error)}") from error
    if not isinstance(raw, dict):
        raise ClassError(f"{name}:2: expected `field: value` lines, found {type(raw).__name__}")
    return _Fields(raw, lines, name).front_matter(), end + 1


class _Fields:
    def __init__(self, raw: dict[str, Any], lines: list[str], name: str) -> None:
        self._raw, self._lines, self._name = raw, lines, name

    def front_matter(self) -> FrontMatter:
        known = set(FrontMatter.__dataclass_fields__)
        for field in self._raw:
            if field not in known:
                self._fail(str(field), f"one of {', '.join(sorted(known))}", f"the unknown field {field!r}")
        budget = self._get("budget", "{check: s, grade: s, memory_mb: MB}", lambda v: isinstance(v, dict))
        if set(budget) != {"check", "grade", "memory_mb"} or not all(_positive(value) for value in budget.values()):
            self._fail("budget", "{check: s, grade: s, memory_mb: MB} with positive integers", repr(budget))
        return FrontMatter(
            number=self._get("number", "a positive integer", _positive),
            part=self._get("part", "a positive integer", _positive),
            title=self._get("title", "a text", _text),
            minutes=self._get("minutes", "a positive integer", _positive),
            source=self._get("source", "a text", _text),
            prerequisites=self._list("prerequisites", "a list of slugs"),
            deepens=self._get("deepens", "a slug or null", lambda v: v is None or _text(v)),
            stacks=self._list("stacks", "a list of stacks"),
            data=self._list("data", "a list of data sets"),
            needs=self._list("needs", f"a list of {', '.join(NEEDS)}", NEEDS),
            budget=Budget(**budget),
        )

    def _get(self, field: str, expected: str, valid: Callable[[Any], bool]) -> Any:
        if field not in self._raw:
            raise ClassError(f"{self._name}:1: the front matter lacks `{field}`: expected {expected}")
        value = self._raw[field]
        if not valid(value):
            self._fail(field, expected, repr(value))
        return value

    def _list(self, field: str, expected: str, allowed: tuple[str, ...] | None = None) -> tuple[str, ...]:
        value = self._get(field, expected, lambda v: isinstance(v, list) and all(_text(item) for item in v))
        for item in value:
            if allowed is not None and item not in allowed:
                self._fail(field, expected, repr(item))
        return tuple(value)

    def _fail(self, field: str, expected: str, found: str) -> None:
        line = next((n for n, text in enumerate(self._lines, start=1) if text.startswith(f"{field}:")), 1)
        raise ClassError(f"{self._name}:{line}: `{field}`: expected {expected}, found {found}")


def _positive(value: Any) -> bool:
    return type(value) is int and value > 0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
