"""A summary of one request for operators: method, route, status, sizes and duration. Never its secrets."""

import time
from typing import Any

from storage_tui.server.http.body import Message
from storage_tui.server.http.delivery import Send
from storage_tui.server.http.request import Request, Scope

METHODS = frozenset(("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"))
CLIENT_GONE = 499  # the status in logs when nobody was left to answer


class Exchange:
    """A request and its answer. It stands between the application and the listener's `send`."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.method: str = scope["method"] if scope["method"] in METHODS else "other"
        self.status = 0
        self.sent_bytes = 0
        self.request: Request | None = None
        self.is_cut = False
        self._send = send
        self._started = time.monotonic()

    async def send(self, message: dict[str, Any] | Message) -> None:
        """Pass the message on and count its bytes."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.sent_bytes += len(message.get("body", b""))
        await self._send(message)

    @property
    def final_status(self) -> int:
        """Return the status that was sent, or CLIENT_GONE when nobody was left to answer."""
        return self.status or CLIENT_GONE

    @property
    def route(self) -> str:
        """Return the path of the row that took the request, such as `/{type}/get/{key}`; `-` where no row took it."""
        return self.request.route if self.request is not None and self.request.route else "-"

    @property
    def received_bytes(self) -> int:
        """Return how many bytes of the body arrived."""
        return 0 if self.request is None else self.request.body.received_bytes

    @property
    def duration_s(self) -> float:
        """Return the seconds since the request began."""
        return time.monotonic() - self._started
