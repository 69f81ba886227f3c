"""Sealed memory stays what it was, the tray is read whatever the worker does to it, and no descriptor is lost."""

import fcntl
import gc
import mmap
import os
import resource
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from catedra.checking.plain import NotPlainError
from catedra.sandbox import memory
from catedra.sandbox.memory import MAX_DESCRIPTORS, SEALS, Lent, Tray, map_private, sealed
from catedra.sandbox.wire_format import ProtocolError

PIXELS = np.arange(20_000, dtype=np.float64).reshape(100, 200)


def descriptors() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    before = descriptors()
    yield
    assert descriptors() == before


@pytest.fixture
def fd() -> Iterator[int]:
    fd = sealed(PIXELS)
    yield fd
    os.close(fd)


@pytest.fixture
def tray() -> Iterator[Tray]:
    tray = Tray.create()
    yield tray
    tray.close()


def test_nobody_can_change_sealed_memory(fd: int) -> None:
    assert not os.get_inheritable(fd)
    with pytest.raises(PermissionError):
        os.pwrite(fd, b"x", 0)
    for size in (0, PIXELS.nbytes + 1):
        with pytest.raises(PermissionError):
            os.ftruncate(fd, size)
    with pytest.raises(PermissionError):
        mmap.mmap(fd, PIXELS.nbytes, mmap.MAP_SHARED)
    with pytest.raises(PermissionError):
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, 0)
    writable = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)  # opened anew it is as sealed as before
    with pytest.raises(PermissionError):
        os.pwrite(writable, b"x", 0)
    os.close(writable)


def test_a_private_mapping_can_be_written_and_nobody_sees_it(fd: int) -> None:
    mine, other = map_private(fd, PIXELS.dtype, PIXELS.shape), map_private(fd, PIXELS.dtype, PIXELS.shape)
    mine /= 255
    np.testing.assert_array_equal(mine, PIXELS / 255)
    np.testing.assert_array_equal(other, PIXELS)
    np.testing.assert_array_equal(map_private(fd, PIXELS.dtype, PIXELS.shape), PIXELS)


def test_a_mapping_outlives_its_descriptor() -> None:
    fd = sealed(PIXELS[::2, ::-1])
    array = map_private(fd, PIXELS.dtype, (50, 200))
    os.close(fd)
    np.testing.assert_array_equal(array, PIXELS[::2, ::-1])


@pytest.mark.parametrize("missing", [fcntl.F_SEAL_WRITE, fcntl.F_SEAL_SHRINK, fcntl.F_SEAL_GROW, fcntl.F_SEAL_SEAL])
def test_memory_that_lacks_a_seal_is_refused(missing: int) -> None:
    fd = os.memfd_create("x", os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, PIXELS.nbytes)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS & ~missing)
    with pytest.raises(ProtocolError, match="sellos"):
        map_private(fd, PIXELS.dtype, PIXELS.shape)
    os.close(fd)


def test_what_is_not_sealed_memory_or_too_little_is_refused(fd: int, tmp_path) -> None:
    others = [os.open(tmp_path, os.O_RDONLY), *os.pipe(), os.open("/dev/zero", os.O_RDWR)]
    for other in others:
        with pytest.raises(ProtocolError, match="sellada"):
            map_private(other, PIXELS.dtype, PIXELS.shape)
        os.close(other)
    with pytest.raises(ProtocolError, match="bytes de memoria"):
        map_private(fd, PIXELS.dtype, (101, 200))
    with pytest.raises(ProtocolError, match="bytes de memoria"):
        map_private(fd, PIXELS.dtype, (0,))


def test_an_array_sent_again_goes_by_the_same_memfd() -> None:
    lent, array = Lent(), PIXELS.copy()
    with lent.parcel() as first:
        assert (first.place(array), first.place(array)) == (0, 0)
        fds = first.fds
        assert not array.flags.writeable
    with lent.parcel() as second:
        assert second.place(PIXELS.copy()) == 0
        assert second.place(array) == 1
        assert second.fds[1:] == fds
        np.testing.assert_array_equal(map_private(second.fds[1], array.dtype, array.shape), PIXELS)
    lent.close()
    assert not array.flags.writeable


def test_a_memfd_closes_when_its_array_dies() -> None:
    lent, before = Lent(), descriptors()
    array = PIXELS.copy()
    with lent.parcel() as parcel:
        parcel.place(array)
        del array
        assert descriptors() == before + 1  # what goes in a message lives until it has left
    del parcel
    assert descriptors() == before
    lent.close()


def test_what_can_change_under_us_is_copied_for_one_message() -> None:
    lent, before = Lent(), descriptors()
    owner = PIXELS.copy()
    for view in (owner[:50], owner[::2], owner.T, np.asfortranarray(PIXELS), np.broadcast_to(owner[0], (100, 200))):
        with lent.parcel() as parcel:
            parcel.place(view)
            np.testing.assert_array_equal(map_private(parcel.fds[0], view.dtype, view.shape), view)
            assert descriptors() == before + 1
        assert descriptors() == before
    assert owner.flags.writeable
    with lent.parcel() as parcel:
        view = owner[:50]
        parcel.place(view)
        owner[:] = 0
    with lent.parcel() as parcel:
        parcel.place(view)
        assert not map_private(parcel.fds[0], view.dtype, view.shape).any()


def test_a_message_takes_sixteen_descriptors() -> None:
    lent = Lent()
    arrays = [np.full(10_000, number) for number in range(MAX_DESCRIPTORS + 1)]
    with lent.parcel() as parcel:
        assert [parcel.place(array) for array in arrays[:-1]] == list(range(MAX_DESCRIPTORS))
        assert parcel.place(arrays[3]) == 3
        for one_too_many in (arrays[-1], arrays[0][::2]):
            with pytest.raises(NotPlainError, match="16 arreglos"):
                parcel.place(one_too_many)
    lent.close()


def test_what_is_put_is_taken() -> None:
    judge = Tray.create()
    worker = Tray(os.dup(judge.fd))
    for _ in range(3):
        worker.reset()
        arrays = [
            PIXELS,
            PIXELS.T,
            PIXELS.astype(np.complex64),
            np.full(30_000, "ñandú"),
            np.ones(70_001, bool),
            np.array("x" * 20_000),
        ]
        offsets = [worker.put(array) for array in arrays]
        assert all(offset % 64 == 0 for offset in offsets)
        judge.rewind()
        for array, offset in zip(arrays, offsets, strict=True):
            taken = judge.take(array.dtype, array.shape, offset)
            np.testing.assert_array_equal(taken, array)
            assert (taken.flags.c_contiguous, taken.flags.writeable, taken.flags.owndata) == (True, True, True)
    held = os.fstat(judge.fd).st_blocks
    worker.reset()
    assert os.fstat(judge.fd).st_blocks == 0 < held
    worker.close()
    judge.close()


def test_what_was_taken_does_not_change_with_the_tray(tray: Tray) -> None:
    taken = tray.take(PIXELS.dtype, PIXELS.shape, tray.put(PIXELS))
    os.pwrite(tray.fd, bytes(PIXELS.nbytes), 0)
    np.testing.assert_array_equal(taken, PIXELS)


def test_a_tray_cut_before_it_is_read_is_a_violation(tray: Tray) -> None:
    offset = tray.put(PIXELS)
    os.ftruncate(tray.fd, offset + PIXELS.nbytes - 1)
    with pytest.raises(ProtocolError, match="no están"):
        tray.take(PIXELS.dtype, PIXELS.shape, offset)
    for beyond in (offset + 1, 2**62, 2**100):
        tray.rewind()
        with pytest.raises(ProtocolError, match="no están"):
            tray.take(PIXELS.dtype, PIXELS.shape, beyond)


def test_holes_and_the_same_bytes_again_are_not_read(tray: Tray) -> None:
    offset = tray.put(PIXELS)
    with pytest.raises(ProtocolError, match="no están"):
        tray.take(np.dtype("u1"), (2**31,), 0)
    tray.rewind()
    tray.take(PIXELS.dtype, PIXELS.shape, offset)
    with pytest.raises(ProtocolError, match="no están"):
        tray.take(PIXELS.dtype, PIXELS.shape, offset)


def test_a_tray_cut_while_it_is_read_is_a_violation(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    offset, preadv = tray.put(PIXELS), os.preadv

    def cut_after_some(fd: int, buffers: list[memoryview], position: int) -> int:
        got = preadv(fd, [buffers[0][:1000]], position)
        os.ftruncate(fd, 500)
        return got

    monkeypatch.setattr(memory.os, "preadv", cut_after_some)
    with pytest.raises(ProtocolError, match="se acortó"):
        tray.take(PIXELS.dtype, PIXELS.shape, offset)


def test_a_tray_that_the_worker_seals_is_read_all_the_same(tray: Tray) -> None:
    offset = tray.put(PIXELS)
    with pytest.raises(PermissionError):  # made without sealing: not even that can be done to it
        fcntl.fcntl(tray.fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE)
    np.testing.assert_array_equal(tray.take(PIXELS.dtype, PIXELS.shape, offset), PIXELS)


def test_a_full_tray_says_so(tray: Tray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_TRAY", 3 * PIXELS.nbytes)
    tray.put(PIXELS)
    tray.put(PIXELS)
    with pytest.raises(NotPlainError, match="GiB"):
        tray.put(PIXELS)


def test_a_worker_whose_files_may_not_grow_can_answer(tray: Tray) -> None:
    if (child := os.fork()) == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        tray.put(PIXELS)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    np.testing.assert_array_equal(tray.take(PIXELS.dtype, PIXELS.shape, 0), PIXELS)
