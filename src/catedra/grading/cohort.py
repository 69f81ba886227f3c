"""The cohort key, the only secret: splits, orders, inputs and seeds of a cohort come from it.

    seed(p₁, …, pₙ) = first 63 bits of HMAC-SHA256(key, encoding(p₁, …, pₙ))

The encoding is injective: each part goes with its type and its length, so that ("a", "b") and ("ab", "") differ. Whoever has the key knows
what a cohort is asked; the fingerprint says which key it was and nothing else.

Source: RFC 2104 (HMAC).
"""

import hmac
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from catedra.errors import CatedraError

if TYPE_CHECKING:
    import numpy as np

MIN_BYTES = 32
MAX_FILE_BYTES = 4096
_HEX = frozenset(b"0123456789abcdefABCDEF")


class KeyFileError(CatedraError):
    """The key's file can't be used."""


class Cohort:
    """What is drawn from a cohort's key.

    Example:
        >>> cohort = Cohort(bytes(range(32)))
        >>> cohort
        <Cohort 65476a5e69e1>
        >>> cohort.seed("a", "b") == cohort.seed("ab", "")
        False

    Args:
        key: at least 32 bytes that nobody can guess.

    Raises:
        KeyFileError: it is shorter, or hardly varies.
    """

    __slots__ = ("_key", "fingerprint")

    def __init__(self, key: bytes) -> None:
        if len(key) < MIN_BYTES:
            raise KeyFileError(
                f"la clave tiene {len(key)} bytes y hacen falta {MIN_BYTES}: creá una con `catedra grade --new-key ARCHIVO`"
            )
        if len(set(key)) < 8:
            raise KeyFileError(
                "la clave repite casi siempre el mismo byte, y se adivina: creá una con `catedra grade --new-key ARCHIVO`"
            )
        self._key = key
        self.fingerprint = self._digest("fingerprint", ()).hex()[:12]

    def __repr__(self) -> str:
        return f"<Cohort {self.fingerprint}>"

    def reveal(self) -> bytes:
        """Return the key itself, to hand it to a judge's process. Never print, log or store it."""
        return self._key

    def seed(self, *parts: str | int) -> int:
        """Return the seed that belongs to these parts: 0 ≤ seed < 2⁶³."""
        return int.from_bytes(self._digest("seed", parts)[:8], "big") >> 1

    def rng(self, *parts: str | int) -> "np.random.Generator":
        """Return a generator that belongs to these parts, the same each time."""
        import numpy as np

        return np.random.default_rng(self.seed(*parts))

    def _digest(self, purpose: str, parts: tuple[str | int, ...]) -> bytes:
        return hmac.digest(self._key, b"".join(map(_encoded, (purpose, *parts))), "sha256")


def _encoded(part: str | int) -> bytes:
    if type(part) is str:
        kind, data = b"s", part.encode("utf-8", "surrogatepass")
    elif type(part) is int:  # a bool would be taken for 0 or 1
        kind, data = b"i", str(part).encode()
    else:
        raise TypeError(f"a seed is drawn from texts and integers; received {type(part).__name__}: convert it first")
    return kind + len(data).to_bytes(8, "big") + data


def read_key(path: Path) -> bytes:
    """Return the key that a file holds: at least 32 bytes, raw or as hexadecimal digits.

    Raises:
        KeyFileError: it is missing, too short, not a file, or others may read it.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(handle).st_mode
            content = os.read(handle, MAX_FILE_BYTES + 1) if stat.S_ISREG(mode) else None
        finally:
            os.close(handle)
    except OSError as error:
        raise KeyFileError(
            f"no se puede leer la clave {path} ({error.strerror}): revisá la ruta, o creá una con `catedra grade --new-key {path}`"
        ) from error
    if content is None:
        raise KeyFileError(
            f"se esperaba un archivo con la clave y {path} es otra cosa: creá una con `catedra grade --new-key ARCHIVO`"
        )
    if mode & 0o077:
        raise KeyFileError(
            f"otros usuarios pueden leer la clave {path} (permisos {stat.S_IMODE(mode):04o}; se esperaba 0600): corré `chmod 600 {path}`, "
            "y si la máquina es compartida creá otra clave"
        )
    if len(content) > MAX_FILE_BYTES:
        raise KeyFileError(
            f"{path} tiene más de {MAX_FILE_BYTES} bytes: no es una clave; se crea con `catedra grade --new-key ARCHIVO`"
        )
    text = content.strip()
    if text and set(text) <= _HEX:  # 40 hexadecimal digits are 20 bytes of secret, not 40
        if len(text) % 2:
            raise KeyFileError(f"{path} tiene una cantidad impar de dígitos hexadecimales: ¿se cortó al copiarla?")
        content = bytes.fromhex(text.decode("ascii"))
    Cohort(content)
    return content


def write_key(path: Path) -> Cohort:
    """Make a key, write it to a new file that only its owner reads, and return its cohort.

    Raises:
        KeyFileError: the file exists (a key is never overwritten) or can't be written.
    """
    key = secrets.token_bytes(MIN_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as stream:
            os.fchmod(stream.fileno(), 0o600)
            stream.write(key.hex() + "\n")
    except FileExistsError as error:
        raise KeyFileError(
            f"{path} ya existe y una clave no se pisa (lo corregido con ella dejaría de poder repetirse): elegí otro nombre"
        ) from error
    except OSError as error:
        raise KeyFileError(f"no se puede escribir {path} ({error.strerror}): elegí una carpeta tuya") from error
    return Cohort(key)
