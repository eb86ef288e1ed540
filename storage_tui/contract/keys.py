"""What a key may be, how a URL carries a key, and the virtual folders that the slashes of keys form.

A key is 1 to 1024 bytes of UTF-8. Keys are compared byte by byte and never normalised: `a//b`, `/a`, `a/`, `a` beside
`a/b`, and two Unicode spellings of one name are all different keys. A key is refused, with the reason, when it is empty
or holds control characters (C0, DEL, C1), lone surrogates, noncharacters, or a segment `.` or `..`. Clients and proxies
remove such segments from a URL.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.storage_types import ALIASES, DEFAULT, STORAGE_TYPES, find_storage_type
from storage_tui.contract.wire import percent_decode

MAX_KEY_BYTES = 1024  # the limit of Google Cloud Storage and S3 for an object name
DELIMITER = "/"
FILE_PROTOCOL = "dlstorage"  # before the path of a key in a URL, for fsspec

# The result of a task is a blob in `result`, and its log is a blob under the same key in `logs`, where the published
# client reads both. A long log continues in parts: `KEY.part-2` and so on.
RESULT, LOGS = "result", "logs"
_PART = re.compile(r"(.+)\.part-[1-9][0-9]{0,5}")


def check_key(key: str) -> str:
    """Return a valid key unchanged; raise InvalidKeyError with the reason for any other value."""
    if not isinstance(key, str):
        raise InvalidKeyError(f"a key is a str, not {type(key).__name__}")
    if not key:
        raise InvalidKeyError("a key is 1 to 1024 bytes of UTF-8; this one is empty", key=key)
    _check_characters(key)
    _check_size(key)
    _check_segments(key, key.split(DELIMITER))
    return key


def check_prefix(prefix: str) -> str:
    """Return a prefix unchanged when a key can begin with it; raise InvalidKeyError with the reason otherwise.

    Every key begins with the empty prefix.
    """
    if not isinstance(prefix, str):
        raise InvalidKeyError(f"a prefix is a str, not {type(prefix).__name__}")
    _check_characters(prefix)
    _check_size(prefix)
    _check_segments(prefix, prefix.split(DELIMITER)[:-1])  # the last one may be incomplete: `a/.b` begins with `a/.`
    return prefix


def _check_size(text: str) -> None:
    size_bytes = len(text.encode("utf-8"))
    if size_bytes > MAX_KEY_BYTES:
        raise InvalidKeyError(f"a key is 1 to {MAX_KEY_BYTES} bytes of UTF-8; this one has {size_bytes}", key=text)


def _check_segments(text: str, segments: list[str]) -> None:
    for segment in segments:
        if segment in (".", ".."):
            raise InvalidKeyError(f"a key cannot have the segment '{segment}': clients remove it from URLs", key=text)


def _check_characters(text: str) -> None:
    if text.isascii() and text.isprintable():
        return
    for character in text:
        code = ord(character)
        if code < 0x20 or 0x7F <= code < 0xA0:
            raise InvalidKeyError(f"a key cannot have the control character U+{code:04X}", key=text)
        if 0xD800 <= code <= 0xDFFF:
            raise InvalidKeyError(f"a key is UTF-8 and cannot have the lone surrogate U+{code:04X}", key=text)
        if 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
            raise InvalidKeyError(f"a key cannot have the noncharacter U+{code:04X}", key=text)


def key_to_path(key: str) -> str:
    """Return the key percent-encoded as URL path segments: only unreserved characters and `/` stay literal.

    Raise InvalidKeyError for a text that is not a key.
    """
    return quote(check_key(key), safe=DELIMITER)


def key_from_path(raw: bytes) -> str:
    """Return the key in the raw bytes of a URL path, decoded exactly once and strictly.

    `%2F` becomes an ordinary slash and `+` stays a plus. Raise InvalidKeyError for a malformed escape, for bytes that
    are not UTF-8, and for any text that check_key refuses.
    """
    return check_key(percent_decode(raw, "the key in the URL", InvalidKeyError))


def file_path(storage_type: str, key: str) -> str:
    """Return the path of a key as fsspec knows it, without the protocol: `TYPE/KEY`.

    fsspec removes the slashes at the end of a path. Therefore the path of a key that ends in a slash has a dot after
    it: `data/maps/.` is the key `maps/`. No key has a segment `.`, so the form is unambiguous.
    """
    return f"{storage_type}{DELIMITER}{key}{'.' if key.endswith(DELIMITER) else ''}"


def successor(prefix: bytes) -> bytes | None:
    """Return the first byte string after all strings that begin with `prefix`; None for b"" and b"\\xff…"."""
    trimmed = prefix.rstrip(b"\xff")
    if not trimmed:
        return None
    return trimmed[:-1] + bytes([trimmed[-1] + 1])


def parent_prefix(prefix: str) -> str:
    """Return the virtual folder above: `a/` for `a/b/`, `a/b` and `a//`; the empty prefix for `a`."""
    return prefix[: prefix[:-1].rfind(DELIMITER) + 1]


def leaf(key: str, prefix: str) -> str:
    """Return the part of a key or folder that a list of `prefix` shows: the text after the prefix, with its slash."""
    return key[len(prefix) :]


@dataclass(frozen=True)
class Location:
    """A place in the store as people write it: `tmp:maps/2024/` is a storage type and a key or prefix.

    `key` is a key or a prefix; the empty text means the whole storage type.
    """

    storage_type: str
    key: str = ""

    @classmethod
    def parse(cls, text: str) -> "Location":
        """Read `TYPE:KEY`.

        Without a known storage type before the first colon, the whole text is a key in `data`: `a:b` is a key, and
        `data:tmp:x` names the key `tmp:x`. Raise InvalidKeyError for a text that no key can begin with.
        """
        name, colon, rest = text.partition(":")
        if colon and (name in STORAGE_TYPES or name in ALIASES):
            return cls(find_storage_type(name).name, check_prefix(rest))
        return cls(DEFAULT, check_prefix(text))

    def __str__(self) -> str:
        return f"{self.storage_type}:{self.key}"


def as_folder(location: Location) -> Location:
    """Return the location with a slash at the end of its key; the whole storage type stays as it is."""
    if not location.key or location.key.endswith(DELIMITER):
        return location
    return Location(location.storage_type, location.key + DELIMITER)


def part_key(key: str, number: int) -> str:
    """Return the key of a part of the log; part 1 has the key of the task itself."""
    return key if number == 1 else f"{key}.part-{number}"


def part_prefix(key: str) -> str:
    """Return the prefix of the keys of the later parts."""
    return f"{key}.part-"


def pair_of(storage_type: str, key: str) -> Location | None:
    """Return the log of a result, or the result of a log or of a part of a log; None for a blob of another type."""
    if storage_type == RESULT:
        return Location(LOGS, key)
    if storage_type == LOGS:
        part = _PART.fullmatch(key)
        return Location(RESULT, part[1] if part else key)
    return None
