"""The application itself, called with requests that no client would send, for the fuzzers: it never fails.

An input is a request as it goes over the wire. What the listener judges before us (the form of a request line) is left
out here; `test_malformed.py` is about that.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from storage_tui.contract.catalog import CATALOG_PATH
from storage_tui.contract.keys import key_from_path
from storage_tui.contract.packs import frame
from storage_tui.contract.wire import BASE_PATH
from storage_tui.server.access.control import open_access
from storage_tui.server.access.tokens import create_token
from storage_tui.server.app import StorageApi
from storage_tui.server.run.engine import open_local

KEY, OTHER, VALUE = "a/b c", "other", b"0123456789"
JSON_API = "Content-Type: application/vnd.api+json"
IMAGE = {"product_id": "org:p", "name": "i", "acquired": "2026-01-01T00:00:00Z",
         "files": [{"href": "gs://a/b", "size_bytes": 5}]}  # fmt: skip
SEARCH = json.dumps(
    {"filter": json.dumps([{"name": "acquired", "op": "gte", "val": "2026-01-01"}]), "limit": 5}
).encode()
NONE: Mapping[str, str] = {}
PAGES = ("x/1", "x/2", "x/3")


def _document(kind: str, document_id: str | None, **attributes: Any) -> bytes:
    return json.dumps({"data": {"type": kind, "id": document_id, "attributes": attributes}}).encode()


class Server:
    """The application on a store of its own, with a user, some blobs, a page token, a signed URL and an upload URL."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._loop = asyncio.new_event_loop()
        engine = open_local(Path(self._folder.name), owner_note={})
        self._store = engine.store
        self._loop.run_until_complete(self._store.start())
        self._app = StorageApi(engine.store, open_access(engine.records))
        self.token = create_token(engine.records, "ann")
        for key in (KEY, OTHER, *PAGES):
            assert self._ask("PUT", f"/data/set/{key.replace(' ', '%20')}", {}, VALUE)[0] == 200
        listed = self._ask("GET", "/data/list?prefix=x/&limit=1&details=true")
        self.page_token = listed[1]["x-next"]
        self.signed = self._ask("GET", "/data/get_signed_url/a/b%20c")[2].decode().partition("/storage/v1")[2]
        self.upload = self._ask("GET", "/data/new_resumable_url/up")[2].decode().partition("/storage/v1")[2]

    def close(self) -> None:
        """End it, and remove what it kept."""
        self._loop.run_until_complete(self._store.close())
        self._loop.close()
        self._folder.cleanup()

    @property
    def seeds(self) -> tuple[bytes, ...]:
        """Good requests, each as `METHOD path`, headers, an empty line and the body; the token is added to each."""
        crc32c = "x-goog-hash: crc32c=AAAAAA=="
        rows = (
            ("GET /", "Accept: application/problem+json", b""),
            ("GET /data/get/a/b%20c", "Range: bytes=2-5", b""),
            ("GET /data/get/a/b%20c", 'Range: bytes=2-5\r\nIf-Match: "x", *\r\nIf-Range: "y"', b""),
            ("GET /data/get/a/b%20c", "If-None-Match: *\r\nIf-Modified-Since: Mon, 23 Nov 2026 05:58:39 GMT", b""),
            ("HEAD /tmp/get/other", "User-Agent: dl-python/1.12.1", b""),
            ("GET /data/list?prefix=x/&limit=1&details=true", f"X-NEXT: {self.page_token}", b""),
            ("GET /data/list?prefix=%C3%A9+&delimiter=/&details=1", "", b""),
            ("GET /data/usage?prefix=a/&delimiter=/", "", b""),
            ("GET /data/new_resumable_url/new",
             f"X-Upload-Content-Length: 10\r\n{crc32c}\r\nIf-None-Match: *\r\nIdempotency-Key: k", b""),
            (f"PUT {self.upload}", f"Content-Range: bytes 0-4/10\r\n{crc32c}\r\nContent-Length: 5", b"01234"),
            (f"PUT {self.upload}", "Content-Range: bytes */*\r\nContent-Length: 0", b""),
            (f"GET {self.signed}", "Range: bytes=-3", b""),
            ("GET /data/get_signed_url/other?expires_in=60", "", b""),
            ("PUT /data/set/new%2Fkey", f"Content-Type: text/plain\r\n{crc32c}\r\nContent-Length: 4", b"text"),
            ("POST /data/set", "Content-Type: application/vnd.storage-tui.pack",
             frame({"key": "new", "crc32c": "AAAAAA==", "content_type": "text/csv"}) + frame({"key": "n/2"}, b"text")),
            ("POST /data/get", "Content-Type: application/json", b'{"keys": ["other", "nothing", "a/../b"]}'),
            ("POST /data/delete", "Content-Type: application/json",
             b'{"targets": [{"key": "no", "etag": null}, {"key": "none", "etag": "\\"e\\""}]}'),
            ("POST /data/copy", "Content-Type: application/json",
             b'{"key": "other", "to_key": "copy", "to_storage_type": "tmp", "overwrite": true}'),
            ("DELETE /data/nothing", "X-Request-Group: 0011\r\nIf-Match: *", b""),
            ("POST /token", "Content-Type: application/json",
             b'{"client_id": "c", "grant_type": "refresh_token", "refresh_token": "a.b.c", "scope": "x"}'),
            (f"PUT {CATALOG_PATH}/images?include=product&continue=WyJhIiwgbnVsbF0", JSON_API, SEARCH),
            (f"POST {CATALOG_PATH}/products", JSON_API, _document("product", "org:p", name="P", tags=["a"])),
            (f"POST {CATALOG_PATH}/images", JSON_API, _document("image", "org:p:i", **IMAGE)),
            (f"POST {CATALOG_PATH}/uploads_v2?include=events", JSON_API,
             _document("image_upload", None, image={"data": {"type": "image", "id": "org:p:i", "attributes": IMAGE}},
                       image_id="org:p:i", image_upload_options={"upload_type": "file", "image_files": ["/a/b.tif"]})),
            (f"PATCH {CATALOG_PATH}/uploads_v2/7", JSON_API, _document("image_upload", "7", status="pending")),
            (f"GET {CATALOG_PATH}/images/org:p:i?include=product", "", b""),
        )  # fmt: skip
        return tuple(f"{line}\r\n{headers}\r\n\r\n".encode() + body for line, headers, body in rows)

    def check(self, content: bytes) -> None:
        """The request is answered, not failed at, and what is signed opens nothing else than what was signed."""
        head, _, body = content.partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        method, _, target = line.partition(b" ")
        path, _, query = target.partition(b"?")
        pairs = [field.partition(b":")[::2] for field in fields if field]
        headers = [(name.strip().lower(), value.strip()) for name, value in pairs]
        status, told, answer = self._call(method.decode("latin-1"), path, query, headers, body)
        assert status in range(200, 500) or status == 507, (status, answer[:300])
        for name, value in told.items():
            assert name.isascii() and value.isascii() and value.isprintable(), (name, value)
        if status >= 400 and method != b"HEAD":
            text = answer.decode("utf-8")
            assert text.count("\n") <= 1 and "Traceback" not in text, text[:300]
        if path.startswith(b"/signed/") and status in (200, 206):
            assert answer in VALUE and key_from_path(path.removeprefix(b"/signed/data/")) == KEY, path
        if any(name == b"x-next" for name, _ in headers) and status == 200 and b"details" in query:
            assert b"other" not in answer

    def _ask(
        self, method: str, target: str, headers: Mapping[str, str] = NONE, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        path, _, query = target.partition("?")
        pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        return self._call(method, path.encode(), query.encode(), pairs, body)

    def _call(
        self, method: str, path: bytes, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        names = {name for name, _ in headers}
        given = [*headers]
        for name, value in (
            (b"host", b"localhost"),
            (b"authorization", b"Bearer " + self.token.encode()),
            (b"content-length", b"%d" % len(body)),
        ):
            if name not in names and not (name == b"content-length" and b"transfer-encoding" in names):
                given.append((name, value))
        raw_path = path if path.startswith(CATALOG_PATH.encode()) else BASE_PATH.encode() + path
        scope = {"type": "http", "http_version": "1.1", "method": method, "scheme": "http", "headers": given,
                 "raw_path": raw_path, "path": "", "query_string": query}  # fmt: skip
        return self._loop.run_until_complete(asyncio.wait_for(self._exchange(scope, body), 30))

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes]:
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        told: dict[str, Any] = {}
        answer = bytearray()

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told.update(message)
            answer.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in told.get("headers", ())}
        return told.get("status", 499), headers, bytes(answer)


def one_server() -> closing[Server]:
    """A server to fuzz, closed at the end of the block."""
    return closing(Server())
