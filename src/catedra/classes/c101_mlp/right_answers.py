"""Respuestas correctas a la tarea, cada una con otra receta que la solución: otros batches, otros optimizadores, otra API."""

import keras
import numpy as np

from catedra.authoring import right


@right
class PlainAdam:
    """Adam por defecto y batches de 128, con los píxeles divididos por 255 fuera de la red."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((784,)),
                keras.layers.Dense(300, activation="relu"),
                keras.layers.Dense(100, activation="relu"),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        x, y = (part[0].reshape(-1, 784) / np.float32(255) for part in (train, validation))
        stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
        model.fit(x, train[1], validation_data=(y, validation[1]), epochs=epochs, batch_size=128, callbacks=[stop], verbose=0)
        return model

    def predict_labels(model, images):
        return model.predict(images.reshape(-1, 784) / np.float32(255), batch_size=1000, verbose=0).argmax(axis=1)


@right
class HeavyBallAndOneHot:
    """Descenso con momento de Nesterov, etiquetas one-hot y el learning rate a la décima parte en las últimas épocas."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        inputs = keras.Input((28, 28))
        hidden = keras.layers.Flatten()(keras.layers.Rescaling(1 / 127.5, offset=-1)(inputs))
        for units in (300, 100):
            hidden = keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")(hidden)
        model = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(hidden))
        model.compile(optimizer=keras.optimizers.SGD(0.03, momentum=0.9, nesterov=True), loss="categorical_crossentropy")
        late = max(1, round(epochs * 0.6))
        model.fit(
            train[0], keras.utils.to_categorical(train[1], 10), epochs=epochs, batch_size=100, verbose=0,
            validation_data=(validation[0], keras.utils.to_categorical(validation[1], 10)),
            callbacks=[
                keras.callbacks.LearningRateScheduler(lambda epoch: 0.03 if epoch < late else 0.003),
                keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True),
            ],
        )  # fmt: skip
        return model

    def predict_labels(model, images):
        return [int(label) for label in np.argmax(model.predict(images, batch_size=1000, verbose=0), axis=-1)]


@right
class LogitsAndAdamw:
    """Salida sin activación con `from_logits=True`, AdamW con learning rate que baja en coseno, y las etiquetas por el logit mayor."""

    def train_classifier(train, validation, epochs=5, seed=0):
        keras.utils.set_random_seed(seed)
        steps = epochs * -(-len(train[0]) // 125)
        rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
        model = keras.Sequential(
            [keras.Input((28, 28)), keras.layers.Flatten(), keras.layers.Rescaling(1 / 255)]
            + [keras.layers.Dense(units, activation="relu") for units in (300, 100)]
            + [keras.layers.Dense(10)]
        )
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3), loss=loss)
        best = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
        model.fit(*train, validation_data=validation, epochs=epochs, batch_size=125, callbacks=[best], verbose=0)
        return model

    def predict_labels(model, images):
        return np.argmax(model.predict(images, batch_size=1000, verbose=0), axis=1)
