"""What a key may be, how a URL carries a key, and the virtual folders that the slashes of keys form.

A key is 1 to 1024 bytes of UTF-8. Keys are compared byte by byte and never normalised: `a//b`, `/a`, `a/`, `a` beside
`a/b`, and two Unicode spellings of one name are all different keys. A key is refused, with the reason, when it is empty
or holds control characters (C0, DEL, C1), lone surrogates, noncharacters, or a segment `.` or `..`. Clients and proxies
remove such segments from a URL.

A bucket that other programs fill has objects with any name. A server of such a bucket has the feature `exact-names`:
every text of 1 to 1024 bytes of UTF-8 is a key there, and dot segments travel in a URL as `%2E` and `%2E%2E`. The
functions here for a *name* take all of these; those for a *key* take what every server takes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.storage_types import ALIASES, DEFAULT, STORAGE_TYPES, find_storage_type
from storage_tui.contract.wire import percent_decode

MAX_KEY_BYTES = 1024  # the limit of Google Cloud Storage and S3 for an object name
DELIMITER = "/"
FILE_PROTOCOL = "dlstorage"  # before the path of a key in a URL, for fsspec
EXACT_NAMES = "exact-names"  # the feature of a server on which every name is a key

# The result of a task is a blob in `result`, and its log is a blob under the same key in `logs`, where the published
# client reads both. A long log continues in parts: `KEY.part-2` and so on.
RESULT, LOGS = "result", "logs"
_PART = re.compile(r"(.+)\.part-[1-9][0-9]{0,5}", re.DOTALL)

_DOT_SEGMENT = re.compile(r"(?<![^/])\.{1,2}(?![^/])")


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


def check_name(name: str) -> str:
    """Return any text of 1 to 1024 bytes of UTF-8 unchanged; raise the InvalidKeyError of `check_key` for others."""
    return name if _is_name(name) and name else check_key(name)


def check_name_prefix(prefix: str) -> str:
    """Return any text of at most 1024 bytes of UTF-8; raise the InvalidKeyError of `check_prefix` for others."""
    return prefix if _is_name(prefix) else check_prefix(prefix)


def key_refusal(name: str) -> InvalidKeyError | None:
    """Return why only a server with exact names has this key; None for a key of every server.

    Raise InvalidKeyError for a text that is not a key of any server.
    """
    return _refusal(check_key, check_name(name))


def prefix_refusal(prefix: str) -> InvalidKeyError | None:
    """Return why only a server with exact names has keys with this prefix; otherwise as `key_refusal`."""
    return _refusal(check_prefix, check_name_prefix(prefix))


def _refusal(check: Callable[[str], str], text: str) -> InvalidKeyError | None:
    try:
        check(text)
    except InvalidKeyError as exc:
        return exc.with_traceback(None)
    return None


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What a server takes for a key: with `takes_any_name` every name, otherwise what `check_key` takes."""

    takes_any_name: bool = False

    def check_key(self, key: str) -> str:
        """Return a key of this server unchanged; raise InvalidKeyError with the reason for any other value."""
        return check_name(key) if self.takes_any_name else check_key(key)

    def check_prefix(self, prefix: str) -> str:
        """Return the beginning of keys of this server unchanged; raise InvalidKeyError for any other value."""
        return check_name_prefix(prefix) if self.takes_any_name else check_prefix(prefix)

    def key_from_path(self, raw: bytes) -> str:
        """Return the key in the raw bytes of a URL path, decoded exactly once and strictly.

        `%2F` becomes an ordinary slash and `+` stays a plus. Raise InvalidKeyError for a malformed escape, for bytes
        that are not UTF-8, and for any text that `check_key` refuses.
        """
        return self.check_key(percent_decode(raw, "the key in the URL", InvalidKeyError))


STRICT = KeyRules()


def _is_name(text: str) -> bool:
    if not isinstance(text, str):
        return False
    try:
        return len(text.encode("utf-8")) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


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

    The dots of a segment `.` or `..` are `%2E`. Raise InvalidKeyError for a text that is not a key of any server.
    """
    path = quote(check_name(key), safe=DELIMITER)
    return _DOT_SEGMENT.sub(lambda dots: "%2E" * len(dots[0]), path)


def key_from_path(raw: bytes) -> str:
    """Return the key in the raw bytes of a URL path, as a server without exact names reads it; see KeyRules."""
    return STRICT.key_from_path(raw)


def file_path(storage_type: str, key: str) -> str:
    """Return the path of a key as fsspec knows it, without the protocol: `TYPE/KEY`.

    fsspec removes the slashes at the end of a path. Therefore the path of a key that ends in a slash has a dot after
    it: `data/maps/.` is the key `maps/`. So that the form stays unambiguous, each segment `.` at the end of a name is
    written twice: `data/maps/./.` is the name `maps/.`, and `data/maps/././.` the name `maps/./`.
    """
    bare = key.removesuffix(DELIMITER)
    dots = _last_dots(f"{DELIMITER}{bare}")
    return f"{storage_type}{DELIMITER}{bare}{'/.' * dots}{'/.' if bare != key else ''}"


def key_of_file_path(path: str) -> str:
    """Return the key for the part of a path after `TYPE/`: what `file_path` has made a path of, and `.` for `.`."""
    if path == ".":
        return path
    dots = _last_dots(f"{DELIMITER}{path}")
    bare = f"{DELIMITER}{path}"[: -2 * (dots - dots // 2) or None] + (DELIMITER if dots % 2 else "")
    return bare.removeprefix(DELIMITER)


def _last_dots(text: str) -> int:
    """Return how many segments `.` follow each other at the end of a text that begins with a slash."""
    count = 0
    while text.endswith("/.", 0, len(text) - 2 * count):
        count += 1
    return count


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
        `data:tmp:x` names the key `tmp:x`. Every name is read, also one that only a server with exact names has. Raise
        InvalidKeyError for a text that no name can begin with.
        """
        name, colon, rest = text.partition(":")
        if colon and (name in STORAGE_TYPES or name in ALIASES):
            return cls(find_storage_type(name).name, check_name_prefix(rest))
        return cls(DEFAULT, check_name_prefix(text))

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
