"""Which data sets there are, and the three things one does with them: load, smoke, describe.

Adding one is adding its module, with a `DATA_SET`, and its name here: names are listed without importing anything.
"""

import difflib
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path

from catedra.datasets import places
from catedra.datasets.data_set import DataSet, Loaded
from catedra.datasets.errors import UnknownDataError
from catedra.datasets.resolve import obtain
from catedra.datasets.split import Split

NAMES = ("fashion_mnist", "california_housing", "moons", "breast_cancer", "digits")


class State(StrEnum):
    """Where a data set is. `label` says it to the learner."""

    LIBRARY = "library"
    DRAWN = "drawn"
    FOLDER = "folder"
    CACHE = "cache"
    MISSING = "missing"

    @property
    def label(self) -> str:
        """In Spanish, for tables."""
        return {
            State.LIBRARY: "incluido en scikit-learn",
            State.DRAWN: "se genera con la semilla",
            State.FOLDER: "en CATEDRA_DATA",
            State.CACHE: "en el caché",
            State.MISSING: "falta descargarlo",
        }[self]


@dataclass(frozen=True)
class Description:
    """What is known of a data set without reading it.

    Attributes:
        name, variant, summary, licence, source: as the data set declares them.
        size: bytes of its files; 0 when it has none.
        files: their names.
        state: where the data are; files are looked for by name and size, their sha256 is checked by `load`.
        folder: where the files are, or where a download would put them; None when there are no files.
    """

    name: str
    variant: str
    summary: str
    licence: str
    source: str
    size: int
    files: tuple[str, ...]
    state: State
    folder: Path | None


def names() -> tuple[str, ...]:
    """The data sets of the course, in the order in which classes meet them."""
    return NAMES


def get(name: str) -> DataSet:
    """The data set's declaration.

    Raises:
        UnknownDataError: there is none of that name.
    """
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        guess = f" ¿Quisiste decir {near[0]!r}?" if near else ""
        raise UnknownDataError(f"No hay ningún conjunto de datos {name!r}.{guess} Los que hay: {', '.join(NAMES)}.")
    data_set = import_module(f"catedra.datasets.{name}").DATA_SET
    assert isinstance(data_set, DataSet)
    return data_set


def load(name: str) -> Loaded:
    """Read the real data set, downloading it if it is in no folder.

    Example:
        >>> load("digits").variant
        'digits/bundled'

    Raises:
        DataError: there is no such data set, or it can't be had; the text says where to get it and where to put it.
    """
    data_set = get(name)
    content = data_set.read(obtain(data_set))
    return Loaded(
        name, data_set.full_variant, data_set.digest(content), data_set.licence, data_set.source, content.divide
    )  # fmt: skip


def smoke(name: str, seed: int = 0) -> Split:
    """Generate a small learnable split with the data set's shapes per example, dtypes and classes; needs no file.

    Example:
        >>> smoke("fashion_mnist").variant
        'fashion_mnist/synthetic'

    Raises:
        UnknownDataError: there is no such data set.
    """
    return get(name).stand_in.split(name, seed)


def describe(name: str) -> Description:
    """Say where the data set is or would come from, its size and its licence, without reading it.

    Raises:
        UnknownDataError: there is no such data set.
    """
    data_set = get(name)
    state, folder = _locate(data_set)
    return Description(
        name, data_set.full_variant, data_set.summary, data_set.licence, data_set.source,
        sum(file.size for file in data_set.files), tuple(file.name for file in data_set.files), state, folder,
    )  # fmt: skip


def _locate(data_set: DataSet) -> tuple[State, Path | None]:
    if not data_set.files:
        return (State.DRAWN if data_set.drawn else State.LIBRARY), None
    cache = places.cache_folder() / data_set.name
    given = places.data_folder()
    for state, folder in ((State.FOLDER, given and given / data_set.name), (State.CACHE, cache)):
        if folder and all(places.has_size(folder / file.name, file.size) for file in data_set.files):
            return state, folder
    return State.MISSING, cache
