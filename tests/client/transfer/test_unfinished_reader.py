"""One reader finds all that earlier processes left, whoever wrote it: what was begun, and what still waited."""

import json
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import plan_rest
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.journal import Journal
from storage_tui.client.transfer.part_file import Purpose
from storage_tui.client.transfer.records import UnfinishedTransfer, format_record, parse_record
from storage_tui.client.transfer.unfinished import Unfinished
from storage_tui.machine import directories

pytestmark = pytest.mark.usefixtures("hasty")

SIZE = 9_000_000
HALF = SIZE // 2


def as_earlier(storage: Storage, folder: Path, value: bytes) -> UnfinishedTransfer:
    """A download that version 0.1.0 left half done: the part, its note, and the entry in the journal."""
    target = folder / "k"
    blob = storage.stat("k")
    begun = UnfinishedTransfer(
        "download", storage.display_url, "data", "k", str(target), SIZE, "2026-01-01T00:00:00.000+00:00",
        etag=blob.etag, user=storage.engine.server.user(),
    )  # fmt: skip
    purpose = Purpose("k", storage.display_url, "data", "k")
    fields: dict[str, Any] = {
        "version": 1, "direction": "download", "server": begun.server, "storage_type": "data", "key": "k",
        "path": begun.path, "size_bytes": SIZE, "created": begun.created, "root": None, "mtime_ns": None,
        "inode": None, "etag": begun.etag, "repeat_key": None, "content_type": None, "user": begun.user,
        "replaces": True,
    }  # fmt: skip
    whose = {"target": "k", "server": begun.server, "storage_type": "data", "key": "k"}
    note = {"version": 1, "purpose": whose, "etag": begun.etag, "size_bytes": SIZE}
    part = target.with_name(purpose.part_name(purpose.digest()))
    part.write_bytes(value[:HALF])
    part.with_name(f"{part.name}.json").write_text(json.dumps(note))
    entry = directories.state_dir() / "transfers" / f"{begun.transfer_id}.json"
    entry.parent.mkdir(parents=True)
    entry.write_text(json.dumps(fields))
    return begun


def test_what_version_0_1_0_left_is_gone_on_with(storage: Storage, tmp_path: Path) -> None:
    value = bytes(range(256)) * (SIZE // 256 + 1)
    value = value[:SIZE]
    storage.set("k", value)
    storage.set("late", b"late")
    begun = as_earlier(storage, tmp_path, value)
    waits = {"direction": "download", "type": "data", "root": None, "conflict": "skip"}
    lines = [
        {"version": 1, "server": storage.account()},
        {"add": 1, **waits, "key": "k", "path": str(tmp_path / "k"), "size": SIZE},
        {"add": 2, **waits, "key": "late", "path": str(tmp_path / "late"), "size": None},
        {"add": 3, **waits, "key": "gone", "path": str(tmp_path / "gone"), "size": 1},
        {"end": 3},
    ]
    queue = directories.state_dir() / "queues" / "0123.jsonl"
    queue.parent.mkdir(parents=True)
    queue.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Unfinished(storage.engine) as found:
        assert found.begun == [begun]
        assert [(row.key, row.has_begun, row.conflict) for row in found.rows] == [
            ("k", True, None), ("late", False, Conflict.SKIP)
        ]  # fmt: skip
        assert Unfinished(storage.engine).waiting == [], "held by another"
        results = Batch(storage.engine, plan_rest(found.rows)).run()
        found.take()
    assert [(row.state, row.note) for row in results] == [("done", f"resumed at {HALF} bytes"), ("done", "")]
    assert (tmp_path / "k").read_bytes() == value and (tmp_path / "late").read_bytes() == b"late"
    assert Unfinished(storage.engine).rows == []


def test_what_is_left_and_not_taken_is_found_again(storage: Storage, tmp_path: Path) -> None:
    row = UnfinishedTransfer("upload", "", "data", "k.csv", str(tmp_path / "k.csv"), 1, conflict=Conflict.RENAME)
    waiting = Journal(directories.state_dir()).waiting(storage.account())
    waiting.add([(7, row)])
    waiting.close(keep=True)
    for _ in range(2):
        with Unfinished(storage.engine) as found:
            [item] = plan_rest(found.rows).items
            assert (item.key, item.conflict, item.content_type) == ("k.csv", Conflict.RENAME, "text/csv")
            assert item.left is None
    found.take()


FULL = UnfinishedTransfer(
    "upload", "s", "data", "k\n\udcff", "/x", 5, "2026", "/", 1, 2, "e", "r", "text/csv", "u", replaces=False
)


@pytest.mark.parametrize(
    "row",
    [
        FULL,
        UnfinishedTransfer("download", "s", "tmp", "k", "/x", 0),
        UnfinishedTransfer("upload", "s", "data", "k", "/x", None, conflict=Conflict.OTHER_SIZE),
    ],
)
def test_a_record_is_read_as_it_was_written(row: UnfinishedTransfer) -> None:
    assert parse_record(json.loads(json.dumps(format_record(row)))) == row


@pytest.mark.parametrize(
    "change",
    [
        {"direction": "sideways"}, {"size_bytes": None}, {"size_bytes": "5"}, {"key": 3}, {"conflict": "perhaps"},
        {"new": "field"}, {"path": None}, {"server": ["s"]},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_record_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_record({**format_record(FULL), **change})


def test_what_another_works_on_is_not_taken_up(storage: Storage, tmp_path: Path) -> None:
    value = bytes(SIZE)
    storage.set("k", value)
    begun = as_earlier(storage, tmp_path, value)
    holder = Journal(directories.state_dir()).entry(begun)
    assert holder.earlier == begun
    assert Unfinished(storage.engine).begun == []
    assert not storage.forget(begun)
    holder.close()
    control = TransferControl()
    storage.resume(begun, control=control)
    assert control.note == f"resumed at {HALF} bytes"
