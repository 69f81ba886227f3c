"""`catedra show N`: a class, with its exercises, criteria and what was measured."""

import typer

from catedra.cli.output import JSON_HELP


def run(
    number: int = typer.Argument(..., help="Número de la clase."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Mostrar una clase y lo que se midió de ella."""
    from dataclasses import asdict

    from catedra.cli.output import console, print_json, table
    from catedra.course import load
    from catedra.course.template import quantity, spread, threshold_text

    item = load(number)
    if json_:
        front = asdict(item.front)
        record = asdict(item.record) if item.record else None
        exercises = [{"number": each.number, "title": each.title, "slug": each.slug} for each in item.exercises]
        print_json({**front, "slug": item.slug, "content_hash": item.content_hash, "exercises": exercises, "record": record})
        return
    out = console()
    out.print(f"[bold]{item.number} · {item.title}[/bold]  ({item.front.minutes} min · {item.front.source})\n")
    out.print(item.sections["Objetivo"].body, markup=False)
    exercises_table = table(">N.º", "Ejercicio")
    for each in item.exercises:
        exercises_table.add_row(str(each.number), each.title)
    out.print(exercises_table)
    if item.record is None:
        out.print("Esta clase todavía no fue verificada: `catedra verify` la mide.")
        return
    measured = table("Criterio o afirmación", "Umbral", ">Medido", ">Desvío", "Veredicto")
    for entry in (*item.record.criteria, *item.record.claims):
        measured.add_row(
            entry.name,
            threshold_text(entry.threshold, entry.percent, entry.unit),
            quantity(entry.mean, percent=entry.percent, unit=entry.unit) if entry.mean is not None else "—",
            spread(entry) if entry.std is not None else "—",
            entry.verdict.label,
        )
    out.print(measured)
    out.print(f"Medido el {item.record.date} con {len(item.record.seeds)} semillas; empezá con `catedra start {number}`.")
