"""Runs checks and criteria against an answer, and turns whatever happens into a typed result.

Pure: knows no process, no deadline and no file. Whoever calls it provides the data set's split and keeps the clock's limits.
"""

import time
from typing import Any

import numpy as np

from catedra.checking import expect
from catedra.checking.answer import Answer, AnswerTimeout, NotAttempted, StudentError
from catedra.checking.declare import Check, Criterion, Measurement, Threshold
from catedra.checking.namespace import error_text
from catedra.checking.outcome import Evidence, Outcome
from catedra.checking.scale import Scale
from catedra.checking.verdict import CheckResult, CriterionResult


def run_check(check: Check, answer: Answer, rng: "np.random.Generator") -> CheckResult:
    """Judge an exercise.

    Args:
        check: the class's.
        answer: the functions under judgement.
        rng: what random inputs are drawn from.
    """
    start = time.perf_counter()
    provided = {"answer": answer, "rng": rng}
    try:
        check.function(**{name: provided[name] for name in check.needs})
    except Exception as error:
        outcome, message, detail = _explain(error)
    else:
        outcome, message, detail = Outcome.CORRECT, _sentence(check.title), ""
    return CheckResult(check.exercise, check.title, outcome, message, detail, check.section, time.perf_counter() - start)


def run_criterion(
    criterion: Criterion,
    answer: Answer,
    *,
    data: Any,
    variant: str | None,
    scale: Scale,
    seed: int,
    rng: "np.random.Generator | None" = None,
) -> CriterionResult:
    """Measure a criterion and judge it against its threshold.

    Args:
        criterion: the class's.
        answer: the functions under judgement.
        data: the `Split` of the criterion's data set, or None.
        variant: the data's name for the verdict.
        scale: how big the run is; at smoke scale a criterion that trains is measured but not judged.
        seed: to train with.
        rng: what the judge draws from; by default from the seed, which the answer knows.
    """
    start = time.perf_counter()
    value: float | None = None
    detail = ""
    try:
        raw = criterion.function(**_provide(criterion.needs, answer, data, scale, seed, rng))
        if criterion.evidence is Evidence.WRITTEN:
            outcome, message = Outcome.PENDING, "La respuesta escrita está; la lee tu docente con esta rúbrica."
        else:
            value = expect.number(raw, criterion.name)
            outcome, message = _judge(criterion, value, scale)
    except Exception as error:
        outcome, message, detail = _explain(error)
    return CriterionResult(
        name=criterion.name,
        outcome=outcome,
        evidence=criterion.evidence,
        value=value,
        threshold=str(criterion.threshold) if criterion.threshold else None,
        percent=criterion.percent,
        unit=criterion.unit,
        seed=seed,
        scale=scale.name.value,
        data=variant,
        message=message,
        detail=detail,
        seconds=time.perf_counter() - start,
    )


def run_measurement(measurement: Measurement, answer: Answer, *, data: Any, scale: Scale, seed: int) -> dict[str, Any]:
    """Run a measurement for one seed and return its named results; errors are the author's and propagate."""
    return measurement.function(**_provide(measurement.needs, answer, data, scale, seed))


def _provide(
    needs: tuple[str, ...], answer: Answer, data: Any, scale: Scale, seed: int, rng: "np.random.Generator | None" = None
) -> dict[str, Any]:
    rng = np.random.default_rng(seed) if rng is None else rng
    provided = {"answer": answer, "data": data, "scale": scale, "seed": seed, "rng": rng}
    return {name: provided[name] for name in needs}


def _judge(criterion: Criterion, value: float, scale: Scale) -> tuple[Outcome, str]:
    threshold = criterion.threshold
    if threshold is None:
        return Outcome.CORRECT, "Informado por tu código; no decide."
    if criterion.trains and not scale.judges:
        return Outcome.NOT_CHECKABLE, "A escala smoke los datos son generados: se mide que funcione, no se juzga el umbral."
    if threshold.met(value):
        return Outcome.CORRECT, "Criterio cumplido."
    return Outcome.INCORRECT, criterion.hint or _missed(threshold)


def _missed(threshold: Threshold) -> str:
    if threshold.at_least is not None and threshold.at_most is not None:
        return "El valor medido no está entre los umbrales."
    return "El valor medido no alcanza el umbral." if threshold.at_least is not None else "El valor medido pasa el umbral."


def _explain(error: Exception) -> tuple[Outcome, str, str]:
    if isinstance(error, NotAttempted):
        return Outcome.NOT_ATTEMPTED, _sentence(str(error)), ""
    if isinstance(error, AnswerTimeout):
        return Outcome.TIMEOUT, _sentence(str(error)), ""
    if isinstance(error, StudentError):
        return Outcome.RUNTIME_ERROR, _sentence(str(error)), "\n".join(error.details)
    if isinstance(error, expect.CheckFailed):
        return Outcome.INCORRECT, _sentence(error.message), error.detail
    if isinstance(error, expect.Inconclusive):
        return Outcome.INCONCLUSIVE, _sentence(error.message), error.detail
    return (
        Outcome.NOT_CHECKABLE,
        "La comprobación misma falló: no es un error tuyo. Avisanos con el detalle de abajo.",
        f"{type(error).__name__}: {error_text(error)}",
    )


def _sentence(text: str) -> str:
    """Begin with a capital and end with one mark."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")
