"""`catedra list`: the programme, with what is built and what was measured."""

import typer

from catedra.cli.output import JSON_HELP


def run(
    all_: bool = typer.Option(False, "--all", help="También las clases que todavía no están construidas."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Listar las clases del curso y su estado."""
    from catedra.cli.output import console, print_json, table
    from catedra.course import status

    rows = [row for row in status.overview() if all_ or row.state != status.PLANNED]
    if json_:
        print_json([row.as_plain() for row in rows])
        return
    shown = table(">N.º", "Clase", ">Minutos", "Estado", "Verificación")
    for row in rows:
        shown.add_row(str(row.number), row.title, str(row.minutes or ""), row.state, row.verification)
    console().print(shown)
    if not all_:
        console().print(f"El programa completo tiene {len(status.overview())} clases: `catedra list --all`.")
