"""The hashes that a request promises, which are compared with the bytes that come.

| header | hashes of |
|---|---|
| `x-goog-hash` (Google), `Repr-Digest` (RFC 9530), `Digest` (RFC 3230) | the whole blob |
| `Content-MD5` (RFC 1864), `Content-Digest` (RFC 9530) | the body of this request |
| `x-amz-checksum-…`, `x-amz-content-sha256` (Amazon) | the body of this request |

A body without Content-Range is the whole blob. The bytes that a cut request leaves in an upload session were not
compared with the hashes of its body; those of the blob are compared at the end. A hash that is not known here, and one
that would come in a trailer, is refused: nobody would compare it. Headers that are not in this table promise nothing.
"""

import re
from collections.abc import Callable, Iterator

from storage_tui.contract.checksum import parse_hash
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.wire import CONTENT_MD5, GOOG_HASH

AMAZON = "x-amz-checksum-"
AMAZON_SHA256 = "x-amz-content-sha256"
_NO_HASHES = frozenset({"algorithm", "mode", "type"})  # of AMAZON's headers
_OLD_NAMES = {"sha": "sha-1", "sha1": "sha-1", "sha256": "sha-256"}
_FIELD = re.compile(r"([a-z0-9*_.-]+)=:([A-Za-z0-9+/=]*):(?:;.*)?")  # RFC 9651: a byte sequence, with parameters
_HEX = re.compile(r"[0-9a-fA-F]{64}")

_HEADERS = frozenset(
    (GOOG_HASH.lower(), "digest", "repr-digest", CONTENT_MD5.lower(), "content-digest", AMAZON_SHA256, "trailer")
)

Joined = Callable[[str], str | None]


def are_in(names: Iterator[str]) -> bool:
    """Return whether one of the headers with these lower-case names may promise a hash."""
    return any(name in _HEADERS or name.startswith(AMAZON) for name in names)


def of_blob(joined: Joined) -> dict[str, bytes]:
    """Return the hashes of the whole blob by their names; `joined` returns a header. Raise BadRequestError."""
    found: dict[str, bytes] = {}
    for part in _parts(joined(GOOG_HASH)):
        _note(found, *_pair(part))
    for part in _parts(joined("digest")):
        _note(found, *_pair(part))
    for name, text in _fields(joined("repr-digest")):
        _note(found, name, text)
    return found


def of_body(joined: Joined, names: Iterator[str]) -> dict[str, bytes]:
    """Return the hashes of the body of this request by their names; `names` are those of all its headers."""
    found: dict[str, bytes] = {}
    for header in names:
        algorithm = header.removeprefix(AMAZON)
        if algorithm != header and algorithm not in _NO_HASHES:
            _note(found, algorithm, joined(header) or "")
    if (text := joined(CONTENT_MD5)) is not None:
        _note(found, "md5", text)
    for name, text in _fields(joined("content-digest")):
        _note(found, name, text)
    text = joined(AMAZON_SHA256)
    if text is not None and text != "UNSIGNED-PAYLOAD":
        if not _HEX.fullmatch(text):
            raise BadRequestError(f"{AMAZON_SHA256} is 64 hex digits here, not {text[:60]!a}")
        _set(found, "sha-256", bytes.fromhex(text))
    _refuse_trailers(joined("trailer"))
    return found


def _note(found: dict[str, bytes], name: str, text: str) -> None:
    name = _OLD_NAMES.get(name.lower(), name.lower())
    _set(found, name, parse_hash(name, text))


def _set(found: dict[str, bytes], name: str, digest: bytes) -> None:
    if found.setdefault(name, digest) != digest:
        raise BadRequestError(f"the request promises two different hashes {name}")


def _parts(header: str | None) -> list[str]:
    return [part.strip() for part in (header or "").split(",") if part.strip()]


def _pair(part: str) -> tuple[str, str]:
    name, equals, text = part.partition("=")
    if not equals:
        raise BadRequestError(f"a hash is name=value, such as md5=…, not {part[:60]!a}")
    return name.strip(), text.strip()


def _fields(header: str | None) -> Iterator[tuple[str, str]]:
    for part in _parts(header):
        match = _FIELD.fullmatch(part)
        if match is None:
            raise BadRequestError(f"a hash in this header is name=:base64:, such as sha-256=:…:, not {part[:60]!a}")
        yield match.group(1), match.group(2)


def _refuse_trailers(header: str | None) -> None:
    for name in _parts(header):
        plain = name.lower()
        if plain in ("digest", "content-digest", "repr-digest", CONTENT_MD5.lower(), GOOG_HASH) or AMAZON in plain:
            raise BadRequestError(f"a hash in a trailer is not read here; send {name[:60]!a} before the body")
