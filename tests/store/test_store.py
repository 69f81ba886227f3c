"""What goes in comes out, as typed records, and in the order in which it happened."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from catedra.authoring import HOMEWORK
from catedra.checking import CheckResult, CriterionResult, Evidence, Outcome, Verdict
from catedra.store import Store, StoreError
from catedra.store import store as store_module
from catedra.store.tables import FILES

VERDICT = Verdict(
    class_number=101,
    submission_sha256="a" * 64,
    content_hash="b" * 64,
    advisory=True,
    created="2026-11-23T10:00:00+00:00",
    version="0.1.0",
    checks=(CheckResult(1, "Suma", Outcome.CORRECT, "Suma.", "", "sumar", 0.1),),
    criteria=(
        CriterionResult(
            "exactitud", Outcome.INCORRECT, Evidence.PREDICTIONS, 0.5, "≥ 0.87", True, "", 0, "laptop", "moons", "No.", "", 1.0
        ),
    ),
)  # fmt: skip


def test_attempts_come_back_in_order_and_in_utc(store):
    before = datetime.now(UTC)
    first = store.record_attempt(101, 1, Outcome.INCORRECT, message="Falta el signo.", source_sha256="c" * 64)
    second = store.record_attempt(101, HOMEWORK, Outcome.CORRECT, message="Criterio cumplido.", scale="laptop")
    third = store.record_attempt(102, 1, Outcome.CORRECT, message="Suma.")
    assert store.attempts() == (first, second, third)
    assert store.attempts(101) == (first, second)
    assert store.attempts(101, 1) == (first,)
    assert store.attempts(place=HOMEWORK) == (second,)
    assert first.when.utcoffset() == timedelta(0)
    assert before <= first.when <= second.when <= datetime.now(UTC)


def test_solved_are_the_places_that_were_correct_once(store):
    store.record_attempt(101, 1, Outcome.CORRECT, message="")
    store.record_attempt(101, 1, Outcome.INCORRECT, message="")
    store.record_attempt(101, 2, Outcome.RUNTIME_ERROR, message="")
    store.record_attempt(101, HOMEWORK, Outcome.CORRECT, message="")
    assert store.solved() == {(101, 1), (101, HOMEWORK)}


def test_hints_unfold_one_by_one_and_stop_at_the_last(store):
    assert store.hints_unfolded(101, 1) == 0
    assert [store.unfold_hint(101, 1) for _ in range(5)] == [1, 2, 3, 3, 3]
    assert store.hints_unfolded(101, 1) == 3
    assert store.hints_unfolded(101, 2) == 0


def test_a_submission_gives_its_bytes_back_and_is_kept_once(store):
    content = b'{"cells": []}' * 1000
    first = store.record_submission(101, "tarea.ipynb", content)
    second = store.record_submission(101, "copia.ipynb", content)
    assert store.submissions() == (first, second)
    assert store.submissions(102) == ()
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert first.size == len(content)
    assert store.content(first.sha256) == content
    with store._engine.connect() as connection:
        (row,) = connection.execute(FILES.select()).all()
    assert len(row.compressed) < len(content) / 10


def test_a_file_that_is_too_big_is_refused_with_what_to_do(store, monkeypatch):
    monkeypatch.setattr(store_module, "MAX_FILE_BYTES", 10)
    with pytest.raises(StoreError, match="borrá las salidas"):
        store.record_submission(101, "tarea.ipynb", b"x" * 11)
    assert store.submissions() == ()


def test_an_unknown_or_damaged_file_is_said(store):
    with pytest.raises(StoreError, match="No hay ningún archivo"):
        store.content("d" * 64)
    kept = store.record_submission(101, "tarea.ipynb", b"{}")
    for damaged in (b"no es zlib", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        with store._writing() as connection:
            connection.execute(sa.update(FILES).values(compressed=damaged))
        with pytest.raises(StoreError, match="dañado"):
            store.content(kept.sha256)


def test_a_verdict_comes_back_whole_with_its_file(store):
    content = b"def f(): ..."
    store.record_verdict(VERDICT)
    store.record_verdict(VERDICT, content)
    assert store.verdicts(101) == (VERDICT, VERDICT)
    assert store.verdicts(102) == ()
    assert store.content(hashlib.sha256(content).hexdigest()) == content


def test_uses(store):
    store.record_use("comprobar", 101, 0.25)
    store.record_use("list", None, 0.5)
    assert [(use.verb, use.class_number, use.seconds) for use in store.uses()] == [("comprobar", 101, 0.25), ("list", None, 0.5)]


def test_what_was_written_is_there_when_opened_again(home):
    with Store() as store:
        store.record_attempt(101, 1, Outcome.CORRECT, message="")
    with Store() as store:
        assert len(store.attempts()) == 1
    assert (home / "catedra.db").is_file()


def test_two_stores_see_each_other(home):
    with Store() as one, Store() as other:
        one.record_attempt(101, 1, Outcome.CORRECT, message="")
        other.unfold_hint(101, 1)
        assert len(other.attempts()) == 1
        assert one.hints_unfolded(101, 1) == 1


def test_in_memory_by_url():
    with Store("sqlite://") as store:
        assert store.unfold_hint(101, 1) == 1
        assert store.hints_unfolded(101, 1) == 1
