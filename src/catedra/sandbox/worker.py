"""The worker: the process in which a submission lives. Forked by the warden, it shuts itself in before it reads a line of the student's.

What it answers is as untrusted as the submission. It knows the functions and their arguments, and nothing of what is expected of them.
"""

import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from catedra.checking.answer import student_error
from catedra.checking.namespace import Cell, Namespace, SubmissionError, load_namespace
from catedra.checking.plain import NotPlainError, type_name
from catedra.sandbox import walls
from catedra.sandbox.calls import Kind, Raised, Server
from catedra.sandbox.channel import Channel
from catedra.sandbox.kernel import WallError
from catedra.sandbox.memory import Tray
from catedra.sandbox.order import Order

WALLS, LOAD, RELEASE = "_walls", "_load", "_release"
"""What a judge asks besides the student's functions, whose names never begin so."""
MAX_HANDLES = 65_536
ENVIRONMENT = (
    *("PATH", "LANG", "LC_ALL", "TZ", "MPLBACKEND", "KERAS_BACKEND", "JAX_PLATFORMS", "XLA_FLAGS"),
    *("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS"),
)
THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
"""One compute thread a worker: two on a busy machine hinder each other, and parallelism is across submissions."""


def work(order: Order, uid: int | None, fresh: frozenset[str], output: int, channel: int, tray: int) -> None:
    """Become the worker of an order; never returns.

    Args:
        order: what it gets.
        uid: the spare user, where this process is root.
        fresh: the namespaces that are new.
        output: the warden's pipe.
        channel: the socket to the judge.
        tray: the memfd for large replies.
    """
    # The warden ignores both; a pool of the student's ends its processes by one of them.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _descriptors(output, keep=(channel, tray))
    _environment(order.scratch)
    try:
        layers: tuple[str, ...] | WallError = walls.enter(_plan(order, uid, fresh))
    except WallError as error:
        layers = error
    tempfile.tempdir = None  # whatever the zygote had found isn't there
    session = _Session(layers)
    Server(Channel(socket.socket(fileno=channel)), Tray(tray), session.redeem, session.ticket).serve(session.answer)
    os._exit(0)


def _descriptors(output: int, keep: tuple[int, int]) -> None:
    """Leave the three standard ones, none of them the grader's, and those given."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    last = 2
    for descriptor in sorted(keep):
        os.closerange(last + 1, descriptor)
        last = descriptor
    os.closerange(last + 1, os.sysconf("SC_OPEN_MAX") if os.sysconf("SC_OPEN_MAX") < 1 << 20 else 1 << 16)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 — for the rest of the process's life
    sys.stdout, sys.stderr = (open(number, "w", buffering=1, errors="replace", closefd=False) for number in (1, 2))  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def _environment(scratch: str) -> None:
    kept = {name: os.environ[name] for name in (*ENVIRONMENT, *THREADS) if name in os.environ}
    os.environ.clear()
    os.environ.update(
        kept,
        HOME=scratch,
        TMPDIR=scratch,
        USER="entrega",
        LOGNAME="entrega",
        KERAS_HOME=f"{scratch}/.keras",
        MPLCONFIGDIR=f"{scratch}/.matplotlib",
    )


def _plan(order: Order, uid: int | None, fresh: frozenset[str]) -> walls.Plan:
    hidden = (walls.CLASSES, *map(Path, order.hidden))
    return walls.Plan(
        scratch=Path(order.scratch),
        readable=(*walls.readable_roots(hidden), *map(Path, (*order.readable, *([order.beside] if order.beside else [])))),
        hidden=hidden,
        writable=tuple(map(Path, order.writable)),
        loopback=order.loopback,
        uid=uid,
        limits=walls.Limits(file_bytes=order.disk_mb * 2**20, processes=order.processes),
        in_namespaces=fresh,
    )


class _Session:
    """The submission, once loaded, and the objects that the judge holds tickets for."""

    def __init__(self, layers: tuple[str, ...] | WallError) -> None:
        self._layers = layers
        self._namespace = Namespace({})
        self._objects: dict[int, Any] = {}
        self._next = 0

    def ticket(self, value: Any) -> tuple[int, str]:
        if len(self._objects) >= MAX_HANDLES:
            raise NotPlainError(f"hay más de {MAX_HANDLES} objetos en uso: devolvé números o arreglos")
        self._next += 1
        self._objects[self._next] = value
        return self._next, type_name(value)

    def redeem(self, number: int, kind: str) -> Any:
        return self._objects[number]

    def answer(self, function: str, args: list[Any], kwargs: dict[str, Any], _seconds: float) -> tuple[Kind, Any]:
        if isinstance(self._layers, WallError):  # nothing of the student's runs outside the walls
            return "raised", Raised("WallError", str(self._layers), (), None)
        if function == WALLS:
            return "value", list(self._layers)
        if function == RELEASE:
            for number in args[0]:
                self._objects.pop(number, None)
            return "value", None
        if function == LOAD:
            return self._load(*args)
        return self._call(function, args, kwargs)

    def _load(self, cells: list[tuple[str, str]], described_as: str) -> tuple[Kind, Any]:
        try:
            self._namespace = load_namespace([Cell(label, source) for label, source in cells], described_as)
        except SubmissionError as error:
            return "raised", Raised("SubmissionError", str(error), (), None)
        return "value", None

    def _call(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> tuple[Kind, Any]:
        function = self._namespace.function(name)
        if function is None:
            return "absent", self._namespace.why_absent(name)
        try:
            return "value", function(*args, **kwargs)
        except BaseException as error:  # exit() and KeyboardInterrupt count as raised
            told = student_error(name, error, self._namespace)
            place = None if told.place is None else (told.place.source, told.place.line)
            return "raised", Raised(told.kind, str(told), told.details, place)
