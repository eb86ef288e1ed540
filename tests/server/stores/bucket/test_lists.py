"""Lists of a bucket: those of a naive model on both kinds of engines, and answers that lie."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage_tui.contract.errors import BadRequestError, StorageError, UnavailableError
from storage_tui.contract.wire import Span
from storage_tui.server.stores.bucket.connecting import ANSWER_BYTES, connect
from storage_tui.server.stores.bucket.identity import Identity
from storage_tui.server.stores.bucket.lists.listing import Lists
from storage_tui.server.stores.bucket.options import BucketOptions
from storage_tui.server.stores.bucket.store import BucketStore
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.listed import Listed, read_listed
from storage_tui.server.stores.s3.protocol.threads import Threads
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


class Short(Bucket):
    """A bucket whose engine gives a few names at once, as engines may; `asked` are the places it was asked for."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def list_columns(self, prefix: str, **how: Any) -> Listed:
        delimiter = how.get("delimiter", "")
        self.asked.append((prefix, delimiter))
        most = 9 if delimiter else 3
        return super().list_columns(prefix, **{**how, "limit": min(most, how.get("limit", most))})


@asynccontextmanager
async def short(url: str, name: str, prefix: str, path: Path) -> AsyncIterator[BucketStore]:
    def connect_short() -> tuple[Bucket, Identity]:
        bucket, identity = connect(name, prefix, BucketOptions(endpoint_url=url))
        return Short(bucket.engine, bucket.name, bucket.root, is_ours=False), identity

    store = BucketStore("test", connect_short, lambda _: path, is_writable=True)
    await store.start()
    Short.asked.clear()
    try:
        yield store
    finally:
        await store.close()


DEEP = tuple(
    f"{top}{folder}{name}"
    for top in ("", "one/only/")
    for folder in ("", "a/", "a-b/", "b/", "b/c/", "b/c/d/", "e/", "f/")
    for name in ("1", "2", "3", "4", "a", "a-")
)


@pytest.mark.parametrize("engine", ENDPOINTS)
async def test_parts_of_a_bucket_are_counted_side_by_side_and_each_name_once(engine: str, tmp_path: Path) -> None:
    url, root = ENDPOINTS[engine](), f"{secrets.token_hex(8)}/"
    client, name = amazon.client(url), seaweed.BUCKET if engine == "seaweedfs" else amazon.new_bucket(url)
    stored = {key: size for size, key in enumerate(DEEP)}
    for key, size in stored.items():
        client.put_object(Bucket=name, Key=root + key, Body=b"x" * size)
    async with short(url, name, root, tmp_path) as store:
        for prefix in ("", "one/", "one/only/", "one/only/b/", "b/c", "a"):
            Short.asked.clear()
            usage = await store.usage("", "data", prefix=prefix, delimiter="/")
            assert (usage.count, usage.size_bytes) == model_usage(stored, prefix)
            for child in usage.children:
                assert (child.count, child.size_bytes) == model_usage(stored, child.prefix)
            if engine == "seaweedfs" and prefix == "one/":
                assert ("one/only/b/", "") in Short.asked  # a folder by itself, below folders of one folder
        for prefix in ("", "b/", "one/only/a"):
            token: str | None = ""
            found: list[str] = []
            while token is not None:  # pages long enough to go on, with what was asked for ahead
                pages = await store.list_columns("", "data", prefix=prefix, after=token, limit=1001, page_limit=7)
                found += [prefix + name for page in pages for name in page.names]
                token = pages[-1].next_token
            assert found == sorted(key for key in stored if key.startswith(prefix))


async def test_a_list_that_goes_on_shows_what_was_changed_between_its_pages(tmp_path: Path) -> None:
    url, root = seaweed.endpoint(), f"{secrets.token_hex(8)}/"
    client = amazon.client(url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.put_object(Bucket=seaweed.BUCKET, Key=f"{root}{n // 400}/{n:04d}"), range(1100)))
    async with amazon.opened(url, seaweed.BUCKET, tmp_path, prefix=root) as store:
        first = await store.list_page("", "data", limit=1000)
        assert first.next_token == "2/0999"
        second = await store.list_page("", "data", after=first.next_token, limit=1000)
        assert [blob.key for blob in second.blobs] == [f"2/{n:04d}" for n in range(1000, 1100)]
        await store.list_page("", "data", limit=1000)
        await store.put(amazon.at("2/new"), b"1")
        await store.delete(amazon.at("2/1000"))
        again = await store.list_page("", "data", after=first.next_token, limit=1000)
        assert [blob.key for blob in again.blobs] == [*(f"2/{n:04d}" for n in range(1001, 1100)), "2/new"]


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


ROW = "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2024-05-01T00:00:0{}Z</LastModified></Contents>"
ROWS = ROW.format("p/a", 1, 1) + ROW.format("p/%C3%A9+b", 22, 2)
FOLDER = "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"
BOTH = (["a", "\u00e9 b"], [1, 22])
FORMS = {
    "plain": (ROWS, BOTH),
    "spread over lines": (ROWS.replace("><", ">\n  <"), BOTH),
    "in a comment": (f"<!-- {ROWS} -->", ([], [])),
    "one in a comment": (ROWS.replace("</Contents><Contents>", "</Contents><!-- --><Contents>"), BOTH),
    "one level deeper": (f"<Other>{ROWS}</Other>", ([], [])),
    "fields in another order": (ROWS.replace("<Size>22</Size>", "") .replace("Z</LastModified></Contents>",
                                "Z</LastModified><Size>22</Size></Contents>").replace("<Size>1</Size>", "", 1),
                                (["a", "\u00e9 b"], [22, 22])),
    "a field more": (ROWS.replace("<Size>1<", "<Owner><ID>x</ID></Owner><Size>1<"), BOTH),
    "an entity": (ROWS.replace("p/a", "p/&#97;"), BOTH),
    "in CDATA": (ROWS.replace("p/a", "<![CDATA[p/a]]>"), BOTH),
    "folders between": (ROWS.replace("</Contents><C", f"</Contents>{FOLDER}<C"), BOTH),
    "quotes": (ROWS.replace("<Size>", "<ETag>&#34;x&quot;</ETag><Size>"), BOTH),
    "in another name space": (ROWS, BOTH),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_list_is_read_as_an_xml_parser_reads_it(form: str) -> None:
    rows, expected = FORMS[form]
    space = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"' if form == "in another name space" else ""
    rows += "<EncodingType>url</EncodingType>"
    content = f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult{space}><Prefix>p/</Prefix>{rows}'
    for head in ("", " "):
        found = read_listed(f"{content}{head}<IsTruncated>true</IsTruncated></ListBucketResult>".encode(), "p/")
        assert (found.names, found.sizes) == expected
        assert found.is_truncated and found.etags == ["x" if form == "quotes" else ""] * len(found.names)


def test_a_list_in_another_encoding_is_read_in_that() -> None:
    row = ROW.format("p/\u00c3\u00a9", 1, 1)
    text = f'<?xml version="1.0" encoding="latin-1"?><ListBucketResult>{row}</ListBucketResult>'
    assert read_listed(text.encode("latin-1"), "p/").names == ["\u00c3\u00a9"]


@pytest.mark.parametrize("content", LIES.values(), ids=LIES)
def test_a_list_that_cannot_be_read_is_one_line(content: bytes) -> None:
    with Liar(content) as engine:
        bucket, _ = connect("test", "p/", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(UnavailableError) as caught:
            bucket.list("")
        assert "\n" not in caught.value.message


def test_names_are_decoded_only_where_the_engine_says_that_they_are_encoded() -> None:
    rows = ROW.format("p/a+%41&amp;&lt;b&gt;", 1, 1) + "<CommonPrefixes><Prefix>p/c+%2F/</Prefix></CommonPrefixes>"
    plain = read_listed(f"<ListBucketResult>{rows}</ListBucketResult>".encode(), "p/")
    assert (plain.names, plain.prefixes) == (["a+%41&<b>"], ["c+%2F/"])
    told = read_listed(f"<ListBucketResult>{rows}<EncodingType>url</EncodingType></ListBucketResult>".encode(), "p/")
    assert (told.names, told.prefixes) == (["a A&<b>"], ["c //"])


class Moody(AnsweringServer):
    """An engine with the keys 0 to 7 and a delete marker after each. A list gives one of the 16 at once; every other
    request for a list is one too many, and no token is taken when it is older than the last one."""

    def __init__(self) -> None:
        super().__init__("")
        self.statuses: list[int] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        query = dict(parse_qsl(urlsplit(handler.path).query))
        status, content = 200, b""
        if "list-type" in query:
            status, content = self._list(query)
            self.statuses.append(status)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)

    def _list(self, query: dict[str, str]) -> tuple[int, bytes]:
        if len(self.statuses) % 2:
            return 503, b"<Error><Code>SlowDown</Code></Error>"
        token = query.get("continuation-token", "")
        place = int(token) if token else 2 * int(query.get("start-after", "-1")) + 2
        if token == "8":
            return 400, b"<Error><Code>InvalidArgument</Code><Message>the token has expired</Message></Error>"
        row = ROW.format(place // 2, 1, 1) if place % 2 == 0 else ""
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{place + 1}</NextContinuationToken>"
        return 200, f"<ListBucketResult>{row}{more if place < 15 else ''}</ListBucketResult>".encode()


async def test_empty_answers_busy_answers_and_old_tokens_lose_no_name() -> None:
    threads = Threads()
    with Moody() as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        lists = Lists(bucket, threads, is_tree=False, pauses_s=(0.0,))
        page = await lists.page("", "", "", 1000)
        assert [blob.key for blob in page.blobs] == [str(number) for number in range(8)]
        usage = await lists.usage("", "")
        assert usage.count == 8
        assert {200, 400, 503} <= set(engine.statuses)
    threads.close()


@pytest.mark.parametrize(("status", "headers"), [
    (200, {"Transfer-Encoding": "chunked"}), (206, {"Content-Length": "4"}),
    (206, {"Content-Length": "4", "Content-Range": "bytes 0-3/*"}),
    (200, {"Content-Length": "4x", "Connection": "close"}),
])  # fmt: skip
def test_an_object_of_a_size_that_nobody_knows_is_not_read_as_a_shorter_one(
    status: int, headers: dict[str, str]
) -> None:
    class Vague(AnsweringServer):
        def answer(self, handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, text in headers.items():
                handler.send_header(name, text)
            handler.end_headers()
            if handler.command != "HEAD":
                handler.wfile.write(b"4\r\nabcd\r\n0\r\n\r\n" if "Transfer-Encoding" in headers else b"abcd")

    with Vague("") as engine:
        bucket, _ = connect("test", "", BucketOptions(endpoint_url=engine.url))
        with pytest.raises(StorageError):
            bucket.open("k", Span(0, 10))
        if status == 200:
            with pytest.raises(UnavailableError, match="how large"):
                bucket.head("k")


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
