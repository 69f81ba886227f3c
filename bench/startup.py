"""How fast the project answers: import, help, listing, deriving a notebook; beside it, Python and NumPy alone on the same machine.

    python bench/startup.py [--runs 10] [--json]

Whole processes, interleaved, so that a busy machine slows all alike; medians and the ratio to an empty Python.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

COMMANDS = {
    "python": [sys.executable, "-c", "pass"],
    "import numpy": [sys.executable, "-c", "import numpy"],
    "import catedra": [sys.executable, "-c", "import catedra"],
    "catedra --help": [sys.executable, "-m", "catedra", "--help"],
    "catedra list": [sys.executable, "-m", "catedra", "list"],
}
DERIVE = """
import time, sys
from catedra.course import load
from catedra.publishing.notebook import notebook_of
item = load(int(sys.argv[1]))
notebook_of(item)
start = time.perf_counter()
notebook_of(item)
print(time.perf_counter() - start)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--class", dest="number", default="100")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(options.runs):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - start)
    derive = subprocess.run([sys.executable, "-c", DERIVE, options.number], capture_output=True, text=True, check=True)
    empty = statistics.median(seconds["python"])
    report = {
        name: {"median_s": round(median, 3), "min_s": round(min(runs), 3), "ratio": round(median / empty, 1)}
        for name, runs in seconds.items()
        for median in [statistics.median(runs)]
    }
    report["derive a notebook, warm, in process"] = {"median_s": round(float(derive.stdout), 3)}
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        for name, row in report.items():
            print(f"{name:38} {row['median_s']:7.3f} s" + (f"  min {row['min_s']:.3f}  × {row['ratio']}" if "ratio" in row else ""))


if __name__ == "__main__":
    main()
