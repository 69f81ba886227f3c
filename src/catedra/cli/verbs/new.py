"""`catedra new N --title …`: the scaffold of a class."""

import typer

from catedra.cli.output import JSON_HELP


def run(
    number: int = typer.Argument(..., min=1, help="Número de la clase nueva."),
    title: str = typer.Option(..., "--title", help="Su título."),
    slug: str | None = typer.Option(None, "--slug", help="Nombre corto para la carpeta y los enlaces; sale del título."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Crear la carpeta de una clase nueva para completar."""
    from catedra.cli.output import print_json
    from catedra.course.scaffold import scaffold

    folder = scaffold(number, title, slug)
    if json_:
        print_json({"folder": str(folder)})
    else:
        typer.echo(f"Listo: {folder}\nCompletá lo marcado con COMPLETAR; `pytest tests/classes -k {folder.name}` dice qué falta.")
