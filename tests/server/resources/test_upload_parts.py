"""The parts of an upload on the wire: what a client may send beside what, and all that it may not."""

import socket
import time

import httpx
import jwt
import pytest

from storage_tui.contract import checksum
from storage_tui.contract.models import ServiceInfo
from storage_tui.contract.wire import MOST_PARTS, PART_QUANTUM
from storage_tui.server.access.issued import revoke
from storage_tui.server.quotas.limits import change_limits
from tests.server.resources.uploading import new_url, put, read
from tests.server.running import RunningServer, put_head, read_answer

MIB = 1024 * 1024
SIZE = 2 * PART_QUANTUM + MIB
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)
CONTENT = CONTENT[:SIZE]
CRC32C = checksum.format_hash_header(checksum.encode(checksum.extend(0, CONTENT)))
SPANS = ((0, PART_QUANTUM), (PART_QUANTUM, 2 * PART_QUANTUM), (2 * PART_QUANTUM, SIZE))


def begin(ann: httpx.Client, name: str, size_bytes: int | None = SIZE, **headers: str) -> str:
    length = {} if size_bytes is None else {"X-Upload-Content-Length": str(size_bytes)}
    return new_url(ann, name, **length, **headers)


def put_part(
    url: str, part: tuple[int, int], start: int, stop: int, *, total: object = SIZE, **headers: str
) -> httpx.Response:
    span = f"bytes {start}-{stop - 1}/{total}" if stop > start else f"bytes */{total}"
    return put(f"{url}/parts/{part[0]}-{part[1]}", CONTENT[start:stop], span, **headers)


def state(url: str) -> dict[str, object]:
    answer = httpx.get(url, trust_env=False)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def finish(url: str) -> httpx.Response:
    return put(url, b"", f"bytes */{SIZE}", **{"x-goog-hash": CRC32C})


def test_the_description_offers_parts(ann: httpx.Client) -> None:
    assert "upload-parts" in ann.get("").json()["features"]


def test_parts_in_any_order_become_one_blob(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert state(url) == {"size_bytes": SIZE, "offset": 0, "quantum_bytes": PART_QUANTUM, "parts": []}
    for part in reversed(SPANS):
        answer = put_part(url, part, *part)
        assert answer.status_code == 200 and answer.json() == {"start": part[0], "stop": part[1], "offset": part[1]}
    assert read(ann, name).status_code == 404
    answer = finish(url)
    assert answer.status_code == 200 and answer.json()["key"] == name
    assert read(ann, name).content == CONTENT
    assert finish(url).status_code == 200  # a repeat, whose answer was lost


def test_a_part_goes_on_after_what_is_kept(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    part, middle = SPANS[1], SPANS[1][0] + 3 * MIB
    assert put_part(url, part, part[0], middle).json()["offset"] == middle
    assert put_part(url, part, 0, 0).json()["offset"] == middle
    assert put_part(url, part, middle + 1, part[1]).status_code == 409
    assert put_part(url, part, middle - MIB, part[1]).json()["offset"] == part[1]  # the overlap is skipped
    assert put_part(url, part, *part).json()["offset"] == part[1]  # and so is a repeat
    assert state(url)["parts"] == [{"start": part[0], "stop": part[1], "offset": part[1]}]


def test_the_beginning_may_come_in_order_and_the_rest_in_parts(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert put(url, CONTENT[:PART_QUANTUM], f"bytes 0-{PART_QUANTUM - 1}/{SIZE}").status_code == 308
    assert put_part(url, SPANS[0], *SPANS[0]).status_code == 409
    for part in SPANS[1:]:
        assert put_part(url, part, *part).status_code == 200
    assert finish(url).status_code == 200
    assert read(ann, name).content == CONTENT


def test_an_upload_with_a_gap_is_not_finished(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    for part in (SPANS[0], SPANS[2]):
        assert put_part(url, part, *part).status_code == 200
    answer = finish(url)
    assert answer.status_code == 308 and answer.headers["range"] == f"bytes=0-{PART_QUANTUM - 1}"
    assert put_part(url, SPANS[1], *SPANS[1]).status_code == 200
    assert finish(url).status_code == 200


def test_a_client_that_knows_no_parts_continues_in_order(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert put(url, CONTENT[:MIB], f"bytes 0-{MIB - 1}/{SIZE}").status_code == 308
    assert put_part(url, SPANS[1], *SPANS[1]).status_code == 200
    answer = put(url, CONTENT[MIB:], f"bytes {MIB}-{SIZE - 1}/{SIZE}", **{"x-goog-hash": CRC32C})
    assert answer.status_code == 200
    assert read(ann, name).content == CONTENT


def test_a_put_of_the_whole_drops_the_parts(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert put_part(url, SPANS[2], *SPANS[2]).status_code == 200
    assert put(url, CONTENT).status_code == 200
    assert read(ann, name).content == CONTENT


def test_a_wrong_checksum_of_the_whole_stores_nothing_and_starts_over(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    for part in SPANS:
        assert put_part(url, part, *part).status_code == 200
    answer = put(url, b"", f"bytes */{SIZE}", **{"x-goog-hash": "crc32c=AAAAAA=="})
    assert answer.status_code == 400 and "crc32c" in answer.text
    assert read(ann, name).status_code == 404
    assert state(url)["offset"] == 0 and state(url)["parts"] == []


@pytest.mark.parametrize(
    "part",
    [
        "", "0", "-", "0-", "-16777216", "0-0", "5-3", "0-16777215", "1-16777216", "0x0-16777216", "+0-16777216",
        "0-16777216-33554432", "0_0-16777216", "٠-16777216", "0-16777216/", "a-b", "0-99999999999999999999999999",
        "16777216-9999999999999999999", f"{2 * PART_QUANTUM}-{SIZE + 1}", "%30-16777217", "%2e%2e",
        "0-16777216%00",
    ],
)  # fmt: skip
def test_a_name_that_is_no_part_of_the_upload_is_refused(ann: httpx.Client, name: str, part: str) -> None:
    url = begin(ann, name)
    answer = put(f"{url}/parts/{part}", CONTENT[:MIB], f"bytes 0-{MIB - 1}/{SIZE}")
    assert answer.status_code in (400, 404), answer.text
    assert state(url)["parts"] == []


@pytest.mark.parametrize(
    ("content_range", "status"),
    [
        (None, 400), ("bytes 0-9/*", 400), ("bytes 0-9", 400), (f"bytes 0-9/{SIZE + 1}", 400),
        (f"bytes 9-0/{SIZE}", 400),
        (f"bytes 0-{PART_QUANTUM}/{SIZE}", 400), (f"bytes {PART_QUANTUM}-{PART_QUANTUM + 9}/{SIZE}", 400),
        (f"bytes 5-14/{SIZE}", 409), ("bytes */5", 400), ("bytes 0-8/*", 400),
    ],
)  # fmt: skip
def test_a_range_that_does_not_fit_the_part_is_refused(
    ann: httpx.Client, name: str, content_range: str | None, status: int
) -> None:
    url = begin(ann, name)
    body = b"x" * (PART_QUANTUM + 1 if content_range and str(PART_QUANTUM) + "/" in content_range else 10)
    if content_range == "bytes 0-9/*":
        body = b"x" * 9
    answer = put(f"{url}/parts/0-{PART_QUANTUM}", body, content_range)
    assert answer.status_code == status, answer.text


def test_parts_that_overlap_are_refused(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert put_part(url, SPANS[1], *SPANS[1]).status_code == 200
    for part in ((0, 2 * PART_QUANTUM), (PART_QUANTUM, SIZE), (0, SIZE)):
        assert put_part(url, part, part[0], part[0] + MIB).status_code == 409


def test_there_is_a_most_of_parts(ann: httpx.Client, name: str) -> None:
    size_bytes = (MOST_PARTS + 2) * PART_QUANTUM
    url = begin(ann, name, size_bytes)
    with httpx.Client(trust_env=False, timeout=30) as client:
        for number in range(MOST_PARTS):
            start = (number + 1) * PART_QUANTUM
            answer = client.put(
                f"{url}/parts/{start}-{start + PART_QUANTUM}", headers={"Content-Range": "bytes */*"}, content=b""
            )
            assert answer.status_code == 200, answer.text
        answer = client.put(f"{url}/parts/0-{PART_QUANTUM}", headers={"Content-Range": "bytes */*"}, content=b"")
        assert answer.status_code == 409 and "at most" in answer.text


@pytest.mark.parametrize("headers", [{"x-goog-hash": "crc32c=AAAAAA=="}, {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="}])
def test_a_part_takes_no_hash_of_its_own(ann: httpx.Client, name: str, headers: dict[str, str]) -> None:
    url = begin(ann, name)
    answer = put_part(url, SPANS[0], 0, MIB, **headers)
    assert answer.status_code == 400 and "end of the upload" in answer.text


def test_an_upload_that_promised_hashes_or_no_size_takes_no_parts(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name, **{"x-goog-hash": "md5=1B2M2Y8AsgTpgAmY7PhCfg=="})
    assert put_part(url, SPANS[0], 0, MIB).status_code == 409
    url = begin(ann, name, None)
    assert put_part(url, SPANS[0], 0, MIB, total="*").status_code == 400
    assert state(url)["quantum_bytes"] is None


def test_only_the_unguessable_url_opens_parts(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    forged = url[:-5] + ("AAAAA" if url[-5:] != "AAAAA" else "BBBBB")
    assert put_part(forged, SPANS[0], 0, MIB).status_code == 404
    assert httpx.get(forged, trust_env=False).status_code == 404
    for method, path in (("POST", url), ("GET", f"{url}/parts/0-{PART_QUANTUM}")):
        assert ann.request(method, path).status_code == 405
        assert httpx.request(method, path, trust_env=False).status_code == 401  # who has no token learns nothing
    assert httpx.get(f"{url}?x=1", trust_env=False).status_code == 400


def test_an_upload_that_has_ended_takes_no_parts(ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    assert put_part(url, SPANS[1], *SPANS[1]).status_code == 200
    assert httpx.delete(url, trust_env=False).status_code == 499
    assert put_part(url, SPANS[0], 0, MIB).status_code == 499
    assert httpx.get(url, trust_env=False).status_code == 499
    url = begin(ann, name)
    assert put(url, CONTENT).status_code == 200
    assert put_part(url, SPANS[0], 0, MIB).status_code == 409
    assert httpx.get(url, trust_env=False).status_code == 409


def stalled(server: RunningServer, url: str, part: tuple[int, int]) -> socket.socket:
    """A connection that has sent the first bytes of a part, and then is silent."""
    connection = server.connect()
    span = f"Content-Range: bytes {part[0]}-{part[1] - 1}/{SIZE}"
    head = put_head(f"{url}/parts/{part[0]}-{part[1]}", f"Content-Length: {part[1] - part[0]}\r\n{span}")
    connection.sendall(head + CONTENT[part[0] : part[0] + MIB])
    return connection


def wait_for_part(url: str, count: int) -> None:
    deadline = time.monotonic() + 30
    while len(state(url)["parts"]) < count:  # type: ignore[arg-type]
        assert time.monotonic() < deadline


def test_a_part_does_not_wait_for_another(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = begin(ann, name)
    with stalled(server, url, SPANS[0]):
        wait_for_part(url, 1)
        assert put_part(url, SPANS[1], *SPANS[1]).status_code == 200
        assert put_part(url, SPANS[0], 0, 0).json()["offset"] == MIB  # the newer request takes over this part
        assert put_part(url, SPANS[0], *SPANS[0]).status_code == 200
    assert put_part(url, SPANS[2], *SPANS[2]).status_code == 200
    assert finish(url).status_code == 200


def test_a_request_on_the_session_takes_over_from_its_parts(
    server: RunningServer, ann: httpx.Client, name: str
) -> None:
    url = begin(ann, name)
    with stalled(server, url, SPANS[0]) as one, stalled(server, url, SPANS[1]) as other:
        wait_for_part(url, 2)
        assert put(url, CONTENT).status_code == 200
        assert read_answer(one)[0] == 409 and read_answer(other)[0] == 409
    assert read(ann, name).content == CONTENT
    url = begin(ann, name)
    with stalled(server, url, SPANS[0]):
        wait_for_part(url, 1)
        assert httpx.delete(url, trust_env=False).status_code == 499
    assert put_part(url, SPANS[0], 0, MIB).status_code == 499


def test_the_parts_of_a_revoked_token_are_refused_and_cut(watchful_server: RunningServer, name: str) -> None:
    token = watchful_server.token("parta")
    with httpx.Client(
        base_url=watchful_server.url, headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=30
    ) as parta:
        url = begin(parta, name)
    assert put_part(url, SPANS[0], *SPANS[0]).status_code == 200
    with stalled(watchful_server, url, SPANS[1]) as connection:
        revoke(watchful_server.records(), jwt.decode(token, options={"verify_signature": False})["jti"])
        status, headers, text = read_answer(connection)
        assert (status, headers["connection"]) == (403, "close") and b"revoked" in text
    for answer in (put_part(url, SPANS[2], *SPANS[2]), finish(url), httpx.get(url, trust_env=False)):
        assert answer.status_code == 403 and "revoked" in answer.text


def test_parts_count_against_the_quota_until_they_are_dropped(watchful_server: RunningServer, name: str) -> None:
    with watchful_server.client("partb") as partb:
        url = begin(partb, name)
        assert put_part(url, SPANS[0], *SPANS[0]).status_code == 200
        change_limits(watchful_server.records(), "partb", {("types", "data", "bytes"): SIZE + MIB})
        while not (row := ServiceInfo.from_json(partb.get("").json()).user.of("data")) or row.size_bytes != SIZE + MIB:
            pass
        assert row.used_bytes is not None and row.used_bytes >= PART_QUANTUM
        other = partb.put(f"/data/set/{name}/other", content=bytes(2 * MIB))
        assert other.status_code == 200  # the parts hold the room of what has come, not of what may come
        answer = put_part(url, SPANS[1], *SPANS[1])
        assert (answer.status_code, answer.headers["x-error-code"]) == (507, "quota_exceeded"), answer.text
        assert httpx.delete(url, trust_env=False).status_code == 499
        assert put(begin(partb, name, 20 * MIB), bytes(20 * MIB)).status_code == 200
