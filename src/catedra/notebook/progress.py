"""What a student did, in the store; also in memory, so that a store that fails takes nothing away from the session."""

from collections import defaultdict
from typing import TYPE_CHECKING

from catedra.checking.outcome import Outcome
from catedra.checking.verdict import CheckResult
from catedra.store import StoreError

if TYPE_CHECKING:
    from catedra.store import Store


class Progress:
    """Attempts and hints by (class, exercise). A failing store is told once by `trouble`, never raised."""

    def __init__(self) -> None:
        self._tried: set[tuple[int, int]] = set()
        self._hints: dict[tuple[int, int], int] = defaultdict(int)
        self.trouble = ""

    def note_attempt(self, class_number: int, result: CheckResult, source_sha256: str | None) -> None:
        """Keep what came of a check."""
        if result.outcome is not Outcome.NOT_ATTEMPTED:
            self._tried.add((class_number, result.exercise))
        self.trouble = ""
        try:
            with _open() as store:
                store.record_attempt(
                    class_number, result.exercise, result.outcome, message=result.message, source_sha256=source_sha256
                )
        except StoreError as error:
            self.trouble = f"Este intento no quedó anotado. {error}"

    def tried(self, class_number: int, exercise: int) -> bool:
        """Whether there was a real attempt: one that wasn't the untouched stub."""
        if (class_number, exercise) in self._tried:
            return True
        self.trouble = ""
        try:
            with _open() as store:
                attempts = store.attempts(class_number, exercise)
        except StoreError as error:
            self.trouble = str(error)
            return False
        return any(attempt.outcome is not Outcome.NOT_ATTEMPTED for attempt in attempts)

    def unfold_hint(self, class_number: int, exercise: int, of: int) -> int:
        """Unfold the next hint and return how many are unfolded now."""
        key = (class_number, exercise)
        self.trouble = ""
        try:
            with _open() as store:
                self._hints[key] = store.unfold_hint(class_number, exercise, of)
        except StoreError as error:
            self.trouble = f"La pista vale, pero no quedó anotada. {error}"
            self._hints[key] = min(self._hints[key] + 1, of)
        return self._hints[key]

    def hints(self, class_number: int, exercise: int) -> int:
        """Return how many hints are unfolded."""
        try:
            with _open() as store:
                return store.hints_unfolded(class_number, exercise)
        except StoreError:
            return self._hints[(class_number, exercise)]

    def note_use(self, verb: str, class_number: int | None, seconds: float) -> None:
        """Keep that a verb was called; of no weight to the student, hence silent when it fails."""
        try:
            with _open() as store:
                store.record_use(verb, class_number, seconds)
        except StoreError:
            return


PROGRESS = Progress()


def _open() -> "Store":
    """Open the store; the database library is imported here, at the first use."""
    from catedra.store import Store

    return Store()
