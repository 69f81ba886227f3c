"""Right answers to the homework, written from its statement alone: four students, four ways to train [300, 100].

All scale the pixels, train with Adam on the training part and keep the weights of the best validation epoch. What differs is
the API of Keras, where the pixels are scaled, the batch size, the learning rate and how the best epoch is kept.
"""

import tempfile
from collections import Counter
from itertools import combinations
from pathlib import Path

import jax
import keras
import numpy as np
from keras import layers
from sklearn.metrics import confusion_matrix

from catedra.authoring import right


@right
class SecuencialConArchivo:
    """Sequential que escala adentro y batches de 128; devuelve el best.keras que dejó ModelCheckpoint."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((28, 28)),
                layers.Rescaling(1 / 255),
                layers.Flatten(),
                layers.Dense(300, activation="relu"),
                layers.Dense(100, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "best.keras")
            callbacks = [
                keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True),
                keras.callbacks.ModelCheckpoint(path, save_best_only=True),
            ]
            model.fit(*train, validation_data=tuple(validation), epochs=epochs, batch_size=128, callbacks=callbacks, verbose=0)
            return keras.models.load_model(path)

    def predict_labels(model, images):
        return model.predict(images, batch_size=500, verbose=0).argmax(axis=1)

    def confusion(predicted, truth):
        matrix = np.zeros((10, 10), dtype=int)
        np.add.at(matrix, (np.asarray(truth), np.asarray(predicted)), 1)
        return matrix

    def most_confused(matrix):
        both = np.triu(matrix + matrix.T, k=1)
        row, column = np.unravel_index(both.argmax(), both.shape)
        return int(row), int(column)


@right
class FuncionalConDecaimiento:
    """API funcional, píxeles escalados afuera y learning rate que baja; elige la época por exactitud de validación."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((784,))
        hidden = layers.Dense(300, activation="relu", kernel_initializer="he_normal")(inputs)
        hidden = layers.Dense(100, activation="relu", kernel_initializer="he_normal")(hidden)
        model = keras.Model(inputs, layers.Dense(10, activation="softmax")(hidden))
        steps = epochs * -(-len(train[0]) // 64)
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, steps))
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "best.weights.h5")
            callbacks = [
                keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=5),
                keras.callbacks.ModelCheckpoint(
                    path, monitor="val_accuracy", mode="max", save_best_only=True, save_weights_only=True
                ),
            ]
            model.fit(
                _flat(train[0]),
                train[1],
                validation_data=(_flat(validation[0]), validation[1]),
                epochs=epochs,
                batch_size=64,
                callbacks=callbacks,
                verbose=0,
            )
            model.load_weights(path)
        return model

    def predict_labels(model, images):
        return np.argmax(model.predict(_flat(images), batch_size=1000, verbose=0), axis=-1).astype("int32")

    def confusion(predicted, truth):
        return confusion_matrix(truth, predicted, labels=range(10))

    def most_confused(matrix):
        return max(combinations(range(10), 2), key=lambda pair: matrix[pair[0]][pair[1]] + matrix[pair[1]][pair[0]])


@right
class SubclasePorBatchesGrandes:
    """Subclase de keras.Model con batches de 256 y learning rate 0,002; las etiquetas salen como lista."""

    def train_classifier(train, validation, epochs=5, seed=0):
        class Garments(keras.Model):
            def __init__(self):
                super().__init__()
                self.flatten = layers.Flatten()
                self.first = layers.Dense(300, activation="relu")
                self.second = layers.Dense(100, activation="relu")
                self.probability = layers.Dense(10, activation="softmax")

            def call(self, images):
                pixels = keras.ops.cast(images, "float32") / 255.0
                return self.probability(self.second(self.first(self.flatten(pixels))))

        keras.utils.set_random_seed(seed)
        model = Garments()
        model.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        with tempfile.TemporaryDirectory() as folder:
            path = str(Path(folder) / "best.weights.h5")
            callbacks = [
                keras.callbacks.EarlyStopping(patience=5),
                keras.callbacks.ModelCheckpoint(path, save_best_only=True, save_weights_only=True),
            ]
            model.fit(*train, batch_size=256, epochs=epochs, validation_data=tuple(validation), callbacks=callbacks, verbose=0)
            model.load_weights(path)
        return model

    def predict_labels(model, images):
        labels = []
        for start in range(0, len(images), 1000):
            probabilities = keras.ops.convert_to_numpy(model(images[start : start + 1000]))
            labels += probabilities.argmax(axis=1).tolist()
        return labels

    def confusion(predicted, truth):
        matrix = [[0] * 10 for _ in range(10)]
        for guess, label in zip(predicted, truth, strict=True):
            matrix[int(label)][int(guess)] += 1
        return matrix

    def most_confused(matrix):
        pairs = Counter()
        for row in range(10):
            for column in range(10):
                if row != column:
                    pairs[min(row, column), max(row, column)] += int(matrix[row][column])
        return pairs.most_common(1)[0][0]


@right
class BucleEnJax:
    """Bucle de entrenamiento propio con jax.value_and_grad; guarda a mano los pesos de la mejor época y también corta a las 5."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((784,)),
                layers.Dense(300, activation="relu"),
                layers.Dense(100, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)

        def loss(weights, pixels, labels):
            probabilities, _ = model.stateless_call(weights, [], pixels)
            return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, probabilities))

        @jax.jit
        def step(weights, state, pixels, labels):
            _, gradient = jax.value_and_grad(loss)(weights, pixels, labels)
            return optimizer.stateless_apply(state, gradient, weights)

        measure = jax.jit(loss)
        pixels, labels = _flat(train[0]), np.asarray(train[1], np.int32)
        held_pixels, held_labels = _flat(validation[0]), np.asarray(validation[1], np.int32)
        weights = [variable.value for variable in model.trainable_variables]
        state = [variable.value for variable in optimizer.variables]
        rng = np.random.default_rng(seed)
        best_loss, best, waited = np.inf, weights, 0
        for _ in range(epochs):
            order = rng.permutation(len(labels))
            for batch in np.array_split(order, -(-len(labels) // 100)):
                weights, state = step(weights, state, pixels[batch], labels[batch])
            held_loss = float(measure(weights, held_pixels, held_labels))
            if held_loss < best_loss:
                best_loss, best, waited = held_loss, weights, 0
            else:
                waited += 1
                if waited == 5:
                    break
        model.set_weights([np.asarray(value) for value in best])
        return model

    def predict_labels(model, images):
        return keras.ops.convert_to_numpy(keras.ops.argmax(model(_flat(images)), axis=-1))

    def confusion(predicted, truth):
        return np.bincount(10 * np.asarray(truth) + np.asarray(predicted), minlength=100).reshape(10, 10)

    def most_confused(matrix):
        both = np.array(matrix + matrix.T)
        np.fill_diagonal(both, -1)
        first, second = divmod(int(np.argmax(both)), 10)
        return (min(first, second), max(first, second))


def _flat(images):
    return np.reshape(images, (len(images), 784)).astype("float32") / 255
