"""What a class folder declares in Python: checks, criteria, measurements, claims, errors, figures, answers.

Imports the folder's modules: checks and figures need NumPy, errors and solutions also the class's stacks. Whoever only shows text uses
`catedra.course.loader`.
"""

import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TypeVar

from catedra import stacks
from catedra.authoring import HOMEWORK, AlternativeAnswer, CommonError, Figure
from catedra.checking import Check, Claim, Criterion, Measurement
from catedra.checking.namespace import Cell, Namespace, load_namespace
from catedra.course.frontmatter import ClassError
from catedra.course.loader import EXERCISES
from catedra.course.model import CourseClass

T = TypeVar("T")


@dataclass(frozen=True)
class Checks:
    """What `checks.py` declares.

    Attributes:
        by_exercise: exercise number → its check, one for each exercise.
        criteria: of the homework, in order.
        measurements: by name.
        claims: in order.
    """

    by_exercise: Mapping[int, Check]
    criteria: tuple[Criterion, ...]
    measurements: Mapping[str, Measurement]
    claims: tuple[Claim, ...]


def checks_of(course_class: CourseClass) -> Checks:
    """Import `checks.py`.

    Raises:
        ClassError: it can't be imported, an exercise has no check or two, or names are repeated.
    """
    module = _import(course_class, "checks")
    checks = _declared(module, Check)
    numbers = [check.exercise for check in checks]
    if sorted(numbers) != list(range(1, EXERCISES + 1)):
        raise ClassError(
            f"{course_class.folder.name}/checks.py: expected one check for each exercise 1–{EXERCISES}, found {sorted(numbers)}"
        )
    for check in checks:
        if check.section is not None and check.section not in course_class.anchors:
            raise ClassError(
                f"{course_class.folder.name}/checks.py: exercise {check.exercise} links the section {check.section!r}, "
                f"which lesson.md doesn't have; it has: {', '.join(sorted(course_class.anchors))}"
            )
    criteria = _declared(module, Criterion)
    if not criteria:
        raise ClassError(f"{course_class.folder.name}/checks.py: the homework has no criterion: declare one with @criterion")
    _unique(course_class, "criterion", [item.name for item in criteria])
    claims = _declared(module, Claim)
    _unique(course_class, "claim", [item.statement for item in claims])
    measurements = {item.name: item for item in _declared(module, Measurement)}
    return Checks(MappingProxyType({check.exercise: check for check in checks}), criteria, MappingProxyType(measurements), claims)


def errors_of(course_class: CourseClass) -> tuple[CommonError, ...]:
    """Import `errors.py`: the common errors, in order.

    Raises:
        ClassError: it can't be imported, or slugs are repeated.
    """
    errors = _declared(_import(course_class, "errors"), CommonError)
    _unique(course_class, "error", [item.slug for item in errors])
    return errors


def figures_of(course_class: CourseClass) -> tuple[Figure, ...]:
    """Import `figures.py`, if there is one: the figures, in order.

    Raises:
        ClassError: it can't be imported, or slugs are repeated.
    """
    if not (course_class.folder / "figures.py").is_file():
        return ()
    figures = _declared(_import(course_class, "figures"), Figure)
    _unique(course_class, "figure", [item.slug for item in figures])
    return figures


def wrong_answers_of(course_class: CourseClass) -> tuple[AlternativeAnswer, ...]:
    """Import `wrong_answers.py`: the plausible wrong answers, in order."""
    return _answers(course_class, "wrong_answers")


def right_answers_of(course_class: CourseClass) -> tuple[AlternativeAnswer, ...]:
    """Import `right_answers.py`: the independently written right answers to the homework, in order."""
    return _answers(course_class, "right_answers")


def solution_source(course_class: CourseClass) -> str:
    """Return the text of `solution.py`."""
    return (course_class.folder / "solution.py").read_text(encoding="utf-8")


def solution_namespace(course_class: CourseClass, replaced_by: AlternativeAnswer | None = None) -> Namespace:
    """Load `solution.py` as the same kind of namespace as a student's file, a fresh one each time.

    Args:
        course_class: the class.
        replaced_by: an answer whose functions stand in for the solution's, also in calls among them.

    Raises:
        ClassError: the answer replaces a function that the solution doesn't have.
    """
    namespace = load_namespace([Cell("solution.py", solution_source(course_class))], "la solución")
    if replaced_by is not None:
        for name, function in replaced_by.functions.items():
            if name not in namespace.values and not name.startswith("_"):
                raise ClassError(
                    f"{course_class.folder.name}: the answer {replaced_by.name} replaces `{name}`, which solution.py doesn't have"
                )
            namespace.values[name] = function
    return namespace


def load_module(path: Path, name: str) -> ModuleType:
    """Import one file under a name, also when its folder isn't inside the installed package.

    Raises:
        ClassError: the import failed; names file and reason.
    """
    if name in sys.modules and getattr(sys.modules[name], "__file__", None) == str(path):
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ClassError(f"{path.parent.name}/{path.name}: can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ClassError(f"{path.parent.name}/{path.name}: {type(error).__name__}: {error}") from error
    return module


def _import(course_class: CourseClass, part: str) -> ModuleType:
    package = course_class.package
    for name in course_class.front.stacks:  # the backend is chosen before Keras is imported, unless somebody chose already
        for variable, value in stacks.stack(name).environment.items():
            os.environ.setdefault(variable, value)
    load_module(course_class.folder / "__init__.py", package).__path__ = [str(course_class.folder)]
    return load_module(course_class.folder / f"{part}.py", f"{package}.{part}")


def _declared(module: ModuleType, kind: type[T]) -> tuple[T, ...]:
    return tuple(value for value in vars(module).values() if isinstance(value, kind))


def _answers(course_class: CourseClass, part: str) -> tuple[AlternativeAnswer, ...]:
    answers = _declared(_import(course_class, part), AlternativeAnswer)
    _unique(course_class, "answer", [answer.name for answer in answers])
    for answer in answers:
        if answer.place != HOMEWORK and answer.place not in range(1, EXERCISES + 1):
            raise ClassError(
                f"{course_class.folder.name}/{part}.py: {answer.name}: "
                f"expected an exercise 1–{EXERCISES} or HOMEWORK, found {answer.place!r}"
            )
    return answers


def _unique(course_class: CourseClass, what: str, names: list[str]) -> None:
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise ClassError(f"{course_class.folder.name}: two of one {what}: {', '.join(sorted(repeated))}: rename one")
