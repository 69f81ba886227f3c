"""An answer that notes which functions were called, to know which source an attempt judged; and where a stopped check was."""

import hashlib
import inspect
import traceback
from collections.abc import Callable
from typing import Any

from catedra.checking.answer import LiveAnswer
from catedra.checking.namespace import Namespace


class WatchedAnswer:
    """The `Answer` over a live namespace that remembers the names asked for."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self._answer = LiveAnswer(namespace)
        self._names: dict[str, None] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(self._answer, name)
        self._names[name] = None
        return function

    def _source_sha256(self) -> str | None:
        """Hash the source of the functions that were called; None when none of it can be read."""
        sources = []
        for name in self._names:
            try:
                sources.append(inspect.getsource(self._namespace.values[name]))
            except Exception:  # not defined, not a function, or of a cell whose source is gone
                continue
        return hashlib.sha256("\n".join(sources).encode()).hexdigest() if sources else None


def source_sha256(answer: WatchedAnswer) -> str | None:
    """Hash the source of the functions that a check called."""
    return answer._source_sha256()


def stopped_at(stop: BaseException, namespace: Namespace) -> str:
    """Say where in the student's code an interrupted check was; "" when it wasn't in there."""
    frames = [frame for frame in traceback.extract_tb(stop.__traceback__) if namespace.owns(frame.filename)]
    if not frames:
        return ""
    last = frames[-1]
    return f" Estaba en `{last.name}`, línea {last.lineno} de su celda{f': `{last.line}`' if last.line else ''}."
