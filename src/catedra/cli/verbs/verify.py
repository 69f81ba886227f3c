"""`catedra verify N`: measures a class and writes its record."""

from typing import TYPE_CHECKING

import typer

from catedra.cli.output import JSON_HELP

if TYPE_CHECKING:
    from catedra.course import CourseClass, Record


def run(
    number: int | None = typer.Argument(None, help="Número de la clase; sin él, hace falta --all."),
    all_: bool = typer.Option(False, "--all", help="Todas las clases construidas."),
    scale: str = typer.Option("laptop", "--scale", help="smoke, laptop, claim o full."),
    seeds: int = typer.Option(5, "--seeds", min=1, help="Cuántas semillas; el registro se escribe con 5 o más."),
    resume: bool = typer.Option(False, "--resume", help="Seguir una verificación interrumpida en vez de empezar de nuevo."),
    workers: int = typer.Option(2, "--workers", min=1, help="Procesos a la vez, uno por procesador."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Medir una clase sobre varias semillas y escribir su registro."""
    from dataclasses import asdict

    from catedra.checking import ScaleName
    from catedra.cli.output import print_json
    from catedra.course import BrokenClass, ClassError, catalogue, load

    if (number is None) != all_:
        raise typer.BadParameter("decí el número de una clase, o --all")
    if scale not in list(ScaleName):
        raise typer.BadParameter(f"las escalas son {', '.join(ScaleName)}; llegó {scale!r}")
    if number is not None:
        chosen = [load(number)]
    else:
        found = catalogue()
        broken = [item for item in found if isinstance(item, BrokenClass)]
        if broken:
            raise ClassError(broken[0].reason)
        chosen = [item for item in found if not isinstance(item, BrokenClass)]
    records = [_verify(item, scale, seeds, resume, workers, quiet=json_) for item in chosen]
    if json_:
        print_json([asdict(record) for record in records])
    if not all(record.sound for record in records) and scale != ScaleName.SMOKE:
        raise typer.Exit(1)


def _verify(course_class: "CourseClass", scale: str, seeds: int, resume: bool, workers: int, quiet: bool) -> "Record":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from catedra.cli.output import console
    from catedra.course.record import write_record
    from catedra.verifying import MIN_SEEDS, State, plan, run_jobs, summarize
    from catedra.verifying.run import Progress as Step

    state = State(course_class, scale)
    if not resume:
        state.clear()
    jobs = plan(course_class, scale, range(seeds))
    out = console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, disable=quiet, transient=False) as bar:
        task = bar.add_task(f"{course_class.number} · {course_class.title}", total=sum(len(job.runs) for job in jobs))

        def report(step: Step) -> None:
            bar.update(task, completed=step.done, total=step.total)

        run_jobs(course_class, jobs, state, workers=workers, report=report)
    record, curves = summarize(course_class, scale, range(seeds), state)
    written = scale != "smoke" and seeds >= MIN_SEEDS
    if written:
        write_record(course_class.folder, record, curves)
    if not quiet:
        _print(record)
        out.print(
            f"Registro escrito en {course_class.folder.name}/record.json." if written
            else f"No se escribe registro: hace falta escala laptop o mayor y {MIN_SEEDS} semillas o más."
        )  # fmt: skip
    return record


def _print(record: "Record") -> None:
    from catedra.cli.output import console, table
    from catedra.course.template import quantity, spread, threshold_text

    measured = table("Criterio o afirmación", "Umbral", ">Medido", ">Desvío", ">Cota o intervalo", "Veredicto", ">CPU s", ">MB")
    for item in (*record.criteria, *record.claims):
        low = "—" if item.low is None else quantity(item.low, percent=item.percent)
        high = "—" if item.high is None else quantity(item.high, percent=item.percent)
        measured.add_row(
            item.name, threshold_text(item.threshold, item.percent, item.unit),
            "—" if item.mean is None else quantity(item.mean, percent=item.percent, unit=item.unit),
            "—" if item.std is None else spread(item), f"{low} … {high}", item.verdict.label,
            "—" if item.cpu_s is None else f"{item.cpu_s:.1f}", "—" if item.memory_mb is None else f"{item.memory_mb:.0f}",
        )  # fmt: skip
    answers = table("Respuesta", "Lugar", "Rechazada por", "Como se esperaba")
    for judged in (*record.right_answers, *record.wrong_answers):
        answers.add_row(
            judged.name, str(judged.place), ", ".join(judged.caught_by) or "nadie", "sí" if judged.as_expected else "NO"
        )
    out = console()
    out.print(measured)
    out.print(answers)
    for problem in record.problems:
        out.print(f"✗ {problem}", style="yellow", markup=False)
    out.print(f"{'Umbrales sólidos' if record.sound else 'Con problemas'}; {record.cpu_s:.0f} s de CPU en total.")
