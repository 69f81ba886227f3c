"""Assembles a class as one Markdown document, in the order in which guide and page show it.

Text of the lesson keeps its file and line, so that a failure further on names them. What other files know stands between as divs:
`.tabla` with `.fila` and `.celda` becomes a table (`catedra.publishing.tree`). Mistakes that can be seen in the text (an unknown
callout, a figure or class that doesn't exist, a `$` without its partner) are refused here.
"""

import ast
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields

from catedra.authoring import HOMEWORK
from catedra.checking import Claim, Criterion, Evidence
from catedra.course import ClassError, CourseClass, Section, read_curves
from catedra.course.links import CLASS_LINK
from catedra.course.parts import checks_of, errors_of, solution_source
from catedra.course.record import Measured, RecordVerdict
from catedra.course.sections import split_sections
from catedra.course.template import NOT_MEASURED, quantity, renderer, spread, threshold_text
from catedra.publishing.blocks import Block, Div, Text, parse_blocks
from catedra.publishing.cells import ANSWER, CALLOUTS
from catedra.publishing.figures import slugs
from catedra.publishing.lines import Lines
from catedra.publishing.neighbours import Neighbour, neighbours
from catedra.publishing.stubs import Piece, SolutionParts, read_solution

FIGURE = re.compile(r"!\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]*)[^)]*\)")
_CODE_SPAN = re.compile(r"(`+)(?:(?!\1).)*?\1", re.DOTALL)
_PARAGRAPH = re.compile(r"(?:[^\n]*\S[^\n]*\n?)+")
_SIGNATURE_WIDTH = 84
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


@dataclass(frozen=True, eq=False)  # one is itself, so that what is read of it can be kept
class Document:
    """A class as one text.

    Attributes:
        course_class: the class.
        lines: pandoc's Markdown, each line with its origin.
        neighbours: the classes that it may link, by slug.
    """

    course_class: CourseClass
    lines: Lines = field(repr=False)
    neighbours: dict[str, Neighbour] = field(repr=False)


def assemble(course_class: CourseClass) -> Document:
    """Return a class as one text.

    Raises:
        ClassError: something of the folder is broken; names file and line.
    """
    return _Assembly(course_class).document()


@dataclass(frozen=True)
class ErrorText:
    """What a common error says, without the code that shows it."""

    slug: str
    title: str
    symptom: str
    cause: str
    fix: str
    verify: str


def declared_errors(course_class: CourseClass) -> tuple[ErrorText, ...]:
    """Return the texts of errors.py: read where they are literals, since its imports (a framework) would take seconds; else imported."""
    names = [each.name for each in fields(ErrorText)]
    source = (course_class.folder / "errors.py").read_text(encoding="utf-8")
    found = []
    try:
        for node in ast.parse(source).body:
            calls = [each for each in getattr(node, "decorator_list", []) if isinstance(each, ast.Call)]
            for call in calls:
                if isinstance(call.func, ast.Name) and call.func.id == "common_error":
                    said = dict(zip(names, map(ast.literal_eval, call.args), strict=False))
                    said |= {item.arg: ast.literal_eval(item.value) for item in call.keywords if item.arg in names}
                    found.append(ErrorText(**said))
    except (SyntaxError, ValueError, TypeError):
        return tuple(ErrorText(*(getattr(error, name) for name in names)) for error in errors_of(course_class))
    return tuple(found)


def escaped(text: str) -> str:
    """Return plain text so that pandoc reads it as such."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split())).replace(" \\%", "\u00a0\\%")


class _Assembly:
    def __init__(self, course_class: CourseClass) -> None:
        self._class = course_class
        self._name = f"{course_class.folder.name}/lesson.md"
        self._file = (course_class.folder / "lesson.md").read_text(encoding="utf-8").splitlines()
        self._lines = Lines(self._name)
        self._render = renderer(course_class.record, read_curves(course_class.folder), self._name)
        self._checks = checks_of(course_class)
        self._solution: SolutionParts = read_solution(solution_source(course_class), f"{course_class.folder.name}/solution.py")
        self._neighbours = dict(neighbours(course_class))
        self._figures = slugs(course_class)

    def document(self) -> Document:
        sections = self._class.sections
        for title, kind in (("Objetivo", "objetivo"), ("Al terminar podrás", "logros")):
            self._div(kind, sections[title])
        self._section(sections["Desarrollo"])
        self._div("definiciones", sections["Definiciones"], heading=True)
        self._exercises(sections["Ejercicios"])
        self._section(sections["Tarea"])
        self._homework()
        self._claims()
        self._errors(declared_errors(self._class))
        self._div("preguntas", sections["Preguntas frecuentes"], heading=True)
        self._div("referencias", sections["Referencias"], heading=True)
        return Document(self._class, self._lines, self._neighbours)

    # Pieces of the lesson

    def _section(self, section: Section) -> None:
        self._heading(2, section)
        self._body(section)

    def _div(self, kind: str, section: Section, *, heading: bool = False) -> None:
        if heading:
            self._heading(2, section)
        self._lines.add(f"::: {{.{kind}}}")
        self._body(section)
        self._lines.add(":::")

    def _heading(self, level: int, section: Section) -> None:
        self._lines.add(f"{'#' * level} {section.title} {{#{section.slug}}}", self._name, section.line)

    def _body(self, section: Section) -> None:
        self._text(section.body, self._body_line(section))

    def _body_line(self, section: Section) -> int:
        """The line of a section's first line of text: its body starts without the blank lines below the heading."""
        line = section.line + 1
        while line <= len(self._file) and not self._file[line - 1].strip():
            line += 1
        return line

    def _text(self, text: str, line: int) -> None:
        if text.strip():
            self._check(parse_blocks(text, name=self._name, first_line=line), inside=None)
            self._lines.add(self._rendered(text, line), self._name, line)

    def _rendered(self, text: str, line: int) -> str:
        try:
            return self._render(text)
        except ClassError:
            for offset, each in enumerate(text.split("\n")):
                try:
                    self._render(each)
                except ClassError as error:
                    raise ClassError(str(error).replace(f"{self._name}:", f"{self._name}:{line + offset}:", 1)) from error
            raise

    def _exercises(self, section: Section) -> None:
        self._heading(2, section)
        line = self._body_line(section)
        before, statements = split_sections(section.body, 3, name=self._name, first_line=line)
        self._text(before, line)
        for number, statement in enumerate(statements, start=1):
            self._heading(3, statement)
            self._body(statement)
            self._functions(self._solution.pieces.get(number, ()), "Completá en el cuaderno:")

    def _functions(self, pieces: Iterable[Piece], said: str) -> None:
        signatures = [_signature(piece) for piece in pieces if not piece.given]
        if signatures:
            code = "\n".join(signatures)
            self._lines.extend(["::: {.funciones}", f"[{said}]{{.leyenda}}", f"```{{.python .static}}\n{code}\n```", ":::"])

    # What checks.py and the record know

    def _homework(self) -> None:
        self._functions(self._solution.pieces.get(HOMEWORK, ()), "Entregás estas funciones:")
        measured = [item for item in self._checks.criteria if item.evidence is not Evidence.WRITTEN]
        if measured:
            self._lines.add("### Qué se mide {#criterios}")
            rows = [self._criterion(item) for item in measured]
            self._table("criterios", (52, 19, 29), ("Criterio", "Umbral", "La referencia obtuvo"), rows)
            self._provenance()
        for item in self._checks.criteria:
            if item.evidence is Evidence.WRITTEN:
                self._lines.add(f"### Se corrige a mano: {escaped(item.name)} {{#escrito-{_slug(item.name)}}}")
                self._lines.add("Tu docente busca esto en lo que escribas:")
                self._lines.add("\n".join(f"- {escaped(each)}" for each in item.rubric), f"{self._class.folder.name}/checks.py")

    def _criterion(self, item: Criterion) -> list[str]:
        found = self._class.record.criterion(item.name) if self._class.record else None
        name = escaped(item.name[:1].upper() + item.name[1:])
        if item.evidence is Evidence.REPORTED:
            name += " (se informa; no decide)"
        if item.claimed is not None:
            name += f". La especificación pide {escaped(threshold_text(str(item.claimed), item.percent, item.unit))}"
        threshold = "—" if item.threshold is None else threshold_text(str(item.threshold), item.percent, item.unit)
        return [name, escaped(threshold), escaped(_measured(found))]

    def _claims(self) -> None:
        claims = self._checks.claims
        if not claims:
            return
        self._lines.add("## Lo que esta clase afirma, medido {#afirmaciones}")
        self._lines.add(
            "Cada afirmación se midió con el mismo código que leíste. Nadie recibe nota por esto: es la prueba del curso."
        )
        head = ("Afirmación", "Debe dar", "Medido", "Veredicto")
        self._table("afirmaciones", (46, 17, 21, 16), head, [self._claim(item) for item in claims])
        self._provenance()

    def _claim(self, item: Claim) -> list[str]:
        found = self._class.record.claim(item.statement) if self._class.record else None
        said = f"{escaped(item.statement)}\n\n[Fuente: {escaped(item.source)}]{{.fuente}}"
        verdict = RecordVerdict.NOT_JUDGED if found is None else found.verdict
        if found is not None and found.evidence and verdict is not RecordVerdict.HOLDS:
            said += f"\n\n[{escaped(found.evidence)}]{{.prueba}}"
        interval = ""
        value = NOT_MEASURED if found is None else quantity(found.mean, percent=found.percent, unit=found.unit)
        if found is not None and found.low is not None and found.high is not None:
            low, high = (quantity(bound, percent=found.percent) for bound in (found.low, found.high))
            interval = f"\n\n[{escaped(f'de {low} a {high}')}]{{.fuente}}"
        threshold = threshold_text(str(item.threshold), item.percent, item.unit)
        return [
            said,
            escaped(threshold),
            escaped(value) + interval,
            f"[{verdict.label}]{{.veredicto .{verdict.value.replace('_', '-')}}}",
        ]

    def _provenance(self) -> None:
        record = self._class.record
        if record is None:
            said = "Esta clase todavía no se midió: los números llegan con `catedra verify`."
        else:
            said = (
                f"Medido el {record.date} con {len(record.seeds)} semillas; media ± desvío entre semillas, intervalos del 95 %."
            )
            if record.code_hash != self._class.code_hash:
                said += " El código de la clase cambió después: estos números son de la versión anterior."
        self._lines.add(f"::: {{.procedencia}}\n{said}\n:::")

    # What errors.py knows

    def _errors(self, errors: Sequence[ErrorText]) -> None:
        if not errors:
            return
        count = {5: "Cinco errores comunes", 1: "Un error común"}.get(len(errors), "Errores comunes")
        self._lines.add(f"## {count} {{#errores}}")
        file = f"{self._class.folder.name}/errors.py"
        source = (self._class.folder / "errors.py").read_text(encoding="utf-8")
        self._lines.add("::: {.tabla .errores widths='17 83'}")
        for error in errors:
            line = source.count("\n", 0, max(source.find(f'"{error.slug}"'), 0)) + 1
            self._row([(error.title, file, line)], colspan=2, kind="titulo")
            for label, text in (
                ("Qué se ve", error.symptom), ("Por qué", error.cause), ("Arreglo", error.fix), ("Cómo saber que está", error.verify),
            ):  # fmt: skip
                self._check_math(text, file, line)
                self._row([(label, None, 0), (text, file, line)])
        self._lines.add(":::")

    # Tables

    def _table(self, kind: str, widths: Sequence[int], head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self._lines.add(f"::: {{.tabla .{kind} widths='{' '.join(map(str, widths))}'}}")
        self._row([(text, None, 0) for text in head], kind="cabecera")
        for row in rows:
            self._row([(text, f"{self._class.folder.name}/checks.py", 0) for text in row])
        self._lines.add(":::")

    def _row(self, cells: Sequence[tuple[str, str | None, int]], *, colspan: int = 1, kind: str = "") -> None:
        self._lines.add(f"::: {{.fila{f' .{kind}' if kind else ''}}}")
        for text, file, line in cells:
            self._lines.add(f"::: {{.celda colspan={colspan}}}")
            self._lines.add(text.strip(), file, 0)
            if file and line:
                self._lines.point(f"{file}:{line}")
            self._lines.add(":::")
        self._lines.add(":::")

    # What can be seen to be wrong

    def _check(self, blocks: tuple[Block, ...], inside: str | None) -> None:
        for block in blocks:
            if isinstance(block, Div):
                if block.kind not in (*CALLOUTS, ANSWER) or (inside is not None and block.kind != ANSWER):
                    raise ClassError(
                        f"{self._name}:{block.line}: expected a callout of {', '.join((*CALLOUTS, ANSWER))}, and only `{ANSWER}` inside "
                        f"another; found {block.kind!r}"
                    )
                self._check(block.blocks, block.kind)
            elif isinstance(block, Text):
                self._check_text(block)

    def _check_text(self, block: Text) -> None:
        self._check_math(block.text, self._name, block.line)
        for match in FIGURE.finditer(block.text):
            line = block.line + block.text.count("\n", 0, match.start())
            kind, _, slug = match[2].partition(":")
            if kind != "figure":
                raise ClassError(f"{self._name}:{line}: expected a figure of figures.py, `figure:slug`; found {match[2]!r}")
            if slug not in self._figures:
                there = ", ".join(self._figures) or "none"
                raise ClassError(f"{self._name}:{line}: figures.py draws no figure {slug!r} (there are: {there})")
            before, after = block.text[: match.start()].rpartition("\n\n")[2], block.text[match.end() :].partition("\n\n")[0]
            if before.strip() or re.sub(r"^\{[^}]*\}", "", after).strip():
                raise ClassError(
                    f"{self._name}:{line}: the figure {slug!r} stands inside a sentence: give it a paragraph of its own"
                )
            if not match[1].strip():
                raise ClassError(f"{self._name}:{line}: the figure {slug!r} has no caption: say in a sentence what to see")
        for match in CLASS_LINK.finditer(block.text):
            line = block.line + block.text.count("\n", 0, match.start())
            there_is = self._neighbours.get(match[1])
            if there_is is None:
                raise ClassError(f"{self._name}:{line}: no class has the slug {match[1]!r}: `catedra list --all` shows them")
            anchors = there_is.anchors() if match[2] else None
            if anchors is not None and match[2] not in anchors:
                raise ClassError(
                    f"{self._name}:{line}: {match[1]!r} has no section {match[2]!r}; it has: {', '.join(sorted(anchors))}"
                )

    def _check_math(self, text: str, file: str, line: int) -> None:
        bare = _blanked(_CODE_SPAN, text.replace("\\$", "  "))
        for paragraph in _PARAGRAPH.finditer(bare):
            if paragraph[0].count("$") % 2:
                at = line + bare.count("\n", 0, paragraph.start() + paragraph[0].rfind("$"))
                raise ClassError(
                    f"{file}:{at}: a `$` of this paragraph has no partner: close the formula, or write `\\$` for money"
                )


def _measured(found: Measured | None) -> str:
    if found is None or found.mean is None:
        return NOT_MEASURED
    value = quantity(found.mean, percent=found.percent, unit=found.unit)
    return value if found.std is None else f"{value} ± {spread(found)}"


def _signature(piece: Piece) -> str:
    """A stub's definition without its docstring, in lines that fit on paper."""
    node = ast.parse(piece.text).body[0]
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    opening = f"{'async ' if isinstance(node, ast.AsyncFunctionDef) else ''}def {node.name}("
    closing = f") -> {ast.unparse(node.returns)}: ..." if node.returns else "): ..."
    written = _parameters(node.args)
    whole = f"{opening}{', '.join(written)}{closing}"
    return whole if len(whole) <= _SIGNATURE_WIDTH else "\n".join([opening, *(f"    {each}," for each in written), closing])


def _parameters(arguments: ast.arguments) -> list[str]:
    """Each parameter as it stands in a definition."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    written = [_parameter(name, default) for name, default in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        written.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg:
        written.append(f"*{ast.unparse(arguments.vararg)}")
    elif arguments.kwonlyargs:
        written.append("*")
    written += [_parameter(name, default) for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return [*written, f"**{ast.unparse(arguments.kwarg)}"] if arguments.kwarg else written


def _parameter(name: ast.arg, default: ast.expr | None) -> str:
    if default is None:
        return ast.unparse(name)
    is_text = isinstance(default, ast.Constant) and isinstance(default.value, str)
    value = json.dumps(ast.literal_eval(default), ensure_ascii=False) if is_text else ast.unparse(default)
    return f"{ast.unparse(name)}{' = ' if name.annotation else '='}{value}"


def _blanked(pattern: re.Pattern[str], text: str) -> str:
    keep_lines: Callable[[re.Match[str]], str] = lambda match: re.sub(r"[^\n]", " ", match[0])  # noqa: E731
    return pattern.sub(keep_lines, text)


def _slug(name: str) -> str:
    from catedra.course.sections import slugify

    return slugify(name)
