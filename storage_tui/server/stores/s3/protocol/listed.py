"""The answer of an engine to a list, read into columns in one pass: a long list is mostly this work."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus

from storage_tui.contract.errors import UnavailableError
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, read_answer

USUAL_CLASS = "STANDARD"  # which lists name, and the description of one object does not
MOST_BYTES = (1 << 63) - 1  # of one object, in any column

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
    document = read_answer(content, "ListBucketResult")
    keys, sizes, times, etags, classes = [], [], [], [], []
    layouts: dict[tuple[str, ...], _Layout] = {}
    try:
        for row in elements(document, "Contents"):
            tags = tuple([field.tag for field in row])
            layout = layouts.get(tags)
            if layout is None:
                layout = layouts[tags] = _layout_of(tags)
            key, size, time, etag, kept = layout
            keys.append(row[key].text or "")
            sizes.append(int(row[size].text or ""))
            times.append(row[time].text or "")
            etags.append("" if etag is None else (row[etag].text or "").strip('"'))
            classes.append("" if kept is None else row[kept].text or "")
        if sizes and not (min(sizes) >= 0 and max(sizes) <= MOST_BYTES):
            raise ValueError("a size that no object has")
        moments: dict[str, float] = {text: _seconds(text) for text in set(times)}
        names = names_of(keys, root)
        prefixes = names_of([fields_of(found)["Prefix"] for found in elements(document, "CommonPrefixes")], root)
    except (KeyError, ValueError, OverflowError) as exc:
        raise UnavailableError("the storage engine sent a list that cannot be read; check the endpoint") from exc
    fields = fields_of(document)
    return Listed(
        names, sizes, [moments[text] for text in times], etags,
        ["" if stored == USUAL_CLASS else stored for stored in classes], prefixes,
        fields.get("IsTruncated") == "true", fields.get("NextContinuationToken", ""),
    )  # fmt: skip


def names_of(told: Sequence[str], root: str, *, is_encoded: bool = True) -> list[str]:
    """Return the names out of an answer, without `root`. Raise ValueError for a name outside of `root`."""
    cut, names = len(root), []
    for text in told:
        # Engines write a space as `+`, and a plus as `%2B`.
        name = unquote_plus(text) if is_encoded and ("%" in text or "+" in text) else text
        if not name.startswith(root):
            raise ValueError("a name outside of what was asked for")
        names.append(name[cut:])
    return names


def _layout_of(tags: Sequence[str]) -> _Layout:
    places = {tag.rpartition("}")[2]: place for place, tag in enumerate(tags)}
    return places["Key"], places["Size"], places["LastModified"], places.get("ETag"), places.get("StorageClass")


def _seconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
