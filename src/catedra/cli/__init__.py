"""The command line: one verb, one file of `verbs/`. A verb parses, calls a pure function and renders."""

import sys

INTERRUPTED = 130


def main() -> None:
    """Run `catedra`. Foreseen failures print one message and exit with their code; Ctrl-C exits with 130."""
    from catedra.cli.app import build
    from catedra.errors import CatedraError

    try:
        build()()
    except CatedraError as error:
        print(f"catedra: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, SystemExit) as end:  # typer turns the first into the second
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        print("\ncatedra: interrumpido; lo que ya estaba hecho quedó guardado", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
