"""A class that uses everything a lesson may hold, in as few words as it can."""

from tests import tiny

LESSON = """---
number: 902
part: 2
title: "Sumas, con todo"
minutes: 40
source: de prueba
prerequisites: []
deepens: null
stacks: []
data: [moons]
needs: []
budget: {check: 2, grade: 5, memory_mb: 500}
---

## Objetivo

Sumar con $x \\in \\mathbb{R}$.

## Al terminar podrás

- Sumar.

## Desarrollo

Antes de todo.

### Sumar es juntar {#sumar}

Como en la [clase que sigue](clase:mlp#capas), y como [más abajo](#restar).

![La recta en [0, 1] sube.](figure:recta)

```python
## not a heading inside code
2 + 2
```

::: intuicion
Juntar dos montones.

```text
::: not a div
```
:::

### Restar es sacar {#restar}

::: {.prediccion}
¿Cuánto da?

::: respuesta
Da **tres**.

```python
print("folded, not run")
```
:::
:::

::: probalo
Cambiá el número:

```python
number = 5
```

y miralo.
:::

Así no se corre:

```{.python .static}
import nothing
```

Se midió <%= media("media de prueba") %>.

::: prediccion
¿Y ahora?
:::

## Definiciones

**Suma**: lo que da juntar.

## Ejercicios

Cinco.

### 1. Uno {#ejercicio-1}

Recibe y devuelve. Seguí [Sumar](#sumar).

### 2. Dos {#ejercicio-2}

Dos.

### 3. Tres {#ejercicio-3}

Tres.

### 4. Cuatro {#ejercicio-4}

Cuatro.

### 5. Cinco {#ejercicio-5}

Cinco.

## Tarea

La media, y por qué.

## Preguntas frecuentes

### ¿Por qué?

Porque sí.

## Referencias

- Nadie.
"""

SOLUTION = '''"""Sumas."""

from __future__ import annotations

import functools
import numpy as np
from numpy.typing import NDArray

from catedra import datasets
from catedra.authoring import exercise, given, homework

Array = NDArray[np.float64]
SIZE: int = 3  # how many
SIDE = 28 * 28
_SECRET = 7
TABLE = np.zeros(3)


@given
def double(x: int) -> int:
    """El doble."""
    return 2 * x  # given whole


@given
@functools.cache
def cached(x: int) -> int:
    """El mismo."""
    return double(x) + SIZE


def _private(x: int) -> int:
    return _deeper(x) - _SECRET + _SECRET


def _deeper(x): return x


@exercise(1)
@functools.cache
def plus_one(
    x: int,
    size: int = SIZE,
) -> int:
    """Sumá uno.

    $x + 1$, con eñe.
    """
    # the way to do it
    values = [double(x) for _ in range(size)]
    if values:
        return (x + 1) * (size // size) + _private(0)
    else:
        return 1


@given
@exercise(1)
class Box:
    """Una caja."""

    content: int = 0


@exercise(1)
async def plus_one_later(x: Array) -> Array:
    """Sumá uno después."""
    return await _soon(x)


@exercise(2)
def plus_two(x: int) -> int:
    """Sumá dos."""; return x + 2 + 0 * SIZE


@exercise(3)
def plus_three(x: int) -> int:
    """Sumá tres."""
    return x + 3


@exercise(4)
def plus_four(x: int) -> int:
    """Sumá cuatro."""
    return x + 4


@exercise(5)
def plus_five(x: int) -> int:
    """Sumá cinco."""
    return x + 5


@homework
def average(x: Array, seed: int) -> float:
    """La media."""
    total = float(np.sum(np.asarray(x, dtype=float)))
    return total / len(x)
'''


def write_rich(root, **replaced):
    """Write the class; keyword arguments replace whole files, as in `tiny.write_class`."""
    return tiny.write_class(root, 902, "rich", **{"lesson": LESSON, "solution": SOLUTION, **replaced})
