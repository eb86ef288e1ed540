"""What a row of a local store can hold, and what no program of ours ever writes.

A row with anything else comes of a bad disk, of another program, or of a hand. Lists, sums and sweeps pass such rows
over, a read of one is refused, and `verify` tells of each (`upkeep/rows.py`).
"""

import re

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.keys import check_key
from storage_tui.contract.storage_types import STORAGE_TYPES

MAX_CRC = 2**32 - 1
MAX_MILLIS = 253_402_300_799_999  # the end of the year 9999, the last moment that there is
NAMESPACE_BYTES = 20

# The same as the functions below say, as far as SQL can. A text that is not ASCII may not even be UTF-8.
NUMBERS_ARE_POSSIBLE = (
    f"size >= 0 AND modified BETWEEN 0 AND {MAX_MILLIS} AND ifnull(expires, 0) BETWEEN 0 AND {MAX_MILLIS}"
)
CRC_IS_POSSIBLE = f"crc BETWEEN 0 AND {MAX_CRC}"
CONTENT_TYPE = "CASE WHEN content_type GLOB '*[^ -~]*' THEN NULL ELSE content_type END"
PLACE_IS_POSSIBLE = (  # but for its key
    f"length(namespace) = {NAMESPACE_BYTES} AND type IN ({', '.join(repr(name) for name in STORAGE_TYPES)})"
)
IS_UPLOAD_ID = "upload_id NOT GLOB '*[^A-Za-z0-9_-]*'"

_ID = re.compile(r"[0-9a-f]{32}")


def id_is_possible(column: str) -> str:
    """The condition that a column holds the id of a blob."""
    return f"(length({column}) = 32 AND {column} NOT GLOB '*[^0-9a-f]*')"


def is_id(text: str) -> bool:
    """Whether a text is the id of a blob: no other can be a file name."""
    return _ID.fullmatch(text) is not None


def is_text(key: bytes) -> bool:
    """Whether a key is UTF-8, as every one is that was ever written here."""
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_key(raw: bytes) -> bool:
    """Whether the bytes are a key."""
    return _why_no_key(raw) is None


def why_place_impossible(namespace: bytes, storage_type: str, key: bytes) -> str | None:
    """What is wrong with where a row says that its blob is; None when it can be."""
    if len(namespace) != NAMESPACE_BYTES:
        return f"its namespace has {len(namespace)} bytes, not {NAMESPACE_BYTES}"
    if storage_type not in STORAGE_TYPES:
        return "its storage type is not one"
    return _why_no_key(key)


def _why_no_key(raw: bytes) -> str | None:
    if not is_text(raw):
        return "its key is not UTF-8"
    try:
        check_key(raw.decode())
    except InvalidKeyError as exc:
        return exc.message
    return None


def why_numbers_impossible(size_bytes: int, crc: int, modified: int, expires: int | None) -> str | None:
    """What is wrong with the figures of a row; None when they can be."""
    if size_bytes < 0:
        return f"its size is {size_bytes}"
    if not 0 <= crc <= MAX_CRC:
        return f"its checksum is {crc}, which is no crc32c"
    if not 0 <= modified <= MAX_MILLIS:
        return f"it was written at {modified} milliseconds, which is no time"
    if expires is not None and not 0 <= expires <= MAX_MILLIS:
        return f"it expires at {expires} milliseconds, which is no time"
    return None
