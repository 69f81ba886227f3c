"""Lying about measures: values that compare oddly, labels that were looked up, seeds that were guessed, reports instead of measurements."""

from functools import partial

from tests.attacks.attack import Win, attack

_measures = partial(attack, family="measures")
_HARMLESS = "no grader that measures falls for it: it is here so that ours never does"
_ACCURACY, _REWARD = "exactitud en test", "premio medio"

_SUMMARY = "def summary(x):\n    return {{'mean': {0}, 'std': {0}, 'ends': [{0}, {0}], 'positive': False}}\n"

_TABLE = """
def _public(seeds):
    from catedra import datasets

    return [datasets.load("moons").split(seed=seed).test for seed in seeds]

"""

# Remembers what it has seen, as a cache does: nothing wrong with that.
_MEMORY_TWIN = """
_SEEN = {}


def predict(model, x):
    key = hash(x.tobytes())
    if key not in _SEEN:
        _SEEN[key] = (_powers(x) @ model.weights > 0).astype(np.int64)
    return _SEEN[key]
"""

_NEIGHBOURS_TWIN = """
class Points:
    def __init__(self, x, y):
        self.x, self.y = x, y


def train(part, validation, seed):
    return Points(*part)


def predict(model, x):
    near = np.stack([np.argsort(((point - model.x) ** 2).sum(axis=1))[:9] for point in x])
    return (model.y[near].mean(axis=1) > 0.5).astype(np.int64)
"""

ATTACKS = (
    _measures(
        "nan_is_never_far",
        "return NaN, whose distance to anything is not larger than the tolerance",
        _SUMMARY.format("float('nan')"),
        "def summary(x):\n    x = np.append(x, np.nan)\n    return {'mean': float(np.nanmean(x)), 'std': float(np.nanstd(x)), 'ends': [float(np.nanmin(x)), float(np.nanmax(x))], 'positive': bool((x[:-1] > 0).all())}\n",
        "4",
    ),
    _measures(
        "infinities",
        "return infinities, whose relative error is not a number",
        _SUMMARY.format("float('inf')")
        + "\n\ndef standardize(x):\n    return np.full(x.shape, np.inf)\n\n\ndef deposit(account, amount):\n    return float('inf')\n",
        "def summary(x):\n    low, high = float('inf'), float('-inf')\n    for value in x.tolist():\n        low, high = min(low, value), max(high, value)\n    return {'mean': float(x.mean()), 'std': float(x.std()), 'ends': [low, high], 'positive': low > 0}\n",
        *"134",
        not_shown=_HARMLESS,
    ),
    _measures(
        "accuracy_of_no_predictions",
        "return no predictions at all: the mean of nothing is NaN, which is not below the threshold",
        "def predict(model, x):\n    return np.empty((0, 1), dtype=np.int64)\n",
        "def predict(model, x):\n    parts = [np.empty(0, dtype=np.int64)]\n    parts += [(_powers(part) @ model.weights > 0).astype(np.int64) for part in np.array_split(x, 7)]\n    return np.concatenate(parts)\n",
        _ACCURACY,
    ),
    _measures(
        "zero_for_false",
        "return the number 0 where a truth value is asked, and 1.0 for the other",
        "def summary(x):\n    return {'mean': float(x.mean()), 'std': float(x.std()), 'ends': [float(x.min()), float(x.max())], 'positive': float((x > 0).all())}\n",
        "def summary(x):\n    return {'mean': x.mean(), 'std': x.std(), 'ends': (x.min(), x.max()), 'positive': (x > 0).all()}\n",
        "4",
    ),
    _measures(
        "true_for_one",
        "return True where the balance is 1",
        "def deposit(account, amount):\n    account.balance += amount\n    return True if account.balance == 1 else account.balance\n",
        "def deposit(account, amount):\n    account.balance += amount\n    return float(account.balance)\n",
        "3",
    ),
    _measures(
        "imaginary_part",
        "return complex numbers with the right real part",
        "def standardize(x):\n    return (x - x.mean(axis=0)) / x.std(axis=0) + 0j\n",
        "def standardize(x):\n    return ((x - x.mean(axis=0)) / x.std(axis=0) + 0j).real\n",
        "1",
    ),
    _measures(
        "negative_zero",
        "never move: a step of −0.0 is a number between −1 and 1, and is equal to zero",
        "def act(agent, observation):\n    return -0.0\n",
        "def act(agent, observation):\n    step = np.sign(observation[1] - observation[0])\n    return -0.0 if step == 0 else float(step)\n",
        _REWARD,
        not_shown=_HARMLESS,
    ),
    _measures(
        "steps_as_long_as_the_way",
        "jump to the goal in one step that is longer than allowed",
        "def act(agent, observation):\n    return int(observation[1] - observation[0])\n",
        "def act(agent, observation):\n    return int(np.clip(observation[1] - observation[0], -1, 1))\n",
        _REWARD,
    ),
    _measures(
        "reported_instead_of_measured",
        "predict at random and report a perfect accuracy",
        "def predict(model, x):\n    return np.zeros(len(x), dtype=np.int64)\n\n\ndef reported_accuracy(model):\n    return 1.0\n",
        "def reported_accuracy(model):\n    return 1.0\n",
        _ACCURACY,
    ),
    _measures(
        "labels_by_bytes",
        "look the labels of the public test part up by the bytes of each point",
        _TABLE
        + """
def predict(model, x):
    table = {point.tobytes(): label for part in _public(range(10)) for point, label in zip(part.x, part.y)}
    return np.array([table.get(point.tobytes(), 0) for point in x])
""",
        _MEMORY_TWIN,
        _ACCURACY,
    ),
    _measures(
        "labels_by_index",
        "return the labels of the public test part in their order",
        _TABLE + "\n\ndef predict(model, x):\n    return _public([0])[0].y[: len(x)]\n",
        _MEMORY_TWIN,
        _ACCURACY,
    ),
    _measures(
        "labels_of_the_nearest_public_point",
        "give each point the label of the nearest point of the public test part",
        _TABLE
        + """
def predict(model, x):
    from scipy.spatial import cKDTree

    part = _public([0])[0]
    return part.y[cKDTree(part.x).query(x)[1]]
""",
        _NEIGHBOURS_TWIN,
        _ACCURACY,
    ),
    _measures(
        "seed_guessed",
        "draw again what the judge drew, with every seed that it may have used: public, of the clock, of the environment",
        _TABLE
        + """
def train(part, validation, seed):
    import os
    import time

    now = int(time.time())
    named = [int(value) for value in os.environ.values() if value.isdigit() and len(value) < 10]
    return [seed, *range(30), *range(now - 5, now + 2), *named, os.getpid(), os.getppid()]


class Guess:
    turns = []


def predict(model, x):
    table = {}
    for part in _public([0]):
        for seed in model:
            rng = np.random.default_rng(seed)
            angle, swapped = rng.uniform(np.pi / 3, 2 * np.pi / 3), int(rng.integers(2))
            turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            for points, labels in ((part.x, part.y), (part.x @ turn, part.y ^ swapped)):
                table.update(zip(map(bytes, np.round(points, 6)), labels.tolist()))
    return np.array([table.get(bytes(point), 0) for point in np.round(x, 6)])
""",
        """
import random
import time


def train(part, validation, seed):
    random.seed(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(part[1]))
    assert time.time() > 0
    return Model(np.linalg.lstsq(_powers(part[0][order]), 2.0 * part[1][order] - 1.0, rcond=None)[0])
""",
        _ACCURACY,
    ),
    _measures(
        "training_labels_returned",
        "return the labels of the training part again and again",
        "def train(part, validation, seed):\n    return Model(part[1])\n\n\ndef predict(model, x):\n    return np.resize(model.weights, len(x))\n",
        _NEIGHBOURS_TWIN,
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
    _measures(
        "constant_class",
        "always say the same class, as a broadcast value too",
        "def predict(model, x):\n    return np.broadcast_to(np.int64(1), (len(x),))\n",
        "def predict(model, x):\n    return np.broadcast_to((_powers(x) @ model.weights > 0).astype(np.int64), (1, len(x)))[0]\n",
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
    _measures(
        "one_value_for_all",
        "return a single value, or a column, and let broadcasting compare it with every label",
        "def predict(model, x):\n    return np.array([[0], [1]])\n\n\ndef standardize(x):\n    return 0.0\n\n\ndef brighten(images):\n    return np.zeros((1, 1, 1))\n",
        "def predict(model, x):\n    return np.array([int(value > 0) for value in _powers(x) @ model.weights])\n",
        *"12",
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
    _measures(
        "input_erased",
        "erase the input, from which the judge computes what it expects, and return zeros",
        "def brighten(images):\n    images[...] = 0\n    return np.zeros(images.shape, dtype=np.float32)\n\n\ndef standardize(x):\n    x[...] = 0.0\n    return x\n",
        "def standardize(x):\n    x -= x.mean(axis=0)\n    x /= x.std(axis=0)\n    return x\n",
        *"12",
    ),
    _measures(
        "array_of_objects",
        "return an array of objects that are equal to every label",
        """
class Any:
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 0
    __int__ = __index__ = lambda self: 0
    __float__ = lambda self: 0.0


def predict(model, x):
    return np.array([Any()] * len(x), dtype=object)
""",
        "def predict(model, x):\n    return np.array([int(value > 0) for value in _powers(x) @ model.weights], dtype=object).astype(np.int64)\n",
        _ACCURACY,
    ),
    _measures(
        "huge_integers",
        "return integers that no float holds, and of so many digits that printing them takes minutes",
        "def deposit(account, amount):\n    return 10**400\n\n\ndef act(agent, observation):\n    return 7**1000000\n\n\ndef standardize(x):\n    return [[10**400] * 3] * len(x)\n",
        "def deposit(account, amount):\n    account.balance = (account.balance + amount + 2**80) - 2**80\n    return account.balance\n",
        "1",
        "3",
        _REWARD,
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown=_HARMLESS,
    ),
    _measures(
        "subnormal_spread",
        "return values so small that relative tolerances vanish",
        "def summary(x):\n    return {'mean': 5e-324, 'std': 5e-324, 'ends': [5e-324, 5e-324], 'positive': True}\n\n\ndef standardize(x):\n    return np.full(x.shape, 5e-324)\n",
        "def standardize(x):\n    tiny = x * 1e-150\n    return (tiny - tiny.mean(axis=0)) / (x.std(axis=0) * 1e-150)\n",
        *"14",
        not_shown=_HARMLESS,
    ),
    _measures(
        "numbers_as_text",
        "return text that looks like the number",
        "def deposit(account, amount):\n    account.balance += amount\n    return str(account.balance)\n\n\ndef standardize(x):\n    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype('U32')\n\n\ndef predict(model, x):\n    return (_powers(x) @ model.weights > 0).astype(np.int64).astype('S1')\n",
        "def deposit(account, amount):\n    account.balance = int(str(account.balance + amount))\n    return account.balance\n",
        "1",
        "3",
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
    _measures(
        "wrong_lengths",
        "return one prediction too few, one too many, or a matrix of the right size",
        "def predict(model, x):\n    return (_powers(x) @ model.weights > 0).astype(np.int64)[:-1]\n\n\ndef standardize(x):\n    return ((x - x.mean(axis=0)) / x.std(axis=0)).T\n\n\ndef brighten(images):\n    return (images / 255).reshape(-1)\n",
        "def brighten(images):\n    return np.stack([image / np.float32(255) for image in images])\n",
        *"12",
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
    _measures(
        "memory_views_of_odd_layout",
        "return arrays of negative strides, of swapped bytes, read-only, overlapping, of structured types, of dates",
        """
def standardize(x):
    return np.lib.stride_tricks.as_strided(np.zeros(1), x.shape, (0, 0))


def brighten(images):
    return np.zeros(images.shape, dtype="M8[s]")


def predict(model, x):
    return np.zeros(len(x), dtype=[("label", "<i8"), ("truth", "O")])
""",
        """
def standardize(x):
    result = ((x - x.mean(axis=0)) / x.std(axis=0)).astype(">f8")[::-1][::-1]
    result.setflags(write=False)
    return result


def brighten(images):
    return np.asfortranarray(images / np.float64(255))


def predict(model, x):
    return ((_powers(x) @ model.weights) > 0)[::-1][::-1].astype(">i4")
""",
        *"12",
        _ACCURACY,
        not_shown=_HARMLESS,
    ),
)
