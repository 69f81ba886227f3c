"""The judge on the class that the attacks use: a right submission passes, and what a verdict says is what happened."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from catedra.checking import CriterionResult, Evidence, Outcome, Verdict
from catedra.checking.namespace import SubmissionError
from catedra.course import CourseClass, read_class
from catedra.datasets.split import Part, Split
from catedra.grading import judge as judge_module
from catedra.grading.cohort import Cohort
from catedra.grading.disguise import GREY_LEVELS, disguise
from catedra.grading.judge import Judge, JudgeOptions, environment_digest, libraries_of, median, require_walls
from catedra.sandbox.layers import Layers, probe
from catedra.sandbox.pool import SandboxError
from tests.attacks.target import HONEST, write_target

needs_walls = pytest.mark.skipif(
    not probe().sufficient, reason="this machine can't isolate other people's code: `catedra sandbox` says why"
)
pytestmark = [pytest.mark.xdist_group("sandbox")]
KEY, OTHER_KEY = bytes(range(40)), bytes(range(1, 41))


@pytest.fixture(scope="module")
def course_class(tmp_path_factory) -> CourseClass:
    root = tmp_path_factory.mktemp("class")
    for folder in (root, *root.parents[:2]):
        folder.chmod(0o755)
    return read_class(write_target(root))


@pytest.fixture(scope="module")
def judge(course_class) -> Iterator[Judge]:
    with Judge(course_class, Cohort(KEY)) as made:
        yield made


def handed_in(folder: Path, source: str = HONEST, name: str = "tarea.py") -> Path:
    path = folder / name
    path.write_text(source, encoding="utf-8")
    return path


def without_times(verdict: Verdict) -> Verdict:
    return replace(
        verdict, created="",
        checks=tuple(replace(item, seconds=0.0) for item in verdict.checks),
        criteria=tuple(replace(item, seconds=0.0) for item in verdict.criteria),
    )  # fmt: skip


@needs_walls
def test_a_right_submission_passes_and_the_verdict_says_how(judge, course_class, tmp_path):
    verdict = judge.grade(handed_in(tmp_path))
    assert {item.outcome for item in (*verdict.checks, *verdict.criteria)} == {Outcome.CORRECT}
    assert not verdict.advisory
    assert set(verdict.layers) >= {"limits", "seccomp"}
    assert set(verdict.layers) == probe().names
    assert verdict.environment == environment_digest() == judge.environment
    assert verdict.cohort == Cohort(KEY).fingerprint
    assert verdict.content_hash == course_class.content_hash


@needs_walls
def test_the_same_submission_gets_the_same_verdict(judge, tmp_path):
    file = handed_in(tmp_path)
    assert without_times(judge.grade(file)) == without_times(judge.grade(file))


@needs_walls
def test_another_key_asks_for_something_else(judge, course_class, tmp_path):
    file = handed_in(tmp_path)
    with Judge(course_class, Cohort(OTHER_KEY)) as other:
        values = [[item.value for item in each.grade(file).criteria] for each in (judge, other)]
    assert values[0] != values[1]


@needs_walls
def test_a_wrong_exercise_is_the_only_one_that_fails(judge, tmp_path):
    wrong = HONEST.replace("(x - x.mean(axis=0)) / x.std(axis=0)", "x - x.mean(axis=0)")
    assert wrong != HONEST
    outcomes = [item.outcome for item in judge.grade(handed_in(tmp_path, wrong)).checks]
    assert outcomes == [Outcome.INCORRECT, *[Outcome.CORRECT] * 4]


@needs_walls
def test_an_exercise_that_never_ends_costs_nobody_else(judge, tmp_path):
    endless = HONEST.replace("def standardize(x):", "def standardize(x):\n    while True:\n        pass\n\n\ndef _(x):")
    outcomes = [item.outcome for item in judge.grade(handed_in(tmp_path, endless)).checks]
    assert outcomes == [Outcome.TIMEOUT, *[Outcome.CORRECT] * 4]


@needs_walls
def test_a_submission_that_cant_be_loaded_has_a_verdict_that_says_why(judge, tmp_path):
    verdict = judge.grade(handed_in(tmp_path, "import no_existe\n" + HONEST))
    assert {item.outcome for item in (*verdict.checks, *verdict.criteria)} == {Outcome.RUNTIME_ERROR}
    assert all("no_existe" in item.message for item in verdict.checks)


@needs_walls
def test_a_file_that_isnt_a_submission_is_refused(judge, tmp_path):
    with pytest.raises(SubmissionError):
        judge.grade(handed_in(tmp_path, "hola", "tarea.txt"))


@needs_walls
def test_files_handed_in_stand_beside_the_code(judge, tmp_path):
    source = HONEST.replace(
        "def caption(name, score):", "def caption(name, score):\n    assert open('datos/nota.txt').read() == 'ok'\n"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("tarea.py", source)
        archive.writestr("datos/nota.txt", "ok")
    (tmp_path / "tarea.zip").write_bytes(stream.getvalue())
    assert {item.outcome for item in judge.grade(tmp_path / "tarea.zip").checks} == {Outcome.CORRECT}


@needs_walls
def test_near_the_threshold_three_seeds_decide(judge, tmp_path, monkeypatch):
    monkeypatch.setattr(judge, "_close_call", lambda criterion, result: criterion.data is not None and result.value is not None)
    verdict = judge.grade(handed_in(tmp_path))
    near = [item for item in verdict.criteria if "mediana de tres corridas" in item.message]
    assert [item.name for item in near] == [item.name for item in verdict.criteria if item.data]


def test_the_median_is_a_run_that_happened():
    result = _criterion_result()
    chosen = median([replace(result, value=value, seed=seed) for seed, value in enumerate((0.9, 0.7, 0.8))])
    assert (chosen.value, chosen.seed) == (0.8, 2)
    assert "0,9, 0,7, 0,8" in chosen.message


def test_a_run_without_a_value_is_what_is_told():
    result = _criterion_result()
    lost = replace(result, value=None, outcome=Outcome.TIMEOUT, message="tarde")
    assert median([result, lost, result]) == lost


def _criterion_result():
    return CriterionResult(
        "exactitud",
        Outcome.CORRECT,
        Evidence.PREDICTIONS,
        0.9,
        "≥ 0.8",
        True,
        "",
        0,
        "laptop",
        None,
        "Criterio cumplido.",
        "",
        0.1,
    )


def test_without_enough_walls_nothing_is_graded():
    weak = Layers(tuple(replace(layer, holds=layer.name == "limits", how_to_get_it="así") for layer in probe().layers))
    with pytest.raises(SandboxError, match="seccomp: así"):
        require_walls(weak, strong=False)


def test_strong_wants_all_of_them():
    almost = Layers(tuple(replace(layer, holds=layer.name != "proc", how_to_get_it="así") for layer in probe().layers))
    require_walls(almost, strong=False)
    with pytest.raises(SandboxError, match=r"--require strong.*proc: así"):
        require_walls(almost, strong=True)


def test_a_judge_that_cant_isolate_starts_nothing(course_class, monkeypatch):
    weak = Layers(tuple(replace(layer, holds=False, how_to_get_it="así") for layer in probe().layers))
    monkeypatch.setattr(judge_module, "probe", lambda: weak)
    with pytest.raises(SandboxError, match="no puede aislar"):
        Judge(course_class, Cohort(KEY), JudgeOptions())


def test_libraries_are_those_that_the_reference_imports(course_class):
    assert libraries_of(course_class) == ("numpy",)


# The disguise of the test part


def split_of(x: np.ndarray, y: np.ndarray) -> Split:
    return Split(Part(x, y), Part(x, y), Part(x, y), "x/original")


def test_labels_follow_their_pictures_into_another_order():
    rng = np.random.default_rng(0)
    x = rng.integers(30, 220, (200, 28, 28), dtype=np.uint8)
    x[:, :5] = 0
    changed = disguise(split_of(x, np.arange(200)), np.random.default_rng(1))
    assert not np.array_equal(changed.test.y, np.arange(200))
    difference = changed.test.x.astype(int) - x[changed.test.y]
    assert np.abs(difference).max() == GREY_LEVELS
    assert np.all(difference[:, :5] == 0)
    assert changed.test.x.dtype == np.uint8
    assert not any(np.array_equal(new, x[label]) for new, label in zip(*changed.test, strict=True))


def test_training_and_validation_stay_what_they_are():
    x = np.random.default_rng(0).normal(size=(50, 3))
    split = split_of(x, np.arange(50))
    changed = disguise(split, np.random.default_rng(1))
    assert changed.train is split.train
    assert changed.validation is split.validation


def test_columns_move_by_a_thousandth_of_their_deviation():
    x = np.random.default_rng(0).normal(size=(5000, 2)) * [1.0, 1000.0]
    changed = disguise(split_of(x, np.arange(5000)), np.random.default_rng(1))
    moved = (changed.test.x - x[changed.test.y]) / x.std(axis=0)
    assert np.allclose(moved.std(axis=0), 1e-3, rtol=0.05)


def test_texts_only_change_their_order():
    x = np.array([f"frase {n}" for n in range(20)])
    changed = disguise(split_of(x, np.arange(20)), np.random.default_rng(1))
    assert sorted(changed.test.x) == sorted(x)
    assert all(text == f"frase {label}" for text, label in zip(*changed.test, strict=True))


def test_the_same_generator_disguises_alike():
    x = np.random.default_rng(0).integers(0, 255, (30, 28, 28), dtype=np.uint8)
    one, two = (disguise(split_of(x, np.arange(30)), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.test.x, two.test.x)
