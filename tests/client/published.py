"""A published Storage API server without any of our additions: a proxy that lets only the published calls through."""

import http.client
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.faults.answering import AnsweringServer

PAGE = 4  # keys a page, so that a handful of keys make several
VERBS = {"get", "list", "new_resumable_url", "get_signed_url"}
HIDDEN = {"etag", "x-goog-hash", "accept-ranges", "x-expires-at", "connection", "transfer-encoding", "server", "date"}


class PublishedServer(AnsweringServer):
    """In front of a running server of ours. `methods` counts what was asked; `keeps_tags` lets ETag and Range through,
    as the original service did."""

    def __init__(self, url: str, *, keeps_tags: bool = False, page: int = PAGE) -> None:
        parts = urlsplit(url)
        super().__init__(parts.path)
        self._target = (parts.hostname or "", parts.port or 0)
        self.keeps_tags = keeps_tags
        self._page = page
        self.asked: list[str] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Pass on one request, or answer that there is no such call."""
        self.asked.append(f"{handler.command} {handler.path}")
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        parts = urlsplit(handler.path)
        steps = parts.path.removeprefix("/storage/v1").split("/")
        is_upload = steps[1:2] == ["upload"]
        verb = steps[2] if len(steps) > 2 else ""
        is_known = is_upload or handler.command == "DELETE" or (handler.command in ("GET", "HEAD") and verb in VERBS)
        if not is_known or len(steps) < 3:
            return self._send(handler, 404, {"Content-Type": "text/plain"}, b"no such call")
        headers = dict(handler.headers.items())
        if not self.keeps_tags:
            for name in ("Range", "If-Match", "If-None-Match"):
                headers.pop(name, None)
        path = parts.path
        if verb == "list" and not is_upload:
            kept = [(name, value) for name, value in parse_qsl(parts.query, True) if name == "prefix"]
            path += "?" + urlencode([*kept, ("limit", str(self._page))])
        connection = http.client.HTTPConnection(*self._target, timeout=30)
        try:
            connection.request(handler.command, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept_headers = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in (HIDDEN - {"etag", "x-goog-hash"} if self.keeps_tags else HIDDEN)
            }
            self._send(handler, answer.status, kept_headers, b"" if is_upload and answer.status == 200 else content)
        finally:
            connection.close()
        return None

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        is_head = handler.command == "HEAD"
        with suppress(OSError):
            handler.send_response(status)
            for name, value in headers.items():
                if name.lower() != "content-length":
                    handler.send_header(name, value)
            length = headers.get("content-length") if is_head else str(len(content))
            handler.send_header("Content-Length", length or "0")
            handler.end_headers()
            handler.wfile.write(b"" if is_head else content)
