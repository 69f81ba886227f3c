"""What a class is: its parts, the loader that finds the folders, the programme, links, glossary and records."""

from catedra.course.frontmatter import ClassError
from catedra.course.loader import BrokenClass, UnknownClassError, catalogue, load, read_class
from catedra.course.model import Budget, CourseClass, Exercise, FrontMatter, Homework, Section
from catedra.course.programme import PlannedClass, programme
from catedra.course.record import Judged, Measured, Record, RecordVerdict, read_curves, read_record

__all__ = [
    "BrokenClass", "Budget", "ClassError", "CourseClass", "Exercise", "FrontMatter", "Homework", "Judged", "Measured",
    "PlannedClass", "Record", "RecordVerdict", "Section", "UnknownClassError", "catalogue", "load", "programme", "read_class",
    "read_curves", "read_record",
]  # fmt: skip
