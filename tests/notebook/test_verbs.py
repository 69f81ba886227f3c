"""The verbs outside a notebook: in plain Python, whose globals are this module's."""

import subprocess
import sys

import pytest

import catedra
from catedra import clase, comprobar, pista, solucion
from catedra.checking import Outcome
from catedra.notebook.errors import Interrupted, NotebookError
from catedra.notebook.session import SESSION, session_names
from catedra.store import Store, StoreError


@pytest.fixture
def chosen(course_class):
    clase(901)
    return course_class


def answer(monkeypatch, **functions):
    for name, function in functions.items():
        monkeypatch.setitem(globals(), name, function)


def test_the_callers_globals_are_the_session():
    assert session_names() is globals()


def test_clase_says_what_it_chose(course_class):
    card = clase(901)
    assert "Clase 901 · Sumas y medias" in str(card)
    assert "comprobar(5)" in str(card)
    assert SESSION.chosen == course_class


@pytest.mark.parametrize("number", ["901", 901.0, True, None])
def test_clase_wants_a_number(course_class, number):
    with pytest.raises(NotebookError, match="espera el número de la clase"):
        clase(number)


def test_an_unknown_class_is_told_without_traceback(course_class):
    with pytest.raises(NotebookError, match=r"^No hay una clase 5 construida; hay: 901") as raised:
        clase(5)
    assert raised.value._render_traceback_() == [str(raised.value)]


def test_a_broken_class_is_not_the_students_fault(chosen):
    (chosen.folder / "checks.py").write_text("1 / 0")
    with pytest.raises(NotebookError, match=r"La clase está rota, y no es cosa tuya.*ZeroDivisionError"):
        comprobar(1)


@pytest.mark.parametrize("verb", [comprobar, pista, solucion, catedra.entregar])
def test_a_class_must_be_chosen(course_class, verb):
    with pytest.raises(NotebookError, match="Todavía no elegiste la clase"):
        verb(1)


@pytest.mark.parametrize("verb", [comprobar, pista, solucion])
@pytest.mark.parametrize(
    ("exercise", "says"),
    [("1", "espera el número del ejercicio"), (True, "espera"), (0, "del 1 al 5, y pediste el 0"), (6, "pediste el 6")],
)
def test_a_wrong_exercise_is_told(chosen, verb, exercise, says):
    with pytest.raises(NotebookError, match=says):
        verb(exercise)


def test_a_missing_stack_is_told_with_what_to_install(course_class, monkeypatch):
    lesson = course_class.folder / "lesson.md"
    lesson.write_text(lesson.read_text().replace("stacks: []", "stacks: [torch]"))
    monkeypatch.setattr("catedra.stacks.missing_modules", lambda item: ("torch",))
    assert "falta el stack torch" in str(clase(901))
    with pytest.raises(NotebookError, match=r"Falta el stack torch .*make setup STACKS=torch"):
        comprobar(1)


def test_a_stack_sets_its_backend_and_says_when_it_can_not(course_class, monkeypatch):
    lesson = course_class.folder / "lesson.md"
    lesson.write_text(lesson.read_text().replace("stacks: []", "stacks: [keras-jax]"))
    monkeypatch.setattr("catedra.stacks.missing_modules", lambda item: ())
    monkeypatch.delenv("KERAS_BACKEND")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    assert "KERAS_BACKEND" not in str(clase(901))
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert "La clase usa KERAS_BACKEND=jax y acá vale torch" in str(clase(901))
    monkeypatch.setenv("KERAS_BACKEND", "jax")

    class Keras:
        class config:
            backend = staticmethod(lambda: "tensorflow")

    monkeypatch.setitem(sys.modules, "keras", Keras)
    assert "reiniciá el kernel" in str(clase(901))


def test_a_right_answer(chosen, monkeypatch):
    answer(monkeypatch, plus_1=lambda x: x + 1, plus_5=lambda x: x + 5)
    card = comprobar(1)
    assert card.outcome is Outcome.CORRECT
    assert str(card) == "✓ Ejercicio 1 · correcto (orientativo)\n  La suma está bien.\n  → Seguí con el ejercicio 2."
    assert "seguí con la tarea" in str(comprobar(5))
    with Store() as store:
        (first, _) = store.attempts(901)
        assert store.uses()[-1].verb == "comprobar"
    assert (first.place, first.outcome, len(first.source_sha256)) == (1, Outcome.CORRECT, 64)


def test_a_wrong_answer_points_at_hint_and_section(chosen, monkeypatch):
    answer(monkeypatch, plus_1=lambda x: x - 1)
    card = comprobar(1)
    assert card.outcome is Outcome.INCORRECT
    assert "parece una resta" in card.message
    assert "¿Una pista? `pista(1)` (3 sin ver)." in card.steps
    assert "Releé «Sumar es juntar»." in card.steps
    for _ in range(3):
        pista(1)
    assert any("solucion(1)" in step for step in comprobar(1).steps)


def test_the_same_inputs_each_time(chosen, monkeypatch):
    answer(monkeypatch, plus_1=lambda x: 0)
    assert comprobar(1) == comprobar(1)


def test_nothing_written(chosen, monkeypatch):
    def plus_1(x): ...

    answer(monkeypatch, plus_1=plus_1)
    card = comprobar(1)
    assert card.outcome is Outcome.NOT_ATTEMPTED
    assert "en lugar de `...`" in str(card)
    monkeypatch.delitem(globals(), "plus_1")
    assert comprobar(1).outcome is Outcome.NOT_ATTEMPTED
    with Store() as store:
        assert store.attempts(901)[1].source_sha256 is None


def test_an_answer_that_raises(chosen, monkeypatch):
    answer(monkeypatch, plus_1=lambda x: 1 / 0)
    card = comprobar(1)
    assert card.outcome is Outcome.RUNTIME_ERROR
    assert "ZeroDivisionError" in card.message


def test_stopping_an_answer_that_never_ends(chosen, monkeypatch):
    def plus_1(x):
        raise KeyboardInterrupt

    answer(monkeypatch, plus_1=plus_1)
    with pytest.raises(Interrupted, match=r"Frenaste la comprobación del ejercicio 1.*bucle que no termina") as raised:
        comprobar(1)
    assert raised.value._render_traceback_() == [str(raised.value)]
    assert isinstance(raised.value, KeyboardInterrupt)
    with Store() as store:
        assert store.attempts(901)[0].outcome is Outcome.TIMEOUT
    assert "plus_1" in str(solucion(1))


def test_stopping_another_verb(chosen, monkeypatch):
    def stop(_course_class):
        raise KeyboardInterrupt

    monkeypatch.setattr("catedra.course.parts.checks_of", stop)
    with pytest.raises(Interrupted, match="Frenaste `pista` antes de que terminara"):
        pista(1)


def test_hints_unfold_one_by_one(chosen):
    first, second, third, again = (pista(2) for _ in range(4))
    assert first.message == "¿Cuánto falta?"
    assert "Quedan 2: `pista(2)`." in first.steps
    assert second.folded == (("Pista 1", "¿Cuánto falta?"),)
    assert "Queda 1: `pista(2)`." in second.steps
    assert third.message == again.message == "return x + …"
    assert third.steps == ()
    assert "No hay más pistas" in again.steps[0]


def test_a_solution_only_after_an_attempt(chosen, monkeypatch):
    comprobar(1)  # not written: no attempt
    with pytest.raises(NotebookError, match="Probá primero vos"):
        solucion(1)
    answer(monkeypatch, plus_1=lambda x: x)
    comprobar(1)
    card = solucion(1)
    assert "return x + 1 + 0 * SIZE" in str(card)
    assert card._repr_markdown_().count("```") == 2
    assert "@exercise" not in repr(card)


def test_an_attempt_of_another_day_counts(chosen):
    with Store() as store:
        store.record_attempt(901, 3, Outcome.INCORRECT, message="")
    assert "def plus_3" in str(solucion(3))


def test_a_failing_store_takes_nothing_away(chosen, monkeypatch):
    def fail():
        raise StoreError("No queda lugar en el disco.")

    monkeypatch.setattr("catedra.notebook.progress._open", fail)
    with pytest.raises(NotebookError, match=r"Probá primero vos.*No queda lugar"):
        solucion(1)
    answer(monkeypatch, plus_1=lambda x: x - 1)
    card = comprobar(1)
    assert card.outcome is Outcome.INCORRECT
    assert card.steps[0] == "Este intento no quedó anotado. No queda lugar en el disco."
    assert "def plus_1" in str(solucion(1))
    assert [pista(1).title[-1:] for _ in range(3)] == ["3", "3", "3"]
    assert "La pista vale, pero no quedó anotada" in pista(1).steps[-1]
    assert any("solucion(1)" in step for step in comprobar(1).steps)


LIGHT = """
import sys, time
start = time.process_time()
import catedra
seconds = time.process_time() - start
assert "numpy" not in sys.modules and "catedra.notebook" not in sys.modules
from catedra import clase, comprobar, entregar, pista, solucion
assert "numpy" not in sys.modules and "sqlalchemy" not in sys.modules
assert "comprobar" in dir(catedra) and callable(catedra.comprobar)
print(seconds)
"""


def test_importing_catedra_is_light():
    done = subprocess.run([sys.executable, "-W", "error", "-c", LIGHT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.05


def test_unknown_name_of_the_package():
    with pytest.raises(AttributeError, match="nothing"):
        _ = catedra.nothing
    assert "comprobar" in dir(catedra)
