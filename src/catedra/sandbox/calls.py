"""Calls over a channel: the judge asks, the worker answers, one at a time, the judge first.

    request    [nonce, function, args, kwargs, seconds]
    reply      [nonce, kind, value]

The nonce is 16 fresh random bytes a call, so that a reply prepared for another call, or a second one, is found out. `seconds` is what is
left for the call when it is sent: information for the worker; the judge keeps its own clock. Kinds of reply, and their values:

    value        what the function returned
    raised       a `Raised`
    not_plain    why what it returned can't cross, as text
    absent       why there is no such function, as text

The worker's word is never more than that: texts are cut to their limits and shown, and nothing here decides a verdict.
"""

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from catedra.checking.answer import Handle
from catedra.checking.plain import NotPlainError, Plain
from catedra.sandbox.channel import Channel, PeerGone
from catedra.sandbox.memory import MAX_DESCRIPTORS, Lent, Tray, map_private
from catedra.sandbox.wire import pack, sendable_text
from catedra.sandbox.wire_format import ProtocolError, Redeem, Ticket
from catedra.sandbox.wire_reader import unpack

Kind = Literal["value", "raised", "not_plain", "absent"]
MAX_TYPE, MAX_TEXT, MAX_FRAMES = 100, 2000, 20
"""Characters of an exception's type, characters of any other text, frames of an exception."""

_NONCE = 16
_REQUEST_LEVELS, _REPLY_LEVELS = 2, 1  # lists of the message around a value


@dataclass(frozen=True)
class Raised:
    """What a function of the student's raised, in the worker's words.

    Attributes:
        type: the exception's type, at most 100 characters.
        text: its message, at most 2,000.
        frames: the student's frames, innermost last, at most 20 of 2,000 characters.
        place: label and line where it was raised, if it is in the student's code.
    """

    type: str
    text: str
    frames: tuple[str, ...]
    place: tuple[str, int] | None

    def within_limits(self) -> "Raised":
        """The same, cut to what may cross; of the frames the innermost stay."""
        return Raised(
            sendable_text(self.type, MAX_TYPE),
            sendable_text(self.text, MAX_TEXT),
            tuple(sendable_text(frame, MAX_TEXT) for frame in self.frames[-MAX_FRAMES:]),
            self.place and (sendable_text(self.place[0], MAX_TEXT), self.place[1]),
        )


Handler = Callable[[str, list[Any], dict[str, Any], float], tuple[Kind, Any]]
"""Function, arguments, named arguments, seconds left → kind and value of the reply: anything, `Raised`, or text."""


class Caller:
    """The judge's side of one worker.

    Args:
        channel: the connection to the worker.
        tray: the judge's own descriptor of the worker's tray.
        lent: the judge's large arrays, shared by every worker.
        redeem: builds the `Handle` of a number and a type's name that the worker sent.
        ticket: gives the worker's number for a `Handle`; raises for one that isn't this worker's.
    """

    def __init__(self, channel: Channel, tray: Tray, lent: Lent, redeem: Callable[[int, str], Handle], ticket: Ticket) -> None:
        self._channel, self._tray, self._lent = channel, tray, lent
        self._redeem, self._ticket = redeem, ticket

    def call(
        self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any], deadline: float
    ) -> tuple[Kind, Plain | Handle | Raised]:
        """Call a function of the worker's and return the kind of its reply and its value.

        Args:
            function: its name.
            args: plain data and handles; large arrays that own their memory are frozen.
            kwargs: the same, by name.
            deadline: instant of `time.monotonic()` at which the whole reply must be here.

        Raises:
            NotPlainError: an argument may not cross; the worker wasn't disturbed.
            PeerGone: the worker died or closed the connection.
            ProtocolError: the worker broke the protocol. Kill it.
            TimeoutError: no reply in time. Kill it.
        """
        nonce = os.urandom(_NONCE)
        with self._lent.parcel() as parcel:
            request = [nonce, function, list(args), dict(kwargs), deadline - time.monotonic()]
            payload = pack(request, parcel.place, self._ticket, _REQUEST_LEVELS)
            self._channel.send(payload, parcel.fds, deadline)
        payload, _ = self._channel.receive(deadline)
        self._tray.rewind()
        try:
            return _read_reply(unpack(payload, self._tray.take, self._redeem, _REPLY_LEVELS), nonce)
        except ProtocolError:
            self._channel.close()
            raise


class Server:
    """The worker's side.

    Args:
        channel: the connection to the judge.
        tray: the worker's descriptor of its tray.
        redeem: gives the object that a handle stands for.
        ticket: keeps an object that has no plain form, and gives its number and its type's name.
    """

    def __init__(self, channel: Channel, tray: Tray, redeem: Redeem, ticket: Ticket) -> None:
        self._channel, self._tray = channel, tray
        self._redeem, self._ticket = redeem, ticket

    def serve(self, handler: Handler) -> None:
        """Answer calls until the judge closes the connection.

        Raises:
            ProtocolError: the judge broke the protocol, which is a bug of ours.
        """
        while True:
            try:
                self._serve_one(handler)
            except PeerGone:
                return

    def _serve_one(self, handler: Handler) -> None:
        """One call, of which nothing is held while the next is waited for."""
        nonce, *call = self._read(*self._channel.receive(math.inf, MAX_DESCRIPTORS))
        self._channel.send(self._reply(nonce, *handler(*call)), (), math.inf)

    def _read(self, payload: bytes, fds: list[int]) -> list[Any]:
        def mapped(dtype: np.dtype[Any], shape: tuple[int, ...], index: int) -> np.ndarray:
            if index >= len(fds):
                raise ProtocolError(f"se esperaba el descriptor {index} y llegaron {len(fds)}")
            return map_private(fds[index], dtype, shape)

        try:
            request = unpack(payload, mapped, self._redeem, _REQUEST_LEVELS)
        finally:
            for fd in fds:
                os.close(fd)
        if type(request) is not list or [type(part) for part in request] != [bytes, str, list, dict, float]:
            raise ProtocolError("se esperaba un pedido: nonce, función, argumentos y segundos")
        return request

    def _reply(self, nonce: bytes, kind: Kind, value: Any) -> bytes:
        if kind == "raised":
            value = asdict(value.within_limits())
        elif kind != "value":
            value = sendable_text(value, MAX_TEXT)
        self._tray.reset()
        try:
            return pack([nonce, kind, value], self._tray.put, self._ticket, _REPLY_LEVELS)
        except NotPlainError as error:
            return self._reply(nonce, "not_plain", str(error))


def _read_reply(reply: Plain, nonce: bytes) -> tuple[Kind, Plain | Handle | Raised]:
    if type(reply) is not list or len(reply) != 3:
        raise ProtocolError("se esperaba una respuesta: nonce, clase y valor")
    echoed, kind, value = reply
    if type(echoed) is not bytes or echoed != nonce:
        raise ProtocolError("llegó la respuesta de otra llamada")
    if type(kind) is not str or kind not in get_args(Kind):
        raise ProtocolError(f"se esperaba una de {get_args(Kind)} y llegó {kind!r:.40}")
    if kind == "raised":
        return "raised", _read_raised(value)
    if kind != "value":
        value = _read_text(value, MAX_TEXT)
    return cast(Kind, kind), value


def _read_raised(value: Plain) -> Raised:
    if type(value) is not dict or set(value) != {"type", "text", "frames", "place"}:
        raise ProtocolError("se esperaba una excepción: type, text, frames y place")
    frames, place = value["frames"], value["place"]
    if type(frames) not in (list, tuple):
        raise ProtocolError("se esperaban los cuadros de una excepción")
    if place is not None:
        if type(place) not in (list, tuple) or len(place) != 2 or type(place[1]) is not int or not 0 <= place[1] < 2**31:
            raise ProtocolError("se esperaba el lugar de una excepción: celda y línea")
        place = (_read_text(place[0], MAX_TEXT), place[1])
    texts = tuple(_read_text(frame, MAX_TEXT) for frame in frames[-MAX_FRAMES:])
    return Raised(_read_text(value["type"], MAX_TYPE), _read_text(value["text"], MAX_TEXT), texts, place)


def _read_text(value: Plain, limit: int) -> str:
    if type(value) is not str:
        raise ProtocolError("se esperaba texto")
    return value[:limit]
