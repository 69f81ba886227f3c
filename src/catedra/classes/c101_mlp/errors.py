"""Los cinco errores comunes de la clase, cada uno con el programa más chico que lo muestra y el mismo programa arreglado."""

import keras
import numpy as np
from keras import layers

from catedra.authoring import common_error


def _four_classes():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 20)).astype("float32")
    return x, (x[:, :4] @ rng.normal(size=(4, 4))).argmax(axis=1)


def _network(loss):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((20,)), layers.Dense(32, activation="relu"), layers.Dense(4, activation="softmax")])
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


def _outcome_of_fit(loss, labels):
    """What `fit` says: the exception's type and text, or the last loss."""
    x, _ = _four_classes()
    try:
        return {"error": "", "loss": _network(loss).fit(x, labels, epochs=3, verbose=0).history["loss"][-1]}
    except ValueError as error:
        return {"error": f"ValueError: {error}", "loss": None}


def _losses_of_regression(normalize):
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.uniform(0.5, 15, 512), rng.uniform(2, 35_000, 512)]).astype("float32")
    y = (0.4 * x[:, 0] + rng.normal(0, 0.3, 512)).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,))])
    if normalize:
        normalization = layers.Normalization()
        normalization.adapt(x)
        model.add(normalization)
    for units in (16, 16, 1):
        model.add(layers.Dense(units, activation="relu" if units > 1 else None))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    return {"loss": model.fit(x, y, epochs=3, verbose=0).history["loss"]}


def _evaluation(fit):
    x, y = _four_classes()
    model = _network("sparse_categorical_crossentropy")
    if fit:
        model.fit(x, y, epochs=60, verbose=0)
    loss, hits = model.evaluate(x, y, verbose=0)
    return {"loss": float(loss), "accuracy": float(hits)}


def _reported_accuracy(part):
    # Two hundred 'models' that guess: none of them knows anything, and the best one on 100 examples looks as if it did.
    rng = np.random.default_rng(0)
    validation, test = rng.integers(0, 2, 100), rng.integers(0, 2, 100_000)
    guesses = [np.random.default_rng([1, model]) for model in range(200)]
    scores = [float(np.mean(guess.integers(0, 2, 100) == validation)) for guess in guesses]
    best = int(np.argmax(scores))
    truth = float(np.mean(guesses[best].integers(0, 2, 100_000) == test))
    return {"reported": scores[best] if part == "validation" else truth, "on_new_examples": 0.5}


@common_error(
    "perdida-nan",
    title="La pérdida se vuelve enorme o NaN en la primera época",
    symptom="`loss: nan` (o un número con treinta cifras) desde la primera época; con Adam, a veces solo una pérdida de millones que "
    "baja despacio.",
    cause="El gradiente de una capa densa es proporcional a su entrada: con una columna que vale 30.000, un paso con learning rate 0,1 "
    "mueve el peso miles de veces más de lo que hacía falta, y la siguiente predicción es peor todavía. Cada paso multiplica el error.",
    fix="Poné una capa `Normalization` adaptada con el entrenamiento (o `Rescaling(1/255)` en imágenes) y recién después tocá el "
    "learning rate.",
    verify="Imprimí `x.mean(axis=0)` y `x.std(axis=0)` de lo que entra a la primera densa: alrededor de 0 y de 1. La pérdida de la "
    "primera época tiene que ser del orden de la varianza del objetivo.",
)
class NanLoss:
    def bug():
        return _losses_of_regression(normalize=False)

    def fixed():
        return _losses_of_regression(normalize=True)

    def seen(observed):
        return not np.isfinite(observed["loss"][-1])


@common_error(
    "softmax-con-binaria",
    title="Softmax de varias clases con `binary_crossentropy`",
    symptom="Con etiquetas enteras, `fit` se corta: «Arguments `target` and `output` must have the same shape». Con etiquetas one-hot no "
    "se queja nadie: entrena, y la pérdida que muestra no se puede comparar con ln K.",
    cause="`binary_crossentropy` trata a cada salida como una pregunta de sí o no independiente y pide una etiqueta por salida. Softmax "
    "hace lo contrario: las salidas compiten por una sola unidad de probabilidad.",
    fix="Una etiqueta entre K clases: softmax de K con `sparse_categorical_crossentropy` (etiquetas enteras) o "
    "`categorical_crossentropy` (one-hot). Varias etiquetas a la vez: sigmoide con `binary_crossentropy`.",
    verify="La pérdida antes de entrenar tiene que rondar ln K: 1,39 con cuatro clases. Con la binaria promediada sobre cuatro salidas "
    "da otra cosa.",
)
class SoftmaxWithBinary:
    def bug():
        return _outcome_of_fit("binary_crossentropy", _four_classes()[1])

    def fixed():
        return _outcome_of_fit("sparse_categorical_crossentropy", _four_classes()[1])

    def seen(observed):
        return "must have the same shape" in observed["error"]


@common_error(
    "categorica-con-enteros",
    title="`categorical_crossentropy` con etiquetas enteras",
    symptom="ValueError al primer batch: se recibió `target.shape=(32,)` y `output.shape=(32, 10)`.",
    cause="`categorical_crossentropy` compara dos distribuciones y espera que la etiqueta también lo sea: un vector one-hot "
    "de K números. Un entero suelto tiene una dimensión menos.",
    fix='Cambiá la pérdida a `"sparse_categorical_crossentropy"`. Convertir las etiquetas con `keras.utils.to_categorical` también sirve, '
    "y ocupa K veces más.",
    verify="Mirá `y.shape` y `y.dtype`: (N,) entero va con la *sparse*; (N, K), con la otra.",
)
class CategoricalWithIntegers:
    def bug():
        return _outcome_of_fit("categorical_crossentropy", _four_classes()[1])

    def fixed():
        return _outcome_of_fit("categorical_crossentropy", keras.utils.to_categorical(_four_classes()[1], 4))

    def seen(observed):
        return "must have the same shape" in observed["error"]


@common_error(
    "sin-entrenar",
    title="Exactitud de 0,10 en diez clases: la red no entrenó",
    symptom="`evaluate` da una exactitud cercana a 1/K (0,10 en Fashion-MNIST) y una pérdida cercana a ln K (2,30), o un poco mayor.",
    cause="Los pesos son los del sorteo inicial: se llamó a `compile` y a `evaluate`, pero no a `fit`; o se entrenó una variable y "
    "se evaluó otra, como cuando la celda que arma el modelo se vuelve a ejecutar después de entrenar.",
    fix="Ejecutá `model.fit(...)` después de la última vez que armaste el modelo, y evaluá esa misma variable.",
    verify="Guardá `model.get_weights()[0]` antes de `fit`: después tiene que ser otro.",
)
class NotTrained:
    def bug():
        return _evaluation(fit=False)

    def fixed():
        return _evaluation(fit=True)

    def seen(observed):
        return observed["loss"] > np.log(4) * 0.95 and observed["accuracy"] < 0.5


@common_error(
    "validacion-como-test",
    title="Informar la exactitud de validación como resultado final",
    symptom="Nada falla. El número que se informa es mejor que el que ven los usuarios, y más cuanto más configuraciones se probaron.",
    cause="Si elegís la mejor de muchas redes por su exactitud de validación, elegís en parte a la que tuvo suerte con esos ejemplos. La "
    "validación ya se usó para decidir: dejó de ser un examen.",
    fix="Separá una parte de prueba al principio, decidí todo con validación y mirá la prueba una sola vez, al final.",
    verify="Repetí la elección con etiquetas mezcladas al azar: la exactitud informada tiene que quedar en el azar. Si queda por encima, "
    "estás informando suerte.",
    unobservable="Mezclar las etiquetas y repetir toda la búsqueda lo prueba, pero ningún programa suelto muestra cuántas veces se miró "
    "la validación.",
)
class ValidationAsTest:
    def bug():
        return _reported_accuracy("validation")

    def fixed():
        return _reported_accuracy("test")

    def seen(observed):
        return observed["reported"] > observed["on_new_examples"] + 0.05
