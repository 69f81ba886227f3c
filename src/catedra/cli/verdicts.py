"""A verdict as a terminal shows it."""

from typing import TYPE_CHECKING

from catedra.checking import Outcome, Verdict
from catedra.cli.output import table
from catedra.course.template import quantity, threshold_text

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {Outcome.CORRECT: "green", Outcome.INCORRECT: "yellow", Outcome.RUNTIME_ERROR: "red", Outcome.TIMEOUT: "red"}
_MARKS = {
    Outcome.CORRECT: "✓",
    Outcome.INCORRECT: "✗",
    Outcome.RUNTIME_ERROR: "!",
    Outcome.TIMEOUT: "!",
    Outcome.NOT_ATTEMPTED: "·",
}


def print_verdict(out: "Console", verdict: Verdict) -> None:
    """Print a verdict as one or two tables."""
    from rich.text import Text

    if verdict.checks:
        exercises = table("", ">Ej.", "Resultado", "Qué pasó", title=f"Clase {verdict.class_number}: ejercicios")
        for check in verdict.checks:
            said = Text(check.message)
            if check.detail:
                said.append(f"\n{check.detail}", style="dim")
            exercises.add_row(_mark(check.outcome), str(check.exercise), check.outcome.label, said)
        out.print(exercises)
    if verdict.criteria:
        homework = table("", "Criterio", "Umbral", ">Medido", "Resultado", "Qué pasó", title="Tarea")
        for item in verdict.criteria:
            value = "—" if item.value is None else quantity(item.value, percent=item.percent, unit=item.unit)
            said = Text(item.message)
            if item.detail:
                said.append(f"\n{item.detail}", style="dim")
            homework.add_row(
                _mark(item.outcome),
                item.name,
                threshold_text(item.threshold, item.percent, item.unit),
                value,
                item.outcome.label,
                said,
            )
        out.print(homework)


def _mark(outcome: Outcome) -> str:
    style = _STYLES.get(outcome, "dim")
    return f"[{style}]{_MARKS.get(outcome, '?')}[/{style}]"
