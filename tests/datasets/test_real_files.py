"""The real files: what the variants hold, checked against what is known of the data sets."""

import time

import numpy as np
import pytest

from catedra import datasets
from catedra.datasets import State

from .test_registry import contract


@pytest.mark.data("fashion_mnist")
def test_fashion_mnist():
    loaded = datasets.load("fashion_mnist")
    split = loaded.split(seed=0)
    contract(split, "fashion_mnist")
    assert loaded.variant == split.variant == "fashion_mnist/original"
    assert loaded.digest == "6cfc94206146bd5c17dae8421d3d63e529d6660620a4867ff02be5671612b571"
    assert [len(part.y) for part in split[:3]] == [50_000, 10_000, 10_000]
    labels = np.concatenate([split.train.y, split.validation.y])
    assert np.bincount(labels).tolist() == [6000] * 10
    assert np.bincount(split.test.y).tolist() == [1000] * 10
    pixels = [part.x for part in (split.train, split.validation)]
    mean = sum(int(x.sum(dtype=np.int64)) for x in pixels) / (60_000 * 784)
    squares = sum(int(np.square(x, dtype=np.uint16).sum(dtype=np.int64)) for x in pixels) / (60_000 * 784)
    assert mean / 255 == pytest.approx(0.2860, abs=5e-5)
    assert (squares - mean**2) ** 0.5 / 255 == pytest.approx(0.3530, abs=5e-5)
    assert split.test.y[:5].tolist() == [9, 2, 1, 1, 6]  # the official order


@pytest.mark.data("fashion_mnist")
def test_fashion_mnist_under_a_key():
    loaded = datasets.load("fashion_mnist")
    public, secret = loaded.split(), loaded.split(key=b"cohort")
    assert not np.array_equal(public.test.y, secret.test.y)
    assert public.test.x.astype(np.int64).sum() == secret.test.x.astype(np.int64).sum()
    assert (secret.validation.y == public.validation.y).mean() < 0.15


@pytest.mark.data("fashion_mnist")
def test_the_second_load_is_quick():
    datasets.load("fashion_mnist")
    start = time.process_time()  # CPU time: this machine may be busy
    datasets.load("fashion_mnist")
    assert time.process_time() - start < 0.5


@pytest.mark.data("california_housing")
def test_california_housing():
    assert datasets.describe("california_housing").state is State.FOLDER
    loaded = datasets.load("california_housing")
    split = loaded.split(seed=0)
    contract(split, "california_housing")
    assert loaded.variant == "california_housing/handson-ml2-complete-rows"
    assert loaded.digest == "bd0600ab7dd41d1638aafd59ceb6814d654257a552d8f2334583c7c76447671e"
    assert [len(part.y) for part in split[:3]] == [12_260, 4_086, 4_087]
    x = np.concatenate([part.x for part in split[:3]])
    y = np.concatenate([part.y for part in split[:3]])
    (first,) = np.flatnonzero((x[:, 0] == 8.3252) & (x[:, 4] == 322))  # the first row as scikit-learn's documentation prints it
    np.testing.assert_allclose(x[first], [8.3252, 41, 6.98412698, 1.02380952, 322, 2.55555556, 37.88, -122.23], rtol=1e-8)
    assert y[first] == 4.526
    assert y.max() == 5.00001
    assert np.isfinite(x).all()
