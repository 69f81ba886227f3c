"""Each declaration keeps what it is told and refuses what would fail later."""

import pytest

from catedra.checking import Evidence, Interval, Threshold, check, claim, criterion, measurement

HINTS = ["¿Qué pasa en cero?", "Mirá el signo", "Restá, no sumes"]


def sample(answer, rng):
    """El gradiente es correcto.

    Más detalle.
    """


def valued(answer, data, scale, seed) -> float:
    """Exactitud en test."""
    return 0.5


def test_a_check():
    made = check(2, hints=HINTS, section="regla")(sample)
    assert (made.exercise, made.title, made.hints, made.section) == (2, "El gradiente es correcto", tuple(HINTS), "regla")
    assert made.needs == ("answer", "rng")
    assert made.function is sample
    assert "function" not in repr(made)


@pytest.mark.parametrize("hints", [[], HINTS[:2], [*HINTS, "otra"], "abc", ["a", "b", " "]])
def test_a_check_has_three_hints(hints):
    with pytest.raises(ValueError, match="exercise 1: expected a list of three hints, received"):
        check(1, hints=hints)


def test_exercises_start_at_one():
    with pytest.raises(ValueError, match="starts at 1; received 0"):
        check(0, hints=HINTS)


def no_docstring(answer): ...


def blank_docstring(answer):
    """ """


@pytest.mark.parametrize("function", [no_docstring, blank_docstring])
def test_a_title_is_needed(function):
    with pytest.raises(ValueError, match="has no docstring: say in one sentence what is measured"):
        check(1, hints=HINTS)(function)
    with pytest.raises(ValueError, match="has no docstring"):
        measurement()(function)


@pytest.mark.parametrize(
    "function",
    [lambda: None, lambda rng: None, lambda rng, answer: None, lambda answer, model: None, lambda answer, *args: None, lambda answer, **rest: None],
)
def test_only_what_somebody_provides_may_be_asked_for(function):
    function.__doc__ = "Título."
    for declare in (check(1, hints=HINTS), criterion("x", at_least=1), measurement()):
        with pytest.raises(ValueError, match="the first parameter is `answer` and the rest come from"):
            declare(function)


@pytest.mark.parametrize("parameter", ["data", "scale", "seed"])
def test_a_check_is_too_small_for_data_and_scale(parameter):
    function = {"data": lambda answer, data: None, "scale": lambda answer, scale: None, "seed": lambda answer, seed: None}[parameter]
    with pytest.raises(ValueError, match=parameter):
        check(1, hints=HINTS)(function)


def test_a_criterion():
    stated = Threshold(at_least=0.9)
    made = criterion("exactitud en test", at_least=0.87, claimed=stated, unit="", percent=True, data="fashion_mnist", hint="Probá más épocas")(valued)
    assert made.name == "exactitud en test"
    assert made.threshold == Threshold(0.87)
    assert made.claimed is stated
    assert (made.percent, made.data, made.hint, made.trains, made.rubric) == (True, "fashion_mnist", "Probá más épocas", True, ())
    assert made.needs == ("answer", "data", "scale", "seed")
    assert made.evidence is Evidence.PREDICTIONS


def test_a_criterion_has_a_threshold():
    with pytest.raises(ValueError, match="needs at_least or at_most"):
        criterion("x")


def test_written_answers_have_a_rubric_and_nothing_else_does():
    made = criterion("análisis", evidence=Evidence.WRITTEN, rubric=["explica por qué"])(lambda answer: 0.0)
    assert made.threshold is None
    assert made.rubric == ("explica por qué",)
    for arguments in ({"evidence": Evidence.WRITTEN}, {"rubric": ["x"], "at_least": 1}):
        with pytest.raises(ValueError, match="a rubric goes with written evidence, and only with it"):
            criterion("análisis", **arguments)


def test_what_decides_nothing_has_no_threshold():
    assert criterion("horas", evidence=Evidence.REPORTED)(lambda answer: 1.0).threshold is None
    for arguments in ({"evidence": Evidence.REPORTED}, {"evidence": Evidence.WRITTEN, "rubric": ["x"]}):
        with pytest.raises(ValueError, match=f"{arguments['evidence']} evidence decides nothing; received a threshold"):
            criterion("x", at_least=1, **arguments)


def test_data_is_named_and_asked_for():
    for arguments, function in (({"data": "moons"}, lambda answer: 1.0), ({}, lambda answer, data: 1.0)):
        with pytest.raises(ValueError, match='the parameter `data` goes with data="name of the data set"'):
            criterion("x", at_least=1, **arguments)(function)
        function.__doc__ = "Título."
        with pytest.raises(ValueError, match="the parameter `data` goes with"):
            measurement(**arguments)(function)


def test_a_measurement():
    made = measurement(data="moons")(valued)
    assert (made.name, made.title, made.data, made.needs) == ("valued", "Exactitud en test", "moons", ("answer", "data", "scale", "seed"))


def test_a_claim():
    made = claim("BN necesita menos épocas", source="la especificación", at_most=0.7, unit="épocas", at_stated_size=False)(
        lambda runs: Interval(0.5, 0.4, 0.6, 5)
    )
    assert (made.statement, made.source, made.threshold, made.unit) == ("BN necesita menos épocas", "la especificación", Threshold(None, 0.7), "épocas")
    assert made.percent is False
    assert made.at_stated_size is False
    assert made.function(None).mean == 0.5
    with pytest.raises(ValueError, match="needs at_least or at_most"):
        claim("x", source="y")(lambda runs: None)


# Threshold


@pytest.mark.parametrize(
    ("threshold", "text", "inside", "outside"),
    [
        (Threshold(at_least=0.87), "≥ 0.87", [0.87, 1.0, float("inf")], [0.8699, -1.0]),
        (Threshold(at_most=2), "≤ 2", [2.0, -5.0], [2.01]),
        (Threshold(1, 2), "entre 1 y 2", [1, 1.5, 2], [0.99, 2.01]),
        (Threshold(1, 1), "entre 1 y 1", [1], [0.99]),
    ],
)
def test_threshold(threshold, text, inside, outside):
    assert str(threshold) == text
    assert all(threshold.met(value) for value in inside)
    assert all(threshold.margin(value) >= 0 for value in inside)
    assert not any(threshold.met(value) for value in outside)
    assert all(threshold.margin(value) < 0 for value in outside)
    assert not threshold.met(float("nan"))


def test_the_margin_is_to_the_nearest_bound():
    assert Threshold(1, 3).margin(2.5) == 0.5
    assert Threshold(at_least=1).margin(0.25) == -0.75


@pytest.mark.parametrize("bounds", [(2, 1), (float("nan"), 1), (1, float("nan"))])
def test_a_threshold_that_nothing_meets_is_refused(bounds):
    with pytest.raises(ValueError, match="needs at_least ≤ at_most"):
        Threshold(*bounds)
