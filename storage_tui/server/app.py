"""The ASGI application: route table, the one layer of authentication, and errors turned into answers.

Everything is denied unless a row of the table opens it. An unknown path therefore needs a token before the answer is a
404.
"""

import logging
import secrets
import traceback
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from storage_tui.contract.errors import (
    BadRequestError,
    DamagedError,
    ForbiddenError,
    MethodNotAllowedError,
    NotFoundError,
    QuotaExceededError,
    ServerError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.keys import KeyRules
from storage_tui.contract.models import Limits
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.visible import one_line
from storage_tui.contract.wire import (
    COPY,
    DELETE,
    FACTS,
    GET,
    GET_SIGNED_URL,
    LEFT_UPLOADS,
    LIST,
    MOVE,
    NEW_RESUMABLE_URL,
    PURGE,
    SET,
    THAW,
    TRASH,
    UNDELETE,
    UPLOAD_PARTS,
    USAGE,
)
from storage_tui.machine.secrets import Secret
from storage_tui.server.access.control import AccessControl
from storage_tui.server.access.logins import Logins
from storage_tui.server.access.signing import SIGNED_PARAMETERS, UNSIGNED_PARAMETERS, Signing
from storage_tui.server.access.upload_ids import open_upload_id
from storage_tui.server.catalog.catalog import Catalog
from storage_tui.server.http.body import BodyBounds, ClientGoneError, Receive
from storage_tui.server.http.delivery import SEND_IDLE_S, CutError, Send, deliver
from storage_tui.server.http.grants import Grant, Verb
from storage_tui.server.http.naming import (
    names_batch,
    names_copy,
    names_key,
    names_move,
    names_nothing,
    names_prefix,
    names_purge,
    names_undelete,
)
from storage_tui.server.http.request import Request, Scope
from storage_tui.server.http.request_summary import Exchange
from storage_tui.server.http.responses import Response, error_response
from storage_tui.server.http.routes import ANY_KEY, Access, Match, Route, find_route
from storage_tui.server.http.streams import Streams
from storage_tui.server.limits.addresses import FORWARDED_FOR, TrustedProxies, site_of
from storage_tui.server.limits.budget import Budget, MemoryBounds
from storage_tui.server.limits.clients import UNLIMITED, ClientBounds, Clients
from storage_tui.server.limits.crowding import Peer
from storage_tui.server.limits.parsing import Parsing
from storage_tui.server.limits.shares import USER, BusyError
from storage_tui.server.quotas.quotas import Quotas
from storage_tui.server.resources.batches import Batches
from storage_tui.server.resources.blobs import Blobs
from storage_tui.server.resources.buckets import BucketResource
from storage_tui.server.resources.description import Description
from storage_tui.server.resources.health import Health
from storage_tui.server.resources.listing import ListResource
from storage_tui.server.resources.metrics import Metrics
from storage_tui.server.resources.moves import Moves
from storage_tui.server.resources.trash import TrashResource
from storage_tui.server.resources.upload.gate import GateBounds, UploadGate
from storage_tui.server.resources.upload.parts import UploadParts
from storage_tui.server.resources.upload.uploads import UploadResource
from storage_tui.server.stores.abilities import takes_any_name
from storage_tui.server.stores.audit import REQUEST_ID
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.trash import ACTOR

UPLOAD = "/upload/{id}"
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # nobody may keep a signed URL or pass it on

log = logging.getLogger("storage_tui.server")


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """What requests may take, and how long they are waited for. Each value has its reason where the value is kept."""

    memory: MemoryBounds = field(default_factory=MemoryBounds)
    body: BodyBounds = field(default_factory=BodyBounds)
    send_idle_s: float = SEND_IDLE_S
    gate: GateBounds = field(default_factory=GateBounds)
    clients: ClientBounds = UNLIMITED  # of a TCP listener, those that fit its connections


DEFAULTS = RequestBounds()


class StorageApi:
    """The Storage API over a Store, as an ASGI application."""

    def __init__(
        self, store: Store, access: AccessControl, *, limits: Limits | None = None, public_url: str | None = None,
        metrics_token: Secret[bytes] | None = None, shows_keys: bool = False,
        observers: Sequence[Callable[[Exchange], None]] = (), bounds: RequestBounds = DEFAULTS,
        place: OpenPlace | None = None, proxies: TrustedProxies | None = None,
    ) -> None:  # fmt: skip
        """Make the application; `store` and `access` stay the caller's.

        `limits` are the sizes that the server accepts and announces. `public_url` is the base of the absolute URLs in
        answers; None takes the host of each request. `metrics_token` opens `/metrics`; without a token `/metrics` does
        not exist. Each of the `observers` is called with every request that has ended. The log names keys only with
        `shows_keys`. `bounds` are what requests may take.
        `place` describes the bucket or folder that the store shows as it is. The `proxies` say for whom they send a
        request.
        """
        self._access = access
        self._bounds = bounds
        self._active: set[Request] = set()
        self._clients, self._proxies = Clients(bounds.clients), proxies or TrustedProxies()
        self._is_draining = False
        self._shows_keys = shows_keys
        self.metrics = Metrics()
        self.health = Health(store, self.metrics, token=metrics_token, active=lambda: len(self._active))
        self._observers = (self.metrics.note, *observers)
        limits = limits or Limits()
        self._quotas = quotas = Quotas(store, access.records, access.limits)
        self._budget, self._parsing = Budget(bounds.memory), Parsing()
        self._rules = KeyRules(takes_any_name(store))
        description = Description(store, limits, quotas, lambda: self.health.why_read_only, place)
        streams = Streams()
        blobs = Blobs(store, limits, quotas, streams)
        batches = Batches(store, limits, quotas, streams)
        moves = Moves(store, limits, quotas)
        self._listing = listing = ListResource(store, access.keyring, limits)
        trash = TrashResource(store, access.keyring, limits, quotas, listing)
        buckets = BucketResource(store, limits)
        gate = UploadGate(bounds.gate)
        self.uploads = uploads = UploadResource(store, access.keyring, limits, quotas, public_url, gate)
        parts = UploadParts(store, quotas, gate)
        self._logins = logins = Logins(access.records, access.keyring, access.revocations)
        self._signing = signing = Signing(store, access.keyring, public_url)
        self.catalog = Catalog(store, access.records, uploads, quotas, public_url)
        reads, writes = names_key(Verb.READ), names_key(Verb.WRITE)
        generation = frozenset(UNSIGNED_PARAMETERS)
        signed = SIGNED_PARAMETERS | UNSIGNED_PARAMETERS
        scope = frozenset(("prefix", "delimiter"))
        paged = scope | {"limit", "details"}
        self.routes = (
            Route("GET", "", description.get, names=names_nothing),
            Route("GET", "/", description.get, names=names_nothing),
            Route("POST", "/token", logins.exchange, Access.LOGIN),
            Route("PUT", UPLOAD, uploads.put, Access.SESSION),
            Route("DELETE", UPLOAD, uploads.cancel, Access.SESSION),
            Route("GET", UPLOAD, parts.describe, Access.SESSION),
            Route("PUT", f"{UPLOAD}/{UPLOAD_PARTS}/{{key}}", parts.put, Access.SESSION),
            Route("GET", "/signed/{type}/{key}", blobs.get, Access.SIGNATURE, signed, verb=Verb.SHARE),
            Route("HEAD", "/signed/{type}/{key}", blobs.head, Access.SIGNATURE, signed, verb=Verb.SHARE),
            Route("GET", f"/{{type}}/{LIST}", listing.list, parameters=paged, names=names_prefix, verb=Verb.LIST),
            Route("GET", f"/{{type}}/{USAGE}", listing.usage, parameters=scope, names=names_prefix, verb=Verb.LIST),
            Route("GET", f"/{{type}}/{GET}/{{key}}", blobs.get, parameters=generation, names=reads),
            Route("HEAD", f"/{{type}}/{GET}/{{key}}", blobs.head, parameters=generation, names=reads),
            Route(
                "GET", f"/{{type}}/{NEW_RESUMABLE_URL}/{{key}}", uploads.new_resumable_url, names=writes,
                verb=Verb.WRITE,
            ),
            Route(
                "GET", f"/{{type}}/{GET_SIGNED_URL}/{{key}}", signing.get_signed_url,
                parameters=frozenset({"expires_in"}), names=names_key(Verb.READ, Verb.SHARE), verb=Verb.SHARE,
            ),
            Route("PUT", f"/{{type}}/{SET}/{{key}}", blobs.set, names=writes),
            Route("POST", f"/{{type}}/{SET}", batches.set, names=batches.names_set),
            Route("POST", f"/{{type}}/{GET}", batches.get, names=batches.names_get, verb=Verb.READ),
            Route("POST", f"/{{type}}/{DELETE}", blobs.delete_many, names=names_batch, verb=Verb.DELETE),
            Route("POST", f"/{{type}}/{COPY}", moves.copy, names=names_copy),
            Route("POST", f"/{{type}}/{MOVE}", moves.move, names=names_move),
            Route(
                "GET", f"/{{type}}/{TRASH}", trash.list, parameters=frozenset(("prefix", "limit")), names=names_prefix,
                verb=Verb.LIST,
            ),
            Route("POST", f"/{{type}}/{UNDELETE}", trash.bring_back, names=names_undelete, verb=Verb.WRITE),
            Route("POST", f"/{{type}}/{PURGE}", trash.purge, names=names_purge, verb=Verb.DELETE),
            Route("GET", f"/{{type}}/{FACTS}/{{key}}", buckets.facts, names=reads, verb=Verb.READ),
            Route("POST", f"/{{type}}/{THAW}", buckets.thaw, names=names_undelete, verb=Verb.WRITE),
            Route(
                "GET", f"/{{type}}/{LEFT_UPLOADS}", buckets.left_uploads, parameters=frozenset(("prefix",)),
                names=names_prefix, verb=Verb.LIST,
            ),
            Route("POST", f"/{{type}}/{LEFT_UPLOADS}", buckets.drop_uploads, names=names_batch, verb=Verb.DELETE),
            Route("DELETE", ANY_KEY, blobs.delete, names=names_key(Verb.DELETE)),
            *self.catalog.routes,
            *self.health.routes,
        )  # fmt: skip

    async def close(self) -> None:
        """Wait for the quotas and close the lanes. Call this after the last request and before the store closes."""
        await self._quotas.close()
        for lane in (self._parsing, self._listing, self._logins, self.catalog):
            lane.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out one request. Raise only when an answer has begun and cannot continue; the listener then cuts the
        connection."""
        if scope["type"] != "http":
            return
        exchange = Exchange(scope, send)
        try:
            await self._carry_out(scope, receive, exchange)
        except BaseException:
            exchange.is_cut = True
            raise
        finally:
            for note in self._observers:
                note(exchange)

    async def _carry_out(self, scope: Scope, receive: Receive, exchange: Exchange) -> None:
        request: Request | None = None
        async with AsyncExitStack() as stack:
            try:
                request = Request(
                    scope, receive, stack, request_id=secrets.token_hex(6), budget=self._budget, parsing=self._parsing,
                    body_bounds=self._bounds.body, rules=self._rules,
                )  # fmt: skip
                scope["headers"] = ()  # the request holds the headers now; memory need not hold them twice
                exchange.request = request
                REQUEST_ID.set(request.request_id)
                self._active.add(request)
                self._count_address(request)
                response = await self._answer(request)
            except ClientGoneError:
                return
            except StorageError as exc:
                response = self._refuse(exc, request, scope)
            except Exception as exc:
                _log(request, scope, _describe(exc))
                failure = ServerError(f"the server failed; its log has the cause under the id {_id(request)}")
                response = self._refuse(failure, request, scope)
            finally:
                if request is not None:
                    stack.callback(self._active.discard, request)
            try:
                is_head = scope["method"] == "HEAD"
                await deliver(response, request, exchange.send, is_head=is_head, idle_s=self._bounds.send_idle_s)
            except StorageError as exc:  # a blob that cannot be read to its end, such as a damaged one
                self._log_error(exc, request, scope)
                raise
            except CutError:
                raise
            except Exception as exc:
                _log(request, scope, _describe(exc))
                raise

    @property
    def active_requests(self) -> int:
        """Return how many requests are being carried out."""
        return len(self._active)

    def busy_peers(self) -> set[Peer]:
        """Return the peers whose connections carry a request that a token, or a URL made with a token, has opened."""
        return {row.peer for row in self._active if row.peer is not None and row.namespace}

    def drain(self) -> None:
        """Refuse new requests and interrupt bodies that are still arriving. The received part of an upload is kept, so
        that the client can resume."""
        self._is_draining = True
        for request in self._active:
            request.body.interrupt(UnavailableError("the server is stopping; continue the upload later"))

    def cut_revoked(self) -> None:
        """End the requests under way whose token has been revoked."""
        for request in self._active:
            if self._access.is_revoked(request.grant):
                request.body.interrupt(ForbiddenError("the token was revoked; ask for a new one"))

    async def _answer(self, request: Request) -> Response:
        match = find_route(self.routes, request.method, request.raw_path)
        if match.route is not None:
            request.path, request.route = match.path, match.route.path
        if self._is_draining and (match.route is None or match.route.access is not Access.OPEN):
            raise UnavailableError("the server is stopping; try again")
        request.grant = await self._authorize(request, match)
        ACTOR.set(self._access.name_of(request.grant))
        USER.set(request.namespace)
        if match.route is None:
            if match.allowed:
                raise MethodNotAllowedError(f"this path takes {', '.join(match.allowed)}, not {request.method[:20]!a}")
            raise NotFoundError("there is no such call; the description of this server is at /storage/v1")
        request.query = request.parse_query()
        unknown = sorted(request.query.keys() - match.route.parameters)
        if unknown:
            raise BadRequestError(
                f"this call does not know the parameter {unknown[0][:40]!a}; in a key write '?' as %3F"
            )
        self._count(request, match.route)
        if request.grant.restriction is not None:
            if match.route.names is None:
                raise ForbiddenError(f"the token does not allow this: it is for {request.grant.restriction}")
            request.grant.require(await match.route.names(request))
        response = await match.route.handler(request)
        if match.route.access is Access.SIGNATURE:
            response.headers.update(PRIVATE)
        return response

    def _count_address(self, request: Request) -> None:
        """Count the request against the limits of its client address; raise RateLimitError when a limit is reached."""
        if request.peer is not None:
            client = self._proxies.client_of(request.peer[0], request.headers.joined(FORWARDED_FOR))
            self._clients.admit_address(site_of(client), request.stack, has_body=not request.body.is_done)

    def _count(self, request: Request, route: Route) -> None:
        """Count the request against the limits of its user; raise RateLimitError when a limit is reached."""
        if route.access in (Access.LOGIN, Access.OPEN, Access.METRICS):
            return
        namespace = request.namespace
        most = self._quotas.concurrent(namespace)
        self._clients.admit_user(namespace, request.stack, has_body=not request.body.is_done, most=most)
        if route.request_class is not None:
            self._quotas.take_request(namespace, route.request_class)

    async def _authorize(self, request: Request, match: Match) -> Grant:
        """Return what the request may do. Access is granted nowhere else."""
        access = match.route.access if match.route is not None else Access.TOKEN
        if access is Access.LOGIN:
            return Grant("")  # the handler judges the refresh token, and returns nothing but a JWT for it
        if access is Access.OPEN:
            return Grant("")
        if access is Access.METRICS:
            self.health.authorize(request.headers.one("authorization"))
            return Grant("")
        if access is Access.SESSION:
            request.upload_id, grant = await open_upload_id(self._access.keyring, request.path["id"])
            self._access.check_made(grant, "upload URL")
            return grant
        if access is Access.SIGNATURE:
            grant = await self._signing.authorize(request)
            self._access.check_made(grant, "URL")
            return grant
        return await self._access.by_token(request.headers.one("authorization"))

    def _refuse(self, error: StorageError, request: Request | None, scope: Scope) -> Response:
        accept = (request.headers.joined("accept") if request is not None else None) or ""
        is_own_call = isinstance(error, BusyError) and request is not None and request.route != UPLOAD
        response = error_response(error, accept=accept, may_retry_after=scope["method"] != "PUT" or is_own_call)
        response.headers["X-Request-Id"] = _id(request)
        if isinstance(error, MethodNotAllowedError) and request is not None:
            allowed = find_route(self.routes, request.method, request.raw_path).allowed
            response.headers["Allow"] = ", ".join(allowed)
        if request is None or not request.body.is_done or scope["method"] == "PUT":
            response.headers["Connection"] = "close"
        if error.status >= 500 and not isinstance(error, ServerError | QuotaExceededError | BusyError):
            self._log_error(error, request, scope)
        return response

    def _log_error(self, error: StorageError, request: Request | None, scope: Scope) -> None:
        self.metrics.damaged += isinstance(error, DamagedError)
        text = error.message
        if error.key is not None and not self._shows_keys:
            text = text.replace(repr(error.key), "a blob")
        _log(request, scope, one_line(text))


def _id(request: Request | None) -> str:
    return request.request_id if request is not None else "-"


def _log(request: Request | None, scope: Scope, text: str) -> None:
    log.error("%s %s: %s", _id(request), scope["method"], text, extra={"request_id": _id(request)})


def _describe(exc: BaseException) -> str:
    """Return class and place of a defect in one line, without its text: the text may hold keys or worse."""
    frames = traceback.extract_tb(exc.__traceback__)
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(exc).__name__} at {places}"
