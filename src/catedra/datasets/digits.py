"""Handwritten digits: 1,797 pictures of 8 × 8 with values 0 to 16, ten classes.

The variant `bundled` is what scikit-learn carries (the test part of UCI's set). Each part has the classes in the whole's
proportions.

Source: E. Alpaydin, C. Kaynak (1998), "Optical recognition of handwritten digits"; UCI Machine Learning Repository.
"""

from collections.abc import Mapping

import numpy as np

from catedra.datasets.data_set import Content, DataSet
from catedra.datasets.draw import Draw
from catedra.datasets.partition import Parts, divide
from catedra.datasets.split import Part
from catedra.datasets.stand_in import StandIn


def read(files: Mapping[str, bytes]) -> Content:
    """Take the arrays from scikit-learn."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    pool = Part(np.asarray(x, dtype=np.float64).reshape(-1, 8, 8), np.asarray(y, dtype=np.int64))

    def parts(draw: Draw) -> Parts:
        return divide(pool, draw, stratify=True)

    return Content(parts, tuple(pool))


DATA_SET = DataSet(
    name="digits",
    variant="bundled",
    summary="1.797 dígitos escritos a mano, de 8 × 8 píxeles con valores de 0 a 16",
    licence="CC BY 4.0 (UCI), incluido en scikit-learn",
    source="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    files=(),
    read=read,
    stand_in=StandIn(example=(8, 8), dtype="float64", low=0, high=16, classes=10),
)
