"""Namespaces: a worker that is process 1 of a world with no other process, no network, and a file system of its own.

`unshare` is called by the warden before it forks the worker, and is all or nothing. What refuses one kind of namespace (a container's seccomp
profile, a sysctl, AppArmor) refuses the others, since all of them hang from CAP_SYS_ADMIN; and each subset would be one more situation that
nobody tests. Where it is refused, Landlock, seccomp and the spare user do what they can.

Root needs no user namespace: it makes the other four with its own privileges. In a container root often has none, but may make user
namespaces; then a child left outside writes the maps, since only a process of the outer namespace may map two users. Any other
user is mapped to itself.

`private_root` builds the worker's file system from a closed list, as Bubblewrap does, instead of covering what must not be seen: what isn't
listed isn't there (other people's files, socket files such as /run/docker.sock, set-user-id programs), a home folder closed to the spare user
doesn't stand in the way of an interpreter inside it, and everything but the worker's own folders is read-only, so that it can't change even the
attributes of a file of its user's.

Sources: user_namespaces(7), pid_namespaces(7), pivot_root(2), mount_setattr(2), open_tree(2).
"""

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from catedra.sandbox.kernel import call, mount

KINDS = {"user": 0x10000000, "pid": 0x20000000, "net": 0x40000000, "mount": 0x00020000, "ipc": 0x08000000}
DEVICES = tuple(Path("/dev") / name for name in ("null", "zero", "full", "random", "urandom"))
SHARED_MEMORY_MIB = 64  # what Docker gives: enough for a few batches of a DataLoader

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 0x4000, 1 << 18
_MNT_DETACH = 2
_OPEN_TREE = 1 | os.O_CLOEXEC | 0x8000  # OPEN_TREE_CLONE, AT_RECURSIVE: without the mounts below, a user namespace may not clone
_MOVE_FROM_DESCRIPTOR = 4
_SET_RECURSIVE, _SET_EMPTY_PATH = 0x8000, 0x1000
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_AT_FDCWD = -100


def unshare(uid: int | None = None) -> frozenset[str]:
    """Move this process, and those that it forks, to new namespaces; its next child is process 1 of the new PID namespace.

    The process must have one thread. It stays where it was for PIDs: it sees the worker and the worker doesn't see it.

    Args:
        uid: the spare user that the worker will become, for a process that runs as root; None otherwise.

    Returns:
        The names of `KINDS` that are new, without "user" where root didn't need it; empty where they were refused, and then nothing changed.

    Raises:
        OSError: the namespaces were made and the users couldn't be mapped: this process is of no use any more.
    """
    others = sum(bit for kind, bit in KINDS.items() if kind != "user")
    if os.geteuid() != 0:
        return (
            frozenset(KINDS)
            if _unshare_as(others, f"{os.geteuid()} {os.geteuid()} 1", f"{os.getegid()} {os.getegid()} 1")
            else frozenset()
        )
    try:
        call("unshare", others)
        return frozenset(KINDS) - {"user"}
    except OSError:
        maps = "0 0 1" if uid is None else f"0 0 1\n{uid} {uid} 1"
        return frozenset(KINDS) if _unshare_as(others, maps, maps) else frozenset()


def _unshare_as(others: int, users: str, groups: str) -> bool:
    """Make a user namespace, with the others in it, mapped by a child that stays outside if there is more than one line."""
    alone = "\n" not in users
    pid = os.getpid()
    writer = None if alone else _Writer(lambda: _write_maps(pid, users, groups))
    try:
        call("unshare", KINDS["user"] | others)
    except OSError:
        if writer is not None:
            writer.dismiss()
        return False
    if writer is not None:
        writer.go()
    else:
        _write_map(pid, "setgroups", "deny")  # the kernel asks for it before it lets one map one's own group
        _write_maps(pid, users, groups)
    return True


class _Writer:
    """A child that waits outside of the namespaces and does one thing when it is told to."""

    def __init__(self, task: Callable[[], None]) -> None:
        hear, self._tell = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._tell)
            try:
                if os.read(hear, 1):
                    task()
                os._exit(0)
            except OSError as error:
                os._exit(error.errno or 1)
        os.close(hear)

    def go(self) -> None:
        os.write(self._tell, b"!")
        status = self.dismiss()
        if status:
            raise OSError(status, f"uid_map: {os.strerror(status)}")

    def dismiss(self) -> int:
        os.close(self._tell)
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _write_maps(pid: int, users: str, groups: str) -> None:
    _write_map(pid, "uid_map", users)
    _write_map(pid, "gid_map", groups)


def _write_map(pid: int, name: str, text: str) -> None:
    descriptor = os.open(f"/proc/{pid}/{name}", os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def loopback_up() -> None:
    """Bring up the loopback interface of a network namespace that has just been made.

    Raises:
        OSError: this process has no privilege over the network it is in.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as handle:
        request = struct.pack("16sH14x", b"lo", 0)
        flags: int = struct.unpack("16sH14x", fcntl.ioctl(handle, 0x8913, request))[1]  # SIOCGIFFLAGS
        fcntl.ioctl(handle, 0x8914, struct.pack("16sH14x", b"lo", flags | 1))  # SIOCSIFFLAGS, IFF_UP


def private_root(readable: Iterable[Path], writable: Iterable[Path], hidden: Iterable[Path]) -> bool:
    """Replace this process's file system by one that has only these paths, at the same places. In new mount and PID namespaces; irreversible.

    Besides them there are the harmless devices, a private /dev/shm of SHARED_MEMORY_MIB, and a /proc with this namespace's processes.
    What is writable may be changed; all the rest, also the attributes of files, may not. The working folder becomes "/".

    Args:
        readable: files and folders that are seen, with what is below; they must exist.
        writable: likewise, and may be changed. At least one folder.
        hidden: folders below the former that appear empty, and files that appear as /dev/null; they may be missing.

    Returns:
        Whether /proc is fresh. A container that masks its own /proc refuses a new one; the old one is then in its place, with everybody's
        processes, for Landlock to close.

    Raises:
        OSError: what the kernel answered; the process is then of no use.
    """
    mask = os.umask(0o022)  # the folders made here must let the spare user pass
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    changeable = set(writable)
    kept = _places([*readable, *DEVICES], changeable)
    trees = [(path, path.is_dir(), _clone(path, read_only=path not in changeable)) for path in kept]
    base = next(str(path) for path in changeable if path.is_dir())
    mount("tmpfs", base, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path, is_folder, tree in trees:
        place = base + str(path)
        _make_place(place, is_folder)
        call("move_mount", tree, b"", _AT_FDCWD, os.fsencode(place), _MOVE_FROM_DESCRIPTOR)
        os.close(tree)
    _cover(base, hidden, kept)
    _shared_memory(base + "/dev")
    fresh = _proc(base + "/proc")
    os.chdir(base)
    call("pivot_root", b".", b".")
    call("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _set_attributes(_AT_FDCWD, b"/", 0, _ATTR_RDONLY | _ATTR_NOSUID)
    os.umask(mask)
    return fresh


def _places(readable: Iterable[Path], changeable: set[Path]) -> dict[Path, Path]:
    """Where each tree has to stand, the higher first, and its real path: a path with links in it stands under both names.

    A path below another needs nothing of its own, unless it may be changed.
    """
    real = {path: path.resolve() for path in (*readable, *changeable)}
    real |= {path: path for path in real.values()}
    tops = sorted(real, key=lambda path: len(path.parts))
    return {path: real[path] for path in tops if path in changeable or real.keys().isdisjoint(path.parents)}


def _clone(path: Path, *, read_only: bool) -> int:
    tree = call("open_tree", _AT_FDCWD, os.fsencode(path), _OPEN_TREE)
    _set_attributes(tree, b"", _SET_EMPTY_PATH | _SET_RECURSIVE, _ATTR_NOSUID | (_ATTR_RDONLY if read_only else 0))
    return tree


def _set_attributes(descriptor: int, path: bytes, flags: int, attributes: int) -> None:
    fields = struct.pack("=4Q", attributes, 0, 0, 0)
    call("mount_setattr", descriptor, path, flags, fields, len(fields))


def _make_place(place: str, is_folder: bool) -> None:
    if os.path.lexists(place):
        return
    os.makedirs(place if is_folder else os.path.dirname(place), 0o755, exist_ok=True)
    if not is_folder:
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))


def _cover(base: str, hidden: Iterable[Path], kept: dict[Path, Path]) -> None:
    """Put something empty over each hidden path, at every place where the new root shows it: a tree may be there under two names."""
    for path in hidden:
        real = path.resolve()
        above = {real, *real.parents}
        for top in (path for path, target in kept.items() if target in above):
            place = base + str(top / real.relative_to(kept[top]))
            if os.path.isdir(place):
                mount("tmpfs", place, "tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, "size=4k,nr_inodes=1,mode=555")
            elif os.path.exists(place):
                tree = _clone(Path("/dev/null"), read_only=True)
                call("move_mount", tree, b"", _AT_FDCWD, os.fsencode(place), _MOVE_FROM_DESCRIPTOR)
                os.close(tree)


def _shared_memory(dev: str) -> None:
    for name, target in (("fd", "self/fd"), ("stdin", "self/fd/0"), ("stdout", "self/fd/1"), ("stderr", "self/fd/2")):
        os.symlink(f"/proc/{target}", f"{dev}/{name}")
    os.mkdir(f"{dev}/shm")
    mount(
        "tmpfs", f"{dev}/shm", "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, f"size={SHARED_MEMORY_MIB}m,nr_inodes=4096,mode=1777"
    )


def _proc(place: str) -> bool:
    os.makedirs(place, exist_ok=True)
    try:
        mount("proc", place, "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        return True
    except PermissionError:
        tree = _clone(Path("/proc"), read_only=True)
        call("move_mount", tree, b"", _AT_FDCWD, os.fsencode(place), _MOVE_FROM_DESCRIPTOR)
        os.close(tree)
        return False
