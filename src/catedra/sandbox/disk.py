"""What a worker keeps on disk, counted from outside: its scratch folder, and files that have lost their name but not their space."""

import os
from contextlib import suppress

from catedra.sandbox.tree import Tree

DEEPEST = 100
"""Folders inside folders. Nobody's homework needs as many, and each open one costs the warden a descriptor."""
LEAST_FREE_MB = 300
"""Below this much free space the worker dies whatever its allowance: better it than whoever writes the verdict."""


class Disk:
    """A scratch folder and its allowance. Opened before the worker exists; close it after use.

    Args:
        folder: absolute path.
        most_mb: space that files in it may take.
        most_files: files and folders in it.
    """

    def __init__(self, folder: str, most_mb: int, most_files: int) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._most_bytes, self._most_files = most_mb * 2**20, most_files
        self._device = os.fstat(self._folder).st_dev
        self._free_before = self._free()

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._folder)

    def breach(self, tree: Tree) -> str:
        """Return "disk" or "files" if the allowance is passed, "" otherwise."""
        count = _Count(self._most_files)
        count.add(self._folder, 0)
        if count.files > self._most_files:
            return "files"
        if count.bytes > self._most_bytes:
            return "disk"
        free = self._free()
        # Looking for nameless files costs milliseconds, so only when space went somewhere.
        if self._free_before - free > self._most_bytes and count.bytes + tree.held_files(self._device) > self._most_bytes:
            return "disk"
        return "disk" if free < LEAST_FREE_MB * 2**20 < self._free_before else ""

    def _free(self) -> int:
        status = os.fstatvfs(self._folder)
        return status.f_bavail * status.f_frsize


class _Count:
    def __init__(self, most: int) -> None:
        self.bytes = self.files = 0
        self._most = most

    def add(self, folder: int, depth: int) -> None:
        """Count what is below an open folder, until there is too much of it."""
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                self.files += 1
                with suppress(OSError):
                    self.bytes += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        self._enter(folder, entry.name, depth + 1)
                if self.files > self._most:
                    return

    def _enter(self, above: int, name: str, depth: int) -> None:
        if depth > DEEPEST:
            self.files = self._most + 1
            return
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        try:
            self.add(below, depth)
        finally:
            os.close(below)
