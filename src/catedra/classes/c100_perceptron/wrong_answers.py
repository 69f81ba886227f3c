"""Wrong answers that students of class 100 really give, with a piece of the message that each must read."""

import numpy as np

from catedra.authoring import HOMEWORK, wrong


def _step(z):
    return int(z >= 0)


@wrong(1, says="el signo del error está al revés")
class SignoInvertido:
    """Corrige con ŷ − y: se aleja del punto que quería incluir."""

    def train_perceptron(inputs, labels, epochs=12, learning_rate=1.0):
        weights, bias, mistakes = np.zeros(inputs.shape[1]), 0.0, []
        for _ in range(epochs):
            count = 0
            for x, y in zip(inputs, labels, strict=True):
                error = _step(weights @ x + bias) - y
                weights, bias, count = weights + learning_rate * error * x, bias + learning_rate * error, count + abs(error)
            mistakes.append(count)
        return weights, bias, mistakes


@wrong(1, says="parece que no lo actualizás")
class SinSesgo:
    """Corrige los pesos y se olvida del sesgo: todas sus rectas pasan por el origen."""

    def train_perceptron(inputs, labels, epochs=12, learning_rate=1.0):
        weights, mistakes = np.zeros(inputs.shape[1]), []
        for _ in range(epochs):
            count = 0
            for x, y in zip(inputs, labels, strict=True):
                error = y - _step(weights @ x)
                weights, count = weights + learning_rate * error * x, count + abs(error)
            mistakes.append(count)
        return weights, 0.0, mistakes


@wrong(1, says="al final de la época")
class CorrigeAlFinal:
    """Predice toda la época con los mismos pesos y aplica las correcciones juntas."""

    def train_perceptron(inputs, labels, epochs=12, learning_rate=1.0):
        weights, bias, mistakes = np.zeros(inputs.shape[1]), 0.0, []
        for _ in range(epochs):
            errors = labels - (inputs @ weights + bias >= 0)
            weights = weights + learning_rate * errors @ inputs
            bias = bias + learning_rate * errors.sum()
            mistakes.append(int(np.abs(errors).sum()))
        return weights, bias, mistakes


@wrong(1, says="no usás `learning_rate`")
class IgnoraElPaso:
    """Suma x entera, sin multiplicarla por el learning rate."""

    def train_perceptron(inputs, labels, epochs=12, learning_rate=1.0):
        from .solution import train_perceptron

        return train_perceptron(inputs, labels, epochs, 1.0)


@wrong(1, says="La cuenta de errores por época de AND")
class CuentaAciertos:
    """Devuelve los aciertos de cada época en lugar de los errores."""

    def train_perceptron(inputs, labels, epochs=12, learning_rate=1.0):
        from .solution import train_perceptron

        weights, bias, mistakes = train_perceptron(inputs, labels, epochs, learning_rate)
        return weights, bias, [len(labels) - count for count in mistakes]


def _network(seed, hidden, activation, output, loss, rate=0.05):
    import keras
    from keras import layers

    if seed is not None:
        keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.Input((2,)), layers.Dense(hidden, activation), layers.Dense(1, output)])
    network.compile(optimizer=keras.optimizers.Adam(rate), loss=loss)
    return network


@wrong(2, says="a la capa oculta le falta la activación")
class OcultaLineal:
    """Escribe Dense(hidden) y cree que la activación viene puesta."""

    def build_mlp(seed, hidden=8, activation="relu"):
        return _network(seed, hidden, None, "sigmoid", "binary_crossentropy")


@wrong(2, says="a la salida le falta la sigmoide")
class SalidaSinSigmoide:
    """La salida es un número cualquiera, y lo compara con 0.5 como si fuera una probabilidad."""

    def build_mlp(seed, hidden=8, activation="relu"):
        return _network(seed, hidden, activation, None, "binary_crossentropy")


@wrong(2, says="es el error cuadrático medio")
class PerdidaCuadratica:
    """Compila un clasificador con mse."""

    def build_mlp(seed, hidden=8, activation="relu"):
        return _network(seed, hidden, activation, "sigmoid", "mse")


@wrong(2, says="con la misma semilla tienen que nacer con los mismos pesos")
class IgnoraLaSemilla:
    """Recibe la semilla y no la usa."""

    def build_mlp(seed, hidden=8, activation="relu"):
        return _network(None, hidden, activation, "sigmoid", "binary_crossentropy")


@wrong(2, says="no probaste con otra semilla")
class UnSoloIntento:
    """Entrena una sola red y devuelve lo que salga."""

    def learn_xor(inputs, labels, seed, attempts=6):
        from .solution import learn_xor

        return learn_xor(inputs, labels, seed, attempts=1)


@wrong(3, says="las filas fijan la primera coordenada")
class IndexadoIJ:
    """Pide la grilla con indexing="ij": dibujada, sale espejada en la diagonal."""

    def decision_grid(model, x_range, y_range, steps):
        from .solution import predict_probability

        xs, ys = np.meshgrid(np.linspace(*x_range, steps), np.linspace(*y_range, steps), indexing="ij")
        p = predict_probability(model, np.column_stack([xs.ravel(), ys.ravel()]))
        return xs, ys, (p >= 0.5).astype(int).reshape(xs.shape)


@wrong(3, says="hay fracciones")
class DevuelveProbabilidades:
    """Devuelve la probabilidad de cada punto en lugar de su clase."""

    def decision_grid(model, x_range, y_range, steps):
        from .solution import predict_probability

        xs, ys = np.meshgrid(np.linspace(*x_range, steps), np.linspace(*y_range, steps))
        return xs, ys, predict_probability(model, np.column_stack([xs.ravel(), ys.ravel()])).reshape(xs.shape)


@wrong(3, says="(segunda, primera) coordenada")
class CoordenadasCruzadas:
    """Arma los puntos como (y, x)."""

    def decision_grid(model, x_range, y_range, steps):
        from .solution import predict_probability

        xs, ys = np.meshgrid(np.linspace(*x_range, steps), np.linspace(*y_range, steps))
        p = predict_probability(model, np.column_stack([ys.ravel(), xs.ravel()]))
        return xs, ys, (p >= 0.5).astype(int).reshape(xs.shape)


@wrong(3, says="se esperaba forma")
class OlvidaElReshape:
    """Devuelve las clases en una sola fila larga."""

    def decision_grid(model, x_range, y_range, steps):
        from .solution import decision_grid

        xs, ys, classes = decision_grid(model, x_range, y_range, steps)
        return xs, ys, classes.ravel()


def _by_hand(x, y, parameters, *, two=2.0, sign=1.0, slope=True, bias_input=1.0):
    h = 1 / (1 + np.exp(-(parameters["w1"] * x + parameters["b1"])))
    d = sign * two * (parameters["w2"] @ h + parameters["b2"] - y)
    d_z = d * parameters["w2"] * (h * (1 - h) if slope else 1.0)
    return {"w1": d_z * x, "b1": d_z * bias_input, "w2": d * h, "b2": d}


@wrong(4, says="falta el 2 de derivar el cuadrado")
class SinElDos:
    """Deriva (ŷ − y)² como ŷ − y."""

    def backprop_by_hand(x, y, parameters):
        return _by_hand(x, y, parameters, two=1.0)


@wrong(4, says="el signo está al revés")
class ErrorAlReves:
    """Usa y − ŷ, como en la regla del perceptrón."""

    def backprop_by_hand(x, y, parameters):
        return _by_hand(x, y, parameters, sign=-1.0)


@wrong(4, says="falta la derivada de la sigmoide")
class SinDerivadaDeSigmoide:
    """Pasa de h a z sin multiplicar por h (1 − h)."""

    def backprop_by_hand(x, y, parameters):
        return _by_hand(x, y, parameters, slope=False)


@wrong(4, says="la entrada del sesgo es 1")
class SesgoPorX:
    """Multiplica también el gradiente del sesgo por la entrada."""

    def backprop_by_hand(x, y, parameters):
        return _by_hand(x, y, parameters, bias_input=x)


@wrong(4, says="`gradients_by_jax` no coincide")
class PerdidaDeOtraRed:
    """Le da a JAX la misma red con tanh en lugar de la sigmoide."""

    def gradients_by_jax(x, y, parameters):
        import jax
        import jax.numpy as jnp

        def loss(p):
            return (p["w2"] @ jnp.tanh(p["w1"] * x + p["b1"]) + p["b2"] - y) ** 2

        return jax.grad(loss)(parameters)


@wrong(5, says="en el orden inverso")
class OrdenInverso:
    """Multiplica W₂ W₁, como si los ejemplos fueran columnas."""

    def collapse_linear(weights, biases):
        matrix, b = weights[0], biases[0]
        for layer, bias in zip(weights[1:], biases[1:], strict=True):
            matrix = layer @ matrix if layer.shape[1] == matrix.shape[0] else matrix @ layer
            b = b @ layer + bias
        return matrix, b


@wrong(5, says="sin pasarlos por las capas siguientes")
class SumaDeSesgos:
    """Suma los sesgos de todas las capas."""

    def collapse_linear(weights, biases):
        matrix = weights[0]
        for layer in weights[1:]:
            matrix = matrix @ layer
        return matrix, sum(biases) if len({len(bias) for bias in biases}) == 1 else biases[-1]


@wrong(5, says="la mejor recta acierta otra cantidad")
class UnSoloLado:
    """Prueba la clase 1 de un solo lado de la recta."""

    def best_linear_accuracy(inputs, labels, directions=360):
        best = 0.0
        for angle in np.linspace(0, np.pi, directions, endpoint=False):
            z = inputs @ [np.cos(angle), np.sin(angle)]
            best = max(best, *(float(np.mean((z > cut) == labels)) for cut in z))
        return best


@wrong(5, says="la mejor recta acierta otra cantidad")
class RectasPorElOrigen:
    """Prueba solo rectas que pasan por el origen."""

    def best_linear_accuracy(inputs, labels, directions=360):
        best = 0.0
        for angle in np.linspace(0, np.pi, directions, endpoint=False):
            hits = float(np.mean((inputs @ [np.cos(angle), np.sin(angle)] > 0) == labels))
            best = max(best, hits, 1 - hits)
        return best


def _train(train, epochs, seed, *, activation="relu", rate=0.01):
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(16, activation), layers.Dense(8, activation)]
    network = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, "sigmoid")])
    network.compile(optimizer=keras.optimizers.Adam(rate), loss="binary_crossentropy")
    network.fit(*train, epochs=epochs, batch_size=32, verbose=0)
    return network


@wrong(HOMEWORK, says="no alcanza el umbral", caught_by="exactitud del MLP")
class MlpSinActivacion:
    """Dos capas ocultas sin activación: otra regresión logística, más cara."""

    def train_mlp(train, validation, epochs, seed):
        return _train(train, epochs, seed, activation=None)


@wrong(HOMEWORK, says="casi una recta", caught_by="curvatura de la frontera del MLP")
class MlpLinealDisfrazado:
    """Pone activación "linear" y la llama por su nombre."""

    def train_mlp(train, validation, epochs, seed):
        return _train(train, epochs, seed, activation="linear")


@wrong(HOMEWORK, says="Usás todas las épocas", caught_by="exactitud del MLP")
class UnaSolaEpoca:
    """Deja epochs=1 de cuando estaba probando."""

    def train_mlp(train, validation, epochs, seed):
        return _train(train, 1, seed)


@wrong(HOMEWORK, says="si salta, bajalo", caught_by="exactitud del MLP")
class PasoEnorme:
    """Usa learning rate 5: las ReLU se apagan en los primeros pasos."""

    def train_mlp(train, validation, epochs, seed):
        return _train(train, epochs, seed, rate=5.0)


@wrong(HOMEWORK, says="hay fracciones", caught_by="exactitud del MLP")
class SinUmbral:
    """Devuelve probabilidades como si fueran etiquetas."""

    def predict_labels(model, x):
        from .solution import predict_probability

        return model.predict_proba(x)[:, 1] if hasattr(model, "predict_proba") else predict_probability(model, x)


@wrong(HOMEWORK, says="No hay frontera que mirar", caught_by="curvatura de la frontera del MLP")
class ArgmaxDeUnaSalida:
    """Aplica argmax a una sola columna: siempre da 0."""

    def predict_labels(model, x):
        if hasattr(model, "predict_proba"):
            return model.predict(x)
        return np.argmax(model.predict(x, verbose=0), axis=1)


@wrong(HOMEWORK, says="aplanala", caught_by="exactitud del MLP")
class EtiquetasEnColumna:
    """Devuelve la columna (N, 1) que da Keras."""

    def predict_labels(model, x):
        if hasattr(model, "predict_proba"):
            return model.predict(x)
        return (model.predict(x, verbose=0) >= 0.5).astype(int)


@wrong(HOMEWORK, says="cuadrados o productos", caught_by="curvatura de la frontera logística")
class LogisticaConPotencias:
    """Le da a la regresión logística los productos de las coordenadas: buena exactitud, pero ya no es una recta."""

    def train_logistic(train, seed):
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures

        return make_pipeline(PolynomialFeatures(3), LogisticRegression(C=100, max_iter=5000)).fit(*train)

    def predict_labels(model, x):
        return model.predict(x)


@wrong(HOMEWORK, says="fuera de lo que una recta puede dar", caught_by="exactitud de la regresión logística")
class LogisticaAplastada:
    """Regulariza tanto que los pesos quedan casi en cero y la frontera, en cualquier lado."""

    def train_logistic(train, seed):
        from sklearn.linear_model import LogisticRegression

        return LogisticRegression(C=1e-5, fit_intercept=False, random_state=seed).fit(*train)
