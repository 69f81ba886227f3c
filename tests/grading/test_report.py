"""Pages of strangers' data: everything escaped, nothing hidden shown, and a drawing that says what the numbers say."""

import dataclasses
import hashlib
import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from catedra.checking import CheckResult, Evidence, Outcome, Verdict
from catedra.course import CourseClass, read_class
from catedra.course.parts import checks_of
from catedra.grading.batch import Move, grade_folder
from catedra.grading.gradebook import Row
from catedra.grading.names import page_name
from catedra.grading.products import write_products
from catedra.grading.report import bar_of, bounds, index_page, measured, student_page, written_page
from catedra.grading.similar import Group
from catedra.grading.submission import Written
from catedra.grading.trail import Conditions, Grade, Score, Trail
from catedra.grading.written import Question
from tests.grading.fake import RIGHT, FakeEngine, criterion_result
from tests.tiny import write_class

EVIL = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)", "javascript:alert(1)", "</style><script>alert(1)</script>",
    "</title><svg onload=alert(1)>", "{{ 7*7 }}{% raw %}", "<!--", "&lt;b&gt;", "\u202egpj.exe", "<a href=javascript:alert(1)>x</a>", "]]><x>", "\x00\x1b[2J",
]  # fmt: skip
ALLOWED_TAGS = {
    "html", "head", "meta", "title", "style", "body", "main", "header", "section", "footer", "article", "aside", "div", "p", "h1", "h2", "h3",
    "ul", "ol", "li", "dl", "dt", "dd", "span", "strong", "small", "b", "bdi", "code", "pre", "a", "table", "thead", "tbody", "tr", "th", "td",
    "abbr", "svg", "rect", "line", "text", "circle",
}  # fmt: skip


class Strict(HTMLParser):
    """Refuses whatever could run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED_TAGS, tag
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), attrs
        for name, value in attrs:
            assert not name.startswith("on"), attrs
            assert name in {
                "lang",
                "charset",
                "http-equiv",
                "content",
                "name",
                "class",
                "href",
                "scope",
                "title",
                "viewbox",
                "role",
                "aria-label",
                "aria-hidden",
                "x",
                "y",
                "width",
                "height",
                "rx",
                "x1",
                "x2",
                "y1",
                "y2",
                "cx",
                "cy",
                "r",
                "text-anchor",
            }, (tag, attrs)
            if name == "href":
                self.links.append(value)
        self.tags.append(tag)

    def handle_comment(self, data):
        raise AssertionError(data)

    def handle_data(self, data):
        self.text.append(data)


def parse(page: str) -> Strict:
    parser = Strict()
    parser.feed(page)
    parser.close()
    assert parser.tags.count("style") == parser.tags.count("title") == parser.tags.count("body") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e]", page)
    return parser


@pytest.fixture(scope="module")
def item(tmp_path_factory: pytest.TempPathFactory) -> CourseClass:
    return read_class(write_class(tmp_path_factory.mktemp("classes")))


def row(
    course: CourseClass, *, checks=(), criteria=(), student="Ana", reason="", scores=None, pending=("explicación",), **changes
) -> Row:
    verdict = Verdict(
        901,
        "a" * 64,
        course.content_hash,
        False,
        "2026-01-01T00:00:00+00:00",
        "1.0",
        tuple(checks),
        tuple(criteria),
        ("seccomp",),
        "e" * 64,
        "c0ffee123456",
    )
    grade = Grade(
        student,
        Conditions("h", "e" * 64, "c0ffee123456"),
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        True,
        dataclasses.replace(verdict, **changes),
    )
    return Row(student, f"{student}.py", "corregida", reason, "a" * 64, grade, scores or {}, pending)


def check(number: int = 1, outcome: Outcome = Outcome.INCORRECT, **changes) -> CheckResult:
    base = CheckResult(number, "La suma está bien", outcome, "La suma no da.", "CANARIO: se esperaba 7", "sumar", 0.1)
    return dataclasses.replace(base, **changes)


@pytest.mark.parametrize("evil", EVIL)
def test_nothing_of_a_strangers_runs(item: CourseClass, evil: str) -> None:
    checks = checks_of(item)
    every = [check(n, outcome, message=evil, detail=evil, title=evil, section=evil) for n, outcome in enumerate(Outcome, start=1)]
    criteria = [
        criterion_result(
            name=f"{evil}{n}", outcome=outcome, message=evil, detail=evil, unit=evil, percent=False, threshold=threshold
        )
        for n, (outcome, threshold) in enumerate([(Outcome.INCORRECT, "≥ 0.95"), (Outcome.RUNTIME_ERROR, evil)])
    ]
    score = Score(evil, "a" * 64, "explicación", (0.5,), evil, evil, datetime(2026, 1, 1, tzinfo=UTC))
    mine = row(
        item,
        checks=every,
        criteria=criteria,
        student=evil,
        reason=evil,
        scores={"explicación": score},
        pending=(),
        layers=(evil,),
        version=evil,
        environment=evil,
        cohort=evil,
    )
    plain = parse(
        student_page(
            row(
                item,
                checks=[check(n, o) for n, o in enumerate(Outcome, start=1)],
                criteria=[
                    criterion_result(threshold="≥ 0.95"),
                    criterion_result(outcome=Outcome.RUNTIME_ERROR, threshold="x", detail="y"),
                ],
                scores={"explicación": score},
                pending=(),
                reason="x",
            ),
            item,
            checks,
        )
    )
    page = parse(student_page(mine, item, checks))
    assert set(page.tags) <= set(plain.tags)
    assert page.links == []
    index = parse(
        index_page(
            [mine],
            item,
            checks,
            similar=[Group("tarea", evil, (evil, "b"), True)],
            moves=[Move(evil, evil, None, Outcome.CORRECT, None, 1.0)],
        )
    )
    assert set(index.links) == {"escritas.html", f"informes/{page_name(evil)}.html"}
    question = Question(evil, "a" * 64, checks.criteria[1], (Written(evil, evil, True), Written("celda 2", evil, False)), score)
    parsed = parse(written_page([question], item))
    assert parsed.links == ["indice.html"]
    if evil.isprintable():
        assert evil in "".join(parsed.text)


def test_each_page_forbids_scripts_and_whatever_is_elsewhere(item: CourseClass) -> None:
    for page in (
        student_page(row(item), item, checks_of(item)),
        index_page([row(item)], item, checks_of(item)),
        written_page([], item),
    ):
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
        assert policy is not None
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
        assert style is not None
        digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        said = policy[1].replace("&#39;", "'")
        assert said == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        assert page.index("Content-Security-Policy") < page.index("<style>")
        assert "http://" not in page
        assert "https://" not in page
        assert "url(" not in page
        assert "style=" not in page


@pytest.mark.parametrize("outcome", list(Outcome))
def test_details_may_hold_expected_values_and_only_the_students_own_lines_are_shown(item: CourseClass, outcome: Outcome) -> None:
    mine = row(item, checks=[check(1, outcome)], criteria=[criterion_result(outcome=outcome, detail="CANARIO: etiqueta 3")])
    page = student_page(mine, item, checks_of(item))
    assert ("CANARIO" in page) == (outcome is Outcome.RUNTIME_ERROR)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_failed_gets_its_hint_and_its_section(item: CourseClass, outcome: Outcome) -> None:
    page = student_page(row(item, checks=[check(1, outcome)]), item, checks_of(item))
    helps = outcome in {Outcome.INCORRECT, Outcome.NOT_ATTEMPTED, Outcome.RUNTIME_ERROR, Outcome.TIMEOUT}
    assert ("¿Cuánto falta?" in page) == helps
    assert ("Para repasar: «Sumar es juntar»" in page) == helps
    assert "Mirá el signo." not in page  # the first hint only
    assert outcome.label in page


def test_a_verdict_of_older_checks_gets_no_hint_of_newer_ones(item: CourseClass) -> None:
    page = student_page(row(item, checks=[check(1, title="Otra cosa")]), item, checks_of(item))
    assert "¿Cuánto falta?" not in page


def test_written_answers_stand_apart_from_what_was_measured(item: CourseClass) -> None:
    pending = criterion_result(name="explicación", evidence=Evidence.WRITTEN, outcome=Outcome.PENDING, value=None, threshold=None)
    criteria = [criterion_result(), pending]
    page = student_page(row(item, criteria=criteria), item, checks_of(item))
    assert "<strong>1<small> de 1</small></strong> criterios" in page
    assert "espera a tu docente" in page
    assert page.count("explicación") == 1
    score = Score("Ana", "a" * 64, "explicación", (0.5,), "Prof. Díaz", "Casi", datetime(2026, 1, 1, tzinfo=UTC))
    page = student_page(row(item, criteria=criteria, scores={"explicación": score}, pending=()), item, checks_of(item))
    assert "espera a tu docente" not in page
    for said in ("0,5 de 1", "Casi", "Puntuó Prof. Díaz, 01/01/2026.", "<strong>1<small> de 1</small></strong> criterios"):
        assert said in page


def test_a_rejected_submission_gets_a_page_that_says_why(item: CourseClass) -> None:
    page = student_page(
        Row("Ana", "ana.zip", "rechazada", "no es un zip: volvé a entregar", "", None, {}, ()), item, checks_of(item)
    )
    assert "La entrega no se pudo leer" in page
    assert "no es un zip: volvé a entregar" in page
    assert "Ejercicios" not in page


@pytest.mark.parametrize(
    ("threshold", "wanted"),
    [
        ("≥ 0.87", (0.87, None)),
        ("≤ 0.001", (None, 0.001)),
        ("entre 0.84 y 0.9", (0.84, 0.9)),
        ("≥ -1e-05", (-1e-05, None)),
        ("≤ 1e+06", (None, 1e6)),
        ("mucho", (None, None)),
        ("entre -2 y -1", (-2.0, -1.0)),
    ],
)
def test_the_bounds_are_those_that_a_threshold_writes(threshold: str, wanted) -> None:
    assert bounds(threshold) == wanted


@pytest.mark.parametrize(
    ("value", "threshold", "percent"),
    [
        (0.9, "≥ 0.87", True),
        (0.8, "≥ 0.87", True),
        (0.87, "≥ 0.87", True),
        (5.0, "≤ 0.001", False),
        (0.0, "≤ 0.001", False),
        (0.5, "entre 0.84 y 0.9", True),
        (0.86, "entre 0.84 y 0.9", True),
        (1.0, "≥ 1", True),
        (0.0, "≤ 0", False),
        (-3.0, "≥ -2.5", False),
        (1e12, "≥ 1", False),
    ],
)
def test_the_drawing_puts_the_value_on_its_side_of_the_threshold(value: float, threshold: str, percent: bool) -> None:
    bar = bar_of(criterion_result(value=value, threshold=threshold, percent=percent))
    assert bar is not None
    low, high = bounds(threshold)
    assert bar.inside == ((low is None or value >= low) and (high is None or value <= high))
    start, width = bar.zone
    assert 0 <= start <= 600
    assert start + width <= 602
    assert 0 <= bar.value <= 600
    assert (
        bar.inside == (start - 0.1 <= bar.value <= start + width + 0.1)
        or abs(bar.value - start) < 2
        or abs(bar.value - start - width) < 2
    )
    if low is not None and high is None:
        assert (bar.value >= bar.ticks[0][0]) == bar.inside
    assert "Se pide:" in bar.says


@pytest.mark.parametrize(
    ("value", "threshold"), [(None, "≥ 1"), (1.0, None), (1e308, "≥ -1e+308"), (float("inf"), "≥ 1"), (float("nan"), "≥ 1")]
)
def test_what_cannot_be_drawn_is_not(value, threshold) -> None:
    assert bar_of(criterion_result(value=value, threshold=threshold)) is None


def test_a_value_just_below_does_not_look_like_the_threshold() -> None:
    assert measured(criterion_result(value=0.9496, threshold="≥ 0.95")) == "94,96 %"
    assert measured(criterion_result(value=0.95, threshold="≥ 0.95")) == "95,0 %"
    assert measured(criterion_result(value=0.00100004, threshold="≤ 0.001", percent=False)) == "0,00100004"
    assert measured(criterion_result(value=0.5, threshold=None)) == "50,0 %"


def test_a_folder_becomes_files_that_only_their_owner_reads(item: CourseClass, tmp_path: Path) -> None:
    folder, out = tmp_path / "entregas", tmp_path / "notas"
    folder.mkdir()
    for name in ("ana", "beto", "<script>alert(1)<"):
        cell = {
            "cell_type": "markdown",
            "source": f"Porque <script>alert('{name}')",
            "metadata": {"catedra": {"role": "written"}},
        }
        code = {"cell_type": "code", "metadata": {}, "source": RIGHT}
        (folder / f"{name}.ipynb").write_text(json.dumps({"nbformat": 4, "cells": [code, cell]}))
    engine = FakeEngine(item)
    with Trail(f"sqlite:///{tmp_path / 'trail.db'}") as trail:
        batch = grade_folder(folder, item, engine, trail, cohort=engine.cohort)
        rows = write_products(out, batch, trail, item, cohort=engine.cohort)
        files = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
        write_products(out, batch, trail, item, cohort=engine.cohort)
        assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == files
        sheet = next(out.glob("planilla-*.csv"))
        sheet.write_text("a medio llenar")
        write_products(out, batch, trail, item, cohort=engine.cohort)
        assert sheet.read_text() == "a medio llenar"
    assert len(rows) == 3
    pages = [f"informes/{page_name(row.student)}.html" for row in rows]
    assert files == sorted(
        ["escritas.html", "indice.html", "notas.csv", "notas.json", *pages, sheet.name, sheet.with_suffix(".json").name]
    )
    assert {(out / file).stat().st_mode & 0o777 for file in files if not file.startswith("planilla")} == {0o600}
    for file in (*pages, "indice.html", "escritas.html"):
        parse((out / file).read_text())
    for link in parse((out / "indice.html").read_text()).links:
        assert (out / link).is_file()
    assert json.loads((out / "notas.json").read_text())["similar"] == []  # one-line answers say nothing
