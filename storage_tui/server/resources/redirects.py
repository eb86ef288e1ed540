"""Downloads directly from the storage engine: the answer names a URL of the engine that is valid for one GET.

So the bytes need not pass through this server. The client must be able to reach the engine and must follow redirects,
as our client does.
"""

from collections.abc import Callable, Mapping

from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response
from storage_tui.server.stores.base import BlobReader

FOLLOWERS = ("storage-tui/",)  # clients, by User-Agent, that follow redirects and verify the bytes
ANSWERED = ("ETag", "Last-Modified", "x-goog-hash", "X-Expires-At")  # sent with the redirect, for verification

DirectUrl = Callable[[Mapping[str, str]], str | None]
"""The method `direct_url` of a BlobReader whose engine can serve the bytes directly: it returns a URL of these bytes,
whose answer has the given headers where the engine supports that; None when the bytes must be streamed."""


def redirect(request: Request, reader: BlobReader, headers: Mapping[str, str]) -> Response | None:
    """Return a redirect to the engine; None when the bytes must be streamed."""
    direct_url: DirectUrl | None = getattr(reader, "direct_url", None)
    if direct_url is None or not (request.headers.one("user-agent") or "").startswith(FOLLOWERS):
        return None
    url = direct_url(headers)
    if url is None:
        return None
    told = {name: headers[name] for name in ANSWERED if name in headers}
    return Response(307, {**told, "Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
