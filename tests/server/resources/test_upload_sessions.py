"""The life of an upload session: taken over, repeated, cancelled, refused."""

import threading
from urllib.parse import quote

import httpx

from tests.server.resources.uploading import CHUNK, new_url, put, read
from tests.server.running import RunningServer, put_head, read_answer


def test_cancel_answers_499_and_ends_the_session(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*")
    assert httpx.delete(url, trust_env=False).status_code == 499
    assert 400 <= put(url, b"hello").status_code < 500
    assert 400 <= put(url, b"", "bytes */*").status_code < 500
    assert httpx.delete(url, trust_env=False).status_code == 499
    assert read(ann, name).status_code == 404


def test_cancel_leaves_a_finished_upload_alone(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    put(url, b"hello")
    assert httpx.delete(url, trust_env=False).status_code == 499
    assert read(ann, name).content == b"hello"


def test_go_gets_a_200_for_a_308(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    answer = put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*", **{"X-GUploader-No-308": "yes"})
    assert answer.status_code == 200
    assert answer.headers["x-http-status-code-override"] == "308"
    assert answer.headers["range"] == f"bytes=0-{len(CHUNK) - 1}"


def test_an_unknown_session_is_not_found(server: RunningServer) -> None:
    for identifier in ("x" * 43, "x" * 5000, "%2e%2e", "%ff"):
        answer = put(f"{server.url}/upload/{identifier}", b"hello")
        assert answer.status_code == 404
        assert "retry-after" not in answer.headers


def test_a_new_put_takes_over_from_a_stalled_one_at_once(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    with server.connect() as stalled:
        stalled.sendall(put_head(url, "Content-Length: 100") + b"abc")
        answer = httpx.put(url, content=b"the whole", trust_env=False, timeout=5)
        assert answer.status_code == 200
        assert read_answer(stalled)[0] == 409
    assert read(ann, name).content == b"the whole"


def test_a_status_query_takes_over_from_a_stalled_put(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    with server.connect() as stalled:
        stalled.sendall(put_head(url, "Content-Length: 100") + b"abc")
        stalled.sendall(b"defg")
        answer = httpx.put(url, headers={"Content-Range": "bytes */*"}, trust_env=False, timeout=5)
    assert answer.status_code == 308
    assert int(answer.headers.get("range", "bytes=0--1").rpartition("0-")[2]) < 7


def test_duplicates_sent_at_once_get_one_object(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    content = b"z" * 3_000_000
    answers: list[httpx.Response] = []

    def send() -> None:
        answers.append(httpx.put(url, content=content, trust_env=False, timeout=30))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = [answer.json() for answer in answers if answer.status_code == 200]
    assert stored
    assert all(raw == stored[0] for raw in stored)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert read(ann, name).content == content


def test_products_refuse_an_overwrite_before_any_byte_is_sent(ann: httpx.Client, name: str) -> None:
    assert put(new_url(ann, name, "products"), b"first").status_code == 200
    answer = ann.get(f"/products/new_resumable_url/{quote(name)}")
    assert (answer.status_code, answer.headers["x-error-code"]) == (409, "type_rule")


def test_of_two_uploads_to_one_products_key_the_second_is_refused(ann: httpx.Client, name: str) -> None:
    first, second = new_url(ann, name, "products"), new_url(ann, name, "products")
    assert put(first, b"first").status_code == 200
    assert put(second, b"second").status_code == 409
    assert read(ann, name, "products").content == b"first"


def test_a_precondition_is_held_when_the_upload_ends(ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name, **{"If-None-Match": "*"})
    assert put(new_url(ann, name), b"other").status_code == 200
    assert put(url, b"mine").status_code == 412
    assert ann.get(f"/data/new_resumable_url/{quote(name)}", headers={"If-None-Match": "*"}).status_code == 412
    assert read(ann, name).content == b"other"


def test_an_allowed_content_type_is_kept_and_any_other_is_bytes(ann: httpx.Client, name: str) -> None:
    put(new_url(ann, name, **{"X-Upload-Content-Type": "image/png"}), b"x")
    assert read(ann, name).headers["content-type"] == "image/png"
    put(new_url(ann, name, **{"X-Upload-Content-Type": "text/html"}), b"<script>")
    assert read(ann, name).headers["content-type"] == "application/octet-stream"


def test_the_upload_url_needs_no_token_and_ignores_one(server: RunningServer, ann: httpx.Client, name: str) -> None:
    assert put(new_url(ann, name), b"x", None, Authorization="Bearer nonsense").status_code == 200
    url = new_url(ann, name)
    state = httpx.get(url, trust_env=False)
    assert (state.status_code, state.json()["offset"]) == (200, 0)
    assert httpx.post(url, trust_env=False).status_code == 401
    forged = url[:-1] + ("A" if url[-1] != "A" else "Q")
    assert httpx.get(forged, trust_env=False).status_code in {401, 403, 404, 410}


def test_a_body_that_comes_slowly_is_taken(server: RunningServer, ann: httpx.Client, name: str) -> None:
    url = new_url(ann, name)
    with server.connect() as connection:
        connection.sendall(put_head(url, "Content-Length: 10"))
        for position in range(10):
            connection.sendall(bytes([48 + position]))
        assert read_answer(connection)[0] == 200
    assert read(ann, name).content == b"0123456789"


def test_an_idempotency_key_gets_the_same_session_again(ann: httpx.Client, name: str) -> None:
    headers = {"Idempotency-Key": "k" * 32, "X-Upload-Content-Length": str(len(CHUNK) + 1)}
    url = new_url(ann, name, **headers)
    put(url, CHUNK, f"bytes 0-{len(CHUNK) - 1}/*")
    assert new_url(ann, name, **headers) == url
    assert new_url(ann, name) != url
    assert new_url(ann, name, **headers | {"X-Upload-Content-Length": "7"}) != url
    assert new_url(ann, f"{name}/other", **headers) != url
    put(url, b"!", f"bytes {len(CHUNK)}-{len(CHUNK)}/{len(CHUNK) + 1}")
    assert new_url(ann, name, **headers) == url
    assert put(url, b"", "bytes */*").json()["size"] == str(len(CHUNK) + 1)


def test_an_idempotency_key_is_of_one_user_and_not_of_a_cancelled_session(
    server: RunningServer, ann: httpx.Client, name: str
) -> None:
    headers = {"Idempotency-Key": "one key"}
    url = new_url(ann, name, **headers)
    with server.client("bob") as bob:
        assert new_url(bob, name, **headers) != url
    httpx.delete(url, trust_env=False)
    assert new_url(ann, name, **headers) != url


def test_a_product_is_found_uploaded_by_its_idempotency_key(ann: httpx.Client, name: str) -> None:
    path = f"products/new_resumable_url/{quote(name)}"
    url = ann.get(path, headers={"Idempotency-Key": "p"}).text
    put(url, b"hello")
    assert ann.get(path, headers={"Idempotency-Key": "p"}).text == url
    assert ann.get(path, headers={"Idempotency-Key": "q"}).status_code == 409


def test_an_idempotency_key_that_is_none_is_refused(ann: httpx.Client, name: str) -> None:
    for text in ("", "x" * 129):
        answer = ann.get(f"data/new_resumable_url/{quote(name)}", headers={"Idempotency-Key": text})
        assert answer.status_code == 400
