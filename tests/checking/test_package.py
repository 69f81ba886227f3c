"""The package: what it exports, that it imports no framework, and what importing it costs."""

import json
import subprocess
import sys

import catedra.checking

MEASURE = """
import json, sys, time
import numpy
start = time.process_time()
import catedra.checking
print(json.dumps([time.process_time() - start, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def test_every_name_is_exported_once():
    assert len(set(catedra.checking.__all__)) == len(catedra.checking.__all__)
    assert all(hasattr(catedra.checking, name) for name in catedra.checking.__all__)


def test_importing_it_costs_little_and_no_framework():
    runs = [json.loads(subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True).stdout) for _ in range(3)]
    loaded = set(runs[0][1])
    assert loaded.isdisjoint({"torch", "tensorflow", "keras", "jax", "sklearn", "scipy", "matplotlib", "pandas", "IPython", "nbformat"})
    assert min(seconds for seconds, _ in runs) < 0.1  # CPU seconds; 0.02 on a quiet machine
