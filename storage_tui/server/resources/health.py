"""The health of the server: `/healthz` for load balancers, `/metrics` for monitoring."""

import hmac
import secrets
from collections.abc import Callable

from storage_tui.contract.errors import UnauthorizedError
from storage_tui.machine.secrets import Secret
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, text_response
from storage_tui.server.http.routes import Access, Route
from storage_tui.server.resources.metrics import CONTENT_TYPE, Metrics
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.overview import Overseen


class Health:
    """The handlers of `/healthz` and `/metrics`. Without a token for `/metrics` that route does not exist: sums over
    all users are not for any user."""

    def __init__(
        self, store: Store, metrics: Metrics, *, token: Secret[bytes] | None, active: Callable[[], int]
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._token = token
        self._active = active
        self.is_stopping = False
        self.routes = (
            Route("GET", "/healthz", self.tell, Access.OPEN, base=""),
            Route("HEAD", "/healthz", self.tell, Access.OPEN, base=""),
            *((Route("GET", "/metrics", self.measure, Access.METRICS, base=""),) if token is not None else ()),
        )

    @property
    def is_read_only(self) -> bool:
        """Return whether the store accepts no writes until a restart; an engine that cannot report this counts as
        writable."""
        return self.why_read_only is not None

    @property
    def why_read_only(self) -> str | None:
        """Return why the store accepts no writes, and what to do; None while it accepts writes."""
        return self._store.read_only if isinstance(self._store, Overseen) else None

    def authorize(self, authorization: str | None) -> None:
        """Raise UnauthorizedError unless the header holds the token for `/metrics`."""
        wanted = self._token.reveal() if self._token is not None else secrets.token_bytes()
        given = (authorization or "").removeprefix("Bearer ").strip().encode("utf-8", "replace")
        if not hmac.compare_digest(given, wanted):
            raise UnauthorizedError("this needs the token of --metrics-token-file: 'Authorization: Bearer TOKEN'")

    async def tell(self, request: Request) -> Response:
        """Answer with one word. The status is 503 for every word but `ok`, so that no traffic goes to this server, or
        so that the server is restarted."""
        if self.is_stopping:
            return text_response("stopping", status=503)
        if self.is_read_only:
            return text_response("read-only", status=503)
        return text_response("ok")

    async def measure(self, request: Request) -> Response:
        """Answer with the metrics as text."""
        overview = await self._store.overview() if isinstance(self._store, Overseen) else None
        text = self._metrics.render(
            active=self._active(), is_stopping=self.is_stopping, is_read_only=self.is_read_only, overview=overview
        )
        return Response(200, {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}, text.encode())
