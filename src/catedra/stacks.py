"""The stacks: sets of libraries that a class declares and a user installs as an extra of the same name.

The Keras backend is part of the name, because it is chosen before Keras is imported and changes what can happen.
"""

import importlib.metadata
import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass, field

from catedra.errors import CatedraError


class StackError(CatedraError):
    """A stack is unknown or not installed; the message says how to install it."""

    exit_code = 4


@dataclass(frozen=True)
class Stack:
    """A set of libraries.

    Attributes:
        name: also the extra's.
        distributions: the packages whose versions a record names.
        modules: what must be importable.
        environment: variables to set before any of them is imported.
        disk_mb: what installing it takes beyond the core, about (docs/log.md).
    """

    name: str
    distributions: tuple[str, ...]
    modules: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    disk_mb: int = 0


_ALL = (
    Stack("keras-jax", ("keras", "jax", "jaxlib"), ("keras", "jax"), {"KERAS_BACKEND": "jax"}, 420),
    Stack("keras-tf", ("keras", "tensorflow-cpu", "tensorboard"), ("keras", "tensorflow"), {"KERAS_BACKEND": "tensorflow"}, 1710),
    Stack("keras-torch", ("keras", "torch"), ("keras", "torch"), {"KERAS_BACKEND": "torch"}, 950),
    Stack("torch", ("torch", "lightning", "torchmetrics"), ("torch", "lightning"), {}, 910),
    Stack("jax", ("jax", "jaxlib", "flax", "optax"), ("jax", "flax", "optax"), {}, 490),
    Stack("llm", ("transformers", "peft", "trl", "datasets", "diffusers"), ("transformers", "peft", "trl"), {}, 1900),
    Stack("rl", ("gymnasium", "stable-baselines3"), ("gymnasium", "stable_baselines3"), {}, 950),
    Stack("serving", ("onnx", "onnxruntime", "ai-edge-litert"), ("onnx", "onnxruntime"), {}, 400),
    Stack("scale", ("ray", "optuna"), ("ray", "optuna"), {}, 350),
)
STACKS = {stack.name: stack for stack in _ALL}


def stack(name: str) -> Stack:
    """Return the stack of that name.

    Raises:
        StackError: there is none; says which there are.
    """
    if name not in STACKS:
        raise StackError(f"no hay un stack {name!r}; hay: {', '.join(STACKS)}")
    return STACKS[name]


def missing_modules(item: Stack) -> tuple[str, ...]:
    """Return the modules of a stack that can't be found, without importing any."""
    return tuple(module for module in item.modules if importlib.util.find_spec(module) is None)


def require(names: Iterable[str]) -> dict[str, str]:
    """Return the environment that these stacks need.

    Raises:
        StackError: one isn't installed, or two ask for different backends.
    """
    environment: dict[str, str] = {}
    for name in names:
        item = stack(name)
        missing = missing_modules(item)
        if missing:
            raise StackError(
                f"falta el stack {name} (no está {', '.join(missing)}; ocupa unos {item.disk_mb} MB): "
                f"instalalo con `make setup STACKS={name}`"
            )
        for variable, value in item.environment.items():
            if environment.setdefault(variable, value) != value:
                raise StackError(f"los stacks de la clase piden {variable}={environment[variable]} y {variable}={value} a la vez")
    return environment


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Return package → version for the stacks' packages that are installed."""
    versions = {}
    for name in names:
        for distribution in stack(name).distributions:
            try:
                versions[distribution] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
    return versions
