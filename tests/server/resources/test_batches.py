"""Packs on the wire: many small blobs in one request, each with its own result, in bounded memory."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.packs import PACK_TYPE, Frame, PackReader, frame
from storage_tui.server.access.keyring import load_keyring
from storage_tui.server.access.tokens import sign_token
from storage_tui.server.http.grants import make_restriction
from tests.server.running import RunningServer, read_answer

LIMIT = 256 * 1024


def crc(content: bytes) -> str:
    return checksum.encode(checksum.extend(0, content))


def up(client: httpx.Client, *frames: bytes, storage_type: str = "tmp") -> httpx.Response:
    return client.post(f"/{storage_type}/set", content=b"".join(frames), headers={"Content-Type": PACK_TYPE})


def down(client: httpx.Client, *keys: str, storage_type: str = "tmp") -> list[Frame]:
    answer = client.post(f"/{storage_type}/get", json={"keys": keys})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == PACK_TYPE and answer.headers["cache-control"] == "no-store"
    reader = PackReader(LIMIT)
    frames = list(reader.feed(answer.content))
    reader.end()
    return frames


def test_a_pack_is_stored_and_sent_again_each_blob_as_by_itself(ann: httpx.Client, name: str) -> None:
    blobs = {f"{name}/{number}": bytes([number]) * number * 400 for number in range(100)}
    answer = up(ann, *(frame({"key": key, "crc32c": crc(content)}, content) for key, content in blobs.items()))
    rows = answer.json()["results"]
    assert [(row["key"], row["size"], row["crc32c"]) for row in rows] == [
        (key, len(content), crc(content)) for key, content in blobs.items()
    ]
    assert all(row["expires"] for row in rows), "tmp"
    for row in rows[::33]:
        alone = ann.get(f"/tmp/get/{row['key']}")
        assert alone.content == blobs[row["key"]] and alone.headers["etag"] == f'"{row["etag"]}"'
    found = down(ann, *reversed(blobs))
    assert [(head["key"], content) for head, content in found] == list(reversed(blobs.items()))
    assert {head["etag"] for head, _ in found} == {row["etag"] for row in rows}


def test_each_blob_has_its_own_result(ann: httpx.Client, name: str) -> None:
    good, large = f"{name}/good", f"{name}/large"
    answer = up(
        ann, frame({"key": f"{name}/damaged", "crc32c": crc(b"other")}, b"content"), frame({"key": "a/../b"}, b"x"),
        frame({"key": good, "content_type": "text/csv; charset=utf-8"}, b"1,2"),
        frame({"key": f"{name}/odd", "crc32c": "?"}, b"x"), frame({"key": f"{name}/empty"}),
    )  # fmt: skip
    damaged, bad, stored, odd, empty = answer.json()["results"]
    assert (damaged["error"], bad["error"], odd["error"]) == ("checksum_mismatch", "invalid_key", "bad_request")
    assert stored["key"] == good and stored["content_type"] == "text/csv" and empty["size"] == 0
    ann.put(f"/tmp/set/{large}", content=bytes(LIMIT + 1)).raise_for_status()
    rows = down(ann, good, f"{name}/damaged", large, "a/../b", good)
    assert [head.get("error") for head, _ in rows] == [None, "not_found", "too_large", "invalid_key", None]
    assert rows[0] == rows[4] and rows[0][1] == b"1,2"


def test_products_are_stored_once(ann: httpx.Client, name: str) -> None:
    for expected in (None, "type_rule"):
        (row,) = up(ann, frame({"key": name}, b"once"), storage_type="products").json()["results"]
        assert row.get("error") == expected


@pytest.mark.parametrize("body, status, reason", [
    (b"\0\0", 400, "within a frame"), (frame({"key": 5}), 400, '{"key"'), (frame({}), 400, '{"key"'),
    (frame({"key": "k", "crc32c": 5}), 400, "crc32c and"), (frame({"key": "k", "content_type": []}), 400, "type opt"),
    (frame({"key": "k"}) * 2, 400, "each key once"), (b"".join(frame({"key": str(n)}) for n in range(257)), 413, "256"),
    (frame({"key": "k"}, bytes(LIMIT + 1)), 400, "at most 262144"),
    (b"".join(frame({"key": str(n)}, bytes(LIMIT)) for n in range(9)), 413, "2097152"),
])  # fmt: skip
def test_what_is_no_pack_stores_nothing_and_says_why(ann: httpx.Client, body: bytes, status: int, reason: str) -> None:
    before = ann.get("/result/list").text
    answer = up(ann, body, storage_type="result")
    assert (answer.status_code, reason in answer.text) == (status, True), answer.text
    assert ann.get("/result/list").text == before


def test_a_pack_without_a_length_is_bounded_too(ann: httpx.Client, name: str) -> None:
    def endless() -> Iterator[bytes]:
        for number in range(20):
            yield frame({"key": f"{name}/{number}"}, bytes(LIMIT))

    try:
        status = ann.post("/tmp/set", content=endless()).status_code
    except httpx.TransportError:  # it was refused and closed before all was sent
        status = 413
    assert status == 413
    assert ann.get("/tmp/list", params={"prefix": name}).text == "[]"


def test_a_pack_that_is_announced_too_long_is_refused_before_it_comes(server: RunningServer) -> None:
    token = server.token()
    with server.connect() as connection:
        connection.sendall(
            f"POST /storage/v1/tmp/set HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n"
            "Content-Length: 2097153\r\n\r\n".encode()
        )
        status, _, content = read_answer(connection)
    assert status == 413 and b"at most 2097152 bytes" in content


@pytest.mark.parametrize("body", [{}, {"keys": 5}, {"keys": [5]}, {"keys": [None]}, [], {"keys": ["k"] * 257}])
def test_a_list_of_keys_that_is_none_is_refused(ann: httpx.Client, body: Any) -> None:
    assert ann.post("/tmp/get", json=body).status_code in (400, 413)


def test_nothing_is_stored_or_told_when_one_key_is_outside_of_what_the_token_is_for(
    server: RunningServer, ann: httpx.Client, name: str
) -> None:
    ann.put(f"/tmp/set/{name}/other", content=b"x").raise_for_status()
    restriction = make_restriction(["tmp"], ["read", "write"], f"{name}/mine")
    token = sign_token(load_keyring(server.records()), "ann", restriction=restriction)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False) as client:
        inside, outside = f"{name}/mine/a", f"{name}/other"
        assert up(client, frame({"key": inside}, b"1"), frame({"key": outside}, b"2")).status_code == 403
        assert client.post("/tmp/get", json={"keys": [inside, outside]}).status_code == 403
        assert ann.head(f"/tmp/get/{inside}").status_code == 404
        assert up(client, frame({"key": inside}, b"1")).status_code == 200
        assert down(client, inside)[0][1] == b"1"
