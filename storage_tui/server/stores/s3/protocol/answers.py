"""The XML documents that an S3 engine answers with, as elements and their fields; names count without namespace.

Engines differ in the namespace, and some write none. An answer that is no XML is an error and never an empty list.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from storage_tui.contract.errors import UnavailableError

_NO_XML = bytes(set(range(0x20)) - set(b"\t\n\r"))  # control characters, which XML 1.0 cannot have


def read_answer(content: bytes, name: str = "") -> Element:
    """The document of an answer, which has this name where one is given.

    Raises UnavailableError where the engine, or what stands before the engine, sent something else.
    """
    document = _parsed(content)
    if document is None or (name and name_of(document) != name):
        raise UnavailableError(
            "the storage engine sent no answer of the S3 API; check the endpoint, or try again later"
        )
    return document


def name_of(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def elements(document: Element, name: str) -> Iterator[Element]:
    """The elements of this name that stand directly in a document."""
    return (element for element in document if name_of(element) == name)


def fields_of(element: Element) -> dict[str, str]:
    """The text of every element that stands directly in this one, by name."""
    return {name_of(child): child.text or "" for child in element}


def error_fields(content: bytes) -> dict[str, str]:
    """The fields of an error document by name, such as `Code`, `Message` and `Region`; none where the content is no
    error document."""
    document = _parsed(content)
    return {} if document is None or name_of(document) != "Error" else fields_of(document)


def error_code(content: bytes) -> str:
    """The code of a refusal such as `NoSuchKey`; empty where the content is no error document."""
    code = error_fields(content).get("Code", "")
    return code if code.isascii() and code.replace(".", "").isalnum() else ""


def _parsed(content: bytes) -> Element | None:
    for candidate in (content.lstrip(), content.lstrip().translate(None, _NO_XML)):  # some engines echo what was asked
        try:
            return fromstring(candidate)
        except (ParseError, LookupError, ValueError):  # the last two: an encoding that nobody knows
            continue
    return None
