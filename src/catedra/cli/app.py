"""Puts the verbs together. Imports typer and the verbs' signatures, nothing else: `catedra --help` answers at once."""

from collections.abc import Callable
from typing import Any

import typer

from catedra.cli.verbs import build as build_verb
from catedra.cli.verbs import check, data, env, grade, lab, list_, new, sandbox, show, start, verify

VERBS: dict[str, Callable[..., Any]] = {
    "list": list_.run,
    "show": show.run,
    "start": start.run,
    "check": check.run,
    "grade": grade.run,
    "sandbox": sandbox.run,
    "verify": verify.run,
    "build": build_verb.run,
    "data": data.run,
    "env": env.run,
    "new": new.run,
    "lab": lab.run,
}


def build() -> typer.Typer:
    """Return the application."""
    app = typer.Typer(
        name="catedra",
        help="Cátedra: un curso de aprendizaje profundo que se prueba a sí mismo.",
        epilog="Códigos de salida: 0 bien; 1 juzgado y no alcanza; 2 pedido o archivo inválido; 4 falta un stack; 5 faltan datos; "
        "130 interrumpido.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for name, verb in VERBS.items():
        app.command(name)(verb)

    @app.callback(invoke_without_command=True)
    def root(version: bool = typer.Option(False, "--version", help="Mostrar la versión y salir.")) -> None:
        if version:
            from catedra import __version__

            typer.echo(__version__)
            raise typer.Exit

    return app
