"""Delta tables: version, columns, files and rows, from the last checkpoint and the commits after it.

Source: the Delta transaction log protocol.
"""

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import BudgetError, LimitError, Preview, PreviewError
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.stores.lake_tables import VALUE_CHARS, columns_of, number_of, object_of
from storage_tui.previews.stores.nodes import read_json
from storage_tui.previews.stores.prefix import PARENTS, Names, Prefix
from storage_tui.previews.table.grid import grid_lines

LOG = "_delta_log"
COMMIT = re.compile(r"(\d{20})\.json", re.ASCII)
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\..*)?\.parquet", re.ASCII)
COMMIT_BYTES = 64 * 1024  # of one commit
MOST_COMMITS = 12  # read of a log
MOST_ACTIONS = 20_000
LAST, SIDECARS = "_last_checkpoint", "_sidecars"
LAST_BYTES = 16 * 1024
MOST_PARTS = 16  # of one checkpoint


def is_delta(names: Names) -> bool:
    """Return whether the names are those of a Delta table."""
    return LOG in names.folders


async def show_delta(prefix: Prefix) -> Preview:
    """Return the preview of a Delta table from its last checkpoint and the commits after it.

    Without a checkpoint that is read, the last commits tell what they can. Raises an error of the client.
    """
    log = await _read_log(prefix)
    if not log.commits and log.checkpoint is None:
        return Preview("Delta table", note="its log has no commit among its first names")
    table, note = _DeltaTable(), ""
    for text in log.texts:
        await asyncio.to_thread(table.add, text)
    is_all = log.is_whole and log.checkpoint is None
    if log.checkpoint is not None and log.is_whole:
        try:
            is_all = await _add_checkpoint(prefix, log, table)
        except (PreviewError, NotFoundError, LocalFileError) as exc:
            reason = str(exc) if isinstance(exc, PreviewError) else "it is not there"
            note = f"its checkpoint is not read: {visible(reason, limit=VALUE_CHARS)}"
    version = f"{log.version:,}"
    facts = [("version", version if log.is_newest else f"{version} or newer"), *table.facts]
    facts += [("checkpoint", f"of version {log.checkpoint:,}")] if log.checkpoint is not None else []
    if is_all:
        facts += [("files", f"{len(table.files):,}, {size_text(sum(size for size, _ in table.files.values()))}")]
        counts = [count for _, count in table.files.values()]
        facts += [("rows", f"{sum(counts):,}")] if all(count >= 0 for count in counts) else []
    elif not log.is_newest and not note:
        note = f"its log has more names than are listed: all that is told is of version {version}"
    elif not note:
        read = plural(len(log.commits), "commit")
        note = f"the last {len(log.texts):,} of {read} are read: older ones tell of more files"
    lines = grid_lines(("column", "type", ""), table.columns) if table.columns else []
    return Preview("Delta table", facts=tuple(facts), lines=tuple(lines), note=note)


@dataclass(frozen=True, slots=True)
class _Log:
    """What was read of a log: the newest commits as texts, the newest first, and the names of the last checkpoint.

    `is_whole` says that these are all commits after the checkpoint, or all of the log without one; `is_newest` that
    the version is the newest. `commits` are the versions of the commits that are named.
    """

    version: int
    commits: list[int]
    texts: list[str]
    checkpoint: int | None
    files: list[str]
    is_whole: bool
    is_newest: bool


async def _read_log(prefix: Prefix) -> _Log:
    names = await prefix.names(f"{LOG}/")
    commits = sorted(int(match[1]) for match in map(COMMIT.fullmatch, names.blobs) if match is not None)
    marks = {int(match[1]) for match in map(CHECKPOINT.fullmatch, names.blobs) if match is not None}
    if names.is_whole:
        mark = max(marks, default=None)
        files = sorted(name for name in names.blobs if mark is not None and name.startswith(f"{mark:020}.checkpoint."))
        newer = [number for number in commits if mark is None or number > mark]
        texts = await _texts(prefix, newer[: -MOST_COMMITS - 1 : -1])
        is_whole = len(texts) == len(newer) and (mark is not None or commits[:1] == [0])
        version = max([*commits, *([] if mark is None else [mark])], default=0)
        return _Log(version, commits, texts, mark, files, is_whole, True)
    last = await prefix.read(f"{LOG}/{LAST}", 0, LAST_BYTES)
    told = {} if last is None else await asyncio.to_thread(read_json, last.data)
    mark = number_of(told.get("version"))
    if mark < 0:
        texts = await _texts(prefix, commits[: -MOST_COMMITS - 1 : -1])
        version = max(commits, default=0)
        return _Log(version, commits, texts, max(marks, default=None), [], False, False)
    found: list[str] = []
    while len(found) < MOST_COMMITS and (more := await _texts(prefix, [mark + len(found) + 1])):
        found += more
    is_newest = len(found) < MOST_COMMITS
    return _Log(mark + len(found), commits, found[::-1], mark, _files_of(mark, told), is_newest, is_newest)


async def _texts(prefix: Prefix, versions: Sequence[int]) -> list[str]:
    """Return these commits, up to the first one that is not there, too long, or past the budget."""
    found = []
    for version in versions:
        try:
            part = await prefix.read(f"{LOG}/{version:020}.json", 0, min(COMMIT_BYTES, prefix.bytes_left))
        except BudgetError:
            break
        if part is None or not part.is_whole:
            break
        found.append(part.data.decode("utf-8", "replace"))
    return found


def _files_of(version: int, told: dict[str, Any]) -> list[str]:
    """Return the names of the files of a checkpoint by what `_last_checkpoint` says of it."""
    path, parts = object_of(told.get("v2Checkpoint")).get("path"), number_of(told.get("parts"))
    if isinstance(path, str):
        return [path]
    if 0 < parts <= MOST_PARTS:
        return [f"{version:020}.checkpoint.{part:010}.of.{parts:010}.parquet" for part in range(1, parts + 1)]
    return [f"{version:020}.checkpoint.parquet"]


async def _add_checkpoint(prefix: Prefix, log: _Log, table: "_DeltaTable") -> bool:
    """Add what a checkpoint says; return whether all of it was read. Raises PreviewError, and errors of the client."""
    if find_spec("arro3.io") is None:
        raise LimitError("pip install 'storage-tui[preview]' reads it")
    left, is_all = [f"{LOG}/{name}" for name in log.files], bool(log.files)
    while left:
        name = left.pop(0)
        if any(step in PARENTS for step in name.split("/")):
            raise PreviewError("it names a file outside of the table")
        if not name.endswith(".parquet"):
            raise LimitError("it is written as JSON")
        source = prefix.source(name)
        try:
            told, raw = await DECODER.decode({"job": "delta checkpoint"}, b"", source=source)
        finally:
            prefix.count(source)
        actions = await asyncio.to_thread(json.loads, raw)
        await asyncio.to_thread(table.add_actions, actions)
        left += [f"{LOG}/{SIDECARS}/{path.rpartition('/')[2]}" for path in told["sidecars"]]
        is_all = is_all and told["is_all"]
    return is_all


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
        lines = text.split("\n")[:MOST_ACTIONS]
        self.add_actions([read_json(line.encode()) for line in lines if line.startswith("{")])

    def add_actions(self, actions: Sequence[dict[str, Any]]) -> None:
        """Add the actions of one commit, or of a part of a checkpoint."""
        seen: dict[str, tuple[int, int]] = {}
        gone: set[str] = set()
        for one in actions:
            for name, action in one.items():
                if not isinstance(action, dict):
                    continue
                path = str(action.get("path"))
                if name == "add":
                    seen[path] = number_of(action.get("size")), _rows_of(action)
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
                fields = object_of(action.get("schemaString")).get("fields")
                self.columns = columns_of(fields, "nullable", is_optional=True)
                found["columns"] = f"{len(fields):,}" if isinstance(fields, list) else ""
        for label, value in found.items():
            if isinstance(value, str) and value:
                self._told.setdefault(label, visible(value, limit=VALUE_CHARS))


def _rows_of(action: dict[str, Any]) -> int:
    """Return the rows of a file, without those that its deletion vector takes away; -1 where they are not told."""
    rows, vector = number_of(object_of(action.get("stats")).get("numRecords")), action.get("deletionVector")
    if rows < 0 or not isinstance(vector, dict):
        return rows
    gone = number_of(vector.get("cardinality"))
    return rows - gone if 0 <= gone <= rows else -1
