"""The names of keys in a bucket: reversible, so that a prefix stays a prefix and byte order stays byte order.

Engines differ in the names that they allow. Some fold `//`, `\\` or a leading `/`, hide a leading dot, cannot hold both
`a` and `a/b`, or list a tree of folders instead of flat names, which puts `a/b` before `a-b`. So names consist of
codes. The order of the codes is the order of their characters, in a flat list and in a tree of folders alike:

| character | code |
|---|---|
| the end of the key | `!` |
| space to `,` | `%` and two hexadecimal digits |
| `-` and `.` | `(` and `)`, so that no segment begins with a dot |
| `/`, the end of a folder | `-/` |
| `:` to `@` | `=` and two hexadecimal digits |
| `[` to `^` | `^` and two hexadecimal digits |
| `{` to `~` | `~` and two hexadecimal digits |
| digits, letters, `_`, a backtick, all beyond ASCII | themselves |

`maps/2024-05.tif` is `maps-/2024(05)tif!`. An empty segment is `-`, and no segment is `.` or `..`.
"""

import re

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.keys import check_key, check_prefix

MAX_SEGMENT_BYTES = 255  # SeaweedFS stores a segment as a file name
MAX_NAME_BYTES = 1024  # S3's limit, of the whole name
END = "!"
PAST_ALL = "\U0010ffff"  # sorts after every character that a key can have

_CODES = {"-": "(", ".": ")", "/": "-/"}
for _escape, _first, _last in (("%", " ", ","), ("=", ":", "@"), ("^", "[", "^"), ("~", "{", "~")):
    _CODES |= {chr(code): f"{_escape}{code:02X}" for code in range(ord(_first), ord(_last) + 1)}
_TO_NAME = str.maketrans(_CODES)
_CHARACTERS = {code: character for character, code in _CODES.items()}
_CODE = re.compile(r"[%=^~][0-9A-F]{2}|[()]|-/")


def key_to_name(root: str, key: str) -> str:
    """Return the name of a key below `root`, which ends with `/`. Raise InvalidKeyError when the name would be too
    long."""
    name = root + check_key(key).translate(_TO_NAME) + END
    if len(name.encode()) > MAX_NAME_BYTES:
        room = MAX_NAME_BYTES - len(root.encode()) - len(END)
        raise InvalidKeyError(
            f"the key needs {len(name.encode()) - len(root.encode()) - len(END)} bytes in the bucket of this server, "
            f"which has room for {room}; use a shorter key",
            key=key,
        )
    for segment in name.split("/"):
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise InvalidKeyError(
                f"a segment of the key needs {len(segment.encode())} bytes in the bucket of this server, which has "
                f"room for {MAX_SEGMENT_BYTES}; put a / into the key, or use a shorter one",
                key=key,
            )
    return name


def prefix_to_name(root: str, prefix: str) -> str:
    """Return the prefix that the names of all keys with `prefix` share."""
    return root + check_prefix(prefix).translate(_TO_NAME)


def name_to_key(root: str, name: str) -> str | None:
    """Return the key of a name below `root`; None for a name that no key has, such as the name of an object that was
    put there by hand."""
    coded = name[len(root) :]
    if not coded.endswith(END):
        return None
    return _decode(coded[: -len(END)])


def name_to_prefix(root: str, name: str) -> str | None:
    """Return the child prefix of a name that ends with `/`; None for a name that no child prefix has."""
    return _decode(name[len(root) :])


def _decode(coded: str) -> str | None:
    text = _CODE.sub(lambda match: _CHARACTERS.get(match[0], ""), coded)
    return text if text.translate(_TO_NAME) == coded else None
