"""Folders of their own and a server for each test of data sets."""

import pytest

from catedra.datasets import download

from .server import serve


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no $CATEDRA_DATA, the network allowed."""
    monkeypatch.setenv("CATEDRA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATEDRA_DATA", raising=False)
    monkeypatch.delenv("CATEDRA_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, "PAUSES", (0.0, 0.0, 0.0))
    for proxy in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    yield from serve()
