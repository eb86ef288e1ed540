"""What the client makes of answers that no server should give, for the fuzzers: a model of sound fields or a refusal.

An input is the status, the headers and the body of an answer, as a server would write them.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx

from storage_tui.client import calls, folding, moves
from storage_tui.client.access.quick_list import page_of
from storage_tui.client.access.servers import Access, Endpoint
from storage_tui.client.calls import Call, Service
from storage_tui.client.catalog_calls import find_image
from storage_tui.client.http.attempt import Target, translated
from storage_tui.client.http.heads import read_head
from storage_tui.client.requests import Request, Response
from storage_tui.contract.catalog import ImageId
from storage_tui.contract.errors import StorageError
from storage_tui.contract.models import FEATURES, Blob, Page, ServiceInfo, Usage
from storage_tui.contract.moves import Move
from storage_tui.machine.secrets import Secret

MOST_ANSWERS = 20  # of one call; one that asks on and on is a defect
BLOB = {"key": "k", "size": 5, "modified": "2026-11-23T05:58:39.000Z", "etag": "e", "crc32c": "AAAAAA==",
        "content_type": "text/plain", "expires": None}  # fmt: skip
IMAGE = {"data": {"id": "org:p:img", "attributes": {"acquired": "2026-11-23T05:58:39Z", "files": [
    {"href": "storage://products/org:p/img/a.tif", "size_bytes": 5}, {"href": "gs://b/c"}]}},
    "included": [{"type": "product", "attributes": {"name": "P"}}]}  # fmt: skip
BODIES: tuple[Any, ...] = (
    BLOB,
    {"blobs": [BLOB], "prefixes": ["a/", "b/"]},
    ["a", "b", "é"],
    {"prefix": "", "count": 1, "size": 5, "oldest": None, "newest": BLOB["modified"],
     "children": [{"prefix": "a/", "count": 1, "size": 5}]},
    {"results": [{"key": "k", "error": None, "message": None}]},
    ServiceInfo(features=frozenset(FEATURES)).to_json(),
    {"service": "s", "features": [], "limits": {"list_page": 10}, "user": {"quotas": {"data": {
        name: {"used": 1, "limit": 2} for name in ("bytes", "blobs", "uploads")}}, "requests_per_minute": {"read": 5}}},
    {"name": "k", "size": "5", "etag": '"e"', "kind": "storage#object"},
    IMAGE,
)  # fmt: skip
HEADERS = (
    b'ETag: "e"\r\nX-NEXT: a.b.c\r\nx-goog-hash: crc32c=AAAAAA==\r\nLast-Modified: Mon, 23 Nov 2026 05:58:39 GMT\r\n'
    b"X-Expires-At: 2026-11-23T05:58:39.000Z\r\nContent-Type: application/json\r\nRetry-After: 3"
)
HEADS = (
    (200, HEADERS),
    (206, b"Content-Range: bytes 0-9/20"),
    (416, b"Content-Range: bytes */0"),
    (404, b"X-Error-Code: not_found"),
    (302, b"Location: https://host.test/b"),
)
UPLOAD_URL = b"https://host.test/storage/v1/upload/x"
SEEDS = tuple(
    b"HTTP/1.1 %d X\r\n%b\r\nContent-Length: 0\r\n\r\n%b" % (status, headers, body)
    for status, headers in HEADS
    for body in (*(json.dumps(body).encode() for body in BODIES), UPLOAD_URL, b"0123456789")
)


def _known() -> Service:
    return Service(ServiceInfo(features=frozenset(FEATURES)))


CALLS: tuple[Callable[[], Call[Any]], ...] = (
    lambda: calls.describe(Service()),
    lambda: calls.get("k", "data"),
    lambda: calls.put(_known(), "k", b"value", "data", None),
    lambda: calls.put(Service(), "k", b"value", "data", None),
    lambda: calls.exists("k", "data"),
    lambda: calls.stat("k", "data"),
    lambda: folding.list_page(_known(), "", "data", "/", None, 10),
    lambda: folding.list_page(Service(ServiceInfo()), "", "data", "/", None, 10),
    lambda: folding.list_columns(_known(), "", "data", "/", None, 10),
    lambda: folding.usage(_known(), "", "data", "/"),
    lambda: calls.delete("k", "data"),
    lambda: calls.delete_batch(_known(), [("k", None)], "data"),
    lambda: moves.copy(_known(), Move("k", "to", "data", "tmp")),
    lambda: moves.move(_known(), Move("k", "to", "data", "tmp")),
    lambda: moves.move(Service(ServiceInfo(features=frozenset({"copy"}))), Move("k", "to", etag="e")),
    lambda: moves.move_many(_known(), [Move("k", "to"), Move("l", "m")]),
    lambda: moves.copy_many(_known(), [Move("k", "to")]),
    lambda: calls.signed_url("k", "data", None),
    lambda: calls.new_upload("k", "data"),
    lambda: calls.cancel_upload(_known(), "k", "data", size_bytes=5, repeat_key="r"),
    lambda: calls.read_range("k", "data", 0, 10, None),
    lambda: calls.read_range("k", "data", -10, None, "e"),
    lambda: find_image(_known(), ImageId("org:p", "img")),
)


def answer_of(content: bytes) -> Response | None:
    """The answer that the input is; None where it has no head."""
    head = read_head(content if b"\r\n\r\n" in content else content + b"\r\n\r\n")
    if head is None:
        return None
    headers = httpx.Headers(head.headers)
    return Response(head.status_code, {name.lower(): value for name, value in headers.items()}, head.rest)


def check_answer(content: bytes) -> None:
    """Every call gets this answer to all it asks."""
    answer = answer_of(content)
    if answer is None:
        return
    for make in CALLS:
        call = make()
        with suppress(StorageError):
            told = _run(call, answer)
            _check_told(told)
    page = page_of((dict(answer.headers), answer.body), "data")
    if page is not None:
        _check_told(page)
    location = answer.headers.get("location")
    if location is not None:
        asked = Request("GET", "/data/get/k")
        target = Target(asked, Access(Endpoint("http://127.0.0.1:1/storage/v1"), Secret("t")), "g")
        with suppress(StorageError), translated(asked, "it"):
            target.moves(answer.status, httpx.Headers(dict(answer.headers)))
            target.request(None, {})


def _run(call: Call[Any], answer: Response) -> Any:
    request = next(call)
    for _ in range(MOST_ANSWERS):
        _check_request(request)
        try:
            request = call.send(answer)
        except StopIteration as stop:
            return stop.value
    call.close()
    return None


def _check_request(request: Request) -> None:
    """What the call asks can be sent: its URL and headers are ones."""
    with suppress(StorageError), translated(request, "it"):
        access = Access(Endpoint("http://127.0.0.1:1/storage/v1"), Secret("t"))
        Target(request, access, "g").request(None, {})


def _check_told(told: Any) -> None:
    """A model of fields that are what they say: shown, sorted and written as JSON without an exception."""
    if isinstance(told, Blob):
        assert told.size_bytes is None or type(told.size_bytes) is int
        for text in (told.key, told.etag or "", told.crc32c or "", told.content_type or ""):
            assert isinstance(text, str)
            text.encode("utf-8")
    if isinstance(told, Page):
        for blob in told.blobs:
            _check_told(blob)
        sorted((*told.prefixes, *(blob.key for blob in told.blobs)), key=str.encode)
    if isinstance(told, ServiceInfo):
        limits = told.limits
        assert all(type(getattr(limits, name)) in (int, type(None)) for name in type(limits).__slots__)
        assert limits.list_page > 0 and limits.delete_batch > 0
        assert all(isinstance(row, dict) for row in told.storage_types)
    if isinstance(told, Blob | Page | Usage):
        told._repr_html_()
    if isinstance(told, Blob | Page | Usage | ServiceInfo):
        json.dumps(told.to_json())
