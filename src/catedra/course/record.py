"""The record of a class: what `catedra verify` measured. Written by it alone, never by hand."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from catedra.checking.curves import Curves
from catedra.errors import CatedraError

RECORD_NAME = "record.json"
CURVES_NAME = "curves.json"
CURVES_LIMIT = 200_000
RECORD_FORMAT = 1


class RecordError(CatedraError):
    """A record can't be read or must not be written."""


class RecordVerdict(StrEnum):
    """HOLDS as claimed; HOLDS_ADJUSTED with another threshold, said why; REFUTED by a run at the claimed size; NOT_JUDGED yet."""

    HOLDS = "holds"
    HOLDS_ADJUSTED = "holds_adjusted"
    REFUTED = "refuted"
    NOT_JUDGED = "not_judged"

    @property
    def label(self) -> str:
        """As a student reads it."""
        return {
            "holds": "se cumple",
            "holds_adjusted": "se cumple con otro umbral",
            "refuted": "no se cumple",
            "not_judged": "no se juzgó",
        }[self.value]


@dataclass(frozen=True)
class Measured:
    """A criterion or claim, as measured.

    Attributes:
        name: the criterion's name or the claim's statement.
        values: seed (as text) → measured value; empty for a claim that is judged on all seeds at once.
        mean, std: over seeds; std is the sample's.
        low, high: for criteria, the one-sided 95/95 tolerance bounds; for claims, the 95 % interval.
        threshold: as text; None where nothing is judged.
        claimed: the specification's threshold as text.
        percent: whether the values are fractions shown as percentages.
        unit: of the values.
        verdict: what came of it.
        evidence: a sentence whenever the verdict isn't HOLDS.
        data: variant of the data, or None.
        cpu_s, wall_s: mean a seed; None for claims (they read measurements).
        memory_mb: the largest peak over seeds.
    """

    name: str
    values: Mapping[str, float]
    mean: float | None
    std: float | None
    low: float | None
    high: float | None
    threshold: str | None
    claimed: str | None
    percent: bool
    unit: str
    verdict: RecordVerdict
    evidence: str
    data: str | None
    cpu_s: float | None
    wall_s: float | None
    memory_mb: float | None


@dataclass(frozen=True)
class Judged:
    """A right or wrong answer, as the checks and criteria judged it.

    Attributes:
        name: the answer's identifier.
        description: what it does.
        place: exercise number or "homework".
        expected: for wrong answers, who should catch it; None for right ones.
        caught_by: checks and criteria that rejected it, each with its message.
        values: criterion → measured values over the seeds tried.
        as_expected: a right answer passed everything; a wrong one was rejected where declared.
    """

    name: str
    description: str
    place: int | str
    expected: int | str | None
    caught_by: Mapping[str, str]
    values: Mapping[str, list[float | None]]
    as_expected: bool


@dataclass(frozen=True)
class Record:
    """What verification found.

    Attributes:
        class_number: which class.
        code_hash: of the code that was measured; another hash means that the record is old.
        scale: at which the criteria ran.
        seeds: the seeds.
        sound: whether every threshold is sound (docs/authoring.md, *Verifying*).
        problems: why not, one sentence each.
        criteria, claims: as measured.
        right_answers, wrong_answers: as judged.
        data: data set → {"variant", "digest"}.
        versions: package → version.
        machine: processor, cores, memory, system.
        date: ISO 8601 date, UTC.
        cpu_s: all of it.
        format: of this file.
    """

    class_number: int
    code_hash: str
    scale: str
    seeds: tuple[int, ...]
    sound: bool
    problems: tuple[str, ...]
    criteria: tuple[Measured, ...]
    claims: tuple[Measured, ...]
    right_answers: tuple[Judged, ...]
    wrong_answers: tuple[Judged, ...]
    data: Mapping[str, Mapping[str, str]]
    versions: Mapping[str, str]
    machine: Mapping[str, str]
    date: str
    cpu_s: float
    format: int = RECORD_FORMAT

    def criterion(self, name: str) -> Measured | None:
        """The criterion of that name."""
        return next((item for item in self.criteria if item.name == name), None)

    def claim(self, statement: str) -> Measured | None:
        """The claim with that statement."""
        return next((item for item in self.claims if item.name == statement), None)


def read_record(folder: Path) -> Record | None:
    """Return a class's record, or None when it was never verified.

    Raises:
        RecordError: the file exists and isn't a record of this format.
    """
    path = folder / RECORD_NAME
    if not path.exists():
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["format"] != RECORD_FORMAT:
            raise RecordError(f"{path.name}: expected format {RECORD_FORMAT}, found {raw['format']}: run `catedra verify` again")
        return Record(
            **{
                **raw,
                "seeds": tuple(raw["seeds"]),
                "problems": tuple(raw["problems"]),
                "criteria": tuple(_measured(item) for item in raw["criteria"]),
                "claims": tuple(_measured(item) for item in raw["claims"]),
                "right_answers": tuple(Judged(**item) for item in raw["right_answers"]),
                "wrong_answers": tuple(Judged(**item) for item in raw["wrong_answers"]),
            }
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{folder.name}/{path.name} is not a record ({error}): delete it and run `catedra verify`") from error


def write_record(folder: Path, record: Record, curves: Mapping[str, Any]) -> None:
    """Write record.json and curves.json, each whole or not at all.

    Raises:
        RecordError: the curves are larger than they may be.
    """
    curves_text = json.dumps(curves, ensure_ascii=False, separators=(",", ":")) + "\n"
    if len(curves_text) > CURVES_LIMIT:
        raise RecordError(
            f"{CURVES_NAME}: at most {CURVES_LIMIT} bytes, would take {len(curves_text)}: return fewer points from the measurements"
        )
    write_atomically(folder / CURVES_NAME, curves_text)
    write_atomically(folder / RECORD_NAME, json.dumps(asdict(record), ensure_ascii=False, indent=1) + "\n")


def read_curves(folder: Path) -> Curves:
    """Return a class's measured curves; empty when it was never verified."""
    path = folder / CURVES_NAME
    if not path.exists():
        return Curves((), {})
    raw = json.loads(path.read_text(encoding="utf-8"))
    return Curves(raw["seeds"], raw["values"])


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader or a crash never sees half of it."""
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _measured(item: dict[str, Any]) -> Measured:
    return Measured(**{**item, "verdict": RecordVerdict(item["verdict"])})
