"""The five common errors of class 100, each with the smallest program that shows it and the same program mended."""

import numpy as np

from catedra.authoring import common_error

XOR_INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
XOR_LABELS = np.array([0, 1, 1, 0], dtype="float32")


def _network(seed, hidden_activation, *, hidden=8):
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.Input((2,)), layers.Dense(hidden, hidden_activation), layers.Dense(1, "sigmoid")])


def _fit(network, x, y, *, epochs, optimizer, loss="binary_crossentropy"):
    network.compile(optimizer=optimizer, loss=loss)
    return network.fit(x, y, epochs=epochs, batch_size=len(y), verbose=0).history["loss"]


def _hits(network, x, y):
    from keras import ops

    return float(np.mean((ops.convert_to_numpy(network(x))[:, 0] >= 0.5) == (y == 1)))


@common_error(
    "xor-sin-activacion",
    title="La red tiene la arquitectura correcta y no aprende XOR",
    symptom="La pérdida baja hasta 0.693 y ahí se queda, época tras época; las cuatro probabilidades dan 0.5. Keras no avisa nada.",
    cause="`Dense(8)` sin `activation` es lineal: dos capas lineales son una sola, y lo mejor que puede hacer una recta suave con XOR es "
    "decir 0.5 siempre, cuya pérdida es ln 2 = 0.693. Si la pérdida se planta cerca de 0.35 o 0.48 es otra cosa: la semilla dejó "
    "demasiadas ReLU apagadas.",
    fix='Poné la activación: `Dense(8, activation="relu")`. Si ya está, probá con otra semilla o con más unidades.',
    verify="La pérdida cruza 0.6 en las primeras decenas de épocas y termina cerca de 0; los cuatro puntos quedan bien.",
)
class XorSinActivacion:
    def bug():
        from keras import optimizers

        network = _network(0, None)
        losses = _fit(network, XOR_INPUTS, XOR_LABELS, epochs=200, optimizer=optimizers.Adam(0.05))
        return {"loss": losses}

    def fixed():
        from keras import optimizers

        network = _network(0, "relu")
        losses = _fit(network, XOR_INPUTS, XOR_LABELS, epochs=200, optimizer=optimizers.Adam(0.05))
        return {"loss": losses}

    def seen(observed):
        return abs(observed["loss"][-1] - np.log(2)) < 0.01


@common_error(
    "perdida-nan",
    title="La pérdida es nan desde la primera época",
    symptom="El historial dice `loss: nan` en la época 1 y no se recupera. Con salida sigmoide y `binary_crossentropy` hoy no sale nan: "
    "Keras recorta las probabilidades y la pérdida se planta en un número grande, cerca de 8, que es el mismo problema disfrazado.",
    cause="Cada paso es tan grande que la pérdida crece en vez de bajar: entradas sin escalar o un learning rate alto multiplican el "
    "gradiente, los pesos pasan de lo que entra en float32, y de inf − inf sale nan. Un solo nan en los datos hace lo mismo.",
    fix="Llevá las entradas a media 0 y desvío 1, bajá el learning rate diez veces, y dejá la inicialización que trae Keras (Glorot).",
    verify="`np.isfinite(historial.history['loss']).all()` da True, y la pérdida de la última época es menor que la de la primera.",
)
class PerdidaNan:
    def bug():
        return {"loss": _regress(scale=1000.0, rate=0.1)}

    def fixed():
        return {"loss": _regress(scale=1.0, rate=0.1)}

    def seen(observed):
        return not np.isfinite(observed["loss"]).all()


def _regress(*, scale, rate):
    import keras
    from keras import layers, optimizers

    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 2))
    y = np.sin(x[:, 0]) + x[:, 1]
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input((2,)), layers.Dense(16, "relu"), layers.Dense(1)])
    network.compile(optimizer=optimizers.SGD(rate), loss="mse")
    return network.fit(x * scale, y, epochs=3, batch_size=16, verbose=0).history["loss"]


@common_error(
    "sigmoide-con-mse",
    title="Salida sigmoide con loss='mse'",
    symptom="No hay mensaje. La pérdida baja lentísimo al principio, sobre todo si la red arranca muy segura y equivocada: en el ejemplo, "
    "después de 40 épocas la probabilidad de la clase correcta sigue por debajo de 0.01; con entropía cruzada pasa de 0.9.",
    cause="El gradiente del error cuadrático lleva un factor p (1 − p), que es casi 0 justo cuando la sigmoide está saturada del lado "
    "equivocado. En la entropía cruzada ese factor se cancela y queda p − y.",
    fix="`loss='binary_crossentropy'` (o salida sin activación y `keras.losses.BinaryCrossentropy(from_logits=True)`).",
    verify="Compará las dos pérdidas desde los mismos pesos: con entropía cruzada el primer paso ya mueve la probabilidad.",
)
class SigmoideConMse:
    def bug():
        return {"probability": _stuck_neuron("mse")}

    def fixed():
        return {"probability": _stuck_neuron("binary_crossentropy")}

    def seen(observed):
        return observed["probability"] < 0.5


def _stuck_neuron(loss):
    """Probability that one neuron, born sure of the wrong class (z = −6), gives to the right one after 40 steps."""
    import keras
    from keras import initializers, layers, ops, optimizers

    neuron = layers.Dense(1, "sigmoid", kernel_initializer="zeros", bias_initializer=initializers.Constant(-6.0))
    network = keras.Sequential([keras.Input((1,)), neuron])
    _fit(network, np.ones((8, 1)), np.ones(8), epochs=40, optimizer=optimizers.SGD(1.0), loss=loss)
    return float(ops.convert_to_numpy(network(np.ones((1, 1))))[0, 0])


@common_error(
    "forma-de-entrada",
    title="input_shape=2 en lugar de (2,)",
    symptom="`ValueError: Cannot convert '2' to a shape.` al crear la capa. Y si escribís `input_shape=(2,)`, que es como aparece en "
    "los libros, Keras 3 lo acepta pero avisa: «Do not pass an `input_shape`/`input_dim` argument to a layer».",
    cause="Una forma es una tupla: (2) es el número 2 entre paréntesis, y (2,) es la tupla de un elemento. Además, desde Keras 3 la "
    "entrada se declara aparte y no como argumento de la primera capa.",
    fix='`keras.Sequential([keras.Input((2,)), Dense(8, activation="relu"), …])`.',
    verify="`model.summary()` muestra la salida de la primera capa como (None, 8), con 24 parámetros, sin avisos.",
)
class FormaDeEntrada:
    def bug():
        return _declared(lambda keras, layers: [layers.Dense(8, activation="relu", input_shape=2)])

    def fixed():
        return _declared(lambda keras, layers: [keras.Input((2,)), layers.Dense(8, activation="relu")])

    def seen(observed):
        return "Cannot convert" in observed["error"] or bool(observed["warnings"])


def _declared(first_layers):
    import warnings

    import keras
    from keras import layers

    error, parameters = "", None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            parameters = keras.Sequential(first_layers(keras, layers)).count_params()
        except ValueError as problem:
            error = str(problem)
    return {"error": error, "warnings": [str(item.message) for item in caught], "parameters": parameters}


@common_error(
    "generalizar-xor",
    title="Se separa un conjunto de prueba de XOR y la red lo falla siempre",
    symptom="Exactitud 1.0 en los tres puntos de entrenamiento y 0.0 en el cuarto, con todas las semillas que probamos: parece un "
    "sobreajuste perfecto.",
    cause="XOR son cuatro puntos y cada uno es todo lo que se sabe de su esquina: los otros tres no dicen nada sobre ella, y la frontera "
    "más simple que los explica le pone la etiqueta contraria. No hay nada que generalizar.",
    fix="Con XOR se entrena y se mira sobre los mismos cuatro puntos. Para medir generalización hacen falta muchos puntos por región: "
    "nubes alrededor de cada esquina, o las medialunas de la tarea.",
    verify="Con nubes de puntos, la exactitud sobre puntos que la red no vio se acerca a la de entrenamiento.",
)
class GeneralizarXor:
    def bug():
        keep = [0, 2, 3]
        return _train_and_test((XOR_INPUTS[keep], XOR_LABELS[keep]), (XOR_INPUTS[[1]], XOR_LABELS[[1]]))

    def fixed():
        rng = np.random.default_rng(0)
        corners = rng.integers(0, 4, size=400)
        points = XOR_INPUTS[corners] + rng.normal(scale=0.1, size=(400, 2))
        labels = XOR_LABELS[corners]
        return _train_and_test((points[:300], labels[:300]), (points[300:], labels[300:]))

    def seen(observed):
        return observed["train"] == 1.0 and observed["test"] < 0.5


def _train_and_test(train, test):
    from keras import optimizers

    network = _network(0, "relu")
    _fit(network, *train, epochs=200, optimizer=optimizers.Adam(0.05))
    return {"train": _hits(network, *train), "test": _hits(network, *test)}
