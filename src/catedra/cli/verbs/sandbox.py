"""`catedra sandbox`: which walls this machine can raise around other people's code."""

import typer

from catedra.cli.output import JSON_HELP


def run(json_: bool = typer.Option(False, "--json", help=JSON_HELP)) -> None:
    """Probar las capas que aíslan una entrega y decir cómo conseguir las que faltan."""
    from catedra.cli.output import console, print_json, table
    from catedra.sandbox import layers

    found = layers.probe()
    if json_:
        print_json(found.to_json())
    else:
        shown = table("", "Nombre", "Qué impide")
        for layer in found.layers:
            shown.add_row("[green]✓[/green]" if layer.holds else "[red]✗[/red]", layer.name, layer.what_it_stops)
        screen = console()
        screen.print(shown)
        for layer in found.layers:
            if not layer.holds:
                screen.print(f"Falta {layer.name} ({layer.reason}).\n  Para tenerla: {layer.how_to_get_it}", markup=False)
        screen.print(_summary(found.strong, found.sufficient))
    if not found.sufficient:
        raise typer.Exit(1)


def _summary(strong: bool, sufficient: bool) -> str:
    if strong:
        return "Están todas las capas: podés corregir entregas de otros."
    if sufficient:
        return "Falta alguna capa, pero alcanzan para corregir entregas de otros."
    return "No alcanzan para corregir entregas de otros: hacen falta limits, seccomp y algo que cierre los archivos (landlock, o root y proc)."
