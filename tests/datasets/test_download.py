"""Downloads that drop, resume, lie or find no room: healed, or refused with the reason; never half a file under its name."""

import errno
import os
from pathlib import Path

import pytest

from catedra.datasets import CacheError, CorruptDataError, DownloadError, download
from catedra.datasets.notices import size_text

CONTENT = os.urandom(600_000)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file.bin"


def part_of(target: Path) -> Path:
    return target.with_name("file.bin.part")


def whole(target: Path) -> bool:
    return target.read_bytes() == CONTENT and not part_of(target).exists()


def test_the_bytes_arrive_and_the_bar_moves(server, target):
    seen = []
    download.download(server.file("file.bin", CONTENT), target, seen.append)
    assert whole(target)
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)


def test_a_dropped_connection_is_taken_up_where_it_stopped(server, target):
    file = server.file("file.bin", CONTENT)
    server.drop_after = 200_000  # of every response
    download.download(file, target)
    assert whole(target)
    assert [wanted for _, wanted in server.requests] == [None, "bytes=200000-", "bytes=400000-"]


def test_the_next_run_goes_on_from_the_part(server, target):
    part_of(target).write_bytes(CONTENT[:500_000])
    download.download(server.file("file.bin", CONTENT), target)
    assert whole(target)
    assert server.requests == [("/file.bin", "bytes=500000-")]


def test_a_whole_part_needs_no_network(server, target):
    part_of(target).write_bytes(CONTENT)
    download.download(server.file("file.bin", CONTENT), target)
    assert whole(target)
    assert server.requests == []


def test_a_server_that_ignores_range_starts_over(server, target):
    part_of(target).write_bytes(CONTENT[:500_000])
    server.ranges = False
    download.download(server.file("file.bin", CONTENT), target)
    assert whole(target)


def test_a_server_that_ignores_range_and_always_drops_is_given_up(server, target):
    file = server.file("file.bin", CONTENT)
    server.ranges, server.drop_after = False, 300_000
    with pytest.raises(DownloadError, match=r"4 veces seguidas \(la conexión terminó .*los 300,0 kB que llegaron"):
        download.download(file, target)
    assert not target.exists()
    assert part_of(target).stat().st_size == 300_000


@pytest.mark.parametrize("rubbish", [b"x" * 1000, b"x" * 700_000], ids=["shorter", "longer"])
def test_a_part_of_another_file_is_dropped(server, target, rubbish):
    part_of(target).write_bytes(rubbish)
    download.download(server.file("file.bin", CONTENT), target)
    assert whole(target)


def test_a_refused_range_starts_over(server, target):
    file = server.file("file.bin", CONTENT)
    part_of(target).write_bytes(CONTENT[:1000])
    server.statuses = [416]
    download.download(file, target)
    assert whole(target)


@pytest.mark.parametrize("length", [-1, 0, 50_000], ids=["truncated", "altered", "longer"])
def test_other_bytes_than_the_variants_are_refused(server, target, length):
    file = server.file("file.bin", CONTENT)
    server.files["/file.bin"] = CONTENT[:-1] if length < 0 else b"y" + CONTENT[1:] + bytes(length)
    with pytest.raises((CorruptDataError, DownloadError), match="sha256 esperado" if length >= 0 else "terminó antes"):
        download.download(file, target)
    assert not target.exists()
    assert length < 0 or not part_of(target).exists()


def test_not_found_is_said_at_once(server, target):
    file = server.file("file.bin", CONTENT)
    server.files.clear()
    with pytest.raises(DownloadError, match="404"):
        download.download(file, target)
    assert len(server.requests) == 1
    assert not target.exists()


def test_a_failing_server_gets_a_few_chances(server, target):
    file = server.file("file.bin", CONTENT)
    server.statuses = [500, 503, 429]
    download.download(file, target)
    assert whole(target)
    target.unlink()
    server.statuses = [500] * 9
    with pytest.raises(DownloadError, match="el servidor respondió 500"):
        download.download(file, target)


def test_no_server_at_all(server, target):
    file = server.file("file.bin", CONTENT)
    closed = type(file)(file.name, file.size, file.sha256, "http://127.0.0.1:9/file.bin")
    with pytest.raises(DownloadError, match="4 veces seguidas"):
        download.download(closed, target)


def test_a_connection_that_breaks_while_reading(server, target, monkeypatch):
    file = server.file("file.bin", CONTENT)
    real, breaks = download.http.client.HTTPResponse.read, [ConnectionResetError("reset"), TimeoutError()]

    def read(response, amount=None):
        if breaks:
            raise breaks.pop()
        return real(response, amount)

    monkeypatch.setattr(download.http.client.HTTPResponse, "read", read)
    download.download(file, target)
    assert whole(target)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, r"No queda espacio en .*hacen falta 600,0 kB"),
        (errno.EACCES, "No se puede escribir en .*Permission denied"),
    ],
)
def test_a_disk_that_takes_no_more(server, target, monkeypatch, code, says):
    file = server.file("file.bin", CONTENT)

    def full(handle):
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(download.os, "fsync", full)
        with pytest.raises(CacheError, match=says) as raised:
            download.download(file, target)
    assert "CATEDRA_CACHE" in str(raised.value)
    assert not target.exists()
    download.download(file, target)
    assert whole(target)


def test_sizes_for_people():
    assert [size_text(count) for count in (26_421_880, 29_515)] == ["26,4 MB", "29,5 kB"]
