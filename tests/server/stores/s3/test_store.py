"""What a store on a bucket does beyond the promises of every store: bad engines, damage, pressure, one sweeper."""

import asyncio
import json
import os
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from storage_tui.contract.errors import (
    BadRequestError,
    ChecksumError,
    ConflictError,
    DamagedError,
    TooLargeError,
    UnavailableError,
)
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.multipart.sizes import MOST_OBJECT_BYTES, PartRules
from storage_tui.server.stores.s3.blobs import locate
from storage_tui.server.stores.s3.protocol.bucket import NOTHING_ASKED, Bucket, Object
from storage_tui.server.stores.s3.protocol.place import S3Place
from storage_tui.server.stores.s3.protocol.probe import probe
from storage_tui.server.stores.s3.protocol.requests import S3Engine
from storage_tui.server.stores.s3.protocol.signing import Credentials
from storage_tui.server.stores.s3.store import DEFAULTS, S3Bounds, S3Store, utc_now
from tests import seaweed
from tests.faults.answering import AnsweringServer
from tests.server.stores.engines import ALICE, random_bytes, whole

MIB = 1024 * 1024
KEY = Address(ALICE, "data", "k")


@pytest.fixture
def bucket() -> Bucket:
    return seaweed.bucket_at(seaweed.endpoint(), f"s3-{secrets.token_hex(6)}/")


@asynccontextmanager
async def started(bucket: Bucket, bounds: S3Bounds = DEFAULTS) -> AsyncIterator[S3Store]:
    store = S3Store(bucket, check=lambda _: None, bounds=bounds)
    await store.start()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def store(bucket: Bucket) -> AsyncIterator[S3Store]:
    async with started(bucket) as store:
        yield store


async def upload(store: S3Store, content: bytes, address: Address = KEY, *, piece: int = 256 * 1024) -> None:
    session = await store.create_upload(address)
    async with store.write_upload(session.upload_id) as writer:
        for start in range(0, len(content), piece):
            await writer.write(content[start : start + piece])
        await writer.finish()


def test_an_engine_that_holds_its_conditions_is_taken(bucket: Bucket) -> None:
    probe(bucket)
    assert bucket.list("").objects == []


@pytest.mark.parametrize("name", ["put", "delete", "copy", "finish_parts"])
def test_an_engine_that_ignores_a_condition_is_refused(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    honest: Callable[..., Any] = getattr(bucket, name)

    def careless(*args: Any, **options: Any) -> Any:
        if "condition" in options:
            options["condition"] = NOTHING_ASKED
        options.pop("etag", None)
        return honest(*args, **options)

    monkeypatch.setattr(bucket, name, careless)
    with pytest.raises(UnavailableError, match="does not honour conditional writes"):
        probe(bucket)


def test_a_bucket_that_is_not_there_is_named(bucket: Bucket) -> None:
    with pytest.raises(UnavailableError, match="there is no bucket nowhere-at-all"):
        probe(Bucket(bucket.engine, "nowhere-at-all"))


def test_wrong_credentials_are_told_in_one_line(bucket: Bucket) -> None:
    class Wrong:
        access_key, secret_key, token = "somebody", "else", None

    engine = S3Engine(bucket.engine.endpoint, "us-east-1", lambda: _as_credentials(Wrong()))
    with pytest.raises(UnavailableError, match="credentials"):
        probe(Bucket(engine, bucket.name))


def _as_credentials(it: Any) -> Credentials:
    found: Credentials = it
    return found


@pytest.mark.parametrize("size_bytes", [1, 50_000, 3 * MIB, 20 * MIB])
async def test_a_read_of_damaged_bytes_never_ends_well(store: S3Store, bucket: Bucket, size_bytes: int) -> None:
    content = bytearray(random_bytes(size_bytes))
    await upload(store, bytes(content))
    told = await store.stat(KEY)
    assert told.crc32c is not None
    content[size_bytes // 2] ^= 1
    bucket.put(locate(KEY).name, bytes(content), meta={"crc32c": told.crc32c})
    with pytest.raises(DamagedError):
        async with store.open(KEY) as reader:
            await whole(reader)


async def test_a_reader_keeps_to_its_blob_and_never_mixes_two(store: S3Store) -> None:
    await store.put(KEY, b"a" * MIB)
    async with store.open(KEY) as reader:
        await store.put(KEY, b"b" * MIB)
        seen = b""
        with pytest.raises(Exception, match="start over"):
            async for piece in reader.chunks(Span(0, MIB)):
                seen += piece
        assert set(seen) == {ord("a")}


@pytest.mark.parametrize("piece", [300_000, 3 * MIB])
async def test_uploads_beyond_the_memory_are_put_aside_and_whole_in_the_end(bucket: Bucket, piece: int) -> None:
    contents = {Address(ALICE, "data", f"k{size}"): random_bytes(size * MIB + 1) for size in (1, 5, 9, 18)}
    async with started(bucket, S3Bounds(upload_bytes=10 * MIB)) as store:
        await asyncio.gather(*(upload(store, content, address, piece=piece) for address, content in contents.items()))
        for address, content in contents.items():
            async with store.open(address) as reader:
                assert await whole(reader) == content
        assert bucket.list("pieces/").objects == []


async def test_of_two_servers_that_write_one_session_the_later_finds_out(store: S3Store, bucket: Bucket) -> None:
    other = S3Store(bucket, check=lambda _: None)
    await other.start()
    content = random_bytes(MIB)
    session = await store.create_upload(KEY)
    with pytest.raises(ConflictError):
        async with store.write_upload(session.upload_id) as stalled:
            await stalled.write(b"other bytes")
            async with other.write_upload(session.upload_id) as writer:
                await writer.write(content)
                await writer.checkpoint()
            await stalled.checkpoint()
    assert (await store.find_upload(session.upload_id)).offset == len(content)
    async with store.write_upload(session.upload_id) as writer:
        await writer.finish()
    async with other.open(KEY) as reader:
        assert await whole(reader) == content
    await other.close()


async def test_a_server_that_dies_between_the_blob_and_its_session_leaves_it_finished(
    store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = random_bytes(10 * MIB)
    session = await store.create_upload(KEY)

    def die(*_: Any) -> None:
        raise UnavailableError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr("storage_tui.server.stores.s3.sessions.conclude", die)
        with pytest.raises(UnavailableError):
            async with store.write_upload(session.upload_id) as writer:
                await writer.write(content)
                await writer.finish()
    found = await store.find_upload(session.upload_id)
    assert found.blob is not None
    assert found.blob.size_bytes == found.offset == len(content)


async def test_bytes_that_change_on_the_way_to_the_engine_are_not_taken(
    store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = bucket.engine.call

    def flip(method: str, path: str, query: Any = None, headers: Any = None, content: Any = None) -> Any:
        if content is not None and method == "PUT":
            whole = content if isinstance(content, bytes) else b"".join(content)
            content = whole.replace(b"PRECIOUS", b"PREVIOUS")
        return honest(method, path, query, headers, content)

    monkeypatch.setattr(bucket.engine, "call", flip)
    with pytest.raises(ChecksumError):
        await store.put(KEY, b"PRECIOUS bytes")
    session = await store.create_upload(KEY)
    async with store.write_upload(session.upload_id) as writer:
        await writer.write(b"PRECIOUS bytes")
        with pytest.raises(ChecksumError):
            await writer.finish()
        assert writer.offset == 0
    assert (await store.list_page(ALICE, "data", limit=10)).blobs == ()


@pytest.mark.parametrize("fails", ["put_part", "put"])
async def test_bytes_after_a_part_that_was_lost_are_not_taken_for_its_own(
    store: S3Store, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    content = random_bytes(30 * MIB)
    session = await store.create_upload(KEY)
    honest: Callable[..., Any] = getattr(bucket, fails)
    calls = 0

    def fail_in_the_middle(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise UnavailableError("a node died")
        return honest(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(bucket, fails, fail_in_the_middle)
        with pytest.raises(UnavailableError, match="a node died"):
            async with store.write_upload(session.upload_id) as writer:
                for start in range(0, len(content), MIB):
                    await writer.write(content[start : start + MIB])
                await writer.finish()
    offset = (await store.find_upload(session.upload_id)).offset
    assert offset < len(content)
    async with store.write_upload(session.upload_id) as writer:
        assert writer.offset == offset
        await writer.write(content[offset:])
        await writer.finish()
    async with store.open(KEY) as reader:
        assert await whole(reader) == content


async def test_a_large_blob_is_copied_in_parts(bucket: Bucket) -> None:
    content = random_bytes(20 * MIB + 3)
    async with started(bucket, S3Bounds(copy_part_bytes=6 * MIB)) as store:
        await upload(store, content)
        copied = await store.copy(KEY, Address(ALICE, "tmp", "c"))
        assert copied.crc32c == (await store.stat(KEY)).crc32c
        async with store.open(Address(ALICE, "tmp", "c")) as reader:
            assert await whole(reader) == content


async def test_a_copy_has_no_more_parts_than_an_engine_takes(bucket: Bucket) -> None:
    content = random_bytes(20 * MIB + 3)
    bounds = S3Bounds(copy_part_bytes=5 * MIB, parts=PartRules(most_parts=2))
    async with started(bucket, bounds) as store:
        session = await store.create_upload(KEY, size_bytes=len(content))
        async with store.write_upload(session.upload_id) as writer:
            await writer.write(content)
            await writer.finish()
        await store.copy(KEY, Address(ALICE, "tmp", "c"))
        async with store.open(Address(ALICE, "tmp", "c")) as reader:
            assert await whole(reader) == content
        [copied] = [one for one in bucket.list("").objects if "/tmp/" in one.name]
        assert copied.etag.endswith("-2")


async def test_a_blob_that_no_parts_can_hold_is_refused_before_its_bytes(store: S3Store) -> None:
    with pytest.raises(TooLargeError, match=r"5,497,558,138,880 bytes at most"):
        await store.create_upload(KEY, size_bytes=MOST_OBJECT_BYTES + 1)
    assert (await store.create_upload(KEY, size_bytes=MOST_OBJECT_BYTES)).offset == 0


@pytest.mark.parametrize("is_announced", [True, False])
async def test_parts_become_as_large_as_the_blob_needs(bucket: Bucket, is_announced: bool) -> None:
    content = random_bytes(43 * MIB + 5)
    rules = PartRules(most_parts=5, least_bytes=5 * MIB, unknown_bytes=5 * MIB, equal_parts=2, step_parts=2)
    async with started(bucket, S3Bounds(upload_bytes=12 * MIB, parts=rules)) as store:
        session = await store.create_upload(KEY, size_bytes=len(content) if is_announced else None)
        for start in range(0, len(content), 9 * MIB):  # a resume finds the place in a part of any size
            async with store.write_upload(session.upload_id) as writer:
                assert writer.offset == start
                for place in range(start, min(start + 9 * MIB, len(content)), MIB):
                    await writer.write(content[place : min(place + MIB, start + 9 * MIB)])
                if start + 9 * MIB >= len(content):
                    await writer.finish()
        async with store.open(KEY) as reader:
            assert await whole(reader) == content
        found = bucket.list("blobs/").objects
        assert [one.etag.rpartition("-")[2] for one in found] == ["5"]
        assert bucket.list("pieces/").objects == []


async def test_an_upload_of_an_earlier_server_goes_on(bucket: Bucket) -> None:
    content = random_bytes(19 * MIB)
    async with started(bucket, S3Bounds(upload_bytes=MIB)) as store:
        session = await store.create_upload(KEY, size_bytes=len(content))
        async with store.write_upload(session.upload_id) as writer:
            for start in range(0, 11 * MIB, MIB):
                await writer.write(content[start : start + MIB])
        name = f"uploads/{session.upload_id}"
        found = bucket.read(name)
        assert found is not None
        note = json.loads(found[1])
        assert note["pieces"] and not {"part_bytes", "equal_parts", "step_parts", "start", "stop"} & note.keys()
        del note["pieces_crc"]
        bucket.put(name, json.dumps(note).encode())
        async with store.write_upload(session.upload_id) as writer:
            assert writer.offset == 11 * MIB
            await writer.write(content[11 * MIB :])
            await writer.finish()
        async with store.open(KEY) as reader:
            assert await whole(reader) == content


async def test_one_server_sweeps_at_a_time(store: S3Store, bucket: Bucket) -> None:
    ahead = timedelta(days=8)
    await store.put(Address(ALICE, "tmp", "old"), b"x")

    class LateBucket(Bucket):
        def now(self) -> Any:
            return super().now() + ahead

    late = LateBucket(bucket.engine, bucket.name, bucket.root)
    stores = [S3Store(late, clock=lambda: utc_now() + ahead, check=lambda _: None) for _ in range(4)]
    for each in stores:
        await each.start()
    assert sum(await asyncio.gather(*(each.sweep() for each in stores))) == 1
    for each in stores:
        await each._uploads.settle()
        each._run().close()


async def test_a_clock_that_is_far_from_the_engines_sweeps_nothing(store: S3Store, bucket: Bucket) -> None:
    await store.put(Address(ALICE, "tmp", "young"), b"x")
    wrong = S3Store(bucket, clock=lambda: utc_now() + timedelta(days=8), check=lambda _: None)
    await wrong.start()
    assert await wrong.sweep() == 0
    wrong._run().close()
    assert (await store.stat(Address(ALICE, "tmp", "young"))).size_bytes == 1


@contextmanager
def silent_engine() -> Iterator[str]:
    """An engine that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        taken: list[socket.socket] = []

        def take() -> None:
            while True:
                try:
                    taken.append(listening.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


async def test_an_engine_that_hangs_is_an_early_503(bucket: Bucket) -> None:
    with silent_engine() as url:
        credentials = seaweed.bucket_at(url).engine._credentials
        engine = S3Engine(url, "us-east-1", credentials, silence_s=0.2)
        store = S3Store(Bucket(engine, bucket.name), check=lambda _: None)
        await store.start()
        for call in (store.stat(KEY), store.put(KEY, b"x"), store.list_page(ALICE, "data", limit=1)):
            with pytest.raises(UnavailableError, match="does not answer in time") as caught:
                await call
            assert caught.value.retry_after_s == 5
        await store.close()


class ConfusedEngine(AnsweringServer):
    """Answers every request with the same content, as a page of somebody else does."""

    def __init__(self, content: bytes) -> None:
        super().__init__("")
        self._content = content

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self._content)))
        handler.end_headers()
        handler.wfile.write(self._content)


LIST = b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>a%26b</Key>"


@pytest.mark.parametrize(
    "content", [b"", b"<html><p>Log in here</p></html>", LIST, b'<?xml version="1.0" encoding="x-none"?><a/>']
)
def test_a_list_that_is_none_is_an_error_and_never_an_empty_list(content: bytes) -> None:
    with ConfusedEngine(content) as engine, pytest.raises(UnavailableError, match="no answer of the S3"):
        seaweed.bucket_at(engine.url).list("")


def test_a_list_with_namespaces_comments_and_other_fields_is_read() -> None:
    content = (
        b'<?xml version="1.0"?>\n<x:ListBucketResult xmlns:x="urn:x"><!-- <Contents> -->'
        b"<x:IsTruncated>true</x:IsTruncated>"
        b"<x:Contents><x:Size>7</x:Size><x:Owner><x:Key>not this</x:Key></x:Owner><x:Key>a%26b</x:Key>"
        b"<x:LastModified>2024-05-01T12:00:00.123Z</x:LastModified><x:ETag>&#34;e&#34;</x:ETag></x:Contents>"
        b"<x:CommonPrefixes><x:Prefix>f/</x:Prefix></x:CommonPrefixes>"
        b"<x:EncodingType>url</x:EncodingType></x:ListBucketResult>"
    )
    with ConfusedEngine(content) as engine:
        found = seaweed.bucket_at(engine.url).list("")
    assert [(row.name, row.size_bytes, row.etag) for row in found.objects] == [("a&b", 7, "e")]
    assert found.prefixes == ["f/"] and found.is_truncated


@pytest.mark.parametrize("text", ["s3://", "s3:/b", "http://b", "s3://B", "s3://bucket/../x", "s3://bucket/a b", "b"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(BadRequestError, match="s3://BUCKET"):
        S3Place.parse(text)


def test_a_place_is_a_bucket_and_a_prefix() -> None:
    assert S3Place.parse("s3://bucket") == S3Place("bucket", "")
    assert S3Place.parse("s3://bucket/a/b/") == S3Place("bucket", "a/b/")


def test_an_object_out_of_a_list_is_that_of_a_head(bucket: Bucket) -> None:
    bucket.put("some/näme", os.urandom(10))
    [listed] = bucket.list("some/").objects
    found = bucket.head("some/näme")
    assert found is not None
    assert listed == Object(found.name, found.size_bytes, found.etag, found.modified)
