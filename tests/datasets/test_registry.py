"""What every data set promises, whichever it is, and what the ones that need no file hold."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from catedra import datasets
from catedra.datasets import Split, State

EXAMPLES = {
    "fashion_mnist": ((28, 28), "uint8", 10),
    "california_housing": ((8,), "float64", None),
    "moons": ((2,), "float64", 2),
    "breast_cancer": ((30,), "float64", 2),
    "digits": ((8, 8), "float64", 10),
}
CARRIED = {  # name → variant, digest, sizes
    "breast_cancer": (
        "breast_cancer/bundled",
        "ac89a3157c981fba49f935582716f684ac4d7629692485aeb10a9f281c44a8a7",
        [341, 115, 113],
    ),
    "digits": ("digits/bundled", "4f71f95532f206b405d0650ad267f1056731e48e27325f7c2b94a9fbf14317f8", [1078, 360, 359]),
}


def contract(split: Split, name: str) -> None:
    """Shapes, dtypes and classes of a split, real or generated."""
    example, dtype, classes = EXAMPLES[name]
    for part in split[:3]:
        assert part.x.shape == (len(part.y), *example)
        assert part.x.dtype == dtype
        assert part.y.dtype == ("float64" if classes is None else "int64")
        if classes:
            assert set(np.unique(part.y)) == set(range(classes))


def test_names_are_listed():
    assert datasets.names() == tuple(EXAMPLES)


def test_importing_is_light():
    use = "import sys, catedra.datasets as d; d.describe('digits'); d.smoke('digits')"
    code = f"{use}; print({{'sklearn', 'pandas', 'rich'}} & set(sys.modules))"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"


@pytest.mark.parametrize("name", EXAMPLES)
def test_smoke_has_the_shapes_and_says_that_it_is_synthetic(name):
    split = Split.smoke(name, seed=3)
    contract(split, name)
    assert split.variant == f"{name}/synthetic"
    assert isinstance(split, datasets.SplitLike)
    assert sum(len(part.y) for part in split[:3]) == 400
    np.testing.assert_array_equal(split.train.x, datasets.smoke(name, 3).train.x)
    assert not np.array_equal(split.train.x, datasets.smoke(name, 4).train.x)


@pytest.mark.parametrize("name", EXAMPLES)
def test_smoke_can_be_learned(name):
    split = datasets.smoke(name)
    flat = [part.x.reshape(len(part.x), -1).astype(float) for part in split[:3]]
    low, high = flat[0].min(0), flat[0].max(0)
    model = LinearRegression() if name == "california_housing" else LogisticRegression(max_iter=300)
    model.fit((flat[0] - low) / (high - low), split.train.y)
    assert model.score((flat[2] - low) / (high - low), split.test.y) > 0.9


@pytest.mark.parametrize("name", CARRIED)
def test_what_scikit_learn_carries(name):
    loaded = datasets.load(name)
    assert (loaded.name, loaded.variant, loaded.digest) == (name, *CARRIED[name][:2])
    split = loaded.split(seed=1)
    contract(split, name)
    assert split.variant == loaded.variant
    assert [len(part.y) for part in split[:3]] == CARRIED[name][2]
    shares = [np.bincount(part.y) / len(part.y) for part in split[:3]]
    np.testing.assert_allclose(shares[1:], [shares[0]] * 2, atol=0.01)
    assert datasets.describe(name).state is State.LIBRARY
    split.train.x[:] = 0
    assert loaded.split(seed=1).train.x.max() > 0


def test_a_key_changes_the_split_and_the_seed_still_counts():
    loaded = datasets.load("digits")
    labels = [loaded.split(seed, key).train.y for seed, key in ((0, None), (0, b"a"), (0, b"b"), (1, b"a"))]
    assert all(not np.array_equal(labels[i], labels[j]) for i in range(4) for j in range(i))
    np.testing.assert_array_equal(labels[1], datasets.load("digits").split(0, b"a").train.y)


def test_moons_are_fresh_points_in_every_part():
    loaded = datasets.load("moons")
    split = loaded.split(seed=5)
    contract(split, "moons")
    assert [len(part.y) for part in split[:3]] == [400, 100, 10_000]
    points = np.concatenate([part.x for part in split[:3]])
    assert len(np.unique(points, axis=0)) == 10_500
    assert loaded.digest == datasets.load("moons").digest
    assert not np.array_equal(split.test.x, loaded.split(seed=5, key=b"k").test.x)
    assert datasets.describe("moons").state is State.DRAWN
    # Without noise the upper moon's points lie on the unit circle; with it their distance to it has about its deviation.
    upper = split.test.x[split.test.y == 0]
    assert np.std(np.hypot(*upper.T)) == pytest.approx(0.2, abs=0.01)


def test_an_unknown_name_says_which_there_are():
    with pytest.raises(datasets.UnknownDataError, match=r"¿Quisiste decir 'fashion_mnist'\?.*moons"):
        datasets.load("fashion-mnist")
    with pytest.raises(datasets.UnknownDataError, match="Los que hay"):
        datasets.describe("zzz")


def test_describe_says_where_files_are_or_would_be(cache, tmp_path, monkeypatch):
    file_set = datasets.describe("california_housing")
    assert (file_set.state, file_set.folder) == (State.MISSING, cache / "california_housing")
    assert file_set.size == 1_423_529
    for state, root in ((State.CACHE, cache), (State.FOLDER, tmp_path / "data")):
        folder = root / "california_housing"
        folder.mkdir(parents=True)
        monkeypatch.setenv("CATEDRA_DATA", str(tmp_path / "data"))
        with (folder / "housing.csv").open("wb") as stream:
            stream.truncate(file_set.size)
        assert (datasets.describe("california_housing").state, datasets.describe("california_housing").folder) == (state, folder)


def test_every_state_and_set_speaks_to_the_learner():
    assert all(state.label for state in State)
    for name in datasets.names():
        described = datasets.describe(name)
        assert described.summary
        assert described.licence
        assert described.source.startswith("https://")


def test_describe_survives_a_folder_that_cannot_be_read(cache, monkeypatch):
    monkeypatch.setattr("pathlib.Path.is_file", lambda path: (_ for _ in ()).throw(PermissionError(13, "no")))
    assert datasets.describe("fashion_mnist").state is State.MISSING
