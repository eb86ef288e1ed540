"""The resumable protocol on upload URLs, row by row."""

import socket
import struct

import httpx
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.wire import UPLOAD_QUANTUM
from tests.server.resources.uploading import CHUNK, new_url, put, read
from tests.server.running import RunningServer, put_head, read_answer


def test_the_url_is_plain_ascii_absolute_and_without_newline(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name + " hé?#%")
    assert url.isascii()
    assert url.startswith("http://127.0.0.1:")
    assert url == url.strip()
    assert '"' not in url


def test_a_put_without_content_range_stores_the_blob_and_closes(ann: httpx.Client, name: str) -> None:
    answer = put(new_url(ann, name), b"hello")
    assert answer.status_code == 200
    assert answer.headers["connection"] == "close"
    raw = answer.json()
    assert raw["kind"] == "storage#object"
    assert raw["name"] == raw["key"] == name
    assert raw["bucket"] == "data"
    assert raw["size"] == "5"
    assert raw["crc32c"] == checksum.encode(checksum.extend(0, b"hello"))
    assert raw["generation"]
    assert raw["metageneration"]
    assert raw["etag"]
    assert read(ann, name).content == b"hello"


def test_a_chunked_put_stores_the_blob(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    with server.connect() as connection:
        connection.sendall(put_head(url, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n3\r\n wo\r\n0\r\n\r\n")
        status, headers, _ = read_answer(connection)
    assert status == 200
    assert headers["connection"] == "close"
    assert read(ann, name).content == b"hello wo"


@pytest.mark.parametrize("framing", ["Content-Length: 0", "Transfer-Encoding: chunked"])
def test_an_empty_body_is_an_empty_blob(server: RunningServer, ann: httpx.Client, name: str, framing: str) -> None:
    url = new_url(ann, name)
    end = b"0\r\n\r\n" if "chunked" in framing else b""
    with server.connect() as connection:
        connection.sendall(put_head(url, framing) + end)
        assert read_answer(connection)[0] == 200
    answer = read(ann, name)
    assert answer.status_code == 200
    assert answer.content == b""


def test_a_put_without_content_range_starts_from_zero_on_a_session_that_holds_bytes(
    ann: httpx.Client, name: str
) -> None:
    url = new_url(ann, name)
    assert put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*").status_code == 308
    assert put(url, b"all of it").status_code == 200
    assert read(ann, name).content == b"all of it"


def test_a_cut_body_stores_nothing_and_keeps_its_prefix(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    with server.connect() as connection:
        connection.sendall(put_head(url, "Content-Length: 1000000") + b"x" * 5000)
    status = put(url, b"", "bytes */*")
    assert status.status_code == 308
    assert status.headers["range"] == "bytes=0-4999"
    assert "location" not in status.headers
    assert read(ann, name).status_code == 404
    rest = b"y" * (1_000_000 - 5000)
    assert put(url, rest, "bytes 5000-999999/1000000").status_code == 200
    assert read(ann, name).content == b"x" * 5000 + rest


def test_a_reset_connection_in_a_chunked_body_stores_nothing(
    server: RunningServer, ann: httpx.Client, name: str
) -> None:
    url = new_url(ann, name)
    with server.connect() as connection:
        connection.sendall(put_head(url, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert put(url, b"", "bytes */*").status_code == 308
    assert read(ann, name).status_code == 404


def test_a_stalled_body_is_refused_in_time(hasty_server: RunningServer, name: str) -> None:
    with hasty_server.client() as ann:
        url = new_url(ann, name)
        with hasty_server.connect() as connection:
            connection.sendall(put_head(url, "Content-Length: 10") + b"abc")
            status, headers, content = read_answer(connection)
            assert connection.recv(1) == b""
        assert status == 400
        assert headers["connection"] == "close"
        assert "retry-after" not in headers
        assert headers["x-error-code"] == "incomplete_body"
        assert content.startswith(b"body shorter than Content-Length")
        assert content.endswith(b"open the file in binary mode")
        assert read(ann, name).status_code == 404
        assert put(url, b"0123456789").status_code == 200
        assert read(ann, name).content == b"0123456789"


def test_chunks_of_known_size_end_with_the_object(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    total = 2 * len(CHUNK) + 10
    first = put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/{total}")
    assert (first.status_code, first.headers["range"]) == (308, f"bytes=0-{len(CHUNK) - 1}")
    second = put(url, CHUNK, f"bytes {len(CHUNK)}-{2 * len(CHUNK) - 1}/{total}")
    assert (second.status_code, second.headers["range"]) == (308, f"bytes=0-{2 * len(CHUNK) - 1}")
    assert read(ann, name).status_code == 404
    last = put(url, b"0123456789", f"bytes {2 * len(CHUNK)}-{total - 1}/{total}")
    assert (last.status_code, last.json()["size"]) == (200, str(total))
    assert read(ann, name).content == CHUNK + CHUNK + b"0123456789"


def test_chunks_of_unknown_size_end_with_a_known_total(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    assert put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*").status_code == 308
    assert put(url, b"end", f"bytes {len(CHUNK)}-{len(CHUNK) + 2}/{len(CHUNK) + 3}").status_code == 200
    assert read(ann, name).content == CHUNK + b"end"


def test_an_exact_multiple_is_ended_by_its_total_alone(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    assert put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*").status_code == 308
    assert put(url, b"", f"bytes */{2 * len(CHUNK)}").status_code == 308
    assert put(url, b"", f"bytes */{len(CHUNK)}").status_code == 200
    assert read(ann, name).content == CHUNK


def test_a_total_of_zero_finalises_an_empty_blob(ann: httpx.Client, name: str) -> None:
    assert put(new_url(ann, name), b"", "bytes */0").status_code == 200
    assert read(ann, name).content == b""


def test_the_status_of_a_new_session_has_no_range(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    for form in ("bytes */*", "bytes */100"):
        answer = put(url, b"", form)
        assert answer.status_code == 308
        assert "range" not in answer.headers
        assert answer.content == b""


def test_the_status_of_a_finished_session_is_its_object(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    first = put(url, b"hello").json()
    assert put(url, b"", "bytes */*").json() == first
    assert put(url, b"", "bytes */5").json() == first


def test_a_replay_gives_the_same_object_and_changes_nothing(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    first = put(url, b"hello").json()
    assert put(url, b"other").json() == first
    assert put(url, b"hello", "bytes 0-4/5").json() == first
    assert put(new_url(ann, name), b"newer").status_code == 200
    assert put(url, b"hello").json() == first
    assert read(ann, name).content == b"newer"


def test_bytes_that_are_kept_already_are_ignored(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*")
    again = put(url, b"\0" * len(CHUNK), f"bytes 0-{len(CHUNK) - 1}/*")
    assert (again.status_code, again.headers["range"]) == (308, f"bytes=0-{len(CHUNK) - 1}")
    total = len(CHUNK) + 5
    answer = put(url, CHUNK[-100:] + b"hello", f"bytes {len(CHUNK) - 100}-{total - 1}/{total}")
    assert answer.status_code == 200
    assert read(ann, name).content == CHUNK + b"hello"


def test_a_gap_is_refused_with_the_offset(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*")
    start = len(CHUNK) + 1
    answer = put(url, b"x", f"bytes {start}-{start}/{start + 1}")
    assert 400 <= answer.status_code < 500
    assert str(start) in answer.text
    assert str(len(CHUNK)) in answer.text
    assert put(url, b"", "bytes */*").headers["range"] == f"bytes=0-{len(CHUNK) - 1}"


def test_a_chunk_that_is_no_multiple_is_kept_as_told(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    answer = put(url, b"x" * 300_000, "bytes 0-299999/*")
    assert answer.status_code == 308
    offset = int(answer.headers["range"].rpartition("-")[2]) + 1
    assert offset in (300_000, UPLOAD_QUANTUM)
    rest = (b"x" * 300_000 + b"end")[offset:]
    assert put(url, rest, f"bytes {offset}-300002/300003").status_code == 200
    assert read(ann, name).content == b"x" * 300_000 + b"end"


@pytest.mark.parametrize(
    ("content", "content_range"),
    [
        (b"hello", "bytes 0-9/10"),
        (b"hello", "bytes 0-3/4"),
        (b"hello", "bytes 0-3/*"),
        (b"hello", "bytes */*"),
        (b"hello", "bytes */5"),
        (b"", "bytes 0-4/5"),
        (b"hello", "bytes 0-4/4"),
        (b"hello", "bytes 4-0/5"),
        (b"hello", "bytes=0-4/5"),
        (b"hello", "bytes 0-4"),
        (b"hello", "bytes +0-4/5"),
        (b"hello", "bytes 0-4/5_0"),
        (b"hello", "items 0-4/5"),
        (b"hello", ""),
    ],
)
def test_a_body_that_is_not_its_range_is_refused(
    ann: httpx.Client, name: str, content: bytes, content_range: str
) -> None:
    url = new_url(ann, name)
    assert put(url, content, content_range).status_code == 400
    assert read(ann, name).status_code == 404
    assert put(url, b"whole").status_code == 200


@pytest.mark.parametrize("body", [b"5\r\nhello\r\n0\r\n\r\n", b"7\r\nhello w\r\n0\r\n\r\n"])
def test_a_chunked_body_that_is_not_its_range_is_refused(
    server: RunningServer, ann: httpx.Client, name: str, body: bytes
) -> None:
    url = new_url(ann, name)
    with server.connect() as connection:
        connection.sendall(put_head(url, "Transfer-Encoding: chunked", "Content-Range: bytes 0-5/6") + body)
        assert read_answer(connection)[0] == 400
    assert read(ann, name).status_code == 404


def test_a_total_other_than_announced_is_refused(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name, **{"X-Upload-Content-Length": "10"})
    assert put(url, b"hello").status_code == 400
    assert put(url, b"hello", "bytes 0-4/5").status_code == 400
    assert put(url, b"", "bytes */5").status_code == 400
    assert put(url, b"0123456789").status_code == 200


def test_a_chunked_body_other_than_announced_is_refused(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name, **{"X-Upload-Content-Length": "10"})
    with server.connect() as connection:
        connection.sendall(put_head(url, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n")
        assert read_answer(connection)[0] == 400
    assert read(ann, name).status_code == 404


def test_a_total_below_what_is_kept_is_refused(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*")
    assert put(url, b"", "bytes */5").status_code == 400
    assert put(url, b"hello", "bytes 0-4/5").status_code == 400


def test_a_wrong_checksum_stores_nothing_and_starts_over(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    wrong = {"x-goog-hash": f"crc32c={checksum.encode(checksum.extend(0, b'other'))}"}
    answer = put(url, b"hello", None, **wrong)
    assert (answer.status_code, answer.headers["x-error-code"]) == (400, "checksum_mismatch")
    assert read(ann, name).status_code == 404
    assert put(url, b"hello", "bytes 0-4/5", **wrong).status_code == 400
    right = {"x-goog-hash": f"crc32c={checksum.encode(checksum.extend(0, b'hello'))},md5=XUFAKrxLKna5cZ2REBfFkg=="}
    assert put(url, b"hello", None, **right).status_code == 200


def test_a_checksum_announced_with_the_session_is_held(ann: httpx.Client, name: str) -> None:
    wrong = {"x-goog-hash": f"crc32c={checksum.encode(0)}"}
    assert put(new_url(ann, name, **wrong), b"hello").status_code == 400
    assert read(ann, name).status_code == 404


def test_a_checksum_that_is_none_is_refused(ann: httpx.Client, name: str) -> None:
    assert put(new_url(ann, name), b"hello", None, **{"x-goog-hash": "crc32c=nonsense"}).status_code == 400
