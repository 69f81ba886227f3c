"""Where a data set's files come from: `$CATEDRA_DATA` → the cache → the official source → an error that says what to do.

Every file is hashed each time it is read, and the bytes that were hashed are those that are parsed: 31 MB take 0.05 s, too little
to be worth remembering which files were right.

- In `$CATEDRA_DATA` a file with the wrong digest is an error: those files are the user's, another source would hide the problem.
- In the cache it is set aside (name.corrupt) and fetched again, with a notice: those files are ours.
- One process downloads at a time; whoever waited finds the files there.
"""

import os
from hashlib import sha256
from pathlib import Path

from catedra.datasets import places
from catedra.datasets.data_set import DataSet, File
from catedra.datasets.download import cannot_write, download
from catedra.datasets.errors import (
    CacheError,
    CorruptDataError,
    DataFolderError,
    DownloadError,
    UnavailableDataError,
    digest_differs,
)
from catedra.datasets.lock import exclusive
from catedra.datasets.notices import notice, progress_bar, size_text


def obtain(data_set: DataSet) -> dict[str, bytes]:
    """The verified bytes of the data set's files, by name, from the first place that has each.

    Raises:
        DataError: one of its subclasses, by cause.
    """
    found = {file.name: _given(data_set, file) or _cached(data_set, file) for file in data_set.files}
    if not all(found.values()):
        _fetch(data_set, [file for file in data_set.files if not found[file.name]])
        found |= {file.name: _cached(data_set, file) for file in data_set.files if not found[file.name]}
    return {name: content for name, content in found.items() if content is not None}


def _given(data_set: DataSet, file: File) -> bytes | None:
    """The file from `$CATEDRA_DATA`; None if it isn't there."""
    folder = places.data_folder()
    if folder is None:
        return None
    if not folder.is_dir():
        advice = "Corregí la variable, o borrala para usar el caché y la descarga"
        raise DataFolderError(f"CATEDRA_DATA dice {folder}, que no es una carpeta.\n  {advice}.")
    path = folder / data_set.name / file.name
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFolderError(f"No se puede leer {path} (de CATEDRA_DATA): {error.strerror or error}.") from error
    actual = sha256(content).hexdigest()
    if actual != file.sha256:
        raise CorruptDataError(
            f"{digest_differs(str(path), file.sha256, actual)}\n  Está en CATEDRA_DATA, así que no se reemplaza: "
            f"bajalo de nuevo de {file.url}, o borralo para usar el caché."
        )
    return content


def _cached(data_set: DataSet, file: File) -> bytes | None:
    """The file from the cache; None if it isn't there or isn't right."""
    path = places.cache_folder() / data_set.name / file.name
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        reason = error.strerror or error
        raise CacheError(f"No se puede leer {path}: {reason}.\n  Dale permisos, o cambiá CATEDRA_CACHE.") from error
    return content if sha256(content).hexdigest() == file.sha256 else None


def _fetch(data_set: DataSet, missing: list[File]) -> None:
    """Download to the cache what is missing there, one process at a time."""
    folder = places.cache_folder() / data_set.name
    offline = places.offline()

    def waiting() -> None:
        notice(f"Otro proceso está descargando {data_set.name}: esperando a que termine…")

    if offline and not folder.is_dir():
        raise _unavailable(data_set, missing, "CATEDRA_OFFLINE prohíbe usar la red")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(folder / ".lock", waiting):
            still = [file for file in missing if _cached(data_set, file) is None]
            for file in still:
                _set_aside(folder / file.name)
            if still and offline:
                raise _unavailable(data_set, still, "CATEDRA_OFFLINE prohíbe usar la red")
            if still:
                _download(data_set, still, folder)
    except OSError as error:
        raise cannot_write(folder, error, sum(file.size for file in missing)) from error


def _set_aside(path: Path) -> None:
    """Rename a file of the cache that isn't what it should be."""
    if path.exists():
        aside = path.with_name(path.name + ".corrupt")
        os.replace(path, aside)
        notice(f"{path.name}, del caché, está dañado: queda aparte como {aside.name} y se descarga de nuevo.")


def _download(data_set: DataSet, missing: list[File], folder: Path) -> None:
    size = sum(file.size for file in missing)
    notice(
        f"{data_set.full_variant}: se descargan {size_text(size)} de {data_set.source}\n"
        f"  Licencia: {data_set.licence}\n  Carpeta: {folder}"
    )
    for file in missing:
        try:
            with progress_bar(file.name, file.size) as advance:
                download(file, folder / file.name, advance)
        except (DownloadError, CorruptDataError) as error:
            rest = missing[missing.index(file) :]
            raise _unavailable(data_set, rest, str(error)) from error


def _unavailable(data_set: DataSet, missing: list[File], reason: str) -> UnavailableDataError:
    """The one error for data that can't be had: what is missing, why, where to get it, where to put it."""
    given = places.data_folder()
    put = [str(places.cache_folder() / data_set.name)]
    put.insert(0, str(given / data_set.name) if given else f"$CATEDRA_DATA/{data_set.name}")
    lines = [f"Faltan datos de {data_set.full_variant} ({data_set.licence}).", f"  Motivo: {reason}"]
    lines += [f"  Bajá {file.name} ({size_text(file.size)}) de {file.url}" for file in missing]
    lines += [f"  y guardá {'los archivos' if len(missing) > 1 else 'el archivo'} en {put[0]} o en {put[1]}."]
    return UnavailableDataError("\n".join(lines))
