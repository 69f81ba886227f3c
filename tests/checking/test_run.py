"""Whatever happens while judging becomes one of the outcomes, with a sentence for the student."""

import numpy as np
import pytest

from catedra.checking import (
    AnswerTimeout,
    Evidence,
    LiveAnswer,
    Outcome,
    Scale,
    ScaleName,
    check,
    criterion,
    expect,
    measurement,
    run_check,
    run_criterion,
    run_measurement,
)
from catedra.checking.namespace import Cell, load_namespace

LAPTOP, SMOKE = Scale(ScaleName.LAPTOP), Scale(ScaleName.SMOKE)


def answer_of(source: str) -> LiveAnswer:
    return LiveAnswer(load_namespace([Cell("celda 1", source)], "el cuaderno t.ipynb"))


def checked(function, source="", title="El doble está bien.") -> tuple[Outcome, str, str]:
    function.__doc__ = title
    made = check(3, hints=["a", "b", "c"], section="doble")(function)
    result = run_check(made, answer_of(source), np.random.default_rng(0))
    assert (result.exercise, result.section, result.title) == (3, "doble", title.rstrip("."))
    assert 0 <= result.seconds < 5
    return result.outcome, result.message, result.detail


def double(answer, rng):
    value = float(rng.random())
    expect.close(expect.number(answer.double(value), "el doble"), 2 * value, "No es el doble", slips={"parece un cuadrado": value**2})


def test_correct():
    assert checked(double, "def double(x): return x + x") == (Outcome.CORRECT, "El doble está bien.", "")
    assert checked(lambda answer: None, title="¿Anda?")[1] == "¿Anda?"


def test_incorrect():
    outcome, message, detail = checked(double, "def double(x): return x * x")
    assert (outcome, message) == (Outcome.INCORRECT, "No es el doble: parece un cuadrado.")
    assert detail.startswith("Se esperaba 1.27")
    outcome, message, _ = checked(double, "def double(x): pass")
    assert (outcome, message) == (Outcome.INCORRECT, "El doble: se esperaba un número y llegó `None` (¿falta un `return`?).")
    assert checked(lambda answer: expect.fail("¿Faltó transponer?"))[1] == "¿Faltó transponer?"


def test_not_attempted():
    assert checked(double, "def double(x):\n    ...") == (
        Outcome.NOT_ATTEMPTED, "`double` todavía no está escrita: su cuerpo sigue siendo `...`.", "",
    )  # fmt: skip
    assert checked(double)[1].startswith("No encontré la función `double` en el cuaderno t.ipynb")


def test_runtime_error():
    outcome, message, detail = checked(double, "def double(x):\n    raise ValueError('esperaba 1, 2, ... n.')")
    assert (outcome, message) == (Outcome.RUNTIME_ERROR, "`double` se cortó con ValueError: esperaba 1, 2, ... n. (celda 1, línea 2).")
    assert detail == "celda 1, línea 2: raise ValueError('esperaba 1, 2, ... n.')"
    assert checked(double, "def double(x): exit(0)")[0] is Outcome.RUNTIME_ERROR


def test_the_persons_own_interruption_passes_through():
    with pytest.raises(KeyboardInterrupt):
        checked(double, "def double(x): raise KeyboardInterrupt")


def test_timeout_and_inconclusive():
    def late(answer):
        raise AnswerTimeout("`double` no terminó en 5 segundos")

    assert checked(late) == (Outcome.TIMEOUT, "`double` no terminó en 5 segundos.", "")
    assert checked(lambda answer: expect.inconclusive("La máquina estaba ocupada", "0,3 s de CPU en 2 s")) == (
        Outcome.INCONCLUSIVE, "La máquina estaba ocupada.", "0,3 s de CPU en 2 s",
    )  # fmt: skip


def test_a_broken_check_is_not_the_students_fault():
    outcome, message, detail = checked(lambda answer: 1 / 0)
    assert outcome is Outcome.NOT_CHECKABLE
    assert message == "La comprobación misma falló: no es un error tuyo. Avisanos con el detalle de abajo."
    assert detail == "ZeroDivisionError: division by zero"


def measured(function, source="def f(): return 0.9", *, scale=LAPTOP, data=None, **arguments):
    result = run_criterion(criterion("exactitud en test", **arguments)(function), answer_of(source), data=data, variant=None, scale=scale, seed=7)
    assert result.seed == 7
    assert result.scale == scale.name.value
    return result


def value_of(answer):
    return answer.f()


def test_a_criterion_met():
    result = measured(value_of, at_least=0.87, percent=True)
    assert (result.outcome, result.value, result.threshold, result.message) == (Outcome.CORRECT, 0.9, "≥ 0.87", "Criterio cumplido.")
    assert result.percent


def test_a_criterion_not_met():
    result = measured(value_of, at_least=0.95, hint="Probá con más épocas.")
    assert (result.outcome, result.value, result.message) == (Outcome.INCORRECT, 0.9, "Probá con más épocas.")
    assert measured(value_of, at_least=0.95).message == "El valor medido no alcanza el umbral."
    assert measured(value_of, at_most=0.5).message == "El valor medido pasa el umbral."
    assert measured(value_of, at_least=0.1, at_most=0.5).message == "El valor medido no está entre los umbrales."


@pytest.mark.parametrize("bad", ["float('nan')", "True", "None", "'0.99'", "[0.99]", "float('inf')"])
def test_a_value_that_is_no_number_meets_nothing(bad):
    result = measured(value_of, f"def f(): return {bad}", at_least=0.5)
    assert (result.outcome, result.value) == (Outcome.INCORRECT, None)
    assert result.message.startswith("Exactitud en test: se esperaba un")


def test_the_judges_own_numpy_values_count():
    assert measured(lambda answer: np.float32(0.5), at_least=0.5).value == 0.5
    assert measured(lambda answer: np.mean(np.array([0.5, 0.7], dtype=np.float32)), at_least=0.5).outcome is Outcome.CORRECT


def test_smoke_does_not_judge_what_trains():
    result = measured(value_of, at_least=0.95, scale=SMOKE)
    assert (result.outcome, result.value) == (Outcome.NOT_CHECKABLE, 0.9)
    assert result.message == "A escala smoke los datos son generados: se mide que funcione, no se juzga el umbral."
    assert measured(value_of, at_least=0.95, scale=SMOKE, trains=False).outcome is Outcome.INCORRECT


def test_written_answers_wait():
    result = measured(lambda answer: 0.0, evidence=Evidence.WRITTEN, rubric=["explica"])
    assert (result.outcome, result.value, result.threshold) == (Outcome.PENDING, None, None)
    assert measured(value_of, "def f(): ...", evidence=Evidence.WRITTEN, rubric=["explica"]).outcome is Outcome.NOT_ATTEMPTED


def test_reported_values_decide_nothing():
    result = measured(value_of, evidence=Evidence.REPORTED)
    assert (result.outcome, result.value, result.message) == (Outcome.CORRECT, 0.9, "Informado por tu código; no decide.")


def test_a_criterion_that_fails():
    assert measured(value_of, "def f(): 1 / 0", at_least=1).outcome is Outcome.RUNTIME_ERROR
    assert measured(lambda answer: {}["x"], at_least=1).outcome is Outcome.NOT_CHECKABLE


def test_what_is_asked_for_is_provided():
    def everything(answer, rng, data, scale, seed):
        """Todo."""
        return {"draw": float(rng.random()), "data": data, "scale": scale.name, "seed": seed}

    made = measurement(data="moons")(everything)
    once, twice, other = (run_measurement(made, answer_of(""), data="DATOS", scale=SMOKE, seed=seed) for seed in (3, 3, 4))
    assert once == twice
    assert once["draw"] != other["draw"]
    assert (once["data"], once["scale"], once["seed"]) == ("DATOS", ScaleName.SMOKE, 3)


def test_a_measurements_error_is_the_authors():
    def broken(answer):
        """Falla."""
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        run_measurement(measurement()(broken), answer_of(""), data=None, scale=SMOKE, seed=0)
