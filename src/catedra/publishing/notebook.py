"""Derives the student's notebook from a class: lesson.md and solution.py → nbformat 4.5.

Nothing is written twice: the text is the lesson's, an exercise's cell is the signature and docstring of the reference answer
with `...` for a body. The same class gives the same bytes. A notebook that would show a piece of a withheld body isn't made.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catedra.authoring import HOMEWORK
from catedra.checking import Criterion, Evidence
from catedra.course import ClassError, CourseClass, Section, read_curves
from catedra.course.parts import checks_of, solution_source
from catedra.course.sections import split_sections
from catedra.course.template import renderer, threshold_text
from catedra.publishing.cells import CellWriter, Picture
from catedra.publishing.leaks import RUN, find_leak
from catedra.publishing.stubs import SolutionParts, read_solution

VERBS = "from catedra import clase, comprobar, entregar, pista, solucion"
ANSWER_CELL = "**Tu respuesta**\n\n_Hacé doble clic acá y reemplazá esta línea por lo que pensás._"
HOW_TO = (
    "Escribí el cuerpo de cada función en lugar de `...`, ejecutá la celda y después `comprobar(n)`. "
    "Si te trabás, `pista(n)`. Después de un intento, `solucion(n)` muestra la de referencia."
)


def notebook_of(course_class: CourseClass) -> bytes:
    """Return the student's notebook of a class, with its figures drawn and its criteria listed.

    Raises:
        ClassError: the class is broken; names file and line.
    """
    from catedra.publishing.pictures import drawer

    return as_bytes(derive(course_class, picture=drawer(course_class), criteria=checks_of(course_class).criteria))


def as_bytes(notebook: Mapping[str, Any]) -> bytes:
    """Return the file of a notebook, as Jupyter itself would write it."""
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def derive(
    course_class: CourseClass,
    *,
    render: Callable[[str], str] | None = None,
    picture: Callable[[str], Picture | None] | None = None,
    criteria: Sequence[Criterion] | None = None,
) -> dict[str, Any]:
    """Return the student's notebook of a class as nbformat's plain data.

    Args:
        course_class: the class.
        render: fills in template variables; by default from the class's record.
        picture: draws a figure by its slug; without it only captions stand.
        criteria: the homework's, to list them; without them the cell for a written answer is there anyway.

    Raises:
        ClassError: a fence or div isn't closed, an exercise has no stub, a cell would show a withheld body…; names file and line.
    """
    return _Derivation(course_class, render, picture, criteria).notebook()


class _Derivation:
    def __init__(
        self,
        course_class: CourseClass,
        render: Callable[[str], str] | None,
        picture: Callable[[str], Picture | None] | None,
        criteria: Sequence[Criterion] | None,
    ) -> None:
        folder = course_class.folder
        self._class = course_class
        self._lesson_name = f"{folder.name}/lesson.md"
        self._lines = (folder / "lesson.md").read_text(encoding="utf-8").splitlines()
        self._render = render or renderer(course_class.record, read_curves(folder), self._lesson_name)
        self._criteria = criteria
        self._solution_name = f"{folder.name}/solution.py"
        self._solution: SolutionParts = read_solution(solution_source(course_class), self._solution_name)
        headings = {section.slug: section.title for section in (*course_class.sections.values(), *course_class.topics)}
        headings |= {exercise.slug: f"{exercise.number}. {exercise.title}" for exercise in course_class.exercises}
        self._writer = CellWriter(self._lesson_name, picture or (lambda _slug: None), headings)

    def notebook(self) -> dict[str, Any]:
        self._title()
        self._setup()
        self._section("Desarrollo", "desarrollo", by_topic=True)
        self._section("Definiciones", "definiciones")
        self._exercises()
        self._homework()
        self._section("Preguntas frecuentes", "preguntas")
        self._section("Referencias", "referencias")
        self._refuse_leaks()
        cells = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in self._writer.cells]
        return {
            "cells": cells,
            "metadata": {
                "catedra": {"class": self._class.number, "content_hash": self._class.content_hash},
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }

    def _title(self) -> None:
        front = self._class.front
        self._writer.say(f"# Clase {front.number} · {front.title}\n\n{front.minutes} minutos · Fuente: {front.source}")
        for title in ("Objetivo", "Al terminar podrás"):
            self._writer.say(f"## {title}")
            self._prose(self._class.sections[title], "titulo")
        self._writer.close("titulo", identifier="titulo", role="title")

    def _setup(self) -> None:
        solution = self._solution
        # The class is chosen before its libraries are imported: it sets the backend of Keras.
        opening = ["# Ejecutá esta celda primero.", *solution.future, VERBS, f"clase({self._class.number})"]
        parts = ["\n".join(opening), "\n".join(solution.imports), *solution.setup]
        self._writer.code("\n\n".join(filter(None, parts)), "preparacion", identifier="preparacion", role="setup")

    def _section(self, title: str, place: str, *, by_topic: bool = False) -> None:
        section = self._class.sections[title]
        self._writer.say(f"## {title}")
        before, topics = self._subsections(section)
        self._lesson(before, place, self._body_line(section))
        for topic in topics:
            if by_topic:
                self._writer.close(place)
            self._writer.say(f"### {topic.title}")
            self._prose(topic, place)
        self._writer.close(place)

    def _exercises(self) -> None:
        section = self._class.sections["Ejercicios"]
        before, statements = self._subsections(section)
        self._writer.say(f"## Ejercicios\n\n{HOW_TO}")
        self._lesson(before, "ejercicios", self._body_line(section))
        self._writer.close("ejercicios")
        for number, statement in enumerate(statements, start=1):
            self._exercise(number, statement)
        for place, pieces in self._solution.pieces.items():
            if place != HOMEWORK and place not in range(1, len(statements) + 1):
                raise ClassError(
                    f"{self._solution_name}: `{pieces[0].name}` belongs to exercise {place}, and lesson.md has {len(statements)}"
                )

    def _exercise(self, number: int, statement: Section) -> None:
        pieces = self._solution.pieces.get(number, ())
        if all(piece.given for piece in pieces):
            raise ClassError(
                f"{self._lesson_name}:{statement.line}: exercise {number} has nothing to write: "
                f"mark a function of solution.py with @exercise({number})"
            )
        place = f"ejercicio-{number}"
        self._writer.say(f"### {statement.title}")
        self._prose(statement, place)
        self._writer.close(place)
        stubs = "\n\n\n".join(piece.text for piece in pieces)
        self._writer.code(stubs, place, identifier=f"{place}-codigo", exercise=number, role="stub")
        self._writer.code(f"comprobar({number})", place, identifier=f"{place}-comprobar", exercise=number, role="check")

    def _homework(self) -> None:
        self._writer.say("## Tarea")
        self._prose(self._class.sections["Tarea"], "tarea")
        measured = [item for item in self._criteria or () if item.threshold is not None]
        if measured:
            lines = [f"- {item.name}: {threshold_text(str(item.threshold), item.percent, item.unit)}" for item in measured]
            self._writer.say("Se mide:\n\n" + "\n".join(lines))
        self._writer.close("tarea")
        pieces = self._solution.pieces.get(HOMEWORK, ())
        if pieces:
            stubs = "\n\n\n".join(piece.text for piece in pieces)
            self._writer.code(stubs, "tarea", identifier="tarea-codigo", role="homework")
        if self._criteria is None or any(item.evidence is Evidence.WRITTEN for item in self._criteria):
            self._writer.say(ANSWER_CELL)
            self._writer.close("tarea", identifier="tarea-respuesta", role="written")
        self._writer.code("entregar()", "tarea", identifier="tarea-entregar", role="submit")

    def _subsections(self, section: Section) -> tuple[str, tuple[Section, ...]]:
        return split_sections(section.body, 3, name=self._lesson_name, first_line=self._body_line(section))

    def _prose(self, section: Section, place: str) -> None:
        self._lesson(section.body, place, self._body_line(section))

    def _lesson(self, text: str, place: str, first_line: int) -> None:
        if text.strip():
            self._writer.lesson(self._render(text), place, first_line)

    def _body_line(self, section: Section) -> int:
        """The line of a section's first line of text: its body starts without the blank lines below the heading."""
        line = section.line + 1
        while line <= len(self._lines) and not self._lines[line - 1].strip():
            line += 1
        return line

    def _refuse_leaks(self) -> None:
        cells = self._writer.cells
        leak = find_leak(self._solution.withheld, [cell["source"] for cell in cells])
        if leak is not None:
            raise ClassError(
                f"{self._solution_name}:{leak.withheld.line}: the cell `{cells[leak.cell]['id']}` shows {RUN} tokens of the "
                f"withheld body of `{leak.withheld.name}`: `{leak.run}`: change the lesson, or mark the function @given"
            )
