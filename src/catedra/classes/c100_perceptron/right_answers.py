"""Respuestas correctas a la tarea escritas a partir del enunciado, sin mirar la solución: otros optimizadores y otras bibliotecas."""

import keras
import numpy as np
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from catedra.authoring import right


def _labels(model, x):
    """Labels of a scikit-learn classifier or of a Keras network with one sigmoid output."""
    if hasattr(model, "classes_"):
        return model.predict(x)
    return (model.predict(x, verbose=0, batch_size=2000).ravel() > 0.5).astype(int)


@right
class FunctionalRmsprop:
    """API funcional de Keras, RMSprop con learning rate 0,01 y batches de 16; la logística, una red de una neurona."""

    def train_logistic(train, seed):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile(optimizer=keras.optimizers.RMSprop(0.02), loss="binary_crossentropy")
        model.fit(*train, epochs=60, batch_size=20, verbose=0)
        return model

    def train_mlp(train, validation, epochs, seed):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((2,))
        hidden = keras.layers.Dense(16, activation="relu")(inputs)
        hidden = keras.layers.Dense(8, activation="relu")(hidden)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
        model.compile(optimizer=keras.optimizers.RMSprop(0.01), loss="binary_crossentropy")
        model.fit(*train, validation_data=validation, epochs=epochs, batch_size=16, verbose=0)
        return model

    def predict_labels(model, x):
        return _labels(model, x)


@right
class ScikitLearn:
    """MLPClassifier y LogisticRegression de scikit-learn, con las entradas estandarizadas."""

    def train_logistic(train, seed):
        return make_pipeline(StandardScaler(), LogisticRegression()).fit(*train)

    def train_mlp(train, validation, epochs, seed):
        network = MLPClassifier(
            (16, 8), learning_rate_init=0.01, batch_size=20, max_iter=epochs, n_iter_no_change=epochs, random_state=seed
        )
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns that it used every epoch, which is what was asked
            return make_pipeline(StandardScaler(), network).fit(*train)

    def predict_labels(model, x):
        return _labels(model, x)


@right
class TwoSoftmaxOutputs:
    """Dos salidas con softmax en vez de una sigmoide, Nadam, y la mejor época según validación."""

    def train_logistic(train, seed):
        return SGDClassifier(loss="log_loss", alpha=1e-3, max_iter=2000, random_state=seed).fit(*train)

    def train_mlp(train, validation, epochs, seed):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [keras.Input((2,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, "softmax")]
        )
        model.compile(optimizer=keras.optimizers.Nadam(0.01), loss="sparse_categorical_crossentropy")
        best = keras.callbacks.EarlyStopping(patience=epochs, restore_best_weights=True)
        model.fit(*train, validation_data=validation, epochs=epochs, batch_size=25, callbacks=[best], verbose=0)
        return model

    def predict_labels(model, x):
        if hasattr(model, "classes_"):
            return model.predict(x)
        return np.argmax(model.predict(x, verbose=0, batch_size=2000), axis=-1)


@right
class NumpyByHand:
    """Sin ninguna biblioteca de redes: backpropagation escrita en NumPy, descenso con momento, una época tras otra."""

    def train_logistic(train, seed):
        x, y = np.column_stack([train[0], np.ones(len(train[0]))]), train[1]
        w = np.zeros(3)
        for _ in range(3000):
            w -= 0.5 * x.T @ (1 / (1 + np.exp(-x @ w)) - y) / len(y)
        return [(w[:2, None], w[2:])]

    def train_mlp(train, validation, epochs, seed):
        rng = np.random.default_rng(seed)
        x, y = train[0], train[1][:, None]
        sizes = ((2, 16), (16, 8), (8, 1))
        layers = [(rng.normal(0, np.sqrt(2 / n), (n, m)), np.zeros(m)) for n, m in sizes]
        speed = [[np.zeros_like(w), np.zeros_like(b)] for w, b in layers]
        for epoch in range(epochs):
            rate = 0.1 * (1 - epoch / epochs)
            order = rng.permutation(len(x))
            for start in range(0, len(x), 10):
                rows = order[start : start + 10]
                outputs = [x[rows]]
                for w, b in layers[:-1]:
                    outputs.append(np.maximum(outputs[-1] @ w + b, 0))
                w, b = layers[-1]
                delta = (1 / (1 + np.exp(-(outputs[-1] @ w + b))) - y[rows]) / len(rows)
                for n in reversed(range(3)):
                    w, b = layers[n]
                    gradients = outputs[n].T @ delta, delta.sum(axis=0)
                    delta = (delta @ w.T) * (outputs[n] > 0)
                    for k, gradient in enumerate(gradients):
                        speed[n][k] = 0.9 * speed[n][k] - rate * gradient
                    layers[n] = (w + speed[n][0], b + speed[n][1])
        return layers

    def predict_labels(model, x):
        for w, b in model[:-1]:
            x = np.maximum(x @ w + b, 0)
        w, b = model[-1]
        return (x @ w + b > 0).astype(int)[:, 0]
