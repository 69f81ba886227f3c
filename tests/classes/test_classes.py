"""Every class of the course keeps every promise of the format. A new class is tested by being there."""

import doctest
import json
import os
from pathlib import Path

import numpy as np
import pytest

from catedra import datasets
from catedra.authoring import HOMEWORK
from catedra.checking import (
    Evidence,
    Handle,
    LiveAnswer,
    Outcome,
    Scale,
    ScaleName,
    plain,
    run_check,
    run_criterion,
    run_measurement,
)
from catedra.checking.namespace import Namespace, load_namespace, notebook_cells
from catedra.course import BrokenClass, CourseClass, catalogue, programme
from catedra.course.completeness import missing
from catedra.course.glossary import misuses
from catedra.course.links import bad_links
from catedra.course.loader import check_identifiers
from catedra.course.parts import (
    checks_of,
    errors_of,
    load_module,
    right_answers_of,
    solution_namespace,
    wrong_answers_of,
)  # fmt: skip
from catedra.publishing.notebook import notebook_of

FOUND = catalogue()
CLASSES = [item for item in FOUND if not isinstance(item, BrokenClass)]
SMOKE = Scale(ScaleName.SMOKE)
LAPTOP = Scale(ScaleName.LAPTOP)
each_class = pytest.mark.parametrize("item", CLASSES, ids=[item.folder.name for item in CLASSES])
BAD = {
    "none": None,
    "nan": float("nan"),
    "text": "cuatro",
    "empty": [],
    "list": [1, "dos", None],
    "shape": np.zeros((3, 1, 2)),
    "bool": True,
    "handle": object(),
    "generator": (value for value in ()),
    "tuple": (np.zeros(2), float("inf")),
    "dict": {"w": None},
}


def test_no_class_is_broken_and_numbers_and_slugs_are_unique() -> None:
    assert [item.reason for item in FOUND if isinstance(item, BrokenClass)] == []
    assert CLASSES
    check_identifiers(FOUND)


@each_class
def test_the_class_is_complete(item: CourseClass) -> None:
    assert missing(item) == ()


def test_links_between_classes_lead_somewhere() -> None:
    assert [str(link) for link in bad_links(CLASSES, programme())] == []


@each_class
def test_one_translation_a_term(item: CourseClass) -> None:
    wrong = []
    for path in sorted(item.folder.glob("*.*")):
        if path.suffix in {".md", ".py"}:
            wrong += [f"{path.name}:{m.line}: {m.found} (es: {m.term})" for m in misuses(path.read_text(encoding="utf-8"))]
    assert wrong == []


@each_class
def test_the_solution_passes_every_check(item: CourseClass) -> None:
    for check in checks_of(item).by_exercise.values():
        for seed in range(2):
            result = run_check(check, LiveAnswer(solution_namespace(item)), np.random.default_rng(seed))
            assert result.outcome is Outcome.CORRECT, (check.exercise, result.message, result.detail)


@each_class
def test_the_untouched_notebook_is_not_attempted(item: CourseClass) -> None:
    namespace = load_namespace(notebook_cells(notebook_of(item).decode(), "cuaderno.ipynb"))
    for check in checks_of(item).by_exercise.values():
        result = run_check(check, LiveAnswer(namespace), np.random.default_rng(0))
        assert result.outcome is Outcome.NOT_ATTEMPTED, (check.exercise, result.message)
    for criterion in checks_of(item).criteria:
        if criterion.evidence is not Evidence.WRITTEN:
            result = run_criterion(criterion, LiveAnswer(namespace), data=_smoke(criterion.data), variant=None, scale=SMOKE, seed=0)
            assert result.outcome is Outcome.NOT_ATTEMPTED, (criterion.name, result.message)


WRONG = [
    pytest.param(item, answer, id=f"{item.folder.name}-{answer.name}")
    for item in CLASSES
    for answer in wrong_answers_of(item)
    if answer.place != HOMEWORK
]


@pytest.mark.parametrize(("item", "answer"), WRONG)
def test_each_wrong_answer_gets_its_message(item: CourseClass, answer) -> None:
    check = checks_of(item).by_exercise[int(answer.caught_by)]
    for seed in range(2):
        result = run_check(check, LiveAnswer(solution_namespace(item, answer)), np.random.default_rng(seed))
        assert result.outcome in {Outcome.INCORRECT, Outcome.RUNTIME_ERROR}, (answer.name, result)
        assert answer.says.lower() in f"{result.message} {result.detail}".lower(), (answer.name, result.message, result.detail)


@each_class
def test_wrong_answers_to_the_homework_name_a_criterion(item: CourseClass) -> None:
    names = {criterion.name for criterion in checks_of(item).criteria}
    exercises = set(checks_of(item).by_exercise)
    for answer in wrong_answers_of(item):
        assert answer.caught_by in names | exercises, answer.name


@each_class
def test_no_bad_answer_breaks_a_check_or_passes_it(item: CourseClass) -> None:
    for check in checks_of(item).by_exercise.values():
        recorded = _Recorder(solution_namespace(item))
        run_check(check, recorded, np.random.default_rng(0))
        # A handle that is only passed on may be anything: what is looked at are the plain values.
        for name in [name for name, values in recorded.values.items() if not all(isinstance(v, Handle) for v in values)]:
            for kind, bad in BAD.items():
                result = run_check(check, _Replay(recorded.values, name, bad), np.random.default_rng(0))
                assert result.outcome in {Outcome.INCORRECT, Outcome.RUNTIME_ERROR}, (check.exercise, name, kind, result)


class _Recorder(LiveAnswer):
    """Keeps what each function gave, call by call."""

    def __init__(self, namespace: Namespace) -> None:
        super().__init__(namespace)
        self.values: dict[str, list[object]] = {}

    def _call(self, name, args, kwargs):
        value = super()._call(name, args, kwargs)
        self.values.setdefault(name, []).append(value)
        return value


class _Replay:
    """Gives again what was recorded, without training again, but for one function that gives something bad."""

    def __init__(self, values: dict[str, list[object]], name: str, bad: object) -> None:
        self._values, self._name, self._bad = values, name, bad
        self._calls: dict[str, int] = {}

    def __getattr__(self, name: str):
        def call(*_args, **_named):
            if name == self._name:
                return plain(self._bad, opaque=lambda value: Handle(0, type(value).__name__))
            nth = self._calls[name] = self._calls.get(name, -1) + 1
            return self._values[name][min(nth, len(self._values[name]) - 1)]

        return call


@each_class
def test_criteria_and_measurements_run_at_smoke_scale(item: CourseClass) -> None:
    checks = checks_of(item)
    for criterion in checks.criteria:
        answer = LiveAnswer(solution_namespace(item))
        result = run_criterion(criterion, answer, data=_smoke(criterion.data), variant="x/synthetic", scale=SMOKE, seed=0)
        allowed = {Outcome.PENDING} if criterion.evidence is Evidence.WRITTEN else {Outcome.CORRECT, Outcome.NOT_CHECKABLE}
        assert result.outcome in allowed, (criterion.name, result)
        if result.outcome is Outcome.NOT_CHECKABLE:
            assert result.value is not None, (criterion.name, result.message, result.detail)
    for measurement in checks.measurements.values():
        answer = LiveAnswer(solution_namespace(item))
        assert run_measurement(measurement, answer, data=_smoke(measurement.data), scale=SMOKE, seed=0)


def _smoke(name: str | None):
    return None if name is None else datasets.smoke(name)


@each_class
@pytest.mark.data
def test_the_solution_meets_the_homework_on_real_data(item: CourseClass) -> None:
    for criterion in checks_of(item).criteria:
        if criterion.evidence is Evidence.WRITTEN:
            continue
        data = datasets.load(criterion.data).split(seed=0) if criterion.data else None
        result = run_criterion(criterion, LiveAnswer(solution_namespace(item)), data=data, variant=None, scale=LAPTOP, seed=0)
        assert result.outcome is Outcome.CORRECT, (criterion.name, result.value, result.message, result.detail)


ERRORS = [pytest.param(error, id=f"{item.folder.name}-{error.slug}") for item in CLASSES for error in errors_of(item)]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.filterwarnings("default")  # the planted bugs warn, and that is often their symptom
def test_each_common_error_shows_and_its_fix_mends_it(error, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert error.seen(error.bug())
    assert not error.seen(error.fixed())


@each_class
def test_the_record_is_sound_and_of_this_code(item: CourseClass) -> None:
    record = item.record
    assert record is not None, f"run `catedra verify {item.number}`"
    assert record.code_hash == item.code_hash, f"the code changed since it was measured: run `catedra verify {item.number}`"
    assert record.problems == ()
    assert len(record.seeds) >= 5
    assert {criterion.name for criterion in record.criteria} == {criterion.name for criterion in checks_of(item).criteria}
    assert {claim.name for claim in record.claims} == {claim.statement for claim in checks_of(item).claims}
    assert all(entry.evidence for entry in (*record.criteria, *record.claims) if entry.verdict != "holds")
    assert {answer.name for answer in record.wrong_answers} == {answer.name for answer in wrong_answers_of(item)}
    assert {answer.name for answer in record.right_answers} == {answer.name for answer in right_answers_of(item)}


@each_class
@pytest.mark.filterwarnings("default")
def test_examples_in_docstrings_run(item: CourseClass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load_module(item.folder / "__init__.py", item.package).__path__ = [str(item.folder)]
    module = load_module(item.folder / "solution.py", f"{item.package}.solution")
    failed, tried = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0
    assert tried > 0


@each_class
@pytest.mark.data
@pytest.mark.filterwarnings("default")  # the kernel's own libraries warn
def test_the_notebook_runs_top_to_bottom(item: CourseClass, tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.reads(notebook_of(item).decode(), as_version=4)
    nbformat.validate(notebook)
    environment = {**os.environ, "CATEDRA_HOME": str(tmp_path / "home")}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment)
    said = json.dumps([cell.get("outputs", []) for cell in notebook.cells], ensure_ascii=False)
    assert said.count("sin intentar") >= 5
