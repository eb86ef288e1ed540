"""What a program passes by mistake is refused with one line, before anything is sent."""

from pathlib import Path
from typing import Any

import numpy
import pytest

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.errors import (
    BadRequestError,
    InvalidKeyError,
    LocalFileError,
    StorageError,
    UnknownStorageTypeError,
)
from storage_tui.contract.models import Blob
from tests.client.access.test_credentials import jwt
from tests.client.published import PublishedServer
from tests.client.scripted import ScriptedServer
from tests.server.running import RunningServer


@pytest.mark.parametrize("key", [None, 5, b"k", ("k", None), Blob("k", "data")], ids=lambda key: type(key).__name__)
@pytest.mark.parametrize("call", ["get", "set", "set_file", "get_file", "delete", "stat", "copy", "read_range"])
def test_a_key_that_is_no_text_is_refused_by_every_call(both: Any, call: str, key: Any, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"1")
    more = {"set": [b"1"], "set_file": [tmp_path / "f"], "get_file": [tmp_path / "g"], "copy": ["to"]}.get(call, [])
    with pytest.raises(InvalidKeyError, match="a key is a str"):
        getattr(both, call)(key, *more)


@pytest.mark.parametrize("storage_type", [None, 5, ["data"]], ids=str)
def test_a_storage_type_that_is_no_text_is_refused(both: Any, storage_type: Any) -> None:
    with pytest.raises(UnknownStorageTypeError, match="use one of data, tmp"):
        both.get("k", storage_type)


@pytest.mark.parametrize("text", ["text/é", "text/plain\nX: y", "text/\0"], ids=ascii)
def test_what_a_header_cannot_hold_is_refused(both: Any, text: str) -> None:
    with pytest.raises(BadRequestError, match="Content-Type"):
        both.set("k", b"1", content_type=text)
    with pytest.raises(BadRequestError, match="If-Match"):
        both.delete("k", etag=text)
    with pytest.raises(BadRequestError, match="X-NEXT"):
        both.list_page(token=text)
    assert both.list() == []


@pytest.mark.parametrize("content_type", [5, b"text/plain"], ids=ascii)
def test_a_content_type_that_is_no_text_is_refused(both: Any, content_type: Any) -> None:
    with pytest.raises(BadRequestError, match="Content-Type"):
        both.set("k", b"1", content_type=content_type)


def test_a_page_token_of_another_server_is_refused(make: Any, published: PublishedServer, token: str) -> None:
    client = make(published.url, token=token)
    for page_token in ("MQ==", "WzFd", "bnVsbA==", "%%%", "WzEsIDJd"):  # 1, [1], null, no base64, [1, 2]
        with pytest.raises(BadRequestError, match="list from the start"):
            client.list_page(token=page_token)


@pytest.mark.parametrize("targets", ["abc", b"abc", Blob("abc", "data"), [5], [("a", "b", "c")]], ids=str)
def test_keys_to_delete_are_a_list_of_them(both: Any, targets: Any) -> None:
    for key in "abc":
        both.set(key, b"1")
    with pytest.raises(BadRequestError):
        both.delete_many(targets)
    assert both.list() == ["a", "b", "c"]


def test_a_text_that_is_not_unicode_is_refused(both: Any) -> None:
    with pytest.raises(BadRequestError, match="UTF-8"):
        both.set("k", "name \udcff")


def test_an_array_without_bytes_is_refused(both: Any) -> None:
    with pytest.raises(LocalFileError, match="bytes"):
        both.set("k", numpy.zeros(2, dtype="M8[s]"))


@pytest.mark.parametrize("expires_in", [60, "1h"])
def test_a_time_is_a_timedelta(both: Any, expires_in: Any) -> None:
    with pytest.raises(BadRequestError, match="timedelta"):
        both.get_signed_url("k", expires_in=expires_in)


@pytest.mark.parametrize("retries", ["3", -1, 1.5, object()])
def test_retries_are_a_number(retries: Any) -> None:
    with pytest.raises(BadRequestError, match="retries"):
        Storage("https://host", token=jwt(), retries=retries)


@pytest.mark.parametrize("timeout_s", [None, 0, (9.5, 120)])
def test_a_deadline_is_a_number_of_seconds(timeout_s: Any) -> None:
    with pytest.raises(BadRequestError, match="timeout_s"):
        Storage("https://host", token=jwt(), timeout_s=timeout_s)


@pytest.mark.parametrize("host", ["a..com", "a" * 64 + ".com"])
def test_a_host_that_no_name_service_knows_is_refused(host: str) -> None:
    with pytest.raises(BadRequestError, match="not the URL of a server"):
        Storage(f"https://{host}/storage/v1", token=jwt())


@pytest.mark.usefixtures("hasty")
def test_a_server_that_leads_to_no_host_is_a_storage_error(make: Any) -> None:
    away = b"HTTP/1.1 307 X\r\nContent-Length: 0\r\nLocation: https://a..com/x\r\n\r\n"
    with ScriptedServer(*[away] * 8) as server:
        client = make(server.url, token=jwt())
        with pytest.raises(StorageError):
            client.get("k")


def test_chunks_that_are_read_after_their_block_are_no_empty_blob(storage: Storage) -> None:
    storage.set("k", b"x" * 600_000)
    with storage.stream("k") as chunks:
        pass
    with pytest.raises(BadRequestError, match="within its `with` block"):
        list(chunks)
    with storage.stream("k") as chunks:
        first = next(chunks)
    with pytest.raises(BadRequestError, match="within its `with` block"):
        next(chunks)
    with storage.stream("k") as chunks:
        assert len(b"".join(chunks)) == 600_000
    assert list(chunks) == [] and len(first) < 600_000


async def test_chunks_of_the_asynchronous_client_neither(server: RunningServer, token: str) -> None:
    async with AsyncStorage(server.url, token=token) as storage:
        await storage.set("k", b"x")
        async with storage.stream("k") as chunks:
            pass
        with pytest.raises(BadRequestError, match="within its `with` block"):
            [chunk async for chunk in chunks]
