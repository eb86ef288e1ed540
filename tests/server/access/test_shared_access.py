"""Servers on one bucket share who may what: keys, revoked tokens, logins, quotas."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from storage_tui.contract.models import ServiceInfo
from storage_tui.contract.packs import frame
from storage_tui.server.access.issued import revoke
from storage_tui.server.access.keyring import forget_old_keys, rotate_keys
from storage_tui.server.quotas.limits import change_limits
from storage_tui.server.run.serve import Bounds
from tests import seaweed
from tests.server.running import RunningServer

Pair = tuple[RunningServer, RunningServer]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers on one bucket that look at the records often."""
    place = seaweed.place(f"access-{secrets.token_hex(4)}/")
    bounds = Bounds(follow_s=0.2)
    folder = tmp_path_factory.mktemp("access")
    pair = (
        RunningServer(folder / "one", bounds=bounds, bucket=place),
        RunningServer(folder / "two", bounds=bounds, bucket=place),
    )
    for server in pair:
        server.start()
    yield pair
    for server in pair:
        assert server.stop() == 0
        assert server.log_text() == ""


def at(server: RunningServer, url: str) -> str:
    """The URL, on another server."""
    parts = urlsplit(url)
    return server.url.removesuffix("/storage/v1") + parts.path + (f"?{parts.query}" if parts.query else "")


def get(url: str, token: str = "") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(url, headers=headers, trust_env=False, timeout=60).status_code


def test_a_token_revoked_at_one_ends_at_all_with_what_it_made(servers: Pair) -> None:
    one, two = servers
    token = one.token("ann")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=one.url, headers=headers, trust_env=False, timeout=60) as ann:
        assert ann.put("/data/set/shared", content=b"x").status_code == 200
        signed, upload = ann.get("/data/get_signed_url/shared").text, ann.get("/data/new_resumable_url/up").text
    assert get(at(two, signed)) == get(f"{two.url}/data/list", token) == 200
    revoke(one.records(), jwt.decode(token, options={"verify_signature": False})["jti"])
    for server in servers:
        while get(f"{server.url}/data/list", token) != 401:
            pass
        assert get(at(server, signed)) == 403
        assert httpx.put(at(server, upload), content=b"late", trust_env=False).status_code == 403


def test_new_keys_reach_all_at_once_and_old_ones_end_everywhere(servers: Pair) -> None:
    one, two = servers
    before = one.token("bob")
    rotate_keys(one.records())
    after = one.token("bob")
    for server in servers:
        assert get(f"{server.url}/data/list", before) == get(f"{server.url}/data/list", after) == 200
    forget_old_keys(two.records())
    for server in servers:
        while get(f"{server.url}/data/list", before) != 401:
            pass
        assert get(f"{server.url}/data/list", after) == 200


def test_packs_streams_and_copies_stay_below_the_quota_of_a_bucket(servers: Pair) -> None:
    one, two = servers
    change_limits(one.records(), "dora", {("types", "data", "bytes"): 100_000})
    frames = (frame({"key": f"k{number}"}, b"x" * 15_000) for number in range(16))
    with two.client("dora") as dora:
        while not ServiceInfo.from_json(dora.get("").json()).user.quotas:
            pass
        rows = dora.post("/data/set", content=b"".join(frames)).json()["results"]
        errors = [row.get("error") for row in rows]
        assert errors.count(None) == 6 and errors.count("quota_exceeded") == 10
        url = dora.get("/data/new_resumable_url/streamed").text
        streamed = dora.put(url, content=iter([b"x" * 5_000] * 3), headers={"Authorization": ""})
        copied = dora.post("/data/copy", json={"key": rows[errors.index(None)]["key"], "to_key": "copied"})
        assert [answer.headers["x-error-code"] for answer in (streamed, copied)] == ["quota_exceeded"] * 2
        assert dora.get("/data/usage").json()["size"] == 90_000


def test_uploads_side_by_side_stay_below_the_quota_of_a_bucket(servers: Pair) -> None:
    one, two = servers
    change_limits(one.records(), "carl", {("types", "data", "bytes"): 100_000})
    with one.client("carl") as carl, two.client("carl") as elsewhere:
        for client in (carl, elsewhere):
            while not ServiceInfo.from_json(client.get("").json()).user.quotas:
                pass

        def put(number: int) -> int:
            return carl.put(f"/data/set/k{number}", content=b"x" * 15_000).status_code

        with ThreadPoolExecutor(8) as threads:
            statuses = list(threads.map(put, range(16)))
        assert sorted(set(statuses)) == [200, 507] and statuses.count(200) == 6
        assert carl.get("/data/usage").json()["size"] == 90_000
        over = carl.get("/data/new_resumable_url/more", headers={"X-Upload-Content-Length": "100001"})
        assert over.status_code == 413
