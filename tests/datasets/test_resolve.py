"""Where files come from, in which order, and what is said when they don't."""

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from catedra.datasets import CacheError, CorruptDataError, DataFolderError, UnavailableDataError, lock, resolve

from .server import toy

CONTENT = os.urandom(300_000)


@pytest.fixture
def data_set(server):
    return toy(server.file("a.bin", CONTENT), server.file("b.bin", b"labels"))


EXPECTED = {"a.bin": CONTENT, "b.bin": b"labels"}


def put(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in files.items():
        (folder / f"{stem}.bin").write_bytes(content)


def test_a_download_shows_licence_and_size_first_and_happens_once(cache, server, data_set, capsys):
    assert resolve.obtain(data_set) == EXPECTED
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.index("se descargan 300,0 kB") < said.err.index("Licencia: CC0") < said.err.index("a.bin")
    assert resolve.obtain(data_set) == EXPECTED
    assert len(server.requests) == 2
    assert {path.name for path in (cache / "toy").iterdir()} == {".lock", "a.bin", "b.bin"}
    assert capsys.readouterr().err == ""


def test_the_users_folder_comes_first_file_by_file(cache, server, data_set, tmp_path, monkeypatch):
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path / "data"))
    put(tmp_path / "data/toy", a=CONTENT)
    put(cache / "toy", a=b"never looked at", b=b"labels")
    assert resolve.obtain(data_set) == EXPECTED
    assert server.requests == []


def test_a_corrupt_file_of_the_users_is_an_error_that_names_both_digests(cache, server, data_set, tmp_path, monkeypatch):
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path))
    put(tmp_path / "toy", a=CONTENT[:-1], b=b"labels")
    put(cache / "toy", a=CONTENT, b=b"labels")
    with pytest.raises(CorruptDataError) as raised:
        resolve.obtain(data_set)
    assert data_set.files[0].sha256 in str(raised.value)
    assert resolve.sha256(CONTENT[:-1]).hexdigest() in str(raised.value)
    assert (tmp_path / "toy/a.bin").read_bytes() == CONTENT[:-1]


def test_a_users_folder_that_is_none(cache, data_set, tmp_path, monkeypatch):
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataFolderError, match="no es una carpeta"):
        resolve.obtain(data_set)
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path))
    (tmp_path / "toy/a.bin").mkdir(parents=True)
    with pytest.raises(DataFolderError, match=r"No se puede leer .*a\.bin"):
        resolve.obtain(data_set)


def test_a_corrupt_file_of_the_cache_is_set_aside_and_fetched_again(cache, server, data_set, capsys):
    put(cache / "toy", a=b"half", b=b"labels")
    assert resolve.obtain(data_set) == EXPECTED
    assert (cache / "toy/a.bin.corrupt").read_bytes() == b"half"
    assert "a.bin.corrupt" in capsys.readouterr().err
    assert server.requests == [("/a.bin", None)]


@pytest.mark.parametrize("spoiled", [False, True])
def test_offline_is_refused_with_what_to_do(cache, server, data_set, monkeypatch, spoiled):
    monkeypatch.setenv("CATEDRA_OFFLINE", "1")
    if spoiled:
        put(cache / "toy", a=b"half", b=b"labels")
    with pytest.raises(UnavailableDataError) as raised:
        resolve.obtain(data_set)
    said = str(raised.value)
    assert server.requests == []
    for piece in ("toy/served", "CATEDRA_OFFLINE", "CC0", data_set.files[0].url, str(cache / "toy"), "$CATEDRA_DATA/toy"):
        assert piece in said
    assert ("b.bin" in said) is not spoiled
    monkeypatch.setenv("CATEDRA_OFFLINE", "0")
    assert resolve.obtain(data_set) == EXPECTED


def test_a_failed_download_is_the_same_error_with_its_reason(cache, server, data_set, tmp_path, monkeypatch):
    monkeypatch.setenv("CATEDRA_DATA", str(tmp_path))
    del server.files["/b.bin"]
    with pytest.raises(UnavailableDataError) as raised:
        resolve.obtain(data_set)
    said = str(raised.value)
    assert "404" in said
    assert str(tmp_path / "toy") in said
    assert "Bajá b.bin" in said
    assert "Bajá a.bin" not in said  # it came, and stays
    server.files["/b.bin"] = b"labels"
    assert resolve.obtain(data_set) == EXPECTED
    assert [path for path, _ in server.requests] == ["/a.bin", "/b.bin", "/b.bin"]


def test_a_wrong_digest_at_the_source_is_refused(cache, server, data_set):
    server.files["/b.bin"] = b"lobels"
    with pytest.raises(UnavailableDataError, match="sha256 recibido"):
        resolve.obtain(data_set)
    assert not (cache / "toy/b.bin").exists()


def test_a_cache_that_cannot_be_written_or_read(server, data_set, tmp_path, cache, monkeypatch):
    cache.write_text("a file where the folder should be")
    with pytest.raises(CacheError, match=r"(?s)No se puede escribir en .*CATEDRA_CACHE"):
        resolve.obtain(data_set)
    monkeypatch.setenv("CATEDRA_CACHE", str(tmp_path / "other"))
    (tmp_path / "other/toy/a.bin").mkdir(parents=True)
    with pytest.raises(CacheError, match="No se puede leer"):
        resolve.obtain(data_set)


LOAD = """
import sys
from hashlib import sha256
from catedra.datasets import resolve
from catedra.datasets.data_set import File
sys.path.insert(0, {root!r})
from tests.datasets.server import toy
files = [File(*fields) for fields in {files!r}]
for content in resolve.obtain(toy(*files)).values():
    print(sha256(content).hexdigest())
"""


def test_processes_that_load_at_once_download_once(cache, server, data_set):
    server.delay = 0.3
    root = str(Path(__file__).parents[2])
    fields = [(file.name, file.size, file.sha256, file.url) for file in data_set.files]
    command = [sys.executable, "-c", LOAD.format(root=root, files=fields)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    results = [process.communicate(timeout=60) for process in running]
    assert [out.split() for out, _ in results] == [[file.sha256 for file in data_set.files]] * 3, results
    assert len(server.requests) == 2
    assert sum("Licencia" in err for _, err in results) == 1


def _hold(path, held, release):
    with lock.exclusive(path):
        held.set()
        release.wait(30)


def test_a_lock_waits_and_says_so(tmp_path):
    held, release, said = threading.Event(), threading.Event(), []

    def waiting():
        said.append("waiting")
        release.set()

    holder = threading.Thread(target=_hold, args=(tmp_path / "lock", held, release))
    holder.start()
    assert held.wait(30)
    with lock.exclusive(tmp_path / "lock", waiting):
        assert said == ["waiting"]
    holder.join()


def test_a_lock_dies_with_its_process(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path / "lock", held, release))
    holder.start()
    assert held.wait(30)
    holder.kill()
    holder.join()
    with lock.exclusive(tmp_path / "lock"):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_a_file_system_without_locks_is_no_failure(tmp_path, monkeypatch):
    def none(handle, operation):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(lock.fcntl, "flock", none)
    with lock.exclusive(tmp_path / "lock"):
        pass
