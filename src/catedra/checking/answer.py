"""An answer: the functions that a student wrote, seen from outside.

A check speaks only to an `Answer`. `answer.f(x)` calls the student's `f` and returns plain data; what has no
plain form (a model) comes back as an opaque `Handle` that can only be passed back. There is no
attribute access and nothing of the judge's is called by the student's code, so the same check runs against the live
namespace of a notebook (`LiveAnswer`, here) and against a worker in another process.
"""

import itertools
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from catedra.checking.namespace import Namespace, Place, error_text
from catedra.checking.plain import NotPlainError, Plain, plain, type_name
from catedra.errors import CatedraError

MAX_FRAMES = 12
"""Frames of the student's that reach the details: endless recursion has a thousand, all alike."""

_handle_ids = itertools.count()  # one sequence a process, so that no answer takes another's handle for its own


@dataclass(frozen=True)
class Handle:
    """An object that stayed with the answer.

    Attributes:
        id: what the answer knows it by.
        kind: the name of its type, for messages only.
    """

    id: int
    kind: str


def new_handle(kind: str) -> Handle:
    """Return a handle that no other answer of this process has."""
    return Handle(next(_handle_ids), kind)


class Answer(Protocol):
    """Anything whose attributes are the student's functions."""

    def __getattr__(self, name: str) -> Callable[..., Plain | Handle]: ...


class AnswerError(CatedraError):
    """The answer gave no value."""


class NotAttempted(AnswerError):
    """The function is still the stub, or isn't there."""


class AnswerTimeout(AnswerError):
    """The student's function didn't return within its time."""


class StudentError(AnswerError):
    """The student's function raised.

    Attributes:
        kind: the exception's type, e.g. `ValueError`.
        place: cell and line where it was raised, if it is in the student's code.
        details: the frames that are the student's, innermost last.
    """

    def __init__(self, message: str, kind: str, place: Place | None, details: tuple[str, ...]) -> None:
        super().__init__(message)
        self.kind = kind
        self.place = place
        self.details = details


class LiveAnswer:
    """The `Answer` over a namespace of this very process: a notebook's, or a reference solution's.

    Arguments and results are copied as they would be on their way to another process, so that a function
    that works in place behaves the same in both.
    """

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        # A model is kept for as long as the check keeps its handle, no longer.
        self._objects: weakref.WeakKeyDictionary[Handle, Any] = weakref.WeakKeyDictionary()

    def __getattr__(self, name: str) -> Callable[..., Plain | Handle]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Plain | Handle:
            return self._call(name, args, kwargs)

        return call

    def _call(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Plain | Handle:
        function = self._namespace.function(name)
        if function is None:
            raise NotAttempted(self._namespace.why_absent(name))
        sent = tuple(self._receive(arg) for arg in args)
        named = {key: self._receive(arg) for key, arg in kwargs.items()}
        try:
            value = function(*sent, **named)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # exit() in the student's code must not end the judge
            raise student_error(name, error, self._namespace) from error
        try:
            return plain(value, opaque=self._keep)
        except NotPlainError as error:
            raise StudentError(f"`{name}` devolvió algo que no se puede leer: {error}", "TypeError", None, ()) from error

    def _keep(self, value: Any) -> Handle:
        handle = new_handle(type_name(value))
        self._objects[handle] = value
        return handle

    def _receive(self, value: Any) -> Any:
        return _with_objects(plain(value, opaque=_pass_handle), self._objects)


def _pass_handle(value: Any) -> Handle:
    if type(value) is Handle:
        return value
    raise NotPlainError(f"a check may pass plain data and handles; received {type(value).__name__}")


def _with_objects(value: Any, objects: "weakref.WeakKeyDictionary[Handle, Any]") -> Any:
    kind = type(value)
    if kind is Handle:
        if value not in objects:
            raise ValueError(f"{value} was not issued by this answer: pass back only what it returned")
        return objects[value]
    if kind is tuple:
        return tuple(_with_objects(item, objects) for item in value)
    if kind is list:
        return [_with_objects(item, objects) for item in value]
    if kind is dict:
        return {key: _with_objects(item, objects) for key, item in value.items()}
    return value


def student_error(name: str, error: BaseException, namespace: Namespace) -> StudentError:
    """Describe an exception of the student's function by the student's own frames."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if namespace.owns(frame.filename)]
    details = [f"{namespace.label(frame.filename)}, línea {frame.lineno}: {frame.line or ''}".rstrip(": ") for frame in frames]
    if len(details) > MAX_FRAMES:
        details = [f"… ({len(details) - MAX_FRAMES} llamadas más afuera)", *details[-MAX_FRAMES:]]
    place = Place(namespace.label(frames[-1].filename), frames[-1].lineno or 0) if frames else None
    kind = type_name(error)
    message = f"`{name}` se cortó con {kind}"
    if text := error_text(error):
        message += f": {text}"
    message += f" ({place})" if place else ""
    if isinstance(error, NameError) and error.name:
        hint = namespace.why_undefined(error.name)
        message += f". {hint}" if hint else ""
    if isinstance(error, SystemExit):
        message += ". Sacá el `exit()`: la función tiene que devolver su resultado"
    return StudentError(message, kind, place, tuple(details))
