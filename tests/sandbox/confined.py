"""What the tests of the walls share: children in which they are raised, other users, machines that refuse something, ordinary work."""

import asyncio
import ctypes
import errno
import json
import multiprocessing
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catedra.sandbox import identity, kernel, landlock, limits, namespaces, seccomp

NOBODY = 65534
IS_ROOT = os.geteuid() == 0


def run_child(action: Callable[[], Any]) -> Any:
    """Run in a forked child; return what it returned, by way of JSON. A child that raises or dies fails the test, with its traceback."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        try:
            answer = {"value": action()}
        except BaseException:
            answer = {"raised": traceback.format_exc()}
        os.write(tell, json.dumps(answer).encode())
        os._exit(0)
    os.close(tell)
    with os.fdopen(hear, "rb") as said:
        text = said.read()
    status = os.waitpid(child, 0)[1]
    assert text, f"the child died with status {status}"
    answer = json.loads(text)
    assert "raised" not in answer, answer["raised"]
    return answer["value"]


def code_of(action: Callable[[], Any]) -> str:
    """Return the name of the error number with which an action fails, "" if it goes through."""
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno]
    return ""


def open_the_interpreter() -> None:
    """As root, for this process: nobody may pass through the folders above the interpreter, as on a machine installed for everyone."""
    closed = [
        folder for folder in (*reversed(Path(sys.base_prefix).parents), Path(sys.base_prefix)) if not folder.stat().st_mode & 1
    ]
    if not closed:
        return
    kernel.call("unshare", namespaces.KINDS["mount"])
    kernel.mount("none", "/", None, 0x4000 | 1 << 18)
    tree = kernel.call("open_tree", -100, os.fsencode(sys.base_prefix), 1 | os.O_CLOEXEC | 0x8000)
    kernel.mount("tmpfs", str(closed[0]), "tmpfs", 0, "size=64k,mode=755")
    Path(sys.base_prefix).mkdir(parents=True, exist_ok=True)
    kernel.call("move_mount", tree, b"", -100, os.fsencode(sys.base_prefix), 4)


def become_nobody() -> None:
    """Go on as a user without privileges, who may use the interpreter."""
    if IS_ROOT:
        open_the_interpreter()
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def refuse_calls(names: str, then: int = seccomp.REFUSE) -> None:
    """Make this process one of a machine that refuses some system calls."""
    limits.no_new_privileges()
    program = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in seccomp.assemble((seccomp.Rule(names, then=then),), os.uname().machine)
    )
    kept = ctypes.create_string_buffer(program, len(program))
    kernel.call("seccomp", 1, 0, struct.pack("@HP", len(program) // 8, ctypes.addressof(kept)))


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder that any user may use; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="catedra-walls-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        inner = Path(name) / "scratch"
        inner.mkdir()
        inner.chmod(0o777)
        yield inner


def namespaces_work(as_nobody: bool) -> bool:
    def attempt() -> bool:
        if as_nobody:
            become_nobody()
        return bool(namespaces.unshare())

    return bool(run_child(attempt))


needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")
needs_landlock = pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock, or it is off")


def ordinary_work(scratch: Path, *, shared_memory: bool) -> None:
    """What a student's code does on a normal day. Raises if any of it fails.

    Args:
        scratch: a folder that it may write.
        shared_memory: whether there is a /dev/shm for the locks of multiprocessing.
    """
    first = np.random.default_rng(0).normal(size=(200, 200))
    assert np.allclose(first @ np.linalg.inv(first), np.eye(200), atol=1e-6)

    seen: list[int] = []
    threads = [threading.Thread(target=seen.append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == [0, 1, 2, 3]

    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=lambda: there.send(6 * 7))
    process.start()
    assert here.recv() == 42
    process.join()
    if shared_memory:
        with context.Pool(2) as pool:
            assert pool.map(abs, [-1, -2, -3]) == [1, 2, 3]

    async def later() -> int:
        await asyncio.sleep(0.001)
        ran = await asyncio.create_subprocess_exec("/bin/true")
        return await ran.wait()

    assert asyncio.run(later()) == 0

    with tempfile.NamedTemporaryFile(dir=scratch) as file:
        file.write(b"text")
        file.flush()
        assert Path(file.name).read_bytes() == b"text"
    (scratch / "one").mkdir()
    (scratch / "one" / "file").write_text("x", encoding="ascii")
    os.rename(scratch / "one" / "file", scratch / "file")
    os.truncate(scratch / "file", 0)
    np.save(scratch / "array.npy", first)
    assert np.load(scratch / "array.npy").shape == (200, 200)

    assert subprocess.run(["/bin/true"], stdin=subprocess.DEVNULL, check=True).returncode == 0
    assert b"numpy" in Path(np.__file__).read_bytes()
    left, right = socket.socketpair()
    left.send(b"hello")
    assert right.recv(5) == b"hello"
    compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda value: value + 1)
    assert compare(1) == 2
    assert len(os.urandom(8)) == 8
    os.sched_setaffinity(0, os.sched_getaffinity(0))
    received: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _: received.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    assert received == [signal.SIGUSR1]
    with open("/proc/cpuinfo", encoding="utf-8") as information:
        assert information.read(1)
    assert Path("/proc/self/status").read_text(encoding="ascii")


def spare() -> int | None:
    """A spare user for a worker of root's, unclaimed: a test has no other grader beside it for the moment that it needs one."""
    if os.geteuid() != 0:
        return None
    uid, claim = identity.spare_uid()
    claim.close()
    return uid
