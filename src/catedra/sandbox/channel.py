"""Frames over a connected AF_UNIX stream socket: four bytes of length, big-endian, and a payload of at most 16 MiB.

The peer may be an enemy: it may be slow, silent, talkative or gone. Each operation has one deadline for all of it, however many pieces the
peer makes of a frame; no memory is asked for before the announced length is known to be allowed; and since one side speaks at a
time, a byte beyond the frame is a violation, so that no more than one frame is ever held. Descriptors that nobody asked for are closed.

Whatever goes wrong, the channel closes: what would be read next is the middle of something.

Not here: what the payload means (`wire`), who speaks when (`calls`).
"""

import array
import errno
import math
import os
import socket
import time
from collections.abc import Sequence

from catedra.errors import CatedraError
from catedra.sandbox.wire_format import MAX_FRAME, ProtocolError

_HEADER = 4
_FIRST = 2**16  # bytes asked for before the length is known: a small call takes one system call
_DESCRIPTOR = array.array("i").itemsize


class PeerGone(CatedraError):
    """The other side closed the connection or died."""


class Channel:
    """One end of the connection. It owns the socket.

    Deadlines are instants of `time.monotonic()`; `math.inf` waits for ever.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._start = bytearray(_FIRST)

    def send(self, payload: bytes, fds: Sequence[int], deadline: float) -> None:
        """Send one frame, with descriptors beside it, which stay open here.

        Raises:
            PeerGone: nobody will read it.
            TimeoutError: the peer didn't take it all in time.
        """
        if len(payload) > MAX_FRAME:
            raise ValueError(f"a frame holds at most {MAX_FRAME} bytes; received {len(payload)}")
        left = memoryview(len(payload).to_bytes(_HEADER, "big") + payload)
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            while left:
                self._wait_until(deadline)
                left = left[self._socket.sendmsg([left], beside, socket.MSG_NOSIGNAL) :]
                beside = []  # they left with the first byte
        except BaseException as error:
            self.close()
            raise _told(error) from None

    def receive(self, deadline: float, max_fds: int = 0) -> tuple[bytes, list[int]]:
        """Return the next frame's payload and the descriptors that came with it, which are the caller's to close.

        Args:
            deadline: when the whole frame must be here.
            max_fds: descriptors that may come; 0 at the judge.

        Raises:
            PeerGone: the connection ended, before the frame or in it.
            ProtocolError: the frame is too long, something follows it, or there are more descriptors than expected.
            TimeoutError: the frame wasn't complete in time.
        """
        fds: list[int] = []
        try:
            return self._frame(deadline, max_fds, fds), fds
        except BaseException as error:
            for fd in fds:
                os.close(fd)
            self.close()
            raise _told(error) from None

    def close(self) -> None:
        """Close the connection; the other side reads its end."""
        self._socket.close()

    def _frame(self, deadline: float, max_fds: int, fds: list[int]) -> bytes:
        start, got = self._start, 0
        while got < _HEADER:
            got += self._some(memoryview(start)[got:], deadline, max_fds, fds)
        size = int.from_bytes(start[:_HEADER], "big")
        if size > MAX_FRAME:
            raise ProtocolError(f"se esperaba un mensaje de hasta {MAX_FRAME} bytes y se anuncia uno de {size}")
        if got > _HEADER + size:
            raise ProtocolError(f"se esperaba un mensaje de {size} bytes y llegaron {got - _HEADER}")
        if got == _HEADER + size:
            return bytes(start[_HEADER:got])
        payload = bytearray(size)
        payload[: got - _HEADER] = start[_HEADER:got]
        room = memoryview(payload)[got - _HEADER :]
        while room:
            room = room[self._some(room, deadline, max_fds, fds) :]
        return bytes(payload)

    def _some(self, room: memoryview, deadline: float, max_fds: int, fds: list[int]) -> int:
        """Read at least one byte into `room`, and add the descriptors that came with it to `fds`."""
        self._wait_until(deadline)
        ancillary = socket.CMSG_SPACE(max_fds * _DESCRIPTOR) if max_fds else 0  # without room the kernel drops them, and says so
        got, beside, flags, _ = self._socket.recvmsg_into([room], ancillary, socket.MSG_CMSG_CLOEXEC)
        for level, kind, data in beside:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.extend(array.array("i", data[: len(data) - len(data) % _DESCRIPTOR]))
        if flags & socket.MSG_CTRUNC or len(fds) > max_fds:
            raise ProtocolError(f"se esperaban hasta {max_fds} descriptores y llegaron más")
        if got == 0:
            raise PeerGone("el otro proceso cerró la conexión")
        return got

    def _wait_until(self, deadline: float) -> None:
        """Let the next operation on the socket take what is left until the deadline."""
        if deadline == math.inf:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no llegó a tiempo")
        self._socket.settimeout(left)


def _told(error: BaseException) -> BaseException:
    """What the caller is told of an error: the ways in which a peer goes are one, and so is every timeout."""
    if isinstance(error, TimeoutError):
        return TimeoutError("el otro proceso no respondió a tiempo")
    if isinstance(error, ConnectionError) or (isinstance(error, OSError) and error.errno == errno.EBADF):
        return PeerGone("el otro proceso cerró la conexión")
    return error
