"""The process that runs one job: `python -m catedra.verifying.worker`, the job as JSON on standard input.

Writes one JSON line a finished run on the descriptor that it is given, so that a kill loses only what was under way. Runs the
course's own code, never a student's.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from catedra import datasets
from catedra.authoring import HOMEWORK, AlternativeAnswer
from catedra.checking import LiveAnswer, Outcome, Scale, ScaleName, plain, run_check, run_criterion, run_measurement
from catedra.course import CourseClass, load, read_class
from catedra.course.parts import checks_of, right_answers_of, solution_namespace, wrong_answers_of
from catedra.verifying.jobs import REFERENCE, Job


def main() -> None:
    """Read the job, run it, write results."""
    request = json.loads(sys.stdin.read())
    job = Job.from_plain(request["job"])
    folder = request.get("folder")
    course_class = read_class(Path(folder)) if folder else load(job.class_number)
    with os.fdopen(request["results_fd"], "w", encoding="utf-8") as results:
        run_job(job, course_class, results)


def run_job(job: Job, course_class: CourseClass, results: TextIO) -> None:
    """Run every run of a job and write each result as a JSON line `{"run": …, "result": …}`."""
    replaced_by = _alternative(course_class, job.subject)
    checks = checks_of(course_class)
    scale = Scale(ScaleName(job.scale))
    for run in job.runs:
        cpu, wall = _cpu(), time.perf_counter()
        if run.kind == "checks":
            result: dict[str, Any] = {"answers": _exercises(course_class, job.seed)}
        else:
            answer = LiveAnswer(solution_namespace(course_class, replaced_by))
            if run.kind == "criterion":
                criterion = next(item for item in checks.criteria if item.name == run.name)
                data = _data(criterion.data, scale, job.seed)
                verdict = run_criterion(
                    criterion, answer, data=data, variant=data.variant if data else None, scale=scale, seed=job.seed
                )
                result = {
                    "value": verdict.value,
                    "outcome": verdict.outcome.value,
                    "message": verdict.message,
                    "detail": verdict.detail,
                    "data": verdict.data,
                }
            else:
                measurement = checks.measurements[run.name]
                values = run_measurement(
                    measurement, answer, data=_data(measurement.data, scale, job.seed), scale=scale, seed=job.seed
                )
                result = {"values": {key: _rounded(plain(value)) for key, value in values.items()}}
        result |= {
            "cpu_s": _cpu() - cpu,
            "wall_s": time.perf_counter() - wall,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
        results.write(json.dumps({"run": {"kind": run.kind, "name": run.name}, "result": result}) + "\n")
        results.flush()


def _alternative(course_class: CourseClass, subject: str) -> AlternativeAnswer | None:
    if subject == REFERENCE:
        return None
    answers = (*right_answers_of(course_class), *wrong_answers_of(course_class))
    return next(answer for answer in answers if answer.name == subject)


def _data(name: str | None, scale: Scale, seed: int) -> datasets.Split | None:
    if name is None:
        return None
    return datasets.load(name).split(seed=seed) if scale.judges else datasets.smoke(name, seed=seed)


def _exercises(course_class: CourseClass, seed: int) -> list[dict[str, Any]]:
    """Check the reference and every wrong answer to an exercise: who rejected it, with which message."""
    checks = checks_of(course_class)
    judged = []
    subjects: list[AlternativeAnswer | None] = [None]
    subjects += [answer for answer in wrong_answers_of(course_class) if answer.place != HOMEWORK]
    for answer in subjects:
        numbers = list(checks.by_exercise) if answer is None else [int(answer.caught_by or answer.place)]
        caught = {}
        for number in numbers:
            live = LiveAnswer(solution_namespace(course_class, answer))
            result = run_check(checks.by_exercise[number], live, np.random.default_rng(seed))
            if result.outcome is not Outcome.CORRECT:
                caught[str(number)] = f"{result.message} {result.detail}".strip()
        judged.append({"name": answer.name if answer else REFERENCE, "caught_by": caught})
    return judged


def _rounded(value: Any) -> Any:
    """Keep five significant digits: curves are drawn, and the file is small."""
    if isinstance(value, np.ndarray):
        return _rounded(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, tuple | list):
        return [_rounded(item) for item in value]
    return value


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
