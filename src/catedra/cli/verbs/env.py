"""`catedra env`: what this machine has, and what it lacks."""

import typer

from catedra.cli.output import JSON_HELP


def run(json_: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Revisar el entorno: Python, núcleo, stacks y carpetas."""
    from dataclasses import asdict

    from catedra import environment
    from catedra.cli.output import console, print_json, table

    report = environment.examine()
    if json_:
        print_json(asdict(report))
    else:
        shown = table("", "Qué", "Versión o lugar", "Qué hacer")
        for item in report.items:
            mark = {True: "[green]✓[/green]", False: "[red]✗[/red]", None: "[dim]·[/dim]"}[item.ok]
            shown.add_row(mark, item.name, item.found, item.advice)
        console().print(shown)
    if not report.ok:
        raise typer.Exit(1)
