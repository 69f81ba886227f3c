"""Writes the folder of a new class: it loads, its checks run, and everything to be written is marked COMPLETAR."""

import shutil
from pathlib import Path

from catedra.course import loader
from catedra.course.frontmatter import ClassError
from catedra.course.loader import EXERCISES
from catedra.course.sections import slugify


def scaffold(number: int, title: str, slug: str | None = None, root: Path | None = None) -> Path:
    """Create `root/c<number>_<slug>/`, whole or not at all.

    Args:
        number: of the class, ≥ 1.
        title: in Spanish.
        slug: short name; the title's slug by default.
        root: where class folders are; the package's own by default.

    Returns:
        The new folder.

    Raises:
        ClassError: the number is taken, the title gives no slug, or the folder can't be written.
    """
    name = slugify(slug or title)
    root = root or loader.CLASSES_FOLDER
    if not title.strip() or not name:
        raise ClassError(f"el título {title!r} no da un nombre de carpeta: usá letras o pasá --slug")
    taken = next((path.name for path in root.glob("c*") if path.name.partition("_")[0] == f"c{number}"), None)
    if taken is not None:
        raise ClassError(f"la clase {number} ya existe ({taken}): elegí otro número")
    folder = root / f"c{number}_{name.replace('-', '_')}"
    partial = root / f".{folder.name}.part"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        for file, text in _files(number, title).items():
            (partial / file).write_text(text, encoding="utf-8")
        partial.rename(folder)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise ClassError(
            f"no se puede escribir {folder} ({error.strerror}): `catedra new` se usa en una copia del código fuente"
        ) from error
    return folder


def _files(number: int, title: str) -> dict[str, str]:
    numbers = range(1, EXERCISES + 1)
    exercises = "\n\n".join(
        f"### {n}. COMPLETAR: título {{#ejercicio-{n}}}\n\nCOMPLETAR: entrada, salida, formas y un ejemplo." for n in numbers
    )
    functions = "\n\n".join(
        f'@exercise({n})\ndef answer_{n}(x: int) -> int:\n    """COMPLETAR: qué hace.\n\n'
        f'    Argumentos:\n        x: COMPLETAR.\n\n    Devuelve:\n        COMPLETAR.\n    """\n    return {n} * x\n'
        for n in numbers
    )
    checks = "\n\n".join(
        f'@check({n}, hints=["COMPLETAR: una pregunta", "COMPLETAR: el lugar", "COMPLETAR: casi la línea"])\n'
        f'def exercise_{n}(answer: Answer, rng: np.random.Generator) -> None:\n    """COMPLETAR: lo que está bien cuando pasa."""\n'
        f"    x = int(rng.integers(1, 100))\n"
        f'    expect.equal(expect.number(answer.answer_{n}(x), "el resultado"), {n} * x, "COMPLETAR: qué está mal")\n'
        for n in numbers
    )
    return {
        "__init__.py": "",
        "lesson.md": _LESSON.format(number=number, title=title.replace('"', "'"), exercises=exercises),
        "slides.md": _SLIDES,
        "solution.py": f"{_SOLUTION_HEAD}{functions}\n\n{_HOMEWORK}",
        "checks.py": f"{_CHECKS_HEAD}{checks}\n\n{_CRITERION}",
        "wrong_answers.py": '"""COMPLETAR: respuestas incorrectas verosímiles, con `@wrong`."""\n',
        "right_answers.py": '"""COMPLETAR: respuestas correctas escritas sin mirar la solución, con `@right`."""\n',
        "errors.py": '"""COMPLETAR: los cinco errores comunes, con `@common_error`."""\n',
        "figures.py": '"""COMPLETAR: al menos dos figuras dibujadas con datos, con `@figure`."""\n',
    }


_LESSON = """---
number: {number}
part: 2
title: "{title}"
minutes: 60
source: COMPLETAR
prerequisites: []
deepens: null
stacks: []
data: []
needs: []
budget: {{check: 20, grade: 60, memory_mb: 2000}}
---

## Objetivo

COMPLETAR

## Al terminar podrás

- COMPLETAR

## Desarrollo

### COMPLETAR: la idea en una oración {{#idea}}

COMPLETAR

## Definiciones

**COMPLETAR**: definición.

## Ejercicios

{exercises}

## Tarea

COMPLETAR: qué se entrega, qué se mide, cómo y con qué umbral.

## Preguntas frecuentes

### ¿COMPLETAR?

COMPLETAR

## Referencias

- COMPLETAR
"""

_HOMEWORK = '''@homework
def answer_homework(x: int) -> float:
    """COMPLETAR: qué hace.

    Argumentos:
        x: COMPLETAR.

    Devuelve:
        COMPLETAR.
    """
    return float(x)
'''

_CRITERION = '''@criterion("COMPLETAR", at_least=0.0, trains=False)
def homework_value(answer: Answer, seed: int) -> float:
    """COMPLETAR: qué se mide."""
    return expect.number(answer.answer_homework(seed), "el resultado")
'''

_SLIDES = """# COMPLETAR: sección

## COMPLETAR: la afirmación

COMPLETAR

::: notes
[60 min] COMPLETAR: lo que dice quien enseña.
:::
"""

_SOLUTION_HEAD = '''"""COMPLETAR: qué resuelve esta clase."""

from catedra.authoring import exercise, homework


'''

_CHECKS_HEAD = '''"""Qué significa aprobar esta clase."""

import numpy as np

from catedra.checking import Answer, check, criterion, expect


'''
