"""The asynchronous driver of calls: the same promises as `session.py`, on the running event loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from storage_tui.client.access.servers import Access, Endpoint, Server
from storage_tui.client.calls import Call
from storage_tui.client.http.attempt import (
    Target,
    check_encoding,
    deadlines,
    expanded,
    new_group,
    ssl_context,
    translated,
)
from storage_tui.client.http.outage import Outage
from storage_tui.client.http.pace import Pace
from storage_tui.client.http.retry import AGAIN, Attempts, RetryPolicy
from storage_tui.client.http.session import Window, may_have_gone
from storage_tui.client.requests import ERROR_BYTES, Request, Response, most_bytes, too_large
from storage_tui.contract.errors import InvalidKeyError, StorageError

T = TypeVar("T")
CONNECTIONS = 8  # httpx's own pool gets slower with more


def refuse(refusal: InvalidKeyError) -> None:
    """Raise the refusal, as for a server without exact names."""
    raise InvalidKeyError(refusal.message, key=refusal.key)


class AsyncSession:
    """Runs calls on one event loop at a time. `check_names` is called with the refusal of a request and raises
    the refusal unless the server has exact names; it may block."""

    def __init__(
        self, server: Server, policy: RetryPolicy, timeout_s: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep, outage: Outage | None = None,
        pace: Pace | None = None, check_names: Callable[[InvalidKeyError], None] = refuse,
    ) -> None:  # fmt: skip
        self.server = server
        self._check_names = check_names
        self._policy = policy
        self._timeout = deadlines(timeout_s)
        self._sleep = sleep
        self._outage = outage or Outage()
        self._pace = pace or Pace()
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._of: tuple[Endpoint, asyncio.AbstractEventLoop] | None = None

    async def run(self, call: Call[T]) -> T:
        """Run the call to its end and return its result."""
        try:
            request = next(call)
            while True:
                try:
                    response = await self.send(request)
                except StorageError as exc:
                    request = call.throw(exc)
                else:
                    request = call.send(response)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def send(self, request: Request) -> Response:
        """Return the answer to one request, which is tried again as the policy allows. Raise StorageError."""
        if request.refusal is not None:
            await asyncio.to_thread(self._check_names, request.refusal)
        attempts = Attempts(request, self._policy)
        group = new_group()
        may_ask_token, may_restart = True, True
        while True:
            access = self.server.ready()
            if access is None:
                access = await asyncio.to_thread(self.server.reach)
            try:
                response = await self._once(request, access, group)
            except StorageError as exc:
                if may_restart and may_have_gone(request, exc):
                    may_restart = False
                    if await asyncio.to_thread(self.server.lost):
                        continue
                await self._sleep(attempts.pause_after_error(exc))
                continue
            if response.status not in AGAIN:
                self._outage.answered()
            if response.status == 401 and may_ask_token and request.url is None:
                may_ask_token = False
                if await asyncio.to_thread(self.server.token_refused, access.token):
                    continue
            pause_s = attempts.pause_after_answer(response)
            if pause_s is None:
                return response
            await self._sleep(pause_s)

    async def aclose(self) -> None:
        """Close the connections."""
        transport, self._transport, self._of = self._transport, None, None
        if transport is not None:
            await transport.aclose()

    async def _once(self, request: Request, access: Access, group: str) -> Response:
        target = Target(request, access, group)
        transport = self._transport_for(access.endpoint)
        body = bytes(request.body) if isinstance(request.body, memoryview) else request.body
        if request.is_bulk and body and self._pace.up.bytes_per_s is not None:
            await asyncio.to_thread(self._pace.up.take, len(body))  # a value is in memory, and goes in one piece
        with translated(request, self.server.display_url):
            while True:
                raw = await transport.handle_async_request(target.request(body, self._timeout))
                try:
                    if target.moves(raw.status_code, raw.headers):
                        continue
                    target.complete(raw.headers)
                    check_encoding(raw.headers, request)
                    taken = await _read(raw, request)
                    if request.is_bulk and body is None and self._pace.down.bytes_per_s is not None:
                        await asyncio.to_thread(self._pace.down.take, len(taken))
                    return Response(
                        raw.status_code, raw.headers, expanded(taken, raw.status_code, raw.headers, request)
                    )
                finally:
                    await raw.aclose()

    def _transport_for(self, endpoint: Endpoint) -> httpx.AsyncHTTPTransport:
        loop = asyncio.get_running_loop()
        if self._transport is None or self._of != (endpoint, loop):
            path = None if endpoint.socket is None else str(endpoint.socket)
            limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
            verify = ssl_context() if path is None else False  # a UNIX socket has no TLS, and certificates load slowly
            self._transport = httpx.AsyncHTTPTransport(uds=path, verify=verify, limits=limits, trust_env=False)
            self._of = (endpoint, loop)
        return self._transport


async def _read(raw: httpx.Response, request: Request) -> bytes:
    taken = bytearray()
    most = most_bytes(request, Response(raw.status_code, raw.headers))
    window = None
    if request.window is not None and raw.status_code == 200:
        window = Window(request, raw.headers.get("content-length"), most)
    async for chunk in raw.aiter_raw():
        if window is not None:
            if window.take(chunk):
                break
            continue
        taken += chunk
        if raw.status_code >= 300 and len(taken) >= ERROR_BYTES:
            break
        if raw.status_code < 300 and len(taken) > most:
            raise too_large(request, most)
    return bytes(taken) if window is None else window.result()
