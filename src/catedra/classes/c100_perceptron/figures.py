"""Figures of class 100: computed from the four points of XOR, or drawn from what the class measured.

Blue is class 0 and orange class 1 throughout; circles and squares say the same without colour.
"""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from catedra.authoring import figure
from catedra.checking import Curves
from catedra.classes.c100_perceptron.truth import GATES, SQUARE, rosenblatt, sigmoid

ZERO, ONE, LINE, SOFT = "#0072B2", "#D55E00", "#333333", "#999999"
# The network of the worked example: x → ReLU(x W + b) → h · v, with every weight an integer.
W, B, V = np.ones((2, 2)), np.array([0.0, -1.0]), np.array([1.0, -2.0])


@figure(
    "xor-sin-recta",
    alt="Dos planos con los cuatro puntos del cuadrado. En AND una recta deja el punto (1, 1) solo de un lado. En XOR, tres rectas "
    "distintas dejan siempre al menos un punto del lado equivocado.",
)
def no_line_for_xor(curves: Curves) -> Figure:
    drawing, (left, right) = _panels(2)
    across = np.array([-0.5, 1.5])
    _corners(left, GATES["AND"])
    left.plot(across, 1.5 - across, color=LINE)
    left.set_title("AND: una recta alcanza")
    _corners(right, GATES["XOR"])
    for slope, offset, style in ((-1, 0.5, "-"), (-1, 1.5, "--"), (0, 0.5, ":")):
        right.plot(across, offset + slope * across, color=LINE, linestyle=style)
    right.set_title("XOR: cada recta falla en algo")
    for axes in (left, right):
        _square_axes(axes, "$x_1$", "$x_2$")
    return drawing


@figure(
    "perceptron-errores",
    alt="Errores por época de un perceptrón. Con AND y OR la curva llega a cero y se queda ahí; con XOR sigue en cuatro errores, época "
    "tras época.",
)
def mistakes_by_epoch(curves: Curves) -> Figure:
    drawing, (axes,) = _panels(1)
    epochs = np.arange(1, 16)
    for name, colour, marker, height in (("AND", ZERO, "o", 2.6), ("OR", "#009E73", "^", 1.35), ("XOR", ONE, "s", 3.75)):
        mistakes = rosenblatt(SQUARE, GATES[name], len(epochs), 1.0)[1]
        axes.plot(epochs, mistakes, color=colour, marker=marker, clip_on=False)
        axes.annotate(name, (3.3, height), color=colour, fontsize=11)
    axes.set(xlabel="época", ylabel="errores en la época (de 4)", ylim=(0, 4.3), xticks=epochs[::2], yticks=range(5))
    return drawing


@figure(
    "plegado",
    alt="A la izquierda, XOR en el plano de entrada, con la banda en la que la red responde 1. A la derecha, los mismos puntos según las "
    "dos unidades ocultas: (0, 1) y (1, 0) cayeron en el mismo lugar y una recta los separa de los otros dos.",
)
def hidden_plane(curves: Curves) -> Figure:
    drawing, (left, right) = _panels(2)
    _corners(left, GATES["XOR"])
    xs, ys = np.meshgrid(np.linspace(-0.5, 1.5, 160), np.linspace(-0.5, 1.5, 160))
    out = np.maximum(np.stack([xs, ys], -1) @ W + B, 0) @ V
    left.contourf(xs, ys, out, levels=[0.5, 9], colors=[ONE], alpha=0.2)
    left.contour(xs, ys, out, levels=[0.5], colors=[LINE])
    _square_axes(left, "$x_1$", "$x_2$")
    left.set_title("lo que entra")
    hidden = np.maximum(SQUARE @ W + B, 0)
    _points(right, hidden, GATES["XOR"])
    across = np.array([-0.4, 2.6])
    right.plot(across, (across - 0.5) / 2, color=LINE)
    for text, at in (("(0,0)", (-0.3, 0.15)), ("(0,1) y (1,0)", (0.75, -0.22)), ("(1,1)", (2.1, 1.08))):
        right.annotate(text, at)
    right.set(xlabel="$h_1$", ylabel="$h_2$", xlim=(-0.4, 2.6), ylim=(-0.5, 1.5), title="lo que ve la salida", aspect="equal")
    return drawing


@figure(
    "activaciones",
    alt="Tres pares de curvas. El escalón tiene pendiente cero en todas partes; la sigmoide tiene pendiente de campana, que se apaga "
    "lejos del cero; la ReLU tiene pendiente 0 a la izquierda y 1 a la derecha.",
)
def activations(curves: Curves) -> Figure:
    drawing, panels = _panels(3, height=2.6)
    z = np.linspace(-5, 5, 401)
    s = sigmoid(z)
    shown = (("escalón", z >= 0, np.zeros_like(z)), ("sigmoide", s, s * (1 - s)), ("ReLU", np.maximum(z, 0), z > 0))
    for axes, (name, values, slope) in zip(panels, shown, strict=True):
        axes.plot(z, values, color=ZERO)
        axes.plot(z, slope, color=ONE, linestyle="--")
        axes.set(title=name, xlabel="$z$", ylim=(-0.1, 1.6))
    panels[2].annotate("función", (0.1, 1.25), color=ZERO, ha="right")
    panels[2].annotate("pendiente", (1.9, 0.85), color=ONE)
    return drawing


@figure(
    "grafo-backprop",
    alt="Grafo de la red del ejemplo: entrada (1, 1), ocultas 2 y 1, salida 1, pérdida 1. Debajo de cada paso, de derecha a izquierda, "
    "su gradiente: 2 en la salida, (2, −2) en las ocultas, (4, 2) en los pesos de salida y ±2 en los de entrada.",
)
def worked_graph(curves: Curves) -> Figure:
    drawing, (axes,) = _panels(1, height=3.3)
    steps = (
        ("$x$", "$(1,\\,1)$", ""),
        ("$z = xW + b$", "$(2,\\,1)$", "$(2,\\,-2)$"),
        ("$h = \\mathrm{ReLU}(z)$", "$(2,\\,1)$", "$(2,\\,-2)$"),
        ("$\\hat y = h \\cdot v + c$", "$1$", "$2$"),
        ("$L = (\\hat y - y)^2$", "$1$", "$1$"),
    )
    for i, (name, value, gradient) in enumerate(steps):
        axes.text(
            i, 0, name, ha="center", va="center", bbox={"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": SOFT}
        )
        axes.text(i, 0.75, value, ha="center", va="center", color=ZERO)
        axes.text(i, -0.75, gradient, ha="center", va="center", color=ONE)
    for i in range(4):
        axes.annotate("", (i + 0.62, 0.75), (i + 0.3, 0.75), arrowprops={"arrowstyle": "->", "color": ZERO})
        if i:
            axes.annotate("", (i + 0.32, -0.75), (i + 0.68, -0.75), arrowprops={"arrowstyle": "->", "color": ONE})
    for at, text in (
        (1, "$\\partial L/\\partial W = x^\\top (2,\\,-2)$: ±2"),
        (3, "$\\partial L/\\partial v = 2\\,h = (4,\\,2)$"),
    ):
        axes.annotate(text, (at, -0.95), (at, -1.65), ha="center", color=ONE, arrowprops={"arrowstyle": "<-", "color": ONE})
    axes.text(-0.55, 1.3, "hacia adelante: valores", color=ZERO)
    axes.text(4.45, -1.3, "hacia atrás: gradientes", color=ONE, ha="right")
    axes.set(xlim=(-0.6, 4.6), ylim=(-1.9, 1.6))
    axes.axis("off")
    return drawing


@figure(
    "perdida-xor",
    alt="Pérdida media en XOR de cien redes por semilla. Sin activación baja a 0.69 y queda plana; con ReLU sigue bajando y pasa de "
    "largo 0.1.",
)
def loss_with_and_without(curves: Curves) -> Figure:
    drawing, (axes,) = _panels(1)
    for name, colour, label, height in (("relu", ONE, "con ReLU", 0.16), ("linear", ZERO, "sin activación", 0.72)):
        runs = curves.stack(f"xor_training.loss_{name}")
        epochs = np.arange(1, runs.shape[1] + 1)
        axes.plot(epochs, runs.T, color=colour, linestyle="-", linewidth=0.8, alpha=0.5)
        axes.plot(epochs, runs.mean(axis=0), color=colour, linestyle="-")
        axes.annotate(label, (0.62 * len(epochs), height), color=colour, fontsize=11)
    axes.axhline(np.log(2), color=LINE, linestyle=":", linewidth=1)
    axes.annotate("ln 2", (0.94 * len(epochs), np.log(2) - 0.06), color=LINE)
    axes.set(xlabel="época", ylabel="pérdida media (entropía cruzada)", ylim=(0, None))
    return drawing


@figure(
    "suerte-xor",
    alt="Fracción de redes que aprenden XOR según las unidades ReLU de la capa oculta: crece de menos de una de cada cinco con 2 "
    "unidades a casi todas con 16.",
)
def luck_by_width(curves: Curves) -> Figure:
    drawing, (axes,) = _panels(1)
    widths = [2, 4, 8, 16]
    shares = np.stack([curves.stack(f"xor_training.share_{width}") for width in widths]) * 100
    places = np.arange(len(widths))
    axes.bar(places, shares.mean(axis=1), color=ZERO, alpha=0.35, width=0.6)
    for place, runs in zip(places, shares, strict=True):
        axes.plot(np.full(len(runs), place), runs, "o", color=LINE, markersize=4)
        axes.annotate(f"{runs.mean():.0f} %", (place + 0.33, runs.mean()), va="center")
    axes.set(xlabel="unidades en la capa oculta", ylabel="redes que aprenden XOR (%)", ylim=(0, 105), xlim=(-0.5, 3.8))
    axes.set_xticks(places, widths)
    return drawing


@figure(
    "medialunas",
    alt="Las dos medialunas con la frontera de cada modelo. La de la regresión logística es una recta que corta las puntas de ambas; la "
    "del MLP se curva entre las dos.",
)
def moons_boundaries(curves: Curves) -> Figure:
    drawing, panels = _panels(2)
    points, labels = curves["moons_models.points"][0], curves["moons_models.labels"][0]
    xs, ys = np.meshgrid(np.linspace(-1.7, 2.7, 180), np.linspace(-1.3, 1.8, 180))
    plane = np.stack([xs, ys], -1)
    line = curves["moons_models.line"][0]
    shown = (
        ("regresión logística", "logistic_accuracy", plane @ line[:2] + line[2]),
        ("MLP 16, 8", "mlp_accuracy", _mlp(curves["moons_models.mlp_weights"][0], plane)),
    )
    for axes, (name, key, z) in zip(panels, shown, strict=True):
        share = 100 * float(curves[f"moons_models.{key}"][0])
        axes.contourf(xs, ys, z >= 0, levels=[-0.5, 0.5, 1.5], colors=[ZERO, ONE], alpha=0.15)
        axes.contour(xs, ys, z, levels=[0], colors=[LINE])
        _points(axes, points, labels, size=12)
        axes.set(xlabel="$x_1$", ylabel="$x_2$", title=f"{name}: {share:.1f} %".replace(".", ","))
    return drawing


def _mlp(flat: Any, points: Any) -> Any:
    """Logits of the 2 → 16 → 8 → 1 network from its weights in a row, as the measurement keeps them."""
    cuts = np.cumsum([32, 16, 128, 8, 8])
    w1, b1, w2, b2, w3, b3 = np.split(flat, cuts)
    h = np.maximum(points @ w1.reshape(2, 16) + b1, 0)
    return np.maximum(h @ w2.reshape(16, 8) + b2, 0) @ w3 + b3


def _panels(count: int, height: float = 3.1) -> tuple[Figure, Any]:
    drawing = Figure(figsize=(6.3, height), layout="constrained")
    panels = drawing.subplots(1, count, squeeze=False)[0]
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return drawing, panels


def _points(axes: Any, points: Any, labels: Any, size: float = 90) -> None:
    for label, colour, marker in ((0, ZERO, "o"), (1, ONE, "s")):
        mine = points[labels == label]
        axes.scatter(mine[:, 0], mine[:, 1], s=size, c=colour, marker=marker, zorder=3, linewidths=0)


def _corners(axes: Any, labels: Any) -> None:
    _points(axes, SQUARE, labels)
    for (x, y), label in zip(SQUARE, labels, strict=True):
        axes.annotate(str(label), (x + 0.09, y + 0.09))


def _square_axes(axes: Any, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y, xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), xticks=[0, 1], yticks=[0, 1], aspect="equal")
