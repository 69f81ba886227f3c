"""Downloading one file: resumed, verified, and put under its name only when it is whole.

    name.part grows → its sha256 is compared → os.replace to name

Notable: a connection that drops is taken up where it stopped (HTTP Range), in this run or the next; a server that ignores Range
starts over; a resumed file with the wrong digest is fetched once more from the beginning: its first half may be another file's.
Whoever calls holds the lock of the folder. Standard library only.
"""

import errno
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

from catedra.datasets.data_set import File
from catedra.datasets.errors import CacheError, CorruptDataError, DownloadError, digest_differs
from catedra.datasets.notices import size_text

CHUNK = 1 << 18
TIMEOUT = 30.0  # seconds without a byte
PAUSES = (0.5, 1.0, 2.0)  # seconds before each new attempt; attempts that brought bytes don't count

Advance = Callable[[int], None]


class _Dropped(Exception):
    """The attempt ended before the file did; another may go on."""


class _CantResume(_Dropped):
    """The server refuses to go on from where we are."""


def download(file: File, target: Path, advance: Advance = lambda done: None) -> None:
    """Fetch `file` to `target`, going on from `target`.part if there is one.

    Args:
        file: what to fetch.
        target: final path; its folder exists.
        advance: told how many bytes there are, as they come.

    Raises:
        DownloadError: the server refuses, or the connection drops again and again; what came stays in the .part file.
        CorruptDataError: the server gives other bytes than the variant's.
        CacheError: the folder can't be written, or no space is left.
    """
    part = target.with_name(target.name + ".part")
    try:
        resumed = _size(part) > 0
        actual = _whole(file, part, advance)
        if resumed and actual != file.sha256:
            part.unlink()
            actual = _whole(file, part, advance)
        if actual != file.sha256:
            part.unlink()
            raise CorruptDataError(digest_differs(f"lo que da {file.url}", file.sha256, actual))
        os.replace(part, target)
    except OSError as error:
        raise cannot_write(target.parent, error, file.size) from error


def cannot_write(folder: Path, error: OSError, size: int) -> CacheError:
    """The error for a cache that doesn't take the data, with what to do about it."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        reason = f"No queda espacio en {folder}: hacen falta {size_text(size)}."
    else:
        reason = f"No se puede escribir en {folder}: {error.strerror or error}."
    return CacheError(f"{reason}\n  Liberá espacio o permisos, o elegí otra carpeta con la variable CATEDRA_CACHE.")


def _whole(file: File, part: Path, advance: Advance) -> str:
    """Bring the .part file to its full size, over as many connections as it takes; return its sha256."""
    if _size(part) > file.size:  # another file's
        part.unlink()
    best, fruitless = _size(part), 0
    while _size(part) < file.size:
        try:
            _attempt(file, part, advance)
        except _Dropped as drop:
            # A server that ignores Range and always drops at the same place brings bytes, but never more than before.
            fruitless = 0 if _size(part) > best else fruitless + 1
            best = max(best, _size(part))
            if fruitless > len(PAUSES):
                came = f"; los {size_text(best)} que llegaron sirven para seguir al intentar otra vez" if best else ""
                raise DownloadError(f"la descarga de {file.name} falló {fruitless} veces seguidas ({drop}){came}") from drop
            time.sleep(PAUSES[max(fruitless - 1, 0)])
    return hashlib.sha256(part.read_bytes()).hexdigest()


def _attempt(file: File, part: Path, advance: Advance) -> None:
    """Add to the .part file what one connection brings."""
    have = _size(part)
    try:
        response = _open(file.url, have)
    except _CantResume:
        part.unlink(missing_ok=True)
        raise
    with closing(response):
        done = _start(response, have)
        with part.open("ab" if done else "wb") as stream:
            while done < file.size and (chunk := _receive(response)):
                stream.write(chunk)
                done += len(chunk)
                advance(done)
            stream.flush()
            os.fsync(stream.fileno())
    if done < file.size:
        raise _Dropped("la conexión terminó antes que el archivo")


def _open(url: str, have: int) -> http.client.HTTPResponse:
    """Ask for the file from byte `have` on."""
    headers = {"User-Agent": "catedra"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise _CantResume("el servidor no acepta seguir desde donde quedó") from error
        if error.code == HTTPStatus.TOO_MANY_REQUESTS or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _Dropped(f"el servidor respondió {error.code}") from error
        raise DownloadError(f"el servidor respondió {error.code} ({error.reason}) a {url}") from error
    except (OSError, http.client.HTTPException) as error:  # URLError and TimeoutError are OSErrors
        raise _Dropped(_reason(error)) from error
    assert isinstance(response, http.client.HTTPResponse)
    return response


def _receive(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Dropped(_reason(error)) from error


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error)) or type(error).__name__


def _start(response: http.client.HTTPResponse, have: int) -> int:
    """At which byte the response starts: where we asked, or at 0 if the server ignored the request."""
    stated = response.headers.get("Content-Range", "")
    return have if response.status == HTTPStatus.PARTIAL_CONTENT and stated.startswith(f"bytes {have}-") else 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
