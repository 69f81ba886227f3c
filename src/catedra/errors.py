"""The root of the project's exceptions: each says what was expected, what came, and what to do."""


class CatedraError(Exception):
    """Any failure that the project foresees. Its text is shown to the user as it is.

    Attributes:
        exit_code: what the command line returns for it (docs/cli.md lists them).
    """

    exit_code = 2
