"""The gradebook: one row a student, as CSV for a spreadsheet and as JSON for a program. What was measured and what a teacher gave stand apart.

A spreadsheet runs a cell that begins with = + - @ as a formula, also one that it splits off at a separator of its own locale (in Argentina,
the semicolon). Text that could do so gets an apostrophe before that character; numbers are ours and stay numbers.

Source: RFC 4180; OWASP, "CSV Injection".
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from catedra.checking.outcome import Evidence
from catedra.checking.verdict import Verdict
from catedra.course import CourseClass
from catedra.course.parts import Checks
from catedra.grading.batch import Batch, Move
from catedra.grading.names import visible
from catedra.grading.similar import Group
from catedra.grading.trail import Grade, Score

BOM = "\ufeff"
_FORMULA = re.compile(r"(^|[;,|\t\r\n])(\s*)(?=[=+\-@＝＋－＠])")


@dataclass(frozen=True)
class Row:
    """A student of the gradebook.

    Attributes:
        student: the name.
        file: as it was handed in.
        state: "corregida", "con otras condiciones", "sin resolver", "rechazada" or "sin corregir".
        reason: why, where there is no settled grade.
        sha256: of the submission; empty where it couldn't be read.
        grade: the one that counts, if there is any.
        scores: criterion → what a teacher gave to this very submission.
        pending: written criteria that no teacher scored yet.
    """

    student: str
    file: str
    state: str
    reason: str
    sha256: str
    grade: Grade | None
    scores: Mapping[str, Score]
    pending: tuple[str, ...]


def rows_of(batch: Batch, checks: Checks, scores: Sequence[Score]) -> tuple[Row, ...]:
    """Return the gradebook's rows, sorted by student's name."""
    last = {(score.student, score.submission_sha256, score.criterion): score for score in scores}
    written = [item.name for item in checks.criteria if item.evidence is Evidence.WRITTEN]
    rows = [Row(item.student, ", ".join(item.files), "rechazada", item.reason, "", None, {}, ()) for item in batch.rejected]
    for job in batch.jobs:
        grade = batch.grades.get(job.student)
        given = {name: last[key] for name in written if (key := (job.student, job.sha256, name)) in last}
        state, reason = _state(batch, job.student, grade)
        pending = tuple(name for name in written if name not in given)
        rows.append(Row(job.student, job.file.name, state, reason, job.sha256, grade, given, pending))
    return tuple(sorted(rows, key=lambda row: (row.student.casefold(), row.student)))


def _state(batch: Batch, student: str, grade: Grade | None) -> tuple[str, str]:
    failure = batch.failures.get(student, "")
    if grade is None:
        return "sin corregir", failure or "la corrida se cortó antes: volvé a correr el mismo comando"
    if not grade.settled:
        return "sin resolver", failure or "algo no fue concluyente (la máquina estaba ocupada): volvé a correr el mismo comando"
    if student in batch.stale:
        return "con otras condiciones", failure or "los checks o los paquetes cambiaron después: --regrade vuelve a corregir"
    return "corregida", ""


def as_csv(rows: Sequence[Row], checks: Checks) -> bytes:
    """Return the gradebook as CSV: UTF-8 with a mark, comma, CRLF, every field quoted."""
    exercises = list(checks.by_exercise)
    measured = _names(rows, checks, written=False)
    written = _names(rows, checks, written=True)
    head = ["estudiante", "archivo", "estado", "motivo", *(f"ejercicio {number}" for number in exercises)]
    head += [column for name in measured for column in (name, f"{name}: resultado")]
    head += [f"{name}: puntos" for name in written]
    head += ["entrega (sha256)", "fecha (UTC)", "capas", "checks", "entorno", "cohorte"]
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(map(safe_cell, head))
    for row in rows:
        writer.writerow(map(safe_cell, _cells(row, exercises, measured, written)))
    return (BOM + out.getvalue()).encode("utf-8", "replace")


def _cells(row: Row, exercises: Sequence[int], measured: Sequence[str], written: Sequence[str]) -> list[Any]:
    verdict = row.grade.verdict if row.grade else None
    by_exercise = {item.exercise: item.outcome.label for item in verdict.checks} if verdict else {}
    by_name = {item.name: item for item in verdict.criteria} if verdict else {}
    cells: list[Any] = [row.student, row.file, row.state, row.reason, *(by_exercise.get(number, "") for number in exercises)]
    for name in measured:
        item = by_name.get(name)
        cells += ["" if item is None or item.value is None else item.value, item.outcome.label if item else ""]
    cells += [_points(row, name) for name in written]
    cells += [row.sha256]
    if row.grade is None:
        return cells + [""] * 5
    conditions = row.grade.conditions
    when = row.grade.when.isoformat(timespec="seconds").removesuffix("+00:00")
    layers = " ".join(row.grade.verdict.layers)
    return [*cells, when, layers, conditions.checks_hash[:12], conditions.environment[:12], conditions.cohort]


def _points(row: Row, name: str) -> Any:
    if name in row.pending:
        return "pendiente"
    score = row.scores.get(name)
    return sum(score.points) if score else ""


def _names(rows: Sequence[Row], checks: Checks, *, written: bool) -> list[str]:
    """The criteria of the class, and those that only an older verdict has."""
    names = {item.name: item.evidence is Evidence.WRITTEN for item in checks.criteria}
    for row in rows:
        for item in row.grade.verdict.criteria if row.grade else ():
            names.setdefault(item.name, item.evidence is Evidence.WRITTEN)
    return [name for name, is_written in names.items() if is_written == written]


def safe_cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula, whatever separator it splits at.

    Example:
        >>> safe_cell("=1+1"), safe_cell("ana;=1+1"), safe_cell(-0.5)
        ("'=1+1", "ana;'=1+1", '-0.5')
    """
    if isinstance(value, int | float):
        return f"{value:.6g}"
    text = _FORMULA.sub(r"\1\2'", str(value)[:1001])
    mark = "'" if text[:1] in {"\t", "\r"} else ""
    return visible(mark + text.replace("\r", " ").replace("\t", " "), 1000)


def as_plain(
    rows: Sequence[Row], course_class: CourseClass, *, similar: Sequence[Group] = (), moves: Sequence[Move] = (), cohort: str = ""
) -> dict[str, Any]:
    """Return the gradebook as built-in values: whole verdicts, for the teacher's programs only."""
    return {
        "class": course_class.number,
        "title": course_class.title,
        "content_hash": course_class.content_hash,
        "checks_hash": course_class.code_hash,
        "cohort": cohort,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "students": [_plain_row(row) for row in rows],
        "similar": [asdict(group) for group in similar],
        "moves": [asdict(move) for move in moves],
    }


def _plain_row(row: Row) -> dict[str, Any]:
    grade = row.grade
    verdict: Verdict | None = grade.verdict if grade else None
    return {
        "student": row.student,
        "file": row.file,
        "state": row.state,
        "reason": row.reason,
        "submission_sha256": row.sha256,
        "graded": grade.when.isoformat() if grade else None,
        "conditions": asdict(grade.conditions) if grade else None,
        "verdict": verdict.as_plain() if verdict else None,
        "written": {name: {**asdict(score), "when": score.when.isoformat()} for name, score in row.scores.items()},
        "pending": list(row.pending),
    }
