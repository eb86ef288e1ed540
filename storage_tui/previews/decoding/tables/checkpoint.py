"""The actions in a checkpoint of a Delta table, a Parquet file, through arro3 (Delta transaction log protocol)."""

import importlib
import json
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.ranged_file import RangedFile
from storage_tui.previews.decoding.tables.blocks import plain_errors

BATCH_ROWS = 2_048
MOST_FILES = 10_000
PATH_CHARS = 400
TEXT_CHARS = 200_000  # of a schema
MOST_SIDECARS = 32
MOST_REST = 4
PLAIN = ("metaData", "protocol")
KEPT = ("name", "schemaString", "partitionColumns", "minReaderVersion", "minWriterVersion")


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the actions of a checkpoint as JSON: files as the action `add` has them, schema and protocol.

    `sidecars` are the names of further files with actions. `is_all` says that these are all files.
    """
    arrow = importlib.import_module("arro3.io")
    files: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    sidecars: list[str] = []
    is_all = True
    with plain_errors():
        reader = arrow.read_parquet(file, batch_size=BATCH_ROWS)
        while is_all:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                break
            for name in batch.column_names:
                if name not in ("add", "sidecar", *PLAIN):
                    continue
                for action in batch.column(name).to_pylist():
                    if not isinstance(action, dict):
                        continue
                    if name == "add":
                        is_all = is_all and len(files) < MOST_FILES
                        files += [_file_of(action)] if is_all else []
                    elif name == "sidecar":
                        sidecars.append(str(action.get("path"))[:PATH_CHARS])
                    else:
                        rest.append({name: {key: _plain(action[key]) for key in KEPT if key in action}})
    told = {"sidecars": sidecars[:MOST_SIDECARS], "is_all": is_all and len(sidecars) <= MOST_SIDECARS}
    return told, json.dumps([*rest[:MOST_REST], *({"add": file} for file in files)]).encode()


def _file_of(action: dict[str, Any]) -> dict[str, Any]:
    stats = action.get("stats_parsed")
    found = {"path": str(action.get("path"))[:PATH_CHARS], "size": action.get("size")}
    if isinstance(action.get("stats"), str):
        found["stats"] = {"numRecords": _count_of(action["stats"])}
    elif isinstance(stats, dict):
        found["stats"] = {"numRecords": stats.get("numRecords")}
    vector = action.get("deletionVector")
    if isinstance(vector, dict):
        found["deletionVector"] = {"cardinality": vector.get("cardinality")}
    return found


def _count_of(stats: str) -> Any:
    try:
        told = json.loads(stats)
    except (ValueError, RecursionError):
        return None
    return told.get("numRecords") if isinstance(told, dict) else None


def _plain(value: Any) -> Any:
    return value[:TEXT_CHARS] if isinstance(value, str | list) else value
