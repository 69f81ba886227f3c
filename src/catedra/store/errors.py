"""The store's one error. What the cause was in the database's words is said in the learner's."""

from catedra.errors import CatedraError

KEPT = "Lo que ya estaba guardado sigue ahí, y tu cuaderno no se tocó."


class StoreError(CatedraError):
    """The store can't be opened, read or written; the message says what to do."""
