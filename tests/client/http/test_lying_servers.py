"""A server that answers with other bytes than were asked for: none of them is taken for what was, nor told as done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client.batch.plan import BatchItem, BatchPlan
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import Batch
from storage_tui.client.requests import CONTROL_BYTES
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract import checksum
from storage_tui.contract.errors import ProtocolError, StorageError, TransferInterruptedError
from storage_tui.contract.models import FEATURES, ServiceInfo
from storage_tui.contract.packs import frame
from tests.client.scripted import ScriptedServer, answer

pytestmark = pytest.mark.usefixtures("hasty")

DESCRIPTION = answer(200, body=json.dumps(ServiceInfo(features=frozenset(FEATURES)).to_json()).encode())
REFUSAL = answer(400, body=b"no")
CONTENTS = {"a": b"what is in a", "b": b"what is in b"}


def blob(key: str, content: bytes, **told: Any) -> dict[str, Any]:
    crc32c = checksum.encode(checksum.extend(0, content))
    return {"key": key, "size": len(content), "etag": key, "crc32c": crc32c, "content_type": None,
            "modified": "2026-11-23T05:58:39.000Z", "expires": None, **told}  # fmt: skip


def move(server: ScriptedServer, folder: Path, direction: Any) -> list[BatchResult]:
    """Both files in one pack, and what that did not end one by one."""
    items = [
        BatchItem(direction, "data", key, folder / key, len(content), folder, is_surveyed=True)
        for key, content in CONTENTS.items()
    ]
    with Storage(server.url, token="t", retries=0) as storage:
        return Batch(storage.engine, BatchPlan(items), jobs=1, conflict=Conflict.OVERWRITE).run()


def test_a_pack_with_the_blobs_of_other_keys_is_not_taken(tmp_path: Path) -> None:
    swapped = b"".join(frame(blob(key, content), content) for key, content in reversed(CONTENTS.items()))
    with ScriptedServer(DESCRIPTION, answer(200, body=swapped), *[REFUSAL] * 20) as server:
        results = move(server, tmp_path, "download")
    assert [request for request, _ in server.requests][1].startswith("POST ")
    assert [result.state for result in results] == ["failed", "failed"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", [
    b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP",
    b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 12", b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: 12\r\n",
])  # fmt: skip
def test_an_answer_that_ends_before_its_body_is_told_in_words(said: bytes) -> None:
    with (
        ScriptedServer(said) as server,
        Storage(server.url, token="t", retries=0) as storage,
        pytest.raises(TransferInterruptedError, match="the connection broke") as caught,
    ):
        storage.exists("a")
    assert "role=" not in caught.value.message


@pytest.mark.parametrize("lie", ["crc32c", "size", "key", "endless"])
def test_a_pack_that_was_stored_otherwise_is_not_done(tmp_path: Path, lie: str) -> None:
    for key, content in CONTENTS.items():
        (tmp_path / key).write_bytes(content)
    told: dict[str, Any] = {"crc32c": {"crc32c": "AAAAAA=="}, "size": {"size": 5}, "key": {"key": "c"}}.get(lie, {})
    body = json.dumps({"results": [{**blob(*row), **told} for row in CONTENTS.items()]}).encode()
    if lie == "endless":
        body += b" " * CONTROL_BYTES
    with ScriptedServer(DESCRIPTION, answer(200, body=body), *[REFUSAL] * 20) as server:
        results = move(server, tmp_path, "upload")
    assert [result.state for result in results] == ["failed", "failed"]


def test_a_part_that_was_not_asked_for_is_no_part_of_the_file(tmp_path: Path) -> None:
    cut = b'HTTP/1.1 200 X\r\nContent-Length: 10\r\nETag: "e"\r\nConnection: close\r\n\r\n01234'
    other = answer(206, "Content-Range: bytes 0-4/10", 'ETag: "e"', body=b"01234")
    with (
        ScriptedServer(cut, other, other) as server,
        Storage(server.url, token="t") as storage,
        pytest.raises(ProtocolError, match="a different part"),
    ):
        storage.get_file("k", tmp_path / "k")
    assert server.requests[1][1]["range"] == "bytes=5-"
    assert list(tmp_path.iterdir()) == []


def test_a_head_without_an_end_is_not_gathered() -> None:
    endless = b"HTTP/1.1 200 X\r\nX-A: " + b"a" * 10_000_000 + b"\r\nContent-Length: 0\r\n\r\n"
    with (
        ScriptedServer(endless) as server,
        Storage(server.url, token="t", retries=0) as storage,
        pytest.raises(StorageError),
    ):
        storage.get("k")


COLUMNS = {"names": ["a"], "sizes": [1], "modified": [1], "prefixes": [], "next": "t"}
ENDLESS: dict[str, tuple[Any, Callable[[Storage], Any]]] = {
    "keys": (["a"], lambda storage: list(storage.iter_list())),
    "details": ({"blobs": [blob("a", b"x")], "prefixes": []}, lambda storage: storage.list_page(token="t")),
    "columns": ({"pages": [COLUMNS]}, lambda storage: storage.list_columns(token="t")),
}


@pytest.mark.parametrize("form", ENDLESS)
def test_a_list_that_never_goes_on_ends(form: str) -> None:
    body, read = ENDLESS[form]
    pages = [answer(200, "X-NEXT: t", body=json.dumps(body).encode())] * 3
    described = [] if form == "keys" else [DESCRIPTION]
    with (
        ScriptedServer(*described, *pages) as server,
        Storage(server.url, token="t", retries=0) as storage,
        pytest.raises(ProtocolError, match="the same page of data again"),
    ):
        read(storage)
