"""Downloads that the storage engine gives out itself: the answer names a URL of the engine that is good for one GET.

It saves the bytes their way through this server. The client has to reach the engine, and to follow: ours does.
"""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.stores.base import BlobReader

FOLLOWERS = ("storage-tui/",)  # clients that follow, by their User-Agent, and verify what they get there
ANSWERED = ("ETag", "Last-Modified", "x-goog-hash", "X-Expires-At")  # told with the way, for the client to hold it to


@runtime_checkable
class DirectReader(Protocol):
    """A BlobReader whose engine can be read directly."""

    def direct_url(self, headers: Mapping[str, str]) -> str | None:
        """A URL of these bytes, whose answer has the given headers where the engine can; None to stream them."""


def redirect(request: Request, reader: BlobReader, headers: Mapping[str, str]) -> Response | None:
    """The answer that leads to the engine; None where the bytes are to be streamed."""
    if not isinstance(reader, DirectReader) or not (request.headers.one("user-agent") or "").startswith(FOLLOWERS):
        return None
    url = reader.direct_url(headers)
    if url is None:
        return None
    told = {name: headers[name] for name in ANSWERED if name in headers}
    return Response(307, {**told, "Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
