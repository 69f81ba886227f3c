"""Respuestas incorrectas que se dan de verdad en esta clase, con lo que cada una tiene que leer."""

import keras
import numpy as np
from keras import layers

from catedra.authoring import HOMEWORK, wrong
from catedra.classes.c101_mlp.solution import predict


def _classifier(seed, hidden, *, rescale=1 / 255, activation="relu", output="softmax"):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((28, 28)), layers.Rescaling(rescale), layers.Flatten()])
    for units in hidden:
        model.add(layers.Dense(units, activation=activation))
    model.add(layers.Dense(10, activation=output))
    return model


def _regressor(train, epochs, seed, *, adapt_with, output=None, sizes=(64, 32)):
    keras.utils.set_random_seed(seed)
    normalization = layers.Normalization()
    if adapt_with is not None:
        normalization.adapt(adapt_with)
    else:
        normalization.build(train[0].shape)
    model = keras.Sequential([keras.Input(train[0].shape[1:]), normalization])
    for units in sizes:
        model.add(layers.Dense(units, activation="relu"))
    model.add(layers.Dense(1, activation=output))
    model.compile(optimizer="adam", loss="mse")
    model.fit(*train, epochs=epochs, verbose=0)
    return model


@wrong(1, says="armó una tabla (N, N)")
class ColumnMinusRow:
    """Resta (N, 1) menos (N,) y promedia una tabla (N, N)."""

    def mean_absolute_error(predicted, target):
        return float(np.mean(np.abs(predicted - target)))


@wrong(1, says="Las predicciones están acotadas")
class SigmoidRegression:
    """Deja la sigmoide de clasificar en la salida de una regresión."""

    def train_regressor(train, validation, epochs=20, seed=0, normalize=True):
        return _regressor(train, epochs, seed, adapt_with=train[0], output="sigmoid")


@wrong(1, says="incluye la validación")
class AdaptedWithEverything:
    """Calcula las estadísticas con entrenamiento y validación juntos."""

    def train_regressor(train, validation, epochs=20, seed=0, normalize=True):
        return _regressor(train, epochs, seed, adapt_with=np.concatenate([train[0], validation[0]]))


@wrong(1, says="64, 32 y una neurona")
class SmallerNetwork:
    """Arma otra red que la pedida."""

    def train_regressor(train, validation, epochs=20, seed=0, normalize=True):
        return _regressor(train, epochs, seed, adapt_with=train[0], sizes=(32, 16))


@wrong(2, says="falta el término de los ceros")
class OnlyTheOnes:
    """Suma solo y log p: los ejemplos de la clase 0 no cuestan nada."""

    def binary_cross_entropy(probability, label):
        p = np.clip(probability, 1e-7, 1 - 1e-7)
        return float(-np.mean(label * np.log(p)))


@wrong(2, says="etiquetas ya redondeadas")
class AucOfLabels:
    """Calcula el AUC después de redondear las probabilidades."""

    def accuracy_and_auc(probability, label):
        rounded = (probability >= 0.5).astype(float)
        gaps = rounded[label == 1][:, None] - rounded[label == 0][None, :]
        return float(np.mean(rounded == label)), float(np.mean(gaps > 0) + np.mean(gaps == 0) / 2)


@wrong(2, says="softmax de una sola neurona vale siempre 1")
class OneUnitSoftmax:
    """Usa softmax con una sola neurona de salida."""

    def train_binary(train, validation, epochs=40, seed=0):
        keras.utils.set_random_seed(seed)
        normalization = layers.Normalization()
        normalization.adapt(train[0])
        hidden = [layers.Dense(32, activation="relu"), layers.Dense(16, activation="relu")]
        model = keras.Sequential([keras.Input(train[0].shape[1:]), normalization, *hidden, layers.Dense(1, activation="softmax")])
        model.compile(optimizer="adam", loss="binary_crossentropy")
        model.fit(*train, epochs=epochs, verbose=0)
        return model


@wrong(2, says="recortá las probabilidades")
class NoClip:
    """No recorta: una probabilidad exactamente 0 da infinito."""

    def binary_cross_entropy(probability, label):
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(-np.mean(np.where(label == 1, np.log(probability), np.log(1 - probability))))


@wrong(3, says="por columna (axis=0)")
class SoftmaxByColumn:
    """Normaliza sobre las imágenes en vez de sobre las clases."""

    def softmax(logits):
        exponentials = np.exp(logits - logits.max(axis=0, keepdims=True))
        return exponentials / exponentials.sum(axis=0, keepdims=True)


@wrong(3, says="desborda con logits de 1000")
class SoftmaxOverflows:
    """Exponencia sin restar el máximo."""

    def softmax(logits):
        with np.errstate(over="ignore", invalid="ignore"):
            return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


@wrong(3, says="no pases por la probabilidad")
class LogOfProbability:
    """Calcula el logaritmo de una probabilidad que ya se redondeó a 0."""

    def cross_entropy(logits, labels):
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        p = exponentials / exponentials.sum(axis=1, keepdims=True)
        with np.errstate(divide="ignore"):
            return float(-np.mean(np.log(p[np.arange(len(labels)), labels])))


@wrong(3, says="dividiste los píxeles por 255")
class RawPixels:
    """No escala los píxeles."""

    def build_classifier(seed=0):
        model = _classifier(seed, (256, 128), rescale=1.0)
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        return model


@wrong(4, says="contaste desde 0")
class ZeroBased:
    """Devuelve el índice y no el número de época."""

    def overfitting_epoch(history):
        return int(np.nanargmin(history["val_loss"]))


@wrong(4, says="miraste la pérdida de entrenamiento")
class TrainingCurve:
    """Busca el mínimo en la curva que siempre baja."""

    def overfitting_epoch(history):
        return int(np.nanargmin(history["loss"])) + 1


@wrong(4, says="Un NaN no puede ser la mejor época")
class NanWins:
    """Con un NaN, `argmin` devuelve la posición del NaN."""

    def overfitting_epoch(history):
        return int(np.argmin(history["val_loss"])) + 1


@wrong(4, says="Diagnóstico equivocado")
class GapIsOverfitting:
    """Llama sobreajuste a cualquier distancia entre las dos curvas."""

    def diagnose(history, tolerance=0.05):
        if not np.isfinite(history["loss"] + history["val_loss"]).all():
            return "diverge"
        return "sobreajuste" if history["val_loss"][-1] > history["loss"][-1] * (1 + tolerance) else "estable"


@wrong(5, says="falta `restore_best_weights=True`")
class LastWeights:
    """Corta a tiempo pero se queda con los pesos de la última época."""

    def train_with_early_stopping(train, validation, epochs=100, patience=5, seed=0):
        model = _classifier(seed, (256, 128))
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience)
        record = model.fit(*train, validation_data=validation, epochs=epochs, callbacks=[stopping], verbose=0)
        return model, record.history


@wrong(5, says="no cortó")
class WatchesTraining:
    """Vigila la pérdida de entrenamiento, que no deja de bajar."""

    def train_with_early_stopping(train, validation, epochs=100, patience=5, seed=0):
        model = _classifier(seed, (256, 128))
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        stopping = keras.callbacks.EarlyStopping(monitor="loss", patience=patience, restore_best_weights=True)
        record = model.fit(*train, validation_data=validation, epochs=epochs, callbacks=[stopping], verbose=0)
        return model, record.history


@wrong(5, says="esperaste una época de más")
class OneEpochLate:
    """Compara la espera con > en vez de ≥."""

    def simulate_early_stopping(val_losses, patience):
        best = 0
        for epoch, loss in enumerate(val_losses):
            if loss < val_losses[best]:
                best = epoch
            if epoch - best > patience:
                return epoch + 1, best + 1
        return len(val_losses), best + 1


@wrong(5, says="Igualar la mejor pérdida no es mejorarla")
class TiesCount:
    """Cuenta un empate como mejora."""

    def simulate_early_stopping(val_losses, patience):
        best = 0
        for epoch, loss in enumerate(val_losses):
            if loss <= val_losses[best]:
                best = epoch
            if epoch - best >= patience:
                return epoch + 1, best + 1
        return len(val_losses), best + 1


def _fit(model, train, validation, epochs, seed, *, rate=1e-3, batch_size=256):
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy")
    model.fit(*train, epochs=epochs, batch_size=batch_size, verbose=0)
    return model


@wrong(HOMEWORK, says="Mirá las curvas", caught_by="exactitud en test")
class NoHiddenLayer:
    """Sin capas ocultas: una regresión logística de diez clases."""

    def train_classifier(train, validation, epochs=5, seed=0):
        return _fit(_classifier(seed, ()), train, validation, epochs, seed)


@wrong(HOMEWORK, says="Mirá las curvas", caught_by="exactitud en test")
class OneStepAnEpoch:
    """Usa todo el conjunto como un solo batch: cada época es un solo paso."""

    def train_classifier(train, validation, epochs=5, seed=0):
        return _fit(_classifier(seed, (300, 100)), train, validation, epochs, seed, batch_size=len(train[0]))


@wrong(HOMEWORK, says="Mirá las curvas", caught_by="exactitud en test")
class RateTooHigh:
    """Learning rate de 0,1 con píxeles sin escalar: la red muere en el primer batch."""

    def train_classifier(train, validation, epochs=5, seed=0):
        return _fit(_classifier(seed, (300, 100), rescale=1.0), train, validation, epochs, seed, rate=0.1)


@wrong(HOMEWORK, says="Mirá las curvas", caught_by="exactitud en test")
class Untrained:
    """Compila y se olvida de llamar a `fit`."""

    def train_classifier(train, validation, epochs=5, seed=0):
        model = _classifier(seed, (300, 100))
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        return model


@wrong(HOMEWORK, says="Mirá las curvas", caught_by="exactitud en test")
class TrainedOnValidation:
    """Confunde las partes y entrena con las 10.000 de validación, una sola época."""

    def train_classifier(train, validation, epochs=5, seed=0):
        return _fit(_classifier(seed, (300, 100)), validation, train, 1, seed)


@wrong(HOMEWORK, says="falta `argmax`", caught_by="exactitud en test")
class ProbabilitiesAsLabels:
    """Devuelve las diez probabilidades en vez de la etiqueta."""

    def predict_labels(model, images):
        return predict(model, images)


@wrong(HOMEWORK, says="no coincide con la nuestra", caught_by="matriz de confusión")
class TransposedMatrix:
    """Pone lo predicho en las filas."""

    def confusion(predicted, truth):
        counts = np.zeros((10, 10), dtype=int)
        np.add.at(counts, (predicted, truth), 1)
        return counts


@wrong(HOMEWORK, says="son proporciones por fila", caught_by="matriz de confusión")
class RowProportions:
    """Devuelve proporciones en vez de cuentas."""

    def confusion(predicted, truth):
        counts = np.zeros((10, 10))
        np.add.at(counts, (truth, predicted), 1)
        return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@wrong(HOMEWORK, says="Fila: la prenda verdadera", caught_by="matriz de confusión")
class LargestCell:
    """Busca la celda más grande de la tabla, en un solo sentido."""

    def most_confused(matrix):
        off = matrix - np.diag(np.diag(matrix))
        first, second = np.unravel_index(off.argmax(), off.shape)
        return int(first), int(second)
