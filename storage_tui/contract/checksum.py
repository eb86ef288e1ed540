"""crc32c as the wire writes it: base64 of the big-endian 32-bit value (`x-goog-hash`, as Google Cloud Storage does)."""

import base64
import binascii

import crc32c as _crc32c

from storage_tui.contract.errors import BadRequestError


def extend(crc: int, chunk: bytes | bytearray | memoryview) -> int:
    """Return the crc32c of the bytes summed in `crc` followed by `chunk`; start from 0. The value is the whole state:
    a caller can store it and continue later."""
    return int(_crc32c.crc32c(chunk, crc))


def encode(crc: int) -> str:
    """Return the wire's form of a crc32c, such as `AAAAAA==`."""
    return base64.b64encode(crc.to_bytes(4, "big")).decode("ascii")


def decode(text: str) -> int:
    """Return the value of the wire's form; raise BadRequestError for anything but base64 of four bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadRequestError(f"crc32c must be base64 of 4 bytes, not {text[:40]!a}") from exc
    if len(raw) != 4:
        raise BadRequestError(f"crc32c must be base64 of 4 bytes, not of {len(raw)}")
    return int.from_bytes(raw, "big")


def parse_hash_header(value: str) -> str | None:
    """Return the crc32c (wire form) in an `x-goog-hash` value such as `crc32c=AAAAAA==,md5=…`; None without a crc32c.

    Raise BadRequestError for a crc32c that is malformed.
    """
    for part in value.split(","):
        name, _, digest = part.strip().partition("=")
        if name == "crc32c":
            return encode(decode(digest))
    return None


def format_hash_header(crc32c: str) -> str:
    """Return the `x-goog-hash` value for a checksum in the wire's form."""
    return f"crc32c={crc32c}"
