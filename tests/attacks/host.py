"""The judge's process in the arena: grades the files that it is told to, one JSON line each.

A process of its own, so that an attack that kills or hangs the judge does so to it and not to the tests. Orphans of the whole tree come to it
(subreaper), so that what survives is found. Run as `python -m tests.attacks.host CLASS_FOLDER KEY_FILE READ_FD WRITE_FD CANARY`.
"""

import contextlib
import ctypes
import json
import os
import sys
import time
import traceback
from pathlib import Path

import psutil

from catedra.course import read_class
from catedra.errors import CatedraError
from catedra.grading.cohort import Cohort
from catedra.grading.judge import Judge, JudgeOptions

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Grade until the other side closes."""
    folder, key, read_fd, write_fd = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), int(sys.argv[4])
    os.set_inheritable(read_fd, False)
    os.set_inheritable(write_fd, False)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with (
        os.fdopen(read_fd, encoding="utf-8") as asked,
        os.fdopen(write_fd, "w", encoding="utf-8") as said,
        Judge(read_class(folder), Cohort(key), JudgeOptions()) as judge,
    ):
        print(json.dumps({"ready": True}), file=said, flush=True)
        for line in asked:
            start = time.monotonic()
            try:
                reply = {"verdict": judge.grade(Path(json.loads(line))).as_plain()}
            except CatedraError as error:
                reply = {"refused": f"{type(error).__name__}: {error}"}
            except BaseException:
                reply = {"crashed": traceback.format_exc()[-4000:]}
            _bury()
            print(json.dumps({**reply, "seconds": time.monotonic() - start}), file=said, flush=True)


def _bury() -> None:
    """Reap the orphans that came here, as an init does: until then a dead process still keeps its user busy."""
    for item in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if item.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(item.pid, os.WNOHANG)


if __name__ == "__main__":
    main()
