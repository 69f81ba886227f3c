"""The five verbs. What they foresee ends in a message, never in a traceback; what they show is a `Card`.

The imports that cost something are inside: `from catedra import comprobar` must not slow a kernel's start.
"""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from catedra.errors import CatedraError
from catedra.notebook.errors import Interrupted, NotebookError

if TYPE_CHECKING:
    from catedra.checking import Check, CheckResult
    from catedra.course import CourseClass
    from catedra.notebook.card import Card, SourceCard
    from catedra.publishing.stubs import SolutionParts

P = ParamSpec("P")
R = TypeVar("R")

SEED = 20_260
"""Of the random inputs in a notebook: public, and the same at each call, so that a message can be looked into."""


def _verb(function: Callable[P, R]) -> Callable[P, R]:
    """Turn what is foreseen into a message without traceback, and note the use."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        from catedra.notebook.progress import PROGRESS
        from catedra.notebook.session import SESSION

        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        except NotebookError:
            raise
        except CatedraError as error:
            raise NotebookError(_as_told(error)) from error
        except Interrupted:
            raise
        except KeyboardInterrupt as stop:
            raise Interrupted(f"Frenaste `{function.__name__}` antes de que terminara.") from stop
        finally:
            number = SESSION.chosen.number if SESSION.chosen is not None else None
            PROGRESS.note_use(function.__name__, number, time.perf_counter() - start)

    return call


@_verb
def clase(numero: int) -> "Card | None":
    """Elegí la clase con la que vas a trabajar en este cuaderno.

    Ejemplo:
        >>> clase(101)  # doctest: +SKIP
    """
    from catedra.notebook.card import Card
    from catedra.notebook.session import choose, shell

    course_class = choose(numero)
    front = course_class.front
    steps = (*_stack_notes(course_class), f"`comprobar(1)` a `comprobar({len(course_class.exercises)})` miran tus ejercicios.")
    card = Card(f"Clase {course_class.number} · {course_class.title}", f"{front.minutes} minutos.", steps=steps)
    if shell() is None:
        return card
    # Imports stand below `clase(…)` in the first cell, so its value would not be shown by itself.
    from IPython.display import display

    display(card)  # type: ignore[no-untyped-call]
    return None


@_verb
def comprobar(ejercicio: int) -> "Card":
    """Comprobá tu respuesta a un ejercicio. Es orientativo: corre acá, en tu propio cuaderno.

    Ejemplo:
        >>> comprobar(1)  # doctest: +SKIP
    """
    import numpy as np

    from catedra.checking import CheckResult, Outcome, run_check
    from catedra.checking.namespace import live_namespace
    from catedra.notebook.progress import PROGRESS
    from catedra.notebook.session import chosen_class, session_names
    from catedra.notebook.watching import WatchedAnswer, source_sha256, stopped_at

    course_class = chosen_class()
    check = _check(course_class, ejercicio, "comprobar")
    namespace = live_namespace(session_names())
    answer = WatchedAnswer(namespace)
    start = time.perf_counter()
    try:
        result = run_check(check, answer, np.random.default_rng([SEED, course_class.number, ejercicio]))
    except KeyboardInterrupt as stop:
        where = stopped_at(stop, namespace)
        message = f"Frenaste la comprobación del ejercicio {ejercicio}.{where} ¿Hay un bucle que no termina?"
        seconds = time.perf_counter() - start
        result = CheckResult(ejercicio, check.title, Outcome.TIMEOUT, message, "", check.section, seconds)
        PROGRESS.note_attempt(course_class.number, result, source_sha256(answer))
        raise Interrupted(message) from None
    PROGRESS.note_attempt(course_class.number, result, source_sha256(answer))
    return _result_card(course_class, check, result)


@_verb
def pista(ejercicio: int) -> "Card":
    """Desplegá la siguiente de las tres pistas de un ejercicio.

    Ejemplo:
        >>> pista(1)  # doctest: +SKIP
    """
    from catedra.notebook.card import Card
    from catedra.notebook.progress import PROGRESS
    from catedra.notebook.session import chosen_class

    course_class = chosen_class()
    check = _check(course_class, ejercicio, "pista")
    total = len(check.hints)
    seen = PROGRESS.hints(course_class.number, ejercicio)
    now = PROGRESS.unfold_hint(course_class.number, ejercicio, total)
    before = tuple((f"Pista {number}", hint) for number, hint in enumerate(check.hints[: now - 1], start=1))
    steps = [f"Queda{'n' if total - now > 1 else ''} {total - now}: `pista({ejercicio})`."] if now < total else []
    if seen == now == total:
        steps = [f"No hay más pistas. Después de un intento, `solucion({ejercicio})` muestra la de referencia."]
    steps += [PROGRESS.trouble] if PROGRESS.trouble else []
    return Card(f"Ejercicio {ejercicio} · pista {now} de {total}", check.hints[now - 1], folded=before, steps=tuple(steps))


@_verb
def solucion(ejercicio: int) -> "SourceCard":
    """Mirá la solución de referencia de un ejercicio, después de haberlo intentado al menos una vez.

    Ejemplo:
        >>> solucion(1)  # doctest: +SKIP
    """
    from catedra.notebook.card import SourceCard
    from catedra.notebook.progress import PROGRESS
    from catedra.notebook.session import chosen_class

    course_class = chosen_class()
    _exercise(course_class, ejercicio, "solucion")
    if not PROGRESS.tried(course_class.number, ejercicio):
        raise NotebookError(
            f"Probá primero vos: escribí algo en el ejercicio {ejercicio}, corré `comprobar({ejercicio})` y volvé. "
            f"Si no sabés por dónde empezar, `pista({ejercicio})`." + (f" {PROGRESS.trouble}" if PROGRESS.trouble else "")
        )
    reference = _solution(course_class).reference(ejercicio)
    return SourceCard(f"Ejercicio {ejercicio} · una solución", reference)


@_verb
def entregar(archivo: str | Path | None = None) -> "Card":
    """Entregá este cuaderno: se guarda una copia con su huella.

    Argumentos:
        archivo: el cuaderno; hace falta solo si no se puede saber cuál es.

    Ejemplo:
        >>> entregar()  # doctest: +SKIP
    """
    from catedra.checking.namespace import live_namespace
    from catedra.notebook.card import Card
    from catedra.notebook.handing_in import find_file, pack
    from catedra.notebook.session import chosen_class, session_names
    from catedra.store import Store, StoreError

    course_class = chosen_class()
    number = course_class.number
    names = [piece.name for pieces in _solution(course_class).pieces.values() for piece in pieces if not piece.given]
    try:
        package = pack(find_file(archivo), number, names, live_namespace(session_names()))
        with Store() as store:
            kept = store.record_submission(number, package.path.name, package.content)
    except (NotebookError, StoreError) as error:
        # A card and not an exception: `entregar()` is the last cell, and "run all" before it is time is no error.
        return Card("No se entregó", str(error))
    missing = ", ".join(f"`{name}`" for name in package.missing)
    return Card(
        f"Entregado · clase {number}",
        f"Quedó guardada una copia de `{kept.file_name}` ({kept.size / 1024:.0f} kB, sha256 {kept.sha256[:12]}…), "
        f"{kept.when.astimezone():%d/%m/%Y %H:%M}. Podés volver a entregar cuantas veces quieras.",
        steps=(
            *([f"Todavía sin escribir: {missing}."] if missing else []),
            "El corrector aislado todavía no está: esta copia espera.",
            f"Mientras tanto, en una terminal: `catedra check {number} {package.path.name}`.",
        ),
    )


def _exercise(course_class: "CourseClass", number: Any, verb: str) -> None:
    count = len(course_class.exercises)
    if type(number) is not int:
        raise NotebookError(f"`{verb}` espera el número del ejercicio, como `{verb}(1)`, y llegó {number!r}.")
    if not 1 <= number <= count:
        raise NotebookError(f"La clase {course_class.number} tiene ejercicios del 1 al {count}, y pediste el {number}.")


def _check(course_class: "CourseClass", number: Any, verb: str) -> "Check":
    from catedra.course.parts import checks_of
    from catedra.stacks import require

    _exercise(course_class, number, verb)
    require(course_class.front.stacks)
    return checks_of(course_class).by_exercise[number]


def _stack_notes(course_class: "CourseClass") -> tuple[str, ...]:
    """Set what the class's stacks ask of the environment, and say what of it can't be had."""
    import os
    import sys

    from catedra.stacks import StackError, require

    notes = []
    try:
        wanted = require(course_class.front.stacks)
    except StackError as error:
        return (f"Para hacerla, {error}.",)
    for variable, value in wanted.items():
        os.environ.setdefault(variable, value)
        if os.environ[variable] != value:
            notes.append(f"La clase usa {variable}={value} y acá vale {os.environ[variable]}: los números pueden cambiar.")
        elif variable == "KERAS_BACKEND" and "keras" in sys.modules and sys.modules["keras"].config.backend() != value:
            notes.append(
                f"Keras ya estaba cargado con otro backend: reiniciá el kernel y empezá por `clase({course_class.number})`."
            )
    return tuple(notes)


def _as_told(error: CatedraError) -> str:
    """The error as a student reads it; a broken class is told as what it is."""
    from catedra.course import ClassError, UnknownClassError

    text = str(error)
    if isinstance(error, ClassError) and not isinstance(error, UnknownClassError):
        return f"La clase está rota, y no es cosa tuya. Avisanos con este detalle: {text}"
    return f"{text[:1].upper()}{text[1:]}"


def _solution(course_class: "CourseClass") -> "SolutionParts":
    from catedra.course.parts import solution_source
    from catedra.publishing.stubs import read_solution

    return read_solution(solution_source(course_class), f"{course_class.folder.name}/solution.py")


def _result_card(course_class: "CourseClass", check: "Check", result: "CheckResult") -> "Card":
    from catedra.checking import Outcome
    from catedra.notebook.card import ADVISORY, Card
    from catedra.notebook.progress import PROGRESS

    number = result.exercise
    steps = [PROGRESS.trouble] if PROGRESS.trouble else []
    if result.outcome is Outcome.CORRECT:
        more = number < len(course_class.exercises)
        steps.append(f"Seguí con el ejercicio {number + 1}." if more else "Eran todos: seguí con la tarea.")
    else:
        if result.outcome is Outcome.NOT_ATTEMPTED:
            steps.append("Escribí el cuerpo de la función en lugar de `...`, ejecutá la celda y volvé a comprobar.")
        left = len(check.hints) - PROGRESS.hints(course_class.number, number)
        if left:
            steps.append(f"¿Una pista? `pista({number})` ({left} sin ver).")
        elif result.outcome is not Outcome.NOT_ATTEMPTED:
            steps.append(f"Ya viste las pistas: `solucion({number})` muestra una solución.")
        title = next((topic.title for topic in course_class.topics if topic.slug == result.section), None)
        if title is not None:
            steps.append(f"Releé «{title}».")
    return Card(f"Ejercicio {number}", result.message, result.outcome, result.detail, steps=tuple(steps), stamp=ADVISORY)
