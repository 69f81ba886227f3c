"""The decoder under fire: nothing but `ProtocolError` comes out, within a second and within bounds. Seeds as in test_fuzz."""

import os
import random
import time
import tracemalloc
from typing import Any

import msgpack
import numpy as np
import pytest

from catedra.checking.answer import Handle
from catedra.checking.plain import NotPlainError, plain
from catedra.sandbox.memory import Tray
from catedra.sandbox.wire import ProtocolError, pack, unpack
from catedra.sandbox.wire_format import LARGE, MAX_FRAME
from tests.soak.test_fuzz import _inputs

pytestmark = pytest.mark.soak
EXACT = (type(None), bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray, Handle)
DTYPES = [
    "<f8",
    "|b1",
    "<U3",
    ">U1",
    "|S4",
    ">i2",
    "<c16",
    "|u1",
    "O",
    "V8",
    "<M8[D]",
    "<f16",
    "<U0",
    "<U99999999",
    "f8,O",
    "",
    "ñ",
]
SIZES = [0, 1, 2, 3, 255, 65_536, 999_999, 2**20, 2**31, 2**32 - 1]


def _ticket(value: Any) -> tuple[int, str]:
    if type(value) is Handle:
        return value.id, value.kind
    raise NotPlainError("no plain form")


def _valid(rng: random.Random, depth: int = 0) -> Any:
    """A value that crosses."""
    if depth > 6 or rng.random() < 0.5:
        number = rng.getrandbits(rng.choice([1, 7, 31, 64, 200]))
        leaves = [
            None,
            True,
            number,
            -number,
            rng.gauss(0, 1e9),
            1j,
            "é" * rng.randint(0, 40),
            rng.randbytes(rng.randint(0, 300)),
            Handle(3, "Red"),
        ]
        shape = tuple(rng.randint(0, 4) for _ in range(rng.randint(0, 4)))
        return rng.choice([*leaves, np.zeros(shape, rng.choice(DTYPES[:8])), np.zeros(LARGE // 8 + rng.randint(0, 9))])
    if rng.random() < 0.3:
        return {rng.choice(["a", "b", 1, 2.5, False, number]): _valid(rng, depth + 1) for number in range(rng.randint(0, 5))}
    return rng.choice([list, tuple])(_valid(rng, depth + 1) for _ in range(rng.randint(0, 6)))


def _mutated(rng: random.Random, frame: bytes) -> bytes:
    pieces = bytearray(frame)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(pieces) + 1)
        to = min(len(pieces), at + rng.choice([0, 1, 2, 8, 100]))
        header = bytes([rng.choice([0xDD, 0xDF, 0xC6, 0xDB, 0xC9])]) + rng.choice(SIZES).to_bytes(4, "big")
        pieces[at:to] = rng.choice(
            [
                rng.randbytes(to - at),
                b"",
                bytes(pieces[at:to]) * rng.randint(2, 5),
                header,
                bytes([rng.randrange(0x80, 0xE0)]),
                frame,
            ]
        )
    return bytes(pieces[:200_000])


def _made(rng: random.Random, depth: int = 0) -> bytes:
    """Bytes that look like the format: any construct, with any count, size, dtype and shape."""
    inner = b"".join(_made(rng, depth + 1) for _ in range(rng.randint(0, 4))) if depth < rng.choice([3, 6, 40]) else b"\xc0"
    count = rng.choice([0, 1, 2, 3, 4, rng.choice(SIZES)])
    shape = [rng.choice([0, 1, 2, 4, rng.choice(SIZES), 2**63 - 1]) for _ in range(rng.choice([0, 1, 2, 33]))]
    data = rng.choice([rng.randbytes(rng.choice([0, 1, 8, 16, 24])), rng.choice(SIZES), None])
    content = msgpack.packb(rng.choice([[rng.choice(DTYPES), shape, data], [rng.getrandbits(40), "Red" * rng.randint(0, 30)]]))
    content = rng.choice([content, inner, bytes([0x90 + rng.randint(0, 4)]) + inner, rng.randbytes(rng.randint(0, 20))])
    size = len(content) if rng.random() < 0.8 else rng.choice(SIZES)
    return rng.choice([
        bytes([0x90 + min(count, 15)]) + inner, b"\xdd" + count.to_bytes(4, "big") + inner, bytes([0x80 + min(count, 15)]) + inner,
        b"\xdf" + count.to_bytes(4, "big") + inner, b"\xc9" + size.to_bytes(4, "big") + bytes([rng.randint(0, 7)]) + content,
        rng.randbytes(rng.randint(1, 9)), msgpack.packb(_scalar(rng)),
    ])  # fmt: skip


def _scalar(rng: random.Random) -> Any:
    return rng.choice([None, True, 1, -1, 2**63, 0.5, "a", b"a", "", float("nan")])


def _broad(rng: random.Random) -> bytes:
    """One construct over and over, up to a frame's limits: what a message can cost at most."""
    unit = rng.choice(
        [
            b"\xc0",
            b"\x90",
            b"\x80",
            b"\x91\xc0",
            b"\x81\xa1a\xc0",
            b"\xa3\xe0\xa0\x80",
            b"\xcf" + rng.randbytes(8),
            b"\xd4\x01\x90",
            pack(np.zeros((1,) * rng.randint(0, 32)), len, _ticket),
        ]
    )
    count = min(rng.choice([1000, 60_000, 300_000, 1_100_000]), MAX_FRAME // len(unit) - 1)
    return b"\xdd" + count.to_bytes(4, "big") + unit * count


def _exact(value: Any) -> bool:
    if type(value) in (tuple, list):
        return all(map(_exact, value))
    if type(value) is dict:
        return all(type(key) in (str, int, float, bool) and _exact(item) for key, item in value.items())
    if type(value) is np.ndarray and (
        value.dtype.kind not in "biufcUS" or not value.dtype.isnative or not value.flags.c_contiguous
    ):
        return False
    return type(value) in EXACT


def _same(left: Any, right: Any) -> bool:
    if type(left) is np.ndarray:
        return (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    if type(left) in (tuple, list):
        return type(left) is type(right) and len(left) == len(right) and all(map(_same, left, right))
    if type(left) is dict:
        return list(left) == list(right) and all(map(_same, left.values(), right.values()))
    return type(left) is type(right) and left == right


def _timed(payload: bytes, tray: Tray) -> tuple[Any, float]:
    """What a payload holds, None if it is refused; and the CPU seconds that it took."""
    tray.rewind()
    start = time.process_time()
    try:
        read = unpack(payload, tray.take, Handle)
    except ProtocolError:
        read = None
    return read, time.process_time() - start


def test_the_decoder_gives_exact_values_or_a_protocol_error() -> None:
    tray = Tray.create()
    cases = {"random": 0, "mutated": 0, "made": 0, "broad": 0, "read": 0}
    slowest: dict[str, float] = {}
    for seed, rng in _inputs("wire"):
        value = _valid(rng)
        tray.reset()
        tray.rewind()
        frame = pack(value, tray.put, _ticket)
        assert _same(unpack(frame, tray.take, Handle), plain(value, lambda leaf: leaf)), seed
        tries = [("random", rng.randbytes(rng.choice([1, 3, 10, 100, 5000])))]
        tries += [("mutated", _mutated(rng, frame)) for _ in range(20)] + [("made", _made(rng)) for _ in range(20)]
        tries += [("broad", _broad(rng))] if seed % 200 == 0 else []
        for name, payload in tries:
            read, seconds = _timed(payload, tray)
            slowest[name] = max(slowest.get(name, 0), seconds)
            assert seconds < (2 if name == "broad" else 1), (seed, name)
            assert _exact(read), (seed, name)
            cases[name] += 1
            cases["read"] += read is not None
            del read
            if name == "broad" or rng.random() < 0.2:
                # What a frame brings: itself, what the tray holds (and a copy of the array in hand), and about a hundred bytes an element.
                held = os.fstat(tray.fd).st_blocks * 512
                tracemalloc.start()
                _timed(payload, tray)
                peak = tracemalloc.get_traced_memory()[1]
                tracemalloc.stop()
                assert peak < 4 * len(payload) + 2 * held + 2**16 + 110 * min(len(payload), 1_000_000), (seed, name)
    tray.close()
    print(cases, {name: round(seconds, 3) for name, seconds in slowest.items()})
    assert all(cases.values())
    assert sum(cases.values()) > 1000
