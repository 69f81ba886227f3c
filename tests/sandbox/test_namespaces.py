import os
import socket
import struct
import threading
from pathlib import Path

import numpy as np
import pytest

from catedra.sandbox import identity, kernel, namespaces
from catedra.sandbox.kernel import call
from tests.sandbox.confined import (
    IS_ROOT,
    NOBODY,
    become_nobody,
    code_of,
    namespaces_work,
    needs_root,
    open_the_interpreter,
    refuse_calls,
    run_child,
    scratch_folder,
)

ALL = frozenset(namespaces.KINDS)
SYSTEM = [path for path in map(Path, ("/usr", "/lib", "/lib64", "/bin")) if path.exists()]

needs_namespaces = pytest.mark.skipif(
    not namespaces_work(False), reason="this machine refuses namespaces to the user of the tests"
)
as_both = pytest.mark.parametrize(
    "as_nobody",
    [
        pytest.param(False, id="me", marks=needs_namespaces),
        pytest.param(
            True,
            id="nobody",
            marks=pytest.mark.skipif(not IS_ROOT or not namespaces_work(True), reason="needs root, and namespaces for all"),
        ),
    ],
)


def in_namespaces(then, *, as_nobody=False, uid=None):
    """What `then` returns as process 1 of new namespaces, with what `unshare` returned."""

    def warden():
        if as_nobody:
            become_nobody()
        made = namespaces.unshare(uid)
        return sorted(made), run_child(then)

    return run_child(warden)


@as_both
def test_a_world_of_its_own(as_nobody):
    def inside():
        outer = int(os.readlink("/proc/self")) if os.readlink("/proc/self").isdigit() else 0
        return {
            "pid": os.getpid(),
            "outer": outer,
            "parent": os.getppid(),
            "interfaces": [name for _, name in socket.if_nameindex()],
            "uid": os.getuid(),
            "queues": Path("/proc/sysvipc/msg").read_text(encoding="ascii").count("\n"),
        }

    made, seen = in_namespaces(inside, as_nobody=as_nobody)
    assert made == sorted(ALL if as_nobody or not IS_ROOT else ALL - {"user"})
    assert seen["pid"] == 1
    assert seen["parent"] == 0
    assert seen["interfaces"] == ["lo"]
    assert seen["uid"] == (NOBODY if as_nobody else os.getuid())
    assert seen["queues"] == 1  # the header


@as_both
def test_refused_namespaces_leave_everything_as_it_was(as_nobody):
    def inside():
        if as_nobody:
            become_nobody()
        before = [os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "net", "mnt", "ipc")]
        refuse_calls("unshare")
        made = namespaces.unshare(identity.FIRST if os.geteuid() == 0 else None)
        after = [os.readlink(f"/proc/self/ns/{name}") for name in ("user", "pid", "net", "mnt", "ipc")]
        return sorted(made), before == after, code_of(lambda: os.waitpid(-1, os.WNOHANG))

    assert run_child(inside) == [[], True, "ECHILD"]


def drop_sys_admin():
    status = Path("/proc/self/status").read_text(encoding="ascii")
    left = int(status.split("CapEff:")[1].split()[0], 16) & ~(1 << 21)
    low, high = left & 0xFFFFFFFF, left >> 32
    call("capset", struct.pack("=Ii", 0x20080522, 0), struct.pack("=6I", low, low, 0, high, high, 0))


@needs_root
@pytest.mark.skipif(not namespaces_work(True), reason="this machine refuses user namespaces")
def test_root_of_a_container_maps_itself_and_the_spare_user():
    """Root without CAP_SYS_ADMIN can't make the others, but it can make a user namespace, whose maps are written from outside."""
    uid = identity.FIRST

    def inside():
        maps = Path("/proc/self/uid_map").read_text(encoding="ascii").split()
        identity.drop(uid)
        return os.getpid(), maps, os.getresuid(), os.getresgid(), os.getgroups()

    def warden():
        drop_sys_admin()
        assert code_of(lambda: call("unshare", namespaces.KINDS["net"])) == "EPERM"
        made = namespaces.unshare(uid)
        return sorted(made), run_child(inside)

    assert run_child(warden) == [sorted(ALL), [1, ["0", "0", "1", str(uid), str(uid), "1"], [uid] * 3, [uid] * 3, []]]


@as_both
def test_loopback(as_nobody):
    def inside():
        with socket.socket() as down:
            closed = code_of(lambda: down.connect(("127.0.0.1", 9)))
        namespaces.loopback_up()
        with socket.create_server(("127.0.0.1", 0)) as server:
            received = []
            thread = threading.Thread(target=lambda: received.append(server.accept()[0].recv(5)))
            thread.start()
            with socket.create_connection(server.getsockname()) as client:
                client.send(b"hello")
                thread.join()
        with socket.socket() as other:
            return closed, received[0].decode(), code_of(lambda: other.connect(("192.0.2.1", 80)))

    assert in_namespaces(inside, as_nobody=as_nobody)[1] == ["ENETUNREACH", "hello", "ENETUNREACH"]


def test_loopback_without_a_network_of_ones_own_is_refused():
    def inside():
        if IS_ROOT:
            become_nobody()
        return code_of(namespaces.loopback_up)

    assert run_child(inside) == "EPERM"


@as_both
def test_a_file_system_from_a_closed_list(as_nobody):
    with scratch_folder() as scratch:
        outside = scratch.parent
        for name in ("open/file", "open/hidden/solution", "open/secret.txt", "other/file"):
            (outside / name).parent.mkdir(parents=True, exist_ok=True)
            (outside / name).write_text("x", encoding="ascii")
        (outside / "link").symlink_to(outside / "open")
        for path in (outside, *outside.rglob("*")):
            path.chmod(0o777)

        def inside():
            os.umask(0o077)
            fresh = namespaces.private_root(
                [*SYSTEM, outside / "link"],
                [scratch],
                [outside / "link/hidden", outside / "open/secret.txt", outside / "open/absent"],
            )
            (scratch / "mine").write_text("x", encoding="ascii")
            Path("/dev/shm/mine").write_text("x", encoding="ascii")
            Path("/dev/null").write_bytes(b"x")
            return {
                "fresh": fresh,
                "processes": [name for name in os.listdir("/proc") if name.isdigit()],
                "top": sorted(set(os.listdir("/")) - {path.parts[1] for path in SYSTEM}),
                "devices": sorted(os.listdir("/dev")),
                "beside": sorted(os.listdir(outside)),
                "hidden": os.listdir(outside / "open/hidden") + os.listdir(outside / "link/hidden"),
                "secret": (outside / "open/secret.txt").read_bytes().decode()
                + (outside / "link/secret.txt").read_bytes().decode(),
                "file": (outside / "link/file").read_text(encoding="ascii"),
                "modes": [oct(os.stat(path).st_mode & 0o777) for path in ("/", outside, "/dev", "/proc")],
                "write": code_of(lambda: (outside / "open/file").write_bytes(b"")),
                "chmod": code_of(lambda: (outside / "open/file").chmod(0o600)),
                "times": code_of(lambda: os.utime(outside / "open/file")),
                "root": code_of(lambda: os.mkdir("/new")),
                "etc": code_of(lambda: os.stat("/etc/passwd")),
                "options": [line.split()[3] for line in Path("/proc/mounts").read_text(encoding="ascii").splitlines()],
                "umask": os.umask(0),
            }

        seen = in_namespaces(inside, as_nobody=as_nobody)[1]
        assert (scratch / "mine").read_text(encoding="ascii") == "x"  # the real folder, not a copy
    assert seen["processes"] == ["1"] or not seen["fresh"]
    assert seen["top"] == ["dev", "proc", "tmp"]
    assert seen["devices"] == ["fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom", "zero"]
    assert seen["beside"] == ["link", "open", "scratch"]
    assert seen["hidden"] == []
    assert seen["secret"] == ""
    assert seen["file"] == "x"
    assert seen["modes"][:3] == ["0o755"] * 3
    assert [seen[name] for name in ("write", "chmod", "times", "root")] == ["EROFS"] * 4
    assert seen["etc"] == "ENOENT"
    assert all("nosuid" in options.split(",") for options in seen["options"])
    assert seen["umask"] == 0o077


@as_both
def test_shared_memory_is_private_and_bounded(as_nobody):
    with scratch_folder() as scratch:

        def inside():
            namespaces.private_root(SYSTEM, [scratch], [])
            free = os.statvfs("/dev/shm")
            with open("/dev/shm/full", "wb", buffering=0) as file:
                os.posix_fallocate(file.fileno(), 0, namespaces.SHARED_MEMORY_MIB << 20)
                over = code_of(lambda: os.posix_fallocate(file.fileno(), namespaces.SHARED_MEMORY_MIB << 20, 1 << 20))
            return free.f_blocks * free.f_frsize >> 20, over

        assert in_namespaces(inside, as_nobody=as_nobody)[1] == [namespaces.SHARED_MEMORY_MIB, "ENOSPC"]
    assert not Path("/dev/shm/full").exists()


@needs_root
@needs_namespaces
def test_a_closed_home_doesnt_hide_an_interpreter_inside_it():
    with scratch_folder() as scratch:
        home = scratch.parent / "home"
        (home / "python").mkdir(parents=True)
        (home / "python" / "os.py").write_text("x", encoding="ascii")
        (home / "letter").write_text("x", encoding="ascii")
        home.chmod(0o700)

        def inside():
            namespaces.private_root([*SYSTEM, home / "python"], [scratch], [])
            identity.drop(identity.FIRST)
            return (home / "python/os.py").read_text(encoding="ascii"), os.listdir(home), code_of((home / "letter").read_bytes)

        assert in_namespaces(inside)[1] == ["x", ["python"], "ENOENT"]


@needs_root
@needs_namespaces
def test_a_masked_proc_is_left_in_its_place():
    """Containers cover parts of /proc; the kernel then refuses a fresh one to a user namespace."""

    def inside():
        fresh = namespaces.private_root(SYSTEM, [scratch], [])
        return fresh, len([name for name in os.listdir("/proc") if name.isdigit()]) > 1

    def warden():
        open_the_interpreter()
        kernel.call("unshare", namespaces.KINDS["mount"])
        kernel.mount("none", "/", None, 0x4000 | 1 << 18)
        kernel.mount("tmpfs", "/proc/sys", "tmpfs", 0)
        become_nobody()
        assert namespaces.unshare() == ALL
        return run_child(inside)

    with scratch_folder() as scratch:
        assert run_child(warden) == [False, True]


@needs_namespaces
def test_numpy_still_works_after_the_root_is_gone():
    def inside():
        namespaces.private_root(SYSTEM, [scratch], [])
        return float(np.linalg.norm(np.eye(4)))

    with scratch_folder() as scratch:
        assert in_namespaces(inside)[1] == 2.0
