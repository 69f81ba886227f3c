"""Names that came from outside: students' and those of files. They are data: shown cleaned, never a piece of a path of ours.

Not covered: escaping. HTML is escaped by the template engine, CSV by `catedra.grading.gradebook`.
"""

import hashlib
import os
import re
import unicodedata

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Categories of characters that can't be seen, or that change how those around them are seen (U+202E turns a name around)."""
_KEPT = {"\n", "\t", "\u200d", "\u00ad"}  # the joiner of emoji and the soft hyphen do no harm
_LITTER = {"__MACOSX", "__pycache__", "Thumbs.db", "desktop.ini"}
_SLUG = 40


def visible(text: str, limit: int = 2000) -> str:
    """Return the text with every character that can't be seen replaced by "�", cut after `limit` characters with "…"."""
    cut = text[:limit]
    shown = "".join(letter if letter in _KEPT or unicodedata.category(letter) not in _UNSEEN else "�" for letter in cut)
    return shown + ("…" if len(text) > limit else "")


def shown_name(name: str) -> str:
    """Return a file's name as messages quote it: in one line, at most 80 characters."""
    return visible(" ".join(name.split()), 80)


def student_name(raw: str) -> str:
    """Return the student's name that a file's or folder's name says: valid text in one normal form, since it is a key of the trail.

    A name whose bytes aren't UTF-8 keeps a "�" where they stood.
    """
    return unicodedata.normalize("NFC", os.fsencode(raw).decode("utf-8", "replace"))


def collision_key(name: str) -> str:
    """Return what two names share if some file system takes them for one: upper or lower case, composed accents or not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def is_litter(name: str) -> bool:
    """Whether a file or folder is ignored: hidden, or left behind by an operating system or by Python."""
    return name.startswith(".") or name in _LITTER


def page_name(student: str) -> str:
    """Return a file name (without suffix) for a student: ASCII, the same each time, of no other student, on any file system.

    Example:
        >>> page_name("../José Pérez")
        'jose-perez-b73dab1abb48eee8'
    """
    plain = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:_SLUG].strip("-") or "estudiante"
    return f"{slug}-{hashlib.sha256(student.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
