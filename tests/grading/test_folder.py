"""Who handed in what: one file a student, names as data, and nothing opened that isn't a file."""

import hashlib
import os
from pathlib import Path

import pytest

from catedra.grading.folder import FolderError, jobs_in
from catedra.grading.names import collision_key, page_name, shown_name, student_name, visible


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {name}\n")


def _rejected(folder: Path) -> dict[str, str]:
    return {item.student: item.reason for item in jobs_in(folder)[1]}


def test_a_file_or_a_folder_a_student(tmp_path: Path) -> None:
    _write(
        tmp_path,
        "Ana Pérez.py",
        "beto.v2.ipynb",
        "Carla/tarea.zip",
        ".DS_Store",
        "__MACOSX/x.py",
        ".ipynb_checkpoints/a.ipynb",
        "Carla/.oculto",
    )
    jobs, rejected = jobs_in(tmp_path)
    assert rejected == []
    assert [(job.student, job.file.relative_to(tmp_path).as_posix()) for job in jobs] == [
        ("Ana Pérez", "Ana Pérez.py"), ("Carla", "Carla/tarea.zip"), ("beto.v2", "beto.v2.ipynb"),
    ]  # fmt: skip
    assert jobs[0].sha256 == hashlib.sha256("# Ana Pérez.py\n".encode()).hexdigest()


@pytest.mark.parametrize(
    ("one", "other"),
    [("ana.py", "ana.ipynb"), ("ana.py", "ana/tarea.py"), ("ana/a.py", "ana/b.py"), ("jose\u0301.py", "jos\u00e9.ipynb")],
)
def test_two_files_for_one_student_are_an_error_with_both_names(tmp_path: Path, one: str, other: str) -> None:
    _write(tmp_path, one, other, "beto.py")
    jobs, [rejected] = jobs_in(tmp_path)
    assert [job.student for job in jobs] == ["beto"]
    assert "hay 2" in rejected.reason
    for name in (one, other):
        assert f"«{Path(name).name}»" in rejected.reason
    assert set(rejected.files) == {one, other}


def test_what_cannot_be_read_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    _write(tmp_path, "beto.py", "secreto")
    os.mkfifo(tmp_path / "fifo.ipynb")
    (tmp_path / "vacia").mkdir()
    (tmp_path / "link.py").symlink_to(tmp_path / "secreto")
    (tmp_path / "linkdir").symlink_to(tmp_path)
    (tmp_path / "anidada").mkdir()
    (tmp_path / "anidada" / "otra").mkdir()
    (tmp_path / "secreto").unlink()
    jobs, _ = jobs_in(tmp_path)
    assert [job.student for job in jobs] == ["beto"]
    reasons = _rejected(tmp_path)
    assert reasons.keys() == {"fifo", "vacia", "link", "linkdir", "anidada"}
    assert "FIFO" in reasons["fifo"]
    assert "está vacía" in reasons["vacia"]
    assert "enlace simbólico" in reasons["link"]
    assert "enlace simbólico" in reasons["linkdir"]
    assert "es una carpeta" in reasons["anidada"]


def test_hostile_names_are_data(tmp_path: Path) -> None:
    names = ["<script>alert(1)<", "=cmd|' !A0", "a\nb\x1b[2J", "..", "a\u202egpj"]
    for name in names[:3] + names[4:]:
        (tmp_path / f"{name}.py").write_text("1")
    with open(os.fsencode(tmp_path) + b"/\xff\xfe.py", "w") as made:
        made.write("1")
    jobs, rejected = jobs_in(tmp_path)
    assert rejected == []
    assert {job.student for job in jobs} == {names[0], names[1], names[2], names[4], "��"}
    for job in jobs:
        job.student.encode()
        page = page_name(job.student)
        assert page.replace("-", "").isalnum()
        assert page.isascii()


def test_pages_of_students_never_collide_or_leave_their_folder() -> None:
    students = [
        "ana",
        "Ana",
        "ANA",
        "aná",
        "a/na",
        "../ana",
        "ana.",
        "ana ",
        "",
        "..",
        "CON",
        "x" * 300,
        "x" * 301,
        "\ud800",
        "日本",
        "中国",
    ]
    pages = [page_name(student) for student in students]
    assert len({page.casefold() for page in pages}) == len(students)
    assert all(len(page) < 80 and page[0] not in ".-" and page.replace("-", "").isalnum() and page.isascii() for page in pages)


def test_what_cannot_be_seen_is_shown_as_such() -> None:
    assert visible("a\x00b\x1b[1m\u202ec\ud800d\u200be\nf\tñ👩\u200d🔬") == "a�b�[1m�c�d�e\nf\tñ👩\u200d🔬"
    assert visible("x" * 11, 10) == "x" * 10 + "…"
    assert shown_name("a\n  b") == "a b"
    assert collision_key("Año") == collision_key("AN\u0303O")
    assert student_name("\udcff") == "�"


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a.py")
    for path in (tmp_path / "a.py", tmp_path / "nada"):
        with pytest.raises(FolderError, match="se esperaba una carpeta con las entregas"):
            jobs_in(path)
