"""The state of the whole course: which classes are built, and what their records say."""

from dataclasses import asdict, dataclass
from typing import Any

from catedra.course.loader import BrokenClass, catalogue
from catedra.course.model import CourseClass
from catedra.course.programme import programme
from catedra.course.record import RecordVerdict
from catedra.course.template import quantity, threshold_text

BUILT = "construida"
BROKEN = "rota"
PLANNED = "planificada"


@dataclass(frozen=True)
class ClassStatus:
    """A row of the course's map.

    Attributes:
        number, slug, title, minutes, block: of the class; block is empty for classes outside the programme.
        state: BUILT, BROKEN or PLANNED.
        verification: the record in a few words; for a broken class, why.
        criteria: name → "87,9 % ± 0,30 puntos (umbral ≥ 87 %)".
        sound: whether the record says that every threshold is sound; None without a record.
    """

    number: int
    slug: str
    title: str
    minutes: int | None
    block: str
    state: str
    verification: str
    criteria: dict[str, str]
    sound: bool | None

    def as_plain(self) -> dict[str, Any]:
        """Return the row as built-in values."""
        return asdict(self)


def overview() -> tuple[ClassStatus, ...]:
    """Return every class, built or planned, by number. A broken folder doesn't hide the others."""
    planned = {item.number: item for item in programme()}
    rows = {
        item.number: ClassStatus(item.number, item.slug, item.title, item.minutes, item.block, PLANNED, "", {}, None)
        for item in planned.values()
    }
    for found in catalogue():
        if isinstance(found, BrokenClass):
            number = int("".join(filter(str.isdigit, found.folder.name.partition("_")[0])))
            rows[number] = ClassStatus(number, "", found.folder.name, None, "", BROKEN, found.reason, {}, False)
        else:
            block = planned[found.number].block if found.number in planned else ""
            rows[found.number] = _built(found, block)
    return tuple(rows[number] for number in sorted(rows))


def _built(item: CourseClass, block: str) -> ClassStatus:
    record = item.record
    criteria: dict[str, str] = {}
    if record is None:
        verification, sound = "sin verificar", None
    else:
        judged = [each for each in (*record.criteria, *record.claims) if each.threshold is not None]
        counts = {verdict: sum(each.verdict is verdict for each in judged) for verdict in RecordVerdict}
        words = [f"{count} {_plural(verdict.label, count)}" for verdict, count in counts.items() if count]
        age = "" if record.code_hash == item.code_hash else "; el código cambió desde entonces"
        verification = f"{'umbrales sólidos' if record.sound else 'con problemas'} ({', '.join(words)}; {record.date}{age})"
        sound = record.sound
        for each in record.criteria:
            if each.mean is not None and each.std is not None:
                spread = f"{each.std * 100:.2f} puntos".replace(".", ",") if each.percent else quantity(each.std, fmt=".2g")
                shown = quantity(each.mean, percent=each.percent, unit=each.unit)
                criteria[each.name] = f"{shown} ± {spread} (umbral {threshold_text(each.threshold, each.percent, each.unit)})"
    return ClassStatus(item.number, item.slug, item.title, item.front.minutes, block, BUILT, verification, criteria, sound)


def _plural(label: str, count: int) -> str:
    return label if count == 1 else label.replace("cumple", "cumplen").replace("juzgó", "juzgaron")


def markdown_table() -> str:
    """Return the README's status table: the classes that are built, from their records."""
    lines = ["| N.º | Clase | Min | Criterio: medido ± desvío | Verificación |", "|---|---|---|---|---|"]
    for row in overview():
        if row.state != PLANNED:
            criteria = "<br>".join(f"{name}: {text}" for name, text in row.criteria.items()) or "—"
            lines.append(f"| {row.number} | {row.title} | {row.minutes or '—'} | {criteria} | {row.verification} |")
    return "\n".join(lines)
