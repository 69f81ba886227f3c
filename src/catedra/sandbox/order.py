"""What a judge asks a zygote for: one worker, and what it may spend. Plain data, so that it crosses as JSON."""

import json
from dataclasses import asdict, dataclass

PIPE_BYTES = 64 * 2**10
"""Standard output kept to be shown to the student."""


@dataclass(frozen=True)
class Order:
    """A worker to be forked.

    Attributes:
        scratch: absolute path of its own folder, empty.
        beside: a folder that it may read and whose entries are linked into its own; "" for none.
        hidden: absolute paths that it must not read.
        readable: others that it may read.
        writable: others that it may change.
        loopback: TCP inside a network of its own.
        memory_mb: of its whole tree, beyond what the zygote's imports take.
        disk_mb: of its scratch folder.
        files: in its scratch folder.
        output_bytes: on standard output and error together.
        processes: processes and threads.
        startup_s: CPU seconds to raise the walls and load the submission.
    """

    scratch: str
    beside: str = ""
    hidden: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    loopback: bool = False
    memory_mb: int = 2048
    disk_mb: int = 1024
    files: int = 20_000
    output_bytes: int = 16 * 2**20
    processes: int = 256
    startup_s: float = 20.0

    def as_json(self) -> bytes:
        """Return the order as it crosses."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_json(text: bytes) -> "Order":
        """The inverse of `as_json`."""
        value = json.loads(text)
        return Order(**{**value, **{name: tuple(value[name]) for name in ("hidden", "readable", "writable")}})


@dataclass(frozen=True)
class Spent:
    """What a worker's tree has used so far.

    Attributes:
        cpu: CPU seconds of all its processes.
        waited: seconds that the worker's main process was ready to run and had no processor.
        memory_mb: the most that it held at once, beyond the imports.
        ended: why it is gone: "" while it lives, else one of `ENDINGS`.
        status: the exit status of its main process as `os.waitstatus_to_exitcode` gives it; None while it lives.
        output: the beginning of what it wrote on standard output and error.
    """

    cpu: float
    waited: float
    memory_mb: float
    ended: str
    status: int | None
    output: str

    def as_json(self) -> bytes:
        """Return the report as it crosses."""
        return json.dumps(asdict(self)).encode()

    @staticmethod
    def from_json(text: bytes) -> "Spent":
        """The inverse of `as_json`."""
        return Spent(**json.loads(text))


ENDINGS = {
    "exit": "el proceso terminó por su cuenta",
    "cpu": "se acabó el tiempo de CPU",
    "memory": "se pasó de la memoria permitida",
    "disk": "se pasó del espacio en disco permitido",
    "files": "creó más archivos que los permitidos",
    "output": "imprimió más de lo permitido",
    "judge": "el juez cerró la sesión",
    "walls": "no se pudo aislar",
}
"""Why a worker is gone → how a message says it."""
