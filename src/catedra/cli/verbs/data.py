"""`catedra data [NAME]`: where the data sets are, and fetching one."""

import typer

from catedra.cli.output import JSON_HELP


def run(
    name: str | None = typer.Argument(None, help="Conjunto de datos que querés tener; sin nombre, los lista."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Ver los conjuntos de datos, o traer y revisar uno."""
    from dataclasses import asdict

    from catedra import datasets
    from catedra.cli.output import console, print_json, table

    chosen = datasets.names() if name is None else (name,)
    if name is not None:
        loaded = datasets.load(name)
        split = loaded.split(seed=0)
        if not json_:
            parts = ", ".join(f"{len(part.y):,}".replace(",", ".") for part in split[:3])
            about = datasets.describe(name)
            console().print(
                f"{loaded.variant}: sano, {about.state.label}{f' ({about.folder})' if about.folder else ''}.\n{about.summary}\n"
                f"Entrenamiento, validación y prueba: {parts} ejemplos.\nLicencia: {loaded.licence}. Fuente: {loaded.source}\n"
                f"sha256 {loaded.digest}"
            )
    descriptions = [datasets.describe(each) for each in chosen]
    if json_:
        print_json([{**asdict(item), "folder": str(item.folder) if item.folder else None} for item in descriptions])
        return
    if name is None:
        shown = table("Nombre", ">MB", "Estado", "Qué es")
        for item in descriptions:
            size = f"{item.size / 1e6:.1f}".replace(".", ",") if item.size else "—"
            shown.add_row(item.name, size, item.state.label, item.summary)
        console().print(shown)
