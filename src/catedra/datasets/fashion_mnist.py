"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 × 28, ten classes.

The variant `original` is the authors' four idx files, byte for byte. The official 60,000 are permuted into 50,000 for training
and 10,000 for validation; test is the official 10,000 (permuted only under a key, so that a lookup by index fails).

Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (2017), arXiv:1708.07747.
"""

from collections.abc import Mapping

import numpy as np

from catedra.datasets.data_set import Content, DataSet, File
from catedra.datasets.draw import Draw
from catedra.datasets.errors import FormatError
from catedra.datasets.idx import parse_idx
from catedra.datasets.partition import Parts, take
from catedra.datasets.split import Part
from catedra.datasets.stand_in import StandIn
from catedra.datasets.unpack import unpack

TRAIN, POOL, TEST = 50_000, 60_000, 10_000
CLASSES = 10

_COMMIT = "b2617bb6d3ffa2e429640350f613e3291e10b141"
_RAW = f"https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/{_COMMIT}/data/fashion"


def _file(name: str, size: int, sha256: str) -> File:
    return File(name, size, sha256, f"{_RAW}/{name}")


FILES = (
    _file("train-images-idx3-ubyte.gz", 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    _file("train-labels-idx1-ubyte.gz", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    _file("t10k-images-idx3-ubyte.gz", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    _file("t10k-labels-idx1-ubyte.gz", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
)


def _part(files: Mapping[str, bytes], prefix: str, count: int) -> Part:
    images, labels = f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz"
    x = parse_idx(unpack(files[images]), (count, 28, 28), images)
    y = parse_idx(unpack(files[labels]), (count,), labels)
    if y.max() >= CLASSES:
        raise FormatError(f"{labels}: se esperaban etiquetas de 0 a {CLASSES - 1} y hay un {y.max()}.")
    return Part(x, y.astype(np.int64))


def read(files: Mapping[str, bytes]) -> Content:
    """Parse the four files."""
    pool, test = _part(files, "train", POOL), _part(files, "t10k", TEST)

    def divide(draw: Draw) -> Parts:
        order = draw.permutation(POOL, "pool")
        test_order = draw.permutation(TEST, "test") if draw.secret else np.arange(TEST)
        return take(pool, order[:TRAIN]), take(pool, order[TRAIN:]), take(test, test_order)

    return Content(divide)


DATA_SET = DataSet(
    name="fashion_mnist",
    variant="original",
    summary="70.000 fotos de ropa en grises, de 28 × 28 píxeles, en diez clases",
    licence="MIT, © 2017 Zalando SE",
    source="https://github.com/zalandoresearch/fashion-mnist",
    files=FILES,
    read=read,
    stand_in=StandIn(example=(28, 28), dtype="uint8", low=0, high=255, classes=CLASSES),
)
