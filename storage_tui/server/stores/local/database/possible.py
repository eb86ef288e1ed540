"""What a row of a local store can hold, to find rows that no program of ours ever writes.

A row with anything else comes from a bad disk, another program or a manual change. Lists, sums and sweeps skip such
rows. A read of such a row is refused, and `verify` reports each of them (`upkeep/rows.py`).
"""

import re

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.keys import check_key
from storage_tui.contract.storage_types import STORAGE_TYPES

MAX_CRC = 2**32 - 1
MAX_MILLIS = 253_402_300_799_999  # the end of the year 9999, the last possible moment
NAMESPACE_BYTES = 20

# The same checks as in the functions below, as far as SQL can make them. A text that is not ASCII may not even be
# UTF-8.
NUMBERS_ARE_POSSIBLE = (
    f"size >= 0 AND modified BETWEEN 0 AND {MAX_MILLIS} AND ifnull(expires, 0) BETWEEN 0 AND {MAX_MILLIS}"
)
CRC_IS_POSSIBLE = f"crc BETWEEN 0 AND {MAX_CRC}"
CONTENT_TYPE = "CASE WHEN content_type GLOB '*[^ -~]*' THEN NULL ELSE content_type END"
PLACE_IS_POSSIBLE = (  # without its key
    f"length(namespace) = {NAMESPACE_BYTES} AND type IN ({', '.join(repr(name) for name in STORAGE_TYPES)})"
)
IS_UPLOAD_ID = "upload_id NOT GLOB '*[^A-Za-z0-9_-]*'"

_ID = re.compile(r"[0-9a-f]{32}")


def id_is_possible(column: str) -> str:
    """Return the SQL condition that the column holds the id of a blob."""
    return f"(length({column}) = 32 AND {column} NOT GLOB '*[^0-9a-f]*')"


def is_id(text: str) -> bool:
    """Return whether the text is the id of a blob. Only such a text can be a file name."""
    return _ID.fullmatch(text) is not None


def is_text(key: bytes) -> bool:
    """Return whether the key is UTF-8. Every key that a program of ours wrote is UTF-8."""
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_key(raw: bytes) -> bool:
    """Return whether the bytes are a valid key."""
    return _why_no_key(raw) is None


def why_place_impossible(namespace: bytes, storage_type: str, key: bytes) -> str | None:
    """Return what is wrong with the place of the blob in a row; None when the place is possible."""
    if len(namespace) != NAMESPACE_BYTES:
        return f"its namespace has {len(namespace)} bytes, not {NAMESPACE_BYTES}"
    if storage_type not in STORAGE_TYPES:
        return "its storage type is unknown"
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
    """Return what is wrong with the figures in a row; None when they are possible."""
    if size_bytes < 0:
        return f"its size is {size_bytes}"
    if not 0 <= crc <= MAX_CRC:
        return f"its checksum is {crc}, which is not a crc32c"
    if not 0 <= modified <= MAX_MILLIS:
        return f"it was written at {modified} milliseconds, which is not a valid time"
    if expires is not None and not 0 <= expires <= MAX_MILLIS:
        return f"it expires at {expires} milliseconds, which is not a valid time"
    return None
