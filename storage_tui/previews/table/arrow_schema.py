"""The schema of Arrow data in a file, a stream, or the metadata of a Parquet file (Schema.fbs, Message.fbs)."""

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.tables.arrow_values import inside
from storage_tui.previews.table.flatbuffer import Table

CONTINUES = b"\xff\xff\xff\xff"  # before the length of a message
PREFIX_BYTES = 8
DEPTH = 4  # of nested lists, named in a type
MOST_COLUMNS, MOST_HINTS = 300, 300  # looked at for a time zone or a duration; a job has room for so many
PLACE_CHARS, ZONE_CHARS = 200, 60  # of the name of a column, and of a zone
HINT_DEPTH = 8  # of lists, structs and maps

ENDIANNESS, FIELDS, METADATA = 0, 1, 2  # fields of a schema
NAME, NULLABLE, TYPE_KIND, TYPE, DICTIONARY, CHILDREN = range(6)  # of a column
HEADER_KIND, HEADER, BODY_BYTES = 1, 2, 3  # of a message
SCHEMA_MESSAGE = 1
TYPES = ("none", "null", "int", "float", "binary", "text", "bool", "decimal", "date", "time", "timestamp", "interval",
         "list", "struct", "union", "fixed binary", "fixed list", "map", "duration", "large binary", "large text",
         "large list", "run-end encoded", "binary view", "text view", "list view", "large list view")  # fmt: skip
FLOATS = ("float16", "float32", "float64")
INT, FLOAT, TIMESTAMP, DURATION = 2, 3, 10, 18
LISTS = (12, 16, 21, 25, 26)
UNITS = "smun"  # of the C data interface: seconds, milliseconds, microseconds, nanoseconds


def prefix(raw: bytes) -> tuple[int, int]:
    """Return the length of the metadata of the message at the start of these bytes, and the bytes before the metadata.

    Arrow before its version 0.15 wrote the length alone.
    """
    before = PREFIX_BYTES if raw.startswith(CONTINUES) else PREFIX_BYTES - len(CONTINUES)
    return int.from_bytes(raw[before - 4 : before], "little", signed=True), before


def read_message(raw: bytes) -> tuple[Table, int]:
    """Return the message at the start of these bytes, and where its body begins; raise PreviewError without one."""
    length, before = prefix(raw)
    if not 0 < length <= len(raw) - before:
        raise PreviewError("it has no whole message")
    return Table.root(raw[before : before + length]), before + length


def read_schema(raw: bytes) -> Table:
    """Return the schema in the message at the start of these bytes."""
    message, _ = read_message(raw)
    schema = message.table(HEADER)
    if message.integer(HEADER_KIND, "<B") != SCHEMA_MESSAGE or schema is None:
        raise PreviewError("it does not begin with a schema")
    return schema


def arrow_hints(raw: bytes) -> dict[str, str]:
    """Return the formats of columns that Parquet has no type for: timestamps in a zone, and durations."""
    hints: dict[str, str] = {}
    if raw:
        for field in read_schema(raw).tables(FIELDS, MOST_COLUMNS):
            _add_hints(hints, field, field.text(NAME), 0)
    return hints


def _add_hints(hints: dict[str, str], field: Table, place: str, depth: int) -> None:
    kind, details = field.integer(TYPE_KIND, "<B"), field.table(TYPE)
    if len(hints) >= MOST_HINTS or len(place) > PLACE_CHARS:
        return
    if kind == TIMESTAMP and details is not None and (zone := details.text(1)):
        hints[place] = f"tss:{zone[:ZONE_CHARS]}"
    elif kind == DURATION and details is not None:
        unit = details.integer(0, "<h", 1)
        if 0 <= unit < len(UNITS):
            hints[place] = f"tD{UNITS[unit]}"
    if depth < HINT_DEPTH:
        for at, child in enumerate(field.tables(CHILDREN, MOST_COLUMNS)):
            _add_hints(hints, child, inside(place, at), depth + 1)


def type_name(field: Table, depth: int = 0) -> str:
    """Return the type of a column in words."""
    kind = field.integer(TYPE_KIND, "<B")
    name = TYPES[kind] if kind < len(TYPES) else f"type {kind}"
    details = field.table(TYPE)
    if kind == INT and details is not None:
        name = f"{'' if details.integer(1, '<b') else 'u'}int{details.integer(0)}"
    elif kind == FLOAT and details is not None:
        precision = details.integer(0, "<h")
        name = FLOATS[precision] if 0 <= precision < len(FLOATS) else name
    elif kind in LISTS and depth < DEPTH:
        inner = field.tables(CHILDREN, 1)
        name = f"{name} of {type_name(inner[0], depth + 1)}" if inner else name
    return f"{name}, dictionary" if field.table(DICTIONARY) is not None else name
