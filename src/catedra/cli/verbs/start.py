"""`catedra start N [DIR]`: the student's notebook of a class. Never overwrites a copy."""

from pathlib import Path

import typer

from catedra.cli.output import JSON_HELP


def run(
    number: int = typer.Argument(..., help="Número de la clase."),
    folder: Path = typer.Argument(Path(), metavar="[DIR]", help="Carpeta donde queda el cuaderno."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Crear tu cuaderno de una clase. Si ya existe, queda como lo dejaste."""
    from catedra.cli.output import print_json
    from catedra.publishing.workspace import start_notebook

    path, created = start_notebook(number, folder)
    if json_:
        print_json({"path": str(path), "created": created})
    elif created:
        typer.echo(
            f"Listo: {path}\nAbrilo con JupyterLab (`catedra lab {path.parent}`) y después comprobá con `catedra check {number} {path}`."
        )
    else:
        typer.echo(
            f"{path} ya existe y queda como lo dejaste. Para empezar de cero, elegí otra carpeta: `catedra start {number} DIR`."
        )
