"""Metadata of stores as JSON with its facts: Zarr 2 and 3, Iceberg tables, Delta logs.

Sources: the Zarr specifications 2 and 3.0, the Iceberg table specification, the Delta transaction log protocol.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, KIB, OtherFormatError, Preview, Source, View
from storage_tui.previews.formats.json_text import JsonText
from storage_tui.previews.text.encoding import decode_head
from storage_tui.previews.text.json_object import read_object, skip_gap

Facts = Iterator[tuple[str, str]]
VALUE_CHARS = 100
MOST_LINES = 5_000  # of a Delta log
MOST_SIDES = 64
_ACTION = re.compile(
    rb'\s*\{\s*"(?:commitInfo|protocol|metaData|add|remove|txn|cdc|domainMetadata|checkpointMetadata)"\s*:\s*\{'
)
_JSON = JsonText()


class StoreJson:
    """One document of metadata; a row of the table each."""

    budget = HEADER_BUDGET

    def __init__(self, kind: str, mark: Callable[[bytes], bool], facts: Callable[[str], Facts]) -> None:
        """Keep the name of the format, what shows it in the first bytes, and what its text tells."""
        self.kind = kind
        self._mark = mark
        self._facts = facts

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes have the mark."""
        return head[:KIB].lstrip()[:1] == b"{" and self._mark(head)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts above the JSON."""
        text, _ = decode_head(head)
        facts = tuple((label, visible(value, limit=VALUE_CHARS)) for label, value in self._facts(text))
        if not facts:
            raise OtherFormatError("its mark is of something inside")
        shown = await _JSON.show(source, head, view)
        return replace(shown, kind=self.kind, facts=(*facts, *shown.facts))


def _zarr(text: str) -> Facts:
    """Yield what an array, a group or consolidated metadata says (`.zarray`, `.zgroup`, `.zmetadata`, `zarr.json`)."""
    found = read_object(text, skip_gap(text, 0), "").members
    if not {"zarr_format", "zarr_consolidated_format"} & found.keys():
        return
    yield "Zarr", f"version {_word(found.get('zarr_format', found.get('zarr_consolidated_format')))}"
    if isinstance(found.get("shape"), list):
        yield "shape", _sides(found["shape"])
        grid = _part(found, "chunk_grid", "configuration")
        yield "chunks", _sides(found.get("chunks", grid.get("chunk_shape")))
        yield "type", _word(found.get("dtype", found.get("data_type")))
        yield "fill", _word(found.get("fill_value"))
        codecs = found.get("codecs")
        if isinstance(codecs, list):
            names = [str(codec.get("name")) for codec in codecs[:MOST_SIDES] if isinstance(codec, dict)]
            yield "codecs", ", ".join(names)
        elif "compressor" in found:
            packed = found["compressor"]
            yield "compressor", _word(packed.get("id")) if isinstance(packed, dict) else "none"
        sides = found.get("dimension_names")
        if isinstance(sides, list):
            yield "dimensions", ", ".join(_word(name) for name in sides[:MOST_SIDES])
    nodes = _part(found, "consolidated_metadata", "metadata") or _part(found, "metadata")
    if nodes:
        arrays = sum(key.endswith(".zarray") or (isinstance(node, dict) and node.get("node_type") == "array")
                     for key, node in nodes.items())  # fmt: skip
        yield "arrays", f"{arrays:,}"


def _iceberg(text: str) -> Facts:
    """Yield what the metadata of an Iceberg table says."""
    found = read_object(text, skip_gap(text, 0), "").members
    if not {"format-version", "table-uuid"} <= found.keys():
        return
    yield "version", _word(found.get("format-version"))
    yield "location", _word(found.get("location"))
    schemas = found.get("schemas")
    known = [schema for schema in schemas if isinstance(schema, dict)] if isinstance(schemas, list) else []
    current = next(
        (one for one in known if one.get("schema-id") == found.get("current-schema-id")), found.get("schema")
    )
    fields = current.get("fields") if isinstance(current, dict) else None
    if isinstance(fields, list):
        names = [f"{field.get('name')} {field.get('type')}"[:40] for field in fields[:12] if isinstance(field, dict)]
        yield "columns", f"{len(fields):,}: {', '.join(names)}"
    snapshots = found.get("snapshots")
    if isinstance(snapshots, list):
        yield "snapshots", f"{len(snapshots):,}"
        last = next((one for one in snapshots if isinstance(one, dict)
                     and one.get("snapshot-id") == found.get("current-snapshot-id")), {})  # fmt: skip
        records = _part(last, "summary").get("total-records")
        if records is not None:
            yield "rows", _word(records)


def _delta(text: str) -> Facts:
    """Yield what one commit of a Delta log says: its actions, a JSON object a line."""
    actions: Counter[str] = Counter()
    for line in text.split("\n")[:MOST_LINES]:
        found = read_object(line, skip_gap(line, 0), "").members if line.lstrip().startswith("{") else {}
        for name, action in found.items():
            actions[name[:40]] += 1
            if not isinstance(action, dict):
                continue
            if name == "commitInfo":
                yield "operation", _word(action.get("operation"))
            elif name == "metaData":
                yield "table", _word(action.get("name") or action.get("id"))
                schema = action.get("schemaString")
                if isinstance(schema, str):
                    fields = read_object(schema, 0, "fields").items if schema.startswith("{") else []
                    named = [
                        f"{field.get('name')} {field.get('type')}"[:40] for field in fields if isinstance(field, dict)
                    ]
                    yield "columns", f"{len(named):,}: {', '.join(named[:12])}"
            elif name == "protocol":
                yield (
                    "protocol",
                    f"reader {_word(action.get('minReaderVersion'))}, writer {_word(action.get('minWriterVersion'))}",
                )
    yield "actions", ", ".join(f"{name} × {count:,}" for name, count in actions.most_common(8))


def _word(told: Any) -> str:
    """Return a plain value as text; a type of several parts in short."""
    if told is None:
        return "none"
    return str(told)[:VALUE_CHARS] if isinstance(told, str | int | float) else f"{type(told).__name__} of {len(told):,}"


def _sides(told: Any) -> str:
    if not isinstance(told, list):
        return "?"
    return " × ".join(_word(side) for side in told[:MOST_SIDES]) or "scalar"


def _part(told: Any, *names: str) -> dict[str, Any]:
    """Return an object inside others; an empty one where there is none."""
    for name in names:
        told = told.get(name) if isinstance(told, dict) else None
    return told if isinstance(told, dict) else {}


STORE_JSON = (
    StoreJson("Zarr", lambda head: b'"zarr_format"' in head or b'"zarr_consolidated_format"' in head, _zarr),
    StoreJson("Iceberg table", lambda head: b'"format-version"' in head and b'"table-uuid"' in head, _iceberg),
    StoreJson("Delta log", lambda head: _ACTION.match(head[:KIB]) is not None, _delta),
)
