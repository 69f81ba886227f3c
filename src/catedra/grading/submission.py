"""What a student handed in, read without running it: a notebook, a script, or a zip of one of them and its own data.

Everything here may be hostile. A file is opened only if it is a regular one; its size, and the number of values of a notebook, are bounded
before they are parsed; what a zip says of itself is verified (`catedra.grading.archive`). Every refusal is a `SubmissionError` in the
student's words.

Not covered: running the code (that is the worker's), and tar archives, whose links and devices nobody needs here.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catedra.checking.namespace import Cell, SubmissionError, notebook_cells
from catedra.grading.archive import AGAIN, Archive, Entry
from catedra.grading.names import shown_name, visible

__all__ = [
    "MAX_FILE",
    "ExtraFile",
    "Submission",
    "SubmissionError",
    "Written",
    "parse_submission",
    "read_regular",
    "read_submission",
]

MAX_FILE = 128 * 2**20
"""Of a zip: its bytes are held in memory."""
MAX_NOTEBOOK = 32 * 2**20
"""A notebook with its pictures weighs a few megabytes."""
MAX_CODE = 2 * 2**20
"""Of all code cells together, in characters."""
MAX_VALUES = 1_000_000
"""Of a notebook's JSON: each takes up to 250 bytes of memory."""
MAX_WRITTEN = 20_000
"""Characters of one written answer that are kept."""
PLACEHOLDER = "_Hacé doble clic acá y reemplazá esta línea por lo que pensás._"

_TARS = (".tar", ".tgz", ".tbz", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz", ".gz", ".bz2", ".xz", ".7z", ".rar")
_STRING = re.compile(rb'"[^"]*"?')
_OUR_CELL = re.compile(
    r"(titulo|preparacion|desarrollo|definiciones|ejercicios|ejercicio-\d+|tarea|preguntas|referencias)(-[\w-]+)?"
)
_KINDS = {
    stat.S_IFLNK: "un enlace simbólico", stat.S_IFDIR: "una carpeta", stat.S_IFIFO: "una tubería (FIFO)",
    stat.S_IFCHR: "un dispositivo", stat.S_IFBLK: "un dispositivo", stat.S_IFSOCK: "un socket",
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A Markdown cell that may answer a written question.

    Attributes:
        label: "celda 40".
        text: as the student wrote it.
        asked: whether it is the cell that the class gave for it; otherwise the student added it.
    """

    label: str
    text: str
    asked: bool


@dataclass(frozen=True)
class ExtraFile:
    """A file beside the notebook.

    Attributes:
        name: relative to the notebook's folder if all of them stand below it, else to the zip's root; parts joined by "/".
        size: in bytes.
    """

    name: str
    size: int
    entry: Entry = field(repr=False, compare=False)


@dataclass(frozen=True)
class Submission:
    """A submission, read and not run.

    Attributes:
        cells: the code, as `load_namespace` takes it.
        files: the student's own data and artifacts.
        written: Markdown cells that may answer the written questions, in order.
        sha256: of the file that was handed in.
        described_as: "el cuaderno tarea.ipynb", for messages.
    """

    cells: tuple[Cell, ...]
    files: tuple[ExtraFile, ...]
    written: tuple[Written, ...]
    sha256: str
    described_as: str
    archive: Archive | None = field(default=None, repr=False, compare=False)

    def unpack(self, into: Path) -> None:
        """Write the extra files below `into`, an existing empty folder, with permissions 0600 and 0700, following no link.

        Raises:
            OSError: the disk is full, or the folder isn't empty or is a link.
            SubmissionError: the zip is damaged after all.
        """
        root = os.open(into, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if os.listdir(root):
                raise FileExistsError(f"{into} is not empty: unpack into a folder of its own")
            for extra in self.files:
                self._write(extra, root)
        finally:
            os.close(root)

    def _write(self, extra: ExtraFile, root: int) -> None:
        assert self.archive is not None
        *folders, name = extra.name.split("/")
        folder = os.dup(root)
        try:
            for part in folders:
                folder = _enter(folder, part)
            handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=folder)
            with os.fdopen(handle, "wb") as stream:
                for chunk in self.archive.chunks(extra.entry):
                    stream.write(chunk)
        finally:
            os.close(folder)


def _enter(folder: int, part: str) -> int:
    """Return a descriptor of the folder `part` of `folder`, made if need be; closes `folder` if it succeeds."""
    with contextlib.suppress(FileExistsError):  # of another file's; a link in its place is refused by the next line
        os.mkdir(part, 0o700, dir_fd=folder)
    inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    os.close(folder)
    return inner


def read_submission(path: Path) -> Submission:
    """Read a submission.

    Raises:
        SubmissionError: it is missing, isn't a file, isn't of a kind that is accepted, or something in it is refused.
    """
    _refuse_other_kinds(path.name)
    return parse_submission(read_regular(path), path.name)


def parse_submission(content: bytes, name: str) -> Submission:
    """Read a submission's bytes; `name` says its kind by its suffix.

    Raises:
        SubmissionError: as `read_submission`.
    """
    shown = shown_name(name)
    _refuse_other_kinds(name)
    digest = hashlib.sha256(content).hexdigest()
    if not name.lower().endswith(".zip"):
        cells, written = _code(content, name)
        return Submission(cells, (), written, digest, _described(name))
    archive = Archive(content, shown)
    main = _main_entry(archive, shown)
    others = [entry for entry in archive.entries if entry is not main]
    base = main.parts[:-1]
    beside = all(entry.parts[: len(base)] == base for entry in others)
    start = len(base) if beside else 0
    files = tuple(ExtraFile("/".join(entry.parts[start:]), entry.size, entry) for entry in others)
    if main.size > MAX_NOTEBOOK:
        raise _too_heavy(main.parts[-1], main.size, MAX_NOTEBOOK)
    cells, written = _code(b"".join(archive.chunks(main)), main.parts[-1])
    return Submission(cells, files, written, digest, f"{_described(main.parts[-1])} (en {shown})", archive)


def read_regular(path: Path, limit: int = MAX_FILE) -> bytes:
    """Return the bytes of a regular file, and of nothing else: a FIFO or a device is never opened, a link never followed.

    Raises:
        SubmissionError: it is missing, of another kind, unreadable or larger than `limit`.
    """
    shown = shown_name(path.name)
    try:
        _refuse_kind(os.lstat(path), shown)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            found = os.fstat(handle)
            _refuse_kind(found, shown)  # it may have been exchanged since
            with os.fdopen(handle, "rb", closefd=False) as stream:
                content = stream.read(limit + 1)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise SubmissionError(f"no se puede leer {shown} ({reason}): revisá el nombre, la carpeta y los permisos") from error
    if len(content) > limit:
        raise _too_heavy(path.name, max(found.st_size, len(content)), limit)
    return content


def _refuse_kind(found: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "otra cosa")
        raise SubmissionError(f"se esperaba un archivo (cuaderno, script o zip) y {shown} es {kind}: entregá el archivo mismo")


def _refuse_other_kinds(name: str) -> None:
    lower = name.lower()
    if lower.endswith((".ipynb", ".py", ".zip")):
        return
    if lower.endswith(_TARS):
        raise SubmissionError(
            f"se esperaba un .zip y llegó {shown_name(name)}: tar, gz, 7z y rar no se aceptan (en un tar caben enlaces y dispositivos): {AGAIN}"
        )
    raise SubmissionError(
        f"se esperaba un cuaderno (.ipynb), un script (.py) o un .zip con uno de ellos, y llegó {shown_name(name)}: "
        "entregá el cuaderno de la clase"
    )


def _main_entry(archive: Archive, shown: str) -> Entry:
    found = [entry for entry in archive.entries if entry.name.lower().endswith((".ipynb", ".py"))]
    if len(found) != 1:
        names = ", ".join(shown_name(entry.name) for entry in found[:5]) + (", …" if len(found) > 5 else "")
        came = f"hay {len(found)}: {names}" if found else "no hay ninguno"
        raise SubmissionError(
            f"{shown}: se esperaba exactamente un cuaderno (.ipynb) o script (.py), y {came}: dejá uno, con todo tu código, y volvé a comprimir"
        )
    return found[0]


def _code(content: bytes, name: str) -> tuple[tuple[Cell, ...], tuple[Written, ...]]:
    shown = shown_name(name)
    if len(content) > MAX_NOTEBOOK:
        raise _too_heavy(name, len(content), MAX_NOTEBOOK)
    try:
        text = content.decode("utf-8-sig")  # some editors of Windows write a mark first
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{shown} no es texto UTF-8 (byte {error.start}): guardalo de nuevo desde JupyterLab") from error
    if "\0" in text:
        raise SubmissionError(f"{shown} tiene bytes nulos, que en un texto no van: guardalo de nuevo desde JupyterLab")
    if name.lower().endswith(".py"):
        cells, written = [Cell(shown, text)], tuple[Written, ...]()
    else:
        _refuse_too_many_values(content, shown)
        try:
            cells = notebook_cells(text, shown)
        except SubmissionError as error:  # it quotes what it found, which may be long
            raise SubmissionError(visible(str(error), 400)) from error
        written = _written(json.loads(text)["cells"])
    for cell in cells:
        if re.search("[\0\ud800-\udfff]", cell.source):
            raise SubmissionError(f"{shown}, {cell.label}: hay caracteres que no son texto válido: borralos y guardá de nuevo")
    if sum(len(cell.source) for cell in cells) > MAX_CODE:
        raise SubmissionError(
            f"el código de {shown} pasa de {MAX_CODE // 2**20} MB: los datos van en archivos, dentro de un .zip, y no escritos en las celdas"
        )
    return tuple(cells), written


def _refuse_too_many_values(content: bytes, shown: str) -> None:
    """Bound the memory that parsing takes. Commas and brackets inside strings (outputs, pictures) don't count."""
    if _count(content) <= MAX_VALUES:
        return
    unescaped = content.replace(b"\\\\", b"").replace(b'\\"', b"")  # then a quote opens or closes a string, and nothing else
    if _count(_STRING.sub(b"", unescaped)) > MAX_VALUES:
        raise SubmissionError(f"{shown} tiene más de {MAX_VALUES} valores: borrá las salidas de sus celdas y guardalo de nuevo")


def _count(content: bytes) -> int:
    return content.count(b",") + content.count(b"[") + content.count(b"{")


def _written(cells: list[Any]) -> tuple[Written, ...]:
    found = []
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "markdown":
            continue
        asked = _is_asked(cell)
        if not asked and _OUR_CELL.fullmatch(str(cell.get("id", ""))[:80]):
            continue
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        text = "".join(line for line in lines if isinstance(line, str)).encode("utf-8", "replace").decode()
        text = text.replace("**Tu respuesta**", "", 1).replace(PLACEHOLDER, "").strip()
        if text:
            found.append(Written(f"celda {number}", text[:MAX_WRITTEN] + ("…" if len(text) > MAX_WRITTEN else ""), asked))
    return tuple(found)


def _is_asked(cell: dict[str, Any]) -> bool:
    """Whether the class gave the cell for a written answer. Forging it gains nothing: a teacher reads it either way."""
    metadata = cell.get("metadata")
    ours = metadata.get("catedra") if isinstance(metadata, dict) else None
    return cell.get("id") == "tarea-respuesta" or (isinstance(ours, dict) and ours.get("role") == "written")


def _described(name: str) -> str:
    return f"el {'script' if name.lower().endswith('.py') else 'cuaderno'} {shown_name(name)}"


def _too_heavy(name: str, size: int, limit: int) -> SubmissionError:
    return SubmissionError(
        f"{shown_name(name)} pesa {size / 2**20:.0f} MB y el máximo es {limit // 2**20}: borrá las salidas de las celdas "
        "y los datos que trae el curso"
    )
