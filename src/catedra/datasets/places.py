"""The folders that data may come from, as the environment names them."""

import os
from pathlib import Path

from platformdirs import user_cache_dir

DATA = "CATEDRA_DATA"
CACHE = "CATEDRA_CACHE"
OFFLINE = "CATEDRA_OFFLINE"


def data_folder() -> Path | None:
    """The folder that the user keeps data sets in (`$CATEDRA_DATA`), if one is named."""
    named = os.environ.get(DATA)
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Where downloads are kept: `$CATEDRA_CACHE`, or the platform's cache folder for the user."""
    named = os.environ.get(CACHE)
    return Path(named).expanduser() if named else Path(user_cache_dir("catedra", appauthor=False))


def offline() -> bool:
    """Whether the network is refused (`$CATEDRA_OFFLINE`)."""
    return os.environ.get(OFFLINE, "").strip().lower() not in {"", "0", "false", "no"}


def has_size(path: Path, size: int) -> bool:
    """Whether a file of that size stands there."""
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False
