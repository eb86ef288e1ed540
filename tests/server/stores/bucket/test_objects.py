"""What buckets do: archives, encodings, versions, checksums, conditions; reads, copies and moves of objects."""

import gzip
from pathlib import Path

import pytest

from storage_tui.contract.errors import ConflictError, NotFoundError, PreconditionFailedError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.bucket.copies import Copies, trip
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.rules import check_target
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at, content_of, keys_of
from tests.server.stores.engines import random_bytes

MIB = 1024 * 1024


async def span_of(store: BucketStore, key: str, span: Span) -> bytes:
    async with store.open(at(key)) as reader:
        return b"".join([piece async for piece in reader.chunks(span)])


async def test_ranges_are_read_exactly(empty: BucketStore, bucket: str) -> None:
    content = random_bytes(2 * MIB + 5)
    amazon.client(amazon.endpoint()).put_object(Bucket=bucket, Key="k", Body=content)
    for span in (Span(0, 1), Span(5, 5), Span(255 * 1024, 257 * 1024), Span(MIB, 2 * MIB), Span(MIB, len(content))):
        assert await span_of(empty, "k", span) == content[span.start : span.stop]


async def test_bytes_of_two_versions_are_never_mixed(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    client.put_object(Bucket=bucket, Key="k", Body=b"1" * MIB)
    with pytest.raises(PreconditionFailedError, match="was overwritten or deleted while it was read"):
        async with empty.open(at("k")) as reader:
            client.put_object(Bucket=bucket, Key="k", Body=b"2" * MIB)
            assert {piece[0] async for piece in reader.chunks(Span(0, MIB))} == {ord("1")}


async def test_an_archived_object_is_listed_as_such_and_not_read(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    for stored in ("GLACIER", "DEEP_ARCHIVE", "STANDARD_IA", "STANDARD"):
        client.put_object(Bucket=bucket, Key=stored, Body=b"x", StorageClass=stored)
    page = await empty.list_page("", "data", limit=10)
    assert {blob.key: blob.storage_class for blob in page.blobs} == {
        "GLACIER": "GLACIER", "DEEP_ARCHIVE": "DEEP_ARCHIVE", "STANDARD_IA": "STANDARD_IA", "STANDARD": None,
    }  # fmt: skip
    assert (await empty.stat(at("GLACIER"))).storage_class == "GLACIER"
    for key in ("GLACIER", "DEEP_ARCHIVE"):
        with pytest.raises(ConflictError, match=rf"archived.*storage-tui thaw s3://{bucket}/{key}"):
            await content_of(empty, key)
        with pytest.raises(ConflictError, match="archived"):
            await empty.copy(at(key), at("copy"))
    assert await content_of(empty, "STANDARD_IA") == b"x"
    client.restore_object(Bucket=bucket, Key="GLACIER", RestoreRequest={"Days": 1})
    assert await content_of(empty, "GLACIER") == b"x"


async def test_a_compressed_object_is_read_as_the_stored_bytes(empty: BucketStore, bucket: str) -> None:
    packed = gzip.compress(b"text " * 1000)
    amazon.client(amazon.endpoint()).put_object(Bucket=bucket, Key="k", Body=packed, ContentEncoding="gzip")
    assert await content_of(empty, "k") == packed
    assert (await empty.stat(at("k"))).size_bytes == len(packed)


async def test_the_etag_of_an_object_in_parts_is_no_checksum(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    upload = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    bodies = [b"1" * 5 * MIB, b"2"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate(bodies, 1)
    ]
    client.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    blob = await empty.stat(at("k"))
    assert (blob.etag or "").endswith("-2")
    assert (blob.md5, blob.crc32c) == (None, None)
    assert await content_of(empty, "k") == b"".join(bodies)


async def test_metadata_of_others_is_not_believed(empty: BucketStore, bucket: str) -> None:
    client = amazon.client(amazon.endpoint())
    told = {"crc32c": "AAAAAA==", "written": "1999-01-01T00:00:00+00:00", "type": "image/png", "md5": "eA=="}
    client.put_object(Bucket=bucket, Key="k", Body=b"content", Metadata=told)
    blob = await empty.stat(at("k"))
    assert (blob.crc32c, blob.md5, blob.content_type) == (None, None, None)
    assert blob.modified is not None
    assert blob.modified.year > 2000
    assert await content_of(empty, "k") == b"content"


async def test_a_bucket_that_keeps_versions_says_so(empty: BucketStore, bucket: str) -> None:
    assert await empty.place_rules() == []
    client = amazon.client(amazon.endpoint())
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert await empty.place_rules() == ["versioned"]
    await empty.put(at("k"), b"first")
    await empty.put(at("k"), b"second")
    await empty.delete(at("k"))
    with pytest.raises(NotFoundError):
        await empty.stat(at("k"))
    assert await keys_of(empty) == []


async def test_a_put_writes_nothing_but_the_object(empty: BucketStore, bucket: str) -> None:
    await empty.put(at("k"), b"bytes", content_type="text/csv")
    client = amazon.client(amazon.endpoint())
    [found] = amazon.listed(client, bucket)
    head = client.head_object(Bucket=bucket, Key="k")
    assert (found["Key"], head["ContentType"], head["Metadata"]) == ("k", "text/csv", {})


async def test_preconditions_hold(empty: BucketStore) -> None:
    nothing, first = Precondition(if_none_match=("*",)), await empty.put(at("k"), b"1")
    stale = Precondition(if_match=("another",))
    await empty.put(at("other"), b"x")
    for call in (
        empty.put(at("k"), b"2", precondition=nothing), empty.put(at("k"), b"2", precondition=stale),
        empty.delete(at("k"), precondition=stale), empty.copy(at("other"), at("k"), precondition=nothing),
        empty.copy(at("k"), at("l"), source_etag="another"), empty.create_upload(at("k"), precondition=nothing),
    ):  # fmt: skip
        with pytest.raises(PreconditionFailedError):
            await call
    with pytest.raises(ConflictError):
        await empty.move(at("other"), at("k"), precondition=nothing)
    assert await content_of(empty, "k") == b"1"
    assert first.etag is not None
    await empty.put(at("k"), b"3", precondition=Precondition(if_match=(first.etag,)))
    assert await content_of(empty, "k") == b"3"


@pytest.mark.parametrize("part_bytes", [256 * MIB, 5 * MIB])
async def test_a_copy_keeps_what_the_object_has_beside_its_bytes(
    empty: BucketStore, bucket: str, part_bytes: int
) -> None:
    client, content = amazon.client(amazon.endpoint()), random_bytes(6 * MIB)
    client.put_object(
        Bucket=bucket, Key="a b/\u00e9", Body=content, ContentType="image/x", ContentEncoding="gzip",
        CacheControl="max-age=5", Metadata={"own": "word, and more"},
    )  # fmt: skip
    copies = Copies(empty._run().bucket, whole_bytes=part_bytes, part_bytes=part_bytes)
    copies.move(trip(at("a b/\u00e9"), at("to/+%"), None, Precondition(), check_target))
    head = client.get_object(Bucket=bucket, Key="to/+%")
    assert head["Body"].read() == content
    assert (head["ContentType"], head["ContentEncoding"]) == ("image/x", "gzip")
    assert (head["CacheControl"], head["Metadata"]) == ("max-age=5", {"own": "word, and more"})
    assert await keys_of(empty) == ["to/+%"]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


async def test_a_move_onto_itself_keeps_the_blob(empty: BucketStore, tmp_path: Path) -> None:
    blob = await empty.put(at("k"), b"1")
    assert (await empty.move(at("k"), at("k"))).etag == blob.etag
    assert (await empty.copy(at("k"), at("k"))).etag == blob.etag
    assert await content_of(empty, "k") == b"1"


@pytest.mark.parametrize("part_bytes", [256 * MIB, 5 * MIB])
async def test_another_content_type_keeps_all_else(empty: BucketStore, bucket: str, part_bytes: int) -> None:
    client, content = amazon.client(amazon.endpoint()), random_bytes(6 * MIB)
    client.put_object(
        Bucket=bucket, Key="a b/\u00e9", Body=content, ContentType="image/x", ContentEncoding="gzip",
        CacheControl="max-age=5", Metadata={"own": "word, and 100%"}, Tagging="team=maps&of=a%20%2B%20b",
        StorageClass="STANDARD_IA",
    )  # fmt: skip
    copies = Copies(empty._run().bucket, whole_bytes=part_bytes, part_bytes=part_bytes)
    here = at("a b/\u00e9")
    made = copies.retype(trip(here, here, None, Precondition(), check_target), "text/csv")
    assert (made.content_type, made.size_bytes, made.storage_class) == ("text/csv", len(content), "STANDARD_IA")
    head = client.get_object(Bucket=bucket, Key="a b/\u00e9")
    assert head["Body"].read() == content
    assert (head["ContentType"], head["ContentEncoding"], head["CacheControl"]) == ("text/csv", "gzip", "max-age=5")
    assert (head["Metadata"], head["StorageClass"]) == ({"own": "word, and 100%"}, "STANDARD_IA")
    tags = client.get_object_tagging(Bucket=bucket, Key="a b/\u00e9")["TagSet"]
    assert sorted((tag["Key"], tag["Value"]) for tag in tags) == [("of", "a + b"), ("team", "maps")]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=bucket)


async def test_the_content_type_of_what_changed_stays(empty: BucketStore) -> None:
    old = await empty.put(at("k"), b"old", content_type="image/tiff")
    new = await empty.put(at("k"), b"new", content_type="image/tiff")
    with pytest.raises(PreconditionFailedError):
        await empty.copy(at("k"), at("k"), source_etag=old.etag, content_type="text/csv")
    with pytest.raises(NotFoundError):
        await empty.copy(at("none"), at("none"), content_type="text/csv")
    assert (await empty.stat(at("k"))).content_type == "image/tiff"
    assert (await empty.copy(at("k"), at("k"), source_etag=new.etag, content_type="image/tiff")).etag == new.etag
    elsewhere = await empty.copy(at("k"), at("l"), content_type="text/csv")
    assert (elsewhere.content_type, await content_of(empty, "l")) == ("text/csv", b"new")
    assert (await empty.stat(at("k"))).content_type == "image/tiff"
