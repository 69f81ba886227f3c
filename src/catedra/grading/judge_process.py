"""A judge in a process of its own: grades the files that it is told to, one JSON line each.

Run as `python -m catedra.grading.judge_process IN OUT FOLDER`. The first line says the class, the key and the options. FOLDER, for temporary
files, goes when this process ends: a coordinator that was killed can't remove it.
The key comes through the pipe: neither a command line nor an environment shows it.
"""

import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from catedra.checking import ScaleName
from catedra.course import read_class
from catedra.errors import CatedraError
from catedra.grading.cohort import Cohort
from catedra.grading.judge import Judge, JudgeOptions


def main() -> None:
    """Grade until the other side closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator decides what Ctrl-C means
    read_fd, write_fd = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(read_fd, False)
    os.set_inheritable(write_fd, False)
    with os.fdopen(read_fd, encoding="utf-8") as asked, os.fdopen(write_fd, "w", encoding="utf-8") as said:

        def say(value: dict[str, Any]) -> None:
            said.write(json.dumps(value) + "\n")
            said.flush()

        hello = json.loads(asked.readline())
        try:
            judge = judge_of(hello)
        except CatedraError as error:
            say({"refused": str(error)})
            return
        with judge:
            say({"ready": judge.environment})
            for line in asked:
                say(answer(judge, Path(json.loads(line))))


def judge_of(hello: dict[str, Any]) -> Judge:
    """Return the judge that the first line describes."""
    options = JudgeOptions(
        scale=ScaleName(hello["scale"]),
        homework=hello["homework"],
        require_strong=hello["require_strong"],
    )
    return Judge(read_class(Path(hello["folder"])), Cohort(bytes.fromhex(hello["key"])), options)


def answer(judge: Judge, file: Path) -> dict[str, Any]:
    """Return a verdict as plain data, or why there is none."""
    try:
        return {"verdict": judge.grade(file).as_plain()}
    except CatedraError as error:
        return {"failure": str(error)}


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(sys.argv[3], ignore_errors=True)
