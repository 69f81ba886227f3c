"""Fills the measured numbers into prose: `<%= media("exactitud en test") %>` (docs/authoring.md lists the functions).

A class that was never verified shows "(sin medir)": a missing measurement is said, never invented.
"""

from collections.abc import Callable

import jinja2

from catedra.checking.curves import Curves, NotMeasuredError
from catedra.course.frontmatter import ClassError
from catedra.course.record import Measured, Record

NOT_MEASURED = "(sin medir)"


def renderer(record: Record | None, curves: Curves, name: str) -> Callable[[str], str]:
    """Return a function that fills in a piece of a lesson.

    Args:
        record: the class's record, or None.
        curves: its measured curves.
        name: of the file, for messages.

    Raises (the function returned):
        ClassError: the piece asks for something unknown.
    """
    environment = jinja2.Environment(
        variable_start_string="<%=", variable_end_string="%>", block_start_string="<%!", block_end_string="!%>",
        comment_start_string="<%#", comment_end_string="#%>", undefined=jinja2.StrictUndefined, autoescape=False,
        keep_trailing_newline=True,
    )  # fmt: skip
    environment.globals = dict(_functions(record, curves))

    def render(text: str) -> str:
        if "<%" not in text:
            return text
        try:
            return environment.from_string(text).render()
        except (jinja2.TemplateError, LookupError, TypeError) as error:
            raise ClassError(f"{name}: in `<%= … %>`: {error}: docs/authoring.md lists what can be asked for") from error

    return render


def _functions(record: Record | None, curves: Curves) -> dict[str, Callable[..., str]]:
    def found(kind: str, name: str) -> Measured | None:
        if record is None:
            return None
        item = record.criterion(name) if kind == "criterion" else record.claim(name)
        if item is None:
            names = [each.name for each in (record.criteria if kind == "criterion" else record.claims)]
            raise LookupError(f"the record has no {kind} {name!r}; it has {names}")
        return item

    def of(kind: str, show: Callable[[Measured], str]) -> Callable[[str], str]:
        def fill(name: str) -> str:
            item = found(kind, name)
            return NOT_MEASURED if item is None else show(item)

        return fill

    def medida(name: str, formato: str | None = None, percent: bool = False) -> str:
        try:
            values = curves.stack(name)
        except NotMeasuredError:
            if len(curves):
                raise LookupError(f"no measurement {name!r}; there are {sorted(curves)}") from None
            return NOT_MEASURED
        if values.ndim != 1:
            raise TypeError(f"{name!r} is not one number a seed but has shape {values.shape[1:]}")
        return quantity(float(values.mean()), percent=percent, fmt=formato or (".1f" if percent else ".3f"))

    return {
        "media": of("criterion", lambda item: quantity(item.mean, percent=item.percent, unit=item.unit)),
        "desvio": of("criterion", lambda item: spread(item)),
        "umbral": of("criterion", lambda item: threshold_text(item.threshold, item.percent, item.unit)),
        "semillas": of("criterion", lambda item: str(len(item.values))),
        "valor": of("claim", lambda item: quantity(item.mean, percent=item.percent, unit=item.unit)),
        "veredicto": of("claim", lambda item: item.verdict.label),
        "medida": medida,
    }


def quantity(value: float | None, *, percent: bool = False, unit: str = "", fmt: str | None = None) -> str:
    """Write a number as prose does: decimal comma, a true minus, % or unit after a space; exactly none or all is 0 % or 100 %.

    Example:
        >>> quantity(0.8768, percent=True)
        '87,7 %'
    """
    if value is None:
        return NOT_MEASURED
    digits = fmt or (".0f" if value in {0, 1} else ".1f") if percent else fmt or ".4g"
    shown = f"{value * 100:{digits}} %" if percent else f"{value:{digits}}"
    return shown.replace(".", ",").replace("-", "−") + (f" {unit}" if unit and not percent else "")


def spread(item: Measured) -> str:
    """Write a standard deviation; that of a percentage is in points."""
    if item.std is None:
        return NOT_MEASURED
    if item.percent:
        return f"{item.std * 100:.2f} puntos".replace(".", ",")
    return quantity(item.std, unit=item.unit, fmt=".2g")


def threshold_text(threshold: str | None, percent: bool, unit: str = "") -> str:
    """Write a threshold such as "≥ 0.87" as prose does: "≥ 87 %"."""
    if threshold is None:
        return "sin umbral"
    words = []
    for word in threshold.split():
        try:
            number = float(word)
        except ValueError:
            words.append(word)
        else:
            words.append((f"{number * 100:g} %" if percent else f"{number:g}").replace(".", ","))
    return " ".join(words) + (f" {unit}" if unit and not percent else "")
