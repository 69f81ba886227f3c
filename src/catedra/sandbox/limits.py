"""What one worker may spend, as resource limits of the kernel, and how it dies: with its warden, first when memory runs out, without a core.

The warden measures and kills; these are the net below it. There is no limit on the address space: frameworks reserve tens of GiB that they
never touch. Processes are limited only where the count is the worker's own: elsewhere it counts every process of the same user.
"""

import os
import resource
import signal
from dataclasses import dataclass

from catedra.sandbox.kernel import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, WallError, prctl

OPEN_FILES = range(256, 4097)
_LOCKED_BYTES = 64 * 1024  # what the kernel gives to anybody: enough for a key, too little to hold memory against the others


@dataclass(frozen=True)
class Limits:
    """What a worker may spend.

    Attributes:
        cpu_seconds: of each process, ≥ 1: SIGXCPU at that point, SIGKILL two seconds later.
        file_bytes: size of the largest file that it may write.
        open_files: descriptors of each process, 256 to 4096.
        processes: processes and threads at the same time; held only where the count is the worker's own.
        data_bytes: private writable memory of each process, or None.
    """

    cpu_seconds: int = 600
    file_bytes: int = 1 << 30
    open_files: int = 1024
    processes: int = 512
    data_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.open_files not in OPEN_FILES:
            raise WallError(
                "limits",
                f"se esperaban entre {OPEN_FILES[0]} y {OPEN_FILES[-1]} archivos abiertos y se pidieron {self.open_files}.",
            )


def apply(limits: Limits, *, count_processes: bool) -> None:
    """Set the limits on this process and its descendants, hard ones too: nobody without privileges can raise them.

    Args:
        limits: how much.
        count_processes: whether this user's processes are only the worker's.

    Raises:
        WallError: a limit that this process already has is lower than what the worker needs to start.
    """
    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_MEMLOCK: _LOCKED_BYTES,
        # Zero would still start a core handler such as systemd-coredump, which ignores it; one is the value that the kernel reads as
        # "never" for handlers, and a core file of one byte isn't written either.
        resource.RLIMIT_CORE: 1,
    }
    if limits.data_bytes is not None:
        wanted[resource.RLIMIT_DATA] = limits.data_bytes
    if count_processes:
        wanted[resource.RLIMIT_NPROC] = limits.processes
    for what, most in wanted.items():
        present = resource.getrlimit(what)[1]
        most = most if present == resource.RLIM_INFINITY else min(most, present)
        grace = 2 if what == resource.RLIMIT_CPU else 0
        ceiling = most + grace if present == resource.RLIM_INFINITY else min(most + grace, present)
        resource.setrlimit(what, (most, ceiling))
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < OPEN_FILES[0]:
        raise WallError(
            "limits", f"se esperaban {OPEN_FILES[0]} archivos abiertos o más: `ulimit -n {limits.open_files}` antes de corregir."
        )


def die_first_of_memory() -> None:
    """Offer this process and its descendants to the kernel before any other when memory runs out. Needs no privilege.

    Raises:
        OSError: /proc isn't there or can't be written.
    """
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")


def no_new_privileges() -> None:
    """Forbid this process and its descendants to gain anything by running a program (set-user-id, file capabilities). Irreversible."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def die_with_parent(parent: int) -> None:
    """Ask to be killed when the warden dies, and stay inspectable. After the change of user, which undoes both.

    A process that isn't dumpable would be safe from others of its user reading its memory, but its own /proc/self would belong to root:
    libraries that read their maps or descriptors would break, and a warden of the same user could not measure it. A worker holds
    nothing worth hiding from its own user; it is the *others* that the worker must not reach, and other layers see to that.

    Args:
        parent: what `os.getppid()` answered when this process began; 0 is the parent seen from inside a PID namespace.

    Raises:
        WallError: the parent has died in the meantime.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(PR_SET_DUMPABLE, 1)
    if os.getppid() != parent:
        raise WallError("limits", "el vigilante murió antes de que la entrega empezara; repetí la corrección.")
