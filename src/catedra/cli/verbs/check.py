"""`catedra check N FILE`: checks your own answers in a separate process with a deadline."""

from pathlib import Path

import typer

from catedra.cli.output import JSON_HELP


def run(
    number: int = typer.Argument(..., help="Número de la clase."),
    file: Path = typer.Argument(..., help="Tu cuaderno (.ipynb) o script (.py)."),
    exercise: int | None = typer.Option(None, "--exercise", "-e", help="Solo este ejercicio."),
    homework: bool = typer.Option(False, "--homework", help="Medir también la tarea, con los datos reales (minutos)."),
    seed: int = typer.Option(0, "--seed", help="Semilla de los datos y del entrenamiento."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Comprobar tus respuestas. Es para tu propio código: lo ejecuta con tus permisos."""
    from catedra.checking import Outcome
    from catedra.cli.output import console, print_json
    from catedra.cli.verdicts import print_verdict
    from catedra.course import load
    from catedra.grading.selfcheck import Request, check_file

    course_class = load(number)
    request = Request(course_class, file, exercises=(exercise,) if exercise else None, homework=homework, seed=seed)
    if not json_:
        console(stderr=True).print(
            "Esto ejecuta el archivo con tus permisos: usalo con tu propio código, no con el de otra persona.", style="dim"
        )
    verdict = check_file(request)
    if json_:
        print_json(verdict.as_plain())
    else:
        print_verdict(console(), verdict)
    outcomes = [*(check.outcome for check in verdict.checks), *(item.outcome for item in verdict.criteria)]
    if any(outcome not in {Outcome.CORRECT, Outcome.PENDING} for outcome in outcomes):
        raise typer.Exit(1)
