"""`catedra grade` without the command line, over any class folder: python -m tests.soak.coordinator CLASS FOLDER DATABASE KEY WORKERS."""

import sys
from pathlib import Path

from catedra.course import read_class
from catedra.grading.batch import grade_folder
from catedra.grading.cohort import Cohort
from catedra.grading.engine_local import LocalEngine
from catedra.grading.trail import Trail


def main() -> int:
    """Grade; the exit status is 0 when nothing is left to grade."""
    course_class, folder, database, key, workers = sys.argv[1:]
    cohort = Cohort(bytes.fromhex(key))
    item = read_class(Path(course_class))
    with Trail(f"sqlite:///{database}") as trail:
        engine = LocalEngine(item, cohort, workers=int(workers))
        batch = grade_folder(Path(folder), item, engine, trail, cohort=cohort.fingerprint)
    return 1 if batch.left else 0


if __name__ == "__main__":
    sys.exit(main())
