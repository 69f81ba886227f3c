"""Splits come from a seed or a key, and from nothing else."""

import hashlib
import hmac

import numpy as np
import pytest

from catedra.datasets import Part
from catedra.datasets.draw import Draw
from catedra.datasets.partition import divide


def test_the_permutation_is_the_documented_one():
    material = hmac.new(b"k", b"secret\0toy/a\0" + b"3\0pool", hashlib.sha256).digest()
    words = [int.from_bytes(hashlib.shake_256(material).digest(80)[8 * i : 8 * i + 8], "little") for i in range(10)]
    assert Draw("toy/a", 3, b"k").permutation(10, "pool").tolist() == sorted(range(10), key=words.__getitem__)


@pytest.mark.parametrize("other", [Draw("b", 0), Draw("a", 1), Draw("a", 0, b"k"), Draw("a", 0, b"catedra")])
def test_variant_seed_and_key_each_change_it(other):
    same = Draw("a", 0).permutation(1000, "pool")
    np.testing.assert_array_equal(same, Draw("a", 0).permutation(1000, "pool"))
    assert sorted(same.tolist()) == list(range(1000))
    assert (other.permutation(1000, "pool") == same).mean() < 0.02
    assert other.generator("x").random() != Draw("a", 0).generator("x").random()


def test_purposes_are_independent():
    draw = Draw("a", 0, b"k")
    assert (draw.permutation(1000, "pool") == draw.permutation(1000, "test")).mean() < 0.02


def test_an_empty_key_is_refused_and_a_key_never_shown():
    with pytest.raises(ValueError, match="empty"):
        Draw("a", 0, b"")
    assert "swordfish" not in repr(Draw("a", 0, b"swordfish"))


def test_permutations_are_uniform():
    # Where 0 lands among 8 places, over 4,000 seeds: chi-square with 7 degrees of freedom stays under its 99.9 % quantile.
    places = [int(np.argmin(Draw("a", seed).permutation(8, "pool"))) for seed in range(4000)]
    counts = np.bincount(places, minlength=8)
    assert ((counts - 500) ** 2 / 500).sum() < 24.3


def test_parts_cover_the_pool_once_and_share_nothing_with_it():
    pool = Part(np.arange(101.0)[:, None], np.arange(101))
    parts = divide(pool, Draw("a", 0), stratify=False)
    assert [len(part.y) for part in parts] == [61, 20, 20]
    assert sorted(np.concatenate([part.y for part in parts]).tolist()) == list(range(101))
    assert all((part.x[:, 0] == part.y).all() for part in parts)
    parts[0].x[:] = -1
    assert pool.x.min() == 0


def test_strata_keep_the_proportions_and_come_mixed():
    pool = Part(np.arange(100.0)[:, None], np.repeat([0, 1], [30, 70]))
    parts = divide(pool, Draw("a", 0), stratify=True)
    assert [np.bincount(part.y).tolist() for part in parts] == [[18, 42], [6, 14], [6, 14]]
    assert np.count_nonzero(np.diff(parts[0].y)) > 10
