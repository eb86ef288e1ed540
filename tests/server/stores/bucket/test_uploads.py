"""Uploads into a bucket: parts of equal size, nothing of ours in the bucket, state on this machine."""

from datetime import timedelta
from pathlib import Path

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ChecksumError,
    GoneError,
    NotFoundError,
    PreconditionFailedError,
    TooLargeError,
)
from storage_tui.contract.models import Limits
from storage_tui.contract.wire import Span
from storage_tui.server.resources.description import Description
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.bucket.connecting import connect
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.multipart.sizes import MIB, MOST_OBJECT_BYTES, PartRules
from storage_tui.server.stores.s3.protocol.signing import utc_now
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at
from tests.server.stores.engines import random_bytes

KEY = "dir/../\x01k+ \u00e9"


def parts_in(folder: Path) -> list[Path]:
    """The files with bytes that are not in the bucket yet."""
    return list(folder.rglob("*.part"))


def session_file(folder: Path) -> Path:
    """The file of the one session."""
    [found] = folder.rglob("*.json")
    return found


async def send(store: BucketStore, upload_id: str, content: bytes, *, start: int = 0) -> int:
    """Write the bytes from `start` on and leave; return the offset that is kept."""
    async with store.write_upload(upload_id) as writer:
        assert writer.offset == start
        for place in range(start, len(content), 256 * 1024):
            await writer.write(content[place : place + 256 * 1024])
    return (await store.find_upload(upload_id)).offset


@pytest.mark.parametrize("cut", [5, 8 * MIB, 8 * MIB + 1, 19 * MIB])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_an_upload_goes_on_after_a_restart_and_boto3_reads_it(
    bucket: str, tmp_path: Path, cut: int, is_announced: bool
) -> None:
    url, content = amazon.endpoint(), random_bytes(20 * MIB + 3)
    client = amazon.client(url)
    async with amazon.opened(url, bucket, tmp_path) as store:
        size = len(content) if is_announced else None
        session = await store.create_upload(at(KEY), size_bytes=size, content_type="image/x", repeat_key="r")
        assert await send(store, session.upload_id, content[:cut]) == cut
        assert amazon.listed(client, bucket) == []
    async with amazon.opened(url, bucket, tmp_path) as store:
        again = await store.create_upload(at(KEY), size_bytes=size, content_type="image/x", repeat_key="r")
        assert (again.upload_id, again.offset) == (session.upload_id, cut)
        async with store.write_upload(session.upload_id) as writer:
            await writer.write(content[cut:])
            blob = await writer.finish(size_bytes=len(content))
        assert (await store.find_upload(session.upload_id)).blob == blob
    found = client.get_object(Bucket=bucket, Key=KEY)
    assert found["Body"].read() == content
    assert (found["ContentType"], found["Metadata"]) == ("image/x", {})
    assert [one["Key"] for one in amazon.listed(client, bucket)] == [KEY]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    assert parts_in(tmp_path) == []


async def test_all_parts_but_the_last_are_equal(empty: BucketStore, bucket: str) -> None:
    content = random_bytes(20 * MIB)
    session = await empty.create_upload(at("k"), size_bytes=len(content))
    await send(empty, session.upload_id, content)
    client = amazon.client(amazon.endpoint())
    [upload] = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
    parts = client.list_parts(Bucket=bucket, Key="k", UploadId=upload["UploadId"])["Parts"]
    assert [part["Size"] for part in parts] == [8 * MIB, 8 * MIB]
    async with empty.write_upload(session.upload_id) as writer:
        await writer.finish()


async def test_memory_that_is_short_does_not_stop_an_upload(bucket: str, tmp_path: Path) -> None:
    url, content = amazon.endpoint(), random_bytes(9 * MIB)
    store = BucketStore(
        "place", lambda: connect(bucket, "", BucketOptions(endpoint_url=url)), lambda _: tmp_path / "own",
        is_writable=True, upload_bytes=MIB,
    )  # fmt: skip
    await store.start()
    try:
        session = await store.create_upload(at("k"))
        async with store.write_upload(session.upload_id) as writer:
            for start in range(0, len(content), MIB):
                await writer.write(content[start : start + MIB])
            await writer.finish()
    finally:
        await store.close()
    assert amazon.client(url).get_object(Bucket=bucket, Key="k")["Body"].read() == content


async def test_parts_grow_while_the_size_is_unknown(bucket: str, tmp_path: Path) -> None:
    url, content = amazon.endpoint(), random_bytes(35 * MIB)
    rules = PartRules(most_parts=5, unknown_bytes=5 * MIB, equal_parts=2, step_parts=2)  # 5, 5, 10, 10, 20 MiB

    def new_store() -> BucketStore:
        return BucketStore(
            "place", lambda: connect(bucket, "", BucketOptions(endpoint_url=url)), lambda _: tmp_path / "own",
            is_writable=True, rules=rules,
        )  # fmt: skip

    store = new_store()
    await store.start()
    session = await store.create_upload(at("k"))
    assert await send(store, session.upload_id, content[: 27 * MIB]) == 27 * MIB
    await store.close()
    store = new_store()
    await store.start()
    client = amazon.client(url)
    try:
        [upload] = client.list_multipart_uploads(Bucket=bucket)["Uploads"]
        assert await send(store, session.upload_id, content, start=27 * MIB) == 35 * MIB
        parts = client.list_parts(Bucket=bucket, Key="k", UploadId=upload["UploadId"])["Parts"]
        assert [part["Size"] for part in parts] == [5 * MIB, 5 * MIB, 10 * MIB, 10 * MIB]
        async with store.write_upload(session.upload_id) as writer:
            await writer.finish()
        assert client.get_object(Bucket=bucket, Key="k")["Body"].read() == content
        with pytest.raises(TooLargeError, match="the bucket takes no more"):
            await send(store, (await store.create_upload(at("l"))).upload_id, content + random_bytes(16 * MIB))
    finally:
        await store.close()


async def test_a_cancelled_upload_leaves_nothing(empty: BucketStore, bucket: str, tmp_path: Path) -> None:
    client = amazon.client(amazon.endpoint())
    session = await empty.create_upload(at("k"), size_bytes=10 * MIB)
    await send(empty, session.upload_id, random_bytes(9 * MIB))
    assert len(client.list_multipart_uploads(Bucket=bucket)["Uploads"]) == 1
    assert len(parts_in(tmp_path)) == 1
    await empty.cancel_upload(session.upload_id)
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)
    assert parts_in(tmp_path) == []
    with pytest.raises(CancelledError):
        async with empty.write_upload(session.upload_id):
            pass
    assert (await empty.find_upload(session.upload_id)).is_cancelled


async def test_an_upload_that_nobody_finishes_is_swept_after_a_week(bucket: str, tmp_path: Path) -> None:
    late = utc_now()

    def connect_late():
        return connect(bucket, "", BucketOptions(endpoint_url=amazon.endpoint()))

    store = BucketStore("place", connect_late, lambda _: tmp_path / "own", is_writable=True, clock=lambda: late)
    await store.start()
    try:
        session = await store.create_upload(at("k"), size_bytes=10 * MIB)
        await send(store, session.upload_id, random_bytes(9 * MIB))
        late += timedelta(days=7, seconds=1)
        await store.sweep()
        assert "Uploads" not in amazon.client(amazon.endpoint()).list_multipart_uploads(Bucket=bucket)
        assert parts_in(tmp_path) == []
        with pytest.raises(GoneError):
            await store.find_upload(session.upload_id)
        late += timedelta(days=8)
        await store.sweep()
        with pytest.raises(NotFoundError):
            await store.find_upload(session.upload_id)
    finally:
        await store.close()


async def test_wrong_bytes_make_no_object_and_the_upload_starts_over(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    for size in (5, 9 * MIB):
        session = await empty.create_upload(at("k"), size_bytes=size, crc32c="AAAAAA==")
        async with empty.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(size))
            with pytest.raises(ChecksumError):
                await writer.finish()
            assert writer.offset == 0
        assert amazon.listed(client, bucket) == []


async def test_a_condition_is_checked_again_at_the_end(empty: BucketStore, bucket: str) -> None:
    for size in (5, 9 * MIB):
        condition = Precondition(if_none_match=("*",))
        session = await empty.create_upload(at(f"k{size}"), size_bytes=size, precondition=condition)
        async with empty.write_upload(session.upload_id) as writer:
            await writer.write(random_bytes(size))
            await empty.put(at(f"k{size}"), b"first")
            with pytest.raises(PreconditionFailedError):
                await writer.finish()
        assert amazon.client(amazon.endpoint()).get_object(Bucket=bucket, Key=f"k{size}")["Body"].read() == b"first"


async def test_what_does_not_fit_is_refused(empty: BucketStore) -> None:
    with pytest.raises(TooLargeError):
        await empty.create_upload(at("k"), size_bytes=MOST_OBJECT_BYTES + 1)
    session = await empty.create_upload(at("k"), size_bytes=2)
    async with empty.write_upload(session.upload_id) as writer:
        with pytest.raises(BadRequestError, match="more came"):
            await writer.write(b"abc")
    assert await empty.find_parts(session.upload_id) == []
    with pytest.raises(BadRequestError, match="takes its bytes in order"):
        async with empty.write_part(session.upload_id, Span(0, 2)):
            pass
    for upload_id in ("", "../x", "0" * 51, session.upload_id[:-1]):
        with pytest.raises(NotFoundError):
            await empty.find_upload(upload_id)


async def test_the_description_offers_no_parts_of_uploads(empty: BucketStore) -> None:
    described = Description(empty, Limits(), None, lambda: None)
    assert "upload-parts" not in described._info.features
    assert "upload-resume" in described._info.features


async def test_state_that_is_damaged_is_an_unknown_session(empty: BucketStore, tmp_path: Path) -> None:
    session = await empty.create_upload(at("k"), size_bytes=2)
    note = session_file(tmp_path)
    for content in (b"", b"[" * 100_000, b"{}", b"\xff", b'{"upload_id": 1}'):
        note.write_bytes(content)
        with pytest.raises(NotFoundError):
            await empty.find_upload(session.upload_id)
        await empty.sweep()


async def test_the_state_is_private(empty: BucketStore, tmp_path: Path) -> None:
    await empty.create_upload(at("k"), size_bytes=2)
    note = session_file(tmp_path)
    assert note.stat().st_mode & 0o777 == 0o600
    assert note.parent.stat().st_mode & 0o777 == 0o700
