"""An answer seen from outside: plain data cross, handles come back, and nothing that the student's code raises ends the judge."""

import gc

import numpy as np
import pytest

from catedra.checking import AnswerError, Handle, LiveAnswer, NotAttempted, StudentError
from catedra.checking.answer import MAX_FRAMES
from catedra.checking.namespace import Cell, Namespace, load_namespace


def answer_of(*sources: str) -> LiveAnswer:
    return LiveAnswer(load_namespace([Cell(f"celda {n}", source) for n, source in enumerate(sources, start=1)], "el cuaderno tarea.ipynb"))


MODEL = """
class Model:
    def __init__(self, w): self.w = w
def build(w): return Model(w)
def weight(model, plus=0): return model.w + plus
def pair(): return [Model(1), {"m": Model(2)}]
def weights(models): return [models[0].w, models[1]["m"].w]
"""


def test_arguments_by_position_and_by_name():
    answer = answer_of("def f(x, y=0, *, name=''): return (x, y, name)")
    assert answer.f(1) == (1, 0, "")
    assert answer.f(1, y=np.float32(0.5), name="z") == (1, 0.5, "z")


def test_in_place_changes_stay_with_the_student():
    answer = answer_of("def scale(x, parts):\n    x /= 255\n    parts['a'][0] = 9\n    parts.clear()\n    return x")
    pixels, parts = np.array([255.0, 0.0]), {"a": [1]}
    assert answer.scale(pixels, parts).tolist() == [1.0, 0.0]
    assert pixels.tolist() == [255.0, 0.0]
    assert parts == {"a": [1]}


def test_what_came_back_is_not_changed_afterwards():
    answer = answer_of("KEPT = [0]\ndef first():\n    import numpy as np\n    KEPT[0] = np.zeros(2)\n    return KEPT[0]\ndef spoil(): KEPT[0][:] = 7")
    result = answer.first()
    answer.spoil()
    assert result.tolist() == [0.0, 0.0]


def test_handles_are_passed_back():
    answer = answer_of(MODEL)
    model = answer.build(3)
    assert type(model) is Handle
    assert model.kind == "Model"
    assert answer.weight(model, plus=1) == 4
    assert answer.weights(answer.pair()) == [1, 2]
    assert answer.weights((model, {"m": model})) == [3, 3]


def test_a_handle_is_only_good_where_it_came_from():
    answer, other = answer_of(MODEL), answer_of(MODEL)
    model, stranger = answer.build(1), other.build(2)
    assert answer.weight(model) == 1
    for handle in (stranger, Handle(-1, "Model"), Handle(10**9, "Model"), Handle(model.id, "Otro")):
        with pytest.raises(ValueError, match="not issued by this answer"):
            answer.weight(handle)


def test_a_handle_that_a_student_makes_up_is_an_object_like_any_other():
    answer = answer_of(MODEL, "from catedra.checking import Handle\ndef forge(): return Handle(0, 'Model')\ndef show(x): return type(x).__name__")
    answer.build(1)
    forged = answer.forge()
    assert forged.kind == "Handle"
    assert answer.show(forged) == "Handle"


def test_an_object_lives_as_long_as_its_handle():
    answer = answer_of("import weakref\nALIVE = []\nclass M: pass\ndef build():\n    m = M()\n    ALIVE.append(weakref.ref(m))\n    return m\n"
                       "def alive(): return [r() is not None for r in ALIVE]")  # fmt: skip
    kept = answer.build()
    answer.build()
    gc.collect()
    assert answer.alive() == [True, False]
    assert kept.kind == "M"


def test_a_judge_passes_data_and_handles_only():
    answer = answer_of("def f(g): return g(1)")
    with pytest.raises(Exception, match="a check may pass plain data and handles; received function") as caught:
        answer.f(lambda x: x)
    assert not isinstance(caught.value, AnswerError)  # the fault is the check's


def test_there_is_no_way_in_but_functions():
    answer = answer_of("def _private(): return 1\nX = 3")
    with pytest.raises(AttributeError):
        answer._private  # noqa: B018
    with pytest.raises(NotAttempted, match="`X` no es una función sino un `int`: ¿pisaste el nombre en otra celda\\?"):
        answer.X()


def test_the_stub_is_not_attempted():
    answer = answer_of('def f(x):\n    """Docstring."""\n    ...')
    with pytest.raises(NotAttempted, match="`f` todavía no está escrita: su cuerpo sigue siendo `...`"):
        answer.f(1)
    with pytest.raises(NotAttempted, match="no encontré la función `g` en el cuaderno tarea.ipynb"):
        answer.g(1)


def test_an_error_names_cell_and_line():
    answer = answer_of("import json", "def helper(x):\n    return 1 / x\n\ndef f(x):\n    y = x\n    return helper(y)")
    with pytest.raises(StudentError) as caught:
        answer.f(0)
    error = caught.value
    assert str(error) == "`f` se cortó con ZeroDivisionError: division by zero (celda 2, línea 2)"
    assert error.kind == "ZeroDivisionError"
    assert str(error.place) == "celda 2, línea 2"
    assert error.details == ("celda 2, línea 6: return helper(y)", "celda 2, línea 2: return 1 / x")


def test_an_error_inside_a_library_names_the_students_line():
    answer = answer_of("import json\ndef f(x):\n    return json.loads(x)")
    with pytest.raises(StudentError, match=r"JSONDecodeError: .* \(celda 1, línea 3\)"):
        answer.f("{")


def test_a_wrong_signature_has_no_place():
    answer = answer_of("def f(x): return x")
    with pytest.raises(StudentError, match="takes 1 positional argument but 2 were given") as caught:
        answer.f(1, 2)
    assert caught.value.place is None
    assert caught.value.details == ()


def test_a_name_that_a_training_cell_computes_is_explained():
    answer = answer_of("def f(): return scaler + 1", "scaler = max(1, 2)")
    with pytest.raises(StudentError) as caught:
        answer.f()
    assert "name 'scaler' is not defined (celda 1, línea 1)" in str(caught.value)
    assert "`scaler` se calcula en celda 2, fuera de toda función" in str(caught.value)
    with pytest.raises(StudentError, match="name 'nada' is not defined \\(celda 1, línea 1\\)$"):
        answer_of("def f(): return nada").f()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import sys; sys.exit(3)", "se cortó con SystemExit: 3 (celda 1, línea 2). Sacá el `exit()`"),
        ("raise SystemExit", "se cortó con SystemExit (celda 1"),
        ("raise GeneratorExit", "se cortó con GeneratorExit"),
        ("raise MemoryError", "se cortó con MemoryError"),
        ("import asyncio; raise asyncio.CancelledError", "se cortó con CancelledError"),
        ("assert False", "se cortó con AssertionError (celda 1, línea 2)"),
        ("raise KeyError('loss')", "se cortó con KeyError: 'loss' (celda 1, línea 2)"),
    ],
)
def test_nothing_that_is_raised_ends_the_judge(body, says):
    with pytest.raises(StudentError) as caught:
        answer_of(f"def f():\n    {body}").f()
    assert says in str(caught.value)


def test_the_persons_own_interruption_passes_through():
    with pytest.raises(KeyboardInterrupt):
        answer_of("def f(): raise KeyboardInterrupt").f()


def test_endless_recursion_is_told_in_a_few_lines():
    with pytest.raises(StudentError) as caught:
        answer_of("def f(n=0):\n    return f(n + 1)").f()
    assert caught.value.kind == "RecursionError"
    assert len(caught.value.details) == MAX_FRAMES + 1
    assert caught.value.details[0].endswith("llamadas más afuera)")


def test_an_exception_that_cannot_say_what_it_is():
    answer = answer_of("class E(Exception):\n    def __str__(self): raise ValueError\ndef f(): raise E", "def g(): raise ValueError('x' * 10**6)")
    with pytest.raises(StudentError, match=r"^`f` se cortó con E \(celda 1, línea 3\)$"):
        answer.f()
    with pytest.raises(StudentError) as caught:
        answer.g()
    assert len(str(caught.value)) < 1000


def test_what_cannot_be_read_is_the_students_error():
    answer = answer_of("def f():\n    x = []\n    x.append(x)\n    return x\ndef g(): return {None: 1}")
    with pytest.raises(StudentError, match="`f` devolvió algo que no se puede leer: hay más de 32 niveles"):
        answer.f()
    with pytest.raises(StudentError, match="las claves de un diccionario son texto o números, y llegó un `NoneType`"):
        answer.g()


def test_arrays_of_objects_come_back_as_handles_that_say_so():
    answer = answer_of("import numpy as np\ndef f(): return np.array([[1], [1, 2]], dtype=object)\ndef g(x): return len(x[1])")
    ragged = answer.f()
    assert ragged == Handle(ragged.id, "ndarray de dtype object")
    assert answer.g(ragged) == 2


def test_generators_are_passed_back_as_they_are():
    answer = answer_of("def batches():\n    yield 1\n    yield 2\ndef take(it): return next(it)")
    stream = answer.batches()
    assert stream.kind == "generator"
    assert [answer.take(stream), answer.take(stream)] == [1, 2]


def test_any_callable_of_the_namespace_will_do():
    answer = LiveAnswer(Namespace({"size": len, "Box": dict}))
    assert answer.size([1, 2]) == 2
    assert answer.Box(a=1) == {"a": 1}
