"""The README says what is: its table comes from the records, its files exist, its commands are those that CI runs."""

import re
from pathlib import Path

from catedra.course.parts import load_module

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_status_table_is_that_of_the_records() -> None:
    tool = load_module(ROOT / "tools" / "update_readme.py", "tools_update_readme")
    assert tool.updated(README) == README, "run `.venv/bin/python tools/update_readme.py`"


def test_links_to_files_lead_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|clase:|figure:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_command_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", README)) <= targets
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_nothing_names_a_machine() -> None:
    patterns = re.compile(r"(?<![\w.])/(?:root|home/\w+)/|pypi\.org|registry\.npmjs|deb\.debian")
    for path in [*ROOT.glob("*.*"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.*"), *(ROOT / "tools").glob("*.py")]:
        if path.suffix in {".py", ".md", ".toml", ".json", ".txt", ".typ", ".css"} and "egg-info" not in str(path):
            assert not patterns.search(path.read_text(encoding="utf-8")), path
