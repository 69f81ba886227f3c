"""Two interleaved half moons in the plane, drawn afresh from the seed or the key: 400 / 100 / 10,000 points, noise 0.2.

Each part has a stream of its own, so the training points tell nothing about the test's. The digest is that of the points of the
public split with seed 0: it changes when the library draws otherwise.
"""

from collections.abc import Mapping

import numpy as np

from catedra.datasets.data_set import Content, DataSet
from catedra.datasets.draw import Draw
from catedra.datasets.partition import Parts
from catedra.datasets.split import Part
from catedra.datasets.stand_in import StandIn

NOISE = 0.2
TRAIN, VALIDATION, TEST = 400, 100, 10_000


def _points(draw: Draw, purpose: str, count: int) -> Part:
    from sklearn.datasets import make_moons

    # scikit-learn wants the legacy interface; seeding it through a sequence takes all 256 bits of the material.
    state = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(int.from_bytes(draw.material(purpose), "little"))))
    x, y = make_moons(count, noise=NOISE, random_state=state)
    return Part(x, y.astype(np.int64))


def divide(draw: Draw) -> Parts:
    """Draw the three parts."""
    return _points(draw, "train", TRAIN), _points(draw, "validation", VALIDATION), _points(draw, "test", TEST)


def read(files: Mapping[str, bytes]) -> Content:
    """Nothing to read: the points of the public split stand for the generator."""
    public = divide(Draw(DATA_SET.full_variant))
    return Content(divide, tuple(array for part in public for array in part))


DATA_SET = DataSet(
    name="moons",
    variant="noise-0.2",
    summary="dos medialunas entrelazadas en el plano, con puntos nuevos para cada semilla",
    licence="generado; el generador es de scikit-learn (BSD-3-Clause)",
    source="https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html",
    files=(),
    read=read,
    stand_in=StandIn(example=(2,), dtype="float64", low=-1.5, high=2.5, classes=2),
    drawn=True,
)
