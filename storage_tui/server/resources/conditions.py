"""Conditional requests (RFC 9110 section 13): the ETags that a change or a read requires."""

from storage_tui.contract.errors import BadRequestError, PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.wire import parse_etags
from storage_tui.server.http.request import Headers
from storage_tui.server.stores.base import Precondition

MAX_ETAGS = 16


def precondition(headers: Headers) -> Precondition:
    """Return the precondition of a change that If-Match and If-None-Match require."""
    return Precondition(_etags(headers, "if-match"), _etags(headers, "if-none-match"))


def check_match(headers: Headers, blob: Blob) -> None:
    """Raise PreconditionFailedError when If-Match names another blob."""
    tags = _etags(headers, "if-match")
    if tags and "*" not in tags and blob.etag not in tags:
        raise PreconditionFailedError("the blob has changed; start over without If-Match", key=blob.key)


def is_unchanged(headers: Headers, blob: Blob) -> bool:
    """Return True when If-None-Match names this blob, so that the client already has it; weak tags count too."""
    tags = _etags(headers, "if-none-match")
    return "*" in tags or blob.etag in {tag.removeprefix('W/"').strip('"') for tag in tags}


def range_applies(headers: Headers, blob: Blob) -> bool:
    """Return False when If-Range names another blob; the answer is then the whole of the present one (RFC 9110
    13.1.5)."""
    value = headers.one("if-range")
    if value is None:
        return True
    if value.startswith('"'):
        return value == f'"{blob.etag}"'
    moment = parse_http_date(value)
    return moment is not None and blob.modified is not None and moment == blob.modified.replace(microsecond=0)


def _etags(headers: Headers, name: str) -> tuple[str, ...]:
    value = headers.joined(name)
    if value is None:
        return ()
    tags = parse_etags(value)
    if len(tags) > MAX_ETAGS:
        raise BadRequestError(f"{name} names at most {MAX_ETAGS} ETags")
    return tags
