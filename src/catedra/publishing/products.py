"""The four products of a class: what each is called, who makes it, and the content hash that it carries."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from enum import StrEnum

from catedra.course import CourseClass
from catedra.publishing.document import Document, assemble

_HASH = re.compile(rb"catedra:([0-9a-f]{64})")


class Product(StrEnum):
    """What is made of a class."""

    GUIDE = "guide"
    DECK = "deck"
    NOTEBOOK = "notebook"
    PAGE = "page"

    @property
    def suffix(self) -> str:
        """Of its file."""
        return _SUFFIXES[self]


_SUFFIXES = {Product.GUIDE: ".pdf", Product.DECK: ".pptx", Product.NOTEBOOK: ".ipynb", Product.PAGE: ".html"}


def file_name(number: int, slug: str, product: Product) -> str:
    """Return the file name of a product, e.g. "101-mlp.pdf"; pages and guides link each other by it."""
    return f"{number}-{slug}{product.suffix}"


def make(course_class: CourseClass, products: tuple[Product, ...]) -> dict[Product, bytes]:
    """Return the products asked for.

    Raises:
        ClassError: the class is broken; names file and line.
    """
    found: list[Document] = []

    def assembled() -> Document:
        if not found:
            found.append(assemble(course_class))
        return found[0]

    return {product: _MAKERS[product](course_class, assembled) for product in products}


def content_hash_in(product: Product, content: bytes) -> str | None:
    """Return the content hash that a product carries, or None.

    Example:
        >>> content_hash_in(Product.NOTEBOOK, b'{"metadata": {"catedra": {"content_hash": "ab"}}}')
        'ab'
    """
    if product is Product.NOTEBOOK:
        value = json.loads(content)["metadata"].get("catedra", {}).get("content_hash")
        return value if isinstance(value, str) else None
    if product is Product.DECK:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            content = archive.read("docProps/core.xml")
    match = _HASH.search(content)
    return match[1].decode() if match else None


def _guide(course_class: CourseClass, assembled: Callable[[], Document]) -> bytes:
    from catedra.publishing.guide import set_guide

    return set_guide(assembled())


def _deck(course_class: CourseClass, assembled: Callable[[], Document]) -> bytes:
    from catedra.publishing.deck import deck_of

    return deck_of(course_class)


def _notebook(course_class: CourseClass, assembled: Callable[[], Document]) -> bytes:
    from catedra.publishing.notebook import notebook_of

    return notebook_of(course_class)


def _page(course_class: CourseClass, assembled: Callable[[], Document]) -> bytes:
    from catedra.publishing.page import standalone

    return standalone(assembled())


_MAKERS = {Product.GUIDE: _guide, Product.DECK: _deck, Product.NOTEBOOK: _notebook, Product.PAGE: _page}
