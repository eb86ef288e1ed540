"""Delta and Iceberg tables: long logs, metadata of all forms, and metadata that lies."""

import gzip
import io
import json
from typing import Any

import pytest

from storage_tui.previews import Preview
from storage_tui.previews.base import MIB, View
from storage_tui.previews.stores.prefix import PANE_BUDGET
from storage_tui.previews.stores.recognise import preview_prefix
from tests import wanted
from tests.previews.heads.damage import OBEYED
from tests.previews.ranges import plain
from tests.previews.stores import kept_tables
from tests.previews.stores.trees import Tree

COMMITS = kept_tables.files(kept_tables.DELTA)
DOCUMENTS = kept_tables.files(kept_tables.ICEBERG)


async def shown_of(files: dict[str, bytes]) -> Preview:
    """The preview of the folder with these files, after all that must hold of any."""
    answer = await preview_prefix(
        Tree({f"x/{name}": content for name, content in files.items()}), "x/", view=View(90, 40)
    )
    assert answer is not None
    shown, spent = answer
    assert spent.requests <= PANE_BUDGET.requests and spent.bytes_read <= PANE_BUDGET.size_bytes
    assert (shown.facts or shown.note) and not OBEYED & set(plain(shown))
    return shown


def added(number: int) -> bytes:
    """A commit with one file of three rows."""
    action = {"path": f"{number}.parquet", "size": 100, "stats": json.dumps({"numRecords": 3})}
    return json.dumps({"add": action}).encode()


async def test_of_a_long_log_the_last_commits_are_read_and_files_are_not_counted() -> None:
    log = {f"_delta_log/{number:020}.json": added(number) for number in range(40)}
    log["_delta_log/00000000000000000020.checkpoint.parquet"] = b"PAR1"
    shown = await shown_of(log)
    facts = dict(shown.facts)
    assert (facts["version"], facts["checkpoint"]) == ("39", "of version 20") and "rows" not in facts
    assert shown.note == "the last 12 of 40 commits are read: older ones tell of more files"
    shown = await shown_of({f"_delta_log/{number:020}.json": added(number) for number in range(300)})
    assert dict(shown.facts)["version"] == "199 or newer"
    assert shown.note == "its log has more names than are listed: all that is told is of version 199"


async def test_a_file_that_a_newer_commit_took_away_does_not_count() -> None:
    gone = json.dumps({"remove": {"path": "0.parquet"}}).encode()
    log = {f"_delta_log/{number:020}.json": content for number, content in enumerate((added(0), added(1), gone))}
    assert dict((await shown_of(log)).facts)["rows"] == "3"
    log[f"_delta_log/{3:020}.json"] = added(0)
    assert dict((await shown_of(log)).facts)["rows"] == "6"


async def test_the_newest_metadata_of_iceberg_is_read() -> None:
    newest = max(DOCUMENTS)
    older = dict((await shown_of({name: content for name, content in DOCUMENTS.items() if name != newest})).facts)
    assert older["rows"] == "10" and dict((await shown_of(DOCUMENTS)).facts)["rows"] == "20"
    named = {"metadata/v3.metadata.json": DOCUMENTS[newest], "metadata/version-hint.text": b"3"}
    assert dict((await shown_of(named)).facts)["metadata"] == "v3.metadata.json"
    packed = await shown_of({"metadata/v3.gz.metadata.json": gzip.compress(DOCUMENTS[newest])})
    assert dict(packed.facts)["rows"] == "20"
    for damaged in (b"\x1f\x8b", gzip.compress(bytes(50 * MIB)), gzip.compress(DOCUMENTS[newest])[:30]):
        shown = await shown_of({"metadata/v3.gz.metadata.json": damaged})
        assert shown.note == "its metadata is not understood"


CHECKED = kept_tables.files(kept_tables.CHECKPOINT)
MARK = f"_delta_log/{6:020}.checkpoint.parquet"
OF_CHECKED = {"version": "8", "name": "plots", "operation": "DELETE", "columns": "3", "parted by": "site",
              "checkpoint": "of version 6", "files": "13, 11.1 kB", "rows": "56"}  # fmt: skip
"""What deltalake states of the table."""


def checkpoint(actions: list[dict[str, Any]]) -> bytes:
    """A checkpoint by pyarrow."""
    parquet, pyarrow = wanted.module("pyarrow.parquet"), wanted.module("pyarrow")
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(actions), file)
    return file.getvalue()


def action(number: int, **more: Any) -> dict[str, Any]:
    """A file of three rows, as a checkpoint has it."""
    return {"add": {"path": f"{number}.parquet", "size": 100, "stats": '{"numRecords": 3}', **more}}


async def test_a_checkpoint_tells_of_all_files_before_it() -> None:
    shown = await shown_of(CHECKED)
    assert dict(shown.facts).items() >= OF_CHECKED.items() and not shown.note
    newest = {name.replace(f"{6 + at:020}", f"{290 + at:020}"): CHECKED[name]
              for name in CHECKED for at in range(3) if f"{6 + at:020}" in name}  # fmt: skip
    long = {f"_delta_log/{number:020}.json": added(number) for number in range(290)} | newest
    long["_delta_log/_last_checkpoint"] = b'{"version": 290, "size": 20}'
    told = dict((await shown_of(long)).facts)
    assert (told["version"], told["files"], told["rows"]) == ("292", OF_CHECKED["files"], OF_CHECKED["rows"])


async def test_a_checkpoint_in_parts_and_with_sidecars() -> None:
    vector = {"deletionVector": {"storageType": "u", "cardinality": 2}}
    parts = [[action(0), action(1)], [action(2, **vector)]]
    log = {f"_delta_log/{4:020}.checkpoint.{at:010}.of.{2:010}.parquet": checkpoint(one)
           for at, one in enumerate(parts, 1)}  # fmt: skip
    gone = json.dumps({"remove": {"path": "1.parquet"}}).encode()
    told = dict((await shown_of(log | {f"_delta_log/{5:020}.json": gone})).facts)
    assert (told["version"], told["files"], told["rows"]) == ("5", "2, 200 B", "4")
    sidecar = {"sidecar": {"path": "a.parquet", "sizeInBytes": 3}}
    log = {f"_delta_log/{4:020}.checkpoint.00-aa.parquet": checkpoint([sidecar]),
           "_delta_log/_sidecars/a.parquet": checkpoint([action(0), action(1)]),
           f"_delta_log/{4:020}.json": added(7)}  # fmt: skip
    told = dict((await shown_of(log)).facts)
    assert (told["version"], told["files"], told["rows"]) == ("4", "2, 200 B", "6")


async def test_a_deletion_vector_takes_rows_away() -> None:
    one = {"path": "0.parquet", "size": 9, "stats": '{"numRecords": 10}', "deletionVector": {"cardinality": 4}}
    assert dict((await shown_of({f"_delta_log/{0:020}.json": json.dumps({"add": one}).encode()})).facts)["rows"] == "6"
    one["deletionVector"] = {"cardinality": 11}
    assert "rows" not in dict((await shown_of({f"_delta_log/{0:020}.json": json.dumps({"add": one}).encode()})).facts)


async def test_a_checkpoint_that_lies_ends_in_a_line() -> None:
    sound = CHECKED[MARK]
    for damaged in (b"", b"PAR1", sound[:900], sound[:-40], b"\xff" * 900):
        shown = await shown_of(CHECKED | {MARK: damaged})
        assert "rows" not in dict(shown.facts) and shown.note.startswith("its checkpoint is not read: "), shown.note
    many = {f"_delta_log/{number:020}.json": added(number) for number in range(300)}
    for told in (
        {"version": 299, "parts": 10**9}, {"version": 299, "v2Checkpoint": {"path": "../../secret.parquet"}},
        {"version": 10**15}, {"version": [1]}, {"version": 299, "v2Checkpoint": {"path": "a.json"}},
    ):  # fmt: skip
        shown = await shown_of(many | {"_delta_log/_last_checkpoint": json.dumps(told).encode()})
        assert shown.note and "rows" not in dict(shown.facts)
    loop = {"sidecar": {"path": "a.parquet", "sizeInBytes": 3}}
    log = {f"_delta_log/{4:020}.checkpoint.00-aa.parquet": checkpoint([loop]),
           "_delta_log/_sidecars/a.parquet": checkpoint([loop])}  # fmt: skip
    assert (await shown_of(log)).note.startswith("its checkpoint is not read")


async def test_a_folder_that_only_looks_like_a_table_is_a_folder() -> None:
    for name in ("metadata/notes.json", "metadata/v1.json", "data/v1.metadata.json"):
        assert await preview_prefix(Tree({f"x/{name}": b'{"a": 1}'}), "x/", view=View(90, 40)) is None
    assert (await shown_of({"metadata/v1.metadata.json": b'{"a": 1}'})).note == "its metadata is not understood"


MANY_LIES = (
    b'{"format-version": 2, "schemas": [{"schema-id": 0, "fields": [null, {"name": {}, "type": []}]}],'
    b' "current-schema-id": 0, "snapshots": [{"snapshot-id": 1, "summary": {"total-records": {}}}],'
    b' "current-snapshot-id": 1, "partition-specs": [{"spec-id": 0, "fields": 3}], "default-spec-id": 0}'
)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b'{"add": 3}', b'{"add": {"path": [], "size": -1, "stats": "{"}}', b"[" * 50_000, b"\xff\xfe\x00",
        b'{"metaData": {"schemaString": "{\\"fields\\": [3, {\\"type\\": {}}]}", "partitionColumns": [[], {}]}}',
        b'{"metaData": {"schemaString": [], "name": "\x1b[2J", "partitionColumns": 7}, "protocol": {}}',
        b'{"add": {"path": "a", "size": 1e999}}\n' * 3000, b'{"commitInfo": {"operation": "' + b"x" * 60_000 + b'"}}',
        b'{"format-version": [], "schemas": {}, "snapshots": [3, {"snapshot-id": null, "summary": [1]}]}',
        MANY_LIES,
    ],
)  # fmt: skip
async def test_metadata_that_lies_ends_in_a_line(content: bytes) -> None:
    shown = await shown_of({f"_delta_log/{0:020}.json": content})
    assert shown.kind == "Delta table" and not shown.is_damaged
    if b"format-version" in content:
        assert (await shown_of({"metadata/v1.metadata.json": content})).kind == "Iceberg table"
