import pytest

from catedra.course import read_class
from catedra.notebook.progress import PROGRESS
from catedra.notebook.session import SESSION
from tests import tiny


@pytest.fixture
def course_class(tmp_path, monkeypatch):
    """Class 901, which `catedra.course.load` finds; a fresh session and a fresh store."""
    folder = tiny.write_class(tmp_path / "classes")
    monkeypatch.setenv("CATEDRA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CATEDRA_STORE", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr("catedra.course.load", _loader(folder))
    monkeypatch.setattr(SESSION, "chosen", None)
    monkeypatch.setattr(PROGRESS, "_tried", set())
    monkeypatch.setattr(PROGRESS, "_hints", type(PROGRESS._hints)(int))
    return read_class(folder)


def _loader(folder):
    from catedra.course.loader import load

    return lambda number: load(number, folder.parent)
