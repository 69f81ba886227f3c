"""`catedra lab [DIR]`: JupyterLab on the student's workspace, with the course's front page."""

from pathlib import Path

import typer


def run(
    folder: Path = typer.Argument(Path("cuadernos"), metavar="[DIR]", help="Carpeta de tus cuadernos."),
    browser: bool = typer.Option(True, "--browser/--no-browser", help="Abrir el navegador."),
    port: int = typer.Option(8888, "--port", help="Puerto; si está ocupado, el siguiente libre."),
    allow_root: bool = typer.Option(False, "--allow-root", help="Abrirlo también como root, en un contenedor propio."),
) -> None:
    """Abrir JupyterLab en tu carpeta de cuadernos."""
    import os
    import sys

    from catedra.publishing.workspace import WorkspaceError, prepare_workspace

    if hasattr(os, "geteuid") and os.geteuid() == 0 and not allow_root:
        raise WorkspaceError(
            "Jupyter no se abre como root, porque quien entre tendría toda la máquina: usá otro usuario o, "
            "en un contenedor que es solo tuyo, `make lab ROOT=--allow-root`"
        )
    front_page = prepare_workspace(folder)
    command = [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder.resolve()}", f"--ServerApp.port={port}",
        f"--LabApp.default_url=/lab/tree/{front_page.name}",
    ]  # fmt: skip
    if allow_root:
        command.append("--allow-root")
    if not browser:
        command.append("--no-browser")
    typer.echo(f"Tus cuadernos están en {folder.resolve()}; para cerrar el lab, Ctrl-C dos veces en esta ventana.")
    sys.stdout.flush()
    os.execv(sys.executable, command)
