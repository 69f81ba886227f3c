"""The zygote: a fresh interpreter that imports a set of stacks, computes nothing, and forks a warden for each worker.

Importing a framework costs seconds, forking a process that has it milliseconds. It has one thread and never runs an operation: a child of a
process that did would hang in the framework's locks. Run as `python -I -m catedra.sandbox.zygote SOCKET STACK… -- MODULE…`.
"""

import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress

from catedra import stacks
from catedra.sandbox import identity, warden
from catedra.sandbox.kernel import WallError
from catedra.sandbox.order import Order
from catedra.sandbox.worker import work

LAZY = {
    "torch": ("torch._dynamo",),
    "keras-torch": ("torch._dynamo", "tensorflow"),
    "keras-jax": ("tensorflow",),
    "keras-tf": ("tensorflow",),
}
"""What frameworks import at their first operation, each if it is installed; it costs a second in every child."""
ALWAYS = (
    "numpy.random",
    "numpy.linalg",
    "numpy.fft",
    "inspect",
    "textwrap",
    "traceback",
    "typing",
    "dataclasses",
    "collections.abc",
)
LISTEN_S = 0.5


def main() -> None:
    """Import, say so, and serve orders until the judge hangs up."""
    warden.ignore_interrupts()
    names = sys.argv[2:]
    at = names.index("--")
    judge = socket.socket(fileno=int(sys.argv[1]))
    judge.set_inheritable(False)
    try:
        _preload(names[:at], names[at + 1 :])
    except Exception as error:
        judge.send(json.dumps({"error": f"{type(error).__name__}: {error}"[:2000]}).encode())
        return
    gc.collect()
    gc.freeze()  # the collector won't touch what children share, so the kernel won't copy it
    judge.send(json.dumps({"ready": os.getpid()}).encode())
    judge.settimeout(LISTEN_S)
    while _serve(judge):
        pass


def _preload(names: list[str], modules: list[str]) -> None:
    wanted = [module for name in names for module in stacks.stack(name).modules]
    wanted += [module for name in names for module in LAZY.get(name, ()) if importlib.util.find_spec(module.partition(".")[0])]
    for module in (*ALWAYS, *wanted, *modules):
        importlib.import_module(module)


def _serve(judge: socket.socket) -> bool:
    """Serve one order; False once the judge has hung up."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    try:
        text, descriptors, _, _ = socket.recv_fds(judge, 1 << 16, 3)
    except TimeoutError:
        return True
    except OSError:
        return False
    if not text:
        return False
    try:
        answer: dict[str, int | str] = {"warden": _fork(judge, Order.from_json(text), descriptors)}
    except (WallError, OSError) as error:
        answer = {"error": str(error)}
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    with suppress(OSError):
        judge.send(json.dumps(answer).encode())
    return True


def _fork(judge: socket.socket, order: Order, descriptors: list[int]) -> int:
    uid, claim = identity.spare_uid() if os.geteuid() == 0 else (None, None)
    channel, tray, reports = descriptors
    pid = os.fork()
    if pid:
        if claim is not None:
            claim.close()  # the warden's copy keeps it
        return pid
    try:
        judge.close()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        warden.watch(
            order,
            socket.socket(fileno=reports),
            uid,
            tray,
            channel,
            lambda fresh, output: work(order, uid, fresh, output, channel, tray),
        )
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)
    raise AssertionError("unreachable")


if __name__ == "__main__":
    main()
