"""What can come of a check or a criterion."""

from enum import StrEnum


class Outcome(StrEnum):
    """The eight outcomes. Only CORRECT counts as done; only INCORRECT is a judgement against the answer."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    NOT_ATTEMPTED = "not_attempted"
    RUNTIME_ERROR = "runtime_error"
    TIMEOUT = "timeout"
    INCONCLUSIVE = "inconclusive"
    PENDING = "pending"
    NOT_CHECKABLE = "not_checkable"

    @property
    def label(self) -> str:
        """The outcome as a student reads it."""
        return _LABELS[self]


_LABELS = {
    Outcome.CORRECT: "correcto",
    Outcome.INCORRECT: "todavía no",
    Outcome.NOT_ATTEMPTED: "sin intentar",
    Outcome.RUNTIME_ERROR: "error al ejecutar",
    Outcome.TIMEOUT: "se acabó el tiempo",
    Outcome.INCONCLUSIVE: "no concluyente",
    Outcome.PENDING: "espera a tu docente",
    Outcome.NOT_CHECKABLE: "no se puede comprobar acá",
}


class Evidence(StrEnum):
    """Where the evidence for a criterion comes from (docs/contract.md)."""

    PREDICTIONS = "predictions"
    INTERACTION = "interaction"
    ARTIFACT = "artifact"
    OWN_DATA = "own_data"
    REPORTED = "reported"
    WRITTEN = "written"
