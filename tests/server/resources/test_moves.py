"""Moves and copies over the wire: one and many, what is refused and how, and what other clients see."""

import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.server.resources.blobs import generation_of
from tests.server.running import RunningServer


@pytest.fixture
def client(server: RunningServer, name: str) -> Any:
    """A user whom nobody was before."""
    with server.client(f"user of {name}") as made:
        yield made


def put(client: httpx.Client, key: str, content: bytes = b"content", storage_type: str = "data") -> Blob:
    answer = client.put(f"/{storage_type}/set/{key}", content=content)
    assert answer.status_code == 200, answer.text
    return Blob.from_json(answer.json(), storage_type)


def keys(client: httpx.Client, storage_type: str = "data") -> Any:
    return client.get(f"/{storage_type}/list").json()


def move(client: httpx.Client, verb: str = "move", storage_type: str = "data", **body: Any) -> httpx.Response:
    return client.post(f"/{storage_type}/{verb}", content=json.dumps(body))


def test_a_move_answers_with_the_blob_where_it_is_now(client: httpx.Client) -> None:
    before = put(client, "old")
    answer = move(client, key="old", to_key="new")
    moved = Blob.from_json(answer.json(), "data")
    assert answer.headers["etag"] == f'"{moved.etag}"'
    assert (moved.key, moved.etag, moved.modified, moved.crc32c) == ("new", before.etag, before.modified, before.crc32c)
    assert client.get("/data/get/new").content == b"content"
    assert client.head("/data/get/old").status_code == 404 and keys(client) == ["new"]
    answer = move(client, key="new", to_key="n", to_storage_type="tmp", etag=f'"{before.etag}"')
    assert Blob.from_json(answer.json(), "tmp").expires is not None
    assert keys(client) == [] and keys(client, "tmp") == ["n"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"key": "none", "to_key": "new"}, 404, "not_found"),
        ({"key": "k", "to_key": "there", "overwrite": False}, 409, "conflict"),
        ({"key": "k", "to_key": "k", "overwrite": False}, 409, "conflict"),
        ({"key": "k", "to_key": "new", "etag": "another"}, 412, "precondition_failed"),
        ({"key": "k", "to_key": "new", "to_storage_type": "nope"}, 400, "unknown_storage_type"),
        ({"key": "k", "to_key": "sealed", "to_storage_type": "products"}, 409, "type_rule"),
        ({"key": "k", "to_key": ""}, 400, "invalid_key"),
        ({"key": "", "to_key": "k"}, 400, "invalid_key"),
        ({"key": "k", "to_key": "a/../b"}, 400, "invalid_key"),
        ({"key": "k", "to_key": "x" * 1025}, 400, "invalid_key"),
        ({"key": "k", "to_key": "\x00"}, 400, "invalid_key"),
        ({"key": "k"}, 400, "bad_request"),
        ({"to_key": "k"}, 400, "bad_request"),
        ({}, 400, "bad_request"),
        ({"key": 1, "to_key": "new"}, 400, "bad_request"),
        ({"key": "k", "to_key": ["new"]}, 400, "bad_request"),
        ({"key": None, "to_key": "new"}, 400, "bad_request"),
        ({"key": "k", "to_key": "new", "overwrite": "no"}, 400, "bad_request"),
        ({"key": "k", "to_key": "new", "overwrite": 0}, 400, "bad_request"),
        ({"key": "k", "to_key": "new", "etag": 7}, 400, "bad_request"),
        ({"key": "k", "to_key": "new", "to_storage_type": 7}, 400, "bad_request"),
        ({"targets": {}}, 400, "bad_request"),
        ({"targets": "k"}, 400, "bad_request"),
        ({"targets": None}, 400, "bad_request"),
        ({"targets": [["k", "new"]]}, 400, "bad_request"),
        ({"targets": [{"key": "k"}]}, 400, "bad_request"),
        ({"targets": [{"key": "k", "to_key": "new"}, {"key": "k", "to_key": 1}]}, 400, "bad_request"),
        ({"targets": [{"key": "k", "to_key": "new"}, {"key": "k", "to_key": "n", "to_storage_type": "no"}]}, 400,
         "unknown_storage_type"),
        ({"targets": [{"key": "k", "to_key": "new"}], "key": "k", "to_key": "other"}, 400, "bad_request"),
        ({"targets": [{"key": "k", "to_key": "new"}] * 1001}, 413, "too_large"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["move", "copy"])
def test_what_is_refused_changes_nothing(
    client: httpx.Client, verb: str, body: dict[str, Any], status: int, code: str
) -> None:
    put(client, "k")
    put(client, "there", b"there")
    put(client, "sealed", b"sealed", "products")
    if verb == "copy" and code == "conflict":
        status, code = 412, "precondition_failed"  # as the call was before there were moves
    answer = move(client, verb, **body)
    assert (answer.status_code, answer.headers.get("x-error-code")) == (status, code), answer.text
    assert keys(client) == ["k", "there"] and client.get("/data/get/there").content == b"there"
    assert keys(client, "products") == ["sealed"]


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b'{"key": "k", "to_key": "\\ud800"}', b"\xff", b"7"])
@pytest.mark.parametrize("verb", ["move", "copy"])
def test_a_body_of_another_form_is_refused(client: httpx.Client, verb: str, content: bytes) -> None:
    put(client, "k")
    assert client.post(f"/data/{verb}", content=content).status_code == 400
    assert keys(client) == ["k"]


def test_nothing_moves_out_of_products(client: httpx.Client) -> None:
    put(client, "p", storage_type="products")
    answer = move(client, storage_type="products", key="p", to_key="p", to_storage_type="data")
    assert answer.status_code == 409 and "cannot move 'p': products is upload only" in answer.text
    answer = move(client, storage_type="products", targets=[{"key": "p", "to_key": "q"}])
    assert answer.json()["results"][0]["error"] == "type_rule"
    assert keys(client, "products") == ["p"] and keys(client) == []


@pytest.mark.parametrize("verb", ["move", "copy"])
def test_each_target_has_its_own_result_in_order(client: httpx.Client, verb: str) -> None:
    for key in ("a", "b", "c"):
        put(client, key, key.encode())
    there = put(client, "there", b"there", "tmp")
    wanted = [
        Move("a", "there", "data", "tmp"), Move("none", "x"), Move("b", "c", overwrite=False),
        Move("b", "y", etag="no"), Move("c", "z"),
    ]  # fmt: skip
    targets = [row.to_json() for row in wanted]
    targets[1:1] = [{"key": "a", "to_key": "a/../b"}, {"key": "\ud800", "to_key": "x"}]
    answer = move(client, verb, targets=targets)
    assert answer.status_code == 200, answer.text
    rows = answer.json()["results"]
    assert [rows[1]["error"], rows[2]["error"]] == ["invalid_key"] * 2
    del rows[1:3]
    results = [MoveResult.from_json(row, row_wanted) for row, row_wanted in zip(rows, wanted, strict=True)]
    errors = [None, "not_found", "conflict", "precondition_failed", None]
    assert [result.error for result in results] == errors
    assert results[0].overwritten == there.etag and results[4].overwritten is None
    assert client.get("/tmp/get/there").content == b"a" and client.get("/data/get/z").content == b"c"
    assert keys(client) == (["b", "z"] if verb == "move" else ["a", "b", "c", "z"])
    assert move(client, verb, targets=[]).json() == {"results": []}


@pytest.mark.parametrize("verb", ["move", "copy"])
def test_the_longest_batch_is_taken_and_a_longer_body_is_not(client: httpx.Client, verb: str) -> None:
    long = "é" * 505
    targets = [{"key": f"{number:06}{long}", "to_key": f"{number:06}{long}", "to_storage_type": "tmp", "etag": None,
                "overwrite": True} for number in range(1000)]  # fmt: skip
    put(client, f"000007{long}")
    results = move(client, verb, targets=targets).json()["results"]  # every é is an escape of six bytes
    assert [number for number, row in enumerate(results) if row["error"] is None] == [7]
    assert client.post(f"/data/{verb}", content=b" " * (8 * 1024 * 1024 + 1)).status_code == 413


def test_other_users_see_and_move_nothing(client: httpx.Client, bob: httpx.Client, name: str) -> None:
    put(client, name)
    assert move(bob, key=name, to_key="mine").status_code == 404
    assert move(bob, targets=[{"key": name, "to_key": "mine"}]).json()["results"][0]["error"] == "not_found"
    assert keys(client) == [name]


def test_a_download_does_not_go_on_with_another_blob_of_the_same_moment(client: httpx.Client) -> None:
    first = put(client, "k")
    number = client.head("/data/get/k").headers["x-goog-generation"]
    assert client.get("/data/get/k", params={"generation": number}).status_code == 200
    twins = (replace(first, etag=f"{twin:032x}") for twin in range(20))
    assert len({generation_of(twin) for twin in twins}) > 15


def test_the_published_calls_see_the_moved_blob_and_a_revoked_token_moves_nothing(
    server: RunningServer, client: httpx.Client, name: str
) -> None:
    put(client, "old")
    with server.client(f"user of {name}") as again:
        move(client, key="old", to_key="a b/ü")
        assert again.get("/data/list", params={"prefix": "a"}).json() == ["a b/ü"]
        assert again.get("/data/get/a%20b/%C3%BC", headers={"User-Agent": "dl-python/1.12.1"}).content == b"content"
        url = again.get("/data/get_signed_url/a%20b/%C3%BC").text
        assert httpx.get(url, trust_env=False).content == b"content"
        move(client, key="a b/ü", to_key="away")
        assert httpx.get(url, trust_env=False).status_code == 404
    for header in ("Bearer no.such.token", ""):
        for body in ({"key": "away", "to_key": "x"}, {"targets": [{"key": "away", "to_key": "x"}]}):
            answer = client.post("/data/move", json=body, headers={"Authorization": header})
            assert answer.status_code == 401
    assert keys(client) == ["away"]


def test_a_move_is_told_as_a_feature(client: httpx.Client) -> None:
    assert {"move", "move-batch", "copy-batch"} <= set(client.get("").json()["features"])


def test_one_copy_may_ask_for_another_content_type(client: httpx.Client) -> None:
    put(client, "k")
    answer = move(client, "copy", key="k", to_key="k", content_type="Text/CSV; charset=utf-8")
    assert answer.json()["content_type"] == "text/csv"
    head = client.head("/data/get/k")
    assert head.headers["content-type"] == "text/csv" and client.get("/data/get/k").content == b"content"
    answer = move(client, "copy", key="k", to_key="k", content_type="application/octet-stream")
    assert client.head("/data/get/k").headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "body",
    [
        {"key": "k", "to_key": "k", "content_type": "text/html"},
        {"key": "k", "to_key": "k", "content_type": "image/svg+xml"},
        {"key": "k", "to_key": "k", "content_type": "text/csv\r\nX-Evil: 1"},
        {"key": "k", "to_key": "k", "content_type": "nonsense " * 1000},
        {"key": "k", "to_key": "k", "content_type": ""},
        {"key": "k", "to_key": "k", "content_type": 7},
        {"key": "k", "to_key": "k", "content_type": ["text/csv"]},
        {"targets": [{"key": "k", "to_key": "k", "content_type": "text/csv"}]},
        {"targets": [{"key": "k", "to_key": "k"}], "content_type": "text/csv"},
    ],
)
def test_a_content_type_that_is_not_served_changes_nothing(client: httpx.Client, body: dict[str, Any]) -> None:
    before = put(client, "k")
    answer = move(client, "copy", **body)
    assert answer.status_code == 400 and len(answer.text) < 400 and "\n" not in answer.text
    assert client.head("/data/get/k").headers["etag"] == f'"{before.etag}"'
