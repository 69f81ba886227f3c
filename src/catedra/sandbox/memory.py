"""Memory that carries large arrays beside a frame: sealed files to the worker, the tray from the worker.

- Judge → worker: a memfd sealed against every change, which the worker maps privately. It writes on its own copy of a page, as a
  function that works in place expects, and the judge's stays what it was; so one memfd serves every call that sends the same array.
- Worker → judge: the tray, one memfd made before the worker existed. The worker may write on it, cut it or seal it at any time, also
  while it is read, so the judge never maps it (a page that is cut away ends the process that touches it): it reads
  into memory of its own, and judges what it read.

Linux only. Not here: which arrays travel so (`wire`) and how descriptors cross (`channel`).
"""

import fcntl
import mmap
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from catedra.checking.plain import MAX_BYTES, NotPlainError
from catedra.sandbox.wire_format import ProtocolError

MAX_DESCRIPTORS = 16
"""Memfds a message."""
SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

_TRAY = 2 * MAX_BYTES
"""Bytes of the tray's file: an array takes whole pages, so at most twice its own bytes."""


def sealed(array: np.ndarray) -> int:
    """Return a new descriptor of a memfd that holds the array's bytes in C order and that nobody can change, us included."""
    fd = os.memfd_create("catedra", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        _write(fd, array, 0)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
    except BaseException:
        os.close(fd)
        raise
    return fd


def map_private(fd: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
    """Return a writable array over a sealed memfd, copied page by page as it is written; the descriptor may be closed after.

    Raises:
        ProtocolError: the descriptor isn't a memfd with every seal, or holds fewer bytes than the array takes.
    """
    try:
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:
        raise ProtocolError("se esperaba memoria sellada y llegó otro descriptor") from None
    if seals & SEALS != SEALS:
        raise ProtocolError(f"se esperaba memoria con todos los sellos ({SEALS:#x}) y llegó con {seals:#x}")
    size, held = _bytes(dtype, shape), os.fstat(fd).st_size
    if not 0 < size <= held:
        raise ProtocolError(f"se esperaban {size} bytes de memoria y llegaron {held}")
    return np.ndarray(shape, dtype, mmap.mmap(fd, size, access=mmap.ACCESS_COPY))


class Lent:
    """The judge's large arrays in sealed memory: the same array sent again goes by the same memfd.

    An array that is sent is frozen (`writeable = False`): it must stay what the worker sees. Its memfd is closed when the array dies. A
    view or an array that isn't contiguous is copied for one message and not kept, because what it looks at can change.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[weakref.finalize[Any, Any], int]] = {}

    @contextmanager
    def parcel(self) -> Iterator["Parcel"]:
        """The descriptors of one message, good until the block ends."""
        parcel = Parcel(self)
        try:
            yield parcel
        finally:
            parcel.close()

    def kept(self, array: np.ndarray) -> int | None:
        """The descriptor of an array that owns its memory, frozen from now on; None for any other."""
        if type(array) is not np.ndarray or array.base is not None or not array.flags.c_contiguous:
            return None
        key = id(array)
        if key not in self._kept:
            array.flags.writeable = False
            fd = sealed(array)
            watch = weakref.finalize(array, self._drop, key)
            watch.atexit = False
            self._kept[key] = (watch, fd)
        return self._kept[key][1]

    def close(self) -> None:
        """Close every descriptor; arrays stay frozen."""
        for key, (watch, _) in list(self._kept.items()):
            watch.detach()
            self._drop(key)

    def _drop(self, key: int) -> None:
        os.close(self._kept.pop(key)[1])


class Parcel:
    """The descriptors that go with one message.

    Attributes:
        fds: in the order in which the message names them.
    """

    def __init__(self, lent: Lent) -> None:
        self.fds: list[int] = []
        self._lent = lent
        self._own: list[int] = []
        self._sent: list[np.ndarray] = []  # alive until the message has left, and their memfds with them

    def place(self, array: np.ndarray) -> int:
        """Return the index of the array's descriptor; `wire.pack` calls it.

        Raises:
            NotPlainError: the message would need more than `MAX_DESCRIPTORS`.
        """
        fd = self._lent.kept(array)
        if fd is not None and fd in self.fds:
            return self.fds.index(fd)
        if len(self.fds) == MAX_DESCRIPTORS:
            raise NotPlainError(f"hay más de {MAX_DESCRIPTORS} arreglos grandes en una llamada: juntalos con `np.stack`")
        self._sent.append(array)
        if fd is None:
            fd = sealed(array)
            self._own.append(fd)
        self.fds.append(fd)
        return len(self.fds) - 1

    def close(self) -> None:
        """Close the descriptors that served this message only."""
        while self._own:
            os.close(self._own.pop())


class Tray:
    """Where a worker leaves the large arrays of one reply. Each side has a `Tray` over its own descriptor of the same memfd.

    Its size is fixed and nothing is written through the descriptor, so a worker whose files may not grow can still answer.

    Attributes:
        fd: the descriptor, closed by `close`.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._end = 0
        self._taken = 0

    @classmethod
    def create(cls) -> "Tray":
        """A new, empty tray, whose descriptor a child inherits by `fork`. It takes memory as it is written."""
        fd = os.memfd_create("catedra-tray", os.MFD_CLOEXEC)
        os.ftruncate(fd, _TRAY)
        return cls(fd)

    def reset(self) -> None:
        """Worker: empty the tray, before each reply. Its memory goes back to the system."""
        if self._end:
            with mmap.mmap(self.fd, self._end) as everything:
                everything.madvise(mmap.MADV_REMOVE)
            self._end = 0

    def put(self, array: np.ndarray) -> int:
        """Worker: write the array's bytes in C order, and return their offset.

        Raises:
            NotPlainError: the tray would pass 2 GiB.
        """
        start = self._end
        pages = -(-array.nbytes // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        if start + pages > _TRAY:
            raise NotPlainError(f"hay más de {MAX_BYTES // 2**30} GiB de arreglos: devolvé solo lo que se pide")
        with mmap.mmap(self.fd, pages, offset=start) as room:
            target = np.ndarray(array.shape, array.dtype, room)
            target[...] = array
            del target  # it holds the mapping open
        self._end = start + pages
        return start

    def rewind(self) -> None:
        """Judge: before each reply, of which nothing was taken yet."""
        self._taken = 0

    def take(self, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int) -> np.ndarray:
        """Judge: return a copy of an array that the worker put.

        What one reply takes is at most the memory that the tray really holds: holes, and the same bytes again, would
        cost the judge what they never cost the worker.

        Raises:
            ProtocolError: the tray doesn't hold those bytes, or stopped holding them meanwhile.
        """
        size, tray = _bytes(dtype, shape), os.fstat(self.fd)
        self._taken += size
        if offset + size > tray.st_size or self._taken > tray.st_blocks * 512:  # before memory is asked for
            raise ProtocolError(f"se esperaban {size} bytes en la bandeja, desde el {offset}, y no están")
        array = np.empty(shape, dtype)
        room, done = array.reshape(-1).view(np.uint8).data, 0
        while done < size:
            got = os.preadv(self.fd, [room[done:]], offset + done)
            if got == 0:
                raise ProtocolError("la bandeja se acortó mientras se leía")
            done += got
        return array

    def close(self) -> None:
        """Close this side's descriptor."""
        os.close(self.fd)


def _bytes(dtype: np.dtype[Any], shape: tuple[int, ...]) -> int:
    size = dtype.itemsize
    for axis in shape:
        size *= axis
    return size


def _write(fd: int, array: np.ndarray, offset: int) -> None:
    left = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while left:
        written = os.pwrite(fd, left, offset)
        left, offset = left[written:], offset + written
