"""Verification of a tiny class: jobs, resuming, what counts as sound, and the record that is written."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catedra.course import RecordVerdict, read_class, read_curves, read_record
from catedra.course.record import CURVES_LIMIT, RecordError, write_record
from catedra.verifying import JobError, Progress, State, plan, run_jobs, summarize
from catedra.verifying.jobs import Job, Run
from catedra.verifying.worker import run_job
from tests.tiny import _CHECK, CHECKS, RIGHT, WRONG, write_class

SEEDS = range(5)
GOOD_CHECKS = CHECKS.format(checks="\n".join(_CHECK.format(n=n) for n in range(1, 6)))


def _verify(folder: Path, root: Path):
    """Verify in this very process: what the worker does, without starting forty of them."""
    item = read_class(folder)
    state = State(item, "laptop", root)
    for job in plan(item, "laptop", SEEDS):
        results = io.StringIO()
        run_job(job, item, results)
        for line in map(json.loads, results.getvalue().splitlines()):
            state.put(job.subject, Run(**line["run"]), job.seed, line["result"])
    return summarize(item, "laptop", SEEDS, state)


def test_a_sound_class_gets_a_sound_record(tmp_path: Path) -> None:
    folder = write_class(tmp_path)
    record, curves = _verify(folder, tmp_path / "state")
    assert record.problems == ()
    assert record.sound
    criterion = record.criterion("media de prueba")
    assert criterion is not None
    assert criterion.verdict is RecordVerdict.HOLDS
    assert len(criterion.values) == 5
    assert criterion.data == "moons/noise-0.2"
    assert criterion.memory_mb is not None
    assert criterion.memory_mb > 10
    written = record.criterion("explicación")
    assert written is not None
    assert written.verdict is RecordVerdict.NOT_JUDGED
    claim = record.claim("La dispersión pasa de 0,5")
    assert claim is not None
    assert claim.verdict is RecordVerdict.HOLDS
    caught = {answer.name: answer.caught_by for answer in record.wrong_answers}
    assert "parece una resta" in caught["Minus"]["1"]
    assert "media de prueba" in caught["Sum"]
    assert all(answer.as_expected for answer in (*record.right_answers, *record.wrong_answers))
    write_record(folder, record, curves)
    again = read_record(folder)
    assert again == record
    runs = read_curves(folder)
    assert runs.seeds == (0, 1, 2, 3, 4)
    assert runs.stack("spread.head").shape == (5, 4)


@pytest.mark.parametrize(
    ("replaced", "problem"),
    [
        (
            {"right_answers": RIGHT.replace("@right\nclass Dot", "class Dot")},
            "hay 2 respuestas correctas independientes; hacen falta 3",
        ),
        ({"right_answers": RIGHT.replace("float(x.mean())", "float(x.mean()) + 1")}, "rechaza la respuesta correcta Mean"),
        (
            {"wrong_answers": WRONG.replace("float(x.sum())", "float(x.mean())")},
            "la respuesta incorrecta Sum debía caer en media de prueba",
        ),
        ({"wrong_answers": WRONG.replace("x - 1", "x + 1")}, "la respuesta incorrecta Minus debía caer en 1"),
        ({"wrong_answers": WRONG.replace("parece una resta", "otra cosa")}, "debía caer en 1 diciendo «otra cosa»"),
        ({"checks": GOOD_CHECKS.replace("at_most=0.001", "at_most=-1.0")}, "la cota 95/95 de la referencia"),
        (
            {"checks": GOOD_CHECKS.replace('"La suma no da"', '"La suma no da"').replace("x + 5", "x + 6")},
            "ejercicio 5: la referencia no pasa",
        ),
    ],
)
def test_what_isnt_sound_is_said(tmp_path: Path, replaced: dict[str, str], problem: str) -> None:
    record, _ = _verify(write_class(tmp_path, **replaced), tmp_path / "state")
    assert not record.sound
    assert any(problem in said for said in record.problems), record.problems


@pytest.mark.parametrize(
    ("old", "new", "verdict", "says"),
    [
        ("at_most=0.001,", "at_most=0.001, claimed=Threshold(at_most=-1.0),", RecordVerdict.HOLDS_ADJUSTED, "Se pedía ≤ -1"),
        ("at_most=0.001,", "at_least=0.5, claimed=Threshold(at_least=0.5),", RecordVerdict.REFUTED, "Se pedía ≥ 0.5"),
    ],
)
def test_a_criterion_that_does_not_hold_is_reported_with_evidence(
    tmp_path: Path, old: str, new: str, verdict: RecordVerdict, says: str
) -> None:
    record, _ = _verify(write_class(tmp_path, checks=GOOD_CHECKS.replace(old, new)), tmp_path / "state")
    criterion = record.criterion("media de prueba")
    assert criterion is not None
    assert criterion.verdict is verdict
    assert says in criterion.evidence


@pytest.mark.parametrize(
    ("new", "verdict", "says"),
    [
        ("at_least=5.0", RecordVerdict.REFUTED, "Medido:"),
        ("at_least=5.0, at_stated_size=False", RecordVerdict.NOT_JUDGED, "no alcanza para refutarlo"),
    ],
)
def test_a_claim_is_refuted_only_at_its_size(tmp_path: Path, new: str, verdict: RecordVerdict, says: str) -> None:
    record, _ = _verify(write_class(tmp_path, checks=GOOD_CHECKS.replace("at_least=0.5", new)), tmp_path / "state")
    assert record.claims[0].verdict is verdict
    assert says in record.claims[0].evidence


def test_what_is_finished_is_not_run_again(tmp_path: Path) -> None:
    item = read_class(write_class(tmp_path))
    state = State(item, "smoke", tmp_path / "state")
    jobs = plan(item, "smoke", range(2))
    seen: list[Progress] = []
    run_jobs(item, jobs, state, report=seen.append)
    assert len(seen) == sum(len(job.runs) for job in jobs) == seen[-1].total
    run = Run("criterion", "media de prueba")
    state.path("solution", run, 1).unlink()
    seen.clear()
    run_jobs(item, jobs, state, report=seen.append)
    assert [(step.job.subject, step.job.seed, step.run) for step in seen] == [("solution", 1, run)]
    state.path("solution", run, 1).write_text('{"value": 0.')  # a full disk cut it short
    assert state.remaining(jobs[2]) == Job(901, "solution", 1, "smoke", (run,))
    state.clear()
    assert state.remaining(jobs[2]) == jobs[2]


def test_a_job_that_dies_names_itself_and_keeps_the_others(tmp_path: Path) -> None:
    checks = GOOD_CHECKS.replace(
        '    return {"std"', '    if seed == 1:\n        import os\n        os._exit(3)\n    return {"std"'
    )
    item = read_class(write_class(tmp_path, checks=checks))
    state = State(item, "smoke", tmp_path / "state")
    with pytest.raises(JobError, match=r"class 901, solution, seed 1: measurement 'spread' gave no result \(exit 3\)"):
        run_jobs(item, plan(item, "smoke", range(2)), state)
    assert state.get("solution", Run("criterion", "media de prueba"), 0) is not None


def test_curves_that_are_too_large_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    folder = write_class(tmp_path)
    record, _ = _verify(folder, tmp_path / "state")
    with pytest.raises(RecordError, match="return fewer points"):
        write_record(folder, record, {"seeds": [0], "values": {"a.b": ["x" * CURVES_LIMIT]}})
    assert not (folder / "record.json").exists()


def test_a_record_that_is_not_one_is_refused(tmp_path: Path) -> None:
    folder = write_class(tmp_path)
    for text in ("{", '{"format": 99}', "[]"):
        (folder / "record.json").write_text(text)
        with pytest.raises(RecordError, match="catedra verify"):
            read_class(folder)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs POSIX process groups, as on Linux")
def test_ctrl_c_stops_the_processes_and_resuming_finishes(tmp_path: Path) -> None:
    checks = GOOD_CHECKS.replace('    return {"std"', '    import time\n    time.sleep(1.5)\n    return {"std"')
    folder = write_class(tmp_path, checks=checks)
    code = (
        "import sys, pathlib\nfrom catedra.course import read_class\nfrom catedra.verifying import *\n"
        "item = read_class(pathlib.Path(sys.argv[1]))\nstate = State(item, 'smoke', pathlib.Path(sys.argv[2]))\n"
        "run_jobs(item, plan(item, 'smoke', range(2)), state, report=lambda step: print(step.done, flush=True))\n"
    )
    command = [sys.executable, "-c", code, str(folder), str(tmp_path / "state")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode != 0
    kept = len(list((tmp_path / "state").rglob("*.json")))
    assert kept >= 1
    assert not list((tmp_path / "state").rglob("*.part"))
    time.sleep(0.2)
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert int(result.stdout.split()[0]) == kept + 1
    assert json.loads(next((tmp_path / "state").rglob("*.json")).read_text())
