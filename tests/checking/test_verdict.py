"""A verdict is plain data, and the published schema says exactly what the dataclasses do."""

import dataclasses
import json
import types
import typing

import jsonschema
import numpy as np
import pytest

from catedra import __version__
from catedra.checking import (
    CheckResult,
    CriterionResult,
    Evidence,
    LiveAnswer,
    Outcome,
    Scale,
    ScaleName,
    Verdict,
    check,
    criterion,
    expect,
    run_check,
    run_criterion,
)
from catedra.checking.namespace import Cell, load_namespace
from catedra.checking.verdict import schema

SCHEMA = schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    """A real one: run against real functions, with as many outcomes as they give."""
    answer = LiveAnswer(load_namespace([Cell("celda 1", "def one(): return 1\ndef stub(): ...\ndef broken(): return 1 / 0")]))

    def judged(name, expected):
        def function(answer):
            """Da uno."""
            expect.equal(getattr(answer, name)(), expected, "No da uno")

        return run_check(check(1, hints=["a", "b", "c"], section=None if expected else "uno")(function), answer, np.random.default_rng(0))

    def measured(data=None, scale=ScaleName.LAPTOP, **arguments):
        made = criterion("valor", hint="Probá", unit="s", **arguments)(lambda answer: answer.one())
        return run_criterion(made, answer, data=None, variant=data, scale=Scale(scale), seed=3)

    return Verdict(
        class_number=101,
        submission_sha256="0f" * 32,
        content_hash="abc",
        advisory=True,
        created="2026-01-31T12:00:00+00:00",
        version=__version__,
        checks=(judged("one", 1), judged("one", 0), judged("stub", 1), judged("broken", 1), judged("none", 1)),
        criteria=(
            measured(at_least=0.5, data="moons/original"),
            measured(at_least=2, percent=True),
            measured(at_least=2, scale=ScaleName.SMOKE),
            measured(evidence=Evidence.WRITTEN, rubric=["explica"]),
            measured(evidence=Evidence.REPORTED, scale=ScaleName.FULL),
        ),
    )


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_real_verdicts_are_valid(verdict):
    VALIDATOR.validate(verdict.as_plain())
    outcomes = {result.outcome for result in (*verdict.checks, *verdict.criteria)}
    assert len(outcomes) == 6


def test_there_and_back(verdict):
    sent = json.loads(json.dumps(verdict.as_plain(), allow_nan=False))
    assert Verdict.from_plain(sent) == verdict
    assert type(Verdict.from_plain(sent).checks[0].outcome) is Outcome


KINDS = {int: "integer", str: "string", bool: "boolean", float: "number", types.NoneType: "null"}


def described(annotation) -> dict:
    """The schema that a field's annotation asks for."""
    if annotation in (Outcome, Evidence):
        return {"$ref": f"#/$defs/{annotation.__name__}"}
    if typing.get_origin(annotation) is tuple:
        item = typing.get_args(annotation)[0]
        return {"type": "array", "items": {"type": KINDS[item]} if item in KINDS else {"$ref": f"#/$defs/{item.__name__}"}}
    members = typing.get_args(annotation) or (annotation,)
    kinds = [KINDS[member] for member in members]
    return {"type": kinds[0] if len(kinds) == 1 else kinds}


@pytest.mark.parametrize("record", [Verdict, CheckResult, CriterionResult])
def test_schema_and_dataclass_agree_field_by_field(record):
    part = SCHEMA["$defs"][record.__name__]
    names = [field.name for field in dataclasses.fields(record)]
    assert list(part["properties"]) == names
    assert part["required"] == names
    assert part["additionalProperties"] is False
    for name, annotation in typing.get_type_hints(record).items():
        wanted = described(annotation) if (record, name) != (CriterionResult, "scale") else {"$ref": "#/$defs/ScaleName"}
        found = {key: value for key, value in part["properties"][name].items() if key in ("type", "$ref", "items")}
        assert found == wanted, name


@pytest.mark.parametrize("enumeration", [Outcome, Evidence, ScaleName])
def test_schema_and_enumeration_agree(enumeration):
    assert SCHEMA["$defs"][enumeration.__name__]["enum"] == [member.value for member in enumeration]


def test_every_outcome_has_a_label():
    assert len({outcome.label for outcome in Outcome}) == len(Outcome)
    assert Outcome.PENDING.label == "espera a tu docente"


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("class_number", "101"), ("submission_sha256", "0F" * 32), ("submission_sha256", "abc"), ("advisory", 1), ("created", "ayer"),
        ("created", "2026-01-31T12:00:00"), ("version", ""), ("checks", None), ("extra", 1), ("class_number", None),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_verdict(verdict, change, value):
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**verdict.as_plain(), change: value})


@pytest.mark.parametrize(
    ("list_name", "change", "value"),
    [("checks", "outcome", "perfect"), ("checks", "seconds", -1), ("checks", "exercise", 0), ("criteria", "value", "0.9"), ("criteria", "scale", "huge"),
     ("criteria", "evidence", "trust"), ("criteria", "seed", 1.5)],
)  # fmt: skip
def test_the_schema_refuses_what_is_no_result(verdict, list_name, change, value):
    plain = verdict.as_plain()
    plain[list_name][0][change] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(plain)
