"""What the judge of class 100 knows without asking the reference: perceptron, networks, gradients and lines, in NumPy.

Gradients are finite differences, so that no chain rule of ours vouches for the student's; the best line is found by counting,
not by training. Random inputs are drawn here too.
"""

from itertools import pairwise
from typing import Any

import numpy as np

SQUARE = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
GATES = {"AND": np.array([0, 0, 0, 1]), "OR": np.array([0, 1, 1, 1]), "XOR": np.array([0, 1, 1, 0])}


def step(z: Any) -> Any:
    """1 where z ≥ 0."""
    return (np.asarray(z) >= 0).astype(int)


def sigmoid(z: Any) -> Any:
    """1 / (1 + e^(−z))."""
    return 1 / (1 + np.exp(-np.asarray(z)))


def rosenblatt(inputs: Any, labels: Any, epochs: int, rate: float, *, delayed: bool = False) -> tuple[Any, list[int]]:
    """Weights and mistakes of a perceptron that is corrected after each example or (`delayed`) at the end of each epoch."""
    inputs = np.column_stack([inputs, np.ones(len(inputs))])  # the bias is the weight of a constant 1
    weights, mistakes = np.zeros(inputs.shape[1]), []
    for _ in range(epochs):
        used, count = weights.copy(), 0
        for x, y in zip(inputs, labels, strict=True):
            error = int(y) - int(step(used @ x))
            weights, count = weights + rate * error * x, count + abs(error)
            used = used if delayed else weights
        mistakes.append(count)
    return weights[:-1], mistakes


def separable_cloud(rng: np.random.Generator) -> tuple[Any, Any]:
    """About fifty points of the space on both sides of a plane, none close to it."""
    points = rng.normal(size=(60, 3))
    side = points @ rng.normal(size=3) + 0.3
    return points[np.abs(side) > 0.2], step(side[np.abs(side) > 0.2])


def cross_entropy(p: Any, labels: Any) -> float:
    """Mean binary cross-entropy of probabilities."""
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p)))


def network(weights: list[Any], points: Any) -> Any:
    """Logits of a network with one ReLU layer."""
    w1, b1, w2, b2 = weights
    return (np.maximum(points @ w1 + b1, 0) @ w2 + b2)[:, 0]


def balanced_network(rng: np.random.Generator, points: Any) -> list[Any]:
    """Draw a 2 → 6 → 1 network whose boundary leaves half of the points on each side."""
    w1, b1, w2 = rng.normal(size=(2, 6)), rng.normal(size=6), rng.normal(size=(6, 1)) + 0.2
    return [w1, b1, w2, -np.median(np.maximum(points @ w1 + b1, 0) @ w2, axis=0)]


def draw_parameters(rng: np.random.Generator) -> dict[str, Any]:
    """Parameters of a 1 → 2 → 1 network."""
    return {"w1": rng.normal(size=2), "b1": rng.normal(size=2), "w2": rng.normal(size=2) + 0.3, "b2": float(rng.normal())}


def squared_error(x: float, y: float, parameters: dict[str, Any]) -> float:
    """Loss of a 1 → 2 → 1 network with sigmoid hidden units, for one example."""
    h = sigmoid(parameters["w1"] * x + parameters["b1"])
    return float((parameters["w2"] @ h + parameters["b2"] - y) ** 2)


def differences(x: float, y: float, parameters: dict[str, Any], epsilon: float = 1e-5) -> dict[str, Any]:
    """Gradient of `squared_error` by central differences: two evaluations a parameter."""
    gradient = {}
    for name, value in parameters.items():
        flat = np.atleast_1d(np.asarray(value, dtype=float))
        slopes = np.zeros_like(flat)
        for i in range(flat.size):
            shift = np.zeros_like(flat)
            shift[i] = epsilon
            up, down = (flat + shift).reshape(np.shape(value)), (flat - shift).reshape(np.shape(value))
            rise = squared_error(x, y, {**parameters, name: up}) - squared_error(x, y, {**parameters, name: down})
            slopes[i] = rise / (2 * epsilon)
        gradient[name] = slopes.reshape(np.shape(value))
    return gradient


def gradient_slips(x: float, parameters: dict[str, Any], true: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """What frequent slips would give, by parameter."""
    z = parameters["w1"] * x + parameters["b1"]
    h = sigmoid(z)
    slips = {
        name: {"parece que falta el 2 de derivar el cuadrado": value / 2, "parece que el signo está al revés": -value}
        for name, value in true.items()
    }
    no_slope = "parece que falta la derivada de la sigmoide, h (1 − h)"
    slips["b1"] |= {
        no_slope: true["b1"] / (h * (1 - h)),
        "parece que multiplicaste por x, y la entrada del sesgo es 1": true["w1"],
    }
    slips["w1"] |= {no_slope: true["w1"] / (h * (1 - h)), "parece que falta multiplicar por la entrada x": true["b1"]}
    slips["w2"] |= {
        "parece que usaste la entrada x en lugar de la salida oculta h": true["b2"] * np.full(2, x),
        "parece que usaste z en lugar de h": true["b2"] * z,
    }
    return slips


def draw_layers(rng: np.random.Generator, widths: list[int]) -> tuple[list[Any], list[Any]]:
    """Matrices and biases of a stack of linear layers."""
    return [rng.normal(size=pair) for pair in pairwise(widths)], [rng.normal(size=width) for width in widths[1:]]


def collapse(weights: list[Any], biases: list[Any]) -> tuple[Any, Any]:
    """The affine map of a stack of linear layers: where it sends the origin is the bias; where it sends the axes, the matrix."""

    def run(x: Any) -> Any:
        for layer, bias in zip(weights, biases, strict=True):
            x = x @ layer + bias
        return x

    inputs = weights[0].shape[0]
    offset = run(np.zeros((1, inputs)))[0]
    return run(np.eye(inputs)) - offset, offset


def best_line(points: Any, labels: Any, directions: int) -> float:
    """Best accuracy of a line: for each direction, sort by projection and count the hits of every cut at once."""
    best, n = 0, len(labels)
    for angle in np.arange(directions) * np.pi / directions:
        ordered = labels[np.argsort(points @ np.array([np.cos(angle), np.sin(angle)]), kind="stable")]
        ones_below = np.concatenate([[0], np.cumsum(ordered)])
        hits = (np.arange(n + 1) - ones_below) + (ones_below[-1] - ones_below)
        best = max(best, int(hits.max()), int((n - hits).max()))
    return best / n


def mixed_cloud(rng: np.random.Generator) -> tuple[Any, Any, float]:
    """Nine labelled points and the accuracy of their best line: neither perfect nor trivial, easy to find by angle."""
    while True:
        points, labels = rng.normal(size=(9, 2)), rng.integers(0, 2, size=9)
        best = best_line(points, labels, 60)
        if max(labels.mean(), 1 - labels.mean()) < best < 1 and best == best_line(points, labels, 1440):
            return points, labels, best


def plane(steps: int = 60) -> Any:
    """Points over the region where the moons lie, (steps², 2)."""
    xs, ys = np.meshgrid(np.linspace(-1.5, 2.5, steps), np.linspace(-1.0, 1.5, steps))
    return np.column_stack([xs.ravel(), ys.ravel()])
