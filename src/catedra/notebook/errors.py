"""What a verb raises. In IPython only the message is shown: a traceback through our own code teaches a student nothing."""

from catedra.errors import CatedraError


class NotebookError(CatedraError):
    """A verb can't do what was asked; the message says what to do."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Interrupted(KeyboardInterrupt):
    """The student stopped a check. It still interrupts, so that "run all cells" stops too."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
