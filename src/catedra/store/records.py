"""What the store gives back, as frozen dataclasses. All times are UTC."""

from dataclasses import dataclass
from datetime import datetime

from catedra.authoring import Place
from catedra.checking.outcome import Outcome


@dataclass(frozen=True)
class Attempt:
    """One check of an exercise, or one run of the homework's criteria.

    Attributes:
        class_number: which class.
        place: exercise number, or HOMEWORK.
        when: UTC.
        outcome: what came of it.
        message: what the student read.
        source_sha256: of the source that was judged; None where it couldn't be read.
        scale: of the run; None for an exercise, whose check has no scale.
    """

    class_number: int
    place: Place
    when: datetime
    outcome: Outcome
    message: str
    source_sha256: str | None
    scale: str | None


@dataclass(frozen=True)
class Submission:
    """A file handed in.

    Attributes:
        class_number: which class.
        when: UTC.
        file_name: as the student called it.
        sha256: of its bytes; `Store.content(sha256)` gives them back.
        size: in bytes, before compression.
    """

    class_number: int
    when: datetime
    file_name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Use:
    """One call of a verb.

    Attributes:
        verb: e.g. "comprobar".
        class_number: which class, if any.
        when: UTC.
        seconds: how long it took.
    """

    verb: str
    class_number: int | None
    when: datetime
    seconds: float
