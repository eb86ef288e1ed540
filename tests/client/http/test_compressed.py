"""Answers in gzip: asked for where a list comes over a network, the same as without, and never larger than they may."""

import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client import requests
from storage_tui.client.access.servers import Access, Endpoint
from storage_tui.client.http import attempt as exchange
from storage_tui.contract.errors import ProtocolError
from storage_tui.machine.secrets import Secret
from tests.client.scripted import ScriptedServer, answer
from tests.faults.proxy import FaultProxy

pytestmark = pytest.mark.usefixtures("hasty")

KEYS = json.dumps([f"{number:05}" for number in range(3000)]).encode()


def test_lists_come_in_gzip_over_a_network(storage: Storage, behind: Storage, proxy: FaultProxy) -> None:
    keys = [f"shelf/{number:03}" for number in range(300)]
    for key in keys:
        storage.set(key, b"x")
    behind.describe()
    for read, plain in ((behind.list, 300 * 13), (behind.list_page, 300 * 190), (behind.list_columns, 300 * 22)):
        before = proxy.bytes_down
        assert read("shelf/")
        proxy.cut_all()
        proxy.wait_until_closed()  # all that was passed on is counted by then
        assert proxy.bytes_down - before < 0.6 * plain + 500  # and the headers
    assert behind.list("shelf/") == keys
    assert behind.list_page("shelf/").blobs == storage.list_page("shelf/").blobs


def test_only_lists_ask_for_it() -> None:
    with (
        ScriptedServer(*[answer(200, body=b"[]"), answer(200, body=b"x"), answer(200)]) as server,
        Storage(server.url, token="t", retries=0) as storage,
    ):
        storage.list()
        storage.get("k")
        storage.exists("k")
    assert [headers["accept-encoding"] for _, headers in server.requests] == ["gzip", "identity", "identity"]


def test_an_embedded_server_is_not_asked_for_it(tmp_path: Path) -> None:
    access = Access(Endpoint("http://localhost/storage/v1", tmp_path / "socket"), Secret("t"))
    asked = requests.Request("GET", "/data/list", may_be_gzip=True)
    assert exchange.Target(asked, access, "g").request(None, {}).headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"no gzip", "is not valid gzip"),
        (gzip.compress(KEYS)[:-20], "ends in the middle of its gzip data"),
        (gzip.compress(KEYS)[:-8] + bytes(8), "is not valid gzip"),
        (zlib.compress(KEYS), "is not valid gzip"),
        (gzip.compress(bytes(requests.CONTROL_BYTES + 1)), "larger than"),
        (b"", "ends in the middle of its gzip data"),
    ],
    ids=["none", "cut", "sum", "zlib", "bomb", "empty"],
)
def test_what_is_wrong_with_it_is_told(make: Callable[..., Any], body: bytes, words: str) -> None:
    with (
        ScriptedServer(*[answer(200, "Content-Encoding: gzip", body=body)] * 3) as server,
        pytest.raises(ProtocolError, match=words),
    ):
        client = make(server.url, token="t", retries=0)
        try:
            client.list()
        finally:
            client.close()  # so that the server need not wait for it
