"""The requests to an S3 engine: signed, over kept connections, with deadlines. Refusals become exceptions."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError
from urllib3.response import BaseHTTPResponse

from storage_tui.contract.errors import BadRequestError, StoreFullError, UnavailableError
from storage_tui.server.stores.s3.protocol.answers import error_code
from storage_tui.server.stores.s3.protocol.signing import Credentials, Signer, encode_query

CONNECT_S = 3.0
SILENCE_S = 10.0  # a node that sends nothing for so long hangs; SeaweedFS itself would wait 30 to 60 s for it
RETRY_AFTER_S = 5
CONNECTIONS = 80  # as many as the threads that may call at once
REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})  # without a condition these can be sent twice


class ConditionError(Exception):
    """The engine refused a change because the present object does not meet the condition."""


class MissingError(Exception):
    """The object, bucket or parts of the request do not exist."""


class MismatchError(Exception):
    """The bytes in the engine are not the bytes that were sent."""


class S3Engine:
    """One endpoint. The calls block, and many threads may use it. The caller provides `credentials` and the
    certificates to trust."""

    def __init__(
        self, endpoint: str, region: str, credentials: Callable[[], Credentials], *, ca_bundle: str | None = None,
        silence_s: float = SILENCE_S,
    ) -> None:  # fmt: skip
        url = urlsplit(endpoint)
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query or url.username:
            raise BadRequestError(f"an S3 endpoint is http://HOST:PORT or https://HOST:PORT, not {endpoint[:200]!a}")
        self.endpoint = f"{url.scheme}://{url.netloc}"
        self._signer = Signer(url.netloc, region, credentials)
        timeout = urllib3.Timeout(connect=CONNECT_S, read=silence_s)
        if url.scheme == "https":
            self._pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
                url.hostname, url.port, timeout=timeout, maxsize=CONNECTIONS, retries=False,
                ssl_context=ssl.create_default_context(cafile=ca_bundle),
            )  # fmt: skip
        else:
            self._pool = urllib3.HTTPConnectionPool(
                url.hostname, url.port, timeout=timeout, maxsize=CONNECTIONS, retries=False
            )

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None,
        content: bytes | Sequence[bytes] | None = None,
    ) -> tuple[urllib3.HTTPHeaderDict, bytes]:  # fmt: skip
        """Send a request with a small answer, and return the headers and content of the answer. The chunks of a
        sequence are sent one after the other, so that they need not be joined in memory.

        Raise MissingError (404), ConditionError (409 and 412), MismatchError, BadRequestError for a name that the
        engine cannot store, StoreFullError (507), and UnavailableError for everything else, also when the engine does
        not answer in time.
        """
        if content is not None and not isinstance(content, bytes):
            headers = {**(headers or {}), "Content-Length": str(sum(map(len, content)))}
        answer = self._send(method, path, query or {}, headers or {}, content, is_streamed=False)
        return answer.headers, answer.data

    def greet(self) -> None:
        """Return when the endpoint answers an unsigned request, with any status. Raise UnavailableError when there is
        no answer."""
        try:
            self._pool.urlopen("HEAD", "/", redirect=False)
        except (HTTPError, OSError) as exc:
            raise unreachable(exc) from exc

    def stream(self, path: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """Send a GET and return its answer. The caller reads the answer piece by piece and closes it. Raise the errors
        of `call`."""
        return self._send("GET", path, {}, headers, None, is_streamed=True)

    def presign(self, path: str, query: Mapping[str, str], *, valid_s: int) -> str:
        """Return a URL from which anyone can GET the object for `valid_s` seconds."""
        return self.endpoint + self._signer.presign("GET", path, query, valid_s=valid_s)

    def _send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        content: bytes | Sequence[bytes] | None, *, is_streamed: bool,
    ) -> BaseHTTPResponse:  # fmt: skip
        encoded = encode_query(query)
        target = f"{path}?{encoded}" if encoded else path
        is_repeatable = method in REPEATABLE and not {"If-Match", "If-None-Match"} & headers.keys()
        while True:
            signed = self._signer.sign(method, path, encoded, headers)
            try:
                answer = self._pool.urlopen(
                    method, target, body=content, headers=signed, redirect=False, preload_content=not is_streamed,
                    decode_content=False,
                )  # fmt: skip
                break
            except ProtocolError as exc:  # a kept connection that the engine has closed meanwhile
                if not is_repeatable:
                    raise unreachable(exc) from exc
                is_repeatable = False
            except NewConnectionError as exc:
                raise UnavailableError(
                    f"the storage engine at {self.endpoint} does not answer; try again later",
                    retry_after_s=RETRY_AFTER_S,
                ) from exc
            except (HTTPError, OSError) as exc:
                raise unreachable(exc) from exc
        if answer.status < 300:
            return answer
        raise _refusal(method, answer)


def unreachable(exc: BaseException) -> UnavailableError:
    """Return the error for an exchange with the engine that broke or timed out."""
    return UnavailableError(
        f"the storage engine does not answer in time ({type(exc).__name__}); try again later",
        retry_after_s=RETRY_AFTER_S,
    )


def path_of(bucket: str, name: str = "") -> str:
    """Return the percent-encoded URL path of an object, or of the bucket."""
    return f"/{quote(bucket)}/{quote(name, safe='/~')}" if name else f"/{quote(bucket)}"


def _refusal(method: str, answer: BaseHTTPResponse) -> Exception:
    content = b"" if method == "HEAD" else answer.data
    answer.release_conn()
    code = error_code(content)
    if answer.status == 404:
        return MissingError(code)
    if answer.status in (409, 412):
        return ConditionError(code)
    if code in ("BadDigest", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"):
        return MismatchError(code)
    if code in ("KeyTooLongError", "InvalidURI"):
        return BadRequestError("the storage engine of this server cannot hold such a name; use a shorter key")
    if answer.status == 416:
        return MissingError("InvalidRange")
    if answer.status == 507 or code in ("QuotaExceeded", "XMinioStorageFull"):
        return StoreFullError("no room is left in the storage engine; delete something first")
    if answer.status in (401, 403):
        return UnavailableError(
            f"the storage engine refuses this server ({code or answer.status}); correct its credentials"
        )
    return UnavailableError(
        f"the storage engine cannot do this now ({code or answer.status}); try again later", retry_after_s=RETRY_AFTER_S
    )
