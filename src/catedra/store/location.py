"""Where the store is."""

import os
from pathlib import Path

from catedra.store.errors import StoreError

HOME_VARIABLE = "CATEDRA_HOME"
URL_VARIABLE = "CATEDRA_STORE"
FILE_NAME = "catedra.db"


def home() -> Path:
    """The folder of what Cátedra keeps for this user: `$CATEDRA_HOME`, else the system's place for user data."""
    chosen = os.environ.get(HOME_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_data_dir

    return Path(user_data_dir("catedra", appauthor=False))


def store_url() -> str:
    """The database's URL: `$CATEDRA_STORE`, else the SQLite file in `home()`, whose folder is made if need be.

    Raises:
        StoreError: the folder can't be made.
    """
    chosen = os.environ.get(URL_VARIABLE)
    if chosen:
        return chosen
    folder = home()
    make_folder(folder)
    return f"sqlite:///{folder / FILE_NAME}"


def make_folder(folder: Path) -> None:
    """Make a folder of the store's.

    Raises:
        StoreError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"No se puede crear la carpeta {folder}, donde Cátedra anota tu avance ({error.strerror}). "
            f"Dale permiso de escritura, o elegí otra con la variable {HOME_VARIABLE}."
        ) from error
