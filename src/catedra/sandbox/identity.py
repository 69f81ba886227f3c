"""Who a worker is: a spare user that owns nothing and runs nothing else, without a single capability.

Only root can become another user. A worker of somebody else keeps that user and loses the capabilities that its user namespace gave it.
Not covered: access lists (ACL), which may open what the mode bits close; the check below then refuses an environment that would do.
"""

import os
import pwd
import socket
import struct
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from catedra.sandbox.kernel import PR_CAP_AMBIENT, WallError, call, prctl

# Above the users of distributions and of systemd-homed, below those that systemd lends to services (61184 to 65519).
FIRST, LAST = 61000, 61183
COUNT = LAST - FIRST + 1
_CAPABILITIES_V3 = 0x20080522
_AMBIENT_CLEAR_ALL = 4


def spare_uid() -> tuple[int, socket.socket]:
    """Return a user number that no account has and no process runs under, and the socket whose address claims it.

    Two graders of one machine never take the same: the address can be bound once, and is free again when the last copy of the
    socket is closed. Keep it open for as long as the user is in use, in this network namespace.

    Raises:
        WallError: all of them are in use.
    """
    busy = {entry.stat(follow_symlinks=False).st_uid for entry in _processes()}
    start = os.getpid()  # so that graders that start together don't try the same ones first
    for offset in range(COUNT):
        uid = FIRST + (start + offset) % COUNT
        if uid in busy or _has_account(uid):
            continue
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            claim.bind(f"\0catedra-uid-{uid}")
            return uid, claim
        except OSError:
            claim.close()
    raise WallError("uid", f"los {COUNT} usuarios desde el {FIRST} están ocupados: terminá sus procesos y repetí.")


def _processes() -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                entry.stat(follow_symlinks=False)  # kept by the entry: a process that ends later is still answered
            except FileNotFoundError:
                continue
            yield entry


@cache
def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def refuse_unreadable(paths: Iterable[Path], uid: int, *, ancestors: bool) -> None:
    """Make sure that a user can use these paths.

    Args:
        paths: folders that it must be able to list and enter, files that it must be able to read.
        uid: the user, in no group.
        ancestors: whether the folders above count too; not in a private root, which makes its own.

    Raises:
        WallError: one of them is closed; it says which, and the command that opens it.
    """
    above: set[Path] = set()
    for path in paths:
        real = path.resolve()
        if not _open_to(real, uid, 0o5 if real.is_dir() else 0o4):
            raise WallError("uid", f"el usuario {uid} no puede leer {real}: `chmod -R o+rX {real}` y repetí.")
        above.update(real.parents if ancestors else ())
    for folder in sorted(above):
        if not _open_to(folder, uid, 0o1):
            raise WallError(
                "uid",
                f"el usuario {uid} no puede pasar por {folder}, donde está el entorno: `chmod o+x {folder}`, o instalá el curso en otra "
                "carpeta, como /opt, y repetí.",
            )


def _open_to(path: Path, uid: int, bits: int) -> bool:
    status = path.stat()
    mode = status.st_mode >> (6 if status.st_uid == uid else 0)
    return mode & bits == bits


def drop(uid: int | None) -> None:
    """Become a user, with its group of the same number and no other, and give up every capability. Irreversible.

    Args:
        uid: the spare user, for a process that runs as root; None keeps the user, which may not be root.

    Raises:
        WallError: there is a way back.
        OSError: what the kernel answered.
    """
    if uid is None and os.geteuid() == 0:
        raise WallError("uid", "quien corrige es root y el plan no dice en qué usuario de repuesto convertirse.")
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    prctl(PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAPABILITIES_V3, 0)
    call("capset", header, struct.pack("=6I", *[0] * 6))
    users, groups = os.getresuid(), os.getresgid()
    if uid is not None and ({*users, *groups} != {uid} or os.getgroups()):
        raise WallError("uid", f"se esperaba ser el usuario {uid} y el proceso sigue siendo {users}, grupos {groups}.")
    if _can_come_back():
        raise WallError("uid", "el proceso puede volver a ser root: no se corrige así.")


def _can_come_back() -> bool:
    try:
        os.setuid(0)
    except OSError:  # EPERM, or EINVAL where the user namespace has no root
        return False
    return True
