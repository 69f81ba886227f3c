"""Runs every benchmark of this folder, each for at most --seconds. Their figures with machine and date go to docs/log.md by hand."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run the benchmarks; the exit status is 1 when one failed for a reason other than its time being up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    limit = parser.parse_args().seconds
    status = 0
    for script in sorted(FOLDER.glob("*.py")):
        if script.name == Path(__file__).name:
            continue
        print(f"== {script.name}", flush=True)
        start = time.monotonic()
        try:
            code = subprocess.run([sys.executable, str(script)], timeout=limit, check=False).returncode
        except subprocess.TimeoutExpired:
            print(f"   cortado a los {limit:.0f} s: lo que imprimió hasta acá vale")
            continue
        print(f"   {time.monotonic() - start:.0f} s, salida {code}", flush=True)
        status = status or int(code != 0)
    return status


if __name__ == "__main__":
    sys.exit(main())
