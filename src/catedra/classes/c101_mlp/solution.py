"""Reference answers: three pairs of output and loss, training curves, early stopping, Fashion-MNIST end to end.

Notable: the preprocessing (Normalization, Rescaling) lives inside the model, so nobody can forget it when predicting. The
homework trains with a one-cycle learning rate; bench/time_to_accuracy_101.py measures what that is worth.
Not covered: convolutions, regularisation and the search for hyperparameters, which have their own classes.
"""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from catedra.authoring import exercise, given, homework


@given
def predict(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Devuelve la salida cruda del modelo, como arreglo de NumPy.

    Argumentos:
        model: cualquier modelo de Keras.
        x: (N, …), las entradas que espera ese modelo.

    Devuelve:
        (N, salidas).
    """
    return np.asarray(model.predict(x, batch_size=1000, verbose=0))


@given
def layer_sizes(model: keras.Model) -> list[int]:
    """Devuelve cuántas neuronas tiene cada capa densa, de la entrada a la salida."""
    return [layer.units for layer in model.layers if isinstance(layer, layers.Dense)]


@given
def normalization_statistics(model: keras.Model) -> tuple[np.ndarray, np.ndarray] | None:
    """Devuelve la media y la varianza que guarda la capa `Normalization`, o None si el modelo no tiene una."""
    for layer in model.layers:
        if isinstance(layer, layers.Normalization):
            return np.ravel(np.asarray(layer.mean)), np.ravel(np.asarray(layer.variance))
    return None


@exercise(1)
def mean_absolute_error(predicted: np.ndarray, target: np.ndarray) -> float:
    """Calculá el error absoluto medio de una regresión.

    $\\text{MAE} = \\frac{1}{N} \\sum_i |\\hat y_i - y_i|$

    Ejemplo:
        >>> mean_absolute_error(np.array([[1.0], [4.0]]), np.array([2.0, 2.0]))
        1.5

    Argumentos:
        predicted: (N, 1), como sale de una red de una neurona, o (N,).
        target: (N,).

    Devuelve:
        Un número, en la unidad del objetivo. Ojo con restar (N, 1) menos (N,): NumPy no se queja.
    """
    return float(np.mean(np.abs(np.ravel(predicted) - np.ravel(target))))


@exercise(1)
def train_regressor(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 20,
    seed: int = 0,
    normalize: bool = True,
) -> keras.Model:
    """Entrená un MLP [64, 32] que predice un número cualquiera.

    La primera capa es `Normalization`, adaptada con la parte de entrenamiento. La salida es lineal y la pérdida, el error
    cuadrático medio. Optimizador Adam por defecto, batches de 32.

    Ejemplo:
        >>> x = np.random.default_rng(0).normal(1000, 50, (64, 2))
        >>> model = train_regressor((x, x[:, 0]), (x, x[:, 0]), epochs=1)
        >>> predict(model, x).shape
        (64, 1)

    Argumentos:
        train: (x (N, D) float, y (N,) float).
        validation: lo mismo; se pasa a `fit` como `validation_data`.
        epochs: pasadas completas, ≥ 1.
        seed: para `keras.utils.set_random_seed`: fija los pesos iniciales y el orden de los batches.
        normalize: False deja las entradas crudas, para comparar.

    Devuelve:
        El modelo entrenado.
    """
    keras.utils.set_random_seed(seed)
    x, y = train
    model = keras.Sequential([keras.Input(x.shape[1:])])
    if normalize:
        normalization = layers.Normalization()
        normalization.adapt(x)
        model.add(normalization)
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizer="adam", loss="mse")
    model.fit(x, y, validation_data=validation, epochs=epochs, verbose=0)
    return model


@exercise(2)
def binary_cross_entropy(probability: np.ndarray, label: np.ndarray) -> float:
    """Calculá la entropía cruzada binaria media.

    $-\\frac{1}{N} \\sum_i \\left[ y_i \\log p_i + (1 - y_i) \\log (1 - p_i) \\right]$

    Ejemplo:
        >>> round(binary_cross_entropy(np.array([0.9, 0.2]), np.array([1, 0])), 4)
        0.1643

    Argumentos:
        probability: (N,), de la clase 1, en [0, 1]. Recortala a [1e-7, 1 − 1e-7]: un 0 exacto daría infinito.
        label: (N,), 0 o 1.

    Devuelve:
        Un número ≥ 0, en nats.
    """
    p = np.clip(probability, 1e-7, 1 - 1e-7)
    return float(-np.mean(label * np.log(p) + (1 - label) * np.log(1 - p)))


@exercise(2)
def accuracy_and_auc(probability: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Calculá la exactitud (umbral 0,5) y el área bajo la curva ROC.

    El AUC es la probabilidad de que un positivo al azar tenga más puntaje que un negativo al azar; los empates valen la mitad.

    Ejemplo:
        >>> accuracy_and_auc(np.array([0.9, 0.4, 0.3, 0.1]), np.array([1, 1, 0, 0]))
        (0.75, 1.0)

    Argumentos:
        probability: (N,), de la clase 1.
        label: (N,), 0 o 1; están las dos.

    Devuelve:
        (exactitud, AUC), las dos en [0, 1].
    """
    accuracy = np.mean((probability >= 0.5) == (label == 1))
    gaps = probability[label == 1][:, None] - probability[label == 0][None, :]
    return float(accuracy), float(np.mean(gaps > 0) + np.mean(gaps == 0) / 2)


@exercise(2)
def train_binary(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], epochs: int = 40, seed: int = 0
) -> keras.Model:
    """Entrená un MLP [32, 16] que da la probabilidad de la clase 1.

    `Normalization` adaptada con el entrenamiento, una sola neurona de salida con sigmoide, `binary_crossentropy`.
    Adam por defecto, batches de 32.

    Ejemplo:
        >>> x = np.random.default_rng(0).normal(size=(64, 2))
        >>> model = train_binary((x, (x[:, 0] > 0).astype(int)), (x, (x[:, 0] > 0).astype(int)), epochs=1)
        >>> predict(model, x).shape
        (64, 1)

    Argumentos:
        train: (x (N, D) float, y (N,), 0 o 1).
        validation: lo mismo.
        epochs: pasadas completas, ≥ 1.
        seed: para `keras.utils.set_random_seed`.

    Devuelve:
        El modelo entrenado.
    """
    keras.utils.set_random_seed(seed)
    x, y = train
    normalization = layers.Normalization()
    normalization.adapt(x)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            normalization,
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, validation_data=validation, epochs=epochs, verbose=0)
    return model


@exercise(3)
def softmax(logits: np.ndarray) -> np.ndarray:
    """Convertí cada fila de logits en una distribución de probabilidad.

    $p_k = e^{z_k - m} / \\sum_j e^{z_j - m}$, con $m = \\max_j z_j$ de esa fila: el resultado no cambia y nada desborda.

    Ejemplo:
        >>> softmax(np.array([[2.0, 1.0, 0.0]])).round(3)
        array([[0.665, 0.245, 0.09 ]])

    Argumentos:
        logits: (N, K), de cualquier tamaño, también 1000.

    Devuelve:
        (N, K), filas que suman 1.
    """
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@exercise(3)
def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Calculá la entropía cruzada media de etiquetas enteras.

    $\\frac{1}{N} \\sum_i \\left[ \\log \\sum_j e^{z_{ij}} - z_{i y_i} \\right]$

    Ejemplo:
        >>> round(cross_entropy(np.array([[2.0, 1.0, 0.0]]), np.array([1])), 3)
        1.408

    Argumentos:
        logits: (N, K), de cualquier tamaño: una clase con probabilidad que redondea a 0 no puede dar infinito.
        labels: (N,), enteros en 0..K−1.

    Devuelve:
        Un número ≥ 0, en nats.
    """
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1))
    return float(np.mean(log_total - shifted[np.arange(len(labels)), labels]))


@exercise(3)
def build_classifier(seed: int = 0) -> keras.Model:
    """Armá y compilá, sin entrenar, un MLP [256, 128] para diez clases de prendas.

    Recibe imágenes uint8 de 28×28 y las divide por 255 y las aplana adentro. Salida softmax de 10,
    `sparse_categorical_crossentropy`, Adam por defecto, métrica `accuracy`.

    Ejemplo:
        >>> predict(build_classifier(), np.zeros((2, 28, 28), np.uint8)).shape
        (2, 10)

    Argumentos:
        seed: para `keras.utils.set_random_seed`.

    Devuelve:
        El modelo compilado, con sus pesos iniciales.
    """
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@exercise(3)
def train_images(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 5,
    seed: int = 0,
    batch_size: int = 32,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Entrená el modelo de `build_classifier` y devolvelo junto con sus curvas.

    Ejemplo:
        >>> images, garments = np.zeros((64, 28, 28), np.uint8), np.zeros(64, int)
        >>> model, history = train_images((images, garments), (images, garments), epochs=2)
        >>> len(history["val_loss"])
        2

    Argumentos:
        train: (imágenes (N, 28, 28) uint8, etiquetas (N,) enteras en 0..9).
        validation: lo mismo.
        epochs: pasadas completas, ≥ 1.
        seed: el de `build_classifier`.
        batch_size: imágenes por paso.

    Devuelve:
        (modelo, historia): la historia es el diccionario `.history` de lo que devuelve `fit`, con `loss` y `val_loss`.
    """
    model = build_classifier(seed)
    images, garments = train
    record = model.fit(images, garments, validation_data=validation, epochs=epochs, batch_size=batch_size, verbose=0)
    return model, record.history


@exercise(4)
def overfitting_epoch(history: dict[str, list[float]]) -> int:
    """Decí en qué época la pérdida de validación fue la más baja.

    Ejemplo:
        >>> overfitting_epoch({"loss": [0.9, 0.5, 0.3], "val_loss": [0.8, 0.6, 0.7]})
        2

    Argumentos:
        history: `loss` y `val_loss`, una lista de E números cada una. Puede haber NaN: no cuentan.

    Devuelve:
        Entre 1 y E: la primera época es la 1. Si hay empate, la más temprana. Siempre hay al menos un número finito.
    """
    return int(np.nanargmin(history["val_loss"])) + 1


@exercise(4)
def diagnose(history: dict[str, list[float]], tolerance: float = 0.05) -> str:
    """Poné nombre a unas curvas de entrenamiento. Vale la primera regla que se cumpla.

    1. `"diverge"`: hay algún valor no finito en `loss` o `val_loss`.
    2. `"falta entrenar"`: la mejor época de validación es la última.
    3. `"sobreajuste"`: la última `val_loss` supera a la mejor en más de `tolerance` (relativo) y la última `loss` es menor que la
       `loss` de la mejor época: validación sube mientras entrenamiento baja.
    4. `"estable"`: lo demás.

    Ejemplo:
        >>> diagnose({"loss": [0.9, 0.5, 0.3], "val_loss": [0.8, 0.6, 0.7]})
        'sobreajuste'

    Argumentos:
        history: `loss` y `val_loss`, una lista de E números cada una.
        tolerance: 0.05 es un 5 %.

    Devuelve:
        Uno de los cuatro textos.
    """
    training, validation = np.asarray(history["loss"]), np.asarray(history["val_loss"])
    if not (np.isfinite(training).all() and np.isfinite(validation).all()):
        return "diverge"
    best = overfitting_epoch(history) - 1
    if best == len(validation) - 1:
        return "falta entrenar"
    worse = validation[-1] > validation[best] * (1 + tolerance)
    return "sobreajuste" if worse and training[-1] < training[best] else "estable"


@exercise(5)
def simulate_early_stopping(val_losses: list[float], patience: int) -> tuple[int, int]:
    """Decí dónde habría cortado EarlyStopping y con los pesos de qué época se habría quedado.

    Ejemplo:
        >>> simulate_early_stopping([0.9, 0.7, 0.8, 0.75, 0.6], patience=2)
        (4, 2)

    Argumentos:
        val_losses: la pérdida de validación de cada época, si nadie cortara.
        patience: cuántas épocas seguidas sin mejorar la mejor se toleran: al llegar a esa cantidad, corta. ≥ 1.

    Devuelve:
        (última época entrenada, mejor época vista hasta ahí), contadas desde 1. Igualar la mejor no es mejorarla.
    """
    best = 0
    for epoch, loss in enumerate(val_losses):
        if loss < val_losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch + 1, best + 1
    return len(val_losses), best + 1


@exercise(5)
def train_with_early_stopping(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    epochs: int = 100,
    patience: int = 5,
    seed: int = 0,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Entrená el modelo de `build_classifier` hasta que la validación deje de mejorar, y quedate con los mejores pesos.

    Batches de 32.

    Ejemplo:
        >>> images, garments = np.zeros((64, 28, 28), np.uint8), np.zeros(64, int)
        >>> model, history = train_with_early_stopping((images, garments), (images, garments), epochs=2)
        >>> len(history["val_loss"])
        2

    Argumentos:
        train: (imágenes (N, 28, 28) uint8, etiquetas (N,) enteras en 0..9).
        validation: lo mismo; es la que vigila EarlyStopping.
        epochs: el tope.
        patience: épocas sin mejorar que se toleran.
        seed: el de `build_classifier`.

    Devuelve:
        (modelo con los pesos de la mejor época, historia hasta donde se entrenó).
    """
    model = build_classifier(seed)
    stopping = keras.callbacks.EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=True)
    record = model.fit(*train, validation_data=validation, epochs=epochs, callbacks=[stopping], verbose=0)
    return model, record.history


@homework
def train_classifier(
    train: tuple[np.ndarray, np.ndarray], validation: tuple[np.ndarray, np.ndarray], epochs: int = 5, seed: int = 0
) -> keras.Model:
    """Entrená un MLP [300, 100] sobre Fashion-MNIST y devolvé el de la mejor época de validación.

    ReLU en las ocultas, softmax de 10 en la salida, Adam, `sparse_categorical_crossentropy`, EarlyStopping con paciencia 5 y
    ModelCheckpoint con `save_best_only=True`. El tamaño del batch y el learning rate los elegís vos.

    Ejemplo:
        >>> images, garments = np.zeros((64, 28, 28), np.uint8), np.zeros(64, int)
        >>> model = train_classifier((images, garments), (images, garments), epochs=1)
        >>> parameter_count(model)
        266610

    Argumentos:
        train: (imágenes (N, 28, 28) uint8, etiquetas (N,) enteras en 0..9).
        validation: lo mismo.
        epochs: el tope de pasadas completas.
        seed: para `keras.utils.set_random_seed`.

    Devuelve:
        El modelo entrenado.
    """
    keras.utils.set_random_seed(seed)
    images, garments = train
    batch_size = 250  # divides 50,000: a shorter last batch is another shape, and JAX would compile the step twice
    steps = epochs * -(-len(images) // batch_size)
    # One cycle: a rate eight times Adam's default is safe once warmed up, and the descent to 0 collects what it won.
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0, warmup_target=8e-3, warmup_steps=max(1, 3 * steps // 10), decay_steps=steps - 3 * steps // 10
    )
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
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    with tempfile.TemporaryDirectory() as folder:
        best = Path(folder) / "best.keras"
        model.fit(
            images, garments, validation_data=validation, epochs=epochs, batch_size=batch_size, verbose=0,
            callbacks=[
                keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True),
                keras.callbacks.ModelCheckpoint(best, save_best_only=True),
            ],
        )  # fmt: skip
        return keras.saving.load_model(best)


@homework
def predict_labels(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Decí qué prenda es cada imagen.

    $\\hat y_i = \\arg\\max_k p_{ik}$

    Ejemplo:
        >>> images, garments = np.zeros((64, 28, 28), np.uint8), np.full(64, 3)
        >>> predict_labels(train_classifier((images, garments), (images, garments), epochs=2), images[:2])
        array([3, 3])

    Argumentos:
        model: el que devuelve `train_classifier`.
        images: (N, 28, 28) uint8, sin escalar: si tu red las espera escaladas, escalalas acá.

    Devuelve:
        (N,), enteros en 0..9.
    """
    return predict(model, images).argmax(axis=1)


@homework
def confusion(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Contá, para cada prenda verdadera (fila), cuántas veces se predijo cada una (columna).

    Ejemplo:
        >>> confusion(np.array([6, 0]), np.array([0, 0]))[0]
        array([1, 0, 0, 0, 0, 0, 1, 0, 0, 0])

    Argumentos:
        predicted: (N,), enteros en 0..9.
        truth: (N,), enteros en 0..9.

    Devuelve:
        (10, 10), enteros: cuentas, no porcentajes. También están las clases que no aparecieron.
    """
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (truth, predicted), 1)
    return counts


@homework
def most_confused(matrix: np.ndarray) -> tuple[int, int]:
    """Encontrá el par de prendas que más se confunden, sumando los dos sentidos.

    Ejemplo:
        >>> matrix = np.diag([50] * 10)
        >>> matrix[6, 0], matrix[0, 6], matrix[4, 2] = 7, 8, 10
        >>> most_confused(matrix)
        (0, 6)

    Argumentos:
        matrix: (10, 10), lo que devuelve `confusion`.

    Devuelve:
        (i, j) con i < j: el par con la mayor suma `matrix[i, j] + matrix[j, i]`. La diagonal son aciertos: no cuenta.
    """
    both_ways = np.triu(matrix + matrix.T, k=1)
    first, second = np.unravel_index(both_ways.argmax(), both_ways.shape)
    return int(first), int(second)


@given
@homework
def parameter_count(model: keras.Model) -> int:
    """Devuelve cuántos números aprende el modelo."""
    return model.count_params()
