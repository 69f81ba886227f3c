"""The marks of a class folder: they change nothing that they mark, and refuse what would fail later."""

import doctest
import functools

import pytest

from catedra import authoring
from catedra.authoring import HOMEWORK, common_error, exercise, figure, given, homework, right, wrong


def test_the_examples_run():
    assert doctest.testmod(authoring).failed == 0


def test_marks_return_what_they_mark():
    def function(): ...

    assert exercise(1)(function) is function
    assert homework(function) is function
    assert given(function) is function
    with pytest.raises(ValueError, match="starts at 1; received 0: number it as in lesson.md"):
        exercise(0)


def test_a_wrong_answer():
    @wrong(2, says="no separa")
    class SinSesgo:
        """No actualiza el sesgo.

        Más.
        """

        def train(inputs, labels):
            return inputs

    assert (SinSesgo.name, SinSesgo.description, SinSesgo.place, SinSesgo.says, SinSesgo.caught_by) == (
        "SinSesgo", "No actualiza el sesgo.", 2, "no separa", 2,
    )  # fmt: skip
    assert SinSesgo.functions["train"](1, 2) == 1


def test_a_wrong_homework_names_who_catches_it():
    @wrong(HOMEWORK, says="no alcanza", caught_by="exactitud en test")
    class SinOculta:
        """Sin capa oculta."""

        def train(): ...

    assert (SinOculta.place, SinOculta.caught_by) == (HOMEWORK, "exactitud en test")


def test_a_right_answer():
    @right
    class Otra:
        """Con otra biblioteca."""

        def train(): ...

    assert (Otra.place, Otra.says, Otra.caught_by) == (HOMEWORK, None, None)


def test_every_callable_of_the_body_replaces():
    @right
    class Otra:
        """Decorada, estática, prestada."""

        LIMIT = 3

        class Model: ...

        @functools.cache
        def cached(x):
            return x + 1

        @staticmethod
        def static(x):
            return x + 2

        borrowed = len
        partial = functools.partial(max, 5)
        short = lambda x: x + 3  # noqa: E731

        def __repr__(self):
            return ""

    assert set(Otra.functions) == {"cached", "static", "borrowed", "partial", "short"}
    assert [Otra.functions[name](1) for name in ("cached", "static", "partial", "short")] == [2, 3, 5, 4]


@pytest.mark.parametrize("place", [0, -1, "tarea", 1.5, None])
def test_a_wrong_answer_has_a_place(place):
    with pytest.raises(ValueError, match="to an exercise"):
        wrong(place, says="x")


@pytest.mark.parametrize("says", ["", "  "])
def test_a_wrong_answer_says_something(says):
    with pytest.raises(ValueError, match="any message would do"):
        wrong(1, says=says)


def test_an_answer_has_functions_and_a_description():
    class Nothing:
        """Nada."""

    class Silent:
        def train(): ...

    class Blank:
        """ """

        def train(): ...

    with pytest.raises(ValueError, match="the answer Nothing replaces no function"):
        right(Nothing)
    for body in (Silent, Blank):
        with pytest.raises(ValueError, match=f"the answer {body.__name__} has no docstring"):
            right(body)


TEXTS = {"title": "La pérdida es NaN", "symptom": "s", "cause": "c", "fix": "f", "verify": "v"}


def test_a_common_error():
    @common_error("perdida-nan", **TEXTS)
    class PerdidaNan:
        def bug():
            return {"loss": float("nan")}

        @staticmethod
        def fixed():
            return {"loss": 0.5}

        def seen(observed):
            return observed["loss"] != observed["loss"]

    assert (PerdidaNan.slug, PerdidaNan.title, PerdidaNan.unobservable) == ("perdida-nan", "La pérdida es NaN", None)
    assert PerdidaNan.seen(PerdidaNan.bug())
    assert not PerdidaNan.seen(PerdidaNan.fixed())


def test_a_common_error_has_its_three_functions():
    class Half:
        def bug(): ...

    with pytest.raises(ValueError, match="the error 'perdida-nan' lacks fixed, seen: see docs/authoring.md"):
        common_error("perdida-nan", **TEXTS)(Half)


def test_a_figure():
    @figure("frontera", alt="Dos medias lunas y la recta que no las separa.")
    def draw(curves):
        return curves

    assert (draw.slug, draw.alt) == ("frontera", "Dos medias lunas y la recta que no las separa.")
    assert draw.draw(3) == 3
