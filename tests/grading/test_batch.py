"""A folder, graded: resumed after whatever happens, never twice, and with what moved when the checks change."""

import dataclasses
from pathlib import Path

import pytest

from catedra.checking import Outcome
from catedra.course import CourseClass, read_class
from catedra.grading.batch import Batch, grade_folder
from catedra.grading.engine import Engine
from catedra.grading.trail import Trail
from tests.grading.fake import RIGHT, FakeEngine
from tests.tiny import _CHECK, CHECKS, write_class

STUDENTS = ("ana", "beto", "carla", "dani")


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> CourseClass:
    return read_class(write_class(tmp_path_factory.mktemp("classes")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "entregas"
    made.mkdir()
    for name in STUDENTS:
        (made / f"{name}.py").write_text(f"# {name}\n" + RIGHT)
    (made / "beto.py").write_text(RIGHT.replace("x + 2", "x - 2"))
    return made


@pytest.fixture
def trail(tmp_path: Path):
    with Trail(f"sqlite:///{tmp_path / 'trail.db'}") as opened:
        yield opened


def grade(folder: Path, engine: FakeEngine, trail: Trail, **options) -> Batch:
    return grade_folder(folder, engine.course_class, engine, trail, cohort=engine.cohort, **options)


def outcomes(batch: Batch, student: str) -> list[str]:
    return [result.outcome.value for result in batch.grades[student].verdict.checks]


def test_the_fake_is_an_engine(item: CourseClass) -> None:
    assert isinstance(FakeEngine(item), Engine)


def test_a_folder_is_graded_once_and_verdicts_are_real(item: CourseClass, folder: Path, trail: Trail) -> None:
    engine = FakeEngine(item)
    seen: list[tuple[int, int, str]] = []
    batch = grade(folder, engine, trail, progress=lambda done, total, graded: seen.append((done, total, graded.job.student)))
    assert seen == [(n, 4, name) for n, name in enumerate(STUDENTS, start=1)]
    assert outcomes(batch, "ana") == ["correct"] * 5
    assert outcomes(batch, "beto") == ["correct", "incorrect", *["correct"] * 3]
    assert (batch.appended, batch.interrupted, batch.left, batch.failures, batch.stale) == (4, False, (), {}, frozenset())
    again = grade(folder, engine, trail)
    assert engine.graded == list(STUDENTS)
    assert again.appended == 0
    assert again.grades == batch.grades
    assert len(trail.grades(901)) == 4
    assert engine.closed == 1


def test_a_new_version_of_a_file_is_graded_and_the_old_grade_stays(item: CourseClass, folder: Path, trail: Trail) -> None:
    engine = FakeEngine(item)
    grade(folder, engine, trail)
    (folder / "beto.py").write_text(RIGHT)
    batch = grade(folder, engine, trail)
    assert engine.graded == [*STUDENTS, "beto"]
    assert outcomes(batch, "beto") == ["correct"] * 5
    assert [g.verdict.checks[1].outcome.value for g in trail.grades(901) if g.student == "beto"] == ["incorrect", "correct"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_what_was_done_before_a_cut_is_not_done_again(
    item: CourseClass, folder: Path, trail: Trail, error: type[BaseException]
) -> None:
    def cut(job):
        if job.student == "carla":
            raise error

    engine = FakeEngine(item, before=cut)
    if error is KeyboardInterrupt:
        batch = grade(folder, engine, trail)
        assert batch.interrupted
        assert batch.left == ("carla", "dani")
        assert batch.grades.keys() == {"ana", "beto"}
    else:
        with pytest.raises(error):
            grade(folder, engine, trail)
    assert [item.student for item in trail.grades(901)] == ["ana", "beto"]
    resumed = FakeEngine(item)
    batch = grade(folder, resumed, trail)
    assert resumed.graded == ["carla", "dani"]
    assert batch.left == ()
    assert len(trail.grades(901)) == 4


def test_ctrl_c_in_the_callback_closes_the_engine(item: CourseClass, folder: Path, trail: Trail) -> None:
    def interrupt(*_):
        raise KeyboardInterrupt

    engine = FakeEngine(item)
    assert grade(folder, engine, trail, progress=interrupt).interrupted
    assert engine.closed == 1
    assert [item.student for item in trail.grades(901)] == ["ana"]


def test_results_that_somebody_still_holds_are_closed_too(
    item: CourseClass, folder: Path, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []
    engine = FakeEngine(item)
    real = engine.grade

    def grade_and_hold(jobs):
        held.append(real(jobs))
        return held[-1]

    monkeypatch.setattr(engine, "grade", grade_and_hold)

    def interrupt(*_):
        raise KeyboardInterrupt

    assert grade(folder, engine, trail, progress=interrupt).interrupted
    assert engine.closed == 1


def test_a_failure_of_the_infrastructure_is_tried_again_and_counts_as_nothing(
    item: CourseClass, folder: Path, trail: Trail
) -> None:
    failures = {"beto": 1, "carla": 9}

    def fail(job):
        failures[job.student] = failures.get(job.student, 0) - 1
        return "el juez murió" if failures[job.student] >= 0 else None

    engine = FakeEngine(item, before=fail)
    batch = grade(folder, engine, trail)
    assert batch.failures == {"carla": "el juez murió"}
    assert batch.left == ("carla",)
    assert engine.graded == ["ana", "dani", "beto"]
    resumed = FakeEngine(item)
    assert grade(folder, resumed, trail).left == ()
    assert resumed.graded == ["carla"]


def _starved(verdict):
    first = dataclasses.replace(verdict.checks[0], outcome=Outcome.INCONCLUSIVE)
    return dataclasses.replace(verdict, checks=(first, *verdict.checks[1:]))


def test_an_inconclusive_verdict_is_tried_again_kept_and_never_final(item: CourseClass, folder: Path, trail: Trail) -> None:
    engine = FakeEngine(item, change=lambda job, verdict: _starved(verdict) if job.student == "ana" else verdict)
    batch = grade(folder, engine, trail)
    assert engine.graded == [*STUDENTS, "ana"]
    assert batch.left == ("ana",)
    assert [g.settled for g in trail.grades(901) if g.student == "ana"] == [False, False]
    resumed = FakeEngine(item)
    batch = grade(folder, resumed, trail)
    assert resumed.graded == ["ana"]
    assert batch.left == ()
    assert batch.grades["ana"].settled


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"submission_sha256": "b" * 64}, "el archivo cambió"), ({"content_hash": "x"}, "la clase cambió"), ({"class_number": 7}, "la clase cambió"),
        ({"cohort": "other"}, "otra clave"), ({"environment": "other"}, "otros paquetes"),
    ],
)  # fmt: skip
def test_a_verdict_on_something_else_is_a_failure(
    item: CourseClass, folder: Path, trail: Trail, changes: dict[str, object], says: str
) -> None:
    batch = grade(folder, FakeEngine(item, change=lambda job, verdict: dataclasses.replace(verdict, **changes)), trail)
    assert all(says in reason for reason in batch.failures.values())
    assert len(batch.failures) == 4
    assert trail.grades(901) == ()


def test_what_cannot_be_read_is_rejected_without_a_worker(item: CourseClass, folder: Path, trail: Trail) -> None:
    (folder / "eva.zip").write_bytes(b"no es un zip")
    (folder / "fede.py").write_bytes(b"\xff")
    (folder / "ana.ipynb").write_text("{}")
    engine = FakeEngine(item)
    batch = grade(folder, engine, trail)
    assert [(item.student, item.files) for item in batch.rejected] == [
        ("ana", ("ana.ipynb", "ana.py")),
        ("eva", ("eva.zip",)),
        ("fede", ("fede.py",)),
    ]
    assert engine.graded == ["beto", "carla", "dani"]
    assert all(submission.archive is None for submission in batch.submissions.values())


def _changed_class(tmp_path: Path) -> CourseClass:
    """The tiny class with another exercise 2 and another threshold."""
    checks = "\n".join(_CHECK.format(n=n) for n in range(1, 6)).replace("x + 2", "x - 2")
    text = CHECKS.format(checks=checks).replace("at_most=0.001", "at_most=0.002")
    return read_class(write_class(tmp_path / "changed", checks=text))


def test_changed_checks_leave_grades_stale_until_a_regrade_says_what_moved(
    item: CourseClass, folder: Path, trail: Trail, tmp_path: Path
) -> None:
    grade(folder, FakeEngine(item), trail)
    changed = _changed_class(tmp_path)
    assert changed.code_hash != item.code_hash
    engine = FakeEngine(changed)
    (folder / "eva.py").write_text("# eva\n" + RIGHT)
    batch = grade(folder, engine, trail)
    assert engine.graded == ["eva"]
    assert batch.stale == set(STUDENTS)
    assert batch.moves == ()
    batch = grade(folder, engine, trail, regrade=True)
    assert engine.graded == ["eva", *STUDENTS]
    assert batch.stale == frozenset()
    moved = {(move.student, move.place): (move.before, move.after) for move in batch.moves}
    assert moved == {
        ("ana", "ejercicio 2"): (Outcome.CORRECT, Outcome.INCORRECT), ("beto", "ejercicio 2"): (Outcome.INCORRECT, Outcome.CORRECT),
        ("carla", "ejercicio 2"): (Outcome.CORRECT, Outcome.INCORRECT), ("dani", "ejercicio 2"): (Outcome.CORRECT, Outcome.INCORRECT),
    }  # fmt: skip
    assert len(trail.grades(901)) == 9
    again = grade(folder, engine, trail, regrade=True)
    assert len(engine.graded) == 5
    assert again.moves == batch.moves  # also after a cut, the whole difference is said
    back = FakeEngine(item)
    batch = grade(folder, back, trail, regrade=True)
    assert back.graded == ["eva"]
    assert outcomes(batch, "ana") == ["correct"] * 5


def test_moves_say_values_and_places_that_came_and_went(item: CourseClass, folder: Path, trail: Trail, tmp_path: Path) -> None:
    def shifted(job, verdict):
        first, *rest = verdict.criteria
        return dataclasses.replace(
            verdict, criteria=(dataclasses.replace(first, value=0.25), dataclasses.replace(rest[0], name="otra"))
        )

    grade(folder, FakeEngine(item), trail)
    batch = grade(folder, FakeEngine(item, environment="f" * 64, change=shifted), trail, regrade=True)
    moves = {move.place: move for move in batch.moves if move.student == "ana"}
    assert moves.keys() == {"media de prueba", "otra", "explicación"}
    assert (moves["media de prueba"].value_before, moves["media de prueba"].value_after) == (0.0, 0.25)
    assert (moves["otra"].before, moves["otra"].after) == (None, Outcome.PENDING)
    assert (moves["explicación"].before, moves["explicación"].after) == (Outcome.PENDING, None)
