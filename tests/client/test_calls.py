"""Every call of both clients, on a real server."""

import array
import base64
import hashlib
import io
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    ConnectError,
    ForbiddenError,
    InvalidKeyError,
    LocalFileError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    TypeRuleError,
    UnauthorizedError,
    UnknownStorageTypeError,
)
from storage_tui.contract.wire import Span

ODD_KEYS = (
    "a//b", "/a", "a/", "a", "a/b", "list", "get/x", "x y", "a+b", "a&b=c", "a?b", "a#b", "a%b", "a%2Fb", "a;b,c:d@e",
    "caf\u00e9", "cafe\u0301", "世界/🛰", "~", "[x]{y}|\\^`\"'<>*$!()", "x.", "...", "." + "x" * 1000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (b"", b""),
        ("", b""),
        ("Hello Storage", b"Hello Storage"),
        ("h\u00e9 \u4e16", "h\u00e9 \u4e16".encode()),
        (b"\x00\xff" * 700_000, b"\x00\xff" * 700_000),
        (bytearray(b"abc"), b"abc"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (array.array("H", [1, 2]), array.array("H", [1, 2]).tobytes()),
    ],
    ids=["empty", "empty text", "text", "utf-8", "large", "bytearray", "strided", "array"],
)
def test_a_value_comes_back_as_it_was_set(both: Any, value: Any, stored: bytes) -> None:
    assert both.set("k", value) is None
    assert both.get("k") == stored


def test_a_file_object_is_sent_from_where_it_stands(both: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        file.seek(4)
        both.set("k", file)
        assert file.read() == b""
    assert both.get("k") == b"456789"
    stream = io.BytesIO(b"0123456789")
    stream.seek(9)
    both.set("k", stream)
    assert both.get("k") == b"9"


def test_a_generator_is_streamed(both: Any) -> None:
    both.set("k", (bytes([n]) * 1_000_000 for n in range(20)))
    assert both.get("k") == b"".join(bytes([n]) * 1_000_000 for n in range(20))
    both.set("k", iter(()))
    assert both.get("k") == b""


def test_a_text_file_object_gives_its_bytes(both: Any, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes("h\u00e9\r\nx\r\n".encode())
    with path.open(encoding="utf-8") as file:
        both.set_file("k", file)
    assert both.get("k") == path.read_bytes()


@pytest.mark.parametrize("value", [7, None, Path("x"), {"a": 1}, iter(["text"]), object()])
def test_what_has_no_bytes_is_refused_with_a_sentence(storage: Storage, value: Any) -> None:
    with pytest.raises((LocalFileError, BadRequestError)) as caught:
        storage.set("k", value)
    assert not storage.exists("k")
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_kept_to_the_byte(storage: Storage, key: str) -> None:
    storage.set(key, key)
    assert storage.get(key) == key.encode()
    assert storage.list() == [key]
    assert [blob.key for blob in storage.list_page(delimiter="").blobs] == [key]
    assert storage.stat(key).size_bytes == len(key.encode())
    assert storage.copy(key, "copy").key == "copy"
    assert [result.is_deleted for result in storage.delete_many([storage.stat(key)])] == [True]
    assert not storage.exists(key)


@pytest.mark.parametrize("key", ["", ".", "..", "a/../b", "./a", "a\nb", "a\x7f", "\ud800", "x" * 1025])
def test_what_is_no_key_is_refused_before_anything_is_sent(make: Callable[..., Any], key: str) -> None:
    client = make("http://127.0.0.1:1/storage/v1", token="t", retries=0)
    for call in (
        lambda: client.set(key, b""), lambda: client.get(key), lambda: client.set_file(key, io.BytesIO()),
        lambda: client.exists(key), lambda: client.delete(key), lambda: client.stat(key),
        lambda: client.get_signed_url(key), lambda: client.read_range(key), lambda: client.delete_many([key]),
        lambda: client.get_file(key, io.BytesIO()),
    ):  # fmt: skip
        with pytest.raises(InvalidKeyError):
            call()


def test_an_unknown_storage_type_names_the_known_ones(both: Any) -> None:
    with pytest.raises(UnknownStorageTypeError, match="data, tmp"):
        both.get("k", "nope")


def test_log_is_another_spelling_of_logs(both: Any) -> None:
    both.set("k", b"1", "log")
    assert both.get("k", "logs") == b"1"


def test_set_file_and_get_file_by_name(both: Any, tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_bytes(bytes(range(256)) * 40_000)
    stored = both.set_file("k", str(source), "tmp", content_type="image/tiff")
    got = both.get_file("k", target, "tmp")
    assert target.read_bytes() == source.read_bytes()
    assert (stored.key, stored.storage_type, stored.size_bytes) == ("k", "tmp", 10_240_000)
    assert (got.etag, got.crc32c, got.size_bytes) == (stored.etag, stored.crc32c, stored.size_bytes)
    assert got.content_type == "image/tiff"
    assert got.expires is not None and got.expires > datetime.now(UTC) + timedelta(days=6)


def test_get_file_writes_into_a_file_object(both: Any) -> None:
    content = bytes(range(256)) * 9_000
    both.set("k", content)
    sink = io.BytesIO()
    assert both.get_file("k", sink).size_bytes == len(content)
    assert sink.getvalue() == content
    with pytest.raises(LocalFileError, match="binary"):
        both.get_file("k", io.StringIO())


def test_exists_list_and_delete(both: Any) -> None:
    for key in ("a/1", "a/2", "b"):
        both.set(key, b"")
    assert both.exists("a/1") and not both.exists("a")
    assert both.list() == ["a/1", "a/2", "b"]
    assert both.list("a/") == ["a/1", "a/2"]
    assert both.list("") == ["a/1", "a/2", "b"]
    assert list(both.iter_list("b")) == ["b"]
    assert both.delete("b") is None
    with pytest.raises(NotFoundError, match="'b'"):
        both.delete("b")


def test_a_blob_that_was_overwritten_is_not_deleted_by_its_old_etag(both: Any) -> None:
    both.set("k", b"1")
    old = both.stat("k")
    both.set("k", b"2")
    with pytest.raises(PreconditionFailedError):
        both.delete("k", etag=old.etag)
    results = both.delete_many([old, "missing", ("k", None)])
    assert [result.error for result in results] == ["precondition_failed", "not_found", None]


def test_list_page_folds_folders_and_goes_on_with_its_token(both: Any) -> None:
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        both.set(key, b"xy")
    first = both.list_page(limit=2)
    assert (first.prefixes, [blob.key for blob in first.blobs]) == (("a/",), ["b"])
    second = both.list_page(token=first.next_token)
    assert (second.prefixes, [blob.key for blob in second.blobs], second.next_token) == (("c/",), ["d"], None)
    assert [blob.size_bytes for blob in both.list_page("a/").blobs] == [2, 2]


def test_columns_go_on_with_their_token_and_with_that_of_a_page(both: Any) -> None:
    for key in ("a/1", "a/2", "b", "c/1", "d"):
        both.set(key, b"xy")
    [first] = both.list_columns(limit=2)
    assert (list(first.names), list(first.sizes), list(first.prefixes)) == (["a/", "b"], [0, 2], [0])
    assert [list(page.names) for page in both.list_columns(token=first.next_token)] == [["c/", "d"]]
    assert [blob.key for blob in both.list_page(token=first.next_token).blobs] == ["d"]
    assert [list(page.names) for page in both.list_columns("a/", delimiter="")] == [["1", "2"]]
    for wrong in ({"limit": 0}, {"delimiter": "|"}):
        with pytest.raises(BadRequestError):
            both.list_columns(**wrong)


def test_usage_counts_and_sums(both: Any) -> None:
    for key in ("a/1", "a/2", "b"):
        both.set(key, b"xyz")
    usage = both.usage(delimiter="/")
    assert (usage.count, usage.size_bytes) == (3, 9)
    assert [(child.prefix, child.count, child.size_bytes) for child in usage.children] == [("a/", 2, 6)]


def test_copy_reaches_other_storage_types_and_may_refuse_to_overwrite(both: Any) -> None:
    both.set("k", b"kept", "tmp")
    assert both.copy("k", "k2", storage_type="tmp", to_storage_type="data").storage_type == "data"
    assert both.get("k2") == b"kept"
    with pytest.raises((ConflictError, PreconditionFailedError)):
        both.copy("k", "k2", storage_type="tmp", to_storage_type="data", overwrite=False)


def test_read_range_gives_bytes_span_and_blob(both: Any) -> None:
    both.set("k", b"0123456789")
    for start, stop, data, span in (
        (0, None, b"0123456789", Span(0, 10)),
        (2, 5, b"234", Span(2, 5)),
        (-3, None, b"789", Span(7, 10)),
        (8, 99, b"89", Span(8, 10)),
        (-99, None, b"0123456789", Span(0, 10)),
    ):
        read = both.read_range("k", start=start, stop=stop)
        assert (read.data, read.span, read.blob.size_bytes) == (data, span, 10)


def test_read_range_refuses_what_is_not_there(both: Any) -> None:
    both.set("k", b"0123456789")
    with pytest.raises(RangeNotSatisfiableError) as caught:
        both.read_range("k", start=10)
    assert caught.value.size_bytes == 10
    with pytest.raises(BadRequestError):
        both.read_range("k", start=5, stop=5)
    with pytest.raises(PreconditionFailedError):
        both.read_range("k", etag="other")
    both.set("empty", b"")
    assert both.read_range("empty").data == b""
    assert both.read_range("empty", start=-5).blob.size_bytes == 0


def test_stream_gives_the_whole_blob_in_order(both: Any) -> None:
    content = bytes(range(256)) * 20_000
    both.set("k", content)
    with both.stream("k") as chunks:
        assert b"".join(chunks) == content


def test_a_signed_url_downloads_without_a_token(both: Any) -> None:
    both.set("k", b"shared")
    url = both.get_signed_url("k", expires_in=timedelta(minutes=5))
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"shared"


def test_an_upload_url_takes_a_blob_without_a_token(both: Any) -> None:
    url = both.get_upload_url("k", "tmp")
    with urllib.request.urlopen(urllib.request.Request(url, b"posted", method="PUT")) as answer:
        assert answer.status == 200
    assert both.get("k", "tmp") == b"posted"


def test_a_blob_that_came_with_its_md5_has_it(both: Any) -> None:
    md5 = base64.b64encode(hashlib.md5(b"posted").digest()).decode()
    request = urllib.request.Request(both.get_upload_url("k"), b"posted", {"x-goog-hash": f"md5={md5}"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert both.stat("k").md5 == both.get_file("k", io.BytesIO()).md5 == md5
    both.set("k", b"plain")
    assert both.stat("k").md5 is None


def test_products_refuse_with_the_way_out(both: Any) -> None:
    both.set("k", b"1", "products")
    for call in (lambda: both.delete("k", "products"), lambda: both.set("k", b"2", "products")):
        with pytest.raises(TypeRuleError) as caught:
            call()
        assert "Image.delete()" in caught.value.message
    assert both.delete_many(["k"], storage_type="products")[0].error == "type_rule"


def test_what_is_missing_is_not_found_with_its_key(both: Any, tmp_path: Path) -> None:
    for call in (
        lambda: both.get("k"), lambda: both.stat("k"), lambda: both.get_file("k", tmp_path / "f"),
        lambda: both.get_file("k", io.BytesIO()), lambda: both.copy("k", "l"), lambda: both.read_range("k"),
        lambda: both.get_signed_url("k"),
    ):  # fmt: skip
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.key == "k" and "'k'" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_token_is_unauthorized(make: Callable[..., Any], server: Any) -> None:
    with pytest.raises((UnauthorizedError, ForbiddenError)):
        make(server.url, token="not.a.token").get("k")


def test_nothing_at_the_address_is_a_connect_error(make: Callable[..., Any]) -> None:
    with pytest.raises(ConnectError, match=r"127\.0\.0\.1:1/"):
        make("http://127.0.0.1:1/storage/v1", token="t", retries=0).get("k")


def test_the_description_names_the_features(both: Any) -> None:
    assert {"set", "copy", "usage", "details"} <= both.describe().features
    assert not both.is_embedded and both.display_url.startswith("http://127.0.0.1:")
