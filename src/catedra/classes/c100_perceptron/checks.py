"""What passing class 100 means: five checks, the homework's criteria, and what the class itself claims.

No check compares an answer with the reference solution: `truth.py` holds what the judge knows. Inputs are drawn anew each time.
"""

from typing import Any

import numpy as np

from catedra.checking import (
    Answer,
    Curves,
    Evidence,
    Interval,
    Scale,
    accuracy,
    check,
    claim,
    criterion,
    expect,
    mean_interval,
    measurement,
    wilson,
)
from catedra.checking.answer import Handle
from catedra.classes.c100_perceptron import truth
from catedra.classes.c100_perceptron.truth import GATES, SQUARE
from catedra.datasets import Split

# Seeds from which the plain recipe (8 ReLU, Adam 0.05, 200 epochs) gets stuck: whoever doesn't try again is found out.
UNLUCKY = {(0, 1, 1, 0): (1, 6, 11, 18), (1, 0, 0, 1): (21,)}
NETWORKS = 100
WIDTHS = (2, 4, 8, 16)


@check(
    1,
    hints=[
        "Si un punto ya está bien clasificado, ¿cuánto vale y − ŷ, y qué les pasa entonces a los pesos?",
        "La corrección va adentro del recorrido por los ejemplos: cada punto ya ve la recta que dejó el anterior. "
        "El sesgo se corrige igual que los pesos, como si su entrada valiera siempre 1.",
        "Llamá `error` a `y - step(...)`. A los pesos sumales el learning rate por `error` por `x`; al sesgo, el learning rate "
        "por `error`; y si `error` no es 0, contá uno más.",
    ],
    section="regla-de-rosenblatt",
)
def perceptron_converges_or_not(answer: Answer, rng: np.random.Generator) -> None:
    """Tu perceptrón separa AND y OR, y con XOR se equivoca en todas las épocas: justo lo que promete la teoría."""
    x, rate = rng.normal(size=(1, 3)).round(2) + 0.001, 0.5 * int(rng.integers(3, 7))
    weights, bias, _ = _trained(answer, x, np.array([0]), 1, rate)
    expect.close(
        weights,
        -rate * x[0],
        "Con un solo ejemplo, de clase 0, y una época, la corrección de los pesos no es η (y − ŷ) x",
        slips={
            "parece que el signo del error está al revés (es y − ŷ)": rate * x[0],
            "parece que no usás `learning_rate`": -x[0],
            "parece que con z = 0 predecís 0, y acá step(0) = 1": np.zeros(3),
        },
    )
    expect.close(
        bias,
        -rate,
        "Los pesos están bien, pero la corrección del sesgo no es η (y − ŷ)",
        slips={
            "parece que no lo actualizás": 0.0,
            "parece que el signo está al revés": rate,
            "parece que no usás `learning_rate`": -1.0,
        },
    )

    points, labels = truth.separable_cloud(rng)
    weights, _, _ = _trained(answer, points, labels, 3, 0.5)
    expect.close(
        weights,
        truth.rosenblatt(points, labels, 3, 0.5)[0],
        "Con muchos puntos, los pesos no son los de la regla aplicada ejemplo por ejemplo",
        slips={
            "parece que sumás las correcciones y las aplicás recién al final de la época": truth.rosenblatt(
                points, labels, 3, 0.5, delayed=True
            )[0],
            "parece que hacés una sola pasada": truth.rosenblatt(points, labels, 1, 0.5)[0],
        },
    )

    order = rng.permutation(4)
    for name, gate in GATES.items():
        inputs, labels = SQUARE[order], gate[order]
        weights, bias, mistakes = _trained(answer, inputs, labels, 20, 1.0)
        if name == "XOR":
            expect.true(bool((mistakes >= 1).all()), "Contaste una época sin errores con XOR, y ninguna recta lo separa")
        else:
            expect.equal(truth.step(inputs @ weights + bias), labels, f"El perceptrón no separa {name} después de 20 épocas")
        wanted = truth.rosenblatt(inputs, labels, 20, 1.0)[1]
        expect.equal(mistakes, wanted, f"La cuenta de errores por época de {name} no coincide")


def _trained(answer: Answer, inputs: Any, labels: Any, epochs: int, rate: float) -> tuple[Any, float, Any]:
    result = answer.train_perceptron(inputs, labels, epochs=epochs, learning_rate=rate)
    weights, bias, mistakes = expect.items(result, "el resultado de `train_perceptron`", length=3)
    return (
        expect.array(weights, "los pesos", shape=(inputs.shape[1],)),
        expect.number(bias, "el sesgo"),
        expect.array(mistakes, "los errores por época", shape=(epochs,)),
    )


@check(
    2,
    hints=[
        "Una ReLU puede quedar apagada para los cuatro puntos, y entonces no aprende. Si te tocan varias así, ¿qué harías vos?",
        "En `build_mlp`, fijá la semilla antes de crear las capas. En `learn_xor`, después de entrenar mirá si "
        "`predict_probability` deja los cuatro puntos del lado correcto de 0.5; si no, armá otra red.",
        "Fijá la semilla con `keras.utils.set_random_seed`; la oculta es `Dense(hidden, activation=activation)` y la salida "
        'lleva `"sigmoid"`. En el ciclo, cada intento llama a `build_mlp` con otra semilla, por ejemplo `seed + 100 * intento`.',
    ],
    section="suerte",
)
def xor_is_learnt(answer: Answer, rng: np.random.Generator) -> None:
    """La red aprende los cuatro puntos, y cuando la semilla sale mala tu código se da cuenta y prueba con otra."""
    seed, hidden, points = int(rng.integers(1, 1000)), int(rng.integers(5, 12)), rng.normal(size=(16, 2)) * 2
    for activation, function in (("relu", lambda z: np.maximum(z, 0)), ("tanh", np.tanh)):
        model, (w1, b1, w2, b2) = _built(answer, seed, hidden, activation)
        z = points @ w1 + b1
        out = (function(z) @ w2 + b2)[:, 0]
        p = _probabilities(answer, model, points)
        expect.close(
            p,
            truth.sigmoid(out),
            f'Con activation="{activation}", la red no calcula sigmoide(capa oculta con {activation})',
            rtol=1e-3,
            atol=1e-5,
            slips={
                "parece que a la capa oculta le falta la activación": truth.sigmoid((z @ w2 + b2)[:, 0]),
                "parece que a la salida le falta la sigmoide": out,
                "parece que la salida también lleva la activación oculta": function(out),
                "parece que siempre usás ReLU y no el argumento": truth.sigmoid((np.maximum(z, 0) @ w2 + b2)[:, 0]),
            },
        )
    again, other = _built(answer, seed, hidden, "tanh")[1], _built(answer, seed + 1, hidden, "tanh")[1]
    expect.close(again[0], w1, "Dos redes con la misma semilla tienen que nacer con los mismos pesos", rtol=1e-6)
    expect.true(not np.allclose(other[0], w1), "Dos redes con semillas distintas nacieron con los mismos pesos: ¿usás `seed`?")
    labels = rng.integers(0, 2, size=16)
    expect.close(
        expect.number(answer.compiled_loss(model, points, labels), "la pérdida"),
        truth.cross_entropy(p, labels),
        "La pérdida con la que compilaste no es la entropía cruzada binaria",
        rtol=1e-3,
        slips={"parece que es el error cuadrático medio": float(np.mean((p - labels) ** 2))},
    )

    target = list(UNLUCKY)[int(rng.integers(2))]
    seed, order = int(rng.choice(UNLUCKY[target])), rng.permutation(4)
    corners, labels = SQUARE[order], np.array(target)[order]
    model, losses = expect.items(answer.learn_xor(corners, labels, seed=seed), "el resultado de `learn_xor`", length=2)
    model, losses = _model(model, "learn_xor"), expect.array(losses, "las pérdidas", shape=(None,))
    hits = int(np.sum((_probabilities(answer, model, corners) >= 0.5) == (labels == 1)))
    expect.true(
        hits == 4,
        f"La red de `learn_xor` acierta {hits} de los 4 puntos: quedó atascada y no probaste con otra semilla",
        f"Etiquetas {target}, seed={seed}: es una semilla con mala suerte para la receta del enunciado.",
    )
    expect.true(len(losses) >= 2 and bool(losses[-1] < losses[0]), "Las pérdidas tienen que ser una por época, y bajar")


def _model(value: Any, function: str) -> Handle:
    if not isinstance(value, Handle):
        expect.fail(f"`{function}` tiene que devolver la red", f"Llegó {expect.describe(value)}")
    return value


def _built(answer: Answer, seed: int, hidden: int, activation: str) -> tuple[Handle, list[Any]]:
    model = _model(answer.build_mlp(seed, hidden=hidden, activation=activation), "build_mlp")
    arrays = answer.weights_of(model)
    shapes = [(2, hidden), (hidden,), (hidden, 1), (1,)]
    got = [getattr(array, "shape", None) for array in arrays] if isinstance(arrays, list) else []
    if got != shapes:
        expect.fail(
            f"Con hidden={hidden}, la red tiene que ser 2 → {hidden} → 1",
            f"Se esperaban pesos y sesgos de formas {shapes} y llegaron {got}",
        )
    return model, [expect.array(array, "los pesos") for array in arrays]


def _probabilities(answer: Answer, model: Handle, points: Any) -> Any:
    return expect.array(answer.predict_probability(model, points), "las probabilidades", shape=(len(points),))


@check(
    3,
    hints=[
        "Una grilla de 3 × 3 son nueve puntos. ¿Qué forma tiene que tener el arreglo que le pasás a la red?",
        "`np.meshgrid` da dos matrices; la red quiere una fila por punto, y lo que devuelve hay que volverlo matriz.",
        "Aplaná las dos con `ravel`, ponelas como columnas con `np.column_stack`, y al final `.reshape(grid_x.shape)`.",
    ],
    section="medialunas",
)
def grid_is_classified(answer: Answer, rng: np.random.Generator) -> None:
    """Cada punto de la grilla tiene su clase y está en su lugar: lista para `plot_boundary`."""
    steps = int(rng.integers(9, 15))
    shape = (steps, steps)
    x_range, y_range = (-1.0 - float(rng.random()), 2.0 + float(rng.random())), (-3.0, -1.0 + float(rng.random()))
    xs, ys = np.meshgrid(np.linspace(*x_range, steps), np.linspace(*y_range, steps))
    points = np.column_stack([xs.ravel(), ys.ravel()])
    weights = truth.balanced_network(rng, points)
    model = _model(answer.model_from_weights(weights), "model_from_weights")
    result = answer.decision_grid(model, x_range, y_range, steps)
    grid_x, grid_y, classes = expect.items(result, "el resultado de `decision_grid`", length=3)
    turned = 'parece que las filas fijan la primera coordenada (¿`indexing="ij"`?)'
    short = np.linspace(*x_range, steps, endpoint=False)
    expect.close(
        expect.array(grid_x, "la grilla xs", shape=shape),
        xs,
        "La grilla xs no recorre la primera coordenada por columnas",
        rtol=1e-4,
        atol=1e-6,
        slips={turned: xs.T, "parece que falta incluir el máximo": np.tile(short, (steps, 1))},
    )
    grid_y = expect.array(grid_y, "la grilla ys", shape=shape)
    expect.close(
        grid_y, ys, "La grilla ys no recorre la segunda coordenada por filas", rtol=1e-4, atol=1e-6, slips={turned: ys.T}
    )
    classes = expect.array(classes, "las clases", shape=shape)
    classes = expect.labels(classes.ravel(), "las clases", length=steps**2, classes=2)
    z = truth.network(weights, points)
    clear = np.abs(z) > 1e-3  # float32 may fall on either side of the boundary itself
    wanted = truth.step(z)
    expect.equal(
        classes[clear],
        wanted[clear],
        "Hay puntos de la grilla con la clase equivocada",
        slips={
            "parece que la matriz de clases quedó transpuesta": wanted.reshape(shape).T.ravel()[clear],
            "parece que armaste los puntos como (segunda, primera) coordenada": truth.step(
                truth.network(weights, points[:, ::-1])
            )[clear],
            "parece que las clases 0 y 1 están cambiadas": 1 - wanted[clear],
        },
    )


@check(
    4,
    hints=[
        "Si b2 sube un poquito, ŷ sube lo mismo. ¿Cuánto cambia entonces (ŷ − y)²? Ese número lo usan todos los demás.",
        "Andá de la salida a la entrada: ∂L/∂ŷ; de ahí ∂L/∂w2 y ∂L/∂h; después la sigmoide, cuya derivada es h (1 − h); y recién "
        "entonces w1 y b1.",
        "Con d = 2 (ŷ − y): ∂L/∂b2 = d, ∂L/∂w2 = d·h, ∂L/∂b1 = d·w2·h·(1 − h), y ∂L/∂w1 es eso mismo por x. Con JAX, `jax.grad` "
        "de una función que recibe el diccionario y devuelve la pérdida.",
    ],
    section="backpropagation",
)
def gradients_match_differences(answer: Answer, rng: np.random.Generator) -> None:
    """Tu regla de la cadena, JAX y las diferencias finitas dan el mismo gradiente."""
    for name, function, tolerance in (
        ("backprop_by_hand", answer.backprop_by_hand, 1e-5),
        ("gradients_by_jax", answer.gradients_by_jax, 2e-3),
    ):
        for _ in range(3):
            x, y, parameters = float(rng.uniform(1.2, 2.5)), float(rng.normal() + 6), truth.draw_parameters(rng)
            true = truth.differences(x, y, parameters)
            slips = truth.gradient_slips(x, parameters, true)
            gradient = expect.mapping(function(x, y, parameters), f"lo que devuelve `{name}`", keys=list(parameters))
            for key in ("b2", "w2", "b1", "w1"):
                what = f"∂L/∂{key} de `{name}`"
                got = expect.number(gradient[key], what) if key == "b2" else expect.array(gradient[key], what, shape=(2,))
                message = f"{what} no coincide con las diferencias finitas"
                expect.close(got, true[key], message, rtol=tolerance, atol=tolerance / 10, slips=slips[key])


@check(
    5,
    hints=[
        "Escribí dos capas seguidas, (x W₁ + b₁) W₂ + b₂, y abrí el paréntesis. ¿Quién multiplica a x? ¿Qué queda suelto?",
        "En `collapse_linear`, cada capa nueva multiplica por la derecha a lo acumulado: también al sesgo. En "
        "`best_linear_accuracy`, una recta sirve con la clase 1 de un lado o del otro.",
        "Empezá con la primera capa y, por cada una de las que siguen, `W = W @ V` y `b = b @ V + c`. Para cada corte, el mejor "
        "entre los aciertos y uno menos los aciertos.",
    ],
    section="sin-activacion",
)
def linear_layers_collapse(answer: Answer, rng: np.random.Generator) -> None:
    """Las capas se reducen a una sola, y ninguna recta pasa de 3 de 4 en XOR: sin activación, la profundidad no suma nada."""
    for widths in ([2, 2, 2], [2, int(rng.integers(3, 6)), int(rng.integers(6, 9)), 1]):
        weights, biases = truth.draw_layers(rng, widths)
        result = answer.collapse_linear(weights, biases)
        matrix, offset = expect.items(result, "el resultado de `collapse_linear`", length=2)
        wanted, wanted_offset = truth.collapse(weights, biases)
        matrix = expect.array(matrix, f"la W de la red {' → '.join(map(str, widths))}", shape=(widths[0], widths[-1]))
        square = len(set(widths)) == 1
        expect.close(
            matrix,
            wanted,
            "W no da lo mismo que las capas una tras otra",
            rtol=1e-4,
            atol=1e-6,
            slips={"parece que multiplicaste las matrices en el orden inverso": weights[1] @ weights[0]} if square else None,
        )
        added = {"parece que sumaste los sesgos sin pasarlos por las capas siguientes": sum(biases)} if square else {}
        expect.close(
            expect.array(offset, "el sesgo b", shape=(widths[-1],)),
            wanted_offset,
            "b no da lo mismo que las capas una tras otra",
            rtol=1e-4,
            atol=1e-6,
            slips={"parece que te quedaste solo con el sesgo de la última capa": biases[-1], **added},
        )
    # An affine image of XOR is still XOR: what a line can do doesn't depend on scale, rotation or origin.
    warp, shift, order = rng.normal(size=(2, 2)) + 3 * np.eye(2), rng.normal(size=2), rng.permutation(4)
    cases = {name: (SQUARE[order] @ warp + shift, gate[order]) for name, gate in GATES.items()}
    cases["NAND"] = (SQUARE[order], 1 - GATES["AND"][order])
    for name, (points, labels) in cases.items():
        best = expect.number(answer.best_linear_accuracy(points, labels), "la mejor exactitud")
        expect.close(
            best,
            0.75 if name == "XOR" else 1.0,
            f"Con los cuatro puntos de {name}, movidos, la mejor recta acierta otra cantidad",
        )
    points, labels, wanted = truth.mixed_cloud(rng)
    best = expect.number(answer.best_linear_accuracy(points, labels), "la mejor exactitud")
    expect.close(best, wanted, "Con nueve puntos al azar, la mejor recta acierta otra cantidad")


@criterion(
    "exactitud del MLP",
    at_least=0.95,
    percent=True,
    data="moons",
    hint="El MLP no alcanza el umbral. ¿Hay ReLU en las dos capas ocultas? ¿Usás todas las épocas? Si la pérdida sigue bajando "
    "al final, subí el learning rate; si salta, bajalo.",
)
def mlp_accuracy(answer: Answer, data: Split, scale: Scale, seed: int) -> float:
    """Exactitud del MLP sobre diez mil puntos nuevos."""
    return _accuracy(answer, _mlp(answer, data, scale, seed), data)


@criterion(
    "curvatura de la frontera del MLP",
    at_least=0.06,
    percent=True,
    data="moons",
    hint="La frontera del MLP es casi una recta. Sin activación no lineal en las capas ocultas, una red equivale a una sola capa.",
)
def mlp_is_curved(answer: Answer, data: Split, scale: Scale, seed: int) -> float:
    """Parte del plano en la que el MLP contradice a la mejor recta."""
    return _curvature(answer, _mlp(answer, data, scale, seed))


@criterion(
    "exactitud de la regresión logística",
    at_least=0.84,
    at_most=0.90,
    percent=True,
    data="moons",
    hint="La regresión logística queda fuera de lo que una recta puede dar. Por debajo, no terminó de entrenar; por encima, no "
    "es una recta: tiene que usar las dos coordenadas tal como vienen.",
)
def logistic_accuracy(answer: Answer, data: Split, seed: int) -> float:
    """Exactitud de la regresión logística sobre diez mil puntos nuevos."""
    return _accuracy(answer, answer.train_logistic(data.train, seed=seed), data)


@criterion(
    "curvatura de la frontera logística",
    at_most=0.01,
    percent=True,
    data="moons",
    hint="La frontera de tu regresión logística no es una recta: ¿le agregaste cuadrados o productos, o entrenaste otro modelo?",
)
def logistic_is_straight(answer: Answer, data: Split, seed: int) -> float:
    """Parte del plano en la que la regresión logística contradice a la mejor recta."""
    return _curvature(answer, answer.train_logistic(data.train, seed=seed))


@criterion(
    "explicación de la curvatura",
    evidence=Evidence.WRITTEN,
    trains=False,
    rubric=[
        "Dice por qué la frontera logística es recta: p = 0.5 equivale a w·x + b = 0, una ecuación lineal.",
        "Dice que lo que dobla la frontera es la no linealidad (ReLU), y no la cantidad de parámetros o de capas por sí sola.",
        "Une las dos cosas con lo que midió: compara sus dos exactitudes o señala en el gráfico dónde falla la recta.",
    ],
)
def explanation(answer: Answer) -> float:
    """Tres líneas: por qué el MLP sigue la curva de las medialunas y la regresión logística no."""
    return 0.0


def _mlp(answer: Answer, data: Split, scale: Scale, seed: int) -> Any:
    return answer.train_mlp(data.train, data.validation, epochs=scale.pick(smoke=2, laptop=100), seed=seed)


def _accuracy(answer: Answer, model: Any, data: Split) -> float:
    predicted = expect.labels(answer.predict_labels(model, data.test.x), "las predicciones", length=len(data.test.y), classes=2)
    return accuracy(predicted, data.test.y)


def _curvature(answer: Answer, model: Any) -> float:
    """Share of the plane that no line explains: 0 for a straight boundary."""
    points = truth.plane()
    predicted = expect.labels(answer.predict_labels(model, points), "las predicciones", length=len(points), classes=2)
    share = float(predicted.mean())
    if not 0.1 <= share <= 0.9:
        expect.fail(
            "No hay frontera que mirar: el modelo predice casi siempre la misma clase",
            f"Clase 1 en {share:.0%} de la grilla. Si tu salida es una sola sigmoide, comparala con 0.5 (`argmax` da siempre 0).",
        )
    return 1 - truth.best_line(points, predicted, 180)


@measurement()
def xor_training(answer: Answer, scale: Scale, seed: int) -> dict[str, Any]:
    """Cien redes por ancho, entrenadas en XOR desde pesos distintos, con ReLU y sin activación."""
    epochs = scale.pick(smoke=10, laptop=200)
    results: dict[str, Any] = {}
    for hidden in WIDTHS:
        runs = answer.train_many_xor(seed, hidden, "relu", NETWORKS, epochs)
        results[f"share_{hidden}"] = float(np.mean(runs["exact"]))
        if hidden == 8:
            results["loss_relu"] = np.mean(runs["losses"], axis=0)
    runs = answer.train_many_xor(seed, 8, "linear", NETWORKS, epochs)
    layers = zip(runs["w1"], runs["b1"], runs["w2"], runs["b2"], strict=True)
    return results | {
        "loss_linear": np.mean(runs["losses"], axis=0),
        "linear_lowest_loss": float(np.min(runs["losses"])),
        "linear_best_accuracy": max(_affine_accuracy(*arrays) for arrays in layers),
    }


def _affine_accuracy(w1: Any, b1: Any, w2: Any, b2: Any) -> float:
    """Accuracy on XOR of a network without activations, in float64: at its optimum the float32 logits are rounding noise."""
    w1, b1, w2, b2 = (array.astype(np.float64) for array in (w1, b1, w2, b2))
    matrix, offset = truth.collapse([w1, w2], [b1, b2])
    return accuracy(truth.step((SQUARE @ matrix + offset)[:, 0]), GATES["XOR"])


@measurement(data="moons")
def moons_models(answer: Answer, data: Split, scale: Scale, seed: int) -> dict[str, Any]:
    """Los dos modelos de la tarea: sus exactitudes, y los pesos que hacen falta para dibujar sus fronteras."""
    logistic, mlp = answer.train_logistic(data.train, seed=seed), _mlp(answer, data, scale, seed)
    return {
        "logistic_accuracy": _accuracy(answer, logistic, data),
        "mlp_accuracy": _accuracy(answer, mlp, data),
        "line": answer.boundary_line(logistic),
        "mlp_weights": np.concatenate([array.ravel() for array in answer.weights_of(mlp)]).astype(np.float64),
        "points": data.train.x[:300].round(2),
        "labels": data.train.y[:300],
    }


@claim(
    "Con 8 unidades ReLU, XOR se aprende desde cualquier semilla",
    source="especificación de la clase",
    at_least=1.0,
    percent=True,
)
def eight_units_always_learn(runs: Curves) -> Interval:
    return _pooled(runs, "xor_training.share_8")


@claim(
    "Con 2 unidades ReLU, XOR se aprende desde menos de la mitad de las semillas",
    source="el curso",
    at_most=0.5,
    percent=True,
)
def two_units_seldom_learn(runs: Curves) -> Interval:
    return _pooled(runs, "xor_training.share_2")


@claim("Sin activación, ninguna red pasa de 3 de 4 en XOR", source="especificación de la clase", at_most=0.75, percent=True)
def linear_networks_stop_at_three(runs: Curves) -> Interval:
    return mean_interval([float(value) for value in runs["xor_training.linear_best_accuracy"]])


@claim("Sin activación, la pérdida en XOR no baja de ln 2", source="el curso", at_least=0.693)
def linear_loss_stops_at_ln2(runs: Curves) -> Interval:
    return mean_interval([float(value) for value in runs["xor_training.linear_lowest_loss"]])


@claim(
    "La regresión logística queda en 0,85 (± 0,01) en las medialunas",
    source="especificación de la clase",
    at_least=0.84,
    at_most=0.86,
    percent=True,
)
def logistic_stays_at_085(runs: Curves) -> Interval:
    return mean_interval([float(value) for value in runs["moons_models.logistic_accuracy"]])


def _pooled(runs: Curves, name: str) -> Interval:
    """Rate over every network of every seed."""
    return wilson(round(sum(float(share) for share in runs[name]) * NETWORKS), NETWORKS * len(runs.seeds))
