"""An engine that speaks less than Amazon's, as Google's XML API does: no delete of many objects, no copy of parts."""

import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from storage_tui.contract.errors import PreconditionFailedError
from storage_tui.server.stores.base import Precondition
from storage_tui.server.stores.bucket.copies import Copies, trip
from storage_tui.server.stores.rules import check_precondition
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon
from tests.server.stores.bucket.amazon import at

REFUSED = (
    b"<?xml version='1.0'?><Error><Code>NotImplemented</Code><Message>A header or query you provided requested a "
    b"function that is not implemented.</Message></Error>"
)


class Google(AnsweringServer):
    """Passes requests on to moto's server, but for the calls that Google's XML API refuses."""

    def __init__(self) -> None:
        super().__init__("")
        self.refused: list[str] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        content = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        query = dict(parse_qsl(urlsplit(handler.path).query, keep_blank_values=True))
        is_part_copy = "partNumber" in query and handler.headers.get("x-amz-copy-source") is not None
        if (handler.command == "POST" and "delete" in query) or is_part_copy:
            self.refused.append("copy of a part" if is_part_copy else "delete of many")
            return self._send(handler, 400, {"Content-Type": "application/xml"}, REFUSED)
        headers = {name: text for name, text in handler.headers.items() if name.lower() not in ("host", "connection")}
        asked = urllib.request.Request(
            amazon.endpoint() + handler.path, data=content if handler.command in ("PUT", "POST") else None,
            headers=headers, method=handler.command,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                return self._send(handler, answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as exc:
            return self._send(handler, exc.code, dict(exc.headers), exc.read())

    def _send(self, handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        handler.send_response(status)
        dropped = ("connection", "transfer-encoding", "date", "server", "content-length")
        length = headers.get("Content-Length", "0") if handler.command == "HEAD" else str(len(content))
        for name, text in headers.items():
            if name.lower() not in dropped:
                handler.send_header(name, text)
        handler.send_header("Content-Length", length)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


async def test_a_bucket_of_such_an_engine_is_listed_read_written_copied_and_deleted(tmp_path: Path) -> None:
    name = amazon.new_bucket(amazon.endpoint())
    with Google() as google:
        async with amazon.opened(google.url, name, tmp_path) as store:
            for key in ("a", "d/b", "d/c"):
                await store.put(at(key), key.encode() * 100)
            assert await amazon.keys_of(store, limit=1) == ["a", "d/b", "d/c"]
            assert await amazon.content_of(store, "d/b") == b"d/b" * 100
            copies = Copies(store._run().bucket, whole_bytes=10, part_bytes=10)
            made, _ = copies.copy(trip(at("a"), at("e"), None, Precondition(), check_precondition))
            assert made.size_bytes == 100
            assert google.refused == ["copy of a part"], "the copy in parts was tried, and then one in one call"
            with pytest.raises(PreconditionFailedError):
                copies.copy(trip(at("a"), at("e"), None, Precondition(if_match=("x",)), check_precondition))
            results = await store.delete_many("", "data", [("a", None), ("d/b", None), ("nothing", None)])
            assert [result.error for result in results] == [None, None, None]
            assert await amazon.keys_of(store) == ["d/c", "e"]
            assert "delete of many" in google.refused, "it was tried, and then each by itself"
