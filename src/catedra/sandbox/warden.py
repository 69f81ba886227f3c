"""The warden: forked by the zygote for one worker, it stands outside of the worker's walls, measures its tree, and kills it.

    judge ──order──▶ zygote ──fork──▶ warden ──fork──▶ worker (walls, then the submission)
      └────────reports, allowances───────┘                │
      └───────────────────────calls───────────────────────┘

It kills on a breach, when the judge hangs up, and when the worker's main process ends: nothing of a submission outlives its worker. What it
says to the judge is how the worker ended and what it spent, never what it answered.
"""

import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from catedra.sandbox import namespaces
from catedra.sandbox.disk import Disk
from catedra.sandbox.kernel import PR_SET_CHILD_SUBREAPER, prctl
from catedra.sandbox.order import PIPE_BYTES, Order, Spent
from catedra.sandbox.tree import Tree

LOOK_S = 0.03
"""Seconds between two looks at the tree."""
DISK_LOOKS = 5
"""Looks at the tree for each at its files."""
LEAST_FREE_MB = 200
"""Below this much free memory of the machine the worker dies whatever its allowance: better it than the judge."""

Work = Callable[[frozenset[str], int], None]
"""What the forked worker does: given the new namespaces and the descriptor for its output. It never returns."""


def watch(order: Order, judge: socket.socket, uid: int | None, tray: int, channel: int, work: Work) -> None:
    """Fork the worker and stay until nothing of it is left.

    Args:
        order: what it may spend.
        judge: a SEQPACKET socket; each message from there allows CPU seconds from now on (as text) or asks for a report (empty).
        uid: the spare user, where this process is root.
        tray: the memfd of the worker's large replies, whose memory counts as the worker's.
        channel: the worker's socket to the judge; this process lets go of it, so that the judge sees its end with the worker.
        work: what the worker does.
    """
    _Warden(order, judge, uid, tray, channel, work).run()


class _Warden:
    def __init__(self, order: Order, judge: socket.socket, uid: int | None, tray: int, channel: int, work: Work) -> None:
        self._order, self._judge, self._tray = order, judge, tray
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._tree = Tree()
        self._disk = Disk(order.scratch, order.disk_mb, order.files)
        self._hears, writes = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(writes, True)
        self._output, self._printed = b"", 0
        self._status: int | None = None
        self._peak_mb = 0.0
        self._cpu = 0.0
        self._may_spend = order.startup_s
        self._waited = 0.0
        fresh = namespaces.unshare(uid)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                for descriptor in (judge.detach(), self._hears):
                    os.close(descriptor)
                self._tree.close()
                self._disk.close()
                work(fresh, writes)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(70)  # `work` ends the process itself: whatever comes here is a fault of ours
        os.close(writes)
        os.close(channel)
        self._tree.set_base(self._pid)

    def run(self) -> None:
        ended = ""
        looks = 0
        poll = select.poll()
        poll.register(self._judge, select.POLLIN)
        poll.register(self._hears, select.POLLIN)
        exit_fd = os.pidfd_open(self._pid)
        poll.register(exit_fd, select.POLLIN)
        due = time.monotonic() + LOOK_S
        while not ended:
            for descriptor, _ in poll.poll(max(0.0, due - time.monotonic()) * 1000):
                if descriptor == self._judge.fileno() and not self._hear():
                    ended = "judge"
                elif descriptor == self._hears and not self._drain():
                    poll.unregister(self._hears)
            if self._printed > self._order.output_bytes:
                ended = ended or "output"
            if self._reap():
                ended = ended or "exit"
            if time.monotonic() >= due:
                ended = ended or self._look(with_files=looks % DISK_LOOKS == 0)
                looks += 1
                due = time.monotonic() + LOOK_S
        self._look(with_files=False)
        self._tree.kill()
        self._reap()
        self._drain()
        os.close(exit_fd)
        if ended != "judge":
            with suppress(OSError):
                self._judge.send(self._report(ended).as_json())
                self._judge.recv(1)  # the judge reads it, then hangs up

    def _hear(self) -> bool:
        """Take a message of the judge's; False once it has hung up."""
        try:
            message = self._judge.recv(64)
        except OSError:
            return False
        if not message:
            return False
        self._look(with_files=False)
        self._drain()
        if message == b"?":
            with suppress(OSError):
                self._judge.send(self._report("").as_json())
        else:
            self._may_spend = self._cpu + float(message)
        return True

    def _look(self, *, with_files: bool) -> str:
        """Measure the tree; return what it breaches."""
        self._cpu, memory_mb = self._tree.measure()
        self._waited = self._tree.waited(self._pid) or self._waited
        memory_mb += os.fstat(self._tray).st_blocks * 512 / 2**20
        self._peak_mb = max(self._peak_mb, memory_mb)
        if self._cpu > self._may_spend:
            return "cpu"
        if memory_mb > self._order.memory_mb or self._tree.free_mb() < LEAST_FREE_MB:
            return "memory"
        return self._disk.breach(self._tree) if with_files else ""

    def _drain(self) -> bool:
        """Take what was printed; False at its end."""
        try:
            while piece := os.read(self._hears, 1 << 16):
                self._printed += len(piece)
                self._output = (self._output + piece)[:PIPE_BYTES]
                if self._printed > self._order.output_bytes:
                    return True
        except BlockingIOError:
            return True
        return False

    def _reap(self) -> bool:
        """Wait for whoever ended; True once the worker's main process did."""
        with suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self._pid:
                    self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None

    def _report(self, ended: str) -> Spent:
        report = Spent(self._cpu, self._waited, self._peak_mb, ended, self._status, self._output.decode(errors="replace"))
        # A packet has a limit, and JSON writes six characters for a control character.
        return report if len(report.as_json()) <= 128 * 2**10 else replace(report, output=report.output[: PIPE_BYTES // 6])


def ignore_interrupts() -> None:
    """Ctrl-C goes to the whole foreground group; only the judge decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
