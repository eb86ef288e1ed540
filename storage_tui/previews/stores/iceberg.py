"""Iceberg tables: columns, parts, snapshots, and the data files of the current one (Iceberg table specification)."""

import asyncio
import re
import zlib
from typing import Any

from rich.text import Text

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Cells, Preview, PreviewError
from storage_tui.previews.formats.avro import read_head, read_records
from storage_tui.previews.heads.cursor import ShortError
from storage_tui.previews.stores.lake_tables import VALUE_CHARS, chosen, columns_of, number_of, object_of
from storage_tui.previews.stores.nodes import read_json
from storage_tui.previews.stores.prefix import Names, Prefix
from storage_tui.previews.table.grid import grid_lines

METADATA = "metadata"
DATA = "data"
VERSION = re.compile(r"(?:v(\d+)|(\d+)-[0-9a-f-]+)\.(?:gz\.)?metadata\.json", re.ASCII)
DOCUMENT_BYTES = 512 * 1024  # of the metadata of an Iceberg table
MOST_UNPACKED = 4 * 1024 * 1024
MANIFEST_LIST_BYTES, MANIFEST_BYTES = 128 * 1024, 128 * 1024
MOST_MANIFESTS = 8  # a request each
MOST_FILES = 200
GZIP = b"\x1f\x8b"
OF_DELETES = 1  # the content of a manifest
DELETED = 2  # the status of an entry
FILE_HEADS = ("file", "parts", "rows", "size")


def is_iceberg(names: Names) -> bool:
    """Return whether the names may be those of an Iceberg table; its metadata says whether they are."""
    return METADATA in names.folders and not names.blobs and set(names.folders) <= {METADATA, DATA}


async def show_iceberg(prefix: Prefix) -> Preview | None:
    """Return the preview of an Iceberg table from its newest metadata; None where there is none.

    Raises an error of the client.
    """
    names = await prefix.names(f"{METADATA}/")
    found = [
        (int(match[1] or match[2]), match[0]) for match in map(VERSION.fullmatch, names.blobs) if match is not None
    ]
    if not found:
        return None
    name = max(found)[1]
    part = await prefix.read(f"{METADATA}/{name}", 0, min(DOCUMENT_BYTES, prefix.bytes_left))
    told = {} if part is None else await asyncio.to_thread(lambda: read_json(_unpacked(part.data)))
    if "format-version" not in told:
        shown = (("metadata", visible(name, limit=VALUE_CHARS)),)
        return Preview("Iceberg table", facts=shown, note="its metadata is not understood")
    schema = chosen(told.get("schemas"), "schema-id", told.get("current-schema-id")) or object_of(told.get("schema"))
    columns = columns_of(schema.get("fields"), "required", is_optional=False)
    facts = [("metadata", name if names.is_whole else f"{name}, or a newer one"), *_iceberg_facts(told, len(columns))]
    lines = grid_lines(("column", "type", ""), columns) if columns else []
    notes = ["its metadata is longer than what is read of it"] if part is not None and not part.is_whole else []
    try:
        files, more, note = await _files(prefix, told)
    except PreviewError as exc:
        files, more, note = [], [], f"its manifests are not read: {visible(str(exc), limit=VALUE_CHARS)}"
    notes += [note] if note else []
    if files:
        lines = [*lines, Text(""), *grid_lines(FILE_HEADS, files, right=frozenset((2, 3)))]
    told_facts = tuple((label, visible(value, limit=VALUE_CHARS)) for label, value in [*facts, *more])
    cells = Cells(FILE_HEADS, tuple(files)) if files else None
    return Preview("Iceberg table", facts=told_facts, lines=tuple(lines), note=" · ".join(notes), cells=cells)


def _unpacked(raw: bytes) -> bytes:
    """Return metadata that may be packed by gzip, as far as it is unpacked here."""
    if not raw.startswith(GZIP):
        return raw
    try:
        return zlib.decompressobj(31).decompress(raw, MOST_UNPACKED)
    except zlib.error:
        return b""


async def _files(
    prefix: Prefix, told: dict[str, Any]
) -> tuple[list[tuple[str, str, str, str]], list[tuple[str, str]], str]:
    """Return rows for the data files of the current snapshot, facts about its manifests, and a note.

    Raises PreviewError for manifests that are not read, and errors of the client.
    """
    snapshot = chosen(told.get("snapshots"), "snapshot-id", told.get("current-snapshot-id"))
    place = _place_of(snapshot.get("manifest-list"), told)
    found = None if place is None else await _records(prefix, place, MANIFEST_LIST_BYTES)
    if found is None:
        return [], [], ""
    manifests, is_all = found
    deletes = sum(one.get("content") == OF_DELETES for one in manifests)
    words = f"{len(manifests):,}{'' if is_all else ' or more'}{f', {deletes:,} of deletes' if deletes else ''}"
    rows: list[tuple[str, str, str, str]] = []
    for at, manifest in enumerate(manifests):
        place = _place_of(manifest.get("manifest_path"), told)
        if at >= MOST_MANIFESTS or len(rows) >= MOST_FILES or place is None or not prefix.requests_left:
            is_all = False
            break
        entries = await _records(prefix, place, MANIFEST_BYTES)
        if entries is None:
            is_all = False
            continue
        rows += [_row(object_of(one.get("data_file"))) for one in entries[0] if one.get("status") != DELETED]
        is_all = is_all and entries[1]
    note = "" if is_all else f"the first {plural(len(rows[:MOST_FILES]), 'file')} are listed"
    return rows[:MOST_FILES], [("manifests", words)], note


async def _records(prefix: Prefix, name: str, most_bytes: int) -> tuple[list[dict[str, Any]], bool] | None:
    """Return the records of an Avro file below the prefix, and whether these are all; None for no such file."""
    part = await prefix.read(name, 0, min(most_bytes, prefix.bytes_left))
    if part is None:
        return None
    try:
        metadata, _, at = read_head(part.data)
    except ShortError as exc:
        raise PreviewError("one of them is cut") from exc
    records, is_all = await read_records(metadata, part.data[at:], MOST_FILES)
    return [one for one in records if isinstance(one, dict)], is_all and part.is_whole


def _place_of(path: Any, told: dict[str, Any]) -> str | None:
    """Return the name below the prefix of a file of the table, whose path is that of the place it was written in."""
    if not isinstance(path, str):
        return None
    location = str(told.get("location", "")).rstrip("/") + "/"
    if path.startswith(location):
        return path.removeprefix(location)
    return f"{METADATA}/{path.rpartition('/')[2]}" if f"/{METADATA}/" in path else None


def _row(file: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return the cells of a data file: name, values of its parts, rows, size."""
    parts = ", ".join(f"{name}={value}" for name, value in object_of(file.get("partition")).items())
    name = str(file.get("file_path")).rpartition("/")[2]
    kind = {1: " (deletes by position)", 2: " (deletes by value)"}.get(file.get("content"), "")  # type: ignore[arg-type]
    rows, size = number_of(file.get("record_count")), number_of(file.get("file_size_in_bytes"))
    return f"{name}{kind}"[:200], parts[:200], f"{rows:,}" if rows >= 0 else "", size_text(size) if size >= 0 else ""


def _iceberg_facts(told: dict[str, Any], columns: int) -> list[tuple[str, str]]:
    """Return what the metadata of a table says of the table and of its current snapshot."""
    facts = [("version", str(told["format-version"]))]
    for label, key in (("table", "table-uuid"), ("location", "location")):
        facts += [(label, str(told[key]))] if told.get(key) else []
    facts.append(("columns", f"{columns:,}"))
    parts = chosen(told.get("partition-specs"), "spec-id", told.get("default-spec-id")).get("fields")
    named = [str(one.get("name")) for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
    facts += [("parted by", ", ".join(named))] if named else []
    snapshots = told.get("snapshots")
    if isinstance(snapshots, list):
        facts.append(("snapshots", f"{len(snapshots):,}"))
    summary = object_of(chosen(snapshots, "snapshot-id", told.get("current-snapshot-id")).get("summary"))
    for label, key in (("operation", "operation"), ("files", "total-data-files"), ("rows", "total-records")):
        facts += [(label, str(summary[key]))] if isinstance(summary.get(key), str | int) else []
    return facts
