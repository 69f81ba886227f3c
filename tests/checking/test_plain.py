"""Whatever an answer returns, what is compared are exact built-in values and base arrays that share nothing with it."""

import collections
import enum
import sys
import tracemalloc
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from catedra.checking import plain as exported
from catedra.checking.plain import MAX_BYTES, MAX_DEPTH, MAX_ITEMS, NotPlainError, plain, type_name

EXACT = (type(None), bool, int, float, complex, str, bytes, tuple, list, dict, np.ndarray)


def is_exact(value: Any) -> bool:
    if not any(type(value) is kind for kind in EXACT):
        return False
    if type(value) in (tuple, list):
        return all(is_exact(item) for item in value)
    if type(value) is dict:
        return all(is_exact(item) for pair in value.items() for item in pair)
    return type(value) is not np.ndarray or value.dtype.metadata is None


def keep(value: Any) -> Any:
    return ("kept", id(value))


class LyingInt(int):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __add__(self, other):
        return 99

    __radd__ = __int__ = __index__ = __pos__ = __trunc__ = __add__ = lambda self, *other: 99


class LyingFloat(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__
    __add__ = __radd__ = __pos__ = __float__ = lambda self, *other: 0.99


class LyingStr(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__
    __str__ = __repr__ = lambda self: LyingStr("mentira")
    __add__ = __getitem__ = __format__ = lambda self, *other: "mentira"


class LyingBytes(bytes):
    __bytes__ = __getitem__ = __add__ = lambda self, *other: b"mentira"


class LyingComplex(complex):
    __add__ = __pos__ = __complex__ = lambda self, *other: 9j


class LyingList(list):
    def __iter__(self):
        return iter([1, 1, 1])

    def __len__(self):
        return 3

    def __eq__(self, other):
        return True

    __hash__ = None


class LyingDict(dict):
    def items(self):
        return [("loss", 0.0)]

    __getitem__ = get = lambda self, *key: 0.0


class LyingArray(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    __hash__ = None
    nbytes = 0
    dtype = np.dtype(float)

    def __array__(self, *args, **kwargs):
        return np.full(3, 99.0)

    def __array_finalize__(self, obj):
        pass

    def __array_ufunc__(self, *args, **kwargs):
        return 99.0


class LyingScalar(np.float64):
    def __float__(self):
        return 0.99

    def __array__(self, *args, **kwargs):
        return np.array(0.99)

    def item(self, *args):
        return 0.99

    __pos__ = __add__ = lambda self, *other: 0.99


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (LyingInt(3), 3),
        (LyingFloat(0.25), 0.25),
        (LyingStr("verdad"), "verdad"),
        (LyingBytes(b"verdad"), b"verdad"),
        (LyingComplex(1 + 2j), 1 + 2j),
        (LyingList([0.5]), [0.5]),
        (LyingDict(loss=0.5), {"loss": 0.5}),
        (LyingScalar(0.25), 0.25),
        (np.float16(0.5), 0.5),
        (np.int8(-3), -3),
        (np.bool_(True), True),
        (np.complex64(1j), 1j),
        (np.longdouble(0.5), 0.5),
        (np.clongdouble(0.5j), 0.5j),
        (np.str_("hola"), "hola"),
        (np.bytes_(b"a\x00"), b"a\x00"),
        (ml_dtypes.bfloat16(1.5), 1.5),
        (ml_dtypes.int4(-3), -3),
        (enum.IntEnum("Color", {"ROJO": 7}).ROJO, 7),
        (enum.StrEnum("Voz", {"ALTA": "alta"}).ALTA, "alta"),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aab"), {"a": 2, "b": 1}),
    ],
    ids=repr,
)
def test_a_subclass_is_stripped_to_what_it_holds(value, expected):
    result = plain(value)
    assert type(result) is type(expected)
    assert repr(result) == repr(expected)  # repr, because == is what lies


def test_a_metaclass_whose_types_equal_everything_passes_for_nothing():
    class Same(type):
        __eq__ = lambda cls, other: True  # noqa: E731
        __hash__ = lambda cls: hash(float)  # noqa: E731

    class Liar(metaclass=Same):
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = None

    with pytest.raises(NotPlainError, match="`Liar`"):
        plain([Liar()])


@pytest.mark.parametrize("pretended", [float, int, str, list, dict, np.ndarray, np.float64, tuple])
def test_a_class_property_passes_for_nothing(pretended):
    class Liar:
        __class__ = property(lambda self: pretended)

    assert isinstance(Liar(), pretended)
    with pytest.raises(NotPlainError, match="`Liar`"):
        plain(Liar())


def test_a_type_may_lie_about_its_name():
    class Hidden(type):
        __name__ = property(lambda cls: 1 / 0)

    class Liar(metaclass=Hidden):
        pass

    assert type_name(Liar()) == "Liar"
    with pytest.raises(NotPlainError):
        plain(Liar())


def test_negative_zero_keeps_its_sign():
    assert repr(plain(LyingFloat(-0.0))) == "-0.0"


def test_an_array_subclass_becomes_its_base():
    value = np.arange(3.0).view(LyingArray)
    result = plain(value)
    assert type(result) is np.ndarray
    assert result.tolist() == [0.0, 1.0, 2.0]
    assert type(plain(np.array([[1, 2]]).view(np.matrix))) is np.ndarray
    assert plain(np.array([[1, 2]]).view(np.matrix)).shape == (1, 2)


def test_masked_arrays_cross_only_without_a_mask():
    assert plain(np.ma.array([1, 2])).tolist() == [1, 2]
    with pytest.raises(NotPlainError, match="MaskedArray de dtype int64"):
        plain(np.ma.array([1, 2], mask=[False, True]))


@pytest.mark.parametrize(
    "value",
    [
        np.array([{}, []], dtype=object),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
        np.array([(1, 2.0)], dtype=[("a", int), ("b", float)])[0],
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.datetime64("2020-01-01"),
        {1, 2},
        frozenset({1}),
        range(3),
        (i for i in range(3)),
        iter([1]),
        object(),
        len,
        np,
        bytearray(b"x"),
        memoryview(b"x"),
        collections.deque([1]),
        Exception("x"),
    ],
    ids=type_name,
)
def test_what_has_no_plain_form_is_opaque_or_refused(value):
    with pytest.raises(NotPlainError, match="se esperaban números, texto, listas o arreglos, y llegó un objeto"):
        plain([value])
    assert plain([value], opaque=keep) == [("kept", id(value))]


def test_zero_dimensional_arrays_stay_arrays():
    result = plain(np.array(3.5))
    assert type(result) is np.ndarray
    assert result.shape == ()


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_short_floats_are_widened(name):
    result = plain(np.array([0.5, -2.0], dtype=getattr(ml_dtypes, name)))
    assert result.dtype == np.float32
    assert result.tolist() == [0.5, -2.0]


def test_short_integers_are_widened():
    assert plain(np.array([-3, 2], dtype=ml_dtypes.int4)).dtype == np.int8


def test_byte_order_and_metadata_are_dropped():
    result = plain(np.array([1.0, 2.0], dtype=np.dtype(">f8", metadata={"objeto": object()})))
    assert result.dtype == np.dtype(float)
    assert result.dtype.isnative
    assert result.dtype.metadata is None
    assert result.tolist() == [1.0, 2.0]


def test_named_tuples_become_tuples():
    class Par(NamedTuple):
        x: Any
        y: int

    result = plain(Par(np.float32(1), 2))
    assert type(result) is tuple
    assert result == (1.0, 2)


def test_keys_are_text_or_numbers():
    assert plain({np.int64(1): 0, np.str_("a"): 0, np.float32(0.5): 0, LyingStr("b"): 0, True: 1}) == {
        1: 1, "a": 0, 0.5: 0, "b": 0,
    }  # fmt: skip
    assert list(plain({True: 0, np.False_: 0})) == [True, False]
    assert plain({np.longdouble(0.25): 1}) == {0.25: 1}
    assert all(type(key) in (int, str, float) for key in plain({LyingInt(1): 0, LyingFloat(0.5): 0, LyingStr("c"): 0}))
    for key in (None, (1, 2), b"x", frozenset(), 1j):
        with pytest.raises(NotPlainError, match="las claves de un diccionario son texto o números"):
            plain({key: 1})


def test_nothing_is_shared():
    array = np.zeros((2, 3))
    value = {"a": [array, (array.T, array[:1])], "b": array}
    result = plain(value)
    for piece in (result["a"][0], result["a"][1][0], result["a"][1][1], result["b"]):
        assert not np.shares_memory(piece, array)
        piece[...] = 7  # writable
    assert not array.any()
    assert result["a"] is not value["a"]


def test_a_list_inside_itself_is_refused():
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(NotPlainError, match=f"más de {MAX_DEPTH} niveles"):
        plain(endless)
    endless.append(endless)  # now it also branches: 2^32 paths
    with pytest.raises(NotPlainError):
        plain(endless)
    knot: dict[str, Any] = {}
    knot["x"] = knot
    with pytest.raises(NotPlainError, match="niveles"):
        plain(knot)


def test_depth_up_to_the_limit_crosses():
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    assert plain(value) == value
    with pytest.raises(NotPlainError):
        plain([value])


def test_count_is_limited():
    assert len(plain([0] * (MAX_ITEMS - 1))) == MAX_ITEMS - 1
    with pytest.raises(NotPlainError, match="devolvé un arreglo de NumPy"):
        plain([0] * MAX_ITEMS)


def test_a_broadcast_view_is_weighed_before_it_is_copied():
    huge = np.broadcast_to(np.float64(1), (10**12,))
    tracemalloc.start()
    with pytest.raises(NotPlainError, match="GiB de datos: devolvé solo lo que se pide"):
        plain([huge])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_a_subclass_cannot_hide_its_weight():
    value = np.broadcast_to(np.float64(1), (10**12,)).view(LyingArray)
    assert value.nbytes == 0
    with pytest.raises(NotPlainError, match="GiB"):
        plain(value)


@pytest.mark.parametrize(
    "value",
    ["á" * 600, b"x" * 600, 1 << 8 * 600, {"k" * 600: 1}, {1 << 8 * 600: 1}, LyingStr("x" * 600), np.zeros(75)],
    ids=type_name,
)
def test_text_bytes_and_integers_weigh_too(value, monkeypatch):
    monkeypatch.setattr(sys.modules["catedra.checking.plain"], "MAX_BYTES", 1000)
    plain([value])
    with pytest.raises(NotPlainError, match="GiB"):
        plain([value, value])


def test_widening_is_weighed(monkeypatch):
    monkeypatch.setattr(sys.modules["catedra.checking.plain"], "MAX_BYTES", 1000)
    with pytest.raises(NotPlainError, match="GiB"):
        plain(np.zeros(500, dtype=ml_dtypes.bfloat16))  # 1,000 bytes that become 2,000


def test_the_limit_of_size_is_in_gib():
    assert MAX_BYTES == 2 * 2**30


def test_the_package_exports_the_function():
    assert exported is plain


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.builds(np.float32, st.floats(width=32)) | st.builds(LyingInt, st.integers()) | st.builds(LyingStr, st.text())
    | hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_side=3)) | st.builds(object) | st.frozensets(st.integers())
)  # fmt: skip
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner))


@given(values)
def test_every_value_becomes_exact(value):
    result = plain(value, opaque=lambda leaf: "opaco")
    assert is_exact(result)
    assert repr(plain(result)) == repr(result)
