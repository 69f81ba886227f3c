import json

import pytest

from catedra.course import ClassError, catalogue, read_class
from catedra.course.references import read_references, with_references
from tests.tiny import write_class

WORK = {
    "id": "uno1999",
    "title": "Un título",
    "author": [{"family": "Uno"}, {"family": "Dos"}],
    "issued": {"date-parts": [[1999]]},
    "DOI": "10.1/x",
}


def written(work, rest=": nota.") -> str:
    return with_references(f"- @uno1999{rest}", {"uno1999": work}, "c1_x/lesson.md", 7)


def test_an_item_is_written_out_and_linked():
    assert written(WORK) == "- [Uno y Dos (1999), *Un título*](https://doi.org/10.1/x): nota."


def test_without_a_note_the_item_ends_with_a_full_stop():
    assert written(WORK, "").endswith("(https://doi.org/10.1/x).")


@pytest.mark.parametrize(
    ("families", "shown"),
    [
        (["Uno"], "Uno ("),
        (["Uno", "Dos", "Tres"], "Uno, Dos y Tres ("),
        (["Uno", "Ioffe"], "Uno e Ioffe ("),
        (["Uno", "Hinton"], "Uno e Hinton ("),
        (["Uno", "Dos", "Tres", "Cuatro"], "Uno y otros ("),
    ],
)
def test_names_are_joined_as_spanish_does(families, shown):
    assert f"[{shown}" in written({**WORK, "author": [{"family": family} for family in families]})


@pytest.mark.parametrize(
    ("work", "address"),
    [
        ({"number": "1502.03167"}, "https://arxiv.org/abs/1502.03167"),
        ({"URL": "https://keras.io/x/"}, "https://keras.io/x/"),
        ({"DOI": "10.2/y", "number": "1502.03167", "URL": "https://z/"}, "https://doi.org/10.2/y"),
    ],
)
def test_the_address_is_doi_then_arxiv_then_url(work, address):
    assert f"]({address})" in written({**{key: value for key, value in WORK.items() if key != "DOI"}, **work})


def test_an_unknown_key_names_the_line():
    with pytest.raises(ClassError, match=r"c1_x/lesson\.md:8: .*no work 'dos2000'.*uno1999"):
        with_references("- @uno1999\n- @dos2000", {"uno1999": WORK}, "c1_x/lesson.md", 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected CSL-JSON"),
        (json.dumps([{"title": "sin id"}]), "expected CSL-JSON"),
        (json.dumps([WORK, WORK]), "share one"),
        (json.dumps([{**WORK, "title": ""}]), "no `title`"),
        (json.dumps([{**WORK, "author": []}]), "neither"),
        (json.dumps([{**WORK, "DOI": ""}]), "can't be followed"),
        (json.dumps([{**WORK, "DOI": "", "URL": "javascript:alert(1)"}]), "can't be followed"),
    ],
)
def test_a_bad_file_is_refused(tmp_path, content, message):
    (tmp_path / "references.json").write_text(content, encoding="utf-8")
    with pytest.raises(ClassError, match=message):
        read_references(tmp_path)


def test_the_message_of_a_class_names_the_lessons_line(tmp_path):
    folder = write_class(tmp_path)
    lesson = folder / "lesson.md"
    lesson.write_text(lesson.read_text(encoding="utf-8") + "\n- @nadie2000\n", encoding="utf-8")
    line = lesson.read_text(encoding="utf-8").splitlines().index("- @nadie2000") + 1
    with pytest.raises(ClassError, match=rf"lesson\.md:{line}: "):
        read_class(folder)


def test_every_class_says_what_it_cites():
    for item in catalogue():
        works = read_references(item.folder)
        assert works
        cited = item.sections["Referencias"].body
        for key, work in works.items():
            assert f"*{work['title']}*" in cited, f"{item.folder.name}: nobody cites {key}"
