"""The loader reads a class, and refuses each kind of broken folder with a message that names the mend."""

from pathlib import Path

import pytest

from catedra.course import BrokenClass, ClassError, UnknownClassError, catalogue, load, read_class
from catedra.course.loader import check_identifiers, content_hash
from tests.tiny import LESSON, write_class

GOOD = LESSON.format(number=901)


def test_a_class_is_read_from_its_folder(tmp_path: Path) -> None:
    item = read_class(write_class(tmp_path))
    assert (item.number, item.slug, item.title, item.front.minutes) == (901, "sums", "Sumas y medias", 40)
    assert [exercise.title for exercise in item.exercises] == ["Uno", "Dos", "Tres", "Cuatro", "Cinco"]
    assert item.exercises[0].statement == "Uno."
    assert [topic.slug for topic in item.topics] == ["sumar"]
    assert {"sumar", "ejercicio-5", "tarea", "objetivo"} <= item.anchors
    assert item.record is None


@pytest.mark.parametrize(
    ("lesson", "says"),
    [
        (GOOD.replace("---\nnumber", "number", 1), "lesson.md:1: expected the front matter's opening"),
        (GOOD.replace("\n---\n\n## Objetivo", "\n\n## Objetivo"), "closing `---` is missing"),
        ("", "is empty"),
        (GOOD.replace("number: 901", "number: 902"), "expected 901 as in the folder's name, found 902"),
        (GOOD.replace("minutes: 40", "minutes: cuarenta"), "lesson.md:5: `minutes`: expected a positive integer, found 'cuarenta'"),
        (GOOD.replace("minutes: 40", "minutes: true"), "found True"),
        (GOOD.replace("minutes: 40\n", ""), "lacks `minutes`: expected a positive integer"),
        (GOOD.replace("needs: []", "needs: [tpu]"), "`needs`: expected a list of loopback, gpu, hub, browser, found 'tpu'"),
        (GOOD.replace("needs: []", "needs: []\nextra: 1"), "the unknown field 'extra'"),
        (GOOD.replace("check: 2,", ""), "`budget`: expected {check: s, grade: s, memory_mb: MB}"),
        (GOOD.replace('title: "Sumas', 'title: ["Sumas'), "the front matter is not YAML"),
        (GOOD.replace("\n---\n\n## Objetivo", "\n---\n\nHola\n\n## Objetivo"), "text before the first section"),
        (GOOD.replace("## Tarea\n\nLa media.\n\n", ""), "expected the section `## Tarea`, found `## Preguntas frecuentes`"),
        (GOOD.replace("## Referencias\n\n- Nadie.\n", ""), "lacks the section `## Referencias`"),
        (GOOD + "\n## Otra\n\ncosa\n", "has a section too many: Otra"),
        (GOOD.replace("La media.\n", ""), "the section `## Tarea` is empty"),
        (GOOD.replace("2 + 2\n```", "2 + 2"), "this code fence is never closed"),
        (GOOD.replace("### 3. Tres", "### 4. Tres"), "expected `### 3. Título`, found `### 4. Tres`"),
        (GOOD.replace("### 5. Cinco {#ejercicio-5}\n\nCinco.\n", ""), "expected 5 exercises (`### 1. …`), found 4"),
        (GOOD.replace("{#ejercicio-2}", "{#ejercicio-1}"), "the slug 'ejercicio-1' stands already at line"),
    ],
)  # fmt: skip
def test_a_broken_lesson_is_refused_with_the_mend(tmp_path: Path, lesson: str, says: str) -> None:
    folder = write_class(tmp_path, lesson=lesson)
    with pytest.raises(ClassError) as caught:
        read_class(folder)
    assert says in str(caught.value)
    assert "c901_sums" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClassError, match=r"c901_sums: lacks slides.md, checks.py"):
        read_class(write_class(tmp_path, slides=None, checks=None))


def test_the_catalogue_survives_a_broken_class(tmp_path: Path) -> None:
    write_class(tmp_path, 903, lesson="nada")
    write_class(tmp_path, 902)
    good, broken = catalogue(tmp_path)
    assert not isinstance(good, BrokenClass)
    assert good.number == 902
    assert isinstance(broken, BrokenClass)
    assert "front matter" in broken.reason


def test_an_unknown_number_says_which_there_are(tmp_path: Path) -> None:
    write_class(tmp_path)
    assert load(901, tmp_path).number == 901
    with pytest.raises(UnknownClassError, match="no hay una clase 1 construida; hay: 901"):
        load(1, tmp_path)


def test_a_folder_with_a_bad_name_is_refused(tmp_path: Path) -> None:
    write_class(tmp_path).rename(tmp_path / "c901-Sums")
    with pytest.raises(ClassError, match="is called c<number>_<slug>"):
        catalogue(tmp_path)


def test_two_classes_with_one_slug_are_refused(tmp_path: Path) -> None:
    write_class(tmp_path, 901)
    write_class(tmp_path, 902)
    with pytest.raises(ClassError, match="share 'sums'"):
        check_identifiers(catalogue(tmp_path))


def test_the_content_hash_ignores_results_and_sees_the_rest(tmp_path: Path) -> None:
    folder = write_class(tmp_path)
    before = content_hash(folder)
    (folder / "record.json").write_text("{}")
    assert content_hash(folder) == before
    (folder / "errors.py").write_text("")
    assert content_hash(folder) != before
