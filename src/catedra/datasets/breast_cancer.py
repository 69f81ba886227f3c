"""Breast Cancer Wisconsin (diagnostic): 569 tumours, 30 measurements each, benign (1) or malignant (0).

The variant `bundled` is what scikit-learn carries. Each part has the classes in the whole's proportions.

Source: W. N. Street, W. H. Wolberg, O. L. Mangasarian (1993); UCI Machine Learning Repository.
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
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    pool = Part(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.int64))

    def parts(draw: Draw) -> Parts:
        return divide(pool, draw, stratify=True)

    return Content(parts, tuple(pool))


# The ten measurements' largest means, rounded; the set repeats them as standard errors and as worst values.
_LARGEST = (28, 39, 188, 2501, 0.16, 0.35, 0.43, 0.2, 0.3, 0.1)

DATA_SET = DataSet(
    name="breast_cancer",
    variant="bundled",
    summary="569 tumores de mama con 30 medidas de cada uno: benigno (1) o maligno (0)",
    licence="CC BY 4.0 (UCI), incluido en scikit-learn",
    source="https://archive.ics.uci.edu/dataset/17/breast+cancer+wisconsin+diagnostic",
    files=(),
    read=read,
    stand_in=StandIn(example=(30,), dtype="float64", low=0, high=_LARGEST * 3, classes=2),
)
