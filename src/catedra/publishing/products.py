"""The four products of a class: what each is called, who makes it, and the content hash that it carries."""

import io
import json
import re
import zipfile
from contextlib import suppress
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

    Guide and page come of one document, in threads of their own: they wait for pandoc and Typst, while this one draws.

    Raises:
        ClassError: the class is broken; names file and line.
    """
    from concurrent.futures import ThreadPoolExecutor

    written = {Product.GUIDE: _guide, Product.PAGE: _page}
    made: dict[Product, bytes] = {}
    with ThreadPoolExecutor(2) as pool:
        waiting = {}
        if written.keys() & set(products):
            document = assemble(course_class)
            _draw_all(document)  # matplotlib's style belongs to the process: threads only read what was drawn
            waiting = {product: pool.submit(write, document) for product, write in written.items() if product in products}
        if Product.NOTEBOOK in products:
            made[Product.NOTEBOOK] = _notebook(course_class)
        if Product.DECK in products:
            made[Product.DECK] = _deck(course_class)
        made |= {product: future.result() for product, future in waiting.items()}
    return {product: made[product] for product in products}


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


def _draw_all(document: Document) -> None:
    from catedra.checking.curves import NotMeasuredError
    from catedra.publishing.figures import figure_file
    from catedra.publishing.tree import read, walk

    for node in walk(read(document)):
        if node["t"] == "Figure":
            with suppress(NotMeasuredError):
                figure_file(document.course_class, node["image"]["slug"], "svg")


def _guide(document: Document) -> bytes:
    from catedra.publishing.guide import set_guide

    return set_guide(document)


def _page(document: Document) -> bytes:
    from catedra.publishing.page import standalone

    return standalone(document)


def _notebook(course_class: CourseClass) -> bytes:
    from catedra.publishing.notebook import notebook_of

    return notebook_of(course_class)


def _deck(course_class: CourseClass) -> bytes:
    from catedra.publishing.deck import deck_of

    return deck_of(course_class)
