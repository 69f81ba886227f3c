"""One trial a layer: raise it in this process and push. Each ends quietly if the layer holds, and raises what it saw if it doesn't.

Each runs in a forked child of `layers`: none of what they do can be undone.
"""

import errno
import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from catedra.sandbox import identity, landlock, limits, namespaces, seccomp, walls
from catedra.sandbox.kernel import WallError, call


def refused(action: Callable[[], object], *expected: int) -> None:
    """Make sure that an action fails with one of these error numbers (by default EPERM or EACCES).

    Raises:
        WallError: it went through, or failed otherwise.
    """
    try:
        action()
    except OSError as error:
        if error.errno in (expected or (errno.EPERM, errno.EACCES)):
            return
        raise WallError("trials", f"se esperaba un rechazo y falló de otro modo: {error}") from error
    raise WallError("trials", "la capa se levantó y no detuvo lo que debía.")


def _spare() -> int | None:
    if os.geteuid() != 0:
        return None
    uid, claim = identity.spare_uid()
    claim.close()  # a trial takes a moment
    return uid


def _in_new_namespaces(then: Callable[[int | None], None]) -> None:
    """Run the rest of a trial as process 1 of new namespaces."""
    uid = _spare()
    if not namespaces.unshare(uid):
        raise WallError("namespaces", "el núcleo no dejó hacerlos.")
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            then(uid)
        except BaseException as error:
            os.write(tell, f"{type(error).__name__}: {error}"[:2000].encode())
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(hear, "rb") as said:
        answer = said.read().decode(errors="replace")
    if answer or os.waitpid(child, 0)[1]:
        raise WallError("trials", answer or "el proceso 1 murió")


def _limits(scratch: Path) -> None:
    limits.apply(limits.Limits(file_bytes=4096, open_files=limits.OPEN_FILES[0]), count_processes=False)
    limits.no_new_privileges()
    limits.die_first_of_memory()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open(scratch / "large", "wb", buffering=0) as file:
        file.write(b"x" * 4096)
        refused(lambda: file.write(b"x"), errno.EFBIG)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] != limits.OPEN_FILES[0]:
        raise WallError("limits", "el límite de archivos abiertos no quedó.")


def _namespaces(scratch: Path) -> None:
    def inside(uid: int | None) -> None:
        interfaces = [name for _, name in socket.if_nameindex()]
        if os.getpid() != 1 or interfaces != ["lo"]:
            raise WallError("namespaces", f"se esperaba ser el proceso 1 con la red lo: soy el {os.getpid()}, con {interfaces}.")

    _in_new_namespaces(inside)


def _root(scratch: Path) -> None:
    def inside(uid: int | None) -> None:
        _enter_root(scratch)
        identity_file = Path(os.__file__)
        identity_file.read_bytes()
        refused(lambda: identity_file.chmod(0o644), errno.EROFS)
        refused(lambda: os.mkdir("/catedra"), errno.EROFS)
        refused(lambda: os.stat("/etc/passwd"), errno.ENOENT)
        if os.listdir(walls.CLASSES):
            raise WallError("root", f"{walls.CLASSES} se sigue viendo.")

    _in_new_namespaces(inside)


def _proc(scratch: Path) -> None:
    def inside(uid: int | None) -> None:
        fresh = _enter_root(scratch)
        others = [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]
        if not fresh or others:
            raise WallError("proc", f"el núcleo no dejó montar un /proc nuevo: se ven {len(others)} procesos ajenos.")

    _in_new_namespaces(inside)


def _enter_root(scratch: Path) -> bool:
    return namespaces.private_root(walls.readable_roots(), [scratch], [walls.CLASSES])


def _uid(scratch: Path) -> None:
    if os.geteuid() != 0:
        raise WallError("uid", "quien corrige no es root: no puede cambiar de usuario.")

    def inside(uid: int | None) -> None:
        _enter_root(scratch)
        _become(uid, ancestors=False)

    uid = _spare()
    try:
        _in_new_namespaces(inside)
    except WallError as error:
        if error.layer != "namespaces":
            raise
        _become(uid, ancestors=True)


def _become(uid: int | None, *, ancestors: bool) -> None:
    if uid is None:
        raise WallError("uid", "no hay un usuario de repuesto.")
    identity.refuse_unreadable((Path(os.__file__), *walls.readable_roots()), uid, ancestors=ancestors)
    identity.drop(uid)
    Path(os.__file__).read_bytes()
    refused(lambda: os.setuid(0))
    refused(lambda: os.mkdir("/catedra"), errno.EROFS, errno.EACCES)


def _landlock(scratch: Path) -> None:
    _raise_landlock(scratch)
    Path(os.__file__).read_bytes()
    (scratch / "note").write_text("mine", encoding="ascii")
    refused(lambda: (walls.CLASSES / "__init__.py").read_bytes())
    refused(lambda: os.open("/etc/passwd", os.O_RDONLY))
    refused(lambda: (scratch.parent / f"{scratch.name}-outside").touch())


def _landlock_net(scratch: Path) -> None:
    with socket.socket() as before:
        before.bind(("127.0.0.1", 0))  # a machine that couldn't do it anyway would prove nothing
    _raise_landlock(scratch)
    with socket.socket() as handle:
        refused(lambda: handle.bind(("127.0.0.1", 0)))


def _landlock_scope(scratch: Path) -> None:
    os.kill(os.getppid(), 0)
    _raise_landlock(scratch)
    refused(lambda: os.kill(os.getppid(), 0))


def _raise_landlock(scratch: Path) -> None:
    limits.no_new_privileges()
    landlock.restrict(walls.readable_roots(), [scratch], hidden=[walls.CLASSES])


def _seccomp(scratch: Path) -> None:
    limits.no_new_privileges()
    seccomp.install(seccomp.Reach())
    for one in socket.socketpair():
        one.close()
    refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    refused(lambda: call("unshare", namespaces.KINDS["user"]))
    refused(lambda: call("clone3", 0, 0), errno.ENOSYS)


TRIALS: dict[str, Callable[[Path], None]] = {
    "limits": _limits,
    "namespaces": _namespaces,
    "root": _root,
    "proc": _proc,
    "uid": _uid,
    "landlock": _landlock,
    "landlock-net": _landlock_net,
    "landlock-scope": _landlock_scope,
    "seccomp": _seccomp,
}
