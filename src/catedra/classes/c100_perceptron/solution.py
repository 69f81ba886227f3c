"""Reference answers of class 100: the perceptron, the MLP and backpropagation, by hand and with Keras.

Everything that is drawn at random is drawn from a `seed` argument. Linear maps are written `x @ W + b`, with one example a
row, as Keras does. Not covered: the data (`catedra.datasets`) and what passing means (`checks.py`).
"""

from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
from sklearn.linear_model import LogisticRegression

from catedra.authoring import exercise, given, homework


@given
def step(z: Any) -> Any:
    """Escalón: 1 donde z ≥ 0, 0 donde z < 0.

    Ejemplo:
        >>> step(np.array([-0.5, 0.0, 2.0]))
        array([0, 1, 1])
    """
    return (np.asarray(z) >= 0).astype(int)


@given
def sigmoid(z: Any) -> Any:
    """Sigmoide: 1 / (1 + e^(−z)), entre 0 y 1.

    Ejemplo:
        >>> float(sigmoid(0.0))
        0.5
    """
    return 1 / (1 + np.exp(-np.asarray(z)))


@given
def predict_probability(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Probabilidad de la clase 1 según una red de Keras con una salida sigmoide.

    Argumentos:
        model: red con una salida.
        inputs: (N, D), float.

    Devuelve:
        (N,), entre 0 y 1.
    """
    return keras.ops.convert_to_numpy(model(np.asarray(inputs, dtype="float32"), training=False))[:, 0]


@given
def weights_of(model: keras.Model) -> list[np.ndarray]:
    """Pesos y sesgos de una red, capa por capa: [W1, b1, W2, b2, …], con W de forma (entradas, salidas)."""
    return [keras.ops.convert_to_numpy(weight.value) for weight in model.weights]


@given
def model_from_weights(weights: list[np.ndarray]) -> keras.Model:
    """Red con estos pesos: ReLU en las capas ocultas, sigmoide en la salida.

    Ejemplo:
        >>> two_relus = [np.ones((2, 2)), np.array([0.0, -1.0]), np.array([[8.0], [-16.0]]), np.array([-4.0])]
        >>> np.round(predict_probability(model_from_weights(two_relus), np.array([[0, 1], [1, 1]])), 2)
        array([0.98, 0.02], dtype=float32)

    Argumentos:
        weights: [W1, b1, W2, b2, …], como los devuelve `weights_of`.
    """
    widths = [len(bias) for bias in weights[1::2]]
    layers = [keras.layers.Dense(width, "relu") for width in widths[:-1]] + [keras.layers.Dense(widths[-1], "sigmoid")]
    network = keras.Sequential(layers)
    network.build((None, weights[0].shape[0]))
    network.set_weights(weights)
    return network


@given
def compiled_loss(model: keras.Model, inputs: np.ndarray, labels: np.ndarray) -> float:
    """La pérdida con la que se compiló la red, medida en estos ejemplos y sin entrenar."""
    measured = model.evaluate(inputs, labels, batch_size=len(inputs), verbose=0)
    return float(np.ravel(measured)[0])


@exercise(1)
def train_perceptron(
    inputs: np.ndarray, labels: np.ndarray, epochs: int = 12, learning_rate: float = 1.0
) -> tuple[np.ndarray, float, list[int]]:
    """Entrená un perceptrón con la regla de Rosenblatt, empezando con pesos y sesgo en cero.

    $\\hat y = \\text{step}(w \\cdot x + b)$, con step(0) = 1; después de **cada** ejemplo,
    $w \\leftarrow w + \\eta\\,(y - \\hat y)\\,x$ y $b \\leftarrow b + \\eta\\,(y - \\hat y)$.

    Ejemplo:
        >>> and_inputs, and_labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 0, 0, 1])
        >>> weights, bias, mistakes = train_perceptron(and_inputs, and_labels, epochs=8)
        >>> mistakes
        [2, 3, 3, 2, 1, 0, 0, 0]
        >>> step(and_inputs @ weights + bias)
        array([0, 0, 0, 1])

    Argumentos:
        inputs: (N, D), float. Los ejemplos se visitan en este orden, sin mezclar.
        labels: (N,), 0 o 1.
        epochs: pasadas completas, ≥ 1. Se hacen todas, aunque ya no haya errores.
        learning_rate: η, > 0.

    Devuelve:
        (pesos (D,), sesgo, errores): `errores` tiene un entero por época, cuántos ejemplos se predijeron mal en esa pasada.

    Fuente: Rosenblatt (1958).
    """
    weights, bias = np.zeros(inputs.shape[1]), 0.0
    mistakes_per_epoch = []
    for _ in range(epochs):
        mistakes = 0
        for x, y in zip(inputs, labels, strict=True):
            error = int(y) - int(step(weights @ x + bias))
            weights = weights + learning_rate * error * x
            bias = bias + learning_rate * error
            mistakes += abs(error)
        mistakes_per_epoch.append(mistakes)
    return weights, bias, mistakes_per_epoch


@exercise(2)
def build_mlp(seed: int, hidden: int = 8, activation: str = "relu") -> keras.Model:
    """Construí y compilá una red 2 → `hidden` → 1 con salida sigmoide, sin entrenarla.

    Se compila con entropía cruzada binaria y el optimizador que elijas (Adam con learning rate 0.05 anda bien).

    Ejemplo:
        >>> [array.shape for array in weights_of(build_mlp(seed=0))]
        [(2, 8), (8,), (8, 1), (1,)]

    Argumentos:
        seed: fija los pesos iniciales; la misma semilla da los mismos pesos.
        hidden: unidades de la capa oculta, ≥ 1.
        activation: la de la capa oculta, con el nombre que le da Keras.

    Devuelve:
        La red compilada.

    Fuente: https://keras.io/guides/sequential_model/
    """
    keras.utils.set_random_seed(seed)
    layers = [
        keras.Input(shape=(2,)),
        keras.layers.Dense(hidden, activation=activation),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="binary_crossentropy")
    return model


@exercise(2)
def learn_xor(inputs: np.ndarray, labels: np.ndarray, seed: int, attempts: int = 6) -> tuple[keras.Model, list[float]]:
    """Entrená redes de `build_mlp` hasta que una acierte los cuatro puntos; si una se atasca, probá con otra semilla.

    Ejemplo:
        >>> model, losses = learn_xor(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0]), seed=0)
        >>> (predict_probability(model, np.array([[0, 1], [1, 1]])) >= 0.5).tolist()
        [True, False]

    Argumentos:
        inputs: (4, 2), las esquinas del cuadrado, en cualquier orden.
        labels: (4,), 0 o 1.
        seed: del primer intento; los siguientes usan otras que dependan de ella.
        attempts: cuántos intentos como mucho, ≥ 1.

    Devuelve:
        (red, pérdidas): la red que aprendió y su pérdida en cada época (unas 200 alcanzan).
    """
    for attempt in range(attempts):
        model = build_mlp(seed + 1000 * attempt)
        history = model.fit(inputs, labels, epochs=200, batch_size=len(labels), verbose=0)
        if np.array_equal(predict_probability(model, inputs) >= 0.5, labels == 1):
            break
    return model, history.history["loss"]


@exercise(3)
def decision_grid(
    model: keras.Model, x_range: tuple[float, float], y_range: tuple[float, float], steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clasificá cada punto de una grilla de `steps` × `steps`, para dibujar la frontera de decisión.

    Ejemplo:
        >>> upper = model_from_weights([np.array([[0.0], [8.0]]), np.array([-4.0])])     # clase 1: segunda coordenada ≥ 0.5
        >>> grid_x, grid_y, classes = decision_grid(upper, (0.0, 2.0), (0.0, 1.0), steps=3)
        >>> grid_x[0].tolist(), grid_y[:, 0].tolist()
        ([0.0, 1.0, 2.0], [0.0, 0.5, 1.0])
        >>> classes[2].tolist()
        [1, 1, 1]

    Argumentos:
        model: red con dos entradas y una salida sigmoide; se consulta con `predict_probability`.
        x_range: (mínimo, máximo) de la primera coordenada, incluidos.
        y_range: (mínimo, máximo) de la segunda, incluidos.
        steps: puntos por eje, ≥ 2.

    Devuelve:
        (xs, ys, clases), cada una (steps, steps): la fila fija la segunda coordenada y la columna la primera, como en
        `np.meshgrid`; `clases` vale 1 donde la probabilidad es ≥ 0.5 y 0 en el resto.
    """
    grid_x, grid_y = np.meshgrid(np.linspace(*x_range, steps), np.linspace(*y_range, steps))
    points = np.column_stack([grid_x.ravel(), grid_y.ravel()])
    classes = predict_probability(model, points) >= 0.5
    return grid_x, grid_y, classes.astype(int).reshape(grid_x.shape)


@given
@exercise(3)
def plot_boundary(grid_x: np.ndarray, grid_y: np.ndarray, classes: np.ndarray, title: str = "") -> None:
    """Pintá las dos regiones de una grilla clasificada en la figura actual de Matplotlib."""
    import matplotlib.pyplot as plt

    plt.contourf(grid_x, grid_y, classes, levels=[-0.5, 0.5, 1.5], colors=["#0072B2", "#D55E00"], alpha=0.3)
    plt.title(title)
    plt.xlabel("$x_1$")
    plt.ylabel("$x_2$")


@exercise(4)
def backprop_by_hand(x: float, y: float, parameters: dict[str, Any]) -> dict[str, Any]:
    """Calculá, con la regla de la cadena y sin autodiff, el gradiente de la pérdida de un ejemplo.

    Red 1 → 2 → 1: $h = \\sigma(w_1 x + b_1)$, $\\hat y = w_2 \\cdot h + b_2$, $L = (\\hat y - y)^2$; σ es la sigmoide.

    Ejemplo:
        >>> start = {"w1": np.zeros(2), "b1": np.zeros(2), "w2": np.array([1.0, -1.0]), "b2": 0.0}
        >>> gradient = backprop_by_hand(x=2.0, y=1.0, parameters=start)
        >>> gradient["w2"].tolist(), gradient["b2"], gradient["w1"].tolist()
        ([-1.0, -1.0], -2.0, [-1.0, 1.0])

    Argumentos:
        x: la entrada.
        y: el valor verdadero.
        parameters: diccionario con "w1" (2,), "b1" (2,), "w2" (2,) y "b2" (número).

    Devuelve:
        Diccionario con las mismas claves y formas: ∂L/∂w1, ∂L/∂b1, ∂L/∂w2, ∂L/∂b2.

    Fuente: Rumelhart, Hinton y Williams (1986).
    """
    h = sigmoid(parameters["w1"] * x + parameters["b1"])
    predicted = parameters["w2"] @ h + parameters["b2"]
    d_predicted = 2 * (predicted - y)
    d_z = d_predicted * parameters["w2"] * h * (1 - h)
    return {"w1": d_z * x, "b1": d_z, "w2": d_predicted * h, "b2": float(d_predicted)}


@exercise(4)
def gradients_by_jax(x: float, y: float, parameters: dict[str, Any]) -> dict[str, Any]:
    """El mismo gradiente, pero calculado por JAX: escribí solo la pérdida y derivala con `jax.grad`.

    Ejemplo:
        >>> start = {"w1": np.zeros(2), "b1": np.zeros(2), "w2": np.array([1.0, -1.0]), "b2": 0.0}
        >>> gradients_by_jax(x=2.0, y=1.0, parameters=start)["w2"].tolist()
        [-1.0, -1.0]

    Argumentos:
        x, y, parameters: como en `backprop_by_hand`.

    Devuelve:
        Como `backprop_by_hand`, en float32 (la precisión de JAX si no se le pide otra).
    """

    def loss(values: Any) -> Any:
        h = jax.nn.sigmoid(values["w1"] * x + values["b1"])
        return (jnp.dot(values["w2"], h) + values["b2"] - y) ** 2

    return jax.grad(loss)(parameters)


@exercise(5)
def collapse_linear(weights: list[np.ndarray], biases: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Reducí una red de capas lineales, sin activación, a una sola capa que dé lo mismo.

    La capa l hace $x \\mapsto x W_l + b_l$, con un ejemplo por fila.

    Ejemplo:
        >>> W, b = collapse_linear([np.array([[2.0]]), np.array([[3.0]])], [np.array([1.0]), np.array([4.0])])
        >>> W.tolist(), b.tolist()                       # 3·(2x + 1) + 4 = 6x + 7
        ([[6.0]], [7.0])

    Argumentos:
        weights: una matriz por capa, de la entrada a la salida, cada una (entradas, salidas).
        biases: un vector por capa, cada uno (salidas,).

    Devuelve:
        (W (D, K), b (K,)) con D entradas de la primera capa y K salidas de la última.
    """
    collapsed, offset = np.eye(len(weights[0])), np.zeros(len(weights[0]))
    for layer, bias in zip(weights, biases, strict=True):
        collapsed, offset = collapsed @ layer, offset @ layer + bias
    return collapsed, offset


@exercise(5)
def best_linear_accuracy(inputs: np.ndarray, labels: np.ndarray, directions: int = 360) -> float:
    """Buscá la mejor exactitud que puede lograr una recta en el plano, probando muchas.

    Recorré `directions` ángulos entre 0 y π; para cada uno proyectá los puntos sobre (cos θ, sen θ) y probá todos los cortes
    posibles, con la clase 1 a un lado y al otro.

    Ejemplo:
        >>> corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> best_linear_accuracy(corners, np.array([0, 0, 0, 1])), best_linear_accuracy(corners, np.array([0, 1, 1, 0]))
        (1.0, 0.75)

    Argumentos:
        inputs: (N, 2), float.
        labels: (N,), 0 o 1.
        directions: cuántos ángulos, ≥ 1.

    Devuelve:
        La mayor fracción de puntos bien clasificados, entre 0.5 y 1.
    """
    best = 0.0
    for angle in np.arange(directions) * np.pi / directions:
        projected = inputs @ np.array([np.cos(angle), np.sin(angle)])
        for cut in [-np.inf, *projected]:
            hits = float(np.mean((projected > cut) == (labels == 1)))
            best = max(best, hits, 1 - hits)
    return best


@homework
def train_logistic(train: tuple[np.ndarray, np.ndarray], seed: int) -> Any:
    """Entrená una regresión logística sobre las dos coordenadas tal como vienen.

    Argumentos:
        train: (x (N, 2), y (N,)), con y igual a 0 o 1.
        seed: para lo que tu entrenamiento sortee, si sortea algo.

    Devuelve:
        El modelo entrenado: lo que entienda tu `predict_labels`.
    """
    return LogisticRegression(random_state=seed).fit(*train)


@homework
def train_mlp(train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], epochs: int, seed: int) -> Any:
    """Entrená un MLP 2 → 16 → 8 → 1 con ReLU.

    Argumentos:
        train: (x (N, 2), y (N,)), con y igual a 0 o 1.
        validation: (x (M, 2), y (M,)), para mirar la pérdida mientras entrenás.
        epochs: pasadas por los datos de entrenamiento, como mucho.
        seed: fija los pesos iniciales y el orden de los ejemplos.

    Devuelve:
        El modelo entrenado: lo que entienda tu `predict_labels`.
    """
    keras.utils.set_random_seed(seed)
    layers = [
        keras.Input(shape=(2,)),
        keras.layers.Dense(16, activation="relu"),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
    model.fit(*train, epochs=epochs, batch_size=32, validation_data=validation, verbose=0)
    return model


@homework
def predict_labels(model: Any, x: np.ndarray) -> np.ndarray:
    """Predecí la clase de cada punto con cualquiera de tus dos modelos.

    Argumentos:
        model: lo que devolvió `train_logistic` o `train_mlp`.
        x: (N, 2), float.

    Devuelve:
        (N,), enteros 0 o 1.
    """
    if isinstance(model, LogisticRegression):
        return model.predict(x)
    return step(predict_probability(model, x) - 0.5)


def boundary_line(model: LogisticRegression) -> np.ndarray:
    """For the measurements: (w1, w2, b) of a trained logistic regression."""
    return np.append(model.coef_[0], model.intercept_)


def train_many_xor(seed: int, hidden: int, activation: str, networks: int, epochs: int = 200) -> dict[str, np.ndarray]:
    """For the measurements: train many networks of `build_mlp` on XOR at once, from independent initial weights.

    Same layers, loss and optimizer as `learn_xor`, mapped over the initial weights: one compilation instead of one a network.

    Returns:
        losses (networks, epochs); exact (networks,), whether the four points come out right; and the trained arrays.
    """
    inputs = jnp.array([(left, right) for left in (0, 1) for right in (0, 1)], dtype="float32")
    labels = jnp.abs(inputs[:, :1] - inputs[:, 1:])
    model = build_mlp(seed, hidden=hidden, activation=activation)
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    glorot = jax.nn.initializers.glorot_uniform()

    def loss(weights: list[Any]) -> Any:
        predicted, _ = model.stateless_call(weights, [], inputs)
        return jnp.mean(keras.losses.binary_crossentropy(labels, predicted))

    def update(state: tuple[Any, Any], _: None) -> tuple[tuple[Any, Any], Any]:
        weights, memory = state
        value, gradient = jax.value_and_grad(loss)(weights)
        return optimizer.stateless_apply(memory, gradient, weights), value

    def train(key: Any) -> Any:
        first, second = jax.random.split(key)
        weights = [glorot(first, (2, hidden)), jnp.zeros(hidden), glorot(second, (hidden, 1)), jnp.zeros(1)]
        memory = [jnp.asarray(variable.value) for variable in optimizer.variables]
        (weights, _), losses = jax.lax.scan(update, (weights, memory), None, length=epochs)
        predicted, _ = model.stateless_call(weights, [], inputs)
        return losses, jnp.all((predicted >= 0.5) == (labels == 1)), weights

    losses, exact, weights = jax.jit(jax.vmap(train))(jax.random.split(jax.random.key(seed), networks))
    return {"losses": losses, "exact": exact, "w1": weights[0], "b1": weights[1], "w2": weights[2], "b2": weights[3]}
