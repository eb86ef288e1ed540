"""The requests to an S3 engine: signed, over kept connections, with deadlines. Refusals become exceptions."""

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, ProxyError

from storage_tui.contract.errors import BadRequestError, StoreFullError, UnavailableError
from storage_tui.contract.moments import parse_http_date
from storage_tui.server.stores.s3.protocol.answers import error_code, error_fields
from storage_tui.server.stores.s3.protocol.connections import (
    Connections,
    EngineAnswer,
    NoConnectionError,
    whole,
    write_head,
)
from storage_tui.server.stores.s3.protocol.proxies import find_proxy
from storage_tui.server.stores.s3.protocol.signing import Credentials, Signer, encode_query, utc_now

CONNECT_S = 3.0
SILENCE_S = 10.0  # a node that sends nothing for so long hangs; SeaweedFS itself would wait 30 to 60 s for it
RETRY_AFTER_S = 5
CONNECTIONS = 120  # as many as the threads that may call at once, so that no call waits for a connection
CORRECTIONS = 3  # a request is sent so often in all: a wrong region and a wrong clock are corrected once each
REFUSAL_BYTES = 64 * 1024  # of an error document; a longer one has no code that anybody knows
STEADY = timedelta(minutes=1)  # a clock that is corrected by less has been corrected already
READING: Final = frozenset({"GET", "HEAD"})  # these change nothing
REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})  # without a condition these can be sent twice

THROTTLED: Final = frozenset({429, 500, 502, 503, 504})  # SlowDown, InternalError and the like: they pass

_REGION = re.compile(r"[a-z]{2}[a-z0-9-]{1,40}")  # it becomes part of a host name


class ConditionError(Exception):
    """The engine refused a change because the present object does not meet the condition."""


class MissingError(Exception):
    """The object, bucket or parts of the request do not exist."""


class ThrottledError(UnavailableError):
    """The engine asks for fewer requests, or has a fault that passes."""


class MismatchError(Exception):
    """The bytes in the engine are not the bytes that were sent."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success: status, code and text of the engine, the region that the engine names (empty for
    none), and the time of its clock."""

    method: str
    path: str
    status: int
    code: str = ""
    text: str = ""
    region: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How requests are sent to a bucket that somebody else has set up.

    `headers` go with every request. `virtual_bucket` is the bucket that is named in the host and not in the path.
    `endpoint_of` returns the endpoint for a region; None where one endpoint has all regions. `explain` returns the
    error for a refusal, or None for the usual error. `follows` lets the engine's answers correct the region and the
    clock of the signatures; the host then comes from `endpoint_of` and never from an answer. `answer_bytes` is the most
    that is read of an answer to a call; None where the engine is trusted. `obeys_proxies` sends the requests through
    the proxy that the environment names.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    virtual_bucket: str = ""
    endpoint_of: Callable[[str], str] | None = None
    explain: Callable[[Refusal], Exception | None] | None = None
    follows: bool = False
    answer_bytes: int | None = None
    obeys_proxies: bool = False


class S3Engine:
    """One endpoint. The calls block, and many threads may use it. The caller provides `credentials`, or None for
    requests without a signature, and the certificates to trust."""

    def __init__(
        self, endpoint: str, region: str, credentials: Callable[[], Credentials] | None, *,
        ca_bundle: str | None = None, silence_s: float = SILENCE_S, manner: Manner | None = None,
    ) -> None:  # fmt: skip
        self._credentials = credentials
        self._ca_bundle = ca_bundle
        self._silence_s = silence_s
        self._manner = manner or Manner()
        self._ahead = timedelta(0)
        self.changes = 0  # requests by now that may have changed something
        self._line = self._connect(endpoint, region)

    @property
    def endpoint(self) -> str:
        """The present endpoint, without the bucket."""
        return self._line.endpoint

    @property
    def region(self) -> str:
        """The present region of the signatures."""
        return self._line.region

    def close(self) -> None:
        """Close the idle connections."""
        self._line.close()

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None,
        content: bytes | Sequence[bytes] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:  # fmt: skip
        """Send a request with a small answer, and return the headers and content of the answer. The chunks of a
        sequence are sent one after the other, so that they need not be joined in memory.

        Raise MissingError (404), ConditionError (409 and 412), MismatchError, BadRequestError for a name that the
        engine cannot store, StoreFullError (507), and UnavailableError for everything else, also when the engine does
        not answer in time.
        """
        if content is not None and not isinstance(content, bytes):
            headers = {**(headers or {}), "Content-Length": str(length_of(content))}
        most = self._manner.answer_bytes
        try:
            answer = self._send(method, path, query or {}, headers or {}, content, is_streamed=most is not None)
        finally:
            if method not in READING:
                self.changes += 1
        return answer.headers, answer.data if most is None else _read_at_most(answer, most)

    def greet(self) -> None:
        """Return when the endpoint answers an unsigned request, with any status. Raise UnavailableError when there is
        no answer."""
        try:
            self._line.pool.urlopen("HEAD", "/", redirect=False)
        except (HTTPError, OSError) as exc:
            raise unreachable(exc) from exc

    def stream(self, path: str, headers: Mapping[str, str]) -> EngineAnswer:
        """Send a GET and return its answer. The caller reads the answer piece by piece and closes it. Raise the errors
        of `call`."""
        return self._send("GET", path, {}, headers, None, is_streamed=True)

    def presign(self, path: str, query: Mapping[str, str], *, valid_s: int) -> str:
        """Return a URL from which anyone can GET the object for `valid_s` seconds."""
        line = self._line
        if line.signer is None:
            return line.url + line.path_of(path)
        return line.url + line.signer.presign("GET", line.path_of(path), query, valid_s=valid_s)

    def _send(
        self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str],
        content: bytes | Sequence[bytes] | None, *, is_streamed: bool,
    ) -> EngineAnswer:  # fmt: skip
        encoded = encode_query(query)
        headers = {**headers, **self._manner.headers}
        for _ in range(CORRECTIONS):
            line = self._line
            answer = self._exchange(
                line, method, line.path_of(path), encoded, headers, content, is_streamed=is_streamed
            )
            if answer.status < 300:
                return answer
            refusal = _read_refusal(method, path, answer, is_streamed=is_streamed)
            if not (self._manner.follows and self._correct(line, refusal)):
                break
        refusal = self._with_code(refusal)
        explained = None if self._manner.explain is None else self._manner.explain(refusal)
        raise explained or _error_of(refusal)

    def _exchange(
        self, line: "_Line", method: str, path: str, encoded: str, headers: Mapping[str, str],
        content: bytes | Sequence[bytes] | None, *, is_streamed: bool,
    ) -> EngineAnswer:  # fmt: skip
        target = f"{path}?{encoded}" if encoded else path
        target = line.url + target if line.is_named_to_proxy else target
        is_repeatable = method in REPEATABLE and not {"If-Match", "If-None-Match"} & headers.keys()
        while True:
            signed = headers if line.signer is None else line.signer.sign(method, path, encoded, headers)
            try:
                return line.exchange(method, target, signed, content, is_streamed=is_streamed)
            except ProtocolError as exc:  # a kept connection that the engine has closed meanwhile
                if not is_repeatable:
                    raise unreachable(exc) from exc
                is_repeatable = False
            except (NewConnectionError, NoConnectionError) as exc:
                raise UnavailableError(
                    f"the storage engine at {self.endpoint} does not answer; try again later",
                    retry_after_s=RETRY_AFTER_S,
                ) from exc
            except ProxyError as exc:
                raise UnavailableError(
                    f"the proxy of this machine does not lead to {self.endpoint}; check HTTPS_PROXY and NO_PROXY",
                    retry_after_s=RETRY_AFTER_S,
                ) from exc
            except (HTTPError, OSError) as exc:
                raise unreachable(exc) from exc

    def _correct(self, line: "_Line", refusal: Refusal) -> bool:
        """Take over the region or the time that the engine names. Return False when the refusal names neither."""
        if refusal.code == "RequestTimeTooSkewed" and refusal.at is not None:
            ahead = refusal.at - utc_now()
            if abs(ahead - self._ahead) < STEADY:  # corrected already, and not believed
                return False
            self._ahead = ahead
            self._line = self._connect(line.endpoint, line.region)
            return True
        if refusal.status in (301, 307, 400) and _REGION.fullmatch(refusal.region) and refusal.region != line.region:
            place = self._manner.endpoint_of
            self._line = self._connect(line.endpoint if place is None else place(refusal.region), refusal.region)
            return True
        return self._line is not line  # another thread has corrected it meanwhile

    def _with_code(self, refusal: Refusal) -> Refusal:
        """Return the refusal of a HEAD, which has no content, with the code that a GET of one byte has."""
        if refusal.method != "HEAD" or self._manner.explain is None or refusal.status not in (400, 403):
            return refusal
        line = self._line
        headers = {"Range": "bytes=0-0", **self._manner.headers}
        answer = self._exchange(line, "GET", line.path_of(refusal.path), "", headers, None, is_streamed=True)
        try:
            if answer.status < 300:
                return refusal
            found = _read_refusal("GET", refusal.path, answer, is_streamed=True)
            return replace(found, status=refusal.status)
        finally:
            answer.close()

    def _connect(self, endpoint: str, region: str) -> "_Line":
        url = urlsplit(endpoint)
        if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query or url.username:
            raise BadRequestError(f"an S3 endpoint is http://HOST:PORT or https://HOST:PORT, not {endpoint[:200]!a}")
        bucket = self._manner.virtual_bucket
        host, netloc = (f"{bucket}.{it}" if bucket else it for it in (url.hostname, url.netloc))
        how: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=CONNECT_S, read=self._silence_s),
            "maxsize": CONNECTIONS,
            "retries": False,
        }
        if url.scheme == "https":
            try:
                how["ssl_context"] = ssl.create_default_context(cafile=self._ca_bundle)
            except (OSError, ssl.SSLError) as exc:
                raise UnavailableError(f"the certificates in {self._ca_bundle!r} cannot be read: {exc}") from exc
        direct: Connections | None = None
        proxy = find_proxy(url.scheme, host, url.port) if self._manner.obeys_proxies else None
        pool: urllib3.HTTPConnectionPool
        if proxy is not None:
            pool = proxy.pool(url.scheme, host, url.port, **how)
        elif url.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(host, url.port, **how)
        else:
            pool = urllib3.HTTPConnectionPool(host, url.port, **how)
        if proxy is None:
            direct = Connections(
                host, url.port or (443 if url.scheme == "https" else 80), how.get("ssl_context"),
                connect_s=CONNECT_S, silence_s=self._silence_s, most_idle=CONNECTIONS,
            )  # fmt: skip
        signer = None if self._credentials is None else Signer(netloc, region, self._credentials, ahead=self._ahead)
        return _Line(
            f"{url.scheme}://{url.netloc}", f"{url.scheme}://{netloc}", region, bucket, signer, pool, direct, netloc,
            is_named_to_proxy=proxy is not None and url.scheme == "http",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    """The connections to one host, and what signs their requests."""

    endpoint: str
    url: str
    region: str
    bucket: str
    signer: Signer | None
    pool: urllib3.HTTPConnectionPool
    direct: Connections | None  # for what urllib3 is not needed for; None through a proxy
    host: str
    is_named_to_proxy: bool = False  # the proxy of an http URL gets the whole URL

    def exchange(
        self, method: str, target: str, headers: Mapping[str, str], content: bytes | Sequence[bytes] | None, *,
        is_streamed: bool,
    ) -> EngineAnswer:  # fmt: skip
        """Send a request and return its answer, with the whole content in memory unless `is_streamed`."""
        if self.direct is not None and (content is None or isinstance(content, bytes)):
            size_bytes = None if content is None else len(content)
            head = write_head(method, target, {"host": self.host, **headers}, size_bytes)
            if head is not None:
                answer = self.direct.exchange(method, head, content or b"")
                return answer if is_streamed else whole(answer)
        return self.pool.urlopen(
            method, target, body=content, headers=headers, redirect=False, preload_content=not is_streamed,
            decode_content=False, assert_same_host=not self.is_named_to_proxy,
        )  # fmt: skip

    def close(self) -> None:
        """Close the idle connections."""
        self.pool.close()
        if self.direct is not None:
            self.direct.close()

    def path_of(self, path: str) -> str:
        """Return the path at the host, which may name the bucket itself."""
        return (path.removeprefix(f"/{self.bucket}") or "/") if self.bucket else path


def unreachable(exc: BaseException) -> UnavailableError:
    """Return the error for an exchange with the engine that broke or timed out."""
    return UnavailableError(
        f"the storage engine does not answer in time ({type(exc).__name__}); try again later",
        retry_after_s=RETRY_AFTER_S,
    )


def length_of(content: bytes | Sequence[bytes]) -> int:
    """Return the bytes of a content. Chunks that are not in memory say it themselves, as `size_bytes`."""
    if isinstance(content, bytes):
        return len(content)
    known = getattr(content, "size_bytes", None)
    return sum(map(len, content)) if known is None else int(known)


def path_of(bucket: str, name: str = "") -> str:
    """Return the percent-encoded URL path of an object, or of the bucket."""
    return f"/{quote(bucket)}/{quote(name, safe='/~')}" if name else f"/{quote(bucket)}"


def _read_at_most(answer: EngineAnswer, most: int) -> bytes:
    """Return the content of an answer. Raise UnavailableError when there are more than `most` bytes, or when the
    connection breaks."""
    try:
        content = answer.read(most + 1)
    except (HTTPError, OSError) as exc:
        raise unreachable(exc) from exc
    finally:
        answer.close()  # a connection with unread bytes is useless; any other is in the pool again
    if len(content) > most:
        raise UnavailableError("the storage engine sent far more than an answer of the S3 API; check the endpoint")
    return content


def _read_refusal(method: str, path: str, answer: EngineAnswer, *, is_streamed: bool) -> Refusal:
    """Return the refusal in an answer, whose connection is free again afterwards."""
    try:
        if method == "HEAD":
            content = b""
        else:
            content = _read_at_most(answer, REFUSAL_BYTES) if is_streamed else answer.data
    except (HTTPError, OSError, UnavailableError):
        content = b""
    answer.release_conn()
    fields = error_fields(content)
    return Refusal(
        method, path, answer.status, error_code(content), fields.get("Message", ""),
        answer.headers.get("x-amz-bucket-region") or fields.get("Region", ""),
        parse_http_date(answer.headers.get("date", "")),
    )  # fmt: skip


def _error_of(refusal: Refusal) -> Exception:
    code, status = refusal.code, refusal.status
    if status == 404:
        return MissingError(code)
    if status in (409, 412):
        return ConditionError(code)
    if code in ("BadDigest", "InvalidPart", "InvalidPartOrder", "EntityTooSmall"):
        return MismatchError(code)
    if code in ("KeyTooLongError", "InvalidURI"):
        return BadRequestError("the storage engine of this server cannot hold such a name; use a shorter key")
    if status == 416:
        return MissingError("InvalidRange")
    if status == 507 or code in ("QuotaExceeded", "XMinioStorageFull"):
        return StoreFullError("no room is left in the storage engine; delete something first")
    if status in (401, 403):
        return UnavailableError(f"the storage engine refuses this server ({code or status}); correct its credentials")
    kind = ThrottledError if status in THROTTLED else UnavailableError
    return kind(
        f"the storage engine cannot do this now ({code or status}); try again later", retry_after_s=RETRY_AFTER_S
    )
