"""Right answers to the homework, written from its statement alone: five students, five toolboxes.

All train 2 → 16 → 8 → 1 with ReLU on the training part and use the validation part only to choose the epoch that they keep.
What differs is the library, the optimizer, the batch size and what "the model" is: each `predict_labels` knows its own.
"""

import copy
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import keras
import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier

from catedra.authoring import right

SIZES = (2, 16, 8, 1)


@right
class KerasFuncional:
    """API funcional de Keras con corte temprano; la logística es la de scikit-learn."""

    def train_logistic(train, seed):
        x, y = train
        return LogisticRegression(random_state=seed).fit(x, y)

    def train_mlp(train, validation, epochs, seed):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((2,))
        hidden = keras.layers.Dense(16, activation="relu")(inputs)
        hidden = keras.layers.Dense(8, activation="relu")(hidden)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
        model.compile(optimizer=keras.optimizers.Adam(0.01), loss="binary_crossentropy")
        stop = keras.callbacks.EarlyStopping(patience=40, restore_best_weights=True)
        model.fit(*train, validation_data=tuple(validation), epochs=epochs, batch_size=32, callbacks=[stop], verbose=0)
        return model

    def predict_labels(model, x):
        if isinstance(model, LogisticRegression):
            return model.predict(x)
        return (model.predict(x, batch_size=2000, verbose=0).ravel() >= 0.5).astype("int32")


@right
class KerasSubclase:
    """Subclase de keras.Model que da logits y baja el learning rate; la logística es una red de una sola neurona."""

    def train_logistic(train, seed):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(optimizer=keras.optimizers.Adam(0.05), loss=keras.losses.BinaryCrossentropy(from_logits=True))
        model.fit(*train, epochs=60, batch_size=50, verbose=0)
        return model

    def train_mlp(train, validation, epochs, seed):
        class Moons(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = keras.layers.Dense(16, activation="relu", kernel_initializer="he_normal")
                self.second = keras.layers.Dense(8, activation="relu", kernel_initializer="he_normal")
                self.logit = keras.layers.Dense(1)

            def call(self, points):
                return self.logit(self.second(self.first(points)))

        keras.utils.set_random_seed(seed)
        model = Moons()
        steps = epochs * -(-len(train[0]) // 20)
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.02, steps))
        model.compile(optimizer=optimizer, loss=keras.losses.BinaryCrossentropy(from_logits=True))
        model.fit(*train, validation_data=tuple(validation), epochs=epochs, batch_size=20, verbose=0)
        return model

    def predict_labels(model, x):
        logits = model.predict(x, batch_size=1000, verbose=0)
        return [int(logit > 0) for logit in logits[:, 0]]


@right
class NumpyAMano:
    """Todo en NumPy: backpropagation escrita a mano y descenso por gradiente con momento; un modelo es su lista de capas."""

    def train_logistic(train, seed):
        x, y = np.asarray(train[0], float), np.asarray(train[1], float)
        weights, bias = np.zeros((2, 1)), np.zeros(1)
        for _ in range(2000):
            error = _np_sigmoid(x @ weights + bias)[:, 0] - y
            weights = weights - 0.5 * (x.T @ error / len(y))[:, None]
            bias = bias - 0.5 * error.mean()
        return [(weights, bias)]

    def train_mlp(train, validation, epochs, seed):
        x, y = np.asarray(train[0], float), np.asarray(train[1], float)
        rng = np.random.default_rng(seed)
        layers = [(rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)) for n, m in pairwise(SIZES)]
        velocity = [(np.zeros_like(W), np.zeros_like(b)) for W, b in layers]
        best_loss, best = np.inf, layers
        for epoch in range(epochs):
            rate = 0.1 * (1 - epoch / epochs)
            order = rng.permutation(len(y))
            for start in range(0, len(y), 16):
                batch = order[start : start + 16]
                gradient = _np_backward(layers, x[batch], y[batch])
                velocity = [
                    (0.9 * vW - rate * gW, 0.9 * vb - rate * gb) for (vW, vb), (gW, gb) in zip(velocity, gradient, strict=True)
                ]
                layers = [(W + vW, b + vb) for (W, b), (vW, vb) in zip(layers, velocity, strict=True)]
            loss = _np_loss(layers, *validation)
            if loss < best_loss:
                best_loss, best = loss, layers
        return best

    def predict_labels(model, x):
        return (_np_forward(model, np.asarray(x, float))[-1][:, 0] > 0).astype(int)


@right
class JaxAMano:
    """Un bucle propio en JAX: gradientes de jax.grad y Adam escrito con sus dos promedios; un modelo es un diccionario."""

    def train_logistic(train, seed):
        x, y = jnp.asarray(train[0], jnp.float32), jnp.asarray(train[1], jnp.float32)
        parameters = {"W0": jnp.zeros((2, 1)), "b0": jnp.zeros(1)}
        state = _adam_start(parameters)
        for _ in range(500):
            parameters, state = _adam_step(parameters, state, x, y, 0.05)
        return _as_numpy(parameters)

    def train_mlp(train, validation, epochs, seed):
        x, y, val_x, val_y = (np.asarray(array, np.float32) for array in (*train, *validation))
        key = jax.random.key(seed)
        parameters = {}
        for layer, (n, m) in enumerate(pairwise(SIZES)):
            key, drawn = jax.random.split(key)
            parameters[f"W{layer}"] = jax.random.normal(drawn, (n, m)) * jnp.sqrt(2 / n)
            parameters[f"b{layer}"] = jnp.zeros(m)
        state = _adam_start(parameters)
        best_loss, best = float("inf"), parameters
        for epoch in range(epochs):
            order = np.asarray(jax.random.permutation(jax.random.fold_in(key, epoch), len(y)))
            for batch in np.array_split(order, max(1, len(y) // 40)):
                parameters, state = _adam_step(parameters, state, x[batch], y[batch], 0.01)
            loss = float(_jax_loss(parameters, val_x, val_y))
            if loss < best_loss:
                best_loss, best = loss, parameters
        return _as_numpy(best)

    def predict_labels(model, x):
        return np.asarray(_jax_logits(model, jnp.asarray(x, jnp.float32)) > 0, dtype=np.int32)


@right
class ScikitLearn:
    """MLPClassifier de scikit-learn, época por época para quedarse con la mejor en validación; la logística, por SGD."""

    def train_logistic(train, seed):
        return SGDClassifier(loss="log_loss", alpha=1e-3, max_iter=2000, random_state=seed).fit(*train)

    def train_mlp(train, validation, epochs, seed):
        network = MLPClassifier((16, 8), activation="relu", learning_rate_init=0.01, batch_size=40, random_state=seed)
        best_loss, best = np.inf, None
        for _ in range(epochs):
            network.partial_fit(*train, classes=[0, 1])
            truth_probability = network.predict_proba(validation[0])[np.arange(len(validation[1])), validation[1]]
            loss = -np.log(np.maximum(truth_probability, 1e-12)).mean()
            if loss < best_loss:
                best_loss, best = loss, copy.deepcopy(network)
        return best

    def predict_labels(model, x):
        return model.predict(x).tolist()


def _np_sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def _np_forward(layers, x):
    """The activations of each layer, the input first; the last one is the logit."""
    activations = [x]
    for depth, (weights, bias) in enumerate(layers, start=1):
        z = activations[-1] @ weights + bias
        activations.append(z if depth == len(layers) else np.maximum(z, 0))
    return activations


def _np_loss(layers, x, y):
    # log(1 + e^z) − y z is the cross-entropy of a logit, and never takes the logarithm of 0
    logits = _np_forward(layers, np.asarray(x, float))[-1][:, 0]
    return float(np.mean(np.logaddexp(0, logits) - np.asarray(y) * logits))


def _np_backward(layers, x, y):
    activations = _np_forward(layers, x)
    delta = (_np_sigmoid(activations[-1]) - y[:, None]) / len(y)  # ∂L/∂logit
    gradient = []
    for (weights, _), incoming in zip(reversed(layers), reversed(activations[:-1]), strict=True):
        gradient.insert(0, (incoming.T @ delta, delta.sum(axis=0)))
        delta = (delta @ weights.T) * (incoming > 0)  # what reaches the inputs goes unused
    return gradient


def _jax_logits(parameters, x):
    depth = len(parameters) // 2
    for layer in range(depth):
        x = x @ parameters[f"W{layer}"] + parameters[f"b{layer}"]
        x = jax.nn.relu(x) if layer < depth - 1 else x
    return x[:, 0]


@jax.jit
def _jax_loss(parameters, x, y):
    logits = _jax_logits(parameters, x)
    return jnp.mean(jnp.logaddexp(0.0, logits) - y * logits)


def _adam_start(parameters):
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    return zeros, zeros, 0


@partial(jax.jit, static_argnames="rate")
def _adam_step(parameters, state, x, y, rate):
    mean, square, step = state
    gradient = jax.grad(_jax_loss)(parameters, x, y)
    step = step + 1
    mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, square, gradient)

    def move(value, m, v):
        return value - rate * (m / (1 - 0.9**step)) / (jnp.sqrt(v / (1 - 0.999**step)) + 1e-8)

    return jax.tree.map(move, parameters, mean, square), (mean, square, step)


def _as_numpy(parameters):
    return {name: np.asarray(value) for name, value in parameters.items()}
