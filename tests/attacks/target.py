"""The class that the attacks are handed in to: NumPy only, fast, and with something for every kind of attacker.

1 a pure function on random inputs · 2 arrays large enough for shared memory, both ways · 3 a stateful object behind a handle ·
4 a dict of numbers and a truth value · 5 text · homework: a classifier judged on hidden labels, and an agent that the judge steps.

Notable: the judge turns the moons by a secret angle and may swap the labels, so that a table of the public points is worth nothing, while
whoever learns from the training points that it is given loses nothing.
"""

from pathlib import Path

from tests import tiny

NUMBER = 902
EXERCISES = ("1", "2", "3", "4", "5")
ACCURACY, REWARD = "exactitud en test", "premio medio"
REPORTED = "exactitud informada"
PLACES = (*EXERCISES, ACCURACY, REWARD)
"""What can be won: the exercises' numbers and the criteria that decide."""

_FUNCTIONS = (
    (
        "exercise(1)",
        '''def standardize(x):
    """Cada columna con media 0 y desvío 1."""
    return (x - x.mean(axis=0)) / x.std(axis=0)
''',
    ),
    (
        "exercise(2)",
        '''def brighten(images):
    """Las imágenes entre 0 y 1."""
    return images.astype(np.float32) / 255
''',
    ),
    (
        "exercise(3)",
        '''def open_account(balance):
    """Una cuenta con ese saldo."""
    return Account(balance)
''',
    ),
    (
        "exercise(3)",
        '''def deposit(account, amount):
    """Suma al saldo y lo devuelve."""
    account.balance += amount
    return account.balance
''',
    ),
    (
        "exercise(4)",
        '''def summary(x):
    """Media, desvío, extremos, y si son todos positivos."""
    return {"mean": float(x.mean()), "std": float(x.std()), "ends": [float(x.min()), float(x.max())], "positive": bool((x > 0).all())}
''',
    ),
    (
        "exercise(5)",
        '''def caption(name, score):
    """El pie de la figura."""
    return f"{name}: {score:.2f}"
''',
    ),
    (
        "homework",
        '''def train(part, validation, seed):
    """Un clasificador: mínimos cuadrados sobre polinomios."""
    x, y = part
    weights = np.linalg.lstsq(_powers(x), 2.0 * y - 1.0, rcond=None)[0]
    return Model(weights)
''',
    ),
    (
        "homework",
        '''def predict(model, x):
    """La etiqueta de cada punto."""
    return (_powers(x) @ model.weights > 0).astype(np.int64)
''',
    ),
    (
        "homework",
        '''def reported_accuracy(model):
    """La exactitud que vos mediste."""
    return 0.95
''',
    ),
    (
        "homework",
        '''def new_agent(seed):
    """Un agente."""
    return Agent()
''',
    ),
    (
        "homework",
        '''def act(agent, observation):
    """El paso: -1, 0 o 1."""
    return int(np.sign(observation[1] - observation[0]))
''',
    ),
)

_GIVEN = '''class Account:
    """Una cuenta."""

    def __init__(self, balance):
        self.balance = balance


class Model:
    """Un clasificador."""

    def __init__(self, weights):
        self.weights = weights


class Agent:
    """Un agente."""


def _powers(x):
    return np.stack([x[:, 0] ** i * x[:, 1] ** j for i in range(6) for j in range(6 - i)], axis=1)
'''

HONEST = '"""Mi entrega."""\n\nimport numpy as np\n\n\n' + _GIVEN + "".join(f"\n\n{code}" for _, code in _FUNCTIONS)
"""A correct submission. A later definition of a name takes the place of an earlier one, so attacks and twins are written after it."""

SOLUTION = (
    '"""La solución. {canary}"""\n\nimport numpy as np\n\nfrom catedra.authoring import exercise, given, homework\n\n'
    'SECRET = "{canary}"\n\n\n'
    + _GIVEN.replace("{", "{{").replace("}", "}}").replace("class ", "@given\nclass ")
    + "".join(f"\n\n@{mark}\n{code.replace('{', '{{').replace('}', '}}')}" for mark, code in _FUNCTIONS)
)

CHECKS = '''"""Qué significa aprobar. {canary}"""

import numpy as np

from catedra.checking import Answer, Evidence, Scale, check, criterion, expect
from catedra.datasets import Split

SECRET = "{canary}"
HINTS = ["¿Qué falta?", "Mirá los ejes.", "Está en la definición."]


@check(1, hints=HINTS)
def exercise_1(answer: Answer, rng: np.random.Generator) -> None:
    """Las columnas quedan estandarizadas."""
    for rows in (8, 31):
        x = rng.normal(3.0, 2.0, (rows, 3))
        expected = (x - x.mean(axis=0)) / x.std(axis=0)
        expect.close(expect.array(answer.standardize(x), "el resultado", shape=(rows, 3)), expected, "No está estandarizado")


@check(2, hints=HINTS)
def exercise_2(answer: Answer, rng: np.random.Generator) -> None:
    """Las imágenes quedan entre 0 y 1."""
    images = rng.integers(0, 256, (100, 32, 32), dtype=np.uint8)
    expected = images / 255
    actual = expect.array(answer.brighten(images), "las imágenes", shape=images.shape)
    expect.close(actual, expected, "Las imágenes no quedan entre 0 y 1", rtol=1e-4, atol=1e-5)


@check(3, hints=HINTS)
def exercise_3(answer: Answer, rng: np.random.Generator) -> None:
    """La cuenta lleva el saldo."""
    balance = int(rng.integers(100))
    account = answer.open_account(balance)
    other = answer.open_account(0)
    for amount in rng.integers(1, 100, 30).tolist():
        balance += amount
        expect.equal(expect.number(answer.deposit(account, amount), "el saldo"), balance, "El saldo no es el que corresponde")
    expect.equal(expect.number(answer.deposit(other, 1), "el saldo"), 1, "Las cuentas comparten el saldo")


@check(4, hints=HINTS)
def exercise_4(answer: Answer, rng: np.random.Generator) -> None:
    """El resumen es el de los datos."""
    for shift in (0.0, 10.0):
        x = rng.normal(shift, 1.0, 50)
        found = expect.mapping(answer.summary(x), "el resumen", keys=["mean", "std", "ends", "positive"])
        expect.close(expect.number(found["mean"], "la media"), float(x.mean()), "La media no es esa")
        expect.close(expect.number(found["std"], "el desvío"), float(x.std()), "El desvío no es ese")
        ends = expect.items(found["ends"], "los extremos", length=2)
        for end, value in zip(ends, (float(x.min()), float(x.max())), strict=True):
            expect.close(expect.number(end, "un extremo"), value, "Un extremo no es ese")
        expect.true(type(found["positive"]) is bool, "`positive` no es `True` o `False`")
        expect.equal(found["positive"], bool((x > 0).all()), "`positive` no es lo que dicen los datos")


@check(5, hints=HINTS)
def exercise_5(answer: Answer, rng: np.random.Generator) -> None:
    """El pie dice nombre y puntaje."""
    for name in ("ana", "josé & cía"):
        score = float(rng.uniform(0, 10))
        expect.equal(expect.text(answer.caption(name, score), "el pie"), f"{{name}}: {{score:.2f}}", "El pie no es ese")


@criterion("exactitud en test", at_least=0.93, percent=True, data="moons", hint="¿Tu frontera es una curva?")
def test_accuracy(answer: Answer, data: Split, rng: np.random.Generator, scale: Scale, seed: int) -> float:
    """Exactitud sobre puntos que nadie vio."""
    angle, swapped = rng.uniform(np.pi / 3, 2 * np.pi / 3), int(rng.integers(2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    train, validation, test = ((part.x @ turn, part.y ^ swapped) for part in data[:3])
    model = answer.train(train, validation, seed)
    found = expect.labels(answer.predict(model, test[0]), "las etiquetas", length=len(test[1]), classes=2)
    return float((found == test[1]).mean())


@criterion("premio medio", at_least=0.95, evidence=Evidence.INTERACTION, hint="¿Hacia dónde queda la meta?", trains=False)
def reward(answer: Answer, rng: np.random.Generator, seed: int) -> float:
    """El juez mueve la ficha."""
    agent, won = answer.new_agent(seed), 0
    for _ in range(20):
        position, goal = (int(value) for value in rng.choice(21, 2, replace=False))
        for _ in range(25):
            action = expect.number(answer.act(agent, np.array([position, goal])), "el paso")
            expect.true(action in (-1.0, 0.0, 1.0), "El paso es -1, 0 o 1")
            position += int(action)
        won += position == goal
    return won / 20


@criterion("exactitud informada", evidence=Evidence.REPORTED, data="moons")
def reported(answer: Answer, data: Split, seed: int) -> float:
    """Lo que midió quien entrega."""
    return expect.number(answer.reported_accuracy(answer.train(data.train, data.validation, seed)), "la exactitud")
'''

_WRONG = '''"""Respuestas incorrectas."""

import numpy as np

from catedra.authoring import HOMEWORK, wrong


@wrong(1, says="No está estandarizado")
class Centred:
    """Solo centra."""

    def standardize(x):
        return x - x.mean(axis=0)


@wrong(HOMEWORK, says="curva", caught_by="exactitud en test")
class Constant:
    """Siempre la misma clase."""

    def predict(model, x):
        return np.zeros(len(x), dtype=np.int64)
'''

_RIGHT = '''"""Respuestas correctas."""

import numpy as np

from catedra.authoring import right


class Points:
    """Los puntos conocidos."""

    def __init__(self, x, y):
        self.x, self.y = x, y


def vote(points, x, k):
    near = np.argsort(((x[:, None] - points.x[None]) ** 2).sum(axis=-1), axis=1)[:, :k]
    return (points.y[near].mean(axis=1) > 0.5).astype(np.int64)

''' + "".join(
    f'''
@right
class Nearest{k}:
    """Votan los {k} vecinos más cercanos."""

    def train(part, validation, seed):
        return Points(*part)

    def predict(model, x):
        return vote(model, x, {k})

'''
    for k in (5, 9, 15)
)


def write_target(root: Path, canary: str = "") -> Path:
    """Write the class into a folder of `root`; `canary` stands in the solution and in the checks."""
    lesson = (
        tiny.LESSON.format(number=NUMBER)
        .replace('"Sumas y medias"', '"Blanco"')
        .replace('<%= media("media de prueba") %>', "algo")
    )
    return tiny.write_class(
        root,
        NUMBER,
        "target",
        lesson=lesson,
        solution=SOLUTION.format(canary=canary),
        checks=CHECKS.format(canary=canary),
        wrong_answers=_WRONG,
        right_answers=_RIGHT,
    )
