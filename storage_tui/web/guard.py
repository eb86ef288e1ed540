"""Checks of requests to the web server: only its own pages may ask, at its own address, by a path with the token."""

import hmac
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self' ws:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),  # xterm.js writes its styles into the page
    "Referrer-Policy": "no-referrer",  # the path holds the token
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """The checks in front of every route. `port` is where the server listens."""

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})  # another name may be a rebound one

    def refusal(self, request: web.Request) -> str | None:
        """Return why this request is refused; None when it is allowed."""
        if request.host not in self._hosts:
            return "this server answers to 127.0.0.1 and localhost only"
        origin = request.headers.get("Origin")
        needs_origin = (
            request.method not in ("GET", "HEAD") or "upgrade" in request.headers.get("Connection", "").lower()
        )
        if origin is None and needs_origin:
            return "only the page itself may open a web socket or upload"
        if origin is not None and origin != f"http://{request.host}":
            return "pages of other sites may not use this server"
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and needs_origin:
            return "pages of other sites may not use this server"
        first = request.path.removeprefix("/").partition("/")[0]  # a path may be `*` or empty
        if not hmac.compare_digest(first.encode("utf-8", "backslashreplace"), self._token):
            return "open the link that storage-tui web printed; it holds a token"
        return None

    def middleware(self) -> Middleware:
        """Return the aiohttp middleware that checks every request before its route."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            reason = self.refusal(request)
            if reason is not None:
                return web.Response(status=403, text=f"{reason}\n")
            return await handler(request)

        return check

    @staticmethod
    async def sign(_: web.Request, response: web.StreamResponse) -> None:
        """Add the headers to an answer that is about to be sent."""
        response.headers.update(_HEADERS)
