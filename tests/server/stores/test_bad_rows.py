"""Rows and records that cannot be: told, passed over by everything else, and repaired without losing what is whole."""

import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from storage_tui.contract.errors import ConflictError, DamagedError, GoneError, NotFoundError, StorageError
from storage_tui.server.access.issued import issue, list_issued
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.database.audit import open_audit
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.upkeep.backing_up import Progress, back_up
from storage_tui.server.upkeep.repairing import repair
from storage_tui.server.upkeep.restoring import Progress as Restoring
from storage_tui.server.upkeep.restoring import restore
from storage_tui.server.upkeep.snapshots import Backup
from storage_tui.server.upkeep.verifying import Finding, Tally, verify
from tests.server.stores.engines import ALICE, Stage

SMALL, LARGE = b"small content", b"large content" * 10_000

# What is done to the row of the blob `bad`, and where its bytes are after the repair; None where they are set aside.
DAMAGES: dict[str, tuple[str, str | None]] = {
    "a key that is no UTF-8": ("key = x'6261ff64'", "recovered/ba\\xffd"),
    "a key in a folder that is no UTF-8": ("key = x'78ff2f626164'", "recovered/x\\xff/bad"),
    "an empty key": ("key = x''", "recovered/"),
    "a key of two lines": ("key = x'620a64'", "recovered/b\\nd"),
    "a key with a dot segment": ("key = x'612f2e2e2f62'", "recovered/1e5d7b8a"),
    "a negative size": ("size = -5", "bad"),
    "a checksum that is none": ("crc = 4294967296", "bad"),
    "a negative checksum": ("crc = -1", "bad"),
    "neither size nor checksum": ("size = -1, crc = -1", None),
    "a time before all times": ("modified = -1", "bad"),
    "a time after all times": ("modified = 9223372036854775807", "bad"),
    "an expiry after all times": ("expires = 9223372036854775807", "bad"),
    "a content type that is no UTF-8": ("content_type = CAST(x'ff' AS TEXT), size = -1", "bad"),
    "a storage type that is none": ("type = 'nonsense'", None),
    "a storage type that is no UTF-8": ("type = CAST(x'ff' AS TEXT)", None),
    "a namespace that is none": ("namespace = x'00'", None),
}
ID_DAMAGES: dict[str, str] = {
    "no id": "id = ''",
    "an id that is a path": "id = '../../../../etc/passwd'",
    "an id that is no UTF-8": "id = CAST(x'ff' AS TEXT)",
}


def edit(local: Stage, statement: str, *values: Any) -> None:
    """Change the database as no program of ours does; the store is closed or idle."""
    connection = apsw.Connection(str(local.path / "data" / "meta.db"))
    try:
        connection.set_busy_timeout(5000)
        connection.execute(statement, values)
    finally:
        connection.close()


def findings(data_dir: Path) -> list[Finding]:
    return list(verify(data_dir, Tally()))


async def fill(local: Stage, content: bytes) -> None:
    for key in ("bad", "a", "good", "x/y"):
        await local.put(key, content)
    await local.restart()


async def check_others(local: Stage, content: bytes) -> None:
    """All else of the store is as it was."""
    for key in ("a", "good", "x/y"):
        assert await local.get(key) == content
    assert {"a", "good", "x/y"} <= set(await local.keys())
    page = await local.store.list_page(ALICE, "data", delimiter="/", limit=10)
    assert "x/" in page.prefixes
    columns = await local.store.list_columns(ALICE, "data", delimiter="/", limit=1, page_limit=1)
    while columns[-1].next_token is not None:
        columns += await local.store.list_columns(
            ALICE, "data", delimiter="/", limit=1, page_limit=1, after=columns[-1].next_token
        )
    assert {key for page in columns for key in page.names} >= {"a", "good", "x/"}
    assert (await local.store.usage(ALICE, "data", delimiter="/")).count >= 3
    await local.store.sweep()


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("name", [*DAMAGES, *ID_DAMAGES])
async def test_a_row_that_cannot_be_is_told_passed_over_and_repaired(
    local: Stage, tmp_path: Path, name: str, content: bytes
) -> None:
    change, place = DAMAGES.get(name) or (ID_DAMAGES[name], "bad" if content is SMALL else None)
    data_dir = local.path / "data"
    await fill(local, content)
    edit(local, f"UPDATE keys SET {change} WHERE key = ?", b"bad")
    await check_others(local, content)
    told = [finding for finding in findings(data_dir) if finding.kind == "row" and finding.namespace]
    assert len(told) == 1 and told[0].why
    assert told[0].key.isprintable() and told[0].storage_type.isprintable()

    done = Progress()
    back_up(data_dir, tmp_path / "backup", keep=1, progress=done)
    assert [finding.kind for finding in done.found if finding.namespace] == ["row"]
    assert any(finding.kind == "row" for finding in Backup(tmp_path / "backup").verify(Tally()))

    with pytest.raises(ConflictError, match="is served by"):
        list(repair(data_dir))
    await local.store.close()
    repairs = [one for one in repair(data_dir) if one.finding.namespace]
    assert len(repairs) == 1
    assert [finding for finding in findings(data_dir) if finding.kind != "orphan"] == []
    await local.start()
    await check_others(local, content)
    if place is None:
        assert "set aside" in repairs[0].outcome
        await check_set_aside(local, content, has_file=name not in ID_DAMAGES)
        assert len(await local.keys()) == 3
    else:
        kept = next(key for key in await local.keys() if key not in ("a", "good", "x/y"))
        assert kept == place or (place == "recovered/1e5d7b8a" and kept.startswith("recovered/") and len(kept) == 42)
        assert await local.get(kept) == content
        assert repairs[0].outcome == f"kept as data:{kept}"
        await local.store.delete(local.at(kept))


async def check_set_aside(local: Stage, content: bytes, *, has_file: bool) -> None:
    connection = apsw.Connection(str(local.path / "data" / "meta.db"), flags=apsw.SQLITE_OPEN_READONLY)
    [(origin, fields, kept)] = connection.execute("SELECT origin, fields, content FROM set_aside").fetchall()
    connection.close()
    assert origin == "keys"
    assert "blob_id" in json.loads(fields)
    if content is SMALL:
        assert kept == SMALL
    elif has_file:
        [path] = (local.path / "data" / "set-aside").iterdir()
        assert path.read_bytes() == LARGE


@pytest.mark.parametrize("change", ["size = -5", "crc = -1", "id = '../../x'", "id = CAST(x'ff' AS TEXT)"])
async def test_what_a_bad_row_names_is_neither_read_nor_replaced_nor_removed(local: Stage, change: str) -> None:
    await fill(local, LARGE)
    edit(local, f"UPDATE keys SET {change} WHERE key = ?", b"bad")
    address = local.at("bad")
    for attempt in (
        lambda: local.get("bad"), lambda: local.put("bad"), lambda: local.store.stat(address),
        lambda: local.store.delete(address), lambda: local.store.copy(address, local.at("other")),
    ):  # fmt: skip
        with pytest.raises(DamagedError, match="verify --repair"):
            await attempt()
    [result, other] = await local.store.delete_many(ALICE, "data", [("bad", None), ("a", None)])
    assert (result.error, other.error) == ("damaged", None)


async def test_a_key_that_is_taken_is_not_overwritten_by_a_repair(local: Stage) -> None:
    await fill(local, SMALL)
    await local.put("recovered/ba\\xffd", b"the user's own")
    await local.store.close()
    edit(local, "UPDATE keys SET key = x'6261ff64' WHERE key = ?", b"bad")
    list(repair(local.path / "data"))
    await local.start()
    assert await local.get("recovered/ba\\xffd") == b"the user's own"
    [kept] = [key for key in await local.keys("recovered/") if "xff" not in key]
    assert await local.get(kept) == SMALL


async def test_upload_sessions_that_cannot_be_end_and_the_store_starts(local: Stage) -> None:
    edits = ("key = x'ff'", "blob_id = '../x'", "precondition = '{'", "state = 'what'", "offset = -1", "type = 'no'")
    ended = []
    for number, change in enumerate(edits):
        session = await local.store.create_upload(local.at(f"k{number}"))
        async with local.store.write_upload(session.upload_id) as writer:
            await writer.write(LARGE)
        edit(local, f"UPDATE uploads SET {change} WHERE upload_id = ?", session.upload_id)
        ended.append(session.upload_id)
    good = await local.store.create_upload(local.at("good"))
    await local.restart()
    for upload_id in ended:
        with pytest.raises(GoneError):
            async with local.store.write_upload(upload_id) as writer:
                await writer.finish()
    local.clock.advance(days=8)
    await local.store.sweep()
    assert len([one for one in findings(local.path / "data") if one.kind == "row"]) == len(edits)
    await local.store.close()
    assert len(list(repair(local.path / "data"))) == len(edits)
    assert findings(local.path / "data") == []
    await local.start()
    with pytest.raises(GoneError):  # it has expired, and is known to
        await local.store.find_upload(good.upload_id)
    with pytest.raises(NotFoundError):
        await local.store.find_upload(ended[0])


async def test_counters_that_are_wrong_are_told_and_counted_anew(local: Stage) -> None:
    await fill(local, SMALL)
    edit(local, "UPDATE totals SET count = 99, bytes = -7")
    [finding] = findings(local.path / "data")
    assert finding.kind == "row" and "the totals of data" in finding.why
    await local.store.close()
    [done] = repair(local.path / "data")
    assert done.outcome == "counted again"
    await local.start()
    totals = await local.store.totals(ALICE, "data")  # type: ignore[attr-defined]
    assert (totals.count, totals.size_bytes) == (4, 4 * len(SMALL))


async def test_a_log_with_a_key_that_is_no_utf8_is_read_to_its_end(local: Stage) -> None:
    for key in ("a", "b"):
        await local.put(key)
        await local.store.delete(local.at(key))
    edit(local, "UPDATE audit SET key = x'ff' WHERE key = ?", b"a")
    assert [entry.key for entry in open_audit(local.path / "data").entries()] == ["\\xff", "b"]


async def test_a_restore_leaves_rows_that_cannot_be_aside(local: Stage, tmp_path: Path) -> None:
    await fill(local, SMALL)
    edit(local, "UPDATE keys SET key = x'ff' WHERE key = ?", b"bad")
    back_up(local.path / "data", tmp_path / "backup", keep=1, progress=Progress())
    with pytest.raises(DamagedError):
        restore(tmp_path / "backup", tmp_path / "strict", progress=Restoring())
    restore(tmp_path / "backup", tmp_path / "restored", may_lose=True, progress=Restoring())
    assert findings(tmp_path / "restored") == []


SPOILS: dict[str, bytes] = {
    "half of it": b'{"user": ',
    "no object": b"[1, 2]",
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "another object": b'{"some": "thing"}',
    "deep nesting": b"[" * 100_000,
}


@pytest.mark.parametrize("name", SPOILS)
async def test_records_that_cannot_be_read_are_told_passed_over_and_set_aside(local: Stage, name: str) -> None:
    data_dir = local.path / "data"
    records = LocalRecords(data_dir)
    issued = [issue(records, "ann", valid_for_s=60) for _ in range(3)]
    spoiled = [f"tokens/{issued[1].token_id}"]
    spoiled += [f"catalog/{kind}/{ALICE}/p" for kind in ("products", "images", "uploads", "claims", "removals")]
    for record in spoiled:
        records.write(record, SPOILS[name])
    assert [one.token_id for one in list_issued(records)] == [issued[0].token_id, issued[2].token_id]
    told = findings(data_dir)
    assert [(one.kind, one.file) for one in told] == [("record", f"records/{record}") for record in sorted(spoiled)]
    done = Progress()
    back_up(data_dir, local.path / "backup", keep=1, progress=done)
    assert len(done.found) == len(spoiled)
    await local.store.close()
    assert all("set aside as set-aside/" in one.outcome for one in repair(data_dir))
    assert findings(data_dir) == []
    kept = [path.read_bytes() for path in (data_dir / "set-aside").iterdir()]
    assert kept == [SPOILS[name]] * len(spoiled)
    await local.start()


async def test_records_that_all_of_the_store_needs_are_told_and_left(local: Stage) -> None:
    data_dir = local.path / "data"
    for record in ("keys", "revoked", "limits"):
        LocalRecords(data_dir).write(record, b"{")
    await local.store.close()
    outcomes = [one.outcome for one in repair(data_dir)]
    assert len(outcomes) == 3 and all("restore it from a backup" in outcome for outcome in outcomes)
    assert len(findings(data_dir)) == 3
    with pytest.raises(StorageError):
        list(repair(data_dir / "nothing"))
    await local.start()


async def test_an_address_of_another_namespace_is_not_touched_by_a_repair(local: Stage) -> None:
    await fill(local, SMALL)
    local.namespace = "b" * 40
    await local.put("mine", SMALL)
    await local.store.close()
    edit(local, "UPDATE keys SET size = -1 WHERE key = ?", b"bad")
    list(repair(local.path / "data"))
    await local.start()
    assert await local.get("mine") == SMALL
    assert (await local.store.stat(Address(ALICE, "data", "bad"))).size_bytes == len(SMALL)
