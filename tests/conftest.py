"""What all tests share: a fixed backend, folders of their own, no network, types checked at run time, real data when there are.

Environment variables are set before anything of the project is imported, so that subprocesses inherit them too.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from beartype import BeartypeConf
from beartype.claw import beartype_packages

SCRATCH = Path(tempfile.mkdtemp(prefix="catedra-tests-"))

os.environ["KERAS_BACKEND"] = "jax"
os.environ["MPLBACKEND"] = "Agg"
os.environ["CATEDRA_HOME"] = str(SCRATCH / "home")
os.environ["CATEDRA_CACHE"] = str(SCRATCH / "cache")
os.environ["CATEDRA_OFFLINE"] = "1"  # a test that downloads, from a server of its own, takes it away

# Arguments and results of these packages are checked against their annotations while the suite runs. A package can join once all
# its annotations can be checked: a protocol among them must be `runtime_checkable`.
TYPED = ("catedra.datasets",)
beartype_packages(TYPED, conf=BeartypeConf(is_pep484_tower=True))  # an int is a float here as in mypy


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(SCRATCH, ignore_errors=True)


def _lacking(names: tuple[str, ...]) -> str | None:
    """Why the real files of these data sets can't be used, or None. Tests never download: $CATEDRA_DATA must have them."""
    from catedra.datasets import State, describe
    from catedra.datasets import names as all_names

    folder = os.environ.get("CATEDRA_DATA")
    wanted = [describe(name) for name in names or all_names()]
    for data_set in wanted:
        if data_set.state in {State.LIBRARY, State.DRAWN, State.FOLDER}:
            continue
        missing = f"{data_set.name} ({', '.join(data_set.files)})"
        how = f"set CATEDRA_DATA to a folder with {data_set.name}/ in it; the files come from {data_set.source}"
        return f"{'CATEDRA_DATA is unset' if not folder else f'{folder} lacks {missing}'}: {how}"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked `data`, or `data("fashion_mnist", …)` for some data sets only, where the files aren't there."""
    for item in items:
        if mark := item.get_closest_marker("data"):
            reason = _lacking(mark.args)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
