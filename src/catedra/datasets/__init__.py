"""The data sets of the course: named variants with a digest, found on disk or downloaded, split by seed or by key.

    from catedra import datasets

    data = datasets.load("fashion_mnist").split(seed=0)     # the real ones
    data = datasets.smoke("fashion_mnist", seed=0)          # generated: same shapes per example, dtypes and classes

A file is looked for in `$CATEDRA_DATA/<name>/`, then in the user's cache (`$CATEDRA_CACHE`), then at its official source; when
it can't be had there is one error that says where to get it and where to put it. Nothing is ever replaced by something else:
generated data are asked for by name and say so in their variant.

Importing this package imports neither scikit-learn nor any framework. `describe` tells variants, sizes and licences.
"""

from catedra.datasets.data_set import Loaded
from catedra.datasets.errors import (
    CacheError,
    CorruptDataError,
    DataError,
    DataFolderError,
    DownloadError,
    FormatError,
    UnavailableDataError,
    UnknownDataError,
)
from catedra.datasets.registry import Description, State, describe, load, names, smoke
from catedra.datasets.split import Part, Split, SplitLike

__all__ = [
    "CacheError",
    "CorruptDataError",
    "DataError",
    "DataFolderError",
    "Description",
    "DownloadError",
    "FormatError",
    "Loaded",
    "Part",
    "Split",
    "SplitLike",
    "State",
    "UnavailableDataError",
    "UnknownDataError",
    "describe",
    "load",
    "names",
    "smoke",
]
