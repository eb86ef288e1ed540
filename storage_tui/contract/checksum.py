"""crc32c as the wire writes it: base64 of the big-endian 32-bit value (`x-goog-hash`, as Google Cloud Storage does).

The other hashes are those that a client may promise with its bytes. They are computed only when one is promised: md5
costs thirty times as much as crc32c.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import crc32c as _crc32c

from storage_tui.contract.errors import BadRequestError


def extend(crc: int, chunk: bytes | bytearray | memoryview) -> int:
    """Return the crc32c of the bytes summed in `crc` followed by `chunk`; start from 0. The value is the whole state:
    a caller can store it and continue later."""
    return int(_crc32c.crc32c(chunk, crc))


_POLYNOMIAL = 0x82F63B78  # of crc32c (RFC 3720, 12.1), its bits in reverse as in the value


def combine(first: int, second: int, second_bytes: int) -> int:
    """Return the crc32c of two pieces that follow each other, from the crc32c of each and the length of the second.

    No byte is read again: the first value is moved on by so many zero bytes, which is a matrix over bits, raised to a
    power by squaring (Mark Adler's method for zlib's crc32_combine).
    """
    row, power = 1, [_POLYNOMIAL]  # the matrix of one zero bit
    for _ in range(31):
        power.append(row)
        row <<= 1
    power = _squared(_squared(_squared(power)))  # of one zero byte
    while second_bytes:
        if second_bytes & 1:
            first = _times(power, first)
        second_bytes >>= 1
        if second_bytes:
            power = _squared(power)
    return first ^ second


def _times(matrix: list[int], vector: int) -> int:
    product = 0
    for row in matrix:
        if vector & 1:
            product ^= row
        vector >>= 1
        if not vector:
            break
    return product


def _squared(matrix: list[int]) -> list[int]:
    return [_times(matrix, row) for row in matrix]


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


def find_md5(value: str) -> str | None:
    """Return the md5 (base64) in an `x-goog-hash` value; None without a valid one."""
    for part in value.split(","):
        name, _, digest = part.strip().partition("=")
        if name == "md5":
            with suppress(BadRequestError):
                return to_text(parse_hash("md5", digest))
    return None


def format_hash_header(crc32c: str, md5: str | None = None) -> str:
    """Return the `x-goog-hash` value for checksums in the wire's form."""
    return f"crc32c={crc32c}" if md5 is None else f"crc32c={crc32c},md5={md5}"


HASH_BYTES = {"crc32c": 4, "crc32": 4, "md5": 16, "sha-1": 20, "sha-256": 32, "sha-512": 64}
"""The hashes that can be compared, with the bytes of their values."""


class Hasher(Protocol):
    """A hash that grows with its bytes, as those of hashlib."""

    def update(self, chunk: bytes, /) -> None:
        """Add the bytes that follow."""

    def digest(self) -> bytes:
        """Return the hash of all bytes until now."""


class _Sum:
    def __init__(self, name: str) -> None:
        self._extend = extend if name == "crc32c" else lambda crc, chunk: zlib.crc32(chunk, crc)
        self._value = 0

    def update(self, chunk: bytes, /) -> None:
        self._value = self._extend(self._value, chunk)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


def hasher(name: str) -> Hasher:
    """Return a new hash by its name in HASH_BYTES."""
    if name in ("crc32c", "crc32"):
        return _Sum(name)
    return hashlib.new(name.replace("sha-", "sha"), usedforsecurity=False)


def to_text(digest: bytes) -> str:
    """Return a hash in the wire's form, base64."""
    return base64.b64encode(digest).decode("ascii")


def parse_hash(name: str, text: str) -> bytes:
    """Return the hash in base64; raise BadRequestError for an unknown name and for a value that cannot be of it."""
    size_bytes = HASH_BYTES.get(name)
    if size_bytes is None:
        known = ", ".join(HASH_BYTES)
        raise BadRequestError(f"a hash {name[:40]!a} cannot be compared here; send one of {known}, or none")
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadRequestError(f"{name} must be base64 of {size_bytes} bytes, not {text[:100]!a}") from exc
    if len(digest) != size_bytes:
        raise BadRequestError(f"{name} must be base64 of {size_bytes} bytes, not of {len(digest)}")
    return digest


def join_hashes(crc32c: str | None, hashes: Mapping[str, bytes]) -> str | None:
    """Return hashes as one text; None for none. A crc32c alone is the text itself."""
    if not hashes:
        return crc32c
    named = {name: to_text(digest) for name, digest in hashes.items()}
    return ",".join(f"{name}={text}" for name, text in (({"crc32c": crc32c} if crc32c else {}) | named).items())


def split_hashes(text: str | None) -> tuple[str | None, dict[str, bytes]]:
    """Return the crc32c (wire form) and the other hashes of a text of `join_hashes`."""
    if text is None or len(text) == len("AAAAAA=="):
        return text, {}
    hashes = {name: parse_hash(name, value) for name, _, value in (part.partition("=") for part in text.split(","))}
    crc32c = hashes.pop("crc32c", None)
    return None if crc32c is None else to_text(crc32c), hashes
