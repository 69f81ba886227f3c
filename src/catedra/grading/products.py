"""What a graded folder leaves in the teacher's folder: gradebook, pages, scoring sheet.

notas.csv, notas.json   the gradebook
indice.html             the teacher's page
informes/…              one page a student, to hand out
escritas.html           the written answers beside their rubric
planilla-….csv, .json   the scoring sheet; a new state gets a new name, so that one half filled in is never overwritten
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from catedra.course import CourseClass
from catedra.course.parts import checks_of, solution_source
from catedra.errors import CatedraError
from catedra.grading.batch import Batch
from catedra.grading.gradebook import Row, as_csv, as_plain, rows_of
from catedra.grading.names import page_name
from catedra.grading.report import index_page, student_page, written_page
from catedra.grading.similar import similar_answers
from catedra.grading.trail import Trail
from catedra.grading.written import questions, sheet_csv, sheet_json


class ProductsError(CatedraError):
    """The teacher's folder can't be written."""


def write_products(out: Path, batch: Batch, trail: Trail, course_class: CourseClass, *, cohort: str) -> tuple[Row, ...]:
    """Write everything below `out` and return the gradebook's rows. Each file is replaced whole or not at all.

    Raises:
        ProductsError: the folder can't be written.
        StoreError: the trail can't be read.
    """
    checks = checks_of(course_class)
    scores = trail.scores(course_class.number)
    rows = rows_of(batch, checks, scores)
    similar = similar_answers({name: item.cells for name, item in batch.submissions.items()}, solution_source(course_class))
    files = {
        "notas.csv": as_csv(rows, checks),
        "notas.json": _json(as_plain(rows, course_class, similar=similar, moves=batch.moves, cohort=cohort)),
        "indice.html": _html(index_page(rows, course_class, checks, similar=similar, moves=batch.moves)),
    }
    files |= {f"informes/{page_name(row.student)}.html": _html(student_page(row, course_class, checks)) for row in rows}
    asked = questions(batch.jobs, batch.submissions, checks, scores)
    if asked:
        sheet = sheet_csv(asked)
        name = f"planilla-{hashlib.sha256(sheet).hexdigest()[:8]}"
        files["escritas.html"] = _html(written_page(asked, course_class))
        files |= {
            f"{name}{kind}": data
            for kind, data in ((".csv", sheet), (".json", sheet_json(asked)))
            if not (out / f"{name}{kind}").exists()
        }
    try:
        (out / "informes").mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            _replace(out / file, content)
    except OSError as error:
        raise ProductsError(f"no se puede escribir en {out} ({error.strerror}): elegí otra carpeta con --out") from error
    return rows


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _html(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")  # readable by its owner only: these are grades
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
