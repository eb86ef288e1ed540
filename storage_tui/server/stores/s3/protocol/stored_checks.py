"""The checksums that an engine has stored of whole objects, and the comparison with bytes as they arrive.

Engines give one or more of crc32c, crc32, crc64nvme, sha256 and sha1. A checksum of the parts' checksums (COMPOSITE)
says nothing of the bytes here and is left out. Source: "Checking object integrity" in the Amazon S3 User Guide.

crc64nvme is computed by `awscrt` where that is installed. Without it the sum in Python reaches about 10 MB/s, so it is
compared of objects up to PYTHON_BYTES only.
"""

import binascii
import hashlib
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from storage_tui.contract import checksum

PYTHON_BYTES = 128 * 1024  # 15 ms of a processor
_HEADER = "x-amz-checksum-"
_SIZES = {"crc32c": 4, "sha256": 32, "crc32": 4, "sha1": 20, "crc64nvme": 8}  # the first that is there is compared
_POLYNOMIAL = 0x9A6C9329AC4BC9B5  # of crc64nvme (NVM Express NVM Command Set 1.0d, 5.2.1.3.4), its bits in reverse
_ALL = 0xFFFFFFFFFFFFFFFF


def whole_checks(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the checksums of the whole object in an answer's headers, by name and in base64."""
    if headers.get(f"{_HEADER}type", "").upper() == "COMPOSITE":
        return {}
    told = {name: headers.get(_HEADER + name) for name in _SIZES}
    return {name: text for name, text in told.items() if text is not None and _is_of(name, text)}


def comparison(checks: Mapping[str, str], size_bytes: int) -> "Comparison | None":
    """Return the comparison with the best of the checksums; None where none can be compared."""
    for name, told in checks.items():
        if name == "crc64nvme" and _fast_crc64() is None and size_bytes > PYTHON_BYTES:
            continue
        return Comparison(name, told)
    return None


class Comparison:
    """Bytes as they arrive, and the checksum `told` that they should have."""

    def __init__(self, name: str, told: str) -> None:
        self.name = name
        self.told = told
        self._hash: Any = hashlib.new(name, usedforsecurity=False) if name.startswith("sha") else None
        self._sum = 0

    def add(self, piece: bytes) -> None:
        """Add the bytes that follow."""
        if self._hash is not None:
            self._hash.update(piece)
        elif self.name == "crc32c":
            self._sum = checksum.extend(self._sum, piece)
        elif self.name == "crc32":
            self._sum = zlib.crc32(piece, self._sum)
        else:
            self._sum = (_fast_crc64() or crc64nvme)(piece, self._sum)

    def found(self) -> str:
        """Return the checksum of the bytes, in base64."""
        if self._hash is not None:
            return checksum.to_text(self._hash.digest())
        return checksum.to_text(self._sum.to_bytes(_SIZES[self.name], "big"))


def crc64nvme(piece: bytes, crc: int = 0) -> int:
    """Return the crc64nvme of the bytes summed in `crc` followed by these; start from 0."""
    table, crc = _table(), crc ^ _ALL
    for byte in piece:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ _ALL


@cache
def _table() -> tuple[int, ...]:
    rows = []
    for row in range(256):
        for _ in range(8):
            row = (row >> 1) ^ (_POLYNOMIAL if row & 1 else 0)
        rows.append(row)
    return tuple(rows)


@cache
def _fast_crc64() -> Callable[[bytes, int], int] | None:
    try:
        from awscrt.checksums import crc64nvme as fast  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return None
    return fast  # type: ignore[no-any-return, unused-ignore]


def _is_of(name: str, text: str) -> bool:
    try:
        return len(b64decode(text, validate=True)) == _SIZES[name]
    except (binascii.Error, ValueError):
        return False
