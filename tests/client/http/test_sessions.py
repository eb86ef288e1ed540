"""What happens around a request: retries, errors, redirects, bounds, what is never sent where."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from storage_tui import Storage
from storage_tui.client import calls, moves
from storage_tui.client.access.credentials import Credentials
from storage_tui.client.access.servers import RemoteServer
from storage_tui.client.calls import Service
from storage_tui.client.http.async_session import AsyncSession
from storage_tui.client.http.retry import RetryPolicy
from storage_tui.client.http.session import Session
from storage_tui.contract import errors
from storage_tui.contract.models import ServiceInfo
from storage_tui.contract.moves import Move
from tests.client.scripted import PLAIN, ScriptedServer, answer

Run = Callable[..., tuple[Any, list[float]]]


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a call on either driver; returns its result or error and the pauses that it slept."""

    def sync(url: str, call: Any, retries: int = 3, timeout_s: float = 10.0) -> tuple[Any, list[float]]:
        pauses: list[float] = []
        session = Session(RemoteServer(url, Credentials("t")), RetryPolicy(retries), timeout_s, pauses.append)
        try:
            return session.run(call), pauses
        except errors.StorageError as exc:
            return exc, pauses
        finally:
            session.close()

    def asynchronous(url: str, call: Any, retries: int = 3, timeout_s: float = 10.0) -> tuple[Any, list[float]]:
        pauses: list[float] = []

        async def sleep(seconds: float) -> None:
            pauses.append(seconds)

        async def main() -> Any:
            session = AsyncSession(RemoteServer(url, Credentials("t")), RetryPolicy(retries), timeout_s, sleep)
            try:
                return await session.run(call)
            except errors.StorageError as exc:
                return exc
            finally:
                await session.aclose()

        return asyncio.run(main()), pauses

    return sync if request.param == "sync" else asynchronous


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_passes_is_tried_again_under_the_same_request_group(run: Run, status: int) -> None:
    with ScriptedServer(answer(status), answer(status), PLAIN) as server:
        result, pauses = run(server.url, calls.get("k", "data"))
    assert result == b"ok"
    assert len(pauses) == 2 and all(0 <= pause <= 0.5 for pause in pauses)
    assert len({headers["x-request-group"] for _, headers in server.requests}) == 1


def test_retries_end_with_the_servers_words(run: Run) -> None:
    with ScriptedServer(*[answer(503, "X-Error-Code: unavailable", body=b"the store is read-only")] * 3) as server:
        error, _ = run(server.url, calls.get("k", "data"), retries=2)
    assert isinstance(error, errors.UnavailableError) and error.message == "the store is read-only"
    assert len(server.requests) == 3


def test_a_broken_connection_is_tried_again(run: Run) -> None:
    with ScriptedServer(
        b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nshort", PLAIN
    ) as server:
        assert run(server.url, calls.get("k", "data"))[0] == b"ok"


def test_a_call_that_may_not_be_repeated_is_not(run: Run) -> None:
    call = moves.copy(Service(ServiceInfo()), Move("k", "l"))
    with ScriptedServer(b"", PLAIN) as server:
        error, _ = run(server.url, call)
    assert isinstance(error, errors.TransferInterruptedError)
    assert len(server.requests) == 1


def test_retry_after_is_honoured_up_to_a_minute(run: Run) -> None:
    with ScriptedServer(answer(429, "Retry-After: 7"), PLAIN) as server:
        assert run(server.url, calls.get("k", "data")) == (b"ok", [7.0])
    for asked in ("61", "0.5", "-1", "٣", "soon"):
        with ScriptedServer(answer(429, "Retry-After: " + asked if asked.isascii() else "X: 1"), PLAIN) as server:
            result, pauses = run(server.url, calls.get("k", "data"))
        if asked == "61":
            assert isinstance(result, errors.RateLimitError) and result.retry_after_s == 61 and pauses == []
        else:
            assert result == b"ok" and pauses[0] <= 0.25


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "", errors.BadRequestError),
        (400, "invalid_key", errors.InvalidKeyError),
        (401, "", errors.UnauthorizedError),
        (403, "", errors.ForbiddenError),
        (404, "", errors.NotFoundError),
        (405, "", errors.MethodNotAllowedError),
        (409, "", errors.ConflictError),
        (409, "type_rule", errors.TypeRuleError),
        (410, "", errors.GoneError),
        (412, "", errors.PreconditionFailedError),
        (413, "", errors.TooLargeError),
        (418, "", errors.BadRequestError),
        (422, "", errors.BadRequestError),
        (500, "", errors.ServerError),
        (503, "not_found", errors.UnavailableError),
        (507, "", errors.StoreFullError),
        (599, "", errors.ServerError),
        (304, "", errors.ProtocolError),
    ],
)
def test_a_status_becomes_its_error(run: Run, status: int, code: str, kind: type[errors.StorageError]) -> None:
    body = b"" if status == 304 else b"why"
    with ScriptedServer(*[answer(status, f"X-Error-Code: {code}", body=body)] * 4) as server:
        error, _ = run(server.url, calls.get("k", "data"), retries=0)
    assert type(error) is kind and error.key == "k"


def test_the_text_of_an_error_is_one_bounded_line_without_controls(run: Run) -> None:
    body = b"a\x1b[31mb\r\nc\xff\xe2\x80\xae" + b"x" * 100_000
    with ScriptedServer(answer(400, body=body)) as server:
        error, _ = run(server.url, calls.get("k", "data"))
    assert error.message.startswith("a\\x1b[31mb c") and error.message.isprintable()
    assert "\\u202e" in error.message and len(error.message) <= 500


def test_an_error_page_in_html_is_not_shown(run: Run) -> None:
    with ScriptedServer(answer(404, "Content-Type: text/html", body=b"<h1>nginx</h1>")) as server:
        error, _ = run(server.url, calls.get("k", "data"))
    assert error.message == "there is no blob 'k' in data"


@pytest.mark.parametrize(("status", "told"), [(401, "does not accept the token"), (403, "does not allow 'k' in data")])
def test_a_refusal_without_a_text_names_the_token(run: Run, status: int, told: str) -> None:
    with ScriptedServer(answer(status)) as server:
        error, _ = run(server.url, calls.stat("k", "data"))
    assert told in error.message and error.status == status


def test_one_redirect_is_followed_without_the_token_to_another_origin(run: Run) -> None:
    with ScriptedServer(PLAIN) as other, ScriptedServer(answer(302, f"Location: {other.origin}/signed?x=1")) as server:
        assert run(server.url, calls.get("k", "data"))[0] == b"ok"
        assert "authorization" in server.requests[0][1]
        assert other.requests[0][0] == "GET /signed?x=1 HTTP/1.1"
        assert "authorization" not in other.requests[0][1]


@pytest.mark.parametrize(
    ("call", "kept_back"),
    [
        (calls.keys_page(None, "data", "page-2"), "x-next"),
        (calls.new_upload("k", "data", repeat_key="again"), "idempotency-key"),
    ],
    ids=["page", "repeat"],
)
def test_a_redirect_to_another_origin_takes_nothing_along_that_is_of_the_first(
    call: calls.Call[Any], kept_back: str
) -> None:
    with ScriptedServer(PLAIN) as other, ScriptedServer(answer(302, f"Location: {other.origin}/x")) as server:
        session = Session(RemoteServer(server.url, Credentials("t")), RetryPolicy(0), 10)
        with pytest.raises(errors.ProtocolError):
            session.run(call)  # "ok" is neither a list nor a URL
        assert kept_back in server.requests[0][1] and kept_back not in other.requests[0][1]
        assert "x-request-group" not in other.requests[0][1]


@pytest.mark.parametrize(
    "location", ["http://192.0.2.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x", "http://[/", "https://"]
)
def test_a_redirect_to_elsewhere_is_refused(run: Run, location: str) -> None:
    with ScriptedServer(answer(307, f"Location: {location}")) as server:
        error, _ = run(server.url, calls.get("k", "data"))
    assert isinstance(error, errors.ProtocolError)


def test_a_second_redirect_is_refused(run: Run) -> None:
    with ScriptedServer(answer(302, "Location: /b"), answer(302, "Location: /c")) as server:
        error, _ = run(server.url, calls.get("k", "data"))
    assert isinstance(error, errors.ProtocolError) and "more than once" in error.message


def test_a_compressed_answer_is_refused(run: Run) -> None:
    with ScriptedServer(answer(200, "Content-Encoding: gzip", body=b"\x1f\x8b")) as server:
        error, _ = run(server.url, calls.get("k", "data"))
        assert server.requests[0][1]["accept-encoding"] == "identity"
    assert isinstance(error, errors.ProtocolError)


def test_a_control_answer_past_its_bound_is_refused(run: Run) -> None:
    with ScriptedServer(answer(200, body=b" " * (16 * 1024 * 1024 + 1))) as server:
        error, _ = run(server.url, calls.keys_page(None, "data"), retries=0)
    assert isinstance(error, errors.ProtocolError)


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"[1]", b"\xff", b""])
def test_a_list_that_is_none_is_a_protocol_error(run: Run, body: bytes) -> None:
    with ScriptedServer(answer(200, body=body)) as server:
        error, _ = run(server.url, calls.keys_page(None, "data"))
    assert isinstance(error, errors.ProtocolError)


def test_an_empty_token_of_a_next_page_ends_the_list(run: Run) -> None:
    with ScriptedServer(answer(200, "X-NEXT: ", body=b'["a"]')) as server:
        assert run(server.url, calls.keys_page(None, "data"))[0] == (["a"], None)


@pytest.mark.parametrize("body", [b"file:///etc/passwd", b"/relative", b'"http://x/"', b"", b"http://x/\xc3\xa9"])
def test_an_upload_url_that_is_none_is_a_protocol_error(run: Run, body: bytes) -> None:
    with ScriptedServer(answer(200, body=body)) as server:
        error, _ = run(server.url, calls.new_upload("k", "data"))
    assert isinstance(error, errors.ProtocolError)


def test_a_value_that_arrives_damaged_is_a_checksum_error(run: Run) -> None:
    with ScriptedServer(answer(200, "x-goog-hash: crc32c=AAAAAA==", body=b"ok")) as server:
        error, _ = run(server.url, calls.get("k", "data"))
    assert isinstance(error, errors.ChecksumError)


def test_no_answer_in_time_is_a_deadline_error(run: Run) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/storage/v1"
        error, _ = run(url, calls.get("k", "data"), retries=0, timeout_s=0.2)
    assert isinstance(error, errors.DeadlineError)


def test_upload_urls_get_no_token() -> None:
    with ScriptedServer() as server:
        server.answers += [answer(404), answer(200, body=f"{server.origin}/up".encode()), PLAIN, PLAIN]
        with Storage(server.url, token="t") as storage:
            storage.set("k", b"12")
    assert ["authorization" in headers for _, headers in server.requests] == [True, True, False, True]
    assert server.requests[2][0] == "PUT /up HTTP/1.1"


def test_a_token_refused_is_read_again_once() -> None:
    with ScriptedServer(answer(401), answer(401)) as server, Storage(server.url, token="t") as storage:
        with pytest.raises(errors.UnauthorizedError):
            storage.get("k")
        assert len(server.requests) == 1  # a token given is the only one there is


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://", "https://u:p@h/storage/v1", "https://h/?a", "https://h:99999/", "nonsense"]
)
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    with pytest.raises(errors.BadRequestError):
        RemoteServer(url, Credentials("t"))


def test_a_token_is_not_sent_in_clear_text_to_another_machine() -> None:
    with pytest.raises(errors.CredentialsError, match="https://"):
        Storage("http://192.0.2.1/storage/v1", token="t")
