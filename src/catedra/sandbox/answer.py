"""The `Answer` over a worker: what a check sees is what `LiveAnswer` shows, wherever the student's code lives.

`Session` is the grader's: it opens workers, gives them their budgets and closes them. `WorkerAnswer` is the check's.
"""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catedra.checking import expect
from catedra.checking.answer import AnswerTimeout, Handle, NotAttempted, StudentError
from catedra.checking.namespace import Cell, Outline, Place, SubmissionError, outline
from catedra.checking.plain import Plain
from catedra.sandbox.calls import Kind, Raised
from catedra.sandbox.channel import PeerGone
from catedra.sandbox.order import ENDINGS, Order, Spent
from catedra.sandbox.pool import Kit, Pool, SandboxError, Worker
from catedra.sandbox.wire import ProtocolError
from catedra.sandbox.worker import LOAD

WALL_FACTOR = 10.0
"""Wall seconds allowed per CPU second: a net against waiting for ever, not the budget."""
LEAST_WALL_S = 10.0
STARVED = 0.5
"""Share of its wall time that a worker spent waiting for a processor from which on the machine was too busy to judge."""


class Session:
    """A submission in workers of a pool: one while it lives, a new one after a check has killed it. Close it, or use it with `with`.

    Args:
        pool: where workers come from.
        kit: what they have imported.
        order: what each may spend.
        cells: the submission's code.
        described_as: how messages call the submission.

    Raises:
        SubmissionError: the code isn't Python.
    """

    def __init__(self, pool: Pool, kit: Kit, order: Order, cells: Sequence[Cell], described_as: str) -> None:
        self._pool, self._kit, self._order = pool, kit, order
        self._cells = tuple(cells)
        self._described_as = described_as
        self._outline: Outline = outline(cells)
        self._read = self._outline.as_namespace(described_as)
        self._worker: Worker | None = None
        self._since = self._until = 0.0
        self._waited_before = 0.0
        self.layers: tuple[str, ...] = ()
        """The walls of the last worker."""
        self.output = ""
        """The beginning of what the last worker printed, once it is closed."""

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            try:
                self.output = worker.spent().output
            finally:
                worker.close()

    def allow(self, cpu_s: float) -> None:
        """Give what comes next its budget, in a worker with the submission loaded.

        Raises:
            SubmissionError: the submission's imports and definitions failed.
            SandboxError: no worker can be had.
        """
        if self._worker is None:
            self._open()
        worker = self._worker
        assert worker is not None
        worker.allow(cpu_s)
        self._waited_before = worker.spent().waited
        self._set_deadline(cpu_s)

    def call(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Plain | Handle:
        """Call a function of the student's; see `catedra.checking.answer` for what it raises."""
        if name in self._read.values and self._read.function(name) is None:
            raise NotAttempted(self._read.why_absent(name))
        if self._worker is None:  # an earlier call of this same check ended it
            raise StudentError(f"`{name}` no se pudo llamar: el proceso de tu entrega ya había terminado", "EOFError", None, ())
        kind, value = self._ask(name, args, kwargs)
        if kind == "value":
            return value
        if kind == "absent" and name not in self._read.values:
            raise NotAttempted(self._read.why_absent(name))
        if isinstance(value, Raised):
            place = None if value.place is None else Place(*value.place)
            raise StudentError(value.text, value.type, place, value.frames)
        reason = f"`{name}` devolvió algo que no se puede leer: {value}" if kind == "not_plain" else str(value)
        raise StudentError(reason, "TypeError", None, ())

    def _open(self) -> None:
        self._worker = self._pool.worker(self._kit, self._order)
        self.layers = self._worker.layers
        self._set_deadline(self._order.startup_s / WALL_FACTOR)  # definitions compute nothing: idle or not, they are there in seconds
        cells = [(cell.label, cell.source) for cell in self._cells]
        try:
            kind, value = self._ask(LOAD, (cells, self._described_as), {})
        except (StudentError, AnswerTimeout) as error:
            raise SubmissionError(f"los imports y definiciones de {self._described_as} no se pudieron cargar: {error}") from error
        if isinstance(value, Raised):
            self.close()
            raise SubmissionError(value.text)
        if kind != "value":
            self.close()
            raise SubmissionError(f"{self._described_as} rompió el protocolo al cargarse")

    def _set_deadline(self, cpu_s: float) -> None:
        self._since = time.monotonic()
        self._until = self._since + max(LEAST_WALL_S, WALL_FACTOR * cpu_s)

    def _ask(self, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Kind, Plain | Handle | Raised]:
        worker = self._worker
        assert worker is not None
        said = "cargar la entrega" if name == LOAD else f"`{name}`"
        try:
            return worker.call(name, args, kwargs, self._until)
        except ProtocolError as error:
            self.close()
            raise StudentError(
                f"{said}: el proceso de tu entrega respondió algo inválido ({error})", "ProtocolError", None, ()
            ) from error
        except PeerGone:
            ending = worker.ending()
            self._end(ending)
            raise self._gone(said, ending) from None
        except TimeoutError:
            spent = worker.spent()
            self._end(spent)
            raise self._late(said, spent) from None

    def _end(self, spent: Spent) -> None:
        self.output = spent.output
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _gone(self, said: str, ending: Spent) -> Exception:
        reason = ENDINGS.get(ending.ended, ending.ended)
        if ending.ended == "cpu":
            return AnswerTimeout(f"{said} gastó todo su tiempo de CPU: ¿hay un bucle que no corta, o sobran épocas?")
        if ending.ended == "memory":
            return StudentError(
                f"{said} se pasó de la memoria permitida ({self._order.memory_mb} MB): liberá lo que no usás o procesá por partes",
                "MemoryError", None, (),
            )  # fmt: skip
        if ending.ended == "exit":  # any other ending is the warden's own doing, for what the submission did
            if ending.status is None or (ending.status == -signal.SIGKILL and "namespaces" in self.layers):
                # Process 1 of a PID namespace can't be killed from inside: it was the system, or somebody.
                return expect.Inconclusive("el proceso de la entrega fue cortado desde afuera: se vuelve a corregir")
            if ending.status < 0:
                reason = f"señal {-ending.status}"
        return StudentError(f"{said} no terminó: {reason}", "EOFError", None, ())

    def _late(self, said: str, spent: Spent) -> Exception:
        wall = time.monotonic() - self._since
        if spent.waited - self._waited_before > STARVED * wall:
            return expect.Inconclusive("la máquina estaba demasiado ocupada para juzgar: se vuelve a corregir más tarde")
        return AnswerTimeout(f"{said} no respondió en {wall:.0f} segundos: ¿espera algo que no llega?")


class WorkerAnswer:
    """The functions of a submission, called in a worker."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Callable[..., Plain | Handle]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Plain | Handle:
            return self._session.call(name, args, kwargs)

        return call


__all__ = ["SandboxError", "Session", "WorkerAnswer"]
