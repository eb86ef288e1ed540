"""Moves on a bucket: a copy and a delete, broken off between the two, with changes in between, and their quotas."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from storage_tui.contract.errors import ConflictError, PreconditionFailedError, QuotaExceededError, UnavailableError
from storage_tui.contract.models import Limits
from storage_tui.contract.moves import Move
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.quotas.limits import RECORD, change_limits, parse_limits
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.moves import Moves
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.s3.audit import S3Audit
from storage_tui.server.stores.s3.blobs import ROOT
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.records import S3Records
from storage_tui.server.stores.s3.store import DEFAULTS, S3Store
from storage_tui.server.stores.watched_record import Watched
from tests import seaweed
from tests.server.stores.engines import random_bytes, whole

ANN = namespace_of("ann")
ABSENT = Precondition(if_none_match=("*",))
PART = 5 * 1024 * 1024  # the least that an engine takes as a part


class Breaking(Bucket):
    """A bucket in which something happens before the delete of a blob."""

    def __init__(self, bucket: Bucket) -> None:
        super().__init__(bucket.engine, bucket.name, bucket.root)
        self.before_delete: Callable[[], None] = lambda: None

    def delete(self, name: str, **options: Any) -> None:
        if name.startswith(ROOT):
            self.before_delete()
        super().delete(name, **options)


@pytest.fixture
def bucket() -> Breaking:
    return Breaking(seaweed.bucket_at(seaweed.endpoint(), f"moves-{secrets.token_hex(6)}/"))


@pytest.fixture
async def store(bucket: Breaking) -> AsyncIterator[S3Store]:
    made = S3Store(bucket, check=lambda _: None, bounds=replace(DEFAULTS, copy_part_bytes=PART))
    await made.start()
    yield made
    await made.close()


def at(key: str, storage_type: str = "data") -> Address:
    return Address(ANN, storage_type, key)


async def get(store: S3Store, key: str, storage_type: str = "data") -> bytes:
    async with store.open(at(key, storage_type)) as reader:
        return await whole(reader)


async def keys(store: S3Store, storage_type: str = "data") -> list[str]:
    return [blob.key for blob in (await store.list_page(ANN, storage_type, limit=1000)).blobs]


def break_off() -> None:
    raise UnavailableError("the server died here")


@pytest.mark.parametrize("precondition", [Precondition(), ABSENT])
async def test_a_move_that_broke_off_leaves_both_and_the_same_move_ends_it(
    bucket: Breaking, store: S3Store, precondition: Precondition
) -> None:
    await store.put(at("k"), b"content")
    bucket.before_delete = break_off
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await store.move(at("k"), at("new"), precondition=precondition)
        assert await get(store, "k") == await get(store, "new") == b"content"
    bucket.before_delete = lambda: None
    moved = await store.move(at("k"), at("new"), precondition=precondition)
    assert await keys(store) == ["new"] and await get(store, "new") == b"content"
    assert await store.stat(at("new")) == moved


async def test_a_broken_off_move_does_not_end_over_what_was_written_since(bucket: Breaking, store: S3Store) -> None:
    await store.put(at("k"), b"content")
    bucket.before_delete = break_off
    with pytest.raises(UnavailableError):
        await store.move(at("k"), at("new"), precondition=ABSENT)
    bucket.before_delete = lambda: None
    await store.put(at("new"), b"another")
    with pytest.raises(ConflictError):
        await store.move(at("k"), at("new"), precondition=ABSENT)
    assert (await get(store, "k"), await get(store, "new")) == (b"content", b"another")
    await store.put(at("k"), b"changed")
    await store.put(at("new2"), b"")
    with pytest.raises(ConflictError):
        await store.move(at("k"), at("new2"), precondition=ABSENT)
    assert await get(store, "k") == b"changed"


async def test_a_source_that_changes_before_its_delete_stays(bucket: Breaking, store: S3Store) -> None:
    await store.put(at("k"), b"content")
    name = next(iter(bucket.list(ROOT).objects)).name

    def write() -> None:
        bucket.before_delete = lambda: None
        bucket.put(name, b"changed meanwhile")

    bucket.before_delete = write
    with pytest.raises(PreconditionFailedError, match="the changed blob stays"):
        await store.move(at("k"), at("new"))
    assert (await get(store, "k"), await get(store, "new")) == (b"changed meanwhile", b"content")


async def test_a_source_that_goes_before_its_delete_is_no_error(bucket: Breaking, store: S3Store) -> None:
    await store.put(at("k"), b"content")
    name = next(iter(bucket.list(ROOT).objects)).name

    def remove() -> None:
        bucket.before_delete = lambda: None
        bucket.delete(name)

    bucket.before_delete = remove
    await store.move(at("k"), at("new"))
    assert await keys(store) == ["new"] and await get(store, "new") == b"content"


async def test_a_blob_in_parts_moves_whole(store: S3Store) -> None:
    content = random_bytes(2 * PART + 17)
    session = await store.create_upload(at("k"), content_type="image/tiff")
    async with store.write_upload(session.upload_id) as writer:
        for start in range(0, len(content), 256 * 1024):
            await writer.write(content[start : start + 256 * 1024])
        before = await writer.finish()
    moved = await store.move(at("k"), at("k", "tmp"))
    assert (moved.crc32c, moved.content_type, moved.size_bytes) == (before.crc32c, "image/tiff", len(content))
    assert await get(store, "k", "tmp") == content and await keys(store) == []


async def test_a_move_is_noted_for_the_key_that_the_blob_left(bucket: Breaking, store: S3Store) -> None:
    blob = await store.put(at("k"), b"content")
    await store.move(at("k"), at("new"))
    await store.move(at("new"), at("new"))
    assert [(row.key, row.etag) for row in S3Audit(bucket).entries()] == [("k", blob.etag)]


async def test_totals_are_exact_after_moves(bucket: Breaking, store: S3Store) -> None:
    records = S3Records(bucket)
    change_limits(records, "ann", {("types", "data", "bytes"): 10_000, ("types", "data", "blobs"): 3})
    quotas = Quotas(store, records, Watched(records, RECORD, parse_limits))
    handler = Moves(store, Limits(), quotas)

    async def used() -> tuple[int | None, int | None]:
        row = (await quotas.describe(ANN)).of("data")
        assert row is not None
        return row.used_bytes, row.used_count

    async def move(*moves: Move) -> list[str | None]:
        results = await handler._with_room(ANN, moves, store.move_many, is_copy=False)
        return [result.error for result in results]

    for key, size in (("a", 4000), ("b", 5000), ("c", 1000)):
        async with quotas.reserve(at(key), size) as room:
            room.note(await store.put(at(key), b"x" * size))
    assert await used() == (10_000, 3)
    assert await move(Move("a", "a2"), Move("b", "b2"), Move("none", "n")) == [None, None, "not_found"]
    assert await used() == (10_000, 3)  # a full quota is no obstacle within the type
    assert await move(Move("c", "a2")) == [None]
    assert await used() == (6000, 2)
    assert await move(Move("b2", "b2"), Move("b2", "t", "data", "tmp")) == [None, None]
    assert await used() == (1000, 1)
    assert await move(Move("t", "back", "tmp", "data")) == [None]
    assert await used() == (6000, 2)
    await store.put(at("big", "tmp"), b"x" * 5000)
    assert await move(Move("big", "big", "tmp", "data")) == [QuotaExceededError.code]
    assert await used() == (6000, 2)
    await quotas.close()
