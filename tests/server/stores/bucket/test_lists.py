"""Lists of a bucket: those of a naive model on both kinds of engines, and answers that lie."""

import asyncio
import secrets
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage_tui.contract.errors import BadRequestError, UnavailableError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.bucket.connecting import ANSWER_BYTES, connect
from storage_tui.server.stores.bucket.options import BucketOptions
from tests import seaweed
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon
from tests.server.stores.test_conformance_lists import model_page, model_usage

ENDPOINTS = {"moto": amazon.endpoint, "seaweedfs": seaweed.endpoint}
SEGMENTS = ("a", "a-", "a.b", "a!", "ab", "b", "-", "\u00e9", "a b")
keys = st.lists(st.sampled_from(SEGMENTS), min_size=1, max_size=4).map("/".join)
prefixes = st.one_of(st.just(""), keys, keys.map(lambda key: key + "/"), st.sampled_from(("a", "a/a", "a-", "b/")))


@pytest.mark.parametrize("engine", ENDPOINTS)
@given(st.sets(keys, max_size=20), st.lists(prefixes, min_size=1, max_size=2), st.integers(1, 5))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lists_and_sums_are_those_of_the_naive_model(
    engine: str, names: set[str], chosen: list[str], limit: int
) -> None:
    url, root = ENDPOINTS[engine](), f"{secrets.token_hex(8)}/"
    client, bucket = amazon.client(url), seaweed.BUCKET if engine == "seaweedfs" else amazon.new_bucket(url)
    stored = {name: number for number, name in enumerate(sorted(names, key=len))}
    for name, size in stored.items():
        client.put_object(Bucket=bucket, Key=root + name, Body=b"x" * size)

    async def compare() -> None:
        async with amazon.opened(url, bucket, Path("/nowhere"), prefix=root, is_writable=False) as store:
            for prefix in ("", *chosen):
                for delimiter in ("", "/"):
                    token: str | None = ""
                    while token is not None:
                        place = {"prefix": prefix, "delimiter": delimiter, "after": token}
                        page = await store.list_page("", "data", **place, limit=limit)
                        expected = model_page(stored, prefix, delimiter, token, limit)
                        assert ([blob.key for blob in page.blobs], list(page.prefixes)) == expected[:2]
                        columns = await store.list_columns("", "data", **place, limit=2 * limit, page_limit=limit)
                        named = [prefix + name for column in columns for name in column.names]
                        blobs, folders, _ = model_page(stored, prefix, delimiter, token, 2 * limit)
                        assert named == sorted([*blobs, *folders])
                        token = page.next_token
                usage = await store.usage("", "data", prefix=prefix, delimiter="/")
                assert (usage.count, usage.size_bytes) == model_usage(stored, prefix)
                for child in usage.children:
                    assert (child.count, child.size_bytes) == model_usage(stored, child.prefix)

    asyncio.run(compare())


async def test_folders_are_counted_side_by_side(bucket: str, tmp_path: Path) -> None:
    url, client = amazon.endpoint(), amazon.client(amazon.endpoint())
    for number in range(12):
        client.put_object(Bucket=bucket, Key=f"{number % 3}/{number}", Body=b"x" * number)
    client.put_object(Bucket=bucket, Key="top", Body=b"x")
    async with amazon.opened(url, bucket, tmp_path) as store:
        whole = await store.usage("", "data", delimiter="/")
        lists = store._run().lists
        plain = lists._list

        async def short(prefix: str, **how: object) -> object:
            how["limit"] = 1000 if how.get("delimiter") else 2
            return await plain(prefix, **how)

        lists._list = short
        assert await store.usage("", "data", delimiter="/") == whole
    assert (whole.count, whole.size_bytes) == (13, sum(range(12)) + 1)


class Liar(AnsweringServer):
    """An engine that gives one answer to every list."""

    def __init__(self, content: bytes) -> None:
        super().__init__("")
        self._content = content

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(self._content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(self._content)


def listing(*, key: str = "p/k", size: str = "1", rest: str = "", at: str = "2024-05-01T00:00:00Z") -> bytes:
    row = f"<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>{at}</LastModified></Contents>"
    return f"<ListBucketResult>{row}{rest}</ListBucketResult>".encode()


LIES = {
    "no XML": b"<html>", "nothing": b"", "another document": b"<Other/>", "a size of words": listing(size="many"),
    "a size below nothing": listing(size="-5"), "no time": listing(at="yesterday"),
    "a name outside": listing(key="other/k"), "no name": b"<ListBucketResult><Contents/></ListBucketResult>",
    "an entity bomb": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><ListBucketResult>&b;'
    b"<Contents/></ListBucketResult>",
    "an answer without end": b"<ListBucketResult>" + b" " * ANSWER_BYTES,
}  # fmt: skip


@pytest.mark.parametrize("content", LIES.values(), ids=LIES)
def test_a_list_that_cannot_be_read_is_one_line(content: bytes) -> None:
    with Liar(content) as engine:
        bucket, _ = connect("test", "p/", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(UnavailableError) as caught:
            bucket.list("")
        assert "\n" not in caught.value.message


def test_an_engine_that_ignores_ranges_is_not_read() -> None:
    with Liar(b"0123456789") as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(UnavailableError, match="other bytes than it was asked for"):
            bucket.open("k", Span(5, 6))


async def test_a_list_that_goes_in_circles_ends(tmp_path: Path) -> None:
    again = "<IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
    for content in (listing(rest=again), b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"):
        with Liar(content) as engine:
            async with amazon.opened(engine.url, "test", tmp_path, prefix="p/") as store:
                with pytest.raises(UnavailableError, match="goes on"):
                    await store.usage("", "data")
                with pytest.raises(UnavailableError, match="goes on"):
                    await store.list_page("", "data", limit=1000)


async def test_keys_fold_at_a_slash_only(bucket: str, tmp_path: Path) -> None:
    async with amazon.opened(amazon.endpoint(), bucket, tmp_path) as store:
        with pytest.raises(BadRequestError):
            await store.list_page("", "data", delimiter="-", limit=5)
        with pytest.raises(BadRequestError):
            await store.usage("", "data", delimiter="-")
        with pytest.raises(BadRequestError):
            await store.list_page("", "data", limit=0)
