"""Single blobs: the published calls and the additions, and how their answers look."""

import json
from urllib.parse import quote

import httpx
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.models import Blob, ServiceInfo
from storage_tui.contract.storage_types import STORAGE_TYPES
from tests.server.running import RunningServer, put_head, read_all, read_answer

WRITABLE = [row.name for row in STORAGE_TYPES.values() if row.may_delete]
KEYS = (
    "a/b/c", "a//b", "/lead", "trail/", "a:b", "a@b", "a+b", "a&b=c", "a;b", "a,b", "a'b", "a*b", "a$b", "~x", "x.",
    "a b", "hé", "世界", 'a"b', "a\\b", "a|b", "[x]", "{y}", "a%b", "a?b", "a#b", "a%20b", "a%2Fb", "list", "get/x",
    "set/x", "upload/x", "he\u0301", "...", "a/.../b", "\u202eevil", "k" * 1024, "//", "/", "delete", "copy",
)  # fmt: skip


def store(client: httpx.Client, key: str, content: bytes = b"0123456789", storage_type: str = "data") -> Blob:
    answer = client.put(f"/{storage_type}/set/{quote(key)}", content=content)
    assert answer.status_code == 200, answer.text
    return Blob.from_json(answer.json(), storage_type)


def test_the_description_tells_what_this_server_can(ann: httpx.Client) -> None:
    info = ServiceInfo.from_json(ann.get("").json())
    assert info.service == "storage"
    assert {"details", "delimiter", "usage", "set", "delete-batch", "copy", "range"} <= info.features
    assert [row["name"] for row in info.storage_types] == list(STORAGE_TYPES)
    assert ann.get("/").json() == ann.get("").json()


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_kept_byte_by_byte(ann: httpx.Client, key: str) -> None:
    path = quote(key, safe="/")
    content = key.encode()
    assert ann.put(f"/tmp/set/{path}", content=content).status_code == 200
    assert ann.get(f"/tmp/get/{path}").content == content
    assert ann.head(f"/tmp/get/{path}").headers["content-length"] == str(len(content))
    assert ann.get("/tmp/list", params={"prefix": key, "limit": "1"}).json() == [key]
    assert ann.delete(f"/tmp/{path}").status_code == 200
    assert ann.head(f"/tmp/get/{path}").status_code == 404


@pytest.mark.parametrize("path", ["", ".", "..", "a/../b", "./a", "%2e%2e/a", "a%00b", "a%0Ab", "a%7Fb", "a%C2%85b",
                                  "%ff", "%zz", "a%", "a%2", "%ED%A0%80", "%EF%BF%BF", "k" * 1025])  # fmt: skip
def test_what_no_key_can_be_is_refused_with_a_reason(server: RunningServer, path: str) -> None:
    token = server.token()
    for line in (f"GET /storage/v1/data/get/{path}", f"DELETE /storage/v1/data/{path}"):
        raw = server.exchange(f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n".encode())
        assert raw.startswith(b"HTTP/1.1 400 "), raw
        assert b"x-error-code: invalid_key" in raw


def test_get_and_head_tell_all_of_a_blob(ann: httpx.Client, name: str) -> None:
    blob = store(ann, name)
    answer = ann.get(f"/data/get/{quote(name)}")
    headers = answer.headers
    assert headers["etag"] == f'"{blob.etag}"'
    assert headers["x-goog-hash"] == f"crc32c={checksum.encode(checksum.extend(0, b'0123456789'))}"
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-goog-stored-content-length"] == headers["content-length"] == "10"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["last-modified"].endswith(" GMT")
    assert "x-expires-at" not in headers
    assert "content-encoding" not in headers
    head = ann.head(f"/data/get/{quote(name)}")
    volatile = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in volatile} == {
        k: v for k, v in headers.items() if k not in volatile
    }


def test_what_a_web_browser_could_run_is_bytes_to_it(ann: httpx.Client, name: str) -> None:
    path = quote(name + '/a";<b>.html')
    for content_type in ("text/html", "image/svg+xml", "text/html; charset=utf-8", "application/javascript"):
        stored = ann.put(f"/data/set/{path}", content=b"<script>1</script>", headers={"Content-Type": content_type})
        assert stored.status_code == 200
        headers = ann.get(f"/data/get/{path}").headers
        assert headers["content-type"] == "application/octet-stream"
        assert headers["content-security-policy"] == "sandbox"
        assert headers["content-disposition"].startswith('attachment; filename="a_;<b>.html"; ')


def test_a_blob_of_tmp_tells_when_it_goes(ann: httpx.Client, name: str) -> None:
    blob = store(ann, name, storage_type="tmp")
    answer = ann.head(f"/tmp/get/{quote(name)}")
    assert answer.headers["x-expires-at"].endswith("Z")
    assert blob.expires is not None
    assert blob.modified is not None
    assert (blob.expires - blob.modified).days == 7


def test_the_published_client_gets_a_chunked_answer_and_nobody_else(ann: httpx.Client, name: str) -> None:
    store(ann, name)
    published = {"User-Agent": "dl-python/1.12.1"}
    whole = ann.get(f"/data/get/{quote(name)}", headers=published)
    assert whole.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in whole.headers
    assert whole.content == b"0123456789"
    part = ann.get(f"/data/get/{quote(name)}", headers={**published, "Range": "bytes=0-1"})
    assert part.headers["content-length"] == "2"
    assert ann.head(f"/data/get/{quote(name)}", headers=published).headers["content-length"] == "10"
    assert ann.get(f"/data/get/{quote(name)}").headers["content-length"] == "10"


@pytest.mark.parametrize(
    ("asked", "status", "content", "content_range"),
    [
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-4", 206, b"6789", "bytes 6-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-999", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=99-100", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=4-2", 200, b"0123456789", None),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("bytes=", 200, b"0123456789", None),
        ("bytes=+1-2", 200, b"0123456789", None),
        ("bytes=1_0-", 200, b"0123456789", None),
        ("items=0-1", 200, b"0123456789", None),
        ("bytes=" + "9" * 30 + "-", 200, b"0123456789", None),
    ],
)
def test_one_range_is_sent_and_what_is_none_is_left_aside(
    ann: httpx.Client, asked: str, status: int, content: bytes | None, content_range: str | None
) -> None:
    store(ann, "ranges")
    answer = ann.get("/data/get/ranges", headers={"Range": asked})
    assert answer.status_code == status
    assert answer.headers.get("content-range") == content_range
    if content is not None:
        assert answer.content == content
        assert answer.headers["content-length"] == str(len(content))


def test_a_range_of_an_empty_blob_is_416(ann: httpx.Client, name: str) -> None:
    store(ann, name, b"")
    answer = ann.get(f"/data/get/{quote(name)}", headers={"Range": "bytes=0-5"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */0")


def test_a_whole_large_blob_and_its_ranges_are_exact(ann: httpx.Client, name: str) -> None:
    content = bytes(range(256)) * 4096 * 5
    store(ann, name, content)
    path = f"/data/get/{quote(name)}"
    assert ann.get(path).content == content
    for start, stop in ((0, 1), (262_143, 262_145), (1_000_000, 4_000_000), (len(content) - 1, len(content))):
        assert ann.get(path, headers={"Range": f"bytes={start}-{stop - 1}"}).content == content[start:stop]


def test_conditions_on_a_read(ann: httpx.Client, name: str) -> None:
    path = f"/data/get/{quote(name)}"
    old = store(ann, name).etag
    new = store(ann, name, b"abcdefghij").etag
    assert old != new
    first = ann.get(path)
    assert ann.get(path, headers={"If-Match": f'"{old}"'}).status_code == 412
    assert ann.get(path, headers={"If-Match": f'"{old}", "{new}"'}).status_code == 200
    assert ann.get(path, headers={"If-Match": "*"}).status_code == 200
    unchanged = ann.get(path, headers={"If-None-Match": f'"{new}"'})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert ann.get(path, headers={"If-None-Match": f'W/"{new}"'}).status_code == 304
    assert ann.get(path, headers={"If-None-Match": f'"{old}"'}).status_code == 200
    span = {"Range": "bytes=0-1"}
    assert ann.get(path, headers={**span, "If-Range": f'"{new}"'}).status_code == 206
    assert ann.get(path, headers={**span, "If-Range": f'"{old}"'}).status_code == 200
    assert ann.get(path, headers={**span, "If-Range": f'W/"{new}"'}).status_code == 200
    assert ann.get(path, headers={**span, "If-Range": first.headers["last-modified"]}).status_code == 206
    assert ann.get(path, headers={**span, "If-Range": "Mon, 01 Jan 2001 00:00:00 GMT"}).status_code == 200


def test_head_answers_200_or_404_whatever_the_conditions(ann: httpx.Client, name: str) -> None:
    etag = store(ann, name).etag
    path = f"/data/get/{quote(name)}"
    for headers in (
        {"If-None-Match": f'"{etag}"'},
        {"If-Match": '"x"'},
        {"Range": "bytes=0-1"},
        {"Range": "bytes=99-"},
    ):
        answer = ann.head(path, headers=headers)
        assert (answer.status_code, answer.headers["content-length"]) == (200, "10")
    missing = ann.head("/data/get/nothing-here")
    assert (missing.status_code, missing.content) == (404, b"")
    assert int(missing.headers["content-length"]) > 0


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_query_on_a_key_is_refused(ann: httpx.Client, method: str) -> None:
    store(ann, "a")
    path = "/data/a?b" if method == "DELETE" else "/data/get/a?b"
    assert ann.request(method, path).status_code == 400
    assert ann.get("/data/new_resumable_url/a?b").status_code == 400
    assert ann.get("/data/get_signed_url/a?b").status_code == 400
    assert ann.get("/data/get/a").status_code == 200


def test_set_checks_size_checksum_and_conditions(ann: httpx.Client, name: str) -> None:
    path = f"/data/set/{quote(name)}"
    wrong = ann.put(path, content=b"x", headers={"x-goog-hash": "crc32c=AAAAAA=="})
    assert (wrong.status_code, wrong.headers["x-error-code"]) == (400, "checksum_mismatch")
    assert ann.put(path, content=iter([b"chunked"])).status_code == 400
    large = ann.put(path, content=b"x" * (8 * 1024 * 1024 + 1))
    assert (large.status_code, large.headers["connection"]) == (413, "close")
    assert ann.put(path, content=b"x" * (8 * 1024 * 1024)).status_code == 200
    assert ann.put(path, content=b"y", headers={"If-None-Match": "*"}).status_code == 412
    etag = store(ann, name).etag
    assert ann.put(path, content=b"y", headers={"If-Match": '"other"'}).status_code == 412
    kept = ann.put(path, content=b"y", headers={"If-Match": f'"{etag}"', "Content-Type": "text/csv; charset=utf-8"})
    assert (kept.status_code, kept.json()["content_type"]) == (200, "text/csv")


def test_a_delete_repeated_by_its_request_group_succeeds_once(ann: httpx.Client, name: str) -> None:
    store(ann, name)
    path = f"/data/{quote(name)}"
    group = {"X-Request-Group": "1" * 32}
    assert ann.delete(path, headers=group).status_code == 200
    assert ann.delete(path, headers=group).status_code == 200
    assert ann.delete(path, headers={"X-Request-Group": "2" * 32}).status_code == 404
    store(ann, name, b"new")
    assert ann.delete(path, headers=group).status_code == 200, "a repeat must not remove what came after"
    assert ann.get(f"/data/get/{quote(name)}").content == b"new"
    assert ann.delete(path, headers={"X-Request-Group": "2" * 32}).status_code == 200, "a failure is not remembered"


def test_a_request_group_is_of_one_user_and_key(ann: httpx.Client, bob: httpx.Client, name: str) -> None:
    group = {"X-Request-Group": "3" * 32}
    store(ann, name)
    assert ann.delete(f"/data/{quote(name)}", headers=group).status_code == 200
    assert bob.delete(f"/data/{quote(name)}", headers=group).status_code == 404
    assert ann.delete(f"/data/{quote(name)}x", headers=group).status_code == 404
    assert ann.delete(f"/tmp/{quote(name)}", headers=group).status_code == 404


def test_delete_honours_if_match(ann: httpx.Client, name: str) -> None:
    etag = store(ann, name).etag
    assert ann.delete(f"/data/{quote(name)}", headers={"If-Match": '"other"'}).status_code == 412
    assert ann.delete(f"/data/{quote(name)}", headers={"If-Match": f'"{etag}"'}).status_code == 200


def test_products_are_neither_overwritten_nor_deleted(ann: httpx.Client, name: str) -> None:
    store(ann, name, storage_type="products")
    refused = [
        ann.put(f"/products/set/{quote(name)}", content=b"new"),
        ann.delete(f"/products/{quote(name)}"),
        ann.post("/products/copy", json={"key": name, "to_key": name}),
    ]
    assert [(answer.status_code, answer.headers["x-error-code"]) for answer in refused] == [(409, "type_rule")] * 3
    assert "Image.delete()" in refused[1].text
    result = ann.post("/products/delete", json={"targets": [{"key": name}]}).json()["results"]
    assert result[0]["error"] == "type_rule"


def test_a_batch_has_a_result_for_each_target_in_order(ann: httpx.Client, name: str) -> None:
    first, second = store(ann, name + "1"), store(ann, name + "2")
    targets = [
        {"key": name + "2", "etag": "other"},
        {"key": name + "1", "etag": first.etag},
        {"key": name + "3"},
        {"key": "a/../b"},
        {"key": name + "2", "etag": f'"{second.etag}"'},
        {"key": "\ud800"},
    ]
    answer = ann.post("/data/delete", content=json.dumps({"targets": targets}))
    assert answer.status_code == 200, answer.text
    errors = [result["error"] for result in answer.json()["results"]]
    assert errors == ["precondition_failed", None, "not_found", "invalid_key", None, "invalid_key"]


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", '{"targets": 1}', '{"targets": ["a"]}', '{"targets": [{"key": 1}]}',
     '{"targets": [{"etag": "x"}]}',
     '{"targets": [{"key": "a", "etag": 1}]}', "nonsense", "[" * 100_000, "\xff"],
)  # fmt: skip
def test_a_batch_that_is_none_is_refused(ann: httpx.Client, body: str) -> None:
    assert ann.post("/data/delete", content=body.encode("latin-1")).status_code == 400


def test_a_batch_is_bounded(ann: httpx.Client) -> None:
    many = {"targets": [{"key": "x"}] * 1001}
    assert ann.post("/data/delete", json=many).status_code == 413
    assert ann.post("/data/delete", content=b" " * (8 * 1024 * 1024 + 1)).status_code == 413
    many = {"targets": [{"key": "x", "to_key": "y"}] * 1001}
    for verb in ("copy", "move"):
        assert ann.post(f"/data/{verb}", json=many).status_code == 413
        assert ann.post(f"/data/{verb}", content=b" " * (8 * 1024 * 1024 + 1)).status_code == 413


def test_copy_makes_a_second_blob_also_across_types(ann: httpx.Client, name: str) -> None:
    source = store(ann, name, storage_type="tmp")
    answer = ann.post("/tmp/copy", json={"key": name, "to_key": name + " 2", "to_storage_type": "data"})
    assert answer.status_code == 200
    copy = Blob.from_json(answer.json(), "data")
    assert (copy.key, copy.crc32c, copy.expires) == (name + " 2", source.crc32c, None)
    assert ann.get(f"/data/get/{quote(name)}%202").content == b"0123456789"
    again = {"key": name, "to_key": name + " 2", "to_storage_type": "data", "overwrite": False}
    assert ann.post("/tmp/copy", json=again).status_code == 412
    assert ann.post("/tmp/copy", json={"key": "missing", "to_key": "x"}).status_code == 404
    for bad in ({"key": name}, {"to_key": "x"}, {"key": name, "to_key": ""}, {"key": 1, "to_key": "x"},
                {"key": name, "to_key": "x", "to_storage_type": "nope"},
                {"key": name, "to_key": "x", "overwrite": "no"}):  # fmt: skip
        assert ann.post("/tmp/copy", json=bad).status_code == 400, bad


def test_log_is_another_spelling_of_logs(ann: httpx.Client, name: str) -> None:
    store(ann, name, storage_type="log")
    assert ann.get(f"/logs/get/{quote(name)}").status_code == 200


@pytest.mark.parametrize("storage_type", ["cache", "DATA", "data%20", "%64ata", "%ff"])
def test_an_unknown_type_is_refused_with_the_known_ones(ann: httpx.Client, storage_type: str) -> None:
    answer = ann.get(f"/{storage_type}/get/x")
    assert (answer.status_code, answer.headers["x-error-code"]) == (400, "unknown_storage_type")
    assert "data, tmp, products, result, logs" in answer.text


@pytest.mark.parametrize("storage_type", WRITABLE)
def test_a_round_trip_in_every_writable_type(ann: httpx.Client, name: str, storage_type: str) -> None:
    store(ann, name, b"x", storage_type)
    assert ann.get(f"/{storage_type}/get/{quote(name)}").content == b"x"
    assert ann.delete(f"/{storage_type}/{quote(name)}").status_code == 200


def test_errors_are_one_line_or_a_problem_when_asked(ann: httpx.Client) -> None:
    plain = ann.get("/data/get/missing")
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.headers["x-error-code"] == "not_found"
    assert "missing" in plain.text
    assert "\n" not in plain.text
    problem = ann.get("/data/get/missing", headers={"Accept": "application/problem+json"})
    assert problem.headers["content-type"] == "application/problem+json"
    raw = problem.json()
    assert (raw["status"], raw["code"], raw["detail"]) == (404, "not_found", plain.text)


def test_a_blob_open_for_reading_stays_whole_while_its_key_changes(
    server: RunningServer, ann: httpx.Client, name: str
) -> None:
    content = bytes(range(256)) * 30_000
    store(ann, name, content)
    with ann.stream("GET", f"/data/get/{quote(name)}") as answer:
        pieces = answer.iter_raw()
        got = next(pieces)
        store(ann, name, b"other")
        ann.delete(f"/data/{quote(name)}")
        got += b"".join(pieces)
    assert got == content


def test_a_reader_that_stops_reading_is_cut_without_a_proper_end(hasty_server: RunningServer, name: str) -> None:
    size_bytes = 40_000_000  # more than the kernel buffers
    with hasty_server.client() as ann:
        url = ann.get(f"/data/new_resumable_url/{quote(name)}").text
        assert ann.put(url, content=b"x" * size_bytes).status_code == 200
        second = ann.get(f"/data/new_resumable_url/{quote(name)}").text
    request = f"GET /storage/v1/data/get/{quote(name)} HTTP/1.1\r\nHost: x\r\nUser-Agent: dl-python/1\r\n"
    with hasty_server.connect() as connection:
        connection.sendall(f"{request}Authorization: {hasty_server.token()}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        for _ in range(2):  # a stalled body takes as long to be refused as a stalled reader to be cut
            with hasty_server.connect() as clock:
                clock.sendall(put_head(second, "Content-Length: 10"))
                assert read_answer(clock)[0] == 400
        rest = read_all(connection)
    assert not rest.endswith(b"0\r\n\r\n")
    assert len(rest) < size_bytes


def test_an_answered_error_does_not_end_the_connection(server: RunningServer) -> None:
    token = server.token()
    with server.connect() as connection:
        for _ in range(2):
            request = f"GET /storage/v1/data/get/missing HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n\r\n"
            connection.sendall(request.encode())
            assert read_answer(connection)[0] == 404
