"""Tables that are folders: Delta tables and Iceberg tables, from their newest metadata.

Sources: the Delta transaction log protocol, the Iceberg table specification.
"""

import asyncio
import re
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import BudgetError, Preview
from storage_tui.previews.stores.nodes import read_json
from storage_tui.previews.stores.prefix import Names, Prefix
from storage_tui.previews.table.grid import grid_lines

LOG = "_delta_log"
METADATA = "metadata"
DATA = "data"
COMMIT = re.compile(r"(\d{20})\.json", re.ASCII)
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\..*)?\.parquet", re.ASCII)
VERSION = re.compile(r"(?:v(\d+)|(\d+)-[0-9a-f-]+)\.(?:gz\.)?metadata\.json", re.ASCII)
COMMIT_BYTES = 64 * 1024  # of one commit
MOST_COMMITS = 12  # read of a log
DOCUMENT_BYTES = 512 * 1024  # of the metadata of an Iceberg table
MOST_ACTIONS = 20_000
SHOWN_COLUMNS = 1_000
VALUE_CHARS = 100


def is_delta(names: Names) -> bool:
    """Return whether the names are those of a Delta table."""
    return LOG in names.folders


async def show_delta(prefix: Prefix) -> Preview:
    """Return the preview of a Delta table from the last commits of its log. Raises an error of the client."""
    names = await prefix.names(f"{LOG}/")
    commits = sorted(match[0] for match in map(COMMIT.fullmatch, names.blobs) if match is not None)
    marks = [int(match[1]) for match in map(CHECKPOINT.fullmatch, names.blobs) if match is not None]
    if not commits:
        return Preview("Delta table", note="its log has no commit among its first names")
    table = _DeltaTable()
    read = 0
    for name in reversed(commits[-MOST_COMMITS:]):
        try:
            part = await prefix.read(f"{LOG}/{name}", 0, min(COMMIT_BYTES, prefix.bytes_left))
        except BudgetError:
            break
        if part is None or not part.is_whole:
            break
        await asyncio.to_thread(table.add, part.data.decode("utf-8", "replace"))
        read += 1
    version = f"{int(commits[-1].partition('.')[0]):,}"
    facts = [("version", version if names.is_whole else f"{version} or newer")]
    facts += table.facts
    facts += [("checkpoint", f"of version {max(marks):,}")] if marks else []
    is_all = read == len(commits) and int(commits[0].partition(".")[0]) == 0 and names.is_whole
    if is_all:
        facts += [("files", f"{len(table.files):,}, {size_text(sum(size for size, _ in table.files.values()))}")]
        counts = [count for _, count in table.files.values()]
        facts += [("rows", f"{sum(counts):,}")] if all(count >= 0 for count in counts) else []
    note = ""
    if not names.is_whole:
        note = f"its log has more names than are listed: all that is told is of version {version}"
    elif not is_all:
        note = f"the last {read:,} of {plural(len(commits), 'commit')} are read: older ones tell of more files"
    lines = grid_lines(("column", "type", ""), table.columns) if table.columns else []
    return Preview("Delta table", facts=tuple(facts), lines=tuple(lines), note=note)


class _DeltaTable:
    """What commits say, read from the newest to the oldest: what a newer one said stays."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[int, int]] = {}  # sizes in bytes and rows, -1 for a number that is not told
        self.columns: list[tuple[str, str, str]] = []
        self._gone: set[str] = set()
        self._told: dict[str, str] = {}

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was told, in a fixed order."""
        order = ("name", "operation", "engine", "protocol", "columns", "parted by")
        return [(label, self._told[label]) for label in order if self._told.get(label)]

    def add(self, text: str) -> None:
        """Add the actions of one commit."""
        seen: dict[str, tuple[int, int]] = {}
        gone: set[str] = set()
        for line in text.split("\n")[:MOST_ACTIONS]:
            for name, action in (read_json(line.encode()) if line.startswith("{") else {}).items():
                if not isinstance(action, dict):
                    continue
                path = str(action.get("path"))
                if name == "add":
                    seen[path] = _number(action.get("size")), _number(_object(action.get("stats")).get("numRecords"))
                elif name == "remove":
                    gone.add(path)
                else:
                    self._tell(name, action)
        for path, sizes in seen.items():
            if path not in self._gone and path not in self.files:
                self.files[path] = sizes
        self._gone |= gone | seen.keys()

    def _tell(self, name: str, action: dict[str, Any]) -> None:
        found: dict[str, Any] = {}
        if name == "commitInfo":
            found = {"operation": action.get("operation"), "engine": action.get("engineInfo")}
        elif name == "protocol":
            reads, writes = action.get("minReaderVersion"), action.get("minWriterVersion")
            found = {"protocol": f"reader {reads}, writer {writes}"}
        elif name == "metaData":
            parts = action.get("partitionColumns")
            found = {"name": action.get("name"), "parted by": ", ".join(map(str, parts)) if parts else ""}
            if not self.columns:
                fields = _object(action.get("schemaString")).get("fields")
                self.columns = _columns(fields, "nullable", is_optional=True)
                found["columns"] = f"{len(fields):,}" if isinstance(fields, list) else ""
        for label, value in found.items():
            if isinstance(value, str) and value:
                self._told.setdefault(label, visible(value, limit=VALUE_CHARS))


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
    if name.endswith(".gz.metadata.json"):
        return Preview("Iceberg table", facts=(("metadata", visible(name, limit=VALUE_CHARS)),), note="it is packed")
    part = await prefix.read(f"{METADATA}/{name}", 0, min(DOCUMENT_BYTES, prefix.bytes_left))
    told = {} if part is None else await asyncio.to_thread(read_json, part.data)
    if "format-version" not in told:
        shown = (("metadata", visible(name, limit=VALUE_CHARS)),)
        return Preview("Iceberg table", facts=shown, note="its metadata is not understood")
    schema = _chosen(told.get("schemas"), "schema-id", told.get("current-schema-id")) or _object(told.get("schema"))
    columns = _columns(schema.get("fields"), "required", is_optional=False)
    facts = [("metadata", name if names.is_whole else f"{name}, or a newer one"), *_iceberg_facts(told, len(columns))]
    lines = grid_lines(("column", "type", ""), columns) if columns else []
    note = "its metadata is longer than what is read of it" if part is not None and not part.is_whole else ""
    told_facts = tuple((label, visible(value, limit=VALUE_CHARS)) for label, value in facts)
    return Preview("Iceberg table", facts=told_facts, lines=tuple(lines), note=note)


def _iceberg_facts(told: dict[str, Any], columns: int) -> list[tuple[str, str]]:
    """Return what the metadata of a table says of the table and of its current snapshot."""
    facts = [("version", str(told["format-version"]))]
    for label, key in (("table", "table-uuid"), ("location", "location")):
        facts += [(label, str(told[key]))] if told.get(key) else []
    facts.append(("columns", f"{columns:,}"))
    parts = _chosen(told.get("partition-specs"), "spec-id", told.get("default-spec-id")).get("fields")
    named = [str(one.get("name")) for one in parts if isinstance(one, dict)] if isinstance(parts, list) else []
    facts += [("parted by", ", ".join(named))] if named else []
    snapshots = told.get("snapshots")
    if isinstance(snapshots, list):
        facts.append(("snapshots", f"{len(snapshots):,}"))
    summary = _object(_chosen(snapshots, "snapshot-id", told.get("current-snapshot-id")).get("summary"))
    for label, key in (("operation", "operation"), ("files", "total-data-files"), ("rows", "total-records")):
        facts += [(label, str(summary[key]))] if isinstance(summary.get(key), str | int) else []
    return facts


def _columns(fields: Any, key: str, *, is_optional: bool) -> list[tuple[str, str, str]]:
    """Return names, types and whether a value may be missing; `is_optional` says that `key` means this."""
    if not isinstance(fields, list):
        return []
    found = []
    for field in fields[:SHOWN_COLUMNS]:
        if isinstance(field, dict):
            may_miss = bool(field.get(key)) == is_optional
            found.append((str(field.get("name"))[:200], _type_words(field.get("type")), "optional" if may_miss else ""))
    return found


def _type_words(told: Any) -> str:
    """Return a type by its name; one that has parts by its kind."""
    return str(told.get("type") if isinstance(told, dict) else told)[:60]


def _chosen(told: Any, key: str, wanted: Any) -> dict[str, Any]:
    """Return the object of a list whose `key` is wanted; an empty one without."""
    items = told if isinstance(told, list) else []
    return next((one for one in items if isinstance(one, dict) and one.get(key) == wanted), {})


def _object(told: Any) -> dict[str, Any]:
    """Return an object, also one that is written as a text in JSON; an empty one for anything else."""
    if isinstance(told, str):
        return read_json(told.encode())
    return told if isinstance(told, dict) else {}


def _number(told: Any) -> int:
    return told if type(told) is int and 0 <= told < 1 << 62 else -1
