"""What students hand in, friendly and hostile: read without running it, refused with a reason, never obeyed."""

import io
import json
import os
import resource
import socket
import stat
import struct
import threading
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from catedra.grading import archive, submission
from catedra.grading.submission import PLACEHOLDER, SubmissionError, parse_submission, read_regular, read_submission

CODE = "def f(x):\n    return x + 1\n"


def notebook(*cells: tuple[str, object] | dict, **changes) -> bytes:
    made = [
        cell if isinstance(cell, dict) else {"cell_type": cell[0], "source": cell[1], "metadata": {}, "id": f"id{n}"}
        for n, cell in enumerate(cells)
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made, **changes}).encode()


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            made.writestr(info, content)
    return out.getvalue()


def refused(content: bytes, says: str, name: str = "ana.zip") -> str:
    start = time.perf_counter()
    with pytest.raises(SubmissionError, match=says) as caught:
        parse_submission(content, name)
    assert time.perf_counter() - start < 10
    message = str(caught.value)
    assert len(message) < 800
    assert message.isprintable(), message
    return message


# --- what is accepted


def test_a_script_and_a_notebook_give_their_code_in_order() -> None:
    script = parse_submission(b"\xef\xbb\xbf" + CODE.encode(), "ana.py")
    assert [(cell.label, cell.source) for cell in script.cells] == [("ana.py", CODE)]
    assert script.described_as == "el script ana.py"
    read = parse_submission(
        notebook(("markdown", "# hola"), ("code", ["a = 1\n", "b = 2"]), ("raw", "x"), ("code", CODE)), "Ana.IPYNB"
    )
    assert [(cell.label, cell.source) for cell in read.cells] == [("celda 2", "a = 1\nb = 2"), ("celda 4", CODE)]
    assert read.files == ()
    assert len(read.sha256) == 64


def test_a_zip_gives_its_notebook_and_the_files_beside_it(tmp_path: Path) -> None:
    content = zipped(
        ("entrega/", b""), ("entrega/tarea.ipynb", notebook(("code", CODE))), ("entrega/datos/a.csv", b"1,2\n"), ("entrega/modelo.npy", b"\x93NUMPY"),
        ("__MACOSX/entrega/._tarea.ipynb", b"x"), ("entrega/.ipynb_checkpoints/tarea-checkpoint.ipynb", b"x"), ("entrega/.keras/keras.json", b"{}"),
        ("entrega/dentro.zip", zipped(("../../x.py", b"1"))),
    )  # fmt: skip
    read = parse_submission(content, "ana.zip")
    assert [cell.source for cell in read.cells] == [CODE]
    assert [(extra.name, extra.size) for extra in read.files] == [
        ("datos/a.csv", 4),
        ("modelo.npy", 6),
        ("dentro.zip", read.files[2].size),
    ]
    assert read.described_as == "el cuaderno tarea.ipynb (en ana.zip)"
    old = os.umask(0)
    try:
        read.unpack(tmp_path)
    finally:
        os.umask(old)
    assert (tmp_path / "datos" / "a.csv").read_bytes() == b"1,2\n"
    assert stat.S_IMODE((tmp_path / "datos").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "datos" / "a.csv").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.csv", "datos", "dentro.zip", "modelo.npy"]


def test_files_outside_the_notebooks_folder_keep_their_place() -> None:
    read = parse_submission(zipped(("nb/t.py", CODE.encode()), ("datos/a.csv", b"1")), "ana.zip")
    assert [extra.name for extra in read.files] == ["datos/a.csv"]


def test_unpacking_follows_no_link_and_overwrites_nothing(tmp_path: Path) -> None:
    read = parse_submission(zipped(("t.py", b"1"), ("datos/a.csv", b"mine")), "ana.zip")
    outside = tmp_path / "outside"
    outside.mkdir()
    into = tmp_path / "into"
    into.symlink_to(outside)
    with pytest.raises(OSError, match="Not a directory|symbolic"):
        read.unpack(into)
    into.unlink()
    into.mkdir()
    (into / "datos").symlink_to(outside)
    with pytest.raises(FileExistsError):
        read.unpack(into)
    root = os.open(into, os.O_RDONLY)
    try:
        with pytest.raises(OSError):  # noqa: PT011 — also where a link appears after the folder was looked at
            read._write(read.files[0], root)
    finally:
        os.close(root)
    assert list(outside.iterdir()) == []


# --- zips that lie


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("../fuera.py", "sale de la carpeta"), ("a/../../b.py", "sale de la carpeta"), ("./a.py", "sale de la carpeta"),
        ("a//b.py", "sale de la carpeta"), ("/etc/passwd", "ruta absoluta"), ("//servidor/x", "ruta absoluta"), ("..\\fuera.py", "salen de la carpeta"),
        ("C:/x.py", "salen de la carpeta"), ("C:x.py", "salen de la carpeta"), ("a.txt:flujo", "salen de la carpeta"), ("a\nb.py", "caracteres de control"),
        ("a\x1b[2Jb.py", "caracteres de control"), ("a\u202eyp.exe", "invisibles"), ("x" * 250 + ".py", "demasiado largo"),
        ("a/" * 30 + "b.py", "demasiadas carpetas"), ("ñ" * 150, "demasiado largo"), ("", "sale de la carpeta"),
    ],
)  # fmt: skip
def test_hostile_names_are_refused(name: str, says: str) -> None:
    message = refused(zipped(("t.py", b"1"), (name, b"x")), says)
    assert "ana.zip" in message
    assert "comprimí de nuevo" in message


def test_a_name_with_a_null_is_refused_and_not_cut() -> None:
    content = zipped(("t.py", b"1"), ("a.csvZ../../x", b"x")).replace(b"a.csvZ", b"a.csv\0")
    refused(content, "caracteres de control")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("datos.csv", "datos.csv"),
        ("datos.csv", "DATOS.csv"),
        ("a\u00f1o.csv", "an\u0303o.csv"),
        ("stra\u00dfe", "STRASSE"),
        ("a", "a/b"),
        ("A/b", "a"),
    ],
)
def test_names_that_collide_are_refused(one: str, other: str) -> None:
    with pytest.warns(UserWarning, match="Duplicate name") if one == other else _nothing():
        content = zipped(("t.py", b"1"), (one, b"x"), (other, b"y"))
    refused(content, "son el mismo nombre")


def _nothing():
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.parametrize(
    ("mode", "says"),
    [
        (stat.S_IFLNK, "un enlace"),
        (stat.S_IFIFO, "FIFO"),
        (stat.S_IFCHR, "un dispositivo"),
        (stat.S_IFBLK, "un dispositivo"),
        (stat.S_IFSOCK, "un socket"),
    ],
)
def test_links_and_devices_are_refused(mode: int, says: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("t.py", "1")
        info = zipfile.ZipInfo("datos")
        info.external_attr = (mode | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    refused(out.getvalue(), says)


def test_encrypted_entries_and_other_methods_are_refused() -> None:
    content = bytearray(zipped(("t.py", CODE.encode())))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    refused(bytes(content), "protegido con contraseña")
    refused(zipped(("t.py", CODE.encode()), method=zipfile.ZIP_LZMA), "un método que no se acepta")
    refused(zipped(("t.py", CODE.encode()), method=zipfile.ZIP_BZIP2), "un método que no se acepta")


def _memory(call) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_bombs_are_refused_in_little_memory() -> None:
    bomb = zipped(("t.py", b"1"), ("b.bin", b"\0" * (64 * 2**20)))
    assert len(bomb) < 100_000
    assert _memory(lambda: refused(bomb, "como una bomba zip")) < 10 * 2**20


def test_a_bomb_that_understates_its_size_is_cut_by_what_comes_out() -> None:
    bomb = bytearray(zipped(("t.py", b"1"), ("b.bin", b"\0" * (8 * 2**20))))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", bomb, bomb.rindex(signature) + offset, 1000)
    refused(bytes(bomb), "no se puede leer como zip")  # the standard library stops at the stated size, and the sum is wrong


def test_what_is_too_big_as_a_whole_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 3000)
    noise = [os.urandom(1024) for _ in range(3)]
    content = zipped(("t.py", b"1"), *((f"{n}.bin", data) for n, data in enumerate(noise)))
    refused(content, "ocupa 0 MB al descomprimirse")
    understated = bytearray(content)
    struct.pack_into("<I", understated, understated.rindex(b"PK\x01\x02") + 24, 0)
    refused(bytes(understated), "ana.zip")


def test_what_comes_out_is_counted_whatever_the_headers_say() -> None:
    made = archive.Archive(zipped(("t.py", b"1"), ("b.bin", b"x" * 100_000)), "ana.zip")
    [entry] = [entry for entry in made.entries if entry.name == "b.bin"]
    with pytest.raises(SubmissionError, match="ocupa más al descomprimirse"):
        list(made._inflate(entry.info, 99_999))
    assert sum(map(len, made._inflate(entry.info, 100_000))) == entry.size == 100_000


def test_a_stated_size_of_terabytes_costs_nothing() -> None:
    content = bytearray(zipped(("t.py", b"1"), ("b.bin", b"x")))
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 0xFFFFFFFE)
    refused(bytes(content), "al descomprimirse y el máximo es 512 MB")


def test_too_many_entries_are_refused_before_they_are_listed() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for n in range(20_001):
            made.writestr(zipfile.ZipInfo(f"{n}"), b"")
    content = out.getvalue()
    assert _memory(lambda: refused(content, "más de 20000 archivos")) < 2**20


def test_overlapping_entries_count_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 2**20)
    content = zipped(("t.py", b"1"), ("b.bin", os.urandom(2**18)))
    start, end = content.rindex(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[start:end]
    copies = b"".join(entry.replace(b"b.bin", f"{n}.bin".encode()) for n in range(9))
    tail = bytearray(content[end:])
    struct.pack_into("<HHI", tail, 8, 10, 10, end - content.index(b"PK\x01\x02") - len(entry) + len(copies))
    refused(content[:start] + copies + bytes(tail), "ana.zip")


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 18, b"hola", b"\x1f\x8b" + zlib.compress(b"x"), zipped(("t.py", CODE.encode()))[:-30], b"PK\x03\x04" + os.urandom(500)],
)  # fmt: skip
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    refused(content, "ana.zip")


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([], "no hay ninguno"), ([("a.csv", b"")], "no hay ninguno"), ([("a.py", b""), ("b/c.ipynb", b"")], "hay 2: a.py, b/c.ipynb"),
        ([(f"{n}.py", b"") for n in range(9)], "hay 9: 0.py, 1.py, 2.py, 3.py, 4.py, …"), ([(".oculto.py", b"")], "no hay ninguno"),
    ],
)  # fmt: skip
def test_a_zip_has_exactly_one_notebook_or_script(entries, says: str) -> None:
    refused(zipped(*entries), says)


@pytest.mark.parametrize("name", ["ana.tar", "ana.tar.gz", "ana.tgz", "ana.7z", "ana.rar"])
def test_tars_are_refused_and_told_why(name: str) -> None:
    assert "no se aceptan" in refused(b"whatever", "se esperaba un .zip y llegó", name)


@pytest.mark.parametrize("name", ["ana.docx", "ana", "ana.pdf", "ana.ipynb.exe", "ana.py\u202e"])
def test_other_kinds_are_refused(name: str) -> None:
    refused(b"whatever", r"se esperaba un cuaderno \(.ipynb\)", name)


# --- notebooks that lie


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no es un cuaderno válido"), (b"hola", "no es un cuaderno válido"), (b"[]", "no es un cuaderno válido"),
        (b"\xff\xfe", "no es texto UTF-8"), (b"{}\0", "bytes nulos"), (notebook(nbformat=3), "formato 3"), (notebook(nbformat="4" * 10**6), "formato 4444"),
        (notebook(cells={"a": 1}), "no es un cuaderno válido"), (notebook(cells=[1]), "no es un cuaderno válido"), (notebook(cells=7), "no es un cuaderno válido"),
        (notebook(("code", {"a": 1})), "no es un cuaderno válido"), (notebook(("code", ["a", 1])), "no es un cuaderno válido"),
        (notebook(("code", "a\0b")), "celda 1: hay caracteres que no son texto válido"), (notebook(("code", "x = '\ud800'")), "no son texto válido"),
        (b"[" * 100_000, "no es un cuaderno válido"), (b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no es un cuaderno válido"),
        (b'{"nbformat": ' + b"9" * 100_000 + b"}", "no es un cuaderno válido"), (b'{"nbformat": 1e999}', "formato inf"), (b'{"nbformat": NaN}', "formato nan"),
        (notebook(("code", "x = 1\n" * 400_000)), "pasa de 2 MB"), (b'{"cells": [' + b"[]," * 600_000 + b"[]]}", "más de 1000000 valores"),
        (b'{"a": "' + b"x" * (33 * 2**20) + b'"}', "pesa 33 MB y el máximo es 32"),
    ],
    ids=range(22),
)  # fmt: skip
def test_bad_notebooks_are_refused(content: bytes, says: str) -> None:
    refused(content, says, "ana.ipynb")


def test_commas_and_brackets_in_outputs_do_not_count_as_values() -> None:
    source = '",[{\\' * 400_000
    output = {"cell_type": "raw", "source": source, "metadata": {}}
    assert parse_submission(notebook(("code", CODE), output), "ana.ipynb").cells[0].source == CODE


@pytest.mark.parametrize("piece", [b'\\"', b'"', b"\\\\", b'\\\\"', b'\\\\\\"', b'",'])
def test_counting_values_takes_linear_time_on_whatever_quotes(piece: bytes) -> None:
    content = b'"' + b",,,," * 300_000 + piece * (6 * 2**20 // len(piece))
    start = time.perf_counter()
    with pytest.raises(SubmissionError):
        parse_submission(content, "ana.ipynb")
    assert time.perf_counter() - start < 5


def test_reading_values_up_to_the_limit_stays_in_memory() -> None:
    content = b'{"nbformat": 4, "cells": [], "metadata": [' + b'{"a":0},' * 498_000 + b"0]}"
    assert _memory(lambda: parse_submission(content, "ana.ipynb")) < 300 * 2**20


def test_forged_metadata_changes_nothing_but_what_a_teacher_reads() -> None:
    forged = [{"cell_type": "markdown", "source": text, "metadata": metadata, "id": id_} for text, metadata, id_ in [
        ("a", {"catedra": {"role": "written"}}, "x"), ("b", {"catedra": []}, 7), ("c", None, {"a": 1}), ("d", "catedra", "tarea-respuesta"), (["e", 5], {}, None), (7, {}, "z"),
    ]]  # fmt: skip
    read = parse_submission(notebook(*forged, ("code", CODE), metadata={"catedra": {"class": 10**40}}), "ana.ipynb")
    assert [(item.label, item.text, item.asked) for item in read.written] == [
        ("celda 1", "a", True), ("celda 2", "b", False), ("celda 3", "c", False), ("celda 4", "d", True), ("celda 5", "e", False),
    ]  # fmt: skip
    assert [cell.source for cell in read.cells] == [CODE]


def test_a_written_answer_is_what_the_student_wrote_and_not_our_text() -> None:
    from catedra.publishing.notebook import ANSWER_CELL

    assert PLACEHOLDER in ANSWER_CELL
    ours = {"cell_type": "markdown", "source": "La clase", "metadata": {}, "id": "desarrollo-01"}
    cell = {"cell_type": "markdown", "metadata": {"catedra": {"role": "written"}}, "id": "tarea-respuesta"}
    assert parse_submission(notebook(ours, {**cell, "source": ANSWER_CELL}), "a.ipynb").written == ()
    answered = ANSWER_CELL.replace(PLACEHOLDER, "Porque \ud800 <b>sí</b>")
    assert [item.text for item in parse_submission(notebook(ours, {**cell, "source": answered}), "a.ipynb").written] == [
        "Porque ? <b>sí</b>"
    ]
    [long] = parse_submission(notebook({**cell, "source": "x" * 50_000}), "a.ipynb").written
    assert len(long.text) == submission.MAX_WRITTEN + 1


# --- files that are none


def test_fifos_devices_links_and_folders_are_never_opened(tmp_path: Path) -> None:
    (tmp_path / "secreto").write_text("canario")
    os.mkfifo(tmp_path / "fifo.py")
    (tmp_path / "link.py").symlink_to(tmp_path / "secreto")
    (tmp_path / "folder.py").mkdir()
    bound = socket.socket(socket.AF_UNIX)
    bound.bind(str(tmp_path / "s.py"))
    bound.close()
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    cases = {
        "fifo.py": "FIFO",
        "link.py": "enlace simbólico",
        "folder.py": "una carpeta",
        "s.py": "un socket",
        "zero.py": "enlace simbólico",
        "nada.py": "no se puede leer nada.py",
    }
    for name, says in cases.items():
        done = []
        thread = threading.Thread(
            target=lambda name=name, says=says, done=done: done.append(_refuses(tmp_path / name, says)), daemon=True
        )
        thread.start()
        thread.join(5)
        assert done == [True], name
    assert _refuses(Path("/dev/null"), "es un dispositivo", read_regular)


def _refuses(path: Path, says: str, read=read_submission) -> bool:
    with pytest.raises(SubmissionError, match=says):
        read(path)
    return True


def test_a_file_exchanged_for_a_fifo_after_it_was_looked_at_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text(CODE)
    found = os.lstat(tmp_path / "a.py")
    (tmp_path / "a.py").unlink()
    os.mkfifo(tmp_path / "a.py")
    monkeypatch.setattr(submission.os, "lstat", lambda path: found)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(SubmissionError, match="FIFO"):
        read_submission(tmp_path / "a.py")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "a.zip", "wb") as made:
        made.truncate(50 * 2**30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert _refuses(tmp_path / "a.zip", "pesa 51200 MB y el máximo es 128")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000
