"""What a class still lacks to be complete, one sentence each: what the generic tests of a class and its author read.

Only what can be counted. Whether the class teaches is for a reader to say.
"""

import re

from catedra.authoring import HOMEWORK
from catedra.course.loader import EXERCISES
from catedra.course.model import CourseClass
from catedra.course.parts import checks_of, errors_of, figures_of, right_answers_of, wrong_answers_of
from catedra.course.sections import split_sections

PLACEHOLDER = "COMPLETAR"
WORDS_PER_MINUTE = 22
LEEWAY = 0.8
WRONG_PER_EXERCISE = 3
WRONG_HOMEWORK = 5
RIGHT_HOMEWORK = 3
ERRORS = 5
FIGURES = 2
SLIDES = (10, 22)
_NOTE_MINUTES = re.compile(r"^\[(\d+) min\]", re.MULTILINE)
_FIGURE = re.compile(r"!\[([^\]]*)\]\(figure:([\w-]+)\)")


def missing(course_class: CourseClass) -> tuple[str, ...]:
    """Return what is missing; empty for a complete class.

    Raises:
        ClassError: a Python part can't be imported.
    """
    lacks = _placeholders(course_class)
    if lacks:
        return tuple(lacks)
    return (*_lesson(course_class), *_answers(course_class), *_figures(course_class), *_slides(course_class))


def slide_minutes(slides: str) -> int:
    """Sum of the minutes that the speaker notes promise."""
    return sum(map(int, _NOTE_MINUTES.findall(slides)))


def _placeholders(course_class: CourseClass) -> list[str]:
    lacks = []
    for path in sorted(course_class.folder.glob("*.*")):
        if path.suffix in {".md", ".py"}:
            for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if PLACEHOLDER in text:
                    lacks.append(f"{course_class.folder.name}/{path.name}:{line}: {PLACEHOLDER}")
    return lacks


def _lesson(course_class: CourseClass) -> list[str]:
    words = len(re.findall(r"\w+", re.sub(r"```.*?```", "", course_class.sections["Desarrollo"].body, flags=re.DOTALL)))
    wanted = int(WORDS_PER_MINUTE * course_class.front.minutes * LEEWAY)
    lacks = []
    if words < wanted:
        lacks.append(f"lesson.md: Desarrollo has {words} words; {course_class.front.minutes} minutes ask for {wanted} at least")
    questions = split_sections(course_class.sections["Preguntas frecuentes"].body, 3, name="lesson.md")[1]
    if not questions:
        lacks.append("lesson.md: Preguntas frecuentes has no `### ¿…?`")
    return lacks


def _answers(course_class: CourseClass) -> list[str]:
    checks_of(course_class)
    lacks = []
    wrong = wrong_answers_of(course_class)
    for place in (*range(1, EXERCISES + 1), HOMEWORK):
        found = sum(answer.place == place for answer in wrong)
        wanted = WRONG_HOMEWORK if place == HOMEWORK else WRONG_PER_EXERCISE
        if found < wanted:
            lacks.append(f"wrong_answers.py: {place}: {found} wrong answers; at least {wanted} are expected")
    for name, found, wanted in (
        ("right_answers.py: right answers", len(right_answers_of(course_class)), RIGHT_HOMEWORK),
        ("errors.py: common errors", len(errors_of(course_class)), ERRORS),
        ("figures.py: figures", len(figures_of(course_class)), FIGURES),
    ):
        if found < wanted:
            lacks.append(f"{name}: {found}; at least {wanted} are expected")
    return lacks


def _figures(course_class: CourseClass) -> list[str]:
    drawn = {figure.slug for figure in figures_of(course_class)}
    lacks, used = [], set()
    for name in ("lesson.md", "slides.md"):
        text = (course_class.folder / name).read_text(encoding="utf-8")
        for caption, slug in _FIGURE.findall(text):
            used.add(slug)
            if slug not in drawn:
                lacks.append(f"{name}: figure {slug!r} isn't drawn by figures.py")
            if name == "lesson.md" and not caption.strip():
                lacks.append(f"{name}: figure {slug!r} has no caption: say what to see")
    lacks += [f"figures.py: figure {slug!r} is used nowhere" for slug in sorted(drawn - used)]
    return lacks


def _slides(course_class: CourseClass) -> list[str]:
    text = (course_class.folder / "slides.md").read_text(encoding="utf-8")
    lacks = []
    minutes = slide_minutes(text)
    if minutes != course_class.front.minutes:
        lacks.append(f"slides.md: the notes promise {minutes} minutes; the class takes {course_class.front.minutes}")
    count = len(split_sections(text, 2, name="slides.md")[1])
    if not SLIDES[0] <= count <= SLIDES[1]:
        lacks.append(f"slides.md: {count} slides; between {SLIDES[0]} and {SLIDES[1]} are expected")
    return lacks
