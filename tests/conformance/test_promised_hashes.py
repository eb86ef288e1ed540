"""Hashes that a writer promises, on both engines: the bytes have them, or nothing is stored."""

import base64
import hashlib
import random
import secrets
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.packs import PACK_TYPE, frame
from tests import seaweed
from tests.server.resources.uploading import new_url, put, read
from tests.server.running import RunningServer

CONTENT = random.Random(3).randbytes(700_000)
PIECE = 256 * 1024
GOOGLE = {"User-Agent": "gcloud-python/3.4"}
OURS = {"User-Agent": "storage-tui/0"}  # no md5 is computed for it unasked

Send = Callable[[httpx.Client, str, bytes, dict[str, str]], httpx.Response]


def text(name: str, content: bytes) -> str:
    """A hash in base64."""
    one = checksum.hasher(name)
    one.update(content)
    return base64.b64encode(one.digest()).decode()


def of_blob(content: bytes) -> dict[str, str]:
    """Every header that promises a hash of the whole blob, by a name for the test."""
    md5, sha, crc32c = text("md5", content), text("sha-256", content), text("crc32c", content)
    return {
        "x-goog-hash": f"md5={md5}",
        "x-goog-hash ": f"crc32c={crc32c},md5={md5}",
        "x-goog-hash  ": f"crc32c={crc32c}",
        "Repr-Digest": f"sha-256=:{sha}:",
        "Repr-Digest ": f"md5=:{md5}:, sha-512=:{text('sha-512', content)}:;q=1",
        "Digest": f"SHA-256={sha},MD5={md5}",
        "Digest ": f"SHA={text('sha-1', content)}",
    }


def of_body(content: bytes) -> dict[str, str]:
    """Every header that promises a hash of the body of a request."""
    return {
        "Content-MD5": text("md5", content),
        "Content-Digest": f"sha-256=:{text('sha-256', content)}:",
        "Content-Digest ": f"md5=:{text('md5', content)}:,crc32c=:{text('crc32c', content)}:",
        "x-amz-checksum-sha256": text("sha-256", content),
        "x-amz-checksum-sha1": text("sha-1", content),
        "x-amz-checksum-crc32": base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode(),
        "x-amz-checksum-crc32c": text("crc32c", content),
        "x-amz-content-sha256": hashlib.sha256(content).hexdigest(),
    }


OF_BLOB, OF_BODY = list(of_blob(b"")), list(of_body(b""))


def promise(name: str, content: bytes) -> dict[str, str]:
    return {name.strip(): (of_blob(content) | of_body(content))[name]}


def by_set(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return client.put(f"/data/set/{key}", content=content, headers=headers)


def by_url(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return put(new_url(client, key), content, None, **headers)


def by_last_piece(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    """Pieces of which the last alone promises something."""
    url, total = new_url(client, key), len(content)
    for start in range(0, total - PIECE, PIECE):
        assert put(url, content[start : start + PIECE], f"bytes {start}-{start + PIECE - 1}/*").status_code == 308
    start = (total - 1) // PIECE * PIECE
    return put(url, content[start:], f"bytes {start}-{total - 1}/{total}", **headers)


def by_total(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    """All bytes, and then an empty request that ends the upload and promises something."""
    url, total = new_url(client, key), len(content)
    assert put(url, content, f"bytes 0-{total - 1}/*").status_code == 308
    return put(url, b"", f"bytes */{total}", **headers)


def at_the_begin(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return put(new_url(client, key, **headers), content)


def at_the_begin_of_pieces(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    url, total = new_url(client, key, **headers), len(content)
    assert put(url, content[:PIECE], f"bytes 0-{PIECE - 1}/{total}", **OURS).status_code == 308
    return put(url, content[PIECE:], f"bytes {PIECE}-{total - 1}/{total}")


def in_one_piece(client: httpx.Client, key: str, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return put(new_url(client, key), content, f"bytes 0-{len(content) - 1}/{len(content)}", **headers)


WHOLE: tuple[Send, ...] = (
    by_set, by_url, in_one_piece, by_last_piece, by_total, at_the_begin, at_the_begin_of_pieces,
)  # fmt: skip
ONE_BODY: tuple[Send, ...] = (by_set, by_url, in_one_piece)
SOME = ("x-goog-hash", "Repr-Digest", "Content-MD5", "x-amz-checksum-crc32c")  # where all would say no more


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client(f"hashes-{secrets.token_hex(4)}") as client:
        yield client


def check_both_ways(client: httpx.Client, send: Send, name: str) -> None:
    wrong = send(client, "k", CONTENT, promise(name, CONTENT + b"!"))
    assert (wrong.status_code, wrong.headers["x-error-code"]) == (400, "checksum_mismatch"), wrong.text
    assert read(client, "k").status_code == 404
    right = send(client, "k", CONTENT, promise(name, CONTENT))
    assert right.status_code == 200, right.text
    assert read(client, "k").content == CONTENT


@pytest.mark.parametrize(
    ("send", "name"), [(send, name) for send in WHOLE for name in OF_BLOB if send is by_url or name in SOME]
)
def test_a_hash_of_the_blob_is_compared(client: httpx.Client, send: Send, name: str) -> None:
    check_both_ways(client, send, name)


@pytest.mark.parametrize(
    ("send", "name"), [(send, name) for send in ONE_BODY for name in OF_BODY if send is by_url or name in SOME]
)
def test_a_hash_of_the_body_is_compared(client: httpx.Client, send: Send, name: str) -> None:
    check_both_ways(client, send, name)


@pytest.mark.parametrize("name", [name for name in OF_BODY if name in SOME])
def test_a_piece_that_has_not_its_hash_is_not_kept(client: httpx.Client, name: str) -> None:
    url, total = new_url(client, "k"), len(CONTENT)
    first, rest = CONTENT[:PIECE], CONTENT[PIECE:]
    assert put(url, first, f"bytes 0-{PIECE - 1}/{total}", **promise(name, first)).status_code == 308
    wrong = put(url, rest, f"bytes {PIECE}-{total - 1}/{total}", **promise(name, CONTENT))
    assert wrong.headers["x-error-code"] == "checksum_mismatch"
    state = put(url, b"", "bytes */*")
    assert (state.status_code, state.headers.get("range")) == (308, None)
    for start, piece in ((0, first), (PIECE, rest)):
        last = put(url, piece, f"bytes {start}-{start + len(piece) - 1}/{total}", **promise(name, piece))
    assert last.status_code == 200
    assert read(client, "k").content == CONTENT


def test_a_hash_of_the_blob_on_a_piece_before_the_last_is_refused(client: httpx.Client) -> None:
    for name in OF_BLOB:
        answer = put(new_url(client, "k"), CONTENT[:PIECE], f"bytes 0-{PIECE - 1}/*", **promise(name, CONTENT))
        assert answer.status_code == 400 and "last piece" in answer.text


@pytest.mark.parametrize("headers", [
    {"x-goog-hash": "md5=nonsense"}, {"x-goog-hash": "md5=AAAA"}, {"x-goog-hash": "sha3=AAAA"}, {"x-goog-hash": "md5"},
    {"x-goog-hash": f"md5={text('md5', b'a')},md5={text('md5', b'b')}"}, {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg"},
    {"Content-MD5": "d41d8cd98f00b204e9800998ecf8427e"}, {"Content-Digest": "sha-256=AAAA"},
    {"Content-Digest": "unixsum=:AAAA:"}, {"Repr-Digest": "sha-512=:AAAA:"}, {"Digest": "UNIXsum=30637"},
    {"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, {"x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
    {"Trailer": "Content-Digest"}, {"Trailer": "x-amz-checksum-crc32c"},
    {"x-goog-hash": f"md5={text('md5', b'a')}", "Content-MD5": text("md5", b"b")},
], ids=str)  # fmt: skip
def test_what_cannot_be_compared_is_refused(client: httpx.Client, headers: dict[str, str]) -> None:
    for send in ONE_BODY:
        assert send(client, "k", b"a", headers).status_code == 400
    assert read(client, "k").status_code == 404


def test_a_header_that_promises_nothing_is_taken(client: httpx.Client) -> None:
    headers = {"x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-checksum-algorithm": "SHA256", "x-goog-hash": ""}
    assert by_url(client, "k", b"a", headers).status_code == 200


def test_md5_is_told_at_the_end_and_on_reading_where_it_is_known(client: httpx.Client) -> None:
    md5 = text("md5", CONTENT)
    for send in (by_url, by_last_piece, at_the_begin, at_the_begin_of_pieces):
        raw = send(client, "k", CONTENT, {"x-goog-hash": f"md5={md5}"}).json()
        assert (raw["md5Hash"], raw["crc32c"]) == (md5, text("crc32c", CONTENT))
        told = read(client, "k").headers["x-goog-hash"]
        assert told == f"crc32c={text('crc32c', CONTENT)},md5={md5}"
        assert client.head("/data/get/k").headers["x-goog-hash"] == told
    assert client.post("/data/copy", json={"key": "k", "to_key": "l"}).json()["md5"] == md5
    assert "md5=" in client.head("/data/get/l").headers["x-goog-hash"]
    assert by_set(client, "k", b"plain", {}).status_code == 200
    assert "md5" not in client.head("/data/get/k").headers["x-goog-hash"]


def test_pieces_of_another_program_end_with_md5_and_a_plain_upload_does_not_pay_for_it(client: httpx.Client) -> None:
    assert by_last_piece(client, "k", CONTENT, GOOGLE).json()["md5Hash"] == text("md5", CONTENT)
    assert "md5Hash" not in by_url(client, "k", CONTENT, {}).json()
    ours = put(new_url(client, "k"), CONTENT, f"bytes 0-{len(CONTENT) - 1}/*", **OURS)
    assert ours.status_code == 308


def test_a_repeat_of_the_end_is_compared_with_the_blob(client: httpx.Client) -> None:
    url, total = new_url(client, "k"), len(CONTENT)
    span = f"bytes 0-{total - 1}/{total}"
    first = put(url, CONTENT, span, **promise("x-goog-hash", CONTENT))
    assert first.status_code == 200
    for form in (None, span):
        assert put(url, CONTENT, form, **promise("x-goog-hash", CONTENT)).json() == first.json()
        for name in ("x-goog-hash", "x-goog-hash  "):
            wrong = put(url, CONTENT, form, **promise(name, b"other"))
            assert wrong.headers["x-error-code"] == "checksum_mismatch", (form, name)
    other = put(url, b"other", None, **promise("x-goog-hash", b"other"))
    assert other.headers["x-error-code"] == "checksum_mismatch"
    assert put(url, CONTENT, span, **promise("Repr-Digest", b"other")).status_code == 409
    assert put(url, b"", f"bytes */{total}", **promise("x-goog-hash", b"other")).status_code == 400


def test_the_blobs_of_a_pack_have_their_md5(client: httpx.Client) -> None:
    good, bad = {"key": "good", "md5": text("md5", b"1")}, {"key": "bad", "md5": text("md5", b"other")}
    none, plain = {"key": "none", "md5": "x"}, {"key": "plain"}
    rows = b"".join(frame(head, b"1") for head in (good, bad, none, plain))
    answer = client.post("/data/set", content=rows, headers={"Content-Type": PACK_TYPE})
    results = answer.json()["results"]
    assert [row.get("error") for row in results] == [None, "checksum_mismatch", "bad_request", None]
    for head, status in ((good, 200), (bad, 404), (none, 404), (plain, 200)):
        assert client.head(f"/data/get/{head['key']}").status_code == status
    assert results[0]["md5"] == good["md5"]


@pytest.mark.parametrize("name", SOME)
def test_the_body_of_any_call_has_its_hash(client: httpx.Client, name: str) -> None:
    body = b'{"targets": [{"key": "k"}]}'
    assert by_set(client, "k", b"a", {}).status_code == 200
    headers = {"Content-Type": "application/json"}
    wrong = client.post("/data/delete", content=body, headers=headers | promise(name, b"other"))
    assert wrong.headers["x-error-code"] == "checksum_mismatch"
    assert read(client, "k").status_code == 200
    assert client.post("/data/delete", content=body, headers=headers | promise(name, body)).status_code == 200
    assert read(client, "k").status_code == 404


def test_a_hash_of_a_body_that_no_request_to_begin_has_is_refused(client: httpx.Client) -> None:
    answer = client.get("/data/new_resumable_url/k", headers={"Content-MD5": text("md5", b"blob")})
    assert (answer.status_code, answer.headers["x-error-code"]) == (400, "checksum_mismatch")


@pytest.fixture(params=["local", "s3"])
def alone(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    """A server of its own on each engine, which the test stops and starts."""
    bucket = None if request.param == "local" else seaweed.place(f"hashes-{secrets.token_hex(4)}/")
    running = RunningServer(tmp_path / "data", bucket=bucket)
    running.start()
    yield running
    assert running.stop() == 0


def test_a_hash_is_compared_after_the_server_was_started_again(alone: RunningServer) -> None:
    """The state of a hash is lost with its process. The stored bytes are read again, or the hash is refused."""
    content = CONTENT * 14  # more than one part of a bucket
    total, half = len(content), 9 * 1024 * 1024

    def upload(client: httpx.Client, headers: Any, begun: Any, agent: str = "other/1") -> httpx.Response:
        url = new_url(client, "k", **begun)
        first = put(url, content[:half], f"bytes 0-{half - 1}/{total}", **{"User-Agent": agent})
        assert first.status_code == 308, first.text
        assert alone.stop() == 0
        alone.start()
        return put(url, content[half:], f"bytes {half}-{total - 1}/{total}", **{"User-Agent": agent, **headers})

    with alone.client("ann") as client:
        plain = upload(client, {}, {})
        assert plain.status_code == 200, plain.text
        assert client.delete("/data/k").status_code == 200
        wrong, right = promise("x-goog-hash", b"other"), promise("x-goog-hash", content)
        if alone.bucket is not None:
            refused = upload(client, right, {}, "storage-tui/0")
            assert (refused.status_code, "cannot be compared" in refused.text) == (409, True), refused.text
            assert read(client, "k").status_code == 404
            return
        assert plain.json()["md5Hash"] == text("md5", content)
        for at_end, at_begin in ((wrong, {}), ({}, wrong)):
            refused = upload(client, at_end, at_begin, "storage-tui/0")
            assert refused.headers["x-error-code"] == "checksum_mismatch", refused.text
            assert read(client, "k").status_code == 404
        assert upload(client, right, {}, "storage-tui/0").json()["md5Hash"] == text("md5", content)
