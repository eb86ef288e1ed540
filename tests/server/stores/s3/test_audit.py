"""The audit log of a bucket: an entry before every delete by a call, whichever server does it and whenever it dies."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    DamagedError,
    NotFoundError,
    PreconditionFailedError,
    TypeRuleError,
    UnavailableError,
)
from storage_tui.server.stores.audit import AUDIT_LIFETIME, REQUEST_ID
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.s3.audit import ROOT, S3Audit
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from tests import seaweed
from tests.server.stores.engines import ALICE, BOB, ENGINES, Stage
from tests.server.stores.s3.timed_bucket import root_of_test


@pytest.fixture
async def bucket(tmp_path: Path) -> Bucket:
    return seaweed.bucket_at(seaweed.endpoint(), root_of_test(tmp_path))


@pytest.fixture
async def s3(bucket: Bucket, tmp_path: Path) -> Stage:
    started = Stage(ENGINES["s3"], tmp_path)
    await started.start()
    return started


async def test_every_delete_is_noted_with_its_request(s3: Stage, bucket: Bucket) -> None:
    etags = {key: (await s3.put(key, key.encode())).etag for key in ("a", "b", "c/ü")}
    product = await s3.put("p", storage_type="products")
    REQUEST_ID.set("request-1")
    await s3.store.delete(s3.at("a"))
    s3.clock.advance(seconds=1)
    REQUEST_ID.set("request-2")
    await s3.store.delete_many(ALICE, "data", [("b", None), ("c/ü", etags["c/ü"]), ("missing", None)])
    s3.clock.advance(seconds=1)
    await s3.store.withdraw(s3.at("p", "products"))
    found = list(S3Audit(bucket).entries())
    assert (found[0].key, found[0].request_id, found[0].at) == ("a", "request-1", s3.clock.now - timedelta(seconds=2))
    assert {(entry.key, entry.etag, entry.request_id) for entry in found[1:3]} == {
        (key, etags[key], "request-2") for key in ("b", "c/ü")
    }
    assert (found[3].storage_type, found[3].key, found[3].etag) == ("products", "p", product.etag)
    assert {entry.namespace for entry in found} == {ALICE}
    assert len(found) == 4
    await s3.store.close()


async def test_what_is_refused_expires_or_is_overwritten_is_not_a_delete(s3: Stage, bucket: Bucket) -> None:
    await s3.put("k")
    await s3.put("k")
    await s3.put("t", storage_type="tmp")
    await s3.put("p", storage_type="products")
    with pytest.raises(PreconditionFailedError):
        await s3.store.delete(s3.at("k"), precondition=Precondition(if_match=("other",)))
    with pytest.raises(TypeRuleError):
        await s3.store.delete(s3.at("p", "products"))
    with pytest.raises(NotFoundError):
        await s3.store.delete(s3.at("missing"))
    s3.clock.advance(days=8)
    await s3.store.sweep()
    assert list(S3Audit(bucket).entries()) == []
    await s3.store.close()


async def test_a_delete_that_cannot_be_noted_does_not_happen(
    s3: Stage, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    await s3.put("k")
    honest = Bucket.put

    def without_room(self: Bucket, name: str, *args: object, **options: object) -> object:
        if name.startswith(ROOT):
            raise UnavailableError("no node takes this")
        return honest(self, name, *args, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "put", without_room)
        with pytest.raises(UnavailableError, match="no node"):
            await s3.store.delete(s3.at("k"))
        [result] = await s3.store.delete_many(ALICE, "data", [("k", None)])
        assert result.error == "unavailable"
    assert await s3.get("k") == b"content"
    await s3.store.delete(s3.at("k"))
    assert [entry.key for entry in S3Audit(bucket).entries()] == ["k"]
    await s3.store.close()


async def test_a_server_that_dies_in_a_delete_leaves_its_entry(
    s3: Stage, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    await s3.put("k")

    def die(*_: object, **__: object) -> None:
        raise UnavailableError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(Bucket, "delete", die)
        with pytest.raises(UnavailableError):
            await s3.store.delete(s3.at("k"))
    assert [entry.key for entry in S3Audit(bucket).entries()] == ["k"]
    await s3.store.close()


async def test_deletes_side_by_side_share_objects_of_the_log(s3: Stage, bucket: Bucket) -> None:
    other = Stage(ENGINES["s3"], s3.path, s3.clock)
    await other.start()
    keys = [f"k{number:03}" for number in range(60)]
    await asyncio.gather(*map(s3.put, keys))
    halves = ((s3, keys[::2]), (other, keys[1::2]))
    await asyncio.gather(*(stage.store.delete_many(ALICE, "data", [(key, None) for key in of]) for stage, of in halves))
    assert sorted(entry.key for entry in S3Audit(bucket).entries()) == keys
    assert len(bucket.list(ROOT).objects) < len(keys)
    for stage in (s3, other):
        await stage.store.close()


async def test_entries_are_found_by_time_and_user_and_go_after_their_lifetime(s3: Stage, bucket: Bucket) -> None:
    for name in (ALICE, BOB):
        s3.namespace = name
        await s3.put("k")
        await s3.store.delete(s3.at("k"))
        s3.clock.advance(days=1)
    log, middle = S3Audit(bucket), s3.clock.now - timedelta(hours=36)
    assert [entry.namespace for entry in log.entries(since=middle)] == [BOB]
    assert [entry.namespace for entry in log.entries(since=s3.clock.now - timedelta(days=1))] == [BOB]
    assert [entry.namespace for entry in log.entries(namespace=ALICE)] == [ALICE]
    s3.clock.now = middle + AUDIT_LIFETIME
    await s3.store.sweep()
    assert [entry.namespace for entry in log.entries()] == [BOB]
    await s3.store.close()


def test_what_is_no_log_is_told(bucket: Bucket) -> None:
    with pytest.raises(NotFoundError, match="there is no bucket"):
        list(S3Audit(Bucket(bucket.engine, "nowhere-at-all")).entries())
    entry = [ALICE, "data", "k", "etag", "request"]
    for name in ("20240501T115959.000-a", "20240501T120001.000-b"):
        bucket.put(ROOT + name, json.dumps([entry]).encode())
    for name in ("by-hand", "20240501T120000.123-x"):
        bucket.put(ROOT + name, b"not ours")
        with pytest.raises(DamagedError, match="is not part of an audit log"):
            list(S3Audit(bucket).entries())
        found = iter(S3Audit(bucket).entries())
        assert [next(found).key, next(found).key] == ["k", "k"], "what stands around it is read"
        bucket.delete(ROOT + name)
