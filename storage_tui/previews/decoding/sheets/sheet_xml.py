"""XML as events, without document types and entities, to a depth, and to the end of what is known."""

from collections.abc import Callable
from xml.parsers import expat

MOST_DEPTH = 64
FED_BYTES = 64 * 1024  # at a time: a reader that has enough stops there


class RefusedError(ValueError):
    """The XML may be sound and is not read."""


class EnoughError(Exception):
    """The reader has all that is wanted."""


Attributes = dict[str, str]


def read_events(
    raw: bytes,
    *,
    is_whole: bool,
    start: Callable[[str, Attributes], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    """Call back for every tag and text; names have no prefix. The bytes may be cut when they are not whole.

    Raises RefusedError for a document type, a deep nesting, and what is no XML.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    depth = 0

    def on_start(name: str, attributes: Attributes) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise RefusedError("its XML is nested deeper than a spreadsheet is")
        start(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()})

    def on_end(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name.rpartition(":")[2])

    def on_doctype(*_: object) -> None:
        raise RefusedError("its XML has a document type, which is not read")

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = on_doctype
    try:
        for at in range(0, len(raw), FED_BYTES):
            parser.Parse(raw[at : at + FED_BYTES], False)
        if is_whole:
            parser.Parse(b"", True)
    except EnoughError:
        return
    except expat.ExpatError as exc:
        raise RefusedError("its XML is not understood") from exc
