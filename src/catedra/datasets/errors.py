"""What can go wrong on the way to the data: one exception a cause, each with what to do."""

from catedra.errors import CatedraError


class DataError(CatedraError):
    """The data can't be had or aren't what they should be."""

    exit_code = 5


class UnknownDataError(DataError):
    """No data set has that name."""


class DataFolderError(DataError):
    """`$CATEDRA_DATA` isn't a folder that can be read."""


class CorruptDataError(DataError):
    """A file's bytes aren't those of the variant: its sha256 differs."""


class FormatError(DataError):
    """A file's header or rows don't follow its format."""


class CacheError(DataError):
    """The cache can't be read or written: permissions, no space left."""


class DownloadError(DataError):
    """The source didn't deliver the file."""


class UnavailableDataError(DataError):
    """A file is nowhere: neither in the folders nor, for the stated reason, at its source."""


def digest_differs(what: str, expected: str, actual: str) -> str:
    """The sentence about two digests, alike wherever they are compared."""
    return f"{what} no es el archivo esperado.\n  sha256 esperado: {expected}\n  sha256 recibido: {actual}"
