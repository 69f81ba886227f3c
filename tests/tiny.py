"""A tiny, complete class of NumPy and nothing else, written into a temporary folder: what the tests of loader, grader and verifier read.

`write_class(root)` writes it; keyword arguments replace whole files, so a test breaks exactly one thing.
"""

from pathlib import Path

LESSON = """---
number: {number}
part: 2
title: "Sumas y medias"
minutes: 40
source: de prueba
prerequisites: []
deepens: null
stacks: []
data: [moons]
needs: []
budget: {{check: 2, grade: 5, memory_mb: 500}}
---

## Objetivo

Sumar.

## Al terminar podrás

- Sumar.

## Desarrollo

### Sumar es juntar {{#sumar}}

```python
# not a heading inside code
2 + 2
```

Se midió <%= media("media de prueba") %>, y la [clase que sigue](clase:mlp) sigue.

## Definiciones

**Suma**: lo que da juntar.

## Ejercicios

### 1. Uno {{#ejercicio-1}}

Uno.

### 2. Dos {{#ejercicio-2}}

Dos.

### 3. Tres {{#ejercicio-3}}

Tres.

### 4. Cuatro {{#ejercicio-4}}

Cuatro.

### 5. Cinco {{#ejercicio-5}}

Cinco.

## Tarea

La media.

## Preguntas frecuentes

### ¿Por qué?

Porque sí.

## Referencias

- Nadie.
"""

SOLUTION = '''"""Sumas."""

import numpy as np

from catedra.authoring import exercise, given, homework

SIZE = 3


@given
def double(x: int) -> int:
    """El doble."""
    return 2 * x


def _private(x: int) -> int:
    return x


{exercises}

@homework
def average(x: np.ndarray, seed: int) -> float:
    """La media.

    Argumentos:
        x: (N,).

    Devuelve:
        la media.
    """
    total = float(np.sum(x)) + _private(0)
    return total / len(x)
'''

CHECKS = '''"""Qué significa aprobar."""

from typing import Any

import numpy as np

from catedra.checking import (
    Answer, Curves, Evidence, Interval, Scale, Threshold, check, claim, criterion, expect, mean_interval, measurement,
)
from catedra.datasets import Split


{checks}

@criterion("media de prueba", at_most=0.001, data="moons", hint="Sumá todo y dividí por cuántos hay.", trains=False)
def average_error(answer: Answer, data: Split, seed: int) -> float:
    """Error de la media."""
    x = data.test.x[:, 0]
    return abs(expect.number(answer.average(x, seed), "la media") - float(x.mean()))


@criterion("explicación", evidence=Evidence.WRITTEN, rubric=["dice por qué"])
def explanation(answer: Answer) -> float:
    """La explicación."""
    return 0.0


@measurement(data="moons")
def spread(answer: Answer, data: Split, scale: Scale, seed: int) -> dict[str, Any]:
    """Dispersión."""
    return {{"std": float(data.test.x[:, 0].std()), "head": data.test.x[:4, 0]}}


@claim("La dispersión pasa de 0,5", source="la clase", at_least=0.5)
def wide(runs: Curves) -> Interval:
    """Dispersión media."""
    return mean_interval([float(value) for value in runs["spread.std"]])
'''

_EXERCISE = '''@exercise({n})
def plus_{n}(x: int) -> int:
    """Sumá {n}."""
    return x + {n} + 0 * SIZE

'''

_CHECK = '''@check({n}, hints=["¿Cuánto falta?", "Mirá el signo.", "return x + …"], section="sumar")
def exercise_{n}(answer: Answer, rng: np.random.Generator) -> None:
    """La suma está bien."""
    x = int(rng.integers(1, 100))
    expect.equal(expect.number(answer.plus_{n}(x), "la suma"), x + {n}, "La suma no da", slips={{"parece una resta": x - {n}}})

'''

WRONG = '''"""Respuestas incorrectas."""

from catedra.authoring import HOMEWORK, wrong


@wrong(1, says="parece una resta")
class Minus:
    """Resta."""

    def plus_1(x):
        return x - 1


@wrong(HOMEWORK, says="dividí por cuántos hay", caught_by="media de prueba")
class Sum:
    """Suma sin dividir."""

    def average(x, seed):
        return float(x.sum())
'''

RIGHT = '''"""Respuestas correctas."""

from catedra.authoring import right


@right
class Mean:
    """Con np.mean."""

    def average(x, seed):
        return float(x.mean())


@right
class Running:
    """De a uno."""

    def average(x, seed):
        mean = 0.0
        for n, value in enumerate(x, start=1):
            mean += (float(value) - mean) / n
        return mean


@right
class Dot:
    """Como producto."""

    def average(x, seed):
        return float(x @ (x * 0 + 1 / len(x)))
'''

ERRORS = '''"""Errores comunes."""

from catedra.authoring import common_error


@common_error("resta", title="Resta", symptom="da menos", cause="el signo", fix="sumar", verify="da más")
class Minus:
    def bug():
        return {"value": 1 - 1}

    def fixed():
        return {"value": 1 + 1}

    def seen(observed):
        return observed["value"] < 1
'''

FIGURES = '''"""Figuras."""

from matplotlib.figure import Figure

from catedra.authoring import figure


@figure("recta", alt="Una recta que sube.")
def line(curves):
    made = Figure(figsize=(4, 3))
    made.subplots().plot([0, 1], [0, 1])
    return made
'''

SLIDES = "# Sumas\n\n## Sumar es juntar\n\n$1 + 1 = 2$\n\n::: notes\n[40 min] Se dice.\n:::\n"


def write_class(root: Path, number: int = 901, name: str = "sums", **replaced: str | None) -> Path:
    """Write the class into `root/c<number>_<name>/`; `lesson="…"` replaces lesson.md, `checks=None` leaves checks.py out."""
    numbers = range(1, 6)
    files = {
        "__init__.py": "",
        "lesson.md": LESSON.format(number=number),
        "slides.md": SLIDES,
        "solution.py": SOLUTION.format(exercises="\n".join(_EXERCISE.format(n=n) for n in numbers)),
        "checks.py": CHECKS.format(checks="\n".join(_CHECK.format(n=n) for n in numbers)),
        "wrong_answers.py": WRONG,
        "right_answers.py": RIGHT,
        "errors.py": ERRORS,
        "figures.py": FIGURES,
    }
    folder = root / f"c{number}_{name}"
    folder.mkdir(parents=True)
    for file, text in files.items():
        replacement = replaced.get(file.partition(".")[0], text)
        if replacement is not None:
            (folder / file).write_text(replacement, encoding="utf-8")
    return folder
