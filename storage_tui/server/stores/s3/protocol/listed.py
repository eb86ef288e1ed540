"""The answer of an engine to a list, read into columns in one pass: a long list is mostly this work."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from urllib.parse import unquote_plus
from xml.etree.ElementTree import Element

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, read_answer

USUAL_CLASS = "STANDARD"  # which lists name, and the description of one object does not
MOST_BYTES = (1 << 63) - 1  # of one object, in any column

MOST_FIELDS = 12  # of an object in a list

_BEGIN, _END = "<Contents>", "</Contents>"
_NEEDED = frozenset({"Key", "Size", "LastModified"})
_FIELD = re.compile(r"<([A-Za-z0-9]+)>[^<]*</\1>")
_PLAIN = r"[^<>&\x00-\x08\x0b-\x1f]*"
_DECLARED = re.compile(r"""\s*<\?xml[^>]*encoding=["']([^"']*)""")

_Layout = tuple[int, int, int, int | None, int | None]  # where key, size, time, ETag and class are in a row


@dataclass(frozen=True, slots=True)
class Listed:
    """One answer to a list: a column for each property of the objects, all of equal length, in the order of the engine.

    `names` are without the root of the bucket, `sizes` in bytes, `modified` in seconds since 1970. `classes` are
    storage classes as the engine names them, empty for the usual class. `prefixes` are the child prefixes.
    `is_truncated`: more may follow. `token` is the position after the answer in the engine's words; empty where the
    engine has none.
    """

    names: list[str]
    sizes: list[int]
    modified: list[float]
    etags: list[str]
    classes: list[str]
    prefixes: list[str]
    is_truncated: bool
    token: str = ""


def read_listed(content: bytes, root: str) -> Listed:
    """Read an answer, in which all names begin with `root`. Raise UnavailableError for anything else."""
    found = _plain_rows(content) or _rows(content)
    document = found.rest
    fields = fields_of(document)
    is_encoded = fields.get("EncodingType", "").lower() == "url"  # some engines do not encode, whatever they are asked
    try:
        key, size, time, etag, kept = _layout_of(found.tags) if found.rows else (0, 0, 0, None, None)
        keys = [row[key] for row in found.rows]
        sizes = [int(row[size]) for row in found.rows]
        times = [row[time] for row in found.rows]
        etags = [""] * len(keys) if etag is None else [row[etag].strip('"') for row in found.rows]
        classes = [""] * len(keys) if kept is None else [row[kept] for row in found.rows]
        if sizes and not (min(sizes) >= 0 and max(sizes) <= MOST_BYTES):
            raise ValueError("a size that no object has")
        moments: dict[str, float] = {text: _seconds(text) for text in set(times)}
        names = names_of(keys, root, is_encoded=is_encoded)
        folded = [fields_of(found)["Prefix"] for found in elements(document, "CommonPrefixes")]
        prefixes = names_of(folded, root, is_encoded=is_encoded)
    except (KeyError, ValueError, OverflowError) as exc:
        raise UnavailableError("the storage engine sent a list that cannot be read; check the endpoint") from exc
    return Listed(
        names, sizes, [moments[text] for text in times], etags,
        ["" if stored == USUAL_CLASS else stored for stored in classes], prefixes,
        fields.get("IsTruncated") == "true", fields.get("NextContinuationToken", ""),
    )  # fmt: skip


def names_of(told: Sequence[str], root: str, *, is_encoded: bool) -> list[str]:
    """Return the names out of an answer, without `root`. Raise ValueError for a name outside of `root`."""
    cut, names = len(root), []
    for text in told:
        # Engines write a space as `+`, and a plus as `%2B`.
        name = unquote_plus(text) if is_encoded and ("%" in text or "+" in text) else text
        if not name.startswith(root):
            raise ValueError("a name outside of what was asked for")
        names.append(name[cut:])
    return names


@dataclass(frozen=True, slots=True)
class _Rows:
    """The objects of an answer: the texts of their fields, in the order of `tags`. `rest` is the document, in which
    only what is not an object counts."""

    tags: Sequence[str]
    rows: Sequence[Sequence[str]]
    rest: Element


def _plain_rows(content: bytes) -> _Rows | None:
    """Return the rows of an answer in which all of them stand side by side, have the same fields, and are plain text;
    None for any other answer. This takes a fifth of the time of an XML parser, which reads the rest and decides what
    the answer is. Nothing is taken for a row that a parser would take for anything else: every byte between the first
    and the last row belongs to a row, and the place of the rows is an element of its own in the document."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    start, stop = text.find(_BEGIN), text.rfind(_END) + len(_END)
    if start == -1 or stop <= start:
        return None
    rest = f"{text[:start]}<Contents/>{text[stop:]}"
    declared = _DECLARED.match(rest)
    if "<!" in rest or rest.count("<?") > 1 or (declared and declared[1].lower() != "utf-8"):
        return None
    tags = _FIELD.findall(text, start + len(_BEGIN), text.index(_END, start))
    rows_text = text[start:stop].replace("&#34;", '"').replace("&quot;", '"')
    row = re.compile(_BEGIN + "".join(f"<{tag}>({_PLAIN})</{tag}>" for tag in tags) + _END)
    rows = row.findall(rows_text) if 1 < len(tags) <= MOST_FIELDS else []
    around = len(_BEGIN) + len(_END) + sum(2 * len(tag) + len("<></>") for tag in tags)
    if sum(map(len, chain.from_iterable(rows))) + around * len(rows) != len(rows_text):
        return None
    document = read_answer(rest.encode(), "ListBucketResult")
    return _Rows(tags, rows, document) if len(list(elements(document, "Contents"))) == 1 else None


def _rows(content: bytes) -> _Rows:
    """Return the rows of any answer, with the fields in one order; a field that a row lacks is empty. Raise
    UnavailableError for a row without name, size or time."""
    document = read_answer(content, "ListBucketResult")
    rows = [fields_of(row) for row in elements(document, "Contents")]
    if not all(row.keys() >= _NEEDED for row in rows):
        raise UnavailableError("the storage engine sent a list that cannot be read; check the endpoint")
    tags = (*_NEEDED, "ETag", "StorageClass")
    return _Rows(tags, [[row.get(tag, "") for tag in tags] for row in rows], document)


def _layout_of(tags: Sequence[str]) -> _Layout:
    places = {tag: place for place, tag in enumerate(tags)}
    return places["Key"], places["Size"], places["LastModified"], places.get("ETag"), places.get("StorageClass")


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
