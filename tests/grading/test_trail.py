"""The trail: appended, never changed, and the same grade never twice."""

import dataclasses
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catedra.checking import CheckResult, Outcome, Verdict
from catedra.grading.trail import Conditions, Score, Trail, is_settled
from catedra.store import Store, StoreError


def verdict(outcome: Outcome = Outcome.CORRECT, **changes) -> Verdict:
    check = CheckResult(1, "Suma", outcome, "Bien.", "", None, 0.1)
    base = Verdict(
        901, "a" * 64, "c" * 64, False, "2026-01-01T00:00:00+00:00", "1", (check,), (), ("seccomp",), "e" * 64, "c0ffee123456"
    )
    return dataclasses.replace(base, **changes)


def score(points=(1.0, 0.5), **changes) -> Score:
    base = Score("ana", "a" * 64, "explicación", points, "prof", "Bien", datetime(2026, 1, 1, tzinfo=UTC))
    return dataclasses.replace(base, **changes)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'trail.db'}"


@pytest.fixture
def trail(url: str):
    with Trail(url) as opened:
        yield opened


def test_a_grade_comes_back_whole(trail: Trail) -> None:
    assert trail.append("ana", "h" * 64, verdict())
    [grade] = trail.grades(901)
    assert grade.verdict == verdict()
    assert (grade.student, grade.settled) == ("ana", True)
    assert grade.conditions == Conditions("h" * 64, "e" * 64, "c0ffee123456")
    assert (datetime.now(UTC) - grade.when).total_seconds() < 60
    assert trail.grades(902) == ()


def test_the_same_grade_stands_once_and_whatever_differs_is_another(trail: Trail) -> None:
    assert trail.append("ana", "h", verdict())
    assert not trail.append("ana", "h", verdict())
    assert not trail.append("ana", "h", verdict(Outcome.INCORRECT))
    others = [
        ("beto", "h", verdict()), ("ana", "i", verdict()), ("ana", "h", verdict(submission_sha256="b" * 64)),
        ("ana", "h", verdict(environment="f")), ("ana", "h", verdict(cohort="other")), ("ana", "h", verdict(class_number=902)),
    ]  # fmt: skip
    assert all(trail.append(*other) for other in others)
    assert len(trail.grades(901)) == 6


def test_an_inconclusive_grade_is_kept_and_does_not_count(trail: Trail) -> None:
    assert not is_settled(verdict(Outcome.INCONCLUSIVE))
    for _ in range(2):
        assert trail.append("ana", "h", verdict(Outcome.INCONCLUSIVE))
    assert trail.append("ana", "h", verdict())
    assert not trail.append("ana", "h", verdict(Outcome.INCONCLUSIVE))
    assert [grade.settled for grade in trail.grades(901)] == [False, False, True]


CHANGES = [
    "UPDATE {table} SET student = 'eva'", "DELETE FROM {table}", "DELETE FROM {table} WHERE id = 1",
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
]  # fmt: skip


@pytest.mark.parametrize("table", ["grades", "scores"])
@pytest.mark.parametrize("statement", CHANGES)
def test_the_database_itself_refuses_to_change_or_delete(trail: Trail, url: str, table: str, statement: str) -> None:
    trail.append("ana", "h", verdict())
    trail.append_scores(901, [score()])
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement.format(table=table))
    finally:
        connection.close()
    assert [grade.student for grade in trail.grades(901)] == [item.student for item in trail.scores(901)] == ["ana"]


def test_replacing_a_settled_grade_by_its_key_is_refused_too(trail: Trail, url: str) -> None:
    trail.append("ana", "h", verdict())
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    columns = "class_number, student, submission_sha256, checks_hash, environment, cohort, created, settled, verdict"
    try:
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(
                f"INSERT OR REPLACE INTO grades ({columns}) SELECT {columns.replace('verdict', chr(39) + '{}' + chr(39))} FROM grades"
            )
    finally:
        connection.close()
    assert trail.grades(901)[0].verdict == verdict()


def test_coordinators_at_once_append_one(url: str) -> None:
    Trail(url).close()
    results: list[bool] = []

    def work() -> None:
        with Trail(url) as mine:
            results.append(mine.append("ana", "h", verdict()))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == [False] * 5 + [True]


def test_a_unique_index_stands_behind_the_question(trail: Trail, url: str) -> None:
    trail.append("ana", "h", verdict())
    columns = "class_number, student, submission_sha256, checks_hash, environment, cohort, created, settled, verdict"
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        connection.execute("DROP TRIGGER grades_no_replace")
        with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
            connection.execute(f"INSERT INTO grades ({columns}) SELECT {columns} FROM grades")
    finally:
        connection.close()


def test_scores_are_appended_and_the_repeated_ones_left_out(trail: Trail) -> None:
    assert trail.append_scores(901, [score(), score(student="beto")]) == 2
    assert trail.append_scores(901, [score(), score(student="beto", points=(1.0, 1.0))]) == 1
    assert trail.append_scores(901, [score(points=(0.0, 0.0), comment="Ahora no")]) == 1
    assert [(item.student, item.points) for item in trail.scores(901)] == [
        ("ana", (1.0, 0.5)), ("beto", (1.0, 0.5)), ("beto", (1.0, 1.0)), ("ana", (0.0, 0.0)),
    ]  # fmt: skip
    assert trail.scores(901)[0] == score()


def test_an_older_store_is_upgraded_and_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    from alembic import command

    real = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, revision: real(config, "0001"))
        with Store(url) as store:
            store.unfold_hint(101, 1)
    with Trail(url) as trail, Store(url) as store:
        assert trail.append("ana", "h", verdict())
        assert store.hints_unfolded(101, 1) == 1


def test_trouble_with_the_database_is_said_in_spanish(tmp_path: Path) -> None:
    (tmp_path / "trail.db").write_text("no es una base de datos" * 100)
    with pytest.raises(StoreError, match="no es una base de datos, o está dañado"):
        Trail(f"sqlite:///{tmp_path / 'trail.db'}")
