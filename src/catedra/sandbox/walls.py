"""All the walls around one worker, raised by the worker itself in the order in which each can still be raised. There is no way back.

The order matters. Mounts and interfaces need the capabilities that the change of user takes away; the change of user undoes the tie to
the warden and needs calls that the filter refuses; Landlock needs files that the private root has in place; the filter comes last.

What is always kept from a worker is `catedra/classes`, where the solutions are, whatever the folder in which the course is installed.
"""

import os
import site
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import catedra
from catedra.sandbox import identity, landlock, limits, namespaces, seccomp
from catedra.sandbox.kernel import WallError
from catedra.sandbox.limits import Limits

__all__ = ["CLASSES", "Limits", "Plan", "WallError", "enter", "readable_roots"]

CLASSES = Path(catedra.__file__).parent / "classes"

# Programs and shared libraries. Not all of /usr: /usr/src and /usr/local/src may hold anybody's checkout, of this project too.
_SYSTEM = (
    *("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"),
    *(f"/usr/{name}" for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share")),
    *(f"/usr/local/{name}" for name in ("bin", "lib", "lib64", "share")),
)
# Settings that libraries read. Not passwd or group: who has an account here is nobody's business, and the worker's user isn't in it.
_SETTINGS = tuple(
    f"/etc/{name}"
    for name in (
        *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "mime.types", "alternatives", "fonts"),
        *("nsswitch.conf", "host.conf", "hosts", "gai.conf", "protocols", "services"),
        *("ssl/certs", "ssl/openssl.cnf", "pki/tls/certs", "pki/tls/openssl.cnf", "pki/ca-trust/extracted", "crypto-policies"),
    )
)
# Frameworks count processors and look for a quota.
_MACHINE = ("/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/fs/cgroup")
_PROCESS_INFORMATION = (
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/vm/overcommit_memory",
)


@dataclass(frozen=True)
class Plan:
    """What one worker gets.

    Attributes:
        scratch: its own folder, absolute, the only place where it can keep a file.
        readable: what it may read, usually `readable_roots(hidden)` and nothing more.
        hidden: what it may not, though it lies below something readable.
        writable: other folders or files that it may change.
        loopback: TCP inside its own network; refused where it hasn't got one.
        uid: the spare user to become (`identity.spare_uid`), None where the grader isn't root.
        limits: what it may spend.
        in_namespaces: what `namespaces.unshare` returned to the warden that forked it.
    """

    scratch: Path
    readable: tuple[Path, ...]
    hidden: tuple[Path, ...] = (CLASSES,)
    writable: tuple[Path, ...] = ()
    loopback: bool = False
    uid: int | None = None
    limits: Limits = field(default_factory=Limits)
    in_namespaces: frozenset[str] = frozenset()

    @property
    def private(self) -> bool:
        """Whether the worker has a file system of its own: it can only if it has mounts and processes of its own."""
        return self.in_namespaces >= {"mount", "pid"}


def readable_roots(hidden: Iterable[Path] = (CLASSES,)) -> tuple[Path, ...]:
    """Return the closed list of what a worker may read, of what exists here: system libraries, the interpreter, its packages, the course.

    Args:
        hidden: a root at or below one of these isn't in the list. One that *contains* a hidden folder is: `enter` makes the hole.
    """
    buried = {path.resolve() for path in (CLASSES, *hidden)}
    environment = [
        sys.prefix,
        sys.base_prefix,
        *site.getsitepackages(),
        *(entry for entry in sys.path if entry.endswith("-packages")),
    ]
    kept = [*_SYSTEM, *_SETTINGS, *_MACHINE, *(entry for entry in environment if entry not in ("/usr", "/usr/local"))]
    roots = dict.fromkeys(Path(name) for name in (*kept, str(Path(catedra.__file__).parent)))
    return tuple(path for path in roots if path.exists() and buried.isdisjoint({path.resolve(), *path.resolve().parents}))


def enter(plan: Plan) -> tuple[str, ...]:
    """Raise every wall around this process. It must have one thread, and close by itself the descriptors that it shouldn't keep.

    Afterwards the working folder is the scratch folder, new files are private, and the process leads a session of its own.

    Returns:
        The names of the layers that hold, in the order of `layers`: "limits", "seccomp" always.

    Raises:
        WallError: a layer failed, or nothing that this machine has can close the files. The process must end.
    """
    layer = "limits"
    try:
        parent = os.getppid()
        if len(os.listdir("/proc/self/task")) != 1:
            raise WallError(layer, "se esperaba un proceso con un solo hilo: las capas valen por hilo.")
        if os.getsid(0) != os.getpid():
            os.setsid()
        os.umask(0o077)
        limits.die_first_of_memory()
        layer = "namespaces"
        if plan.loopback:
            if "net" not in plan.in_namespaces:
                raise WallError(
                    layer,
                    "la clase pide una red propia y la máquina no deja aislarla: corregila en otra, o con permisos de root.",
                )
            namespaces.loopback_up()
        layer = "uid"
        if plan.uid is not None:
            identity.refuse_unreadable((*plan.readable, *_samples()), plan.uid, ancestors=not plan.private)
            os.chown(plan.scratch, plan.uid, plan.uid)
        layer = "root"
        fresh_proc = plan.private and namespaces.private_root(
            plan.readable, (plan.scratch, *plan.writable), (CLASSES, *plan.hidden)
        )
        layer = "uid"
        os.chdir(plan.scratch)
        identity.drop(plan.uid)
        layer = "limits"
        limits.apply(
            plan.limits, count_processes=plan.uid is not None or ("user" in plan.in_namespaces and _counts_by_namespace())
        )
        limits.no_new_privileges()
        limits.die_with_parent(parent)
        layer = "landlock"
        held = _close_files(plan, fresh_proc)
        layer = "seccomp"
        seccomp.install(reach(plan))
    except OSError as error:
        raise WallError(layer, f"{error}. `catedra sandbox` dice qué capas funcionan en esta máquina.") from error
    return (
        "limits",
        *(("namespaces",) if plan.in_namespaces >= {"pid", "net", "mount", "ipc"} else ()),
        *(("root",) if plan.private else ()),
        *(("proc",) if fresh_proc else ()),
        *(("uid",) if plan.uid is not None else ()),
        *held,
        "seccomp",
    )


def reach(plan: Plan) -> seccomp.Reach:
    """Return what the other layers of a plan leave within reach, for the filter to refuse. In the worker, whose number it may hold."""
    return seccomp.Reach(
        loopback=plan.loopback,
        visible_from=None if "pid" in plan.in_namespaces else os.getpid(),
        shared_root=not plan.private,
        shared_user=not plan.private and plan.uid is None,
    )


def _close_files(plan: Plan, fresh_proc: bool) -> tuple[str, ...]:
    if landlock.abi() == 0:
        if fresh_proc:
            return ()
        raise WallError(
            "landlock", "no hay con qué cerrar los archivos: hace falta Linux ≥ 5.13 con Landlock, o espacios de nombres."
        )
    proc = (Path("/proc"),) if fresh_proc else (*map(Path, _PROCESS_INFORMATION), Path("/proc/self"))
    shared_memory = (Path("/dev/shm"),) if plan.private else ()  # elsewhere it is everybody's
    held = landlock.restrict(
        (*plan.readable, *namespaces.DEVICES, *proc),
        (plan.scratch, *plan.writable, Path("/dev/null"), Path("/dev/full"), *shared_memory),
        executable=plan.readable,
        hidden=() if plan.private else (CLASSES, *plan.hidden),
        optional=(*map(Path, _PROCESS_INFORMATION), Path("/dev/full")),
        loopback=plan.loopback,
    )
    names = {"files": "landlock", "network": "landlock-net", "scopes": "landlock-scope"}
    return tuple(name for part, name in names.items() if part in held)


def _samples() -> tuple[Path, ...]:
    """Files of the interpreter, of the packages and of the course: an installation closed to others is closed in these too."""
    return Path(sys.executable), Path(os.__file__), Path(catedra.__file__)


def _counts_by_namespace() -> bool:
    """Whether the kernel counts the processes of a user namespace apart (since 5.14); before, the limit would count all of the user's."""
    major, minor = os.uname().release.split(".")[:2]
    return (int(major), int(minor.partition("-")[0])) >= (5, 14)
