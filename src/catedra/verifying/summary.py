"""Turns the results of a verification into the class's record: spread, soundness, verdicts, evidence."""

import datetime
import math
import platform
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from catedra import datasets, stacks
from catedra.authoring import HOMEWORK, AlternativeAnswer
from catedra.checking import Claim, Criterion, Curves, Outcome, Threshold, tolerance_factor
from catedra.course import CourseClass, Judged, Measured, Record, RecordVerdict
from catedra.course.parts import checks_of, right_answers_of, wrong_answers_of
from catedra.course.template import quantity
from catedra.verifying.jobs import EXERCISES, REFERENCE, Run
from catedra.verifying.state import State

MIN_SEEDS = 5
MIN_RIGHT_ANSWERS = 3


def summarize(course_class: CourseClass, scale: str, seeds: Sequence[int], state: State) -> tuple[Record, dict[str, Any]]:
    """Return the record and the curves (as they are written) of finished jobs.

    Args:
        course_class: the class.
        scale: at which the jobs ran.
        seeds: of the jobs.
        state: their results, all of them there.
    """
    return _Summary(course_class, scale, tuple(seeds), state).build()


class _Summary:
    def __init__(self, course_class: CourseClass, scale: str, seeds: tuple[int, ...], state: State) -> None:
        self._class, self._scale, self._seeds, self._state = course_class, scale, seeds, state
        self._checks = checks_of(course_class)
        self._problems: list[str] = []
        self._cpu = 0.0

    def build(self) -> tuple[Record, dict[str, Any]]:
        curves = self._curves()
        criteria = tuple(self._criterion(item) for item in self._checks.criteria)
        right = tuple(self._right(answer) for answer in right_answers_of(self._class))
        if len(right) < MIN_RIGHT_ANSWERS:
            self._problems.append(f"hay {len(right)} respuestas correctas independientes; hacen falta {MIN_RIGHT_ANSWERS}")
        wrong = self._wrong()
        record = Record(
            class_number=self._class.number,
            code_hash=self._class.code_hash,
            scale=self._scale,
            seeds=self._seeds,
            sound=not self._problems,
            problems=tuple(self._problems),
            criteria=criteria,
            claims=tuple(self._claim(item, Curves(curves["seeds"], curves["values"])) for item in self._checks.claims),
            right_answers=right,
            wrong_answers=wrong,
            data=self._data(),
            versions={
                "python": platform.python_version(),
                "numpy": np.__version__,
                **stacks.installed_versions(self._class.front.stacks),
            },
            machine=_machine(),
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            cpu_s=round(self._cpu, 1),
        )
        return record, curves

    def _result(self, subject: str, run: Run, seed: int) -> dict[str, Any]:
        result = self._state.get(subject, run, seed)
        if result is None:
            raise LookupError(f"{subject}, {run.name}, seed {seed}: no result")
        self._cpu += result["cpu_s"]
        return result

    def _results(self, subject: str, run: Run) -> dict[int, dict[str, Any]]:
        return {seed: self._result(subject, run, seed) for seed in self._seeds}

    def _curves(self) -> dict[str, Any]:
        values: dict[str, list[Any]] = {}
        for name in self._checks.measurements:
            for result in self._results(REFERENCE, Run("measurement", name)).values():
                for key, value in result["values"].items():
                    values.setdefault(f"{name}.{key}", []).append(value)
        return {"seeds": list(self._seeds), "values": values}

    def _criterion(self, criterion: Criterion) -> Measured:
        if criterion.threshold is None:
            return _unjudged(criterion)
        results = self._results(REFERENCE, Run("criterion", criterion.name))
        failed = {seed: result for seed, result in results.items() if result["value"] is None}
        for seed, result in failed.items():
            self._problems.append(f"{criterion.name}: la referencia no dio un valor con la semilla {seed}: {result['message']}")
        values = {str(seed): float(result["value"]) for seed, result in results.items() if result["value"] is not None}
        mean, std, low, high = _spread(list(values.values()))
        claimed = criterion.claimed or criterion.threshold
        verdict, evidence = RecordVerdict.NOT_JUDGED, "no hay valores suficientes"
        if low is not None and not failed:
            verdict, evidence = self._judge(criterion, criterion.threshold, claimed, list(values.values()), low, high or low)
        return Measured(
            name=criterion.name, values=values, mean=mean, std=std, low=low, high=high, threshold=str(criterion.threshold),
            claimed=str(claimed), percent=criterion.percent, unit=criterion.unit, verdict=verdict, evidence=evidence,
            data=next(iter(results.values()))["data"],
            cpu_s=round(float(np.mean([result["cpu_s"] for result in results.values()])), 2),
            wall_s=round(float(np.mean([result["wall_s"] for result in results.values()])), 2),
            memory_mb=round(max(result["memory_mb"] for result in results.values())),
        )  # fmt: skip

    def _judge(
        self, criterion: Criterion, threshold: Threshold, claimed: Threshold, values: list[float], low: float, high: float
    ) -> tuple[RecordVerdict, str]:
        def clears(bound: Threshold) -> bool:
            return (bound.at_least is None or low >= bound.at_least) and (bound.at_most is None or high <= bound.at_most)

        def show(value: float) -> str:
            return quantity(value, percent=criterion.percent, unit=criterion.unit)

        worst = low if threshold.at_least is not None else high
        if not clears(threshold):
            self._problems.append(
                f"{criterion.name}: la cota 95/95 de la referencia ({show(worst)}) no alcanza el umbral {threshold}"
            )
        if clears(claimed):
            return RecordVerdict.HOLDS, ""
        evidence = (
            f"Se pedía {claimed}; la referencia mide entre {show(min(values))} y {show(max(values))} "
            f"y su cota de tolerancia 95/95 es {show(worst)}."
        )
        if clears(threshold):
            return RecordVerdict.HOLDS_ADJUSTED, f"{evidence} Se califica con {threshold}."
        if not any(claimed.met(value) for value in values):
            return RecordVerdict.REFUTED, evidence
        return RecordVerdict.NOT_JUDGED, evidence

    def _claim(self, claim: Claim, curves: Curves) -> Measured:
        interval = claim.function(curves)
        bound = claim.threshold

        def show(value: float) -> str:
            return quantity(value, percent=claim.percent, unit=claim.unit)

        evidence = f"Medido: {show(interval.mean)} (IC 95 %: {show(interval.low)} a {show(interval.high)}; n = {interval.n})."
        outside = (bound.at_least is not None and interval.high < bound.at_least) or (
            bound.at_most is not None and interval.low > bound.at_most
        )
        if bound.met(interval.low) and bound.met(interval.high):
            verdict, evidence = RecordVerdict.HOLDS, ""
        elif outside and claim.at_stated_size:
            verdict = RecordVerdict.REFUTED
        elif outside:
            verdict, evidence = (
                RecordVerdict.NOT_JUDGED,
                f"{evidence} Se midió a menor tamaño que el afirmado: no alcanza para refutarlo.",
            )
        else:
            verdict, evidence = (
                RecordVerdict.NOT_JUDGED,
                f"{evidence} El intervalo contiene el umbral: estas semillas no deciden.",
            )
        return Measured(
            name=claim.statement, values={}, mean=interval.mean, std=None, low=interval.low, high=interval.high,
            threshold=str(bound), claimed=str(bound), percent=claim.percent, unit=claim.unit, verdict=verdict, evidence=evidence,
            data=None, cpu_s=None, wall_s=None, memory_mb=None,
        )  # fmt: skip

    def _right(self, answer: AlternativeAnswer) -> Judged:
        caught: dict[str, str] = {}
        values: dict[str, list[float | None]] = {}
        for criterion in self._checks.criteria:
            if criterion.threshold is None:
                continue
            results = self._results(answer.name, Run("criterion", criterion.name))
            values[criterion.name] = [result["value"] for result in results.values()]
            missed = [f"semilla {seed}: {r['message']}" for seed, r in results.items() if r["outcome"] != Outcome.CORRECT]
            if missed:
                caught[criterion.name] = "; ".join(missed)
                self._problems.append(f"{criterion.name}: rechaza la respuesta correcta {answer.name} ({missed[0]})")
        return Judged(answer.name, answer.description, answer.place, None, caught, values, as_expected=not caught)

    def _wrong(self) -> tuple[Judged, ...]:
        run = Run("checks", EXERCISES)
        checked = {item["name"]: item["caught_by"] for item in self._result(REFERENCE, run, self._seeds[0])["answers"]}
        for number, message in checked[REFERENCE].items():
            self._problems.append(f"ejercicio {number}: la referencia no pasa su comprobación: {message}")
        judged = []
        for answer in wrong_answers_of(self._class):
            values: dict[str, list[float | None]] = {}
            if answer.place == HOMEWORK and isinstance(answer.caught_by, str):
                caught, values = self._wrong_homework(answer, answer.caught_by)
            else:
                caught = checked[answer.name]
            expected = str(answer.caught_by)
            says = (answer.says or "").lower()
            as_expected = expected in caught and says in caught[expected].lower()
            if not as_expected:
                got = caught.get(expected, "no la rechaza")
                self._problems.append(
                    f"la respuesta incorrecta {answer.name} debía caer en {expected} diciendo «{answer.says}»: {got}"
                )
            judged.append(Judged(answer.name, answer.description, answer.place, answer.caught_by, caught, values, as_expected))
        return tuple(judged)

    def _wrong_homework(self, answer: AlternativeAnswer, criterion: str) -> tuple[dict[str, str], dict[str, list[float | None]]]:
        results = self._results(answer.name, Run("criterion", criterion))
        values = {criterion: [result["value"] for result in results.values()]}
        passed = [seed for seed, result in results.items() if result["outcome"] == Outcome.CORRECT]
        if passed:
            return {}, values
        first = next(iter(results.values()))
        return {criterion: f"{first['message']} {first['detail']}".strip()}, values

    def _data(self) -> dict[str, Mapping[str, str]]:
        loaded = {name: datasets.load(name) for name in self._class.front.data}
        return {name: {"variant": item.variant, "digest": item.digest} for name, item in loaded.items()}


def _spread(values: list[float]) -> tuple[float | None, float | None, float | None, float | None]:
    """Mean, sample std and the one-sided 95/95 tolerance bounds below and above."""
    if len(values) < 2:
        return (values[0] if values else None), None, None, None
    mean, std = float(np.mean(values)), float(np.std(values, ddof=1))
    margin = tolerance_factor(len(values)) * std
    return mean, std, mean - margin, mean + margin


def _unjudged(criterion: Criterion) -> Measured:
    return Measured(
        name=criterion.name, values={}, mean=None, std=None, low=None, high=None, threshold=None, claimed=None, percent=False, unit="",
        verdict=RecordVerdict.NOT_JUDGED, evidence="La evalúa una persona con una rúbrica: no se mide.", data=None,
        cpu_s=None, wall_s=None, memory_mb=None,
    )  # fmt: skip


def _machine() -> dict[str, str]:
    import os

    import psutil

    processor = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            processor = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    memory = math.ceil(psutil.virtual_memory().total / 2**30)
    return {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "memory": f"{memory} GiB",
        "system": f"{platform.system()} {platform.machine()}",
    }
