"""Which walls this machine can raise. Each one is really raised, in a forked child, and then pushed: nothing is read from a version number.

`python -m catedra.sandbox.layers` tries them in a process of its own, since raising a wall is irreversible, and prints JSON; `probe`
runs it once. Two questions are answered for the grader. Are all of them there (`strong`)? Are there enough to run code of other people
(`sufficient`)? Enough is: seccomp, without which there is a network, a kernel wide open and others' processes within reach; the limits; and
something that closes the files, either Landlock, or a private root with a /proc of its own. Being another user is not enough by itself: the
solutions and most of a disk can be read by everybody. A user namespace alone is not either: outside, it is still the teacher's user.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Self

from catedra.sandbox.kernel import WallError

_NEEDS_LINUX = "corregí en Linux: WSL 2 en Windows, una máquina virtual o un contenedor en macOS."
_NEEDS_NAMESPACES = (
    "permití los espacios de nombres de usuario: `sysctl kernel.unprivileged_userns_clone=1`, `sysctl "
    "kernel.apparmor_restrict_unprivileged_userns=0`, o empezá como root; en Docker, `--security-opt seccomp=unconfined --cap-add SYS_ADMIN`."
)
_NEEDS_LANDLOCK = "arrancá Linux ≥ {} con `landlock` en `lsm=`; en un contenedor, un perfil de seccomp que lo deje pasar."

# name, what it stops, how to get it; in the order in which they are raised
_KNOWN = (
    ("limits", "gastar CPU, disco o procesos sin fin", "levantá los límites que ya tiene esta sesión: `ulimit -Hn 4096`."),
    ("namespaces", "ver o matar otros procesos, usar la red", _NEEDS_NAMESPACES),
    ("root", "ver o cambiar cualquier archivo fuera de una lista cerrada", _NEEDS_NAMESPACES + " Hace falta Linux ≥ 5.12."),
    (
        "proc",
        "leer en /proc lo que hacen los demás",
        "empezá el contenedor sin tapar /proc: `--security-opt systempaths=unconfined`.",
    ),
    ("uid", "tocar lo que es de quien corrige", "empezá como root, con el entorno en una carpeta que todos puedan leer."),
    ("landlock", "abrir archivos fuera de una lista cerrada", _NEEDS_LANDLOCK.format("5.13")),
    ("landlock-net", "usar TCP, aunque falte la red propia", _NEEDS_LANDLOCK.format("6.7")),
    ("landlock-scope", "mandar señales hacia afuera", _NEEDS_LANDLOCK.format("6.12")),
    (
        "seccomp",
        "pedirle al núcleo lo que ninguna entrega necesita: red, depuración, montajes, módulos",
        "usá un núcleo con seccomp.",
    ),
)


@dataclass(frozen=True)
class Layer:
    """One wall.

    Attributes:
        name: as `walls.enter` calls it.
        holds: whether it was raised here and stopped what it has to stop.
        what_it_stops: for a teacher, in Spanish.
        how_to_get_it: what to do; empty when it holds.
        reason: what happened when it was tried; empty when it holds.
    """

    name: str
    holds: bool
    what_it_stops: str
    how_to_get_it: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Layers:
    """What this machine can do, layer by layer, in the order in which they are raised."""

    layers: tuple[Layer, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of those that hold."""
        return frozenset(layer.name for layer in self.layers if layer.holds)

    @property
    def strong(self) -> bool:
        """Whether all hold."""
        return all(layer.holds for layer in self.layers)

    @property
    def sufficient(self) -> bool:
        """Whether code of other people may run here. See the module."""
        return self.names >= {"limits", "seccomp"} and ("landlock" in self.names or self.names >= {"root", "proc"})

    def to_json(self) -> dict[str, Any]:
        """Return plain data: the layers and the two answers."""
        return {"strong": self.strong, "sufficient": self.sufficient, "layers": [asdict(layer) for layer in self.layers]}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return what `to_json` wrote; the answers are worked out again."""
        return cls(tuple(Layer(**layer) for layer in document["layers"]))


@cache
def probe() -> Layers:
    """Return what this machine can do; tried at the first call, in another process (about 0.3 s).

    Raises:
        WallError: the trial itself didn't end as it should.
    """
    if sys.platform != "linux":
        return _table(dict.fromkeys((name for name, *_ in _KNOWN), f"{sys.platform} no tiene estas capas"), _NEEDS_LINUX)
    try:
        tried = subprocess.run(
            [sys.executable, "-P", "-m", "catedra.sandbox.layers"], capture_output=True, text=True, timeout=60, check=True
        )
        return Layers.from_json(json.loads(tried.stdout))
    except (subprocess.SubprocessError, ValueError) as error:
        said = getattr(error, "stderr", None) or error
        raise WallError("layers", f"la prueba de las capas no terminó bien: {said}") from error


def _table(reasons: dict[str, str], how: str | None = None) -> Layers:
    """The layers, given why each one doesn't hold: an empty reason is one that does."""
    return Layers(
        tuple(
            Layer(name, not reasons[name], stops, "" if not reasons[name] else how or get, reasons[name])
            for name, stops, get in _KNOWN
        )
    )


def _try_all(scratch: Path) -> Layers:
    from catedra.sandbox import trials

    return _table({name: _in_child(partial(trials.TRIALS[name], scratch)) for name, *_ in _KNOWN})


def _in_child(trial: Callable[[], None]) -> str:
    """Run a trial in a forked child; return why it failed, empty if it ended well."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            trial()
            os.write(tell, b"holds")
        except BaseException as error:
            os.write(tell, f"{type(error).__name__}: {error}"[:2000].encode())
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(hear, encoding="utf-8", errors="replace") as said:
        answer = said.read()
    os.waitpid(child, 0)
    return "" if answer == "holds" else answer or "el proceso de la prueba murió"


def main() -> None:
    """Try every layer and print the result as JSON."""
    import shutil
    import tempfile

    scratch = Path(tempfile.mkdtemp(prefix="catedra-capas-"))
    try:
        print(json.dumps(_try_all(scratch).to_json(), ensure_ascii=False))
    finally:
        shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
