"""Each expectation returns a sound value or says, in good Spanish, what came instead; and never raises anything else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from catedra.checking import Handle, expect
from catedra.checking.expect import CheckFailed, Inconclusive

MODEL = Handle(0, "Sequential")


def says(function, *args, **kwargs) -> str:
    """The whole text of the failure."""
    with pytest.raises(CheckFailed) as caught:
        function(*args, **kwargs)
    return str(caught.value)


# fail, true, inconclusive


def test_fail_joins_message_and_detail():
    with pytest.raises(CheckFailed) as caught:
        expect.fail("No separa AND.", "Difiere 1 de 4")
    assert (caught.value.message, caught.value.detail) == ("No separa AND", "Difiere 1 de 4")
    assert str(caught.value) == "No separa AND. Difiere 1 de 4"
    assert says(expect.fail, "No separa AND") == "No separa AND"


def test_inconclusive_is_no_failure():
    with pytest.raises(Inconclusive, match=r"^La máquina estaba ocupada. 0,3 de CPU$") as caught:
        expect.inconclusive("La máquina estaba ocupada.", "0,3 de CPU")
    assert not isinstance(caught.value, CheckFailed)
    with pytest.raises(Inconclusive, match="^Ocupada$"):
        expect.inconclusive("Ocupada")


@pytest.mark.parametrize("yes", [True, np.True_, np.array(True)])
def test_true_takes_a_bool(yes):
    expect.true(yes, "No")


@pytest.mark.parametrize("no", [False, np.False_, np.array(False)])
def test_false_fails(no):
    assert says(expect.true, no, "No converge", "La pérdida sube") == "No converge. La pérdida sube"


@pytest.mark.parametrize("value", [1, 1.0, "sí", None, [True], np.array([True]), np.array(1), MODEL])
def test_what_is_not_a_bool_is_not_true(value):
    assert "No. Se esperaba `True` o `False` y llegó " in says(expect.true, value, "No")


# describe and show


@pytest.mark.parametrize(
    ("value", "described"),
    [
        (MODEL, "un objeto `Sequential`"),
        (np.zeros((2, 3)), "un arreglo float64 de forma (2, 3)"),
        (None, "`None` (¿falta un `return`?)"),
        ("hola", "el texto 'hola'"),
        ("x" * 100, "el texto '" + "x" * 59 + "…"),
        ((1, 2), "una tupla de 2 elementos"),
        ([1], "una lista de 1 elemento"),
        ([], "una lista vacía"),
        ((), "una tupla vacía"),
        ({}, "un diccionario vacío"),
        ({"a": 1}, "un diccionario con la clave 'a'"),
        ({"a": 1, 2: 1}, "un diccionario con claves 'a', 2"),
        (dict.fromkeys(range(9)), "un diccionario con claves 0, 1, 2, 3, 4, 5, …"),
        (True, "True (bool)"),
        (3, "3 (int)"),
        (0.1 + 0.2, "0.3 (float)"),
        (float("nan"), "NaN (float)"),
        (1j, "0+1j (complex)"),
        (b"x", "b'x' (bytes)"),
        pytest.param(10**5000, "un entero enorme (int)", id="enorme"),
        (10**100, "1" + "0" * 59 + "… (int)"),
    ],
)
def test_describe(value, described):
    assert expect.describe(value) == described


# array


@pytest.mark.parametrize("value", [np.arange(3), [0, 1, 2], (0.0, 1.0, 2.0), [np.float32(0), 1, np.array(2)]])
def test_array_takes_numbers(value):
    assert expect.array(value, "el resultado", shape=(3,)).tolist() == [0, 1, 2]


def test_array_takes_any_length_where_asked():
    assert expect.array(np.zeros((5, 2)), "los pesos", shape=(None, 2)).shape == (5, 2)
    assert expect.array([], "los pesos", shape=(0,)).size == 0
    assert expect.array(3, "el sesgo", shape=()).shape == ()
    assert expect.array(2**70, "el producto") == 2.0**70


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "Los pesos: se esperaba un arreglo de números y llegó `None` (¿falta un `return`?)"),
        (True, "Los pesos: se esperaba un arreglo de números y llegó True (bool)"),
        ("0.5", "Los pesos: se esperaba un arreglo de números y llegó el texto '0.5'"),
        (1j, "Los pesos: se esperaba un arreglo de números y llegó 0+1j (complex)"),
        (MODEL, "Los pesos: se esperaba un arreglo de números y llegó un objeto `Sequential`"),
        (np.array(["a"]), "Los pesos: se esperaba un arreglo de números y llegó un arreglo <U1 de forma (1,)"),
        ([[1], [1, 2]], "Los pesos: se esperaba un arreglo de números y llegó una lista de 2 elementos que no forman un arreglo de números "
                        "(¿filas de distinto largo, texto, `None`?)"),
        ([1, None], "una lista de 2 elementos que no forman"),
        ([1e300, 10**400], "una lista de 2 elementos que no forman"),
        (10**400, "se esperaba un arreglo de números y llegó 1000"),
        ({}, "llegó un diccionario vacío"),
    ],
)  # fmt: skip
def test_array_refuses_the_rest(value, message):
    assert message in says(expect.array, value, "los pesos")


@pytest.mark.parametrize(
    ("shape", "wanted", "message"),
    [
        ((3, 2), (2, 3), "Los pesos: se esperaba forma (2, 3) y llegó (3, 2) (parece que faltó transponer)"),
        ((3,), (None, 3), "Los pesos: se esperaba forma (N, 3) y llegó (3,)"),
        ((3, 1), (3,), "Los pesos: se esperaba forma (3,) y llegó (3, 1)"),
        ((2, 2), (), "Los pesos: se esperaba forma () y llegó (2, 2)"),
    ],
)
def test_array_checks_the_shape(shape, wanted, message):
    assert says(expect.array, np.zeros(shape), "los pesos", shape=wanted) == message


def test_array_finds_what_is_not_finite():
    bad = np.array([[0.0, np.inf], [1.0, 2.0]])
    assert says(expect.array, bad, "la pérdida") == "La pérdida: hay infinitos. 1 de 4 valores no es un número finito; el primero, en [0, 1]"
    bad[1, 1] = np.nan
    assert says(expect.array, bad, "la pérdida") == "La pérdida: hay NaN. 2 de 4 valores no son números finitos; el primero, en [0, 1]"
    assert says(expect.array, np.nan, "la pérdida") == "La pérdida: hay NaN. 1 de 1 valores no es un número finito"
    assert expect.array(bad, "la pérdida", finite=False) is bad


# number


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int8(2), np.array(2.0), np.array([[2]], dtype=np.uint8), np.float16(2)])
def test_number_takes_one(value):
    result = expect.number(value, "el sesgo")
    assert type(result) is float
    assert result == 2.0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (True, "El sesgo: se esperaba un número y llegó True (bool)"),
        (np.True_, "El sesgo: se esperaba un número y llegó True (bool)"),
        (np.array(True), "El sesgo: se esperaba un número y llegó un arreglo bool de forma ()"),
        ([0.5], "El sesgo: se esperaba un solo número y llegó una lista de 1 elemento"),
        (np.zeros(2), "El sesgo: se esperaba un solo número y llegó un arreglo float64 de forma (2,)"),
        (np.zeros(0), "El sesgo: se esperaba un solo número y llegó un arreglo float64 de forma (0,)"),
        ("0.5", "El sesgo: se esperaba un número y llegó el texto '0.5'"),
        (None, "El sesgo: se esperaba un número y llegó `None` (¿falta un `return`?)"),
        (np.nan, "El sesgo: se esperaba un número finito y llegó NaN"),
        (-np.inf, "El sesgo: se esperaba un número finito y llegó infinito"),
        (10**400, "El sesgo: se esperaba un número y llegó 1000"),
        pytest.param(10**5000, "El sesgo: se esperaba un número y llegó un entero enorme (int)", id="enorme"),
        (MODEL, "El sesgo: se esperaba un número y llegó un objeto `Sequential`"),
    ],
)
def test_number_refuses_the_rest(value, message):
    assert says(expect.number, value, "el sesgo").startswith(message)


# labels


@pytest.mark.parametrize(
    "value", [[0, 1, 1], np.array([0.0, 1.0, 1.0], dtype=np.float16), np.array([0, 1, 1], dtype=np.uint64), np.array([False, True, True])]
)
def test_labels_are_whole_numbers(value):
    result = expect.labels(value, "las etiquetas", length=3, classes=2)
    assert result.dtype == np.int64
    assert result.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((3, 2)), "llegaron probabilidades de forma (3, 2); se piden etiquetas: falta `argmax` sobre el último eje"),
        (np.zeros((3, 1)), "se esperaba forma (3,) y llegó (3, 1): aplanala con `.ravel()`"),
        ([0, 1], "se esperaba forma (3,) y llegó (2,)"),
        ([0.2, 0.7, 1], "se esperaban etiquetas enteras y hay fracciones (¿son probabilidades?)"),
        ([0, 1, 2], "se esperaban etiquetas entre 0 y 1, y hay 0 y 2"),
        ([-1, -1, -1], "se esperaban etiquetas entre 0 y 1, y hay -1"),
        ([0, 1, 1e300], "se esperaban etiquetas entre 0 y 1, y hay 0 y 1e+300"),
        (np.array([0, 1, 2**64 - 1], dtype=np.uint64), "y hay 0 y 18446744073709551615"),
        ([0, 1, np.nan], "hay NaN"),
        (["a", "b", "c"], "se esperaba un arreglo de números"),
    ],
)
def test_labels_refuse_the_rest(value, message):
    assert f"Las etiquetas: {message}" in says(expect.labels, value, "las etiquetas", length=3, classes=2) or message in says(
        expect.labels, value, "las etiquetas", length=3, classes=2
    )


def test_no_labels_are_labels():
    assert expect.labels([], "las etiquetas", length=0, classes=2).dtype == np.int64


# mapping, items, text, between


def test_mapping():
    value = {"loss": 1, "b": 2}
    assert expect.mapping(value, "el historial", keys=["loss"]) is value
    assert says(expect.mapping, [1], "el historial", keys=[]) == "El historial: se esperaba un diccionario y llegó una lista de 1 elemento"
    assert says(expect.mapping, {"a": 1}, "el historial", keys=["loss"]) == "El historial: falta la clave 'loss'; llegó un diccionario con la clave 'a'"
    assert says(expect.mapping, {}, "el historial", keys=["x", "y"]) == "El historial: faltan las claves ['x', 'y']; llegó un diccionario vacío"


def test_items():
    assert expect.items([1, 2], "el resultado", length=2) == (1, 2)
    assert says(expect.items, (1,), "el resultado", length=2) == (
        "El resultado: se esperaban 2 valores (una tupla) y llegó una tupla de 1 elemento"
    )  # fmt: skip
    assert "se esperaba 1 valor (una tupla) y llegó un arreglo" in says(expect.items, np.zeros(1), "el resultado", length=1)


def test_text():
    assert expect.text("hola", "la respuesta") == "hola"
    for value in ("", " \n", None, b"x", 3):
        assert "La respuesta: se esperaba un texto y llegó" in says(expect.text, value, "la respuesta")


def test_between():
    assert expect.between(0.5, 0, 1, "No es una probabilidad") == 0.5
    assert expect.between(np.array([1.0]), 0, 1, "No es una probabilidad") == 1.0
    assert says(expect.between, 1.5, 0, 1, "No es una probabilidad.") == "No es una probabilidad. Se esperaba entre 0 y 1, y llegó 1.5"
    assert says(expect.between, None, 0, 1, "No es una probabilidad") == (
        "No es una probabilidad. El valor: se esperaba un número y llegó `None` (¿falta un `return`?)"
    )
    assert "llegó NaN" in says(expect.between, np.nan, 0, 1, "No es una probabilidad")


# equal and close


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (3, 3), (3.0, 3), (np.array(3), 3), (np.array([1, 2]), [1, 2]), ((1, 2), [1, 2]), ([[1], [2]], np.array([[1], [2]])),
        (np.zeros((0, 3)), np.zeros((0, 3))), ([], []), ([], ()), (True, True), (True, np.True_), (np.array(True), True),
        (np.array([True, False]), [True, False]), ([1, 0], np.array([True, False])), ("a", "a"), (b"a", b"a"), (None, None),
        (["a", "b"], ["a", "b"]), (("a", "b"), ["a", "b"]), (np.array(["a", "b"]), ["a", "b"]), (["a", "b"], np.array(["a", "b"])),
        (np.array("a"), "a"), ([1, None], [1, None]), (["a", 1], ("a", 1)), ([[1, 2], [3]], [[1, 2], [3]]),
        ((np.zeros(2), 0.5), (np.zeros(2), 0.5)), ({"a": np.zeros(2), "b": "x"}, {"b": "x", "a": [0, 0]}), ({}, {}),
        (np.nan, np.nan), ([1, np.nan], [1, np.nan]), ([0, -np.inf], [0, -np.inf]), (2**63, 2**63), (1j, 1j), ([1, 1j], np.array([1, 1j])),
        (2**53 + 1, 2**53 + 1), (np.uint64(2**64 - 1), np.uint64(2**64 - 1)), (-0.0, 0.0), (np.float32(0.5), 0.5),
    ],
    ids=repr,
)  # fmt: skip
def test_equal_passes(actual, expected):
    expect.equal(actual, expected, "No")
    expect.close(actual, expected, "No")


@pytest.mark.parametrize(
    ("actual", "expected", "detail"),
    [
        (4, 3, "Se esperaba 3 y llegó 4 (diferencia 1)"),
        ([1.5], [1], "Se esperaba 1 y llegó 1.5 (diferencia 0.5)"),
        ([1, 5, 2], [1, 2, 4], "Difieren 2 de 3 valores; el peor, en [1]: se esperaba 2 y llegó 5 (diferencia 3)"),
        ([1, 2, 5], [1, 2, 4], "Difiere 1 de 3 valores; el peor, en [2]: se esperaba 4 y llegó 5 (diferencia 1)"),
        ([[1, 3], [2, 4]], [[1, 2], [3, 4]], "Difieren 2 de 4 valores; el peor, en [0, 1]: se esperaba 2 y llegó 3 (diferencia 1). "
                                             "Es el resultado esperado, transpuesto"),
        ([[1, 4], [2, 5], [3, 6]], [[1, 2, 3], [4, 5, 6]], "Se esperaba forma (2, 3) y llegó (3, 2) (parece que faltó transponer)"),
        ([1, 2], [1, 2, 3], "Se esperaba forma (3,) y llegó (2,)"),
        ([[1, 2]], [1, 2], "Se esperaba forma (2,) y llegó (1, 2)"),
        (np.zeros((0, 3)), np.zeros(3), "Se esperaba forma (3,) y llegó (0, 3)"),
        (None, 3, "Se esperaba el número 3 y llegó `None` (¿falta un `return`?)"),
        (True, 1, "Se esperaba el número 1 y llegó True (bool)"),
        (np.array(True), 1.0, "Se esperaba el número 1 y llegó un arreglo bool de forma ()"),
        (1, True, "Se esperaba True y llegó 1 (int)"),
        (1.0, True, "Se esperaba True y llegó 1 (float)"),
        (False, True, "Se esperaba True y llegó False (bool)"),
        (np.array([True, True]), [True, False], "Difiere 1 de 2 valores; el peor, en [1]: se esperaba False y llegó True (diferencia 1)"),
        ("x", [1, 2], "Se esperaba un arreglo de números de forma (2,) y llegó el texto 'x'"),
        (MODEL, [1, 2], "Se esperaba un arreglo de números de forma (2,) y llegó un objeto `Sequential`"),
        (np.nan, 1.0, "Se esperaba 1 y llegó NaN"),
        (1.0, np.nan, "Se esperaba NaN y llegó 1"),
        ([5.0, 1], [np.inf, 1], "Difiere 1 de 2 valores; el peor, en [0]: se esperaba inf y llegó 5"),
        ([-np.inf], [np.inf], "Se esperaba inf y llegó -inf"),
        ([0.0, 0.5], [0, -np.inf], "Difiere 1 de 2 valores; el peor, en [1]: se esperaba -inf y llegó 0.5"),
        (1e308, -1e308, "Se esperaba -1e+308 y llegó 1e+308"),
        ("b", "a", "Se esperaba 'a' y llegó el texto 'b'"),
        (b"a", "a", "Se esperaba 'a' y llegó b'a' (bytes)"),
        (0, None, "Se esperaba None y llegó 0 (int)"),
        (["a", "c"], ["a", "b"], "En el elemento 1: se esperaba 'b' y llegó el texto 'c'"),
        (["a"], ["a", "b"], "Se esperaban 2 elementos y llegó una lista de 1 elemento"),
        ("ab", ["a", "b"], "Se esperaba una lista de 2 elementos y llegó el texto 'ab'"),
        ([[1, 2], [4]], [[1, 2], [3]], "En el elemento 1: se esperaba 3 y llegó 4 (diferencia 1)"),
        ([1], {"a": 1}, "Se esperaba un diccionario y llegó una lista de 1 elemento"),
        ({"b": 1}, {"a": 1}, "Falta la clave 'a'"),
        ({}, {"a": 1, "b": 1}, "Faltan las claves 'a', 'b'"),
        ({"a": 1, "b": 1}, {"a": 1}, "Sobra la clave 'b'"),
        ({"a": 1, "b": 1, "c": 1}, {"a": 1}, "Sobran las claves 'b', 'c'"),
        ({"a": np.array([1, 2])}, {"a": 1}, "En la clave 'a': se esperaba forma () y llegó (2,)"),
        ({"a": np.array([1, 2])}, {"a": {"b": 1}}, "En la clave 'a': se esperaba un diccionario y llegó un arreglo int64 de forma (2,)"),
        (1 + 2j, 1 + 1j, "Se esperaba 1+1j y llegó 1+2j (diferencia 1)"),
        (1j, 1.0, "Se esperaba el número 1 y llegó 0+1j (complex)"),
    ],
    ids=repr,
)  # fmt: skip
def test_equal_and_close_say_the_difference(actual, expected, detail):
    for compare in (expect.equal, expect.close):
        with pytest.raises(CheckFailed) as caught:
            compare(actual, expected, "No coincide.")
        assert (caught.value.message, caught.value.detail) == ("No coincide", detail)


def test_equal_is_exact():
    assert "se esperaba 9007199254740992 y llegó 9007199254740993" in says(expect.equal, [0, 2**53 + 1], [0, 2**53], "No")
    assert "Se esperaba 0.3 y llegó 0.30000000000000004 (diferencia 5.55e-17)" in says(expect.equal, 0.1 + 0.2, 0.3, "No")
    expect.equal(2**70, 2**70, "No")
    assert "Se esperaba 1180591620717411303424 y llegó 1180591620717411303425 (int)" in says(expect.equal, 2**70 + 1, 2**70, "No")
    expect.close(2**70 + 1, 2**70, "No")
    assert "y llegó -9223372036854775808" in says(expect.equal, np.int64(-(2**63)), 2**63 - 1, "No")


def test_close_has_tolerances():
    expect.close(1.0 + 5e-6, 1.0, "No")
    expect.close(5e-9, 0.0, "No")
    expect.close([100.0, 1.0], [101.0, 1.0], "No", rtol=0.01)
    expect.close(100.0, 100.4, "No", atol=0.5, rtol=0)
    assert "Se esperaba 1 y llegó 1.00002" in says(expect.close, 1.00002, 1.0, "No")
    assert "Se esperaba 0 y llegó 5e-09" in says(expect.close, 5e-9, 0.0, "No", atol=0, rtol=0)
    expect.close(np.float16(0.1), 0.1, "No", rtol=1e-3)
    expect.close({"a": [1.0000001, "x"]}, {"a": [1.0, "x"]}, "No")


def test_a_likely_slip_is_named():
    expected = np.array([1.0, -2.0])
    slips = {"parece que faltó el signo menos": -expected, "parece que faltó promediar": expected.sum()}
    with pytest.raises(CheckFailed) as caught:
        expect.close(-expected, expected, "El gradiente no coincide.", slips=slips)
    assert caught.value.message == "El gradiente no coincide: parece que faltó el signo menos"
    assert caught.value.detail.startswith("Difieren 2 de 2")
    assert says(expect.close, -1.0, expected, "No", slips=slips).startswith("No: parece que faltó promediar. Se esperaba forma (2,)")
    assert says(expect.equal, "b", "a", "No", slips={"van al revés": "b"}) == "No: van al revés. Se esperaba 'a' y llegó el texto 'b'"
    assert says(expect.close, 5.0, expected, "No", slips=slips).startswith("No. ")
    expect.close(expected, expected, "No", slips={"esto no es un desliz": expected})


def test_an_authors_mistake_is_no_failure_of_the_answer():
    for expected in (object(), {1, 2}, np.array([object()]), MODEL):
        with pytest.raises(TypeError, match="expected plain data to compare with"):
            expect.equal(1, expected, "No")


numbers = st.integers() | st.floats() | st.booleans() | st.complex_numbers()
comparable = (
    st.none() | numbers | st.text(max_size=5) | st.binary(max_size=5) | st.sampled_from([25, 400, 5000]).map(lambda digits: 10**digits)
    | hnp.arrays(st.sampled_from(["b1", "i1", "u1", "i8", "u8", "f2", "f4", "f8", "c16", "U2", "S2"]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
)  # fmt: skip


def nested(leaves):
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=2) | st.integers(), inner, max_size=3),
    )


expected_values = nested(comparable)
plain_values = nested(comparable | st.just(MODEL))


@settings(max_examples=300, deadline=None)
@given(plain_values, expected_values)
def test_whatever_comes_only_check_failed_is_raised(value, expected):
    calls = [
        lambda: expect.true(value, "m"),
        lambda: expect.array(value, "n"),
        lambda: expect.array(value, "n", shape=(None, 2), finite=False),
        lambda: expect.number(value, "n"),
        lambda: expect.labels(value, "n", length=2, classes=2),
        lambda: expect.mapping(value, "n", keys=["a"]),
        lambda: expect.items(value, "n", length=2),
        lambda: expect.text(value, "n"),
        lambda: expect.between(value, 0, 1, "m"),
        lambda: expect.equal(value, expected, "m"),
        lambda: expect.close(value, expected, "m", slips={"s": expected}),
        lambda: expect.equal(value, 1.5, "m", slips={"s": np.zeros(2), "t": "x"}),
        lambda: expect.close(value, np.eye(2), "m"),
        lambda: expect.equal(value, "x", "m"),
        lambda: expect.equal(value, {"a": [1, "b"]}, "m"),
    ]
    for call in calls:
        try:
            call()
        except CheckFailed as error:
            assert error.message
            assert "  " not in error.message
            assert len(str(error)) < 2000


@settings(max_examples=200, deadline=None)
@given(expected_values)
def test_everything_equals_itself(value):
    expect.equal(value, value, "m")
    expect.close(value, value, "m")


@settings(deadline=None)
@given(
    hnp.arrays(np.float64, 4, elements=st.floats(-1e6, 1e6)),
    hnp.arrays(np.float64, 4, elements=st.floats(-1e6, 1e6)),
    st.sampled_from([0.0, 1e-5, 0.1]),
    st.sampled_from([0.0, 1e-8, 1.0]),
)
def test_close_agrees_with_numpy(actual, expected, rtol, atol):
    try:
        expect.close(actual, expected, "m", rtol=rtol, atol=atol)
    except CheckFailed as error:
        count = (~np.isclose(actual, expected, rtol=rtol, atol=atol)).sum()
        assert f"{count} de 4" in error.detail
    else:
        assert np.allclose(actual, expected, rtol=rtol, atol=atol)
