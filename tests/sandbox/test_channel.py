"""A peer that is slow, silent, talkative, lying or gone costs a deadline or an error, never more."""

import array
import math
import os
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import numpy as np
import pytest

from catedra.checking.answer import Handle
from catedra.checking.plain import NotPlainError
from catedra.sandbox.calls import Caller, Raised, Server
from catedra.sandbox.channel import Channel, PeerGone
from catedra.sandbox.memory import Lent, Tray
from catedra.sandbox.wire import ProtocolError
from catedra.sandbox.wire_format import LARGE, MAX_FRAME


def soon(seconds: float = 5) -> float:
    return time.monotonic() + seconds


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


@pytest.fixture
def ends() -> Iterator[tuple[Channel, socket.socket]]:
    """A channel and the raw socket of its peer."""
    mine, theirs = socket.socketpair()
    channel = Channel(mine)
    yield channel, theirs
    channel.close()
    theirs.close()


def in_background(work: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


@pytest.mark.parametrize("size", [0, 1, 2**16 - 4, 2**16 - 3, 2**16, 300_000, MAX_FRAME])
def test_frames_arrive_whole(size: int) -> None:
    left, right = map(Channel, socket.socketpair())
    payload = os.urandom(size)
    for _ in range(2):
        sending = in_background(lambda: left.send(payload, (), soon()))
        assert right.receive(soon()) == (payload, [])
        sending.join()
    left.close()
    right.close()


def test_descriptors_arrive_and_do_not_pass_an_exec() -> None:
    left, right = map(Channel, socket.socketpair())
    reader, writer = os.pipe()
    for payload in (b"x", bytes(100_000)):
        left.send(payload, [writer] * 3, soon())
        got, fds = right.receive(soon(), max_fds=3)
        assert got == payload
        assert len(fds) == 3
        assert not any(os.get_inheritable(fd) for fd in fds)
        os.write(fds[2], b"!")
        assert os.read(reader, 9) == b"!"
        for fd in fds:
            os.close(fd)
    for opened in (reader, writer):
        os.close(opened)
    left.close()
    right.close()


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 2**31, 2**32 - 1])
def test_an_announced_length_is_judged_before_memory_is_asked_for(size: int, ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    peer.sendall(size.to_bytes(4, "big"))
    tracemalloc.start()
    with pytest.raises(ProtocolError, match=str(size)):
        channel.receive(soon())
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_too_long_a_frame_is_not_sent(ends: tuple[Channel, socket.socket]) -> None:
    with pytest.raises(ValueError, match="16777216"):
        ends[0].send(bytes(MAX_FRAME + 1), (), soon())


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\0\0", b"\0\0\0\x05", b"\0\0\0\x05abcd", frame(bytes(200_000))[:-1]])
def test_silence_in_the_middle_is_a_timeout(sent: bytes, ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    peer.sendall(sent) if len(sent) < 100_000 else in_background(lambda: peer.sendall(sent))
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        channel.receive(soon(0.2))
    assert 0.15 < time.monotonic() - start < 1


@pytest.mark.parametrize("sent", [b"", b"\0\0\0", b"\0\0\0\x05abcd", frame(bytes(200_000))[:-1]])
def test_an_end_in_the_middle_is_a_peer_that_is_gone(sent: bytes, ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends

    def leave() -> None:
        peer.sendall(sent)
        peer.close()

    leaving = in_background(leave)
    with pytest.raises(PeerGone):
        channel.receive(soon())
    leaving.join()
    with pytest.raises(PeerGone):
        channel.receive(soon())


def test_a_trickle_does_not_move_the_deadline(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    stop = threading.Event()

    def drip() -> None:
        for byte in frame(bytes(1000)):
            try:
                peer.send(bytes([byte]))
            except OSError:
                return
            if stop.wait(0.02):
                return

    dripping, start = in_background(drip), time.monotonic()
    with pytest.raises(TimeoutError):
        channel.receive(soon(0.3))
    assert time.monotonic() - start < 1
    stop.set()
    dripping.join()


def test_a_peer_that_does_not_read_or_reads_in_sips_does_not_move_the_deadline(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    stop = threading.Event()

    def sip() -> None:
        while not stop.wait(0.02):
            peer.recv(5000)

    sipping, start = in_background(sip), time.monotonic()
    with pytest.raises(TimeoutError):
        channel.send(bytes(MAX_FRAME), (), soon(0.3))
    assert time.monotonic() - start < 1
    stop.set()
    sipping.join()
    with pytest.raises(PeerGone):  # half a frame is out: nothing can be said after it
        channel.send(b"", (), soon())


def test_a_deadline_that_has_passed_sends_and_reads_nothing(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    with pytest.raises(TimeoutError):
        channel.send(b"abc", (), time.monotonic() - 1)
    peer.settimeout(1)
    assert peer.recv(10) == b""


def test_sending_to_a_peer_that_is_gone(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    peer.close()
    with pytest.raises(PeerGone):
        channel.send(b"abc", (), soon())


def test_bytes_beyond_the_frame_are_a_violation(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    peer.sendall(frame(b"abc") + b"x")
    with pytest.raises(ProtocolError, match="3 bytes y llegaron 4"):
        channel.receive(soon())


def test_a_flood_is_not_gathered(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends

    def flood() -> None:
        try:
            while True:
                peer.sendall(frame(b"") + bytes(2**16))
        except OSError:
            pass

    flooding = in_background(flood)
    tracemalloc.start()
    with pytest.raises(ProtocolError, match="llegaron"):
        channel.receive(soon())
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    flooding.join()


@pytest.mark.parametrize("allowed", [0, 1, 2])
@pytest.mark.parametrize("at", [0, 2, 4, 100, 70_000])
def test_descriptors_that_nobody_asked_for_are_closed_and_a_violation(
    allowed: int, at: int, ends: tuple[Channel, socket.socket]
) -> None:
    channel, peer = ends
    sent, before = frame(bytes(80_000)), descriptors()
    beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [peer.fileno()] * (allowed + 1)))]
    peer.sendall(sent[:at])
    peer.sendmsg([sent[at : at + 1]], beside)
    peer.sendall(sent[at + 1 :])
    with pytest.raises(ProtocolError, match="descriptores"):
        channel.receive(soon(), max_fds=allowed)
    channel.close()
    assert descriptors() == before - 1  # the channel's own


def test_descriptors_in_pieces_are_counted_together(ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    before = descriptors()
    for byte in frame(bytes(40)):
        peer.sendmsg([bytes([byte])], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [peer.fileno()]))])
    with pytest.raises(ProtocolError, match="hasta 16 descriptores"):
        channel.receive(soon(), max_fds=16)
    assert descriptors() == before - 1


@pytest.mark.parametrize("ending", ["silence", "end"])
def test_descriptors_of_a_frame_that_never_ends_are_closed(ending: str, ends: tuple[Channel, socket.socket]) -> None:
    channel, peer = ends
    before = descriptors()
    peer.sendmsg([b"\0\0\0\x09abc"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [peer.fileno()] * 5))])
    if ending == "end":
        peer.shutdown(socket.SHUT_WR)
    with pytest.raises(TimeoutError if ending == "silence" else PeerGone):
        channel.receive(soon(0.2), max_fds=16)
    assert descriptors() == before - 1


# Calls


class Model:
    def __init__(self, offset: float) -> None:
        self.offset = offset


def answer(function: str, args: list[Any], kwargs: dict[str, Any], seconds: float) -> tuple[Any, Any]:
    """A worker with a few functions."""
    match function:
        case "echo":
            return "value", (args, kwargs)
        case "train":
            return "value", Model(*args)
        case "predict":
            return "value", args[1] + args[0].offset
        case "scale":
            args[0] /= 255
            return "value", args[0]
        case "many":
            return "value", [np.full(LARGE, number) for number in range(*args)]
        case "seconds":
            return "value", seconds
        case "set":
            return "value", [np.ones(LARGE), {1, 2}]
        case "fail":
            return "raised", Raised("E" * 500, "t\ud800" * 2000, tuple(f"{n}" * 3000 for n in range(50)), ("celda 3" * 1000, 7))
        case "refuse":
            return "not_plain", "x" * 5000
    return "absent", f"no hay `{function}`"


class Worker:
    """A `Server` in a thread, with the judge's `Caller` for it."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        self.channel, self.lent, self.tray = Channel(here), Lent(), Tray.create()
        self.caller = Caller(self.channel, self.tray, self.lent, Handle, _ticket)
        self._objects: list[Any] = []
        self._channel, self._tray = Channel(there), Tray(os.dup(self.tray.fd))
        server = Server(self._channel, self._tray, lambda number, kind: self._objects[number], self._keep)
        self.thread = in_background(lambda: server.serve(answer))

    def _keep(self, value: Any) -> tuple[int, str]:
        if type(value) is not Model:
            raise NotPlainError("se esperaba un modelo")
        self._objects.append(value)
        return len(self._objects) - 1, "Model"

    def __call__(self, function: str, *args: Any, **kwargs: Any) -> Any:
        return self.caller.call(function, args, kwargs, soon())

    def close(self) -> None:
        self.channel.close()
        self.thread.join(5)
        assert not self.thread.is_alive()  # a judge that hangs up ends the worker's loop
        self._channel.close()
        for thing in (self.lent, self.tray, self._tray):
            thing.close()


def _ticket(value: Any) -> tuple[int, str]:
    if type(value) is Handle:
        return value.id, value.kind
    raise NotPlainError("no plain form")


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def test_a_call_takes_and_returns_plain_data(worker: Worker) -> None:
    kind, (args, kwargs) = worker("echo", 1, "dos", (3.0, [None]), x={"a": b"b"})
    assert (kind, args, kwargs) == ("value", [1, "dos", (3.0, [None])], {"x": {"a": b"b"}})
    assert worker("nothing") == ("absent", "no hay `nothing`")
    assert 4 < worker("seconds")[1] <= 5
    assert worker.caller.call("seconds", [], {}, math.inf) == ("value", math.inf)


def test_a_model_stays_and_its_handle_serves(worker: Worker) -> None:
    kind, model = worker("train", 2.5)
    assert (kind, model) == ("value", Handle(0, "Model"))
    assert worker("predict", model, 1.0) == ("value", 3.5)


def test_large_arrays_go_by_memfd_and_come_by_tray(worker: Worker) -> None:
    before, pixels = descriptors(), np.full((300, 1000), 255.0)
    for _ in range(3):
        kind, scaled = worker("scale", pixels)
        assert (kind, scaled.shape) == ("value", (300, 1000))
        assert (scaled == 1).all()
        assert (pixels == 255).all()
    worker("nothing")  # by now the worker has let go of the call before
    assert descriptors() == before + 1
    kind, (args, _) = worker("echo", pixels, pixels, pixels[::2], [pixels])
    assert (args[0] == 255).all()
    assert args[2].shape == (150, 1000)
    _, arrays = worker("many", 40)
    assert [array[-1] for array in arrays] == list(range(40))
    assert os.fstat(worker.tray.fd).st_blocks > 0
    worker("nothing")
    assert os.fstat(worker.tray.fd).st_blocks == 0  # a reply takes the place of the one before


def test_what_can_not_cross_is_said_and_the_connection_lives(worker: Worker) -> None:
    assert worker("set") == ("not_plain", "se esperaba un modelo")
    kind, text = worker("refuse")
    assert (kind, len(text)) == ("not_plain", 2000)
    with pytest.raises(NotPlainError):
        worker("echo", object())
    with pytest.raises(NotPlainError, match="16 arreglos"):
        worker("echo", *[np.ones(LARGE) for _ in range(17)])
    assert worker("train", 1.0)[1] == Handle(0, "Model")


def test_what_was_raised_arrives_cut(worker: Worker) -> None:
    kind, raised = worker("fail")
    assert kind == "raised"
    assert (len(raised.type), len(raised.text), len(raised.frames), len(raised.frames[0])) == (100, 2000, 20, 2000)
    assert raised.frames[-1].startswith("4949")
    assert raised.text.startswith("t?t?")
    assert (len(raised.place[0]), raised.place[1]) == (2000, 7)


def test_thirty_two_levels_pass_in_both_directions(worker: Worker) -> None:
    value: Any = 1
    for _ in range(30):
        value = [value]
    assert worker("echo", value)[1] == ([value], {})  # the reply wraps it in two more
    assert worker("echo", [value])[0] == "not_plain"
    assert worker("nothing", [[value]])[0] == "absent"
    with pytest.raises(NotPlainError, match="niveles"):
        worker("nothing", [[[value]]])


RAISED = {"type": "E", "text": "t", "frames": [], "place": None}


def hostile(reply: Callable[[bytes], bytes]) -> Any:
    """The outcome of a call that a worker answers with `reply(nonce)` in raw bytes."""
    here, there = socket.socketpair()
    tray = Tray.create()
    channel = Channel(here)

    def work() -> None:
        payload, _ = Channel(there).receive(soon())
        there.sendall(frame(reply(msgpack.unpackb(payload)[0])))

    working = in_background(work)
    try:
        return Caller(channel, tray, Lent(), Handle, _ticket).call("f", [], {}, soon())
    finally:
        working.join()
        with pytest.raises(PeerGone):
            channel.send(b"", (), soon())
        there.close()
        channel.close()
        tray.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (lambda nonce: msgpack.packb([bytes(16), "value", 1]), "otra llamada"), (lambda nonce: msgpack.packb([nonce[:15], "value", 1]), "otra llamada"),
        (lambda nonce: msgpack.packb([nonce.hex(), "value", 1]), "otra llamada"), (lambda nonce: msgpack.packb([nonce, "correct", 1]), "'correct'"),
        (lambda nonce: msgpack.packb([nonce, ["value"], 1]), "value"), (lambda nonce: msgpack.packb([nonce, "value"]), "nonce, clase"), (lambda nonce: msgpack.packb([nonce, "value", 1, 2]), "nonce, clase"),
        (lambda nonce: msgpack.packb({0: nonce, 1: "value", 2: 1}), "nonce, clase"), (lambda nonce: b"", "termina antes"), (lambda nonce: os.urandom(3) + b"\xc1" * 10, "."),
        (lambda nonce: msgpack.packb([nonce, "absent", None]), "texto"), (lambda nonce: msgpack.packb([nonce, "not_plain", 3]), "texto"), (lambda nonce: msgpack.packb([nonce, "raised", "E"]), "excepción"),
        (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "more": 1}]), "excepción"), (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "type": 1}]), "texto"),
        (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "frames": "abc"}]), "cuadros"), (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "frames": [1]}]), "texto"),
        (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "place": ["celda", "3"]}]), "lugar"), (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "place": ["celda"]}]), "lugar"), (lambda nonce: msgpack.packb([nonce, "raised", {**RAISED, "place": ["celda", 2**31]}]), "lugar"),
        (lambda nonce: msgpack.packb([nonce, "value", msgpack.ExtType(4, msgpack.packb(["<f8", [2**20], 2**40]))]), "bandeja"),
    ],
)  # fmt: skip
def test_a_reply_that_lies_is_a_violation_and_ends_the_connection(reply: Callable[[bytes], bytes], words: str) -> None:
    with pytest.raises(ProtocolError, match=words):
        hostile(reply)


def test_overlong_words_of_a_worker_are_cut_by_the_judge(worker: Worker) -> None:
    here, there = socket.socketpair()
    value = {"type": "E" * 999, "text": "t" * 9999, "frames": ["f" * 9999] * 99, "place": ["c" * 9999, 3]}

    def work() -> None:
        payload, _ = Channel(there).receive(soon())
        there.sendall(frame(msgpack.packb([msgpack.unpackb(payload)[0], "raised", value])))

    working = in_background(work)
    kind, raised = Caller(Channel(here), worker.tray, worker.lent, Handle, _ticket).call("f", [], {}, soon())
    working.join()
    assert (kind, raised) == ("raised", Raised("E" * 100, "t" * 2000, ("f" * 2000,) * 20, ("c" * 2000, 3)))
    here.close()
    there.close()


def test_a_worker_that_never_answers_costs_the_deadline() -> None:
    here, there = socket.socketpair()
    channel, tray, start = Channel(here), Tray.create(), time.monotonic()
    with pytest.raises(TimeoutError):
        Caller(channel, tray, Lent(), Handle, _ticket).call("f", [], {}, soon(0.2))
    assert time.monotonic() - start < 1
    for end in (channel, there, tray):
        end.close()
