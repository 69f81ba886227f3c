"""The processes below a warden, measured and killed from outside of them.

/proc is opened once, before any mount of the worker's could change what "/proc" means. Where there is no PID namespace, a warden is a
subreaper: whatever its worker leaves behind becomes its child and stays in the tree.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass

KILL_S = 5.0
"""How long the dead may take to go."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class _Seen:
    own: int = 0
    waited_for: int = 0
    alive: bool = True


class Tree:
    """All descendants of this process. Close it after use.

    Not covered: the CPU of a process that begins and ends between two looks and that nobody waits for. Whoever lives off those meets the
    deadline of the clock.
    """

    def __init__(self) -> None:
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._seen: dict[tuple[int, str], _Seen] = {}
        self._base_kb = 0

    def close(self) -> None:
        """Let go of /proc."""
        os.close(self._proc)

    def set_base(self, pid: int) -> None:
        """From now on memory counts beyond what a process holds at this moment: the imports that it shares with the zygote."""
        self._base_kb = self._memory_kb(pid)

    def members(self) -> list[int]:
        """Return the descendants, dead ones that nobody waited for included."""
        found, pending = [], self._children(os.getpid())
        while pending:
            pid = pending.pop()
            found.append(pid)
            pending += self._children(pid)
        return found

    def measure(self) -> tuple[float, float]:
        """Return CPU seconds so far and MB of memory now, of all of them.

        CPU is what each process that was ever seen had spent when it was last seen, and what the living ones waited for beyond that.
        """
        kilobytes = 0
        for seen in self._seen.values():
            seen.alive = False
        for pid in self.members():
            fields = self._stat(pid)
            if fields is None:
                continue
            seen = self._seen.setdefault((pid, fields[19]), _Seen())  # with the time of its start: numbers come again
            seen.own = int(fields[11]) + int(fields[12])
            seen.waited_for = int(fields[13]) + int(fields[14])
            seen.alive = fields[0] not in "ZX"
            kilobytes += max(0, self._memory_kb(pid) - self._base_kb)
        own = sum(seen.own for seen in self._seen.values())
        gone = sum(seen.own for seen in self._seen.values() if not seen.alive)
        waited_for = sum(seen.waited_for for seen in self._seen.values() if seen.alive)
        return (own + max(0, waited_for - gone)) / _TICKS, kilobytes / 1024

    def waited(self, pid: int) -> float:
        """Return the seconds that a process was ready to run and had no processor."""
        fields = self._read(f"{pid}/schedstat").split()
        return int(fields[1]) / 1e9 if len(fields) > 1 else 0.0

    def free_mb(self) -> float:
        """Return the memory of the machine that could still be given to somebody."""
        lines = (line.split() for line in self._read("meminfo").splitlines())
        return next((int(fields[1]) / 1024 for fields in lines if fields[0] == "MemAvailable:"), float("inf"))

    def held_files(self, device: int) -> int:
        """Return the bytes on a device of files that have no name any more and that descriptors or mappings keep alive."""
        sizes: dict[int, int] = {}
        for pid in self.members():
            for name in self._names(f"{pid}/fd"):
                with suppress(OSError):
                    status = os.stat(f"{pid}/fd/{name}", dir_fd=self._proc)
                    if status.st_dev == device and status.st_nlink == 0:
                        sizes[status.st_ino] = status.st_blocks * 512
            for line in self._read(f"{pid}/maps", 1 << 24).splitlines():
                fields = line.split(maxsplit=5)
                if len(fields) == 6 and fields[5].endswith("(deleted)") and _device(fields[3]) == device:
                    start, _, end = fields[0].partition("-")
                    extent = int(fields[2], 16) + int(end, 16) - int(start, 16)
                    sizes[int(fields[4])] = max(sizes.get(int(fields[4]), 0), extent)
        return sum(sizes.values())

    def kill(self) -> bool:
        """Kill every descendant, again until none is left, and wait for them.

        Returns:
            Whether none is left.
        """
        give_up = time.monotonic() + KILL_S
        while members := self.members():
            if time.monotonic() > give_up:
                return False
            for number in (signal.SIGSTOP, signal.SIGKILL):  # first all stand still, so that none forks while the others die
                for pid in members:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, number)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.001)  # a process with gigabytes takes a moment to go
        return True

    def _children(self, pid: int) -> list[int]:
        return [int(child) for name in self._names(f"{pid}/task") for child in self._read(f"{pid}/task/{name}/children").split()]

    def _stat(self, pid: int) -> list[str] | None:
        """Fields of stat from the third (the state) on: the second is a name that may hold anything."""
        text = self._read(f"{pid}/stat")
        return text.rpartition(")")[2].split() if text else None

    def _memory_kb(self, pid: int) -> int:
        """Memory of the process's own, anonymous and shared, without mapped files."""
        lines = (line.split() for line in self._read(f"{pid}/status").splitlines())
        return sum(int(fields[1]) for fields in lines if fields and fields[0] in {"RssAnon:", "RssShmem:"})

    def _names(self, folder: str) -> list[str]:
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return []
        try:
            return os.listdir(handle)
        except OSError:  # it ended meanwhile
            return []
        finally:
            os.close(handle)

    def _read(self, name: str, most: int = 1 << 16) -> str:
        """At most so many bytes of a file; what /proc gives in one read is enough for all but maps."""
        try:
            handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=self._proc)
        except OSError:
            return ""
        with os.fdopen(handle, "rb", buffering=0 if most == 1 << 16 else -1) as file:
            try:
                return (file.read(most) or b"").decode(errors="replace")
            except OSError:
                return ""


def _device(text: str) -> int:
    """The number of a device that /proc/PID/maps writes as "fe:00"."""
    major, _, minor = text.partition(":")
    return os.makedev(int(major, 16), int(minor, 16))
