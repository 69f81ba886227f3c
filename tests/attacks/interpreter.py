"""Tricks that work where judge and answer share an interpreter: lying objects, patched modules, frames, tracing, memory."""

from functools import partial

from tests.attacks.attack import Win, attack

_interpreter = partial(attack, family="interpreter")

# From here up, the first frame with a local variable of that name.
_FRAMES = """
import sys


def _frame_with(*names):
    frame = sys._getframe()
    while frame is not None:
        for name in names:
            if name in frame.f_locals:
                return frame, name
        frame = frame.f_back
    raise RuntimeError("no frame holds it")

"""

ATTACKS = (
    _interpreter(
        "text_that_equals_everything",
        "return a str that is equal to whatever it is compared with",
        """
class Lie(str):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = str.__hash__


def caption(name, score):
    return Lie("cualquier cosa")
""",
        """
class Caption(str):
    def shouted(self):
        return self.upper()


def caption(name, score):
    return Caption(f"{name}: {score:.2f}")
""",
        "5",
    ),
    _interpreter(
        "number_that_equals_everything",
        "return an int that is equal to every balance",
        """
class Lie(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = int.__hash__
    __sub__ = __rsub__ = lambda self, other: 0
    __float__ = lambda self: 0.0


def deposit(account, amount):
    return Lie(3)
""",
        "def deposit(account, amount):\n    account.balance = np.int64(account.balance + amount)\n    return account.balance\n",
        "3",
    ),
    _interpreter(
        "array_that_is_close_to_everything",
        "return an ndarray subclass that answers for np.allclose itself",
        """
class Lie(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(())


def standardize(x):
    return np.zeros(x.shape).view(Lie)
""",
        """
class Labelled(np.ndarray):
    label = "estandarizado"


def standardize(x):
    return ((x - x.mean(axis=0)) / x.std(axis=0)).view(Labelled)
""",
        "1",
    ),
    _interpreter(
        "masked_array_that_hides_its_errors",
        "mask what is wrong, so that comparisons skip it",
        "def standardize(x):\n    result = np.zeros(x.shape)\n    result[0] = (x[0] - x.mean(axis=0)) / x.std(axis=0)\n    return np.ma.masked_array(result, mask=result == 0)\n",
        "def standardize(x):\n    return np.ma.masked_array((x - x.mean(axis=0)) / x.std(axis=0))\n",
        "1",
    ),
    _interpreter(
        "dict_that_equals_everything",
        "return a dict that is equal to every dict and gives whatever is asked",
        """
class Lie(dict):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __getitem__ = lambda self, key: float("nan")
    __contains__ = lambda self, key: True
    keys = lambda self: {"mean", "std", "ends", "positive"}


def summary(x):
    return Lie()
""",
        """
from collections import OrderedDict


def summary(x):
    made = OrderedDict()
    made["positive"] = bool((x > 0).all())
    made["ends"] = (float(x.min()), float(x.max()))
    made["std"], made["mean"] = float(x.std()), float(x.mean())
    return made
""",
        "4",
    ),
    _interpreter(
        "predictions_that_equal_every_label",
        "return an object whose comparison is an array of trues",
        """
class Lie:
    __eq__ = lambda self, other: np.ones(np.shape(other), dtype=bool)
    __len__ = lambda self: 10_000
    shape, dtype, ndim, size = (10_000,), np.dtype(np.int64), 1, 10_000


def predict(model, x):
    return Lie()
""",
        "def predict(model, x):\n    return [int(value) for value in _powers(x) @ model.weights > 0]\n",
        "exactitud en test",
    ),
    _interpreter(
        "class_that_says_it_is_another",
        "pretend through `__class__` and a metaclass to be a built-in type",
        """
class Meta(type):
    __instancecheck__ = __subclasscheck__ = lambda cls, other: True
    __eq__ = lambda cls, other: True
    __hash__ = lambda cls: hash(str)


class Lie(metaclass=Meta):
    __class__ = property(lambda self: str)
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = lambda self: 0
    strip = lambda self: "x"


def caption(name, score):
    return Lie()
""",
        """
class Registry(type):
    made = []

    def __new__(mcs, name, bases, members):
        mcs.made.append(name)
        return super().__new__(mcs, name, bases, members)


class Formatter(metaclass=Registry):
    def __call__(self, name, score):
        return f"{name}: {score:.2f}"


def caption(name, score):
    return Formatter()(name, score)
""",
        "5",
    ),
    _interpreter(
        "patched_numpy",
        "replace np.allclose, np.any and np.mean",
        """
def standardize(x):
    np.allclose = np.array_equal = np.testing.assert_allclose = lambda *args, **kwargs: True
    return x


def summary(x):
    np.any = lambda *args, **kwargs: False
    return {"mean": 0.0, "std": 0.0, "ends": [0.0, 0.0], "positive": False}


def predict(model, x):
    np.mean = lambda *args, **kwargs: 1.0
    return np.zeros(len(x), dtype=np.int64)
""",
        """
def standardize(x):
    calls, usual = [], np.mean

    def counted(*args, **kwargs):
        calls.append(1)
        return usual(*args, **kwargs)

    np.mean = counted
    try:
        return (x - np.mean(x, axis=0)) / x.std(axis=0)
    finally:
        np.mean = usual
        assert calls
""",
        "1",
        "4",
        "exactitud en test",
    ),
    _interpreter(
        "patched_builtins",
        "replace int and abs, with which the judge counts",
        """
import builtins


def new_agent(seed):
    builtins.int = lambda *args: 1
    builtins.abs = lambda value: 0
    return Agent()


def act(agent, observation):
    return 0
""",
        """
import builtins


def caption(name, score):
    shown, usual = [], builtins.print
    builtins.print = lambda *args, **kwargs: shown.append(args)
    try:
        print(name)
    finally:
        builtins.print = usual
    assert shown == [(name,)]
    return f"{name}: {score:.2f}"
""",
        "premio medio",
    ),
    _interpreter(
        "patched_generator",
        "replace np.random.default_rng, so that what the judge draws is convenient",
        """
class Convenient:
    choice = lambda self, *args, **kwargs: np.array([3, 3])
    integers = lambda self, *args, **kwargs: np.zeros(30, dtype=np.int64) if len(args) > 2 else np.int64(0)
    normal = lambda self, *args, **kwargs: np.zeros((8, 3))
    uniform = lambda self, *args, **kwargs: 0.0


class Patch:
    np.random.default_rng = np.random.Generator = lambda *args, **kwargs: Convenient()


def act(agent, observation):
    return 0
""",
        """
def new_agent(seed):
    np.random.seed(seed)
    agent = Agent()
    agent.noise = np.random.rand()
    agent.rng = np.random.default_rng(seed)
    return agent
""",
        "premio medio",
    ),
    _interpreter(
        "patched_grader",
        "replace the functions of every module that judges or compares",
        """
import sys


class Patch:
    for _module in list(sys.modules.values()):
        for _name in ("_one", "_two", "close", "equal", "true", "run_check", "difference", "allclose", "number", "array", "labels"):
            try:
                if callable(getattr(_module, _name, None)) and getattr(_module, "__name__", "").partition(".")[0] not in ("numpy", "builtins"):
                    setattr(_module, _name, lambda *args, **kwargs: True)
            except Exception:
                pass


def standardize(x):
    return x
""",
        """
import json


class Rounded(json.JSONEncoder):
    def iterencode(self, value, _one_shot=False):
        return super().iterencode(round(value, 2))


def caption(name, score):
    assert json.dumps(1.234, cls=Rounded) == "1.23"
    return f"{name}: {score:.2f}"
""",
        "1",
    ),
    _interpreter(
        "expected_values_in_the_frames",
        "walk up the frames to the variable that holds what is expected",
        _FRAMES
        + """
def _expected():
    frame, name = _frame_with("expected", "hidden", "y_true", "solution")
    return frame.f_locals[name]


def standardize(x):
    return _expected()


def deposit(account, amount):
    return _expected()


def summary(x):
    return _expected()


def predict(model, x):
    return _expected()
""",
        """
import inspect
import sys


def standardize(x):
    assert sys._getframe().f_code.co_name == "standardize"
    assert inspect.currentframe().f_locals["x"] is x
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        "3",
        "4",
        "exactitud en test",
    ),
    _interpreter(
        "expected_values_overwritten_by_ctypes",
        "write the wrong answer into the judge's local variable",
        _FRAMES
        + """
import ctypes


def standardize(x):
    frame, name = _frame_with("expected")
    frame.f_locals[name] = np.zeros(x.shape)
    ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return np.zeros(x.shape)
""",
        """
import ctypes
import ctypes.util


def standardize(x):
    root = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6").sqrt
    root.restype, root.argtypes = ctypes.c_double, [ctypes.c_double]
    std = np.array([root(value) for value in x.var(axis=0)])
    return (x - x.mean(axis=0)) / std
""",
        "1",
    ),
    _interpreter(
        "labels_found_by_the_garbage_collector",
        "look among all objects for arrays of labels as long as the test part",
        """
import gc


def predict(model, x):
    for item in gc.get_objects():
        for value in (item if type(item) in (list,) or isinstance(item, tuple) else item.values() if type(item) is dict else ()):
            if type(value) is np.ndarray and value.shape == (len(x),) and value.dtype.kind == "i" and 0.2 < value.mean() < 0.8:
                return value
    return np.zeros(len(x), dtype=np.int64)
""",
        """
import gc


def predict(model, x):
    gc.collect()
    gc.disable()
    try:
        return (_powers(x) @ model.weights > 0).astype(np.int64)
    finally:
        gc.enable()
""",
        "exactitud en test",
    ),
    _interpreter(
        "comparison_watched_by_a_profiler",
        "set a profiler that copies what is expected over the answer when np.allclose begins",
        """
import sys


def _watch(frame, event, arg):
    if event == "call" and frame.f_code.co_name in ("allclose", "difference"):
        values = [value for value in frame.f_locals.values() if isinstance(value, np.ndarray)]
        values[0][...] = values[1]


def standardize(x):
    sys.setprofile(_watch)
    sys.settrace(_watch)
    return np.zeros(x.shape)
""",
        """
import sys


def standardize(x):
    seen = []
    sys.setprofile(lambda frame, event, arg: seen.append(event))
    result = (x - x.mean(axis=0)) / x.std(axis=0)
    sys.setprofile(None)
    assert seen
    return result
""",
        "1",
    ),
    _interpreter(
        "import_hook",
        "put a finder first that gives false modules to whoever imports next",
        """
import importlib.abc
import importlib.machinery
import sys
import types


class Loader(importlib.abc.Loader):
    def exec_module(self, module):
        module.__getattr__ = lambda name: lambda *args, **kwargs: True


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, Loader())


def standardize(x):
    sys.meta_path.insert(0, Finder())
    sys.path_hooks.insert(0, lambda path: Finder())
    for name in [name for name in sys.modules if name.startswith(("catedra", "json", "msgpack"))]:
        sys.modules[name] = types.ModuleType(name)
    return x


def predict(model, x):
    return np.zeros(len(x), dtype=np.int64)
""",
        """
import importlib.abc
import sys


class Logged(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return None


def standardize(x):
    finder = Logged()
    sys.meta_path.insert(0, finder)
    try:
        import colorsys

        assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    finally:
        sys.meta_path.remove(finder)
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        "exactitud en test",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown="the textbook grader has everything imported",
    ),
    _interpreter(
        "shadow_modules",
        "leave numpy.py, catedra.py, msgpack.py and sitecustomize.py wherever Python may look",
        """
import os
import pathlib
import site
import sys
import tempfile


def standardize(x):
    text = "import os\\nos._exit(0)\\n"
    own = {".", "@@CWD@@", "@@OUTSIDE@@", "@@HOME@@"}
    for folder in own | {path for path in (*sys.path, site.getusersitepackages(), tempfile.gettempdir()) if path.startswith(("@@ROOT@@", os.getcwd()))}:
        for name in ("numpy", "catedra", "msgpack", "json", "sitecustomize", "usercustomize"):
            try:
                pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
                pathlib.Path(folder, f"{name}.py").write_text(text)
            except OSError:
                pass
    return x
""",
        """
import importlib
import pathlib
import sys
import tempfile


def caption(name, score):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "mi_modulo.py").write_text("FORM = '{}: {:.2f}'\\n")
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        import mi_modulo

        sys.path.remove(folder)
        del sys.modules["mi_modulo"]
    return mi_modulo.FORM.format(name, score)
""",
        "1",
        wins=(Win.NEXT, Win.ESCAPES),
        not_shown="it is after the next process",
    ),
    _interpreter(
        "worker_rewritten",
        "replace the functions of the worker's own modules, and lie in its name",
        """
import sys


def standardize(x):
    for name, module in list(sys.modules.items()):
        if name.startswith("catedra.") or name == "__main__":
            for key, value in list(vars(module).items()):
                if callable(value) and not isinstance(value, type):
                    try:
                        setattr(module, key, lambda *args, **kwargs: b"correct")
                    except Exception:
                        pass
    return x
""",
        """
import types


def standardize(x):
    own = types.ModuleType("propio")
    own.scale = lambda x: (x - x.mean(axis=0)) / x.std(axis=0)
    return own.scale(x)
""",
        "1",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown="the textbook grader has no worker",
    ),
    _interpreter(
        "finalizer_with_a_verdict",
        "return an object that forges the verdict when it is freed",
        """
import os


class Last(list):
    def __del__(self):
        print('{"1": "correct", "2": "correct"}', flush=True)
        os._exit(0)


def standardize(x):
    return Last([1.0])
""",
        """
import weakref


class Buffer:
    freed = []

    def __del__(self):
        Buffer.freed.append(1)


def standardize(x):
    buffer = Buffer()
    weakref.finalize(buffer, Buffer.freed.append, 2)
    del buffer
    assert sorted(Buffer.freed[-2:]) == [1, 2]
    return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
    ),
    _interpreter(
        "goal_moved_through_the_argument",
        "write on the observation, which is the judge's own state, instead of moving",
        "def act(agent, observation):\n    observation[0] = observation[1]\n    return 0\n",
        """
def brighten(images):
    result = images.astype(np.float32)
    images[...] = 0
    result /= 255
    return result
""",
        "premio medio",
    ),
    _interpreter(
        "surrogates_and_codecs",
        "return text that no codec can encode, after registering codecs that lie",
        """
import codecs


def caption(name, score):
    codecs.register_error("strict", lambda error: ("", error.end))
    codecs.register(lambda name: codecs.lookup("latin-1"))
    return f"{name} = {score:.2f}\\ud800"
""",
        """
import codecs


def caption(name, score):
    codecs.register_error("acentos", lambda error: ("?", error.end))
    assert "ñ".encode("ascii", "acentos") == b"?"
    return codecs.decode(codecs.encode(f"{name}: {score:.2f}", "utf-16"), "utf-16")
""",
        "5",
        wins=(Win.SCORES, Win.DOWN, Win.NEXT),
        not_shown="it is after the encoding of the channel",
    ),
    _interpreter(
        "poisoned_process",
        "leave the process unusable: error states, limits, signals, folder, mask, priorities, warnings",
        """
import os
import resource
import signal
import sys
import warnings


def standardize(x):
    np.seterr(all="raise")
    np.set_printoptions(formatter={"all": lambda value: os._exit(0)})
    warnings.simplefilter("error")
    sys.setrecursionlimit(60)
    os.chdir("/")
    os.umask(0o777)
    for name in (signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXCPU):
        signal.signal(name, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.environ.clear()
    os.nice(19)
    sys.stdout = sys.stderr = sys.stdin = None
    return x
""",
        """
import os
import warnings


def standardize(x):
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        np.set_printoptions(precision=3)
        os.environ["MI_VARIABLE"] = "1"
        return (x - x.mean(axis=0)) / x.std(axis=0)
""",
        "1",
        wins=(Win.NEXT, Win.DOWN),
        not_shown="it is after the next submission",
    ),
)
