"""Text put together from several files, where each line remembers the file and line that it came from."""

import re
from collections.abc import Iterable


class Lines:
    """Collects lines.

    Args:
        file: the file to name where nothing closer is known.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: list[str] = []
        self._origins: list[str | None] = []

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"

    def add(self, text: str, file: str | None = None, line: int = 0) -> None:
        """Add a text and a blank line below it.

        Args:
            text: one or more lines.
            file: where they come from; None for lines of ours.
            line: the file's line of the first of them; 0 where only the file is known.
        """
        for offset, each in enumerate(text.split("\n")):
            self._lines.append(each)
            self._origins.append(None if file is None else f"{file}:{line + offset}" if line else file)
        self._lines.append("")
        self._origins.append(None)

    def point(self, origin: str) -> None:
        """Say where the text added last comes from, all of it."""
        index = len(self._lines) - 2
        while index >= 0 and self._origins[index] is not None:
            self._origins[index] = origin
            index -= 1

    def extend(self, texts: Iterable[str]) -> None:
        """Add lines of ours."""
        for text in texts:
            self.add(text)

    def origin(self, line: int) -> str:
        """Return "file:line" of a line of the text, 1-based; of the nearest one above where it is ours."""
        for index in range(min(line, len(self._lines)) - 1, -1, -1):
            origin = self._origins[index]
            if origin is not None:
                return origin
        return self.file

    def find(self, piece: str) -> str:
        """Return "file:line" of a piece of the text, spaces and line breaks aside."""
        words = piece.split()
        if words:
            match = re.search(r"\s*".join(re.escape(word) for word in words), self.text)
            if match is not None:
                return self.origin(self.text.count("\n", 0, match.start()) + 1)
        return self.file
