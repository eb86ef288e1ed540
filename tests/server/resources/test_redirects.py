"""Downloads that the engine gives out itself: verified as ever by our client, streamed to any other."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from storage_tui import Storage
from storage_tui.contract.errors import ChecksumError, StorageError
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.s3.blobs import locate
from tests import seaweed
from tests.server.running import RunningServer

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    place = replace(seaweed.place(f"direct-{secrets.token_hex(4)}/"), is_direct=True)
    running = RunningServer(tmp_path_factory.mktemp("direct") / "server", bucket=place)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def storage(server: RunningServer) -> Iterator[Storage]:
    with Storage(server.url, token=server.token(), retries=0) as client:
        yield client


@pytest.mark.parametrize("size_bytes", [5, 2 * MIB, 20 * MIB + 1])
def test_our_client_gets_the_same_bytes_and_verifies_them(
    server: RunningServer, storage: Storage, tmp_path: Path, size_bytes: int
) -> None:
    content = os.urandom(size_bytes)
    key = f"blobs/é {size_bytes}.tif"
    storage.set(key, content, content_type="image/tiff")
    assert storage.get(key) == content
    storage.get_file(key, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == content
    part = storage.read_range(key, start=1, stop=4)
    assert (part.data, part.blob.size_bytes) == (content[1:4], size_bytes)
    headers = {"User-Agent": "storage-tui/test", "Authorization": f"Bearer {server.token()}"}
    answer = httpx.get(f"{server.url}/data/get/{key}", headers=headers, trust_env=False)
    assert (answer.status_code == 307) == (size_bytes > MIB)


def test_other_clients_are_served_the_bytes(server: RunningServer) -> None:
    content = os.urandom(2 * MIB)
    with server.client() as ann:
        assert ann.put("/data/set/k", content=content).status_code == 200
        assert ann.get("/data/get/k").content == content


def test_bytes_that_went_bad_in_the_engine_are_found_by_our_client(server: RunningServer, storage: Storage) -> None:
    content = bytearray(os.urandom(3 * MIB))
    storage.set("bad", bytes(content))
    bucket = seaweed.bucket_at(seaweed.endpoint(), server.bucket.root if server.bucket else "")
    name = locate(Address(namespace_of("ann"), "data", "bad")).name
    found = bucket.head(name)
    assert found is not None
    content[MIB] ^= 4
    bucket.put(name, bytes(content), meta=found.meta)
    with pytest.raises((ChecksumError, StorageError)):
        storage.get("bad")
