"""Statistics, metrics, curves and scales against published values, independent libraries and worked numbers."""

import doctest
import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from catedra.checking import (
    Curves,
    Scale,
    ScaleName,
    accuracy,
    confusion_matrix,
    mean_absolute_error,
    mean_interval,
    roc_auc,
    scale,
    statistics,
    tolerance_factor,
    wilson,
)
from catedra.checking.curves import NotMeasuredError
from catedra.errors import CatedraError


@pytest.mark.parametrize("module", [statistics, scale])
def test_the_examples_run(module):
    assert doctest.testmod(module).failed == 0


# One-sided normal tolerance factors, 95 % of the population with 95 % confidence: Hahn & Meeker, Statistical Intervals (1991).
@pytest.mark.parametrize(
    ("n", "k"), [(2, 26.260), (3, 7.656), (4, 5.144), (5, 4.203), (6, 3.708), (8, 3.187), (10, 2.911), (15, 2.566), (20, 2.396), (30, 2.220)]
)
def test_tolerance_factors_are_the_published_ones(n, k):
    assert tolerance_factor(n) == pytest.approx(k, abs=6e-4)


def test_a_tolerance_bound_covers_what_it_says():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal((20_000, 5))
    bounds = samples.mean(axis=1) - tolerance_factor(5) * samples.std(axis=1, ddof=1)
    covered = np.mean(bounds <= stats.norm.ppf(0.05))
    assert covered == pytest.approx(0.95, abs=0.006)  # four standard errors


def test_a_tolerance_bound_needs_two_measurements():
    with pytest.raises(ValueError, match="at least 2 measurements; received 1"):
        tolerance_factor(1)


# Newcombe (1998), Statistics in Medicine 17:857–872, table I, method 3.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
)
def test_wilson_gives_the_published_intervals(successes, n, low, high):
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert interval.mean == successes / n
    assert interval.n == n


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_scipy_and_stays_in_range(pair):
    interval = wilson(*pair)
    theirs = stats.binomtest(*pair).proportion_ci(0.95, method="wilson")
    assert (interval.low, interval.high) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))
    assert 0 <= interval.low <= interval.mean <= interval.high <= 1
    assert (interval.low == 0) == (pair[0] == 0)
    assert (interval.high == 1) == (pair[0] == pair[1])


@pytest.mark.parametrize("pair", [(-1, 5), (6, 5), (0, 0), (0, -1)])
def test_wilson_refuses_what_is_no_rate(pair):
    with pytest.raises(ValueError, match="0 ≤ successes ≤ n"):
        wilson(*pair)


def test_mean_interval_by_hand():
    interval = mean_interval([1.0, 2.0, 3.0])  # mean 2, std 1, t(0.975; 2) = 4.3027
    assert interval.mean == 2.0
    assert interval.high - 2.0 == pytest.approx(4.3027 / math.sqrt(3), abs=1e-4)
    assert 2.0 - interval.low == pytest.approx(interval.high - 2.0)
    assert interval.n == 3


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_mean_interval_agrees_with_scipy(values):
    interval = mean_interval(values)
    spread = np.std(values, ddof=1)
    if spread > 1e-9:
        low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_equal_values_have_an_interval_without_width():
    assert mean_interval([0.5, 0.5]) == statistics.Interval(0.5, 0.5, 0.5, 2)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, math.nan], [1.0, math.inf]])
def test_mean_interval_refuses_too_little(values):
    with pytest.raises(ValueError, match="at least 2 finite values"):
        mean_interval(values)


# Metrics

pairs = hnp.arrays(np.int64, st.tuples(st.integers(1, 50), st.just(2)), elements=st.integers(0, 3))


@given(pairs)
def test_counts_agree_with_scikit_learn(pair):
    predicted, truth = pair.T
    assert accuracy(predicted, truth) == pytest.approx(sklearn.metrics.accuracy_score(truth, predicted))
    assert (confusion_matrix(predicted, truth, 4) == sklearn.metrics.confusion_matrix(truth, predicted, labels=range(4))).all()


def test_accuracy_by_hand():
    assert accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])) == 0.75
    assert type(accuracy(np.array(["a"]), np.array(["a"]))) is float


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=st.floats(-1e6, 1e6)))
def test_absolute_error_agrees_with_scikit_learn(pair):
    predicted, truth = pair.T
    assert mean_absolute_error(predicted, truth) == pytest.approx(sklearn.metrics.mean_absolute_error(truth, predicted))


def test_absolute_error_of_bytes_does_not_wrap_around():
    assert mean_absolute_error(np.array([3], dtype=np.uint8), np.array([5], dtype=np.uint8)) == 2.0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=2, max_size=40).filter(lambda rows: len({y for _, y in rows}) == 2))
def test_auc_agrees_with_scikit_learn_with_ties(rows):
    score, truth = np.array(rows).T
    assert roc_auc(score, truth) == pytest.approx(sklearn.metrics.roc_auc_score(truth, score))


def test_metrics_refuse_what_would_broadcast_or_say_nothing():
    column, row, none = np.zeros((3, 1)), np.zeros(3), np.zeros(0)
    for metric in (accuracy, mean_absolute_error):
        for pair in ((column, row), (none, none)):
            with pytest.raises(ValueError, match="one shape"):
                metric(*pair)
    with pytest.raises(ValueError, match="one shape"):
        confusion_matrix(column.astype(int), row.astype(int), 2)
    for labels in (np.array([-1, 0]), np.array([0, 2])):
        with pytest.raises(ValueError, match=r"expected labels in 0\.\.1; received"):
            confusion_matrix(labels, np.array([0, 1]), 2)
    assert confusion_matrix(none.astype(int), none.astype(int), 2).tolist() == [[0, 0], [0, 0]]
    for score, truth in ((np.zeros(2), np.zeros(3)), (np.array([np.nan, 1]), np.array([0, 1]))):
        with pytest.raises(ValueError, match="a finite score for each label"):
            roc_auc(score, truth)
    with pytest.raises(ValueError, match="needs both classes; received 2 positives and 0 negatives"):
        roc_auc(np.array([0.1, 0.2]), np.array([1, 1]))


# Curves


def test_curves():
    curves = Curves([3, 5], {"run.loss": [[1.0, 0.5, 0.2], [1.0, 0.4]], "run.best": [2, 3]})
    assert curves.seeds == (3, 5)
    assert list(curves) == ["run.loss", "run.best"]
    assert len(curves) == 2
    assert [run.tolist() for run in curves["run.loss"]] == [[1.0, 0.5, 0.2], [1.0, 0.4]]
    assert curves.stack("run.loss").tolist() == [[1.0, 0.5], [1.0, 0.4]]
    assert curves.stack("run.best").tolist() == [2, 3]


def test_a_curve_that_was_not_measured():
    curves = Curves([0], {"b": [1], "a": [1]})
    with pytest.raises(NotMeasuredError) as caught:
        curves["c"]
    assert str(caught.value) == "no hay ninguna medición `c` (hay: ['a', 'b']): corré `catedra verify`"
    assert isinstance(caught.value, CatedraError)
    assert "c" not in curves
    assert "a" in curves
    assert curves.get("c") is None
    with pytest.raises(NotMeasuredError, match="hay: ninguna"):
        Curves([], {})["x"]


def test_each_seed_has_its_run():
    with pytest.raises(ValueError, match="curve 'a' has 1 runs for 2 seeds"):
        Curves([0, 1], {"a": [1]})


# Scales


@pytest.mark.parametrize(
    ("arguments", "picked"),
    [
        ({"smoke": 1, "laptop": 8}, [1, 8, 8, 8]),
        ({"smoke": 1, "laptop": 8, "full": 30}, [1, 8, 30, 30]),
        ({"smoke": 1, "laptop": 8, "claim": 20}, [1, 8, 20, 8]),
        ({"smoke": 1, "laptop": 8, "full": 30, "claim": 0}, [1, 8, 0, 30]),
    ],
)
def test_a_scale_picks(arguments, picked):
    assert [Scale(name).pick(**arguments) for name in ScaleName] == picked


def test_only_smoke_does_not_judge():
    assert [Scale(name).judges for name in ScaleName] == [False, True, True, True]
