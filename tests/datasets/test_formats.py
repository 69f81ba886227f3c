"""Files that aren't what they should be are refused with the reason."""

import gzip
import struct

import numpy as np
import pytest

from catedra.datasets import FormatError, california_housing, fashion_mnist, unpack
from catedra.datasets.idx import parse_idx


def idx(array: np.ndarray, kind: int = 8) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.tobytes()


IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_idx_round_trip():
    read = parse_idx(idx(IMAGES), (2, 3, 4), "images")
    np.testing.assert_array_equal(read, IMAGES)
    assert not read.flags.writeable


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\0\0\x08", "está cortado"),
        (idx(IMAGES, kind=13), "dice 0, 13, 3"),
        (b"\x1f\x8b" + idx(IMAGES)[2:], "se esperaba el encabezado"),
        (idx(IMAGES[0])[:16] + bytes(40), "dice 0, 8, 2"),
        (idx(IMAGES[:1]), r"dice \(1, 3, 4\)"),
        (idx(IMAGES)[:-1], "hay 23"),
        (idx(IMAGES) + b"\0", "hay 25"),
    ],
)
def test_idx_refuses(data, says):
    with pytest.raises(FormatError, match=says):
        parse_idx(data, (2, 3, 4), "images")


def test_fashion_labels_are_ten(monkeypatch):
    monkeypatch.setattr(fashion_mnist, "POOL", 2)
    monkeypatch.setattr(fashion_mnist, "TEST", 2)
    images = gzip.compress(idx(np.zeros((2, 28, 28), np.uint8)))
    files = {f"{part}-images-idx3-ubyte.gz": images for part in ("train", "t10k")}
    files |= {f"{part}-labels-idx1-ubyte.gz": gzip.compress(idx(np.array([3, 10], np.uint8))) for part in ("train", "t10k")}
    with pytest.raises(FormatError, match="hay un 10"):
        fashion_mnist.read(files)


HEADER = (
    "longitude,latitude,housing_median_age,total_rooms,total_bedrooms,"
    "population,households,median_income,median_house_value,ocean_proximity"
)
ROW = "-122.0,37.0,41.0,880.0,132.0,330.0,110.0,8.25,452600.0,NEAR BAY"


def test_housing_columns_by_hand():
    part = california_housing.parse(f"{HEADER}\n{ROW}\n{ROW.replace('132.0', '')}\n")
    assert part.x.tolist() == [[8.25, 41.0, 8.0, 1.2, 330.0, 3.0, 37.0, -122.0]]
    assert part.y.tolist() == [4.526]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "vinieron a, b"),
        (f"{HEADER}\n{ROW.replace('41.0', 'old')}\n", "nueve números"),
        (f"{HEADER}\n1,2\n", "nueve"),
    ],
)
def test_housing_refuses(text, says):
    with pytest.raises(FormatError, match=says):
        california_housing.parse(text)


def test_housing_counts_its_rows():
    with pytest.raises(FormatError, match="20433 filas completas y hay 1"):
        california_housing.read({"housing.csv": f"{HEADER}\n{ROW}\n".encode()})


@pytest.fixture
def worthwhile(monkeypatch):
    monkeypatch.setattr(unpack, "WORTHWHILE", 0)


def test_unpacked_content_is_kept_and_a_spoiled_copy_made_again(cache, worthwhile, monkeypatch):
    content = bytes(range(256)) * 50
    packed = gzip.compress(content)
    assert unpack.unpack(packed) == content
    (memo,) = (cache / "unpacked").iterdir()
    assert memo.read_bytes() == content
    memo.write_bytes(bytes(len(content)))
    assert unpack.unpack(packed) == content
    assert memo.read_bytes() == content
    monkeypatch.setattr(gzip, "decompress", None)
    assert unpack.unpack(packed) == content


def test_no_memo_is_no_failure(cache, worthwhile, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unpack.os, "replace", full)
    assert unpack.unpack(gzip.compress(b"x" * 99)) == b"x" * 99
    assert list((cache / "unpacked").iterdir()) == []


def test_small_files_are_not_kept(cache):
    assert unpack.unpack(gzip.compress(b"labels")) == b"labels"
    assert not cache.exists()
