"""The ASGI application: route table, the one layer of authentication, and errors turned into answers.

Everything is denied unless a row of the table opens it: an unknown path asks for a token before it is a 404.
"""

import logging
import secrets
import traceback
from contextlib import AsyncExitStack

from storage_tui.contract.errors import (
    BadRequestError,
    MethodNotAllowedError,
    NotFoundError,
    ServerError,
    StorageError,
    UnavailableError,
)
from storage_tui.contract.models import Limits
from storage_tui.contract.wire import COPY, DELETE, GET, GET_SIGNED_URL, LIST, NEW_RESUMABLE_URL, SET, USAGE
from storage_tui.server.blobs import Blobs
from storage_tui.server.body import ClientGoneError, Receive
from storage_tui.server.delivery import CutError, Send, deliver
from storage_tui.server.description import Description
from storage_tui.server.keyring import Keyring
from storage_tui.server.listing import Listing
from storage_tui.server.request import Request, Scope
from storage_tui.server.responses import Response, error_response, one_line
from storage_tui.server.routes import ANY_KEY, Access, Match, Route, find_route
from storage_tui.server.signing import SIGNED_PARAMETERS, UNSIGNED_PARAMETERS, Signing
from storage_tui.server.stores.base import Store
from storage_tui.server.tokens import authenticate
from storage_tui.server.uploads import Uploads

PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}  # a signed URL must not be kept or passed on

log = logging.getLogger("storage_tui.server")


class StorageApp:
    """The Storage API over a Store, as an ASGI application."""

    def __init__(
        self, store: Store, keyring: Keyring, *, limits: Limits | None = None, public_url: str | None = None
    ) -> None:
        self._keyring = keyring
        self._active: set[Request] = set()
        self._is_draining = False
        limits = limits or Limits()
        description = Description(limits)
        blobs = Blobs(store, limits)
        listing = Listing(store, keyring, limits)
        uploads = Uploads(store, limits, public_url)
        self._signing = signing = Signing(store, keyring, public_url)
        generation = frozenset(UNSIGNED_PARAMETERS)
        signed = SIGNED_PARAMETERS | UNSIGNED_PARAMETERS
        scope = frozenset(("prefix", "delimiter"))
        self.routes = (
            Route("GET", "", description.get),
            Route("GET", "/", description.get),
            Route("PUT", "/upload/{id}", uploads.put, Access.SESSION),
            Route("DELETE", "/upload/{id}", uploads.cancel, Access.SESSION),
            Route("GET", "/signed/{type}/{key}", blobs.get, Access.SIGNATURE, signed),
            Route("HEAD", "/signed/{type}/{key}", blobs.head, Access.SIGNATURE, signed),
            Route("GET", f"/{{type}}/{LIST}", listing.list, parameters=scope | {"limit", "details"}),
            Route("GET", f"/{{type}}/{USAGE}", listing.usage, parameters=scope),
            Route("GET", f"/{{type}}/{GET}/{{key}}", blobs.get, parameters=generation),
            Route("HEAD", f"/{{type}}/{GET}/{{key}}", blobs.head, parameters=generation),
            Route("GET", f"/{{type}}/{NEW_RESUMABLE_URL}/{{key}}", uploads.new_resumable_url),
            Route(
                "GET", f"/{{type}}/{GET_SIGNED_URL}/{{key}}", signing.get_signed_url,
                parameters=frozenset({"expires_in"}),
            ),
            Route("PUT", f"/{{type}}/{SET}/{{key}}", blobs.set),
            Route("POST", f"/{{type}}/{DELETE}", blobs.delete_many),
            Route("POST", f"/{{type}}/{COPY}", blobs.copy),
            Route("DELETE", ANY_KEY, blobs.delete),
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Raises only when an answer has begun and cannot go on: then the listener cuts the connection."""
        if scope["type"] != "http":
            return
        request: Request | None = None
        async with AsyncExitStack() as stack:
            try:
                request = Request(scope, receive, stack, request_id=secrets.token_hex(6))
                self._active.add(request)
                response = await self._answer(request)
            except ClientGoneError:
                return
            except StorageError as exc:
                response = self._refuse(exc, request, scope)
            except Exception as exc:
                log.error("%s %s: %s", _id(request), scope["method"], _describe(exc))
                failure = ServerError(f"the server failed; its log tells more under the id {_id(request)}")
                response = self._refuse(failure, request, scope)
            finally:
                if request is not None:
                    stack.callback(self._active.discard, request)
            try:
                await deliver(response, request, send, is_head=scope["method"] == "HEAD")
            except StorageError as exc:  # a blob that cannot be read to its end, such as a damaged one
                log.error("%s %s: %s", _id(request), scope["method"], one_line(exc.message))
                raise
            except CutError:
                raise
            except Exception as exc:
                log.error("%s %s: %s", _id(request), scope["method"], _describe(exc))
                raise

    @property
    def active_requests(self) -> int:
        """How many requests are being carried out."""
        return len(self._active)

    def drain(self) -> None:
        """Refuse what is new and cut what is still being received: what came of an upload is kept for a resume."""
        self._is_draining = True
        for request in self._active:
            request.body.interrupt(UnavailableError("the server is stopping; go on with the upload later"))

    async def _answer(self, request: Request) -> Response:
        if self._is_draining:
            raise UnavailableError("the server is stopping; try again")
        match = find_route(self.routes, request.method, request.raw_path)
        request.path = match.path
        request.namespace = self._authorize(request, match)
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
        response = await match.route.handler(request)
        if match.route.access is Access.SIGNATURE:
            response.headers.update(PRIVATE)
        return response

    def _authorize(self, request: Request, match: Match) -> str:
        """The namespace that the request may act in; the only place where access is granted."""
        if match.route is not None and match.route.access is Access.SESSION:
            return ""  # the store finds namespace and key by the id of the session, or nothing
        if match.route is not None and match.route.access is Access.SIGNATURE:
            return self._signing.authorize(request)
        return authenticate(self._keyring, request.headers.one("authorization"))

    def _refuse(self, error: StorageError, request: Request | None, scope: Scope) -> Response:
        accept = (request.headers.joined("accept") if request is not None else None) or ""
        response = error_response(error, accept=accept, may_retry_after=scope["method"] != "PUT")
        response.headers["X-Request-Id"] = _id(request)
        if isinstance(error, MethodNotAllowedError) and request is not None:
            allowed = find_route(self.routes, request.method, request.raw_path).allowed
            response.headers["Allow"] = ", ".join(allowed)
        if request is None or not request.body.is_done or scope["method"] == "PUT":
            response.headers["Connection"] = "close"
        if error.status >= 500 and not isinstance(error, ServerError):
            log.error("%s %s: %s", _id(request), scope["method"], one_line(error.message))
        return response


def _id(request: Request | None) -> str:
    return request.request_id if request is not None else "-"


def _describe(exc: BaseException) -> str:
    """Class and place of a defect in one line, without its text: that may hold keys or worse."""
    frames = traceback.extract_tb(exc.__traceback__)
    places = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(exc).__name__} at {places}"
