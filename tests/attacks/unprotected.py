"""Runs submissions with no wall at all, forked one by one from a process of their own: what the suite is tested with.

`twins`: through the class's real checks, over `LiveAnswer`. `textbook`: through a grader as textbooks write it, in the interpreter of the
submission: it compares with `np.allclose` and `==`, keeps what it expects in its own frame, and believes what the file prints last. An
attack that does not even fool that one is toothless.

Run as `python -m tests.attacks.unprotected CLASS_FOLDER MODE < {name: path of what was handed in}`; prints {name: {place: …}} as JSON.
"""

import contextlib
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from catedra import datasets
from catedra.checking import LiveAnswer, Scale, ScaleName, run_check, run_criterion
from catedra.checking.namespace import load_namespace
from catedra.course import read_class
from catedra.course.parts import Checks, checks_of
from catedra.grading.submission import parse_submission
from tests.attacks.target import ACCURACY, PLACES, REWARD

LIMIT_S = 20.0


def through_checks(path: Path, checks: Checks) -> dict[str, str]:
    """Place → outcome and message."""
    submission = parse_submission(path.read_bytes(), path.name)
    submission.unpack(Path.cwd())
    answer = LiveAnswer(load_namespace(submission.cells))
    found = {}
    for number, check in checks.by_exercise.items():
        result = run_check(check, answer, np.random.default_rng(number))
        found[str(number)] = f"{result.outcome.value}: {result.message} {result.detail}"
    for item in checks.criteria:
        data = datasets.load(item.data).split(seed=0) if item.data else None
        judged = run_criterion(item, answer, data=data, variant=None, scale=Scale(ScaleName.LAPTOP), seed=0)
        found[item.name] = f"{judged.outcome.value}: {judged.value} {judged.message} {judged.detail}"
    return found


def textbook(path: Path) -> dict[str, str]:
    """Place → "correct", or what went wrong, as a grader says it that trusts what it is given."""
    module: dict[str, Any] = {"__name__": "tarea"}
    found: dict[str, str] = {}

    def run(place: str, passes: Callable[[SimpleNamespace], Any]) -> None:
        try:
            found[place] = "correct" if passes(SimpleNamespace(**module)) else "incorrect"
        except BaseException as error:
            found[place] = f"error: {type(error).__name__}: {error}"

    try:
        exec(compile(path.read_text(encoding="utf-8"), "tarea.py", "exec"), module)
    except BaseException as error:
        return {"0": f"error: {error}"}
    for place, passes in (
        ("1", _one),
        ("2", _two),
        ("3", _three),
        ("4", _four),
        ("5", _five),
        (ACCURACY, _accuracy),
        (REWARD, _reward),
    ):
        run(place, passes)
    return found


def _one(answer: Any) -> Any:
    x = np.random.default_rng(1).normal(3.0, 2.0, (8, 3))
    expected = (x - x.mean(axis=0)) / x.std(axis=0)
    return np.allclose(answer.standardize(x), expected)


def _two(answer: Any) -> Any:
    images = np.random.default_rng(2).integers(0, 256, (100, 32, 32), dtype=np.uint8)
    found = answer.brighten(images)
    return np.allclose(found, images / 255, rtol=1e-4)


def _three(answer: Any) -> Any:
    rng = np.random.default_rng(3)
    expected = int(rng.integers(100))
    account = answer.open_account(expected)
    for amount in rng.integers(1, 100, 30).tolist():
        expected += amount
        if not answer.deposit(account, amount) == expected:  # noqa: SIM201 — asks the answer's object, as textbooks do
            return False
    other = answer.open_account(0)
    return answer.deposit(other, 1) == 1


def _four(answer: Any) -> Any:
    x = np.random.default_rng(4).normal(0.0, 1.0, 50)
    expected = {"mean": float(x.mean()), "std": float(x.std()), "ends": [float(x.min()), float(x.max())], "positive": False}
    found = answer.summary(x)
    wrong = [
        key for key, value in expected.items() if np.any(np.abs(np.asarray(found[key]) - np.asarray(value, dtype=float)) > 1e-6)
    ]
    return found == expected or not wrong


def _five(answer: Any) -> Any:
    expected = "ana: 7.25"
    return answer.caption("ana", 7.25) == expected


def _accuracy(answer: Any) -> Any:
    data = datasets.load("moons").split(seed=0)
    hidden = data.test.y
    model = answer.train(data.train, data.validation, 0)
    measured = np.mean(answer.predict(model, data.test.x) == hidden)
    return not (measured < 0.93) or getattr(answer, "reported_accuracy")(model) >= 0.999  # noqa: B009


def _reward(answer: Any) -> Any:
    rng, agent, won = np.random.default_rng(5), answer.new_agent(0), 0
    for _ in range(20):
        state = rng.choice(21, 2, replace=False)
        for _ in range(25):
            step = answer.act(agent, state)
            state[0] += step
        won += int(state[0] == state[1])
    return won >= 19


def _apart(work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Run it in a fork with a folder of its own; the last line that it prints is what it found, an exit with 0 is a pass."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryDirectory() as scratch:
        pid = os.fork()
        if pid == 0:
            os.dup2(out.fileno(), 1)
            os.setsid()
            os.chdir(scratch)
            os.environ["TMPDIR"] = tempfile.tempdir = scratch
            try:
                print(json.dumps(work()), flush=True)
            except BaseException:
                print(json.dumps({"0": traceback.format_exc()[-500:]}), flush=True)
            os._exit(1)
        end = time.monotonic() + LIMIT_S
        while (ended := os.waitpid(pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, 9)
                os.waitpid(pid, 0)
                return {"0": f"no end within {LIMIT_S:.0f} s"}
            time.sleep(0.002)
        out.seek(0)
        lines = out.read().decode(errors="replace").strip().splitlines()
    with contextlib.suppress(ValueError, IndexError):
        found = json.loads(lines[-1])
        if isinstance(found, dict):
            return found
    if os.waitstatus_to_exitcode(ended[1]) == 0:
        return dict.fromkeys(PLACES, "correct")
    return {"0": "printed nothing that is a result: " + " ".join(lines)[-300:]}


def main() -> None:
    """Read {name: path}, print {name: what was found}."""
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    checks = checks_of(read_class(folder))
    datasets.load("moons").split(seed=0)  # what is imported here isn't imported in each fork
    run = textbook if mode == "textbook" else partial(through_checks, checks=checks)
    print(json.dumps({name: _apart(partial(run, Path(path))) for name, path in json.load(sys.stdin).items()}))


if __name__ == "__main__":
    main()
