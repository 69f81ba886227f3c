import pytest

from catedra.store import Store


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of the test's own."""
    monkeypatch.setenv("CATEDRA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CATEDRA_STORE", raising=False)
    return tmp_path / "home"


@pytest.fixture
def store(home):
    with Store() as opened:
        yield opened
