"""Landlock: a process gives up the files, ports and processes that it won't need, for itself and its descendants, for ever.

It needs no privilege and works inside containers that refuse namespaces. A rule opens a path *and everything below it*: there is no way
to carve a hole in an open folder, so `carve` lists what stands beside a hidden folder, all the way down to it. The right to *list* a
folder spreads downwards too, and importing needs it: the names below a hidden folder can be listed where only Landlock hides it, its
files can't be opened. Not covered by Landlock at all: `stat`, `chmod`, `chown`, `utime`, and connecting to a socket that is a file
(`seccomp` refuses them where they would reach something).

Source: the kernel's Documentation/userspace-api/landlock.rst.
"""

import os
import struct
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from catedra.sandbox.kernel import WallError, call

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = (1 << bit for bit in range(13, 16))
_RIGHTS_OF_ABI = (0, 13, 14, 15, 15)  # how many rights on files each version knows; later ones know 16

ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV  # the rest means something on folders only
READ = READ_FILE | READ_DIR
WRITE = WRITE_FILE | TRUNCATE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER

_BIND_AND_CONNECT_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
_GET_VERSION = 1
_PATH_BENEATH = 1


def abi() -> int:
    """Return the version of Landlock that the kernel answers with (1 or more), 0 where it has none or it is switched off."""
    try:
        return call("landlock_create_ruleset", None, 0, _GET_VERSION)
    except (OSError, WallError):
        return 0


def handled(version: int) -> int:
    """Return the mask of rights on files that a version knows."""
    return (1 << (_RIGHTS_OF_ABI[version] if version < len(_RIGHTS_OF_ABI) else 16)) - 1


def restrict(
    readable: Iterable[Path],
    writable: Iterable[Path],
    *,
    executable: Iterable[Path] | None = None,
    hidden: Collection[Path] = (),
    optional: Collection[Path] = (),
    loopback: bool = False,
) -> frozenset[str]:
    """Keep, of the whole file system, the paths given; no TCP, no signal and no abstract socket to the outside. Irreversible.

    Without privileges it needs `limits.no_new_privileges` first.

    Args:
        readable: files and folders that may be read, with what is below.
        writable: those that may be read and changed, with what is below.
        executable: those whose programs may be run; the readable ones if None.
        hidden: folders and files that may not be opened though they lie below one of the others.
        optional: among the former, those that may be missing.
        loopback: whether TCP stays open; only for a process with a network of its own.

    Returns:
        What is held: "files", and, as the kernel's version allows, "network" (ABI 4) and "scopes" (ABI 6).

    Raises:
        WallError: no Landlock here, or a path that isn't optional is missing.
        OSError: what the kernel answered.
    """
    version = abi()
    if version == 0:
        raise WallError("landlock", "este núcleo no lo tiene o está apagado (se espera Linux ≥ 5.13 con `lsm=landlock`).")
    mask = handled(version)
    network = _BIND_AND_CONNECT_TCP if version >= 4 and not loopback else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
    fields = (mask,) if version < 4 else (mask, network) if version < 6 else (mask, network, scopes)
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = call("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        readable = list(readable)
        for paths, rights in (
            (readable, READ),
            (writable, READ | WRITE),
            (readable if executable is None else executable, EXECUTE),
        ):
            for path, allowed in carve(paths, hidden, rights):
                _allow(ruleset, path, allowed & mask, path in optional)
        call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)
    return frozenset({"files"} | ({"network"} if network else set()) | ({"scopes"} if scopes else set()))


def carve(paths: Iterable[Path], hidden: Collection[Path], rights: int) -> Iterator[tuple[Path, int]]:
    """Yield what to open so that the paths are covered and the hidden ones are not: a path with hidden ones below gives its siblings.

    A folder on the way down to a hidden one can only be listed (importing lists folders): what is new in it later isn't open.
    """
    buried = {path.resolve() for path in hidden}
    if not buried:
        for path in paths:
            yield path, rights
        return
    above = {parent for path in buried for parent in path.parents}
    pending = list(paths)
    while pending:
        path = pending.pop()
        real = path.resolve()
        if real in buried or not buried.isdisjoint(real.parents):
            continue
        if real in above:
            yield path, rights & READ_DIR
            pending += (path / entry.name for entry in os.scandir(path))
        else:
            yield path, rights


def _allow(ruleset: int, path: Path, rights: int, may_be_missing: bool) -> None:
    if not rights:
        return
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        if may_be_missing:
            return
        raise WallError("landlock", f"se esperaba {path} y no existe: creala o sacala de lo que se puede leer.") from None
    try:
        if not os.path.isdir(descriptor):
            rights &= ON_FILES
        if rights:
            call("landlock_add_rule", ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)
