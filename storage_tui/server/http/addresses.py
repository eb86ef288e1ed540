"""Absolute URLs for clients: under the public URL where one is set, else under the host of the request."""

import re

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.wire import BASE_PATH
from storage_tui.server.http.request import Request

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def absolute_url(request: Request, path: str, public_url: str | None) -> str:
    """Return the URL of an absolute path on this server; raise BadRequestError when the Host header is not a host."""
    if public_url is not None:
        return public_url.rstrip("/").removesuffix(BASE_PATH) + path
    host = request.headers.one("host") or ""
    if not _HOST.fullmatch(host):
        raise BadRequestError(f"the header Host must be a host and port, not {host[:60]!a}")
    return f"{request.scheme}://{host}{path}"
