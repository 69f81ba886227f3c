"""One process at a time in a data set's cache folder.

`flock` on POSIX, a locked byte on Windows; the system lets go of both when the process dies, so no stale lock remains. On a file
system without locks there is none: two downloads may then spoil each other's partial file, which its sha256 discovers.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POLL = 0.1  # seconds between two looks at a lock that another process holds

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _release(handle: int) -> None:
        os.lseek(handle, 0, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # this file system has no locks
            return True
        return True

    def _release(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_UN)


@contextmanager
def exclusive(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock file `path`, which is created and stays.

    Args:
        path: the lock file; its folder exists.
        waiting: called once if another process holds the lock.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _try(handle):
            waiting()
            while not _try(handle):
                time.sleep(POLL)
        try:
            yield
        finally:
            with suppress(OSError):
                _release(handle)
    finally:
        os.close(handle)
