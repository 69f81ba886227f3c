"""A zip that somebody handed in, read without believing what it says of itself.

Sizes are counted while inflating; names are refused, not repaired; only stored and deflated entries are read (the other two methods inflate
without a bound in the standard library). Nothing is written here and a zip inside it is not opened.
"""

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from catedra.checking.namespace import SubmissionError
from catedra.grading.names import collision_key, is_litter, shown_name

MAX_UNPACKED = 512 * 2**20
MAX_ENTRIES = 20_000
MAX_RATIO = 200
RATIO_FROM = 2**20
"""Bytes under which a high ratio is no bomb: a megabyte of zeros is a mistake at worst."""
MAX_NAME, MAX_PART, MAX_DEPTH = 1000, 200, 20
"""UTF-8 bytes of a whole name and of one of its parts, and how many parts: below the limits of every file system."""

_CHUNK = 2**16
_ENTRY = b"PK\x01\x02"
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_KINDS = {
    stat.S_IFLNK: "un enlace", stat.S_IFIFO: "una tubería (FIFO)", stat.S_IFCHR: "un dispositivo", stat.S_IFBLK: "un dispositivo",
    stat.S_IFSOCK: "un socket",
}  # fmt: skip
_BROKEN = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, IndexError,
    RuntimeError,
)  # fmt: skip
"""All that the standard library raises on damaged bytes; RuntimeError holds NotImplementedError and its word for a password."""
AGAIN = "comprimí de nuevo la carpeta (botón derecho → Comprimir, en formato zip) y volvé a entregar"


@dataclass(frozen=True)
class Entry:
    """A file in the zip.

    Attributes:
        name: with "/" between its parts; sound.
        size: in bytes, as counted.
    """

    name: str
    size: int
    info: zipfile.ZipInfo = field(repr=False, compare=False)

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of the name."""
        return tuple(self.name.split("/"))


class Archive:
    """A zip whose every name and size was verified.

    Args:
        content: its bytes.
        shown: how messages call it.

    Raises:
        SubmissionError: it isn't a zip, or something in it is refused; says what.
    """

    def __init__(self, content: bytes, shown: str) -> None:
        self._shown = shown
        if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
            raise SubmissionError(f"{shown}: se esperaba un archivo zip y su contenido no lo es: {AGAIN}")
        # Counted before the standard library makes an object of each entry.
        if content.count(_ENTRY) > MAX_ENTRIES:
            raise SubmissionError(
                f"{shown} tiene más de {MAX_ENTRIES} archivos: dejá solo el cuaderno y lo que tu código necesita"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except _BROKEN as error:
            raise self._damaged(error) from error
        infos = self._zip.infolist()
        self._refuse_names(infos)
        declared = sum(info.file_size for info in infos)
        if declared > MAX_UNPACKED:
            raise self._too_big(declared)
        kept = [info for info in infos if not info.is_dir() and not any(map(is_litter, info.filename.split("/")))]
        total = 0
        entries = []
        for info in kept:
            size = sum(map(len, self._inflate(info, MAX_UNPACKED - total)))
            total += size
            entries.append(Entry(info.filename, size, info))
        self.entries: tuple[Entry, ...] = tuple(entries)

    def chunks(self, entry: Entry) -> Iterator[bytes]:
        """Yield an entry's bytes, at most 64 KiB at a time."""
        return self._inflate(entry.info, MAX_UNPACKED)

    def _inflate(self, info: zipfile.ZipInfo, room: int) -> Iterator[bytes]:
        size = 0
        allowed = max(RATIO_FROM, MAX_RATIO * info.compress_size)
        try:
            with self._zip.open(info) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    if size > room:
                        raise self._too_big(None)
                    if size > allowed:
                        raise SubmissionError(
                            f"{self._shown}: «{shown_name(info.filename)}» ocupa al descomprimirse más de {MAX_RATIO} veces lo que comprimido, "
                            "como una bomba zip: sacalo, o entregá esos datos en un formato binario (por ejemplo .npy)"
                        )
                    yield chunk
        except _BROKEN as error:
            raise self._damaged(error) from error

    def _refuse_names(self, infos: list[zipfile.ZipInfo]) -> None:
        if len(infos) > MAX_ENTRIES:
            raise SubmissionError(f"{self._shown} tiene {len(infos)} archivos y el máximo es {MAX_ENTRIES}: sacá los que sobran")
        seen: dict[str, tuple[str, bool]] = {}
        for info in infos:
            name = info.orig_filename
            trouble = _trouble(info)
            if trouble:
                raise SubmissionError(f"{self._shown}: «{shown_name(name)}» {trouble}: {AGAIN}")
            parts = name.rstrip("/").split("/")
            for depth in range(1, len(parts) + 1):
                path, is_file = "/".join(parts[:depth]), depth == len(parts) and not info.is_dir()
                key = collision_key(path)
                other, other_is_file = seen.get(key, (path, False))
                if other_is_file or (is_file and key in seen):
                    raise self._two(other, path)
                seen[key] = (path, is_file)

    def _two(self, one: str, other: str) -> SubmissionError:
        return SubmissionError(
            f"{self._shown}: «{shown_name(one)}» y «{shown_name(other)}» son el mismo nombre (o lo serían en otro sistema): "
            "dejá uno solo y volvé a comprimir"
        )

    def _too_big(self, size: int | None) -> SubmissionError:
        what = f"{size / 2**20:.0f} MB" if size is not None else "más"
        return SubmissionError(
            f"{self._shown} ocupa {what} al descomprimirse y el máximo es {MAX_UNPACKED // 2**20} MB: sacá los datos que trae el curso "
            "y los modelos que no se piden"
        )

    def _damaged(self, error: BaseException) -> SubmissionError:
        return SubmissionError(
            f"{self._shown} no se puede leer como zip ({shown_name(str(error)) or type(error).__name__}): {AGAIN}"
        )


def _trouble(info: zipfile.ZipInfo) -> str | None:
    """What is wrong with an entry, as the end of "«name» …"; None if nothing is."""
    name, kind = info.orig_filename, stat.S_IFMT(info.external_attr >> 16)
    if kind in _KINDS:
        return f"es {_KINDS[kind]} y solo se aceptan archivos y carpetas"
    if info.flag_bits & _ENCRYPTED:
        return "está protegido con contraseña y no se puede leer"
    if info.compress_type not in _METHODS:
        return f"está comprimido con un método que no se acepta ({info.compress_type}; se aceptan guardado y deflate)"
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for letter in name):
        return "tiene caracteres de control o invisibles en el nombre"
    if "\\" in name or ":" in name:
        return "tiene `\\` o `:` en el nombre, que en otro sistema salen de la carpeta"
    if name.startswith("/"):
        return "es una ruta absoluta y se esperaba una dentro del zip"
    parts = name.removesuffix("/").split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "sale de la carpeta o repite barras (`..`, `.`, `//`), y se esperaba una ruta dentro del zip"
    if len(name.encode()) > MAX_NAME or len(parts) > MAX_DEPTH or any(len(part.encode()) > MAX_PART for part in parts):
        return f"tiene un nombre demasiado largo o con demasiadas carpetas (hasta {MAX_PART} caracteres y {MAX_DEPTH} niveles)"
    return None
