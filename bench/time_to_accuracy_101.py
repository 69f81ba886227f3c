"""How soon a Fashion-MNIST network reaches 87 % in validation: the homework's recipe of class 101 against plain Adam.

    CATEDRA_DATA=… python bench/time_to_accuracy_101.py [--seeds 5] [--core 0] [--json FILE]

Both train the same MLP [300, 100] on the same 50,000 images, in a fresh process pinned to one core:

    plain   Adam at its default rate 1e-3, batches of 32, until validation accuracy ≥ 0.87 (10 epochs at most)
    recipe  `solution.train_classifier(epochs=2)`: batches of 250, one cycle up to 8e-3, early stopping and checkpoint included

The clock starts when the model is about to be built and stops at the end of the first epoch whose validation accuracy reaches the
target; imports and reading the data are outside, in both. Reported in CPU seconds, which on one core are the seconds of an idle machine:
*total*, with compilation, and *training*, without the time that JAX says it spent tracing and compiling. Runs alternate, and the
ratio is the geometric mean over seeds with its 95 % interval. A run that misses the target is an infinite time, and the bench says so.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

TARGET = 0.87
RECIPES = ("plain", "recipe")
ONE_THREAD = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "jax"}


def train(name: str, seed: int, core: int) -> dict[str, Any]:
    """Train once, in this process; return the times at the end of each epoch and what was reached."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    import jax.monitoring
    import keras

    from catedra import datasets
    from catedra.classes.c101_mlp.solution import train_classifier

    data = datasets.load("fashion_mnist").split(0)
    compiling = [0.0]

    def listen(event: str, duration_secs: float, **_: str | int) -> None:
        if event.startswith("/jax/core/compile/"):
            compiling[0] += duration_secs

    jax.monitoring.register_event_duration_secs_listener(listen)
    epochs: list[dict[str, float]] = []

    class Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            accuracy = (logs or {})["val_accuracy"]
            epochs.append({"total": time.process_time() - start, "compiling": compiling[0], "val_accuracy": accuracy})
            if name == "plain" and accuracy >= TARGET:
                self.model.stop_training = True

    fit = keras.Sequential.fit

    def timed_fit(self: Any, *args: Any, callbacks: Any = (), **kwargs: Any) -> Any:
        return fit(self, *args, callbacks=[*callbacks, Stopwatch()], **kwargs)

    keras.Sequential.fit = timed_fit
    start = time.process_time()
    if name == "plain":
        _plain(data.train, data.validation, seed)
    else:
        train_classifier(data.train, data.validation, epochs=2, seed=seed)
    reached = next((epoch for epoch in epochs if epoch["val_accuracy"] >= TARGET), None)
    total = reached["total"] if reached else math.inf
    training = total - reached["compiling"] if reached else math.inf
    return {"recipe": name, "seed": seed, "total_s": total, "training_s": training, "epochs": epochs}


def _plain(train: Any, validation: Any, seed: int) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(300, "relu"), layers.Dense(100, "relu")]
    model = keras.Sequential(
        [keras.Input((28, 28)), layers.Rescaling(1 / 255), layers.Flatten(), *hidden, layers.Dense(10, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, validation_data=validation, epochs=10, batch_size=32, verbose=0)


def ratio(runs: list[dict[str, Any]], key: str) -> dict[str, float]:
    """Plain over recipe, paired by seed: geometric mean and 95 % interval."""
    from catedra.checking import mean_interval

    by = {(run["recipe"], run["seed"]): run[key] for run in runs}
    seeds = sorted({run["seed"] for run in runs})
    pairs = [by["plain", seed] / by["recipe", seed] for seed in seeds]
    if len(pairs) < 2 or not all(0 < pair < math.inf for pair in pairs):
        return {"ratio": math.nan, "low": math.nan, "high": math.nan}
    interval = mean_interval([math.log(pair) for pair in pairs])
    return {"ratio": math.exp(interval.mean), "low": math.exp(interval.low), "high": math.exp(interval.high)}


def main() -> int:
    """Run the pairs and print; the exit status is 1 when the recipe missed the target on some seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--core", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the report to this file")
    parser.add_argument("--run", nargs=2, metavar=("RECIPE", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(train(options.run[0], int(options.run[1]), options.core)))
        return 0
    runs = []
    for seed in range(options.seeds):
        for name in RECIPES if seed % 2 == 0 else reversed(RECIPES):
            command = [sys.executable, __file__, "--core", str(options.core), "--run", name, str(seed)]
            done = subprocess.run(command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
            last = runs[-1]
            curve = " ".join(f"{epoch['val_accuracy']:.4f}" for epoch in last["epochs"])
            print(
                f"{name:6} seed {seed}: total {last['total_s']:6.2f} s, training {last['training_s']:6.2f} s   {curve}",
                flush=True,
            )
    report: dict[str, Any] = {"target": TARGET, "total": ratio(runs, "total_s"), "training": ratio(runs, "training_s")}
    report |= {"machine": f"{platform.machine()}, {os.cpu_count()} cores", "python": platform.python_version(), "runs": runs}
    for key in ("total", "training"):
        row = report[key]
        print(
            f"{key:8} plain / recipe = {row['ratio']:.2f}  (95 %: {row['low']:.2f} to {row['high']:.2f}, {options.seeds} seeds)"
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    missed = [run["seed"] for run in runs if run["recipe"] == "recipe" and math.isinf(run["total_s"])]
    if missed:
        print(f"the recipe missed {TARGET} with seeds {missed}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
