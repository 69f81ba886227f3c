"""`catedra grade FOLDER --class N --key FILE`: grades a cohort's submissions in the sandbox and writes the gradebook."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from catedra.cli.output import JSON_HELP

if TYPE_CHECKING:
    from catedra.grading.batch import Batch
    from catedra.grading.engine import Engine
    from catedra.grading.gradebook import Row

INTERRUPTED = 130


def run(
    folder: Path | None = typer.Argument(None, help="Carpeta con una entrega por estudiante (.ipynb, .py o .zip)."),
    number: int | None = typer.Option(None, "--class", "-n", help="Número de la clase."),
    key: Path | None = typer.Option(None, "--key", help="Archivo con la clave de la cohorte."),
    engine: str = typer.Option("local", "--engine", help="Dónde se corrige: local o ray."),
    workers: int = typer.Option(1, "--workers", min=1, max=256, help="Entregas que se corrigen a la vez."),
    address: str = typer.Option("auto", "--address", help="Dirección del clúster, con --engine ray."),
    require: str | None = typer.Option(None, "--require", help="strong: no corregir si falta una capa de aislamiento."),
    out: Path | None = typer.Option(None, "--out", help="Dónde dejar notas e informes; si no, CARPETA-notas."),
    regrade: bool = typer.Option(False, "--regrade", help="Corregir también lo que se corrigió con otros checks o paquetes."),
    scores: Path | None = typer.Option(None, "--scores", help="Planilla con los puntos de las respuestas escritas."),
    new_key: Path | None = typer.Option(None, "--new-key", help="Crear una clave de cohorte en este archivo y salir."),
    json_: bool = typer.Option(False, "--json", help=JSON_HELP),
) -> None:
    """Corregir las entregas de un grupo, aisladas. Se puede cortar y retomar: lo corregido queda anotado."""
    if new_key is not None:
        _make_key(new_key, json_)
        return
    if folder is None or number is None or key is None:
        raise typer.BadParameter("hacen falta CARPETA, --class y --key (o solo --new-key, para crear una clave)")
    if engine not in {"local", "ray"}:
        raise typer.BadParameter(f"--engine es local o ray, y llegó {engine!r}")
    if require not in {None, "strong"}:
        raise typer.BadParameter(f"--require solo puede ser strong, y llegó {require!r}")
    target = out or folder.resolve().parent / f"{folder.resolve().name}-notas"
    if target.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter(f"--out no puede estar dentro de {folder}: la próxima vez pasaría por una entrega")
    from catedra.course import load
    from catedra.course.parts import checks_of
    from catedra.grading.batch import grade_folder, read_folder
    from catedra.grading.cohort import Cohort, read_key
    from catedra.grading.products import write_products
    from catedra.grading.trail import Trail
    from catedra.grading.written import questions, read_scores

    cohort = Cohort(read_key(key))
    course_class = load(number)
    with Trail() as trail:
        if scores is not None:  # before hours of grading: a sheet with an error says so now
            jobs, _, submissions = read_folder(folder)
            asked = questions(jobs, submissions, checks_of(course_class), trail.scores(number))
            given = trail.append_scores(number, read_scores(scores, asked, _teacher()))
            _say(f"{given} respuestas escritas puntuadas; las que ya tenían esos puntos no se repiten.", json_)
        motor = _engine(engine, course_class, cohort, workers=workers, strong=require == "strong", address=address)
        batch = grade_folder(
            folder, course_class, motor, trail, cohort=cohort.fingerprint, regrade=regrade, progress=None if json_ else _progress
        )
        rows = write_products(target, batch, trail, course_class, cohort=cohort.fingerprint)
    if json_:
        _print_json(batch, target)
    else:
        _print(batch, rows, target)
    if batch.interrupted:
        _say(f"Interrumpido: faltan {len(batch.left)}. Para seguir, corré el mismo comando: lo corregido no se repite.", json_)
        raise typer.Exit(INTERRUPTED)
    if batch.rejected or batch.left:
        raise typer.Exit(1)


def _make_key(path: Path, json_: bool) -> None:
    from catedra.cli.output import print_json
    from catedra.grading.cohort import write_key

    cohort = write_key(path)
    if json_:
        print_json({"key": str(path), "cohort": cohort.fingerprint})
    else:
        print(f"{path}: clave nueva, cohorte {cohort.fingerprint}. Guardá una copia: sin ella no se puede repetir lo corregido.")


def _engine(name: str, course_class: Any, cohort: Any, *, workers: int, strong: bool, address: str) -> "Engine":
    from importlib import import_module

    options: dict[str, Any] = {"workers": workers, "require_strong": strong, "scale": "laptop"}
    if name == "ray":
        made: Engine = import_module("catedra.grading.engine_ray").RayEngine(course_class, cohort, address=address, **options)
    else:
        made = import_module("catedra.grading.engine_local").LocalEngine(course_class, cohort, **options)
    return made


def _teacher() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return "docente"


def _progress(done: int, total: int, graded: Any) -> None:
    from catedra.grading.names import visible

    verdict = graded.verdict
    if verdict is None:
        came = f"no se pudo corregir: {graded.failure}"
    else:
        solved = sum(item.outcome.value == "correct" for item in verdict.checks)
        came = f"{solved} de {len(verdict.checks)} ejercicios"
    _say(f"{done}/{total} {visible(graded.job.student, 60)}: {visible(came, 200)}", False)


def _say(text: str, json_: bool) -> None:
    from catedra.cli.output import console

    if not json_:
        console(stderr=True).print(text, markup=False)


def _print(batch: "Batch", rows: "tuple[Row, ...]", target: Path) -> None:
    from rich.text import Text

    from catedra.cli.output import console, table
    from catedra.grading.names import visible

    out = console()
    shown = table("Estudiante", ">Ejercicios", ">Tarea", "Escritas", "Estado", title="Entregas")
    for row in rows:
        verdict = row.grade.verdict if row.grade else None
        exercises = [item.outcome.value == "correct" for item in verdict.checks] if verdict else []
        criteria = [item.outcome.value == "correct" for item in verdict.criteria if item.threshold] if verdict else []
        state = Text(row.state)
        if row.reason:
            state.append(f"\n{visible(row.reason, 300)}", style="dim")
        written = f"{len(row.pending)} sin puntuar" if row.pending else ("puntuadas" if row.scores else "")
        shown.add_row(Text(visible(row.student, 60)), _ratio(exercises), _ratio(criteria), written, state)
    out.print(shown)
    if batch.moves:
        moved = table("Estudiante", "Dónde", "Antes", "Después", title="Qué cambió")
        for move in batch.moves:
            before, after = _moved(move.before, move.value_before), _moved(move.after, move.value_after)
            moved.add_row(Text(visible(move.student, 60)), Text(visible(move.place, 60)), before, after)
        out.print(moved)
    if batch.stale:
        out.print(
            f"{len(batch.stale)} con notas de otros checks o paquetes; --regrade las vuelve a corregir y muestra qué cambia.",
            markup=False,
        )
    out.print(f"Notas e informes: {target}", markup=False, soft_wrap=True)


def _ratio(passed: list[bool]) -> str:
    return f"{sum(passed)}/{len(passed)}" if passed else "—"


def _moved(outcome: Any, value: float | None) -> str:
    from catedra.course.template import quantity

    return (outcome.label if outcome else "no estaba") + (f" ({quantity(value)})" if value is not None else "")


def _print_json(batch: "Batch", target: Path) -> None:
    import json

    from catedra.cli.output import print_json

    run_ = {"out": str(target), "appended": batch.appended, "left": list(batch.left), "stale": sorted(batch.stale)}
    gradebook = json.loads((target / "notas.json").read_text(encoding="utf-8"))
    print_json({"run": {**run_, "interrupted": batch.interrupted}, "gradebook": gradebook})
