"""The other side of `selfcheck`: loads the file, answers tasks. Run as `python -m catedra.grading.child READ_FD WRITE_FD`."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from catedra import datasets
from catedra.checking import LiveAnswer, Scale, ScaleName, run_check, run_criterion
from catedra.checking.namespace import Namespace, SubmissionError, load_namespace, read_cells
from catedra.course import read_class
from catedra.course.parts import checks_of
from catedra.errors import CatedraError


def main() -> None:
    """Answer one JSON line for each that comes, until the other side closes."""
    read_fd, write_fd = int(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(read_fd, False)
    os.set_inheritable(write_fd, False)
    with os.fdopen(read_fd, encoding="utf-8") as requests, os.fdopen(write_fd, "w", encoding="utf-8") as replies:

        def reply(value: dict[str, Any]) -> None:
            replies.write(json.dumps(value) + "\n")
            replies.flush()

        hello = json.loads(requests.readline())
        try:
            session = _Session(hello)
        except CatedraError as error:
            reply({"error": str(error), "theirs": isinstance(error, SubmissionError)})
            return
        reply({"ready": True})
        for line in requests:
            reply(session.run(json.loads(line)))


class _Session:
    def __init__(self, hello: dict[str, Any]) -> None:
        file = Path(hello["file"])
        self._checks = checks_of(read_class(Path(hello["folder"])))
        self._namespace: Namespace = load_namespace(read_cells(file), f"el archivo {file.name}")
        self._seed: int = hello["seed"]
        self._scale = Scale(ScaleName(hello["scale"]))

    def run(self, task: dict[str, Any]) -> dict[str, Any]:
        answer = LiveAnswer(self._namespace)
        if "exercise" in task:
            check = self._checks.by_exercise[task["exercise"]]
            return {"checks": [asdict(run_check(check, answer, np.random.default_rng(self._seed)))]}
        criterion = next(item for item in self._checks.criteria if item.name == task["criterion"])
        data = None
        if criterion.data is not None:
            data = (
                datasets.load(criterion.data).split(seed=self._seed)
                if self._scale.judges
                else datasets.smoke(criterion.data, seed=self._seed)
            )
        result = run_criterion(
            criterion, answer, data=data, variant=data.variant if data else None, scale=self._scale, seed=self._seed
        )
        return {"criteria": [asdict(result)]}


if __name__ == "__main__":
    main()
