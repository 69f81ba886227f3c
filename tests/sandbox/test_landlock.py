import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from catedra.sandbox import landlock, limits
from catedra.sandbox.kernel import WallError
from catedra.sandbox.landlock import READ, READ_DIR, carve, handled
from tests.sandbox.confined import (
    NOBODY,
    become_nobody,
    code_of,
    needs_landlock,
    needs_root,
    ordinary_work,
    refuse_calls,
    run_child,
    scratch_folder,
)

SYSTEM = [
    path
    for path in map(Path, ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/proc/cpuinfo", "/proc/self", "/dev"))
    if path.exists()
]


def test_rights_follow_the_version():
    assert [handled(version).bit_length() for version in (1, 2, 3, 4, 5, 6, 7, 99)] == [13, 14, 15, 15, 16, 16, 16, 16]
    assert handled(1) & (landlock.REFER | landlock.TRUNCATE | landlock.IOCTL_DEV) == 0
    later = landlock.REFER | landlock.TRUNCATE | landlock.IOCTL_DEV
    assert handled(7) & later == later


def tree(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def test_carving_lists_what_stands_beside(tmp_path):
    tree(
        tmp_path,
        "site/numpy/core.py",
        "site/pkg/__init__.py",
        "site/pkg/classes/c100/solution.py",
        "site/pkg/checking/run.py",
        "site/top.py",
    )
    rules = {
        str(path.relative_to(tmp_path)): rights
        for path, rights in carve([tmp_path / "site"], [tmp_path / "site/pkg/classes"], READ)
    }
    assert rules == {
        "site": READ_DIR,
        "site/numpy": READ,
        "site/top.py": READ,
        "site/pkg": READ_DIR,
        "site/pkg/__init__.py": READ,
        "site/pkg/checking": READ,
    }


def test_carving_sees_through_links_and_drops_what_is_inside(tmp_path):
    tree(tmp_path, "real/open/a", "real/secret/b")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    rules = dict(
        carve([tmp_path / "link", tmp_path / "real/secret", tmp_path / "real/secret/b"], [tmp_path / "link/secret"], READ)
    )
    assert rules == {tmp_path / "link": READ_DIR, tmp_path / "link/open": READ}


def test_nothing_hidden_leaves_the_paths_alone(tmp_path):
    assert list(carve([tmp_path, tmp_path / "missing"], [], READ)) == [(tmp_path, READ), (tmp_path / "missing", READ)]


def confine(readable, writable, **options):
    limits.no_new_privileges()
    return landlock.restrict([*SYSTEM, Path(sys.prefix), Path(sys.base_prefix), *readable], writable, **options)


@needs_landlock
@pytest.mark.parametrize("as_nobody", [pytest.param(False, id="me"), pytest.param(True, id="nobody", marks=needs_root)])
def test_a_closed_list_of_files(as_nobody):
    with scratch_folder() as scratch:
        outside = scratch.parent
        tree(outside, "open/file", "open/hidden/solution", "other/file")
        for path in outside.rglob("*"):
            path.chmod(0o777)

        def inside():
            if as_nobody:
                become_nobody()
            held = confine([outside / "open"], [scratch], hidden=[outside / "open/hidden"])
            (scratch / "mine").write_text("x", encoding="ascii")
            os.truncate(scratch / "mine", 0)
            (scratch / "program").write_text("#!/bin/sh\n", encoding="ascii")
            (scratch / "program").chmod(0o755)
            return sorted(held), {
                "readable": code_of((outside / "open/file").read_bytes),
                "hidden": code_of((outside / "open/hidden/solution").read_bytes),
                "other": code_of((outside / "other/file").read_bytes),
                "list": code_of(lambda: os.listdir(outside)),
                "passwd": code_of(lambda: os.open("/etc/passwd", os.O_RDONLY)),
                "write": code_of(lambda: (outside / "open/file").write_bytes(b"")),
                "truncate": code_of(lambda: os.truncate(outside / "open/file", 0)),
                "create": code_of((outside / "open/new").touch),
                "remove": code_of((outside / "open/file").unlink),
                "folder": code_of((outside / "open/folder").mkdir),
                "link": code_of(lambda: os.link(outside / "open/file", scratch / "linked")),
                "move": code_of(lambda: os.rename(scratch / "mine", outside / "other/moved")),
                "run": code_of(lambda: subprocess.run([scratch / "program"], check=False)),
                "system": code_of(lambda: subprocess.run(["/bin/true"], check=True)),
                "device": code_of(lambda: os.mknod(scratch / "null", 0o20666, os.makedev(1, 3))),
            }

        held, seen = run_child(inside)
        assert (outside / "open/file").read_text(encoding="utf-8") == "open/file"
    assert seen.pop("readable") == seen.pop("system") == ""
    assert seen.pop("device") in {"EACCES", "EPERM"}
    assert seen.pop("link") in {"EACCES", "EXDEV"}
    assert seen.pop("move") in {"EACCES", "EXDEV"}
    assert set(seen.values()) == {"EACCES"}, seen
    version = landlock.abi()
    assert held == sorted({"files"} | ({"network"} if version >= 4 else set()) | ({"scopes"} if version >= 6 else set()))


@needs_landlock
def test_names_of_what_is_hidden_can_be_listed_and_nothing_more(tmp_path):
    """The limit that the module declares: the right to list spreads downwards."""
    tree(tmp_path, "pkg/classes/c100/solution.py", "pkg/other.py")

    def inside():
        confine([tmp_path / "pkg"], [], hidden=[tmp_path / "pkg/classes"])
        return os.listdir(tmp_path / "pkg/classes"), code_of((tmp_path / "pkg/classes/c100/solution.py").read_bytes)

    assert run_child(inside) == [["c100"], "EACCES"]


@needs_landlock
def test_a_missing_path_must_be_declared(tmp_path):
    missing = tmp_path / "nowhere"

    def inside():
        with pytest.raises(WallError, match="nowhere") as caught:
            confine([missing], [])
        confine([missing], [], optional=[missing])
        return caught.value.layer, code_of(lambda: os.listdir(tmp_path))

    assert run_child(inside) == ["landlock", "EACCES"]


@needs_landlock
@pytest.mark.skipif(landlock.abi() < 4, reason="TCP rules need Landlock ABI 4")
@pytest.mark.parametrize("loopback", [False, True])
def test_tcp(loopback):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def inside():
            held = confine([], [], loopback=loopback)
            with socket.socket() as one, socket.socket() as two:
                return (
                    sorted(held),
                    code_of(lambda: one.connect(("127.0.0.1", port))),
                    code_of(lambda: two.bind(("127.0.0.1", 0))),
                )

        held, connect, bind = run_child(inside)
    assert ("network" in held) is not loopback
    assert [connect, bind] == (["", ""] if loopback else ["EACCES", "EACCES"])


@needs_landlock
@pytest.mark.skipif(landlock.abi() < 6, reason="scopes need Landlock ABI 6")
def test_signals_and_abstract_sockets_stay_inside():
    name = f"\0catedra-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()

        def inside():
            confine([], [])
            child = os.fork()
            if child == 0:
                os._exit(0)
            own = code_of(lambda: os.kill(child, 0))
            os.waitpid(child, 0)
            with socket.socket(socket.AF_UNIX) as client:
                return own, code_of(lambda: os.kill(os.getppid(), 0)), code_of(lambda: client.connect(name))

        assert run_child(inside) == ["", "EPERM", "EPERM"]


@needs_landlock
@pytest.mark.parametrize("as_nobody", [pytest.param(False, id="me"), pytest.param(True, id="nobody", marks=needs_root)])
def test_ordinary_work_goes_on(as_nobody):
    from catedra.sandbox.namespaces import DEVICES
    from catedra.sandbox.walls import CLASSES, readable_roots

    def inside():
        if as_nobody:
            become_nobody()
        readable = [*readable_roots(), *DEVICES, Path("/proc/self"), Path("/proc/cpuinfo")]
        limits.no_new_privileges()
        landlock.restrict(readable, [scratch, Path("/dev/null"), Path("/dev/shm")], hidden=[CLASSES])
        ordinary_work(scratch, shared_memory=True)
        return os.getuid()

    with scratch_folder() as scratch:
        assert run_child(inside) == (NOBODY if as_nobody else os.getuid())


def test_a_kernel_without_it_is_told_apart():
    def inside():
        from catedra.sandbox.seccomp import UNKNOWN

        refuse_calls("landlock_create_ruleset", UNKNOWN)
        with pytest.raises(WallError, match=r"5\.13") as caught:
            landlock.restrict([], [])
        return landlock.abi(), caught.value.layer

    assert run_child(inside) == [0, "landlock"]
