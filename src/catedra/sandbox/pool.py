"""The judge's side of workers: zygotes kept warm, one for each set of stacks, and the worker that each forks on demand.

A zygote is replaced after MAX_FORKS workers, when it grows, when it dies, and when it doesn't answer; the worker is then asked for again, once.
"""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from catedra import stacks
from catedra.checking.answer import Handle, new_handle
from catedra.checking.plain import Plain
from catedra.errors import CatedraError
from catedra.sandbox.calls import Caller, Kind, Raised
from catedra.sandbox.channel import Channel, PeerGone
from catedra.sandbox.memory import Lent, Tray
from catedra.sandbox.order import Order, Spent
from catedra.sandbox.worker import RELEASE, THREADS, WALLS

IMPORTS_S = 180.0
"""How long a zygote's imports may take: tensorflow on a busy machine and a cold disk."""
FORK_S = 20.0
CLOSE_S = 10.0
ENDING_S = 0.5
"""How long a worker whose connection broke may take to end by itself; one that closed it and lives on is killed."""
MAX_FORKS = 500
MAX_GROWTH_MB = 200
"""A zygote that holds so much more than after its imports is replaced: it should hold nothing more."""
MANY_RELEASED = 8
"""Handles that nobody holds any more: so many are let go at a time, since telling the worker costs a call."""


class SandboxError(CatedraError):
    """A worker can't be had, for a reason that isn't the submission's."""

    exit_code = 1


@dataclass(frozen=True)
class Kit:
    """What a zygote has imported.

    Attributes:
        stacks: names of stacks.
        modules: others that the class gives its answers.
    """

    stacks: tuple[str, ...]
    modules: tuple[str, ...] = ()


class Worker:
    """A live worker. Close it: everything of it is then dead and its folder is gone.

    Attributes:
        layers: the walls that it raised, told before any line of the submission ran.
        scratch: its folder.
    """

    def __init__(
        self, connection: socket.socket, reports: socket.socket, tray: Tray, lent: Lent, scratch: Path, *, own: bool
    ) -> None:
        self._channel, self._reports, self._tray = Channel(connection), reports, tray
        self._tickets = _Tickets()
        self._caller = Caller(self._channel, tray, lent, self._tickets.redeem, self._tickets.ticket)
        self.scratch, self._own_scratch = scratch, own
        self._ending: Spent | None = None
        self.layers: tuple[str, ...] = ()

    def call(
        self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any], deadline: float
    ) -> tuple[Kind, Plain | Handle | Raised]:
        """Call a function there; see `Caller.call`."""
        if len(self._tickets.dead) >= MANY_RELEASED:
            numbers = [self._tickets.dead.pop() for _ in range(len(self._tickets.dead))]
            self._caller.call(RELEASE, (numbers,), {}, deadline)
        return self._caller.call(function, args, kwargs, deadline)

    def allow(self, cpu_s: float) -> None:
        """Let the worker spend this many CPU seconds from now on; then it is killed."""
        with suppress(OSError):
            self._reports.send(f"{cpu_s:.3f}".encode())

    def spent(self) -> Spent:
        """Return what it has used so far, or how it ended."""
        if self._ending is None:
            with suppress(OSError):
                self._reports.send(b"?")
            report = self._report(CLOSE_S)
            if report is None:
                report = Spent(0.0, 0.0, 0.0, "exit", None, "")
                self._ending = report
            elif report.ended:
                self._ending = report
            return report
        return self._ending

    def ending(self) -> Spent:
        """Return how a worker ended whose connection broke."""
        limit = time.monotonic() + ENDING_S
        while self._ending is None and time.monotonic() < limit:
            self.spent()
            time.sleep(0.002)
        return self._ending or Spent(0.0, 0.0, 0.0, "exit", None, "")

    def close(self) -> None:
        """Kill whatever is left and wait until it is dead; remove its folder.

        Raises:
            SandboxError: the warden didn't say that it is done: something may be alive.
        """
        self._channel.close()
        with suppress(OSError):
            self._reports.shutdown(socket.SHUT_WR)
        try:
            self._wait_for_warden()
        finally:
            self._reports.close()
            os.close(self._tray.fd)
            if self._own_scratch:
                remove(self.scratch)

    def _wait_for_warden(self) -> None:
        limit = time.monotonic() + CLOSE_S
        while True:
            self._reports.settimeout(max(0.01, limit - time.monotonic()))
            try:
                if not self._reports.recv(1 << 20):
                    return
            except TimeoutError:
                raise SandboxError("el vigilante de una entrega no terminó: puede haber quedado un proceso suyo") from None
            except OSError:
                return

    def _report(self, seconds: float) -> Spent | None:
        self._reports.settimeout(seconds)
        try:
            text = self._reports.recv(1 << 20)
        except TimeoutError:
            raise SandboxError(f"el vigilante de una entrega no contestó en {seconds:.0f} segundos") from None
        except OSError:
            return None
        return Spent.from_json(text) if text else None


class Pool:
    """Zygotes by kit. Close it, or use it with `with`."""

    def __init__(self) -> None:
        self._zygotes: dict[Kit, _Zygote] = {}
        self.lent = Lent()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every zygote."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
        self.lent.close()

    def warm(self, kit: Kit) -> None:
        """Have a kit imported before the first worker is asked for.

        Raises:
            SandboxError: its imports failed.
        """
        self._zygote(kit)

    def worker(self, kit: Kit, order: Order | None = None) -> Worker:
        """Return a new worker with its walls up and nothing loaded.

        Args:
            kit: what it has imported.
            order: what it may spend; without a scratch folder (empty) it gets one that goes with it.

        Raises:
            SandboxError: no zygote or no worker can be had, or its walls failed.
        """
        order = order or Order("")
        own = not order.scratch
        if own:
            order = replace(order, scratch=tempfile.mkdtemp(prefix="catedra-"))
        os.chmod(order.scratch, 0o700)
        try:
            for entry in os.scandir(order.beside) if order.beside else ():
                os.symlink(entry.path, Path(order.scratch, entry.name))
            return self._worker(kit, order, own)
        except BaseException:
            if own:
                remove(Path(order.scratch))
            raise

    def _worker(self, kit: Kit, order: Order, own: bool) -> Worker:
        for attempt in range(2):
            zygote = self._zygote(kit)
            mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
            reports, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            tray = Tray.create()
            try:
                zygote.fork(order, (theirs.fileno(), tray.fd, told.fileno()))
            except (OSError, TimeoutError) as error:
                self._zygotes.pop(kit).close()
                for each in (mine, reports):
                    each.close()
                os.close(tray.fd)
                if attempt:
                    raise SandboxError(f"el proceso que prepara las entregas murió dos veces seguidas ({error})") from error
                continue
            except BaseException:
                for each in (mine, reports):
                    each.close()
                os.close(tray.fd)
                raise
            finally:
                theirs.close()
                told.close()
            return _started(Worker(mine, reports, tray, self.lent, Path(order.scratch), own=own))
        raise AssertionError("unreachable")

    def _zygote(self, kit: Kit) -> "_Zygote":
        zygote = self._zygotes.get(kit)
        if zygote is not None and (not zygote.alive or zygote.forks >= MAX_FORKS or zygote.grown_mb > MAX_GROWTH_MB):
            zygote.close()
            zygote = None
        if zygote is None:
            zygote = self._zygotes[kit] = _Zygote(kit)
        return zygote


def remove(folder: Path) -> None:
    """Delete a folder that a worker filled, whatever it holds."""
    with suppress(RecursionError):  # a thousand folders inside each other
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)


def _started(worker: Worker) -> Worker:
    """Hear from a worker which walls it raised, before anything of a submission is there."""
    try:
        kind, value = worker.call(WALLS, (), {}, time.monotonic() + FORK_S)
    except (PeerGone, TimeoutError) as error:
        ending = worker.ending()
        worker.close()
        raise SandboxError(f"no se pudo aislar una entrega ({error}; {ending.output.strip()[-500:] or ending.ended})") from error
    if kind != "value" or not isinstance(value, list):
        worker.close()
        raise SandboxError(f"no se pudo aislar una entrega: {value.text if isinstance(value, Raised) else value}")
    worker.layers = tuple(map(str, value))
    return worker


class _Tickets:
    """The judge's handles of one worker.

    Attributes:
        dead: the worker's numbers of those that nobody holds any more.
    """

    def __init__(self) -> None:
        self.dead: list[int] = []
        self._numbers: weakref.WeakKeyDictionary[Handle, int] = weakref.WeakKeyDictionary()

    def redeem(self, number: int, kind: str) -> Handle:
        handle = new_handle(kind)
        self._numbers[handle] = number
        weakref.finalize(handle, self.dead.append, number).atexit = False
        return handle

    def ticket(self, value: Any) -> tuple[int, str]:
        if type(value) is not Handle:
            raise ValueError(f"a check may pass plain data and handles; received {type(value).__name__}")
        if value not in self._numbers:
            raise ValueError(f"{value} was not issued by this answer: pass back only what it returned")
        return self._numbers[value], value.kind


class _Zygote:
    """One process that forks workers."""

    def __init__(self, kit: Kit) -> None:
        self.forks = 0
        environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ},
            **stacks.require(kit.stacks),
            **dict.fromkeys(THREADS, "1"),
            "HOME": "/nonexistent", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "agg",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
        }  # fmt: skip
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 — closed in close()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "catedra.sandbox.zygote", str(theirs.fileno()), *kit.stacks, "--", *kit.modules],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._stderr, env=environment, cwd="/",
                pass_fds=(theirs.fileno(),), start_new_session=True,
            )  # fmt: skip
        try:
            ready = self._answer(IMPORTS_S)
        except (OSError, TimeoutError) as error:
            said = self._said()
            self.close()
            raise SandboxError(f"los imports de {', '.join(kit.stacks) or 'la clase'} no terminaron ({error}): {said}") from error
        self._begins_mb = self._memory_mb() if "error" not in ready else 0.0
        if "error" in ready:
            self.close()
            raise SandboxError(f"los imports de {', '.join(kit.stacks) or 'la clase'} fallaron: {ready['error']}")

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def grown_mb(self) -> float:
        """MB beyond what its imports took."""
        return self._memory_mb() - self._begins_mb

    def _memory_mb(self) -> float:
        try:
            return float(psutil.Process(self._process.pid).memory_info().rss / 2**20)
        except psutil.Error:  # it has just died: `alive` says so at the next look
            return 0.0

    def fork(self, order: Order, descriptors: Iterable[int]) -> None:
        socket.send_fds(self._socket, [order.as_json()], list(descriptors))
        answer = self._answer(FORK_S)
        if "error" in answer:
            raise SandboxError(f"no se pudo preparar una entrega: {answer['error']}")
        self.forks += 1

    def close(self) -> None:
        self._socket.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stderr.close()

    def _answer(self, seconds: float) -> dict[str, Any]:
        ready, _, _ = select.select([self._socket], [], [], seconds)
        if not ready:
            raise TimeoutError(f"sin respuesta en {seconds:.0f} segundos")
        text = self._socket.recv(1 << 16)
        if not text:
            raise ConnectionError("el proceso terminó")
        return json.loads(text)  # type: ignore[no-any-return]

    def _said(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read()[-1000:].decode(errors="replace").strip()
