"""The judge: grades one submission after another. It holds the checks, the hidden data and the key; the submission lives in workers.

A run is a check, or one criterion with one seed. The checks share a worker while it lives; each run of a criterion has its own. Inputs, splits
and the order of the test part come from the cohort key, so the same submission gets the same inputs every time, and nobody else's
program could have seen them before.
"""

import ast
import hashlib
import platform
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from catedra import __version__, datasets
from catedra.checking import CheckResult, Criterion, CriterionResult, Outcome, Scale, ScaleName, Verdict, run_check, run_criterion
from catedra.checking.namespace import SubmissionError
from catedra.course import CourseClass
from catedra.course.parts import Checks, checks_of, solution_source
from catedra.datasets.split import Split
from catedra.grading.cohort import Cohort
from catedra.grading.disguise import disguise
from catedra.grading.submission import Submission, read_submission
from catedra.sandbox.answer import Session, WorkerAnswer
from catedra.sandbox.layers import Layers, probe
from catedra.sandbox.order import Order
from catedra.sandbox.pool import Kit, Pool, SandboxError

SEEDS = (0, 1, 2)
"""Public. The first decides; all three, by their median, where its value is within one standard deviation of the threshold."""
_STANDARD = frozenset({"catedra", "typing", "__future__"})


@dataclass(frozen=True)
class JudgeOptions:
    """How to grade.

    Attributes:
        scale: of the homework.
        homework: whether to measure the criteria.
        require_strong: refuse to grade where a layer of the sandbox is missing.
    """

    scale: ScaleName = ScaleName.LAPTOP
    homework: bool = True
    require_strong: bool = False


class Judge:
    """Grades submissions of one class for one cohort. Close it, or use it with `with`.

    Args:
        course_class: the class.
        cohort: its key.
        options: how.

    Raises:
        SandboxError: this machine can't isolate other people's code well enough.
        DataError: the homework's data can't be had.
        StackError: a stack that the class needs isn't installed.
    """

    def __init__(self, course_class: CourseClass, cohort: Cohort, options: JudgeOptions = JudgeOptions()) -> None:
        self._class, self._cohort, self._options = course_class, cohort, options
        require_walls(probe(), strong=options.require_strong)
        self._checks: Checks = checks_of(course_class)
        self._scale = Scale(options.scale)
        self._kit = Kit(course_class.front.stacks, libraries_of(course_class))
        self._splits: dict[tuple[str, int], Split] = {}
        self._pool = Pool()
        self.environment = environment_digest()
        try:
            if options.homework and self._scale.judges:
                for name in {criterion.data for criterion in self._checks.criteria if criterion.data}:
                    datasets.load(name)
            self._pool.warm(self._kit)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and zygote."""
        self._pool.close()

    def grade(self, path: Path) -> Verdict:
        """Return the verdict on a file. A submission that can't be loaded has one too: nothing of it could be run.

        Raises:
            SubmissionError: the file can't be read as a submission.
            SandboxError: the machine's fault; try again.
        """
        submission = read_submission(path)
        graded = _Graded()
        with self._folder(submission) as folder:
            try:
                self._grade_checks(submission, folder, graded)
                if self._options.homework:
                    for criterion in self._checks.criteria:
                        graded.criteria.append(self._grade_criterion(submission, folder, criterion, graded))
            except SubmissionError as error:
                graded = self._unloadable(str(error), graded)
        return Verdict(
            class_number=self._class.number,
            submission_sha256=submission.sha256,
            content_hash=self._class.content_hash,
            advisory=False,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            version=__version__,
            checks=tuple(graded.checks),
            criteria=tuple(graded.criteria),
            layers=graded.layers,
            environment=self.environment,
            cohort=self._cohort.fingerprint,
        )

    @contextmanager
    def _folder(self, submission: Submission) -> Iterator[str]:
        """What came beside the code, where the workers can read it; empty where nothing did."""
        if not submission.files:
            yield ""
            return
        with tempfile.TemporaryDirectory(prefix="catedra-entrega-") as folder:
            submission.unpack(Path(folder))
            _open_to_all(Path(folder))
            yield folder

    def _session(self, submission: Submission, folder: str) -> Session:
        budget = self._class.front.budget
        order = Order(
            "", memory_mb=budget.memory_mb, loopback="loopback" in self._class.front.needs, beside=folder
        )
        return Session(self._pool, self._kit, order, submission.cells, submission.described_as)

    def _grade_checks(self, submission: Submission, folder: str, graded: "_Graded") -> None:
        budget = self._class.front.budget.check
        with self._session(submission, folder) as session:
            for number, check in self._checks.by_exercise.items():
                session.allow(budget)
                graded.layers = session.layers
                rng = self._cohort.rng("check", self._class.number, number)
                graded.checks.append(run_check(check, WorkerAnswer(session), rng))

    def _grade_criterion(self, submission: Submission, folder: str, criterion: Criterion, graded: "_Graded") -> CriterionResult:
        first = self._measure(submission, folder, criterion, SEEDS[0], graded)
        if not self._close_call(criterion, first):
            return first
        results = [first, *(self._measure(submission, folder, criterion, seed, graded) for seed in SEEDS[1:])]
        return median(results)

    def _measure(
        self, submission: Submission, folder: str, criterion: Criterion, seed: int, graded: "_Graded"
    ) -> CriterionResult:
        data = self._data(criterion.data, seed) if criterion.data else None
        with self._session(submission, folder) as session:
            session.allow(self._class.front.budget.grade)
            graded.layers = session.layers
            return run_criterion(
                criterion, WorkerAnswer(session), data=data, variant=data.variant if data else None, scale=self._scale, seed=seed,
                rng=self._cohort.rng("criterion", self._class.number, criterion.name, seed),
            )  # fmt: skip

    def _data(self, name: str, seed: int) -> Split:
        if (name, seed) not in self._splits:
            secret = self._cohort.seed("split", self._class.number, name, seed).to_bytes(8, "big")
            if self._scale.judges:
                split = datasets.load(name).split(seed=seed, key=secret)
            else:
                split = datasets.smoke(name, seed=self._cohort.seed("smoke", self._class.number, name, seed) % 2**32)
            self._splits[name, seed] = disguise(split, self._cohort.rng("disguise", self._class.number, name, seed))
        return self._splits[name, seed]

    def _close_call(self, criterion: Criterion, result: CriterionResult) -> bool:
        """Whether the value lies within one standard deviation, as the reference measured it, of a bound."""
        record = self._class.record
        measured = record.criterion(criterion.name) if record else None
        if result.value is None or criterion.threshold is None or measured is None or not measured.std or not self._scale.judges:
            return False
        return abs(criterion.threshold.margin(result.value)) < measured.std

    def _unloadable(self, message: str, graded: "_Graded") -> "_Graded":
        checks = [
            CheckResult(number, check.title, Outcome.RUNTIME_ERROR, message, "", check.section, 0.0)
            for number, check in self._checks.by_exercise.items()
        ]
        criteria = [
            CriterionResult(
                name=item.name, outcome=Outcome.RUNTIME_ERROR, evidence=item.evidence, value=None,
                threshold=str(item.threshold) if item.threshold else None, percent=item.percent, unit=item.unit, seed=SEEDS[0],
                scale=self._scale.name.value, data=item.data, message=message, detail="", seconds=0.0,
            )
            for item in self._checks.criteria
        ]  # fmt: skip
        return replace(graded, checks=checks, criteria=criteria if self._options.homework else [])


@dataclass
class _Graded:
    checks: list[CheckResult] = field(default_factory=list)
    criteria: list[CriterionResult] = field(default_factory=list)
    layers: tuple[str, ...] = ()


def median(results: list[CriterionResult]) -> CriterionResult:
    """Return the result of the run whose value is in the middle; one that isn't judged, if there is one: three runs or none."""
    unjudged = [result for result in results if result.value is None]
    if unjudged:
        return unjudged[0]
    middle = statistics.median_low([result.value for result in results if result.value is not None])
    chosen = next(result for result in results if result.value == middle)
    values = ", ".join(f"{result.value:.4g}".replace(".", ",") for result in results)
    return replace(chosen, message=f"{chosen.message} Estaba cerca del umbral: decide la mediana de tres corridas ({values}).")


def require_walls(layers: Layers, *, strong: bool) -> None:
    """Refuse to grade other people's code where it can't be isolated.

    Raises:
        SandboxError: says which layers are missing and how to get them.
    """
    if layers.sufficient and (layers.strong or not strong):
        return
    missing = "; ".join(f"{layer.name}: {layer.how_to_get_it}" for layer in layers.layers if not layer.holds)
    asked = "todas las capas de aislamiento (--require strong)" if strong else "aislar el código de otras personas"
    raise SandboxError(
        f"esta máquina no puede {'dar ' if strong else ''}{asked}. Falta {missing} (`catedra sandbox` muestra todas)"
    )


def libraries_of(course_class: CourseClass) -> tuple[str, ...]:
    """Return the modules that the reference answers import at the top: what a zygote may have ready. Not ours, nor the class's own."""
    found: dict[str, None] = {}
    for node in ast.parse(solution_source(course_class)).body:
        if isinstance(node, ast.Import):
            found |= dict.fromkeys(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found[node.module] = None
    return tuple(name for name in found if name.partition(".")[0] not in _STANDARD)


@cache
def environment_digest() -> str:
    """Return a digest of the interpreter and of every package installed beside it."""
    packages = sorted({f"{item.metadata['Name']}=={item.version}".lower() for item in metadata.distributions()})
    text = "\n".join((platform.python_implementation(), platform.python_version(), platform.machine(), *packages))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _open_to_all(folder: Path) -> None:
    """Let the spare user read the submission's own files; the walls say which folder a worker sees."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
