"""Seeds that belong to a key, and a key that nobody else reads."""

import os
import pickle
import traceback

import numpy as np
import pytest

from catedra.grading.cohort import Cohort, KeyFileError, read_key, write_key

KEY = bytes(range(32))


def test_the_seed_is_the_documented_hmac() -> None:
    import hashlib
    import hmac

    parts = [(b"s", b"seed"), (b"s", b"split"), (b"i", b"-3")]
    message = b"".join(kind + len(data).to_bytes(8, "big") + data for kind, data in parts)
    wanted = int.from_bytes(hmac.new(KEY, message, hashlib.sha256).digest()[:8], "big") >> 1
    assert Cohort(KEY).seed("split", -3) == wanted
    assert 0 <= wanted < 2**63


def test_parts_that_differ_give_seeds_that_differ() -> None:
    cohort = Cohort(KEY)
    lists = [
        ("a", "b"),
        ("ab", ""),
        ("", "ab"),
        ("ab",),
        ("a", "", "b"),
        (),
        ("",),
        ("1",),
        (1,),
        (-1,),
        ("a", 1),
        ("a1",),
        ("s", "a", "b"),
        ("\ud800",),
    ]
    assert len({cohort.seed(*parts) for parts in lists}) == len(lists)
    assert cohort.seed("a") != Cohort(KEY[::-1]).seed("a")


def test_seeds_use_all_their_bits() -> None:
    seeds = [Cohort(KEY).seed("x", n) for n in range(4000)]
    for bit in range(63):
        ones = sum(seed >> bit & 1 for seed in seeds)
        assert 1800 < ones < 2200, bit


def test_generators_repeat_and_differ() -> None:
    cohort = Cohort(KEY)
    assert cohort.rng("a", 1).integers(0, 2**60, 5).tolist() == cohort.rng("a", 1).integers(0, 2**60, 5).tolist()
    assert not np.array_equal(cohort.rng("a", 1).random(5), cohort.rng("a", 2).random(5))


@pytest.mark.parametrize("part", [True, 1.0, None, b"a", ["a"]])
def test_other_parts_are_refused(part) -> None:
    with pytest.raises(TypeError, match="texts and integers"):
        Cohort(KEY).seed(part)


def test_nothing_shows_the_key() -> None:
    cohort = Cohort(KEY)
    secret = [KEY.hex(), repr(KEY)[2:-1], str(list(KEY))[1:-1]]
    try:
        cohort.seed(1.5)  # type: ignore[arg-type]
    except TypeError as error:
        said = "".join(traceback.format_exception(error))
    shown = f"{cohort} {cohort!r} {[cohort]} {cohort.fingerprint} {said}"
    assert not any(text in shown for text in secret)
    assert not hasattr(cohort, "__dict__")
    assert pickle.loads(pickle.dumps(cohort)).seed("a") == cohort.seed("a")  # it does travel to a judge, whole
    assert len(cohort.fingerprint) == 12
    assert cohort.reveal() == KEY


def _file(folder, content: bytes, mode: int = 0o600):
    path = folder / "clave"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_new_key_is_read_back_and_never_overwritten(tmp_path) -> None:
    old = os.umask(0)
    try:
        cohort = write_key(tmp_path / "clave")
    finally:
        os.umask(old)
    assert (tmp_path / "clave").stat().st_mode & 0o777 == 0o600
    assert Cohort(read_key(tmp_path / "clave")).fingerprint == cohort.fingerprint
    before = (tmp_path / "clave").read_bytes()
    with pytest.raises(KeyFileError, match="ya existe y una clave no se pisa"):
        write_key(tmp_path / "clave")
    assert (tmp_path / "clave").read_bytes() == before
    assert write_key(tmp_path / "otra").fingerprint != cohort.fingerprint


@pytest.mark.parametrize(
    "content",
    [KEY, KEY.hex().encode(), KEY.hex().upper().encode() + b"\r\n"],
    ids=["raw", "hex", "hex in upper case with a line end"],
)
def test_raw_and_hexadecimal_keys_are_read(tmp_path, content: bytes) -> None:
    assert read_key(_file(tmp_path, content)) == KEY


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "tiene 0 bytes y hacen falta 32"),
        (b"corta", "tiene 5 bytes"),
        (KEY.hex()[:40].encode(), "tiene 20 bytes"),  # 40 characters, but of hexadecimal
        (KEY.hex()[:-1].encode(), "cantidad impar"),
        (b"\0" * 32, "se adivina"),
        (b"ab" * 40, "se adivina"),
        (os.urandom(5000), "no es una clave"),
    ],
)
def test_bad_keys_are_refused(tmp_path, content: bytes, says: str) -> None:
    with pytest.raises(KeyFileError, match=says) as caught:
        read_key(_file(tmp_path, content))
    assert not content or content.decode("latin-1") not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_others_may_read_is_refused_with_the_command_to_run(tmp_path, mode: int) -> None:
    with pytest.raises(KeyFileError, match=r"permisos 06\d\d; se esperaba 0600\): corré `chmod 600 "):
        read_key(_file(tmp_path, KEY, mode))


def test_what_is_no_file_is_refused_at_once(tmp_path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    for path, says in [(tmp_path / "fifo", "es otra cosa"), (tmp_path, "es otra cosa"), (tmp_path / "nada", "No such file")]:
        with pytest.raises(KeyFileError, match=says):
            read_key(path)
