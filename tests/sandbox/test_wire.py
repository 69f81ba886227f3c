"""Whatever is plain crosses as `plain` would have it, and whatever breaks a rule is refused by that rule."""

import collections
import gc
import math
import struct
import sys
import time
import tracemalloc
from typing import Any

import ml_dtypes
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from catedra.checking.answer import Handle
from catedra.checking.plain import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, NotPlainError, plain
from catedra.sandbox.wire import ProtocolError, pack, unpack
from catedra.sandbox.wire_format import LARGE, MAX_ARRAYS, MAX_FRAME, MAX_LONG, MAX_NUMBER_KEYS


class Beside:
    """Large arrays beside a frame, in a list."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []

    def place(self, array: np.ndarray) -> int:
        self.arrays.append(array)
        return len(self.arrays) - 1

    def fetch(self, dtype: np.dtype, shape: tuple[int, ...], where: int) -> np.ndarray:
        array = np.ascontiguousarray(self.arrays[where]).copy().reshape(shape)
        assert array.dtype == dtype
        return array


def ticket(value: Any) -> tuple[int, str]:
    if type(value) is Handle:
        return value.id, value.kind
    raise NotPlainError("no plain form")


def crossed(value: Any, around: int = 0) -> Any:
    beside = Beside()
    return unpack(pack(value, beside.place, ticket, around), beside.fetch, Handle, around)


def read(payload: bytes, around: int = 0) -> Any:
    return unpack(payload, Beside().fetch, Handle, around)


def same(left: Any, right: Any) -> bool:
    """Equality to the bit: of types, dtypes, signs of zero and payloads of NaN."""
    if type(left) is not type(right):
        return False
    if type(left) in (list, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if type(left) is dict:
        return same(list(left), list(right)) and same(list(left.values()), list(right.values()))
    if type(left) is np.ndarray:
        return (left.dtype, left.shape, left.tobytes()) == (right.dtype, right.shape, right.tobytes())
    if type(left) is float:
        return struct.pack(">d", left) == struct.pack(">d", right)
    return same([left.real, left.imag], [right.real, right.imag]) if type(left) is complex else left == right


def ext(code: int, content: bytes) -> bytes:
    return b"\xc9" + len(content).to_bytes(4, "big") + bytes([code]) + content


def array_frame(dtype: Any, shape: Any, data: Any, code: int = 3) -> bytes:
    return ext(code, msgpack.packb([dtype, shape, data]))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
INTS = st.integers(-(2**200), 2**200)
SIZES = {"b": [1], "i": [1, 2, 4, 8], "u": [1, 2, 4, 8], "f": [2, 4, 8], "c": [8, 16]}
DTYPES = st.one_of(
    st.sampled_from([f"{order}{kind}{size}" for kind, sizes in SIZES.items() for size in sizes for order in "<>"]),
    st.builds("{}{}{}".format, st.sampled_from("<>"), st.just("U"), st.integers(1, 5)),
    st.builds("S{}".format, st.integers(1, 5)),
)
ARRAYS = DTYPES.flatmap(
    lambda name: hnp.arrays(
        np.dtype(name), hnp.array_shapes(min_dims=0, min_side=0, max_side=4), elements={"alphabet": st.characters(exclude_categories=["Cs"])} if "U" in name else None
    )
)  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), INTS, st.floats(), st.complex_numbers(), TEXT, st.binary(max_size=40), ARRAYS)
KEYS = st.one_of(TEXT, st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.booleans())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.lists(inner, max_size=5).map(tuple) | st.dictionaries(KEYS, inner, max_size=5),
)


@given(VALUES)
def test_what_is_plain_arrives_as_plain_has_it(value: Any) -> None:
    assert same(crossed(value), plain(value))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(width=32) | TEXT | st.binary(max_size=300),
        lambda inner: st.lists(inner, max_size=20) | st.dictionaries(TEXT, inner, max_size=20),
    )
)
def test_the_reader_agrees_with_the_library_on_all_that_both_know(value: Any) -> None:
    for payload in (msgpack.packb(value), msgpack.packb(value, use_single_float=True)):
        assert same(read(payload), msgpack.unpackb(payload, strict_map_key=False))


NAN = struct.unpack(">d", b"\xff\xf8\x00\x00\x00\x00\xbe\xef")[0]


@pytest.mark.parametrize(
    "value",
    [
        -0.0, math.nan, NAN, math.inf, -math.inf, complex(-0.0, NAN), "", "ñ😀\x00", b"", b"\xff" * 70_000, "é" * 70_000,
        0, -1, 127, 128, -32, -33, 2**32, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 2**71, 2**71 - 1, -(2**71), -(2**71) - 1,
        2 ** (8 * MAX_LONG - 1) - 1, -(2 ** (8 * MAX_LONG - 1)),
        (), [], {}, ((),), [()], {"a": {1: {2.5: {True: ()}}}}, (1, [2, (3,)]), list(range(70_000)), tuple(range(70_000)),
        {str(number): number for number in range(70_000)},
        np.array(3.5), np.array(True), np.array("añ"), np.array(b"\x00\x01"), np.array(1j), np.array(NAN), np.full(3, -0.0),
        np.empty(0), np.empty((0, 3)), np.empty((2, 0), "U3"), np.empty((3, 0), ">i2"), np.array([[True], [False]]), np.array(["", "😀"]),
        np.arange(6, dtype=">i4").reshape(2, 3).T, np.arange(20)[::-3], np.ones((1,) * 32, np.float16),
        np.arange(LARGE // 8), np.arange(LARGE // 8 - 1), np.zeros(LARGE, bool), np.full(LARGE, "ñ", ">U2"), np.arange(3 * LARGE, dtype=">c8").reshape(3, -1).T,
        [np.arange(10_000.0), np.arange(20_000.0)],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_the_corners_of_what_is_plain(value: Any) -> None:
    arrived = crossed(value)
    assert same(arrived, plain(value))
    if type(arrived) is np.ndarray:
        assert (arrived.flags.c_contiguous, arrived.flags.writeable, arrived.dtype.isnative) == (True, True, True)


def test_arrays_that_arrive_own_their_memory() -> None:
    payload = pack([np.ones(3), np.array(["a"]), np.array(1, ">i2")], Beside().place, ticket)
    assert all(array.flags.owndata for array in read(payload))


class Colour(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value",
    [
        np.float64(-0.0), np.int32(3), np.bool_(True), np.str_("a"), np.longdouble(2.5), [np.float32(1.5), (np.complex64(1j),)], Point(1, np.ones(2)),
        collections.OrderedDict(a=1), collections.Counter("aab"), {np.int64(3): np.float32(2)}, {Colour("a"): 1, "a": 2}, np.ma.array([1, 2]),
        np.ones(3, ml_dtypes.bfloat16), np.ones(3, ml_dtypes.float8_e5m2), np.ones(20_000, ml_dtypes.int4), Colour("x"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_has_a_plain_form_is_turned_into_it_on_the_way(value: Any) -> None:
    assert same(crossed(value), plain(value))


def test_thirty_two_levels_cross_and_not_one_more() -> None:
    for wrap in (lambda inner: [inner], lambda inner: (inner,), lambda inner: {"a": inner}):
        value: Any = 1.5
        for _ in range(MAX_DEPTH):
            value = wrap(value)
        assert same(crossed(value), value)
        with pytest.raises(NotPlainError, match="niveles"):
            crossed(wrap(value))
        deeper = pack(wrap(value), Beside().place, ticket, 1)
        assert same(read(deeper, 1), wrap(value))
        with pytest.raises(ProtocolError, match="niveles"):
            read(deeper)


def test_handles_cross_by_ticket_and_are_redeemed() -> None:
    model = object()

    def keep(value: Any) -> tuple[int, str]:
        assert value is model
        return 7, "Modelo\ud800" + "x" * 100

    arrived = unpack(pack([model, {"m": (model,)}], Beside().place, keep), Beside().fetch, Handle)
    handle = Handle(7, "Modelo?" + "x" * 57)
    assert arrived == [handle, {"m": (handle,)}]
    assert crossed(Handle(3, "Red")) == Handle(3, "Red")
    objects = {7: model}
    assert unpack(pack(model, Beside().place, keep), Beside().fetch, lambda number, kind: objects[number]) is model


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "no plain form"), ({1, 2}, "no plain form"), (np.array([None]), "no plain form"), (np.array("2020", "M8[D]"), "no plain form"),
        ({(1,): 2}, "claves"), ({None: 2}, "claves"), ({2**64: 1}, "64 bits"), (dict.fromkeys(range(MAX_NUMBER_KEYS + 1)), "claves"),
        ("\ud800", "subrogados"), ({"\udfff": 1}, "subrogados"), (np.array("\ud800"), "no son valores"), (np.array(["\ud800"] * 40_000), "no son valores"),
        (np.array([2], np.uint8).view(bool), "no son valores"), (2 ** (8 * MAX_LONG - 1), "4096"), (-(2 ** (8 * MAX_LONG - 1)) - 1, "4096"),
        (np.ones(3, np.longdouble), "float64"), ([np.ones((), np.clongdouble)], "complex128"), (np.ones((1,) * 33), "33 ejes"),
        ([None] * MAX_ITEMS, "elementos"), ([[None] * 600_000, (None,) * 600_000], "elementos"), ([np.empty(0)] * (MAX_ARRAYS + 1), "np.stack"),
        (b"a" * MAX_FRAME, "16 MiB"), ("a" * MAX_FRAME, "16 MiB"), ((b"a" * (MAX_FRAME // 2), b"a" * (MAX_FRAME // 2)), "16 MiB"),
        (np.broadcast_to(np.uint8(0), (2**31 + 1,)), "GiB"), ([np.broadcast_to(np.uint8(0), (2**20,))] * 2049, "GiB"), (np.empty((0, 2**40)), "GiB"),
    ],
    ids=lambda value: type(value).__name__ if type(value) is not str else value,
)  # fmt: skip
def test_what_may_not_cross_is_said_before_it_is_sent(value: Any, words: str) -> None:
    with pytest.raises(NotPlainError, match=words):
        pack(value, lambda array: 0, ticket)


ONE = msgpack.packb(["<f8", [1], bytes(8)])


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "termina antes"), (b"\xcb\x00", "termina antes"), (b"\xa3ab", "termina antes"), (b"\xda\x00", "termina antes"), (b"\x91", "termina antes"),
        (b"\xdd\xff\xff\xff\xff\xc0", "termina antes"), (b"\xdf\x7f\xff\xff\xff\xa1a\xc0", "termina antes"), (b"\xc6\xff\xff\xff\xff", "termina antes"),
        (b"\xc9\xff\xff\xff\xff\x01\x90", "termina antes"), (b"\xd8\x02" + bytes(15), "termina antes"),
        (b"\xc0\xc0", "terminara en el byte 1|terminara en el byte 2"), (b"\xc1", "0xc1"), (b"\x91\xc1", "0xc1"),
        (b"\xa1\xff", "UTF-8"), (b"\xa3\xed\xa0\x80", "UTF-8"), (b"\xa2\xc0\x80", "UTF-8"), (b"\x81\xa3\xed\xbf\xbf\xc0", "UTF-8"),
        (b"\x82\xa1a\xc0\xa1a\xc0", "repite"), (b"\x82\x01\xc0\xc3\xc0", "repite"), (b"\x82\x01\xc0\xcb\x3f\xf0\0\0\0\0\0\0\xc0", "repite"),
        (b"\x81\xc0\xc0", "clave"), (b"\x81\xc4\x01a\xc0", "clave"), (b"\x81\x90\xc0", "0x90"), (b"\x81" + ext(1, b"\x90") + b"\xc0", "0xc9"), (b"\x81" + ext(6, b"\x01" + bytes(8)) + b"\xc0", "0xc9"),
        (b"\xdf" + (MAX_NUMBER_KEYS + 1).to_bytes(4, "big") + b"".join(b"\xce" + n.to_bytes(4, "big") + b"\xc0" for n in range(MAX_NUMBER_KEYS + 1)), "claves"),
        (b"\xd4\x00\x00", "extensión"), (b"\xd4\x07\x00", "extensión"), (msgpack.packb(msgpack.Timestamp(3)), "extensión"),
        (ext(1, b""), "termina antes"), (ext(1, b"\xc0"), "lista"), (ext(1, b"\x90\xc0"), "terminara"), (b"\x92" + ext(1, b"\x91") + b"\xc0", "terminara"),
        (ext(2, bytes(15)), "extensión"), (ext(2, bytes(17)), "extensión"),
        (ext(6, b""), "64 bits"), (ext(6, b"\x05"), "64 bits"), (ext(6, b"\x00" * 9), "64 bits"), (ext(6, b"\x00\xff" + bytes(7)), "64 bits"), (ext(6, b"\x00\x01" + bytes(8)), "de más"),
        (ext(6, b"\x7f" * (MAX_LONG + 1)), "extensión"),
        (ext(5, msgpack.packb([1])), "2 campos"), (ext(5, msgpack.packb([-1, "a"])), "natural"), (ext(5, msgpack.packb([True, "a"])), "natural"),
        (ext(5, msgpack.packb(["a", "a"])), "natural"), (ext(5, msgpack.packb([1, b"a"])), "nombre"), (ext(5, msgpack.packb([1, "a" * 65])), "64"), (ext(5, msgpack.packb([1, "a", 2])), "2 campos"),
        (ext(3, ONE + b"\xc0"), "terminara"), (ext(3, b"\xc0"), "lista"), (ext(3, msgpack.packb(["<f8", [1]])), "3 campos"), (ext(3, msgpack.packb([["<f8"], [1], b""])), "0x91"),
        (array_frame("<f8", [1], bytes(7)), "no da los bytes"), (array_frame("<f8", [1], bytes(9)), "no da los bytes"), (array_frame("<f8", [1], "a" * 8), "no da los bytes"),
        (array_frame("<f8", [2**61 + 1], bytes(8)), "bytes de arreglos"), (array_frame("<f8", [2**32, 2**32], b""), "bytes de arreglos"), (array_frame("<f8", [0, 2**40], b""), "bytes de arreglos"),
        (array_frame("<f8", [-1], b""), "natural"), (array_frame("<f8", [1.0], bytes(8)), "natural"), (array_frame("<f8", [True], bytes(8)), "natural"), (array_frame("<f8", [[1]], bytes(8)), "0x91"),
        (array_frame("<f8", [1] * 33, bytes(8)), "32 ejes"), (array_frame("<f8", 1, bytes(8)), "lista"), (array_frame("<f8", {}, bytes(8)), "lista"),
        (array_frame("|u1", [LARGE], bytes(LARGE)), "extensión 3"), (array_frame("|u1", [8], 0, code=4), "extensión 4"), (array_frame("|u1", [0], 0, code=4), "extensión 4"),
        (array_frame("|u1", [2**31 + 1], 0, code=4), "bytes de arreglos"), (array_frame("|u1", [LARGE], -1, code=4), "natural"), (array_frame("|u1", [LARGE], b"", code=4), "natural"),
        (b"\x92" + 2 * array_frame("|u1", [MAX_BYTES // 2 + 1], 0, code=4), "bytes de arreglos"),
        (array_frame("|b1", [2], b"\x01\x02"), "no son valores"), (array_frame("<U1", [1], b"\x00\xd8\x00\x00"), "no son valores"), (array_frame("<U1", [1], b"\x00\x00\x11\x00"), "no son valores"),
        (array_frame(">U1", [1], b"\xff\xff\xff\xff"), "no son valores"),
    ],
    ids=lambda value: repr(value[-30:]) if type(value) is bytes else value,
)  # fmt: skip
def test_each_violation_is_refused_by_its_rule(payload: bytes, words: str) -> None:
    def fetch(dtype: np.dtype, shape: tuple[int, ...], where: int) -> np.ndarray:
        return np.broadcast_to(np.zeros((), dtype), shape)

    with pytest.raises(ProtocolError, match=words):
        unpack(payload, fetch, Handle)


@pytest.mark.parametrize(
    "name",
    [
        "O", "|O8", "V8", "|V8", "<M8[D]", "<m8", "f8", "<f16", "<c32", "<f3", "<i16", "=f8", "|f8", "<b1", "|U3", "<S3", "<U0", "|S0", "<U", "<U03", "<U1 ", " <U1", "<U1\n", "<U٣", "<U1_0",
        "<U536870912", "<U999999999", "|S9999999999", "<f8,<f8", "(2,)f8", "2f8", "<f8,O", "{'names':['a'],'formats':['O']}", "float64", "object", "", "a" * 1000, "<f8\x00",
    ],
)  # fmt: skip
def test_only_the_closed_list_of_dtypes_reaches_numpy(name: str) -> None:
    with pytest.raises(ProtocolError, match="dtype"):
        read(array_frame(name, [0], b""))


def test_elements_and_arrays_are_counted_over_the_whole_message() -> None:
    half = b"\xdd" + (MAX_ITEMS // 2).to_bytes(4, "big") + b"\xc0" * (MAX_ITEMS // 2)
    with pytest.raises(ProtocolError, match="elementos"):
        read(b"\x92" + half + half)
    with pytest.raises(ProtocolError, match="elementos"):
        read(b"\xdd" + MAX_ITEMS.to_bytes(4, "big") + b"\xc0" * MAX_ITEMS)
    assert len(read(b"\xdd" + (MAX_ITEMS - 1).to_bytes(4, "big") + b"\xc0" * (MAX_ITEMS - 1))) == MAX_ITEMS - 1
    empty = pack(np.empty(0), Beside().place, ticket)
    with pytest.raises(ProtocolError, match="arreglos"):
        read(b"\xdd" + (MAX_ARRAYS + 1).to_bytes(4, "big") + empty * (MAX_ARRAYS + 1))
    axes = pack(np.ones((1,) * 32), Beside().place, ticket)
    with pytest.raises(ProtocolError, match="elementos"):
        read(b"\xdd" + (MAX_ITEMS // 32).to_bytes(4, "big") + axes * (MAX_ITEMS // 32))


def test_a_frame_over_the_limit_is_refused_unread() -> None:
    with pytest.raises(ProtocolError, match="16777216"):
        read(bytes(MAX_FRAME + 1))


def _tuples(payload: bytes, levels: int) -> bytes:
    for _ in range(levels):
        payload = ext(1, b"\x91" + payload)
    return payload


@pytest.mark.parametrize(
    ("payload", "mib"),
    [
        (b"\xdd\x00\x0f\x00\x00" * 2000 + bytes(0x0F0000), 1),  # lists within lists, each announcing a million
        (b"\x91" * MAX_FRAME, 1),
        (_tuples(b"\xc0", 2000), 1),
        (
            _tuples(b"\xc6" + (15 * 2**20).to_bytes(4, "big") + bytes(15 * 2**20), 32),
            16,
        ),  # an extension in an extension copies nothing
        (array_frame("|u1", [2**31], b""), 1),
        (b"\xdd\x00\x0f\x42\x3f" + b"\x80" * 999_999, 75),  # the dearest elements a byte: an empty dict
        (b"\xdd\x00\x07\xa1\x1f" + b"\x81\xa1a\xc0" * 499_999, 100),
        (b"\xdd\x00\x0f\x42\x3f" + b"\xa3\xe0\xa0\x80" * 999_999, 90),
    ],
    ids=["headers", "depth", "tuples", "copies", "shape", "dicts", "pairs", "texts"],
)
def test_memory_is_bounded_by_bytes_that_arrived_and_elements(payload: bytes, mib: int) -> None:
    gc.collect()
    tracemalloc.start()
    try:
        read(payload[:MAX_FRAME])
    except ProtocolError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < mib * 2**20


def test_reading_needs_no_more_stack_than_its_depth() -> None:
    """Within 250 frames of the limit, a hostile message is still a ProtocolError."""
    frame, used = sys._getframe(), 0
    while frame is not None:
        frame, used = frame.f_back, used + 1
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(used + 250)
    try:
        for payload in (b"\x91" * 10_000, _tuples(b"\xc0", 1000), b"\x81\xa1a" * 10_000):
            with pytest.raises(ProtocolError, match="niveles"):
                read(payload)
    finally:
        sys.setrecursionlimit(limit)


def test_a_million_elements_are_read_in_seconds_not_minutes() -> None:
    keys = b"".join(b"\xcf" + (number << 40).to_bytes(8, "big") + b"\xc0" for number in range(MAX_NUMBER_KEYS))
    for payload in (b"\xdd\x00\x0f\x42\x3f" + b"\x90" * 999_999, b"\xdf" + MAX_NUMBER_KEYS.to_bytes(4, "big") + keys):
        start = time.process_time()
        read(payload)
        assert time.process_time() - start < 5
