"""Links, glossary, template variables, completeness and the scaffold."""

import re
from pathlib import Path

import pytest

from catedra.checking import Curves
from catedra.course import ClassError, programme, read_class
from catedra.course.completeness import missing, slide_minutes
from catedra.course.glossary import glossary, misuses
from catedra.course.links import bad_links
from catedra.course.scaffold import scaffold
from catedra.course.sections import slugify
from catedra.course.template import quantity, renderer, threshold_text
from tests.tiny import LESSON, write_class


def test_the_programme_has_75_classes_with_one_slug_each() -> None:
    planned = programme()
    assert [item.number for item in planned] == list(range(100, 175))
    assert len({item.slug for item in planned}) == 75
    assert all(re.fullmatch(r"[a-z0-9-]+", item.slug) for item in planned)


def test_links_are_checked_against_classes_built_and_planned(tmp_path: Path) -> None:
    good = read_class(write_class(tmp_path / "a"))
    assert bad_links([good], programme()) == ()
    lesson = LESSON.format(number=901).replace("clase:mlp", "clase:nada").replace("prerequisites: []", "prerequisites: [tampoco]")
    bad = read_class(write_class(tmp_path / "b", lesson=lesson))
    reasons = [str(link) for link in bad_links([bad], programme())]
    assert reasons == [
        "c901_sums/lesson.md:1: no class has the slug 'tampoco'",
        "c901_sums/lesson.md:32: no class has the slug 'nada'",
    ]
    lesson = LESSON.format(number=901).replace("clase:mlp", "clase:sums#restar")
    anchor = read_class(write_class(tmp_path / "c", lesson=lesson))
    assert "'sums' has no section 'restar'; it has: " in str(bad_links([anchor], programme())[0])


def test_the_glossary_finds_a_second_translation_and_lets_it_be_introduced() -> None:
    assert [item.term for item in misuses("Bajá la tasa de aprendizaje y el tamaño del lote.")] == ["learning rate", "batch"]
    assert misuses("Línea\ncon ponderaciones")[0].line == 2
    assert misuses("el learning rate (tasa de aprendizaje) baja") == ()
    assert misuses("un pilote y camelote") == ()
    names = [term.name for term in glossary()]
    assert len(names) == len(set(names))


def test_numbers_are_written_as_prose_writes_them() -> None:
    assert quantity(0.8768, percent=True) == "87,7 %"
    assert quantity(12.5, unit="épocas") == "12,5 épocas"
    assert quantity(None) == "(sin medir)"
    assert threshold_text("≥ 0.87", True) == "≥ 87 %"
    assert threshold_text("entre 0.1 y 0.2", False, "s") == "entre 0,1 y 0,2 s"
    assert threshold_text(None, False) == "sin umbral"


def test_templates_fill_in_measurements_and_never_invent_them() -> None:
    unmeasured = renderer(None, Curves((), {}), "lesson.md")
    assert unmeasured('x <%= media("lo que sea") %> y') == "x (sin medir) y"
    assert unmeasured('<%= medida("run.value") %>') == "(sin medir)"
    curves = Curves((0, 1), {"run.value": [0.25, 0.75], "run.curve": [[1, 2], [3, 4]]})
    render = renderer(None, curves, "lesson.md")
    assert render('<%= medida("run.value", percent=True) %>') == "50,0 %"
    assert render("$x_{{i}}$ queda") == "$x_{{i}}$ queda"
    for wrong in ('<%= medida("run.other") %>', '<%= medida("run.curve") %>', "<%= nada() %>", "<%= media( %>"):
        with pytest.raises(ClassError, match=r"lesson\.md: in `<%= … %>`"):
            render(wrong)


def test_slugs_have_no_accents() -> None:
    assert slugify("¿Por qué XOR no se separa?") == "por-que-xor-no-se-separa"


def test_a_scaffold_loads_and_says_what_is_missing(tmp_path: Path) -> None:
    folder = scaffold(175, "Una clase nueva", root=tmp_path)
    assert folder.name == "c175_una_clase_nueva"
    lacks = missing(read_class(folder))
    assert any("lesson.md" in item for item in lacks)
    assert all("COMPLETAR" in item for item in lacks)


def test_a_scaffold_without_its_marks_is_counted(tmp_path: Path) -> None:
    folder = scaffold(176, "Otra", root=tmp_path)
    for path in folder.glob("*.*"):
        path.write_text(path.read_text().replace("COMPLETAR", "Listo"))
    lacks = "\n".join(missing(read_class(folder)))
    for says in (
        "Desarrollo has",
        "right answers: 0",
        "common errors: 0",
        "figures: 0",
        "1: 0 wrong answers",
        "homework: 0",
        "1 slides",
    ):
        assert says in lacks, says


@pytest.mark.parametrize(("number", "title", "says"), [(175, "¿?", "no da un nombre de carpeta"), (901, "Bien", "ya existe")])
def test_a_scaffold_refuses(tmp_path: Path, number: int, title: str, says: str) -> None:
    write_class(tmp_path)
    with pytest.raises(ClassError, match=re.escape(says)):
        scaffold(number, title, root=tmp_path)


def test_a_scaffold_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ClassError, match="No space left"):
        scaffold(175, "Nueva", root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_minutes_of_the_notes_are_summed() -> None:
    assert slide_minutes("::: notes\n[4 min] Hola.\n:::\n\n::: notes\n[36 min] Chau [9 min].\n:::\n") == 40
