"""Several servers on one bucket: each goes on with what another began."""

import os
import secrets
import signal
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from storage_tui.contract.models import ServiceInfo
from storage_tui.server.quotas.limits import change_limits
from tests import seaweed
from tests.server.running import RunningServer, put_head

MIB = 1024 * 1024
CONTENT = os.urandom(40 * MIB + 123)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two servers on one bucket."""
    place = seaweed.place(f"shared-{secrets.token_hex(4)}/")
    pair = RunningServer(tmp_path / "one", bucket=place), RunningServer(tmp_path / "two", bucket=place)
    for server in pair:
        server.start()
    yield pair
    for server in pair:
        if server.process.poll() is None:
            assert server.stop() == 0
            assert server.log_text() == ""


def at(server: RunningServer, url: str) -> str:
    """The URL, on another server."""
    return server.url.removesuffix("/storage/v1") + urlsplit(url).path


def send(server: RunningServer, url: str, start: int, stop: int, total: str) -> httpx.Response:
    span = f"bytes {start}-{stop - 1}/{total}" if stop > start else f"bytes */{total}"
    return httpx.put(
        at(server, url), content=CONTENT[start:stop], headers={"Content-Range": span}, trust_env=False, timeout=60
    )


@pytest.mark.parametrize("total", [3 * MIB + 7, len(CONTENT)])
def test_an_upload_goes_back_and_forth_between_servers(
    servers: tuple[RunningServer, RunningServer], total: int
) -> None:
    one, two = servers
    with one.client() as ann:
        url = ann.get("/data/new_resumable_url/shared").text
    cuts = [0, total // 5 // (256 * 1024) * 256 * 1024, total // 2, total - 3, total]
    for turn, (start, stop) in enumerate(pairwise(cuts)):
        server = servers[turn % 2]
        answer = send(server, url, start, stop, str(total))
        assert answer.status_code == (200 if stop == total else 308), answer.text
        if stop < total:
            told = send(servers[(turn + 1) % 2], url, 0, 0, "*")
            assert told.headers["range"] == f"bytes=0-{stop - 1}"
    for server in servers:
        with server.client() as ann:
            answer = ann.get("/data/get/shared")
            assert answer.content == CONTENT[:total]
            assert ann.get("/data/list").json() == ["shared"]
            assert ann.get("/tmp/list").json() == []
    assert send(two, url, 0, 0, str(total)).json()["size"] == str(total)


def test_an_upload_to_a_server_that_is_killed_is_finished_by_another(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    one, two = servers
    with one.client() as ann:
        url = ann.get("/data/new_resumable_url/survivor").text
    with socket.create_connection(("127.0.0.1", one.port), timeout=60) as connection:
        connection.sendall(put_head(url, f"Content-Length: {len(CONTENT)}"))
        connection.sendall(CONTENT[: 36 * MIB])
        while "range" not in (told := send(two, url, 0, 0, str(len(CONTENT)))).headers:
            assert told.status_code == 308
        one.stop(signal.SIGKILL)
    told = send(two, url, 0, 0, str(len(CONTENT)))
    offset = int(told.headers["range"].removeprefix("bytes=0-")) + 1
    assert 8 * MIB <= offset <= 36 * MIB
    assert send(two, url, offset, len(CONTENT), str(len(CONTENT))).status_code == 200
    with two.client() as ann:
        assert ann.get("/data/get/survivor").content == CONTENT


def test_a_blob_of_one_server_is_seen_and_guarded_by_the_other(servers: tuple[RunningServer, RunningServer]) -> None:
    one, two = servers
    with one.client() as ann, two.client() as same:
        assert ann.put("/products/set/p", content=b"first").status_code == 200
        assert same.put("/products/set/p", content=b"second").status_code == 409
        assert same.get("/products/get/p").content == b"first"
        signed = ann.get("/products/get_signed_url/p").text
    assert httpx.get(signed.replace(one.url, two.url), trust_env=False).content == b"first"
    with two.client("bob") as bob:
        assert bob.get("/products/get/p").status_code == 404


def test_a_key_that_the_bucket_has_no_room_for_is_a_bad_request(servers: tuple[RunningServer, RunningServer]) -> None:
    with servers[0].client() as ann:
        answer = ann.put(f"/data/set/{'x' * 256}", content=b"")
        assert answer.status_code == 400
        assert "room for 255" in answer.text


def used_of(client: httpx.Client) -> int | None:
    """How many bytes of `data` count against the quota, None before there is one."""
    row = ServiceInfo.from_json(client.get("").json()).user.of("data")
    return None if row is None else row.used_bytes


def test_a_quota_counts_what_either_server_stores_and_deletes(servers: tuple[RunningServer, RunningServer]) -> None:
    one, two = servers
    change_limits(one.records(), "ann", {("types", "data", "bytes"): 1000})
    with one.client("ann") as ann, two.client("ann") as same:
        while used_of(ann) is None or used_of(same) is None:  # until both have noticed, and one has counted
            pass
        assert ann.put("/data/set/a", content=b"x" * 700).status_code == 200
        while used_of(same) != 700:
            pass
        assert same.put("/data/set/b", content=b"x" * 400).status_code == 507
        assert same.put("/data/set/a", content=b"x" * 600).status_code == 200
        while used_of(ann) != 600:
            pass
        assert ann.post("/data/delete", json={"targets": [{"key": "a"}]}).status_code == 200
        while used_of(same) != 0:
            pass
        assert same.put("/data/set/b", content=b"x" * 1000).status_code == 200
