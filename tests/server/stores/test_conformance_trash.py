"""What every trash promises: blobs come back as they were, nothing that exists is replaced unasked, time ends it."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import NotFoundError, PreconditionFailedError, TypeRuleError
from storage_tui.contract.trash import DELETED, MOVED_OVER, OVERWRITTEN, WITHDRAWN, BringBack, GoneBlob
from storage_tui.server.stores.trash import ACTOR, Keeping, Trash
from tests.effort import count
from tests.server.stores.engines import EngineRow, Stage, local_row, random_bytes
from tests.server.stores.s3.timed_bucket import open_timed_store

DAY = timedelta(days=1)
ENGINES = {
    "local": local_row(reserve_bytes=0, kept_for=DAY),
    "s3": EngineRow(lambda path, clock: open_timed_store(path, clock, kept_for=DAY), etag_is_of_the_write=False),
}
KEYS = ("a", "a/b", "a//b", "/", "é b", "%2F", ".", "x\u202ey")[:6]
SIZES = {"empty": 0, "small": 10, "large": 3 * 1024 * 1024 + 17}


@pytest.fixture(params=ENGINES)
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    started = Stage(ENGINES[request.param], tmp_path)
    await started.start()
    yield started
    await started.store.close()


def trash_of(stage: Stage) -> Trash:
    assert isinstance(stage.store, Keeping)
    return stage.store.trash


async def gone(stage: Stage, prefix: str = "", storage_type: str = "data", *, limit: int = 1000) -> list[GoneBlob]:
    rows: list[GoneBlob] = []
    after = ""
    while True:
        page = await trash_of(stage).list_page(stage.namespace, storage_type, prefix=prefix, after=after, limit=limit)
        rows += page.blobs
        if page.next_token is None:
            return rows
        after = page.next_token


async def back(stage: Stage, key: str, storage_type: str = "data", **how: Any) -> str | None:
    [result] = await trash_of(stage).bring_back(stage.namespace, storage_type, [BringBack(key, **how)])
    return result.error


@pytest.mark.parametrize("size_bytes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("is_upload", [False, True], ids=["put", "upload"])
async def test_a_blob_comes_back_as_it_was(stage: Stage, size_bytes: int, is_upload: bool) -> None:
    content = random_bytes(size_bytes)
    how = {"content_type": "image/png"}
    before = await (stage.upload("k", content, **how) if is_upload else stage.store.put(stage.at("k"), content, **how))  # type: ignore[arg-type]
    stage.clock.advance(minutes=5)
    await stage.store.delete(stage.at("k"))
    [row] = await gone(stage)
    assert (row.key, row.blob.size_bytes, row.blob.etag, row.how) == ("k", size_bytes, before.etag, DELETED)
    assert await back(stage, "k", etag=before.etag) is None
    after = await stage.store.stat(stage.at("k"))
    assert (after.size_bytes, after.content_type, after.crc32c) == (size_bytes, "image/png", before.crc32c)
    assert abs((after.modified or DAY) - (before.modified or DAY)) < timedelta(seconds=1)  # type: ignore[operator]
    assert await stage.get("k") == content
    assert await gone(stage) == []


async def test_each_way_of_going_is_kept_and_told(stage: Stage) -> None:
    ACTOR.set("ada")
    for key in ("a", "b", "c", "d", "e", "u"):
        await stage.put(key, key.encode())
    await stage.put("p", b"p", "products")
    await stage.store.delete(stage.at("a"))
    await stage.put("b", b"2")
    await stage.store.move(stage.at("c"), stage.at("d"))
    await stage.store.copy(stage.at("b"), stage.at("e"))
    await stage.upload("u", random_bytes(100_000))
    await stage.store.withdraw(stage.at("p", "products"))
    told = [(row.key, row.how, row.by) for row in await gone(stage)]
    assert told == [
        ("a", DELETED, "ada"), ("b", OVERWRITTEN, "ada"), ("d", MOVED_OVER, "ada"), ("e", OVERWRITTEN, "ada"),
        ("u", OVERWRITTEN, "ada"),
    ]  # fmt: skip
    assert [row.how for row in await gone(stage, storage_type="products")] == [WITHDRAWN]
    assert await stage.keys() == ["b", "d", "e", "u"]


async def test_nothing_that_exists_is_replaced_unasked(stage: Stage) -> None:
    first = await stage.put("k", b"1")
    stage.clock.advance(seconds=2)
    second = await stage.put("k", b"2")
    assert await back(stage, "k") == PreconditionFailedError.code
    assert await back(stage, "k", if_etag=first.etag) == PreconditionFailedError.code
    assert await back(stage, "k", to_key="l") is None
    assert await stage.get("l") == b"1"
    await stage.put("k", b"3")
    assert await back(stage, "k", overwrite=True) is None
    assert await stage.get("k") == b"2"
    assert (await stage.store.stat(stage.at("k"))).etag == second.etag
    assert await back(stage, "k", etag="0" * 32, overwrite=True) == NotFoundError.code
    await stage.put("p", b"1", "products")
    await stage.store.withdraw(stage.at("p", "products"))
    await stage.put("p", b"2", "products")
    assert await back(stage, "p", "products", overwrite=True) == TypeRuleError.code


async def test_versions_are_listed_in_order_page_by_page(stage: Stage) -> None:
    for number in range(3):
        for key in KEYS:
            await stage.put(key, f"{key} {number}".encode())
        stage.clock.advance(hours=7)
    expected = [(key, number) for key in sorted(KEYS, key=str.encode) for number in range(2)]
    for limit in (1, 4, 1000):
        rows = await gone(stage, limit=limit)
        assert [row.key for row in rows] == [key for key, _ in expected]
        assert [row.gone for row in rows] == sorted({row.gone for row in rows}) * len(KEYS)
    assert {row.key for row in await gone(stage, "a/")} == {"a/b", "a//b"}
    moment = stage.clock.now - timedelta(hours=15)
    assert await back(stage, "a", at=moment, overwrite=True) is None
    assert await stage.get("a") == b"a 0"


async def test_time_ends_it_and_a_sweep_removes_what_is_left(stage: Stage) -> None:
    await stage.put("k", random_bytes(100_000))
    await stage.put("t", b"1", "tmp")
    await stage.store.delete(stage.at("k"))
    stage.clock.advance(days=1, seconds=1)
    assert await gone(stage) == []
    assert await back(stage, "k") == NotFoundError.code
    for _ in range(3):
        await stage.store.sweep()
        stage.clock.advance(days=1)
    stage.clock.advance(days=3)
    await stage.store.sweep()
    await stage.store.delete_many(stage.namespace, "tmp", [("t", None)])
    assert await gone(stage, storage_type="tmp") == []
    assert await back(stage, "t", "tmp") == NotFoundError.code


async def test_a_purge_removes_versions_or_a_prefix(stage: Stage) -> None:
    for key in ("a/1", "a/2", "b"):
        await stage.put(key, b"old")
        await stage.put(key, b"now")
    etag = (await gone(stage, "b"))[0].blob.etag
    done = await trash_of(stage).purge(stage.namespace, "data", [("b", etag), ("none", None)])
    assert (done.count, done.size_bytes) == (1, 3)
    assert (await trash_of(stage).purge_prefix(stage.namespace, "data", "a/")).count == 2
    assert await gone(stage) == []
    assert await stage.get("b") == b"now"


async def test_two_stores_of_one_bucket_share_the_trash(stage: Stage) -> None:
    if isinstance(stage.engine, EngineRow) and stage.engine.etag_is_of_the_write:
        return  # a data directory has one owner
    other = Stage(stage.engine, stage.path, stage.clock)
    await other.start()
    await stage.put("k", b"1")
    await other.put("k", b"2")
    stage.clock.advance(seconds=1)
    await stage.store.delete(stage.at("k"))
    assert [row.how for row in await gone(other)] == [OVERWRITTEN, DELETED]
    assert await back(other, "k") is None
    assert await stage.get("k") == b"2"
    assert await back(stage, "k", overwrite=True) is None
    assert await other.get("k") == b"1"
    await other.store.close()


async def test_random_changes_taken_back_give_the_first_bytes(stage: Stage) -> None:
    chance = random.Random(5)
    state: dict[str, bytes] = {}
    undo: list[tuple[str, str, str | None, str | None]] = []  # key, kind, ETag before, ETag now
    etags: dict[str, str] = {}
    rounds = count(30, 100, 300) if stage.engine.etag_is_of_the_write else count(10, 100, 200)
    history = [dict(state)]
    for number in range(rounds):
        key = chance.choice(KEYS)
        stage.clock.advance(seconds=2)
        if key in state and chance.random() < 0.5:
            await stage.store.delete(stage.at(key))
            undo.append((key, "deleted", etags.pop(key), None))
            del state[key]
        else:
            content = b"%d " % number + random_bytes(20)
            blob = await stage.put(key, content)
            undo.append((key, "written", etags.get(key), blob.etag))
            state[key], etags[key] = content, blob.etag or ""
        history.append(dict(state))
    for key, _, before, now in reversed(undo):
        history.pop()
        if before is None:
            await stage.store.delete(stage.at(key))
        else:
            assert await back(stage, key, etag=before, if_etag=now) is None
        wanted = history[-1].get(key)
        if wanted is None:
            with pytest.raises(NotFoundError):
                await stage.get(key)
        else:
            assert await stage.get(key) == wanted
