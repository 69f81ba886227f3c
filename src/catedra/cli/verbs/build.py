"""`catedra build N`: guide, deck, notebook and web page of a class."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from catedra.cli.output import JSON_HELP

if TYPE_CHECKING:
    from catedra.publishing.build import Built


def run(
    number: int | None = typer.Argument(None, help="Número de la clase; sin él, hace falta --all."),
    all_: bool = typer.Option(False, "--all", help="Todas las clases construidas."),
    guide: bool = typer.Option(False, "--guide", help="Solo la guía (PDF); se puede combinar con las otras."),
    deck: bool = typer.Option(False, "--deck", help="Solo las diapositivas (PPTX)."),
    notebook: bool = typer.Option(False, "--notebook", help="Solo el cuaderno (ipynb)."),
    page: bool = typer.Option(False, "--page", help="Solo la página web (HTML)."),
    out: Path = typer.Option(Path("material"), "--out", help="Carpeta de salida."),
    workers: int = typer.Option(2, "--workers", min=1, help="Procesos a la vez, uno por procesador."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Generar guía, diapositivas, cuaderno y página: solo lo que cambió."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from catedra.cli.output import console, print_json
    from catedra.course import catalogue, load
    from catedra.publishing.build import ALL, Built, build
    from catedra.publishing.products import Product

    if (number is None) != all_:
        raise typer.BadParameter("decí el número de una clase, o --all")
    asked = {Product.GUIDE: guide, Product.DECK: deck, Product.NOTEBOOK: notebook, Product.PAGE: page}
    products = tuple(product for product in ALL if asked[product] or not any(asked.values()))
    chosen = catalogue() if number is None else (load(number),)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), disable=json_, transient=True) as bar:
        task = bar.add_task("Generando", total=len(chosen))

        def report(built: Built) -> None:
            bar.update(task, advance=1, description=built.name)

        results = build(chosen, out, products=products, workers=workers, report=report)
    if json_:
        print_json([built.as_plain() for built in results])
    else:
        _print(results)
    if any(built.error for built in results):
        raise typer.Exit(2)


def _print(results: "tuple[Built, ...]") -> None:
    from catedra.cli.output import console

    out, problems = console(), console(stderr=True)
    for built in results:
        for path in built.made.values():
            out.print(f"{path}", soft_wrap=True, markup=False)
        if built.error:
            problems.print(f"✗ {built.error}", style="red", markup=False, soft_wrap=True)
    made = sum(len(built.made) for built in results)
    kept = sum(len(built.kept) for built in results)
    out.print(f"{made} generados, {kept} ya estaban al día.")
