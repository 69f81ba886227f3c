"""Where the project keeps what belongs to this user: `$CATEDRA_HOME`, or the system's place for user data."""

import os
from pathlib import Path

from catedra.errors import CatedraError


class HomeError(CatedraError):
    """The user's folder can't be used."""


def home() -> Path:
    """Return the user's folder, created if need be.

    Raises:
        HomeError: it can't be created or written.
    """
    chosen = os.environ.get("CATEDRA_HOME")
    if chosen:
        path = Path(chosen).expanduser()
    else:
        import platformdirs

        path = Path(platformdirs.user_data_dir("catedra", appauthor=False))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(
            f"no se puede crear la carpeta {path} ({error.strerror}): dale permiso de escritura o elegí otra con la variable CATEDRA_HOME"
        ) from error
    return path
