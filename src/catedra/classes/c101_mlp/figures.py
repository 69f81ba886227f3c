"""Figuras de la clase: las cuentas de softmax, las tres salidas, y lo que midió la verificación."""

import numpy as np
from matplotlib.figure import Figure

from catedra.authoring import figure
from catedra.checking import Curves

BLUE, ORANGE, GREEN, INK = "#0072b2", "#d55e00", "#009e73", "#21252b"
GARMENTS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
LOGITS = np.array([2.0, 1.0, 0.0])
NAMES = ("remera", "abrigo", "bota")


@figure(
    "softmax-a-mano",
    alt="Tres pares de barras. Los logits 2, 1 y 0 pasan a exponenciales 7,39, 2,72 y 1, y al dividir por su suma, 11,11, a "
    "probabilidades 0,665, 0,245 y 0,090.",
)
def softmax_by_hand(curves: Curves) -> Figure:
    exponentials = np.exp(LOGITS)
    steps = (("logits z", LOGITS), ("exponenciales e^z", exponentials), ("probabilidades p", exponentials / exponentials.sum()))
    drawn = Figure(figsize=(6.3, 2.6), layout="constrained")
    for axes, (title, values) in zip(drawn.subplots(1, 3), steps, strict=True):
        bars = axes.bar(NAMES, values, color=(BLUE, ORANGE, GREEN), width=0.65)
        labels = [f"{value:.3f}" if title.startswith("prob") else f"{value:.3g}" for value in values]
        axes.bar_label(bars, [label.replace(".", ",") for label in labels], padding=2)
        axes.set_title(title)
        axes.set_ylim(0, values.max() * 1.2)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
    return drawn


@figure(
    "menos-logaritmo",
    alt="Curva de la pérdida, menos logaritmo de p, contra la probabilidad p que la red le dio a la clase verdadera. Baja de más "
    "de 4 cerca de 0 hasta 0 en 1. Tres puntos: p 0,665 cuesta 0,41; p 0,245 cuesta 1,41; p 0,090 cuesta 2,41.",
)
def surprise(curves: Curves) -> Figure:
    p = np.linspace(0.008, 1, 400)
    drawn = Figure(figsize=(6.3, 3.0), layout="constrained")
    axes = drawn.subplots()
    axes.plot(p, -np.log(p), color=INK, linestyle="-")
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum()
    for name, value, colour in zip(NAMES, probabilities, (BLUE, ORANGE, GREEN), strict=True):
        axes.plot(value, -np.log(value), "o", color=colour, markersize=8)
        text = f"si era {name}: p = {value:.3f}, cuesta {-np.log(value):.2f}".replace(".", ",")
        axes.annotate(text, (value, -np.log(value)), xytext=(10, 4), textcoords="offset points", color=colour)
    axes.set_xlabel("probabilidad que la red le dio a la clase verdadera")
    axes.set_ylabel("pérdida (nats)")
    axes.set_xlim(0, 1.0)
    axes.set_ylim(0, 4.8)
    return drawn


@figure(
    "tres-salidas",
    alt="Esquema con tres columnas. Regresión: una neurona lineal y error cuadrático medio. Dos clases: una neurona sigmoide y "
    "entropía cruzada binaria. K clases: K neuronas con softmax y entropía cruzada categórica.",
)
def three_outputs(curves: Curves) -> Figure:
    z = np.linspace(-4, 4, 200)
    rows = (
        ("¿Cuánto?", "1 neurona lineal · mse", [(z, z, BLUE, "ŷ = z")], (-4.2, 4.2)),
        ("¿Sí o no?", "1 neurona sigmoide ·\nbinary_crossentropy", [(z, 1 / (1 + np.exp(-z)), ORANGE, "p")], (-0.05, 1.1)),
        ("¿Cuál de K?", "K neuronas softmax ·\nsparse_categorical_crossentropy", None, (0, 1.1)),
    )
    drawn = Figure(figsize=(6.3, 2.7), layout="constrained")
    for axes, (question, pair, lines, limits) in zip(drawn.subplots(1, 3), rows, strict=True):
        if lines is None:
            total = np.exp(z) + np.exp(1) + 1
            parts = ((np.exp(z), BLUE, "-"), (np.e * np.ones_like(z), ORANGE, "--"), (np.ones_like(z), GREEN, "-."))
            for part, colour, dash in parts:
                axes.plot(z, part / total, color=colour, linestyle=dash)
            axes.set_xlabel("logit de la 1.ª clase")
        else:
            for x, y, colour, _ in lines:
                axes.plot(x, y, color=colour, linestyle="-")
            axes.set_xlabel("z")
        axes.set_ylim(*limits)
        axes.set_title(question, pad=26)
        axes.text(0, 1.02, pair, transform=axes.transAxes, fontsize=8, va="bottom")
    return drawn


@figure(
    "curvas-de-sobreajuste",
    alt="Pérdida por época durante cincuenta épocas. La de entrenamiento baja siempre. La de validación baja, toca su mínimo y vuelve a "
    "subir. Las bandas muestran el mínimo y el máximo sobre las semillas.",
)
def overfitting(curves: Curves) -> Figure:
    drawn = Figure(figsize=(6.3, 3.3), layout="constrained")
    axes = drawn.subplots()
    for key, name, colour, dash in (("loss", "entrenamiento", BLUE, "-"), ("val_loss", "validación", ORANGE, "--")):
        runs = curves.stack(f"overfitting.{key}")
        epochs = np.arange(1, runs.shape[1] + 1)
        axes.plot(epochs, runs.mean(axis=0), color=colour, linestyle=dash)
        axes.fill_between(epochs, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.2, linewidth=0)
        axes.annotate(
            name, (epochs[-1], runs.mean(axis=0)[-1]), xytext=(5, 0), textcoords="offset points", color=colour, va="center"
        )
    validation = curves.stack("overfitting.val_loss").mean(axis=0)
    best = int(validation.argmin())
    axes.axvline(best + 1, color=INK, linewidth=0.8, linestyle=":")
    axes.annotate(f"mejor época: {best + 1}", (best + 1, axes.get_ylim()[1]), xytext=(4, -10), textcoords="offset points")
    axes.set_xlabel("época")
    axes.set_ylabel("pérdida (nats)")
    axes.set_xlim(1, len(validation) * 1.2)
    axes.set_xticks([1, *range(10, len(validation) + 1, 10)])
    return drawn


@figure(
    "confusion",
    alt="Matriz de diez por diez, prenda verdadera en filas y predicha en columnas, con el promedio de confusiones por semilla. "
    "Las celdas más oscuras fuera de la diagonal unen Shirt, T-shirt/top, Pullover y Coat; las zapatillas y botas se confunden "
    "entre sí; Trouser y Bag, casi con nadie.",
)
def confusion(curves: Curves) -> Figure:
    matrix = curves.stack("garments.matrix").mean(axis=0)
    mistakes = matrix - np.diag(np.diag(matrix))
    drawn = Figure(figsize=(5.0, 4.05), layout="constrained")
    axes = drawn.subplots()
    axes.imshow(np.sqrt(mistakes), cmap="Blues")
    for row, column in np.ndindex(matrix.shape):
        value = matrix[row, column]
        if row == column:
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=9.5, color="#6b7280", style="italic")
        elif value >= 0.5:
            dark = mistakes[row, column] > mistakes.max() * 0.35
            axes.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=9.5, color="white" if dark else INK)
    axes.set_xticks(range(10), GARMENTS, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(10), GARMENTS)
    axes.set_xlabel("predicha")
    axes.set_ylabel("verdadera")
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    return drawn
