"""Bounds that a server sets: they hold while bytes come, not only when they are announced, and in what is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from storage_tui.contract.errors import StorageError, UnauthorizedError
from storage_tui.contract.models import Limits
from storage_tui.server.access.control import open_access
from storage_tui.server.access.tokens import MAX_TOKEN_CHARACTERS, create_token, read_bearer
from storage_tui.server.app import StorageApi
from storage_tui.server.http.responses import error_response
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore


@asynccontextmanager
async def client(data_dir: Path, limits: Limits) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application with these limits."""
    store = LocalStore(data_dir, reserve_bytes=0)
    await store.start()
    records = LocalRecords(data_dir)
    app = StorageApi(store, open_access(records), limits=limits)
    headers = {"Authorization": f"Bearer {create_token(records, 'ann')}"}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x/storage/v1", headers=headers) as ann:
        yield ann
    await app.close()
    await store.close()


async def test_a_blob_past_the_largest_is_refused_also_while_it_comes(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield bytes(100)

    async with client(tmp_path, Limits(blob_bytes=1000)) as ann:
        url = (await ann.get("/data/new_resumable_url/k")).text
        for headers in ({}, {"Content-Range": "bytes 0-1999/*"}):
            answer = await ann.put(url, content=pieces(), headers=headers)
            assert (answer.status_code, "at most 1000 bytes" in answer.text) == (413, True), answer.text
        announced = await ann.get("/data/new_resumable_url/k", headers={"X-Upload-Content-Length": "1001"})
        assert announced.status_code == 413
        assert (await ann.put(url, content=bytes(1000))).status_code == 200


async def test_a_page_is_never_longer_than_the_server_says(tmp_path: Path) -> None:
    async with client(tmp_path, Limits(list_page=3)) as ann:
        for number in range(5):
            assert (await ann.put(f"/data/set/{number}", content=b"")).status_code == 200
        for wanted, found in ((2, 2), (3, 3), (100, 3), (10**18, 3)):
            answer = await ann.get("/data/list", params={"limit": wanted})
            assert (len(answer.json()), "x-next" in answer.headers) == (found, True)


@pytest.mark.parametrize("accept", ["", "application/problem+json", "application/vnd.api+json"])
def test_an_error_is_a_line_that_a_terminal_does_not_obey(accept: str) -> None:
    answer = error_response(StorageError("no\x1b[2J \x9b1m\r\nX-Injected: 1 \u202e", key="k"), accept=accept)
    text = answer.content.decode()
    assert text.isprintable() and "X-Injected" in text
    assert all("\n" not in value and value.isprintable() for value in answer.headers.values())


def test_a_token_of_any_length_is_not_taken_apart() -> None:
    with pytest.raises(UnauthorizedError, match="too long"):
        read_bearer("Bearer " + "a" * (MAX_TOKEN_CHARACTERS + 1))
