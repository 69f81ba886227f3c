"""Written answers: they stay pending until a teacher scores them, and what a teacher gives never mixes with what was measured.

`catedra grade` writes a page with every answer beside its rubric and a scoring sheet (CSV or JSON, one row or object a line of the rubric). The
teacher fills in `puntos` between 0 and 1; `catedra grade --scores SHEET` appends them to the trail. A row is known by its key, so that the
sheet may be sorted, cut or saved by any spreadsheet.
"""

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catedra.checking.declare import Criterion
from catedra.checking.namespace import SubmissionError
from catedra.checking.outcome import Evidence
from catedra.course.parts import Checks
from catedra.errors import CatedraError
from catedra.grading.engine import Job
from catedra.grading.gradebook import BOM, safe_cell
from catedra.grading.names import visible
from catedra.grading.submission import Submission, Written, read_regular
from catedra.grading.trail import Score

COLUMNS = ("clave", "estudiante", "criterio", "línea", "qué se busca", "puntos", "comentario", "docente")
MAX_SHEET = 64 * 2**20
MAX_COMMENT = 4000


class SheetError(CatedraError):
    """A scoring sheet can't be read."""


@dataclass(frozen=True)
class Question:
    """A written answer beside its rubric.

    Attributes:
        student: whose.
        submission_sha256: of the file.
        criterion: what is asked, with its rubric.
        answers: the cells that may answer it; empty if the student wrote nothing.
        score: what a teacher gave, if anything.
    """

    student: str
    submission_sha256: str
    criterion: Criterion
    answers: tuple[Written, ...]
    score: Score | None

    def key(self, line: int) -> str:
        """What the sheet knows a line of this rubric by; it holds for this very submission only."""
        parts = json.dumps([self.student, self.submission_sha256, self.criterion.name, line, self.criterion.rubric[line - 1]])
        return "k" + hashlib.sha256(parts.encode()).hexdigest()[:20]  # with a letter, or a spreadsheet may read 12e4… as a number


def questions(
    jobs: Sequence[Job], submissions: Mapping[str, Submission], checks: Checks, scores: Sequence[Score]
) -> tuple[Question, ...]:
    """Return every written answer of a cohort: by criterion, then by student, so that one question is read across students."""
    last = {(score.student, score.submission_sha256, score.criterion): score for score in scores}
    written = [item for item in checks.criteria if item.evidence is Evidence.WRITTEN]
    return tuple(
        Question(
            job.student,
            job.sha256,
            criterion,
            submissions[job.student].written,
            last.get((job.student, job.sha256, criterion.name)),
        )
        for criterion in written
        for job in sorted(jobs, key=lambda job: (job.student.casefold(), job.student))
    )


def sheet_csv(asked: Sequence[Question]) -> bytes:
    """Return the scoring sheet as CSV; what was scored already is filled in."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(asked):
        writer.writerow([safe_cell("" if row[name] is None else row[name]) for name in COLUMNS])
    return (BOM + out.getvalue()).encode("utf-8", "replace")


def sheet_json(asked: Sequence[Question]) -> bytes:
    """Return the scoring sheet as JSON: a list of objects with the same names as the CSV's columns."""
    return (json.dumps(_rows(asked), ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _rows(asked: Sequence[Question]) -> list[dict[str, Any]]:
    rows = []
    for question in asked:
        score = question.score
        for line, sought in enumerate(question.criterion.rubric, start=1):
            given = score.points[line - 1] if score and len(score.points) >= line else None
            comment, teacher = (score.comment, score.teacher) if score and line == 1 else ("", score.teacher if score else "")
            values = (question.key(line), question.student, question.criterion.name, line, sought, given, comment, teacher)
            rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def read_sheet(content: bytes, asked: Sequence[Question], teacher: str) -> tuple[Score, ...]:
    """Return the scores that a filled sheet gives to these questions.

    A question whose lines are all empty stays pending. The comments of its lines are joined.

    Args:
        content: of the sheet, CSV (comma or semicolon) or JSON.
        asked: the questions of the folder as it is now.
        teacher: who scored, where the sheet doesn't say.

    Raises:
        SheetError: unreadable, a key that is nobody's, points outside 0–1, or a rubric scored by half; says which row.
    """
    wanted = {question.key(line): (question, line) for question in asked for line in range(1, len(question.criterion.rubric) + 1)}
    filled: dict[int, dict[int, dict[str, str]]] = {}
    position = {id(question): index for index, question in enumerate(asked)}
    for number, row in enumerate(_read_rows(content), start=1):
        if not row["puntos"]:
            continue
        if row["clave"] not in wanted:
            raise SheetError(
                f"fila {number} de la planilla: la clave {visible(row['clave'], 30)!r} no es de ninguna respuesta de esta carpeta "
                "(¿la entrega o la rúbrica cambiaron?): generá la planilla de nuevo"
            )
        question, line = wanted[row["clave"]]
        lines = filled.setdefault(position[id(question)], {})
        if line in lines:
            raise SheetError(
                f"fila {number} de la planilla: la línea {line} de {visible(question.student, 60)} está dos veces: dejá una"
            )
        lines[line] = {**row, "puntos": str(_points(row["puntos"], number))}
    return tuple(_score(asked[index], lines, teacher) for index, lines in sorted(filled.items()))


def read_scores(path: Any, asked: Sequence[Question], teacher: str) -> tuple[Score, ...]:
    """Read a sheet's file; see `read_sheet`.

    Raises:
        SheetError: also when the file can't be read.
    """
    try:
        return read_sheet(read_regular(path, MAX_SHEET), asked, teacher)
    except SubmissionError as error:
        raise SheetError(f"no se puede leer la planilla: {error}") from error


def _score(question: Question, lines: Mapping[int, Mapping[str, str]], teacher: str) -> Score:
    rubric = question.criterion.rubric
    missing = [str(line) for line in range(1, len(rubric) + 1) if line not in lines]
    if missing:
        raise SheetError(
            f"a {visible(question.student, 60)} le falta puntuar la línea {', '.join(missing)} de «{question.criterion.name}» "
            f"(la rúbrica tiene {len(rubric)}): completala, o dejá todas vacías para más tarde"
        )
    comments = dict.fromkeys(row["comentario"].strip() for _, row in sorted(lines.items()))
    named = next((row["docente"].strip() for _, row in sorted(lines.items()) if row["docente"].strip()), teacher)
    return Score(
        question.student,
        question.submission_sha256,
        question.criterion.name,
        tuple(float(lines[line]["puntos"]) for line in range(1, len(rubric) + 1)),
        named[:255],
        "\n".join(filter(None, comments))[:MAX_COMMENT],
        datetime.now(UTC),
    )


def _points(text: str, number: int) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise SheetError(
            f"fila {number} de la planilla: se esperaban puntos entre 0 (no está) y 1 (está), como 0,5, y llegó {visible(text, 30)!r}"
        )
    return value


def _read_rows(content: bytes) -> list[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError("la planilla no es texto UTF-8: guardala como «CSV UTF-8»") from error
    try:
        found = json.loads(text) if text.lstrip().startswith("[") else _csv_rows(text)
        rows = [{name: _text(row.get(name)) for name in COLUMNS} for row in found]
    except (ValueError, RecursionError, csv.Error, AttributeError, TypeError) as error:
        raise SheetError(
            f"la planilla no se puede leer ({visible(str(error), 100)}): usá la que escribió `catedra grade`"
        ) from error
    if not all({"clave", "puntos"} <= row.keys() for row in found):
        raise _headless()
    return rows


def _csv_rows(text: str) -> list[dict[str, Any]]:
    head = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    if not {"clave", "puntos"} <= set(reader.fieldnames or ()):
        raise _headless()
    return list(reader)


def _headless() -> SheetError:
    return SheetError(
        "la planilla no tiene las columnas `clave` y `puntos`: usá la que escribió `catedra grade`, con su encabezado"
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value).strip()
    raise TypeError(f"expected text or a number, found {type(value).__name__}")
