"""Codecs of Zarr, undone (Zarr core specification 3.0, Codecs; numcodecs). Every step has a limit of bytes.

What the standard library does not know is unpacked by numcodecs, where it is installed.
"""

import bz2
import contextlib
import importlib
import lzma
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import crc32c

MISSING = "pip install 'storage-tui[preview]' unpacks {}"
ZSTD_MODULES = ("compression.zstd", "backports.zstd")  # of Python 3.14, and the same module for older versions
ZSTD_WINDOW = 27  # 128 MiB, the limit of the command zstd; a frame may claim far more
LZMA_MEMORY_BYTES = 80 * 1024 * 1024  # `xz -9` has a dictionary of 64 MiB
SLACK_BYTES = 1024  # of what is inside a codec: checksums, and headers of the codec inside
CHECKSUM_BYTES = 4
BLOSC_HEADER_BYTES = 16
LOSSY = frozenset(("bitround", "bytes", "vlen-utf8", "vlen-bytes", "vlen-array"))  # change nothing on the way back
BY_NUMCODECS = frozenset(("blosc", "lz4", "delta", "fixedscaleoffset", "packbits", "quantize", "astype", "lzma"))
MOST_STEPS = 16


def undo(packed: bytes, codecs: Sequence[tuple[str, Mapping[str, Any]]], most_bytes: int) -> bytes:
    """Return what was packed by a chain of codecs; raise ValueError for damage, and for a codec that is not here."""
    if len(codecs) > MOST_STEPS:
        raise ValueError(f"has {len(codecs)} codecs")
    for name, setting in reversed(codecs):
        if name not in LOSSY:
            packed = _undone(packed, name, setting, most_bytes + SLACK_BYTES)
        if len(packed) > most_bytes + SLACK_BYTES:
            raise ValueError("unpacks to more than a chunk has")
    return packed


def _undone(packed: bytes, name: str, setting: Mapping[str, Any], most_bytes: int) -> bytes:
    if name in ("zlib", "gzip"):
        return _stream(zlib.decompressobj(47), packed, most_bytes, zlib.error)  # with the header of either
    if name == "zstd":
        return _zstd(packed, most_bytes)
    if name == "bz2":
        return _stream(bz2.BZ2Decompressor(), packed, most_bytes, OSError)
    if name == "lzma" and setting.get("format", 1) == 1 and not setting.get("filters"):
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, LZMA_MEMORY_BYTES)
        return _stream(unpacker, packed, most_bytes, lzma.LZMAError)
    if name in ("crc32c", "crc32", "adler32"):
        return _checked(packed, name)
    if name == "shuffle":
        return _unshuffled(packed, setting.get("elementsize", 4))
    if name in BY_NUMCODECS:
        return _by_numcodecs(packed, name, setting, most_bytes)
    raise ValueError(f"is packed by {name[:40]}, which is not unpacked here")


def _stream(unpacker: Any, packed: bytes, most_bytes: int, failure: type[Exception]) -> bytes:
    try:
        content: bytes = unpacker.decompress(packed, most_bytes)
    except failure as exc:
        raise ValueError("is damaged") from exc
    if not unpacker.eof:
        raise ValueError("is damaged, or unpacks to more than a chunk has")
    return content


def _zstd(packed: bytes, most_bytes: int) -> bytes:
    for name in ZSTD_MODULES:
        with contextlib.suppress(ImportError):
            zstd = importlib.import_module(name)
            limits = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW}
            return _stream(zstd.ZstdDecompressor(options=limits), packed, most_bytes, zstd.ZstdError)
    raise ValueError(MISSING.format("zstd"))


def _checked(packed: bytes, name: str) -> bytes:
    """Return the bytes without their checksum: behind them for crc32c, before them in numcodecs."""
    if name == "crc32c":
        content, told = packed[:-CHECKSUM_BYTES], packed[-CHECKSUM_BYTES:]
        found = crc32c.crc32c(content)
    else:
        content, told = packed[CHECKSUM_BYTES:], packed[:CHECKSUM_BYTES]
        found = zlib.crc32(content) if name == "crc32" else zlib.adler32(content)
    if int.from_bytes(told, "little") != found:
        raise ValueError("is damaged: its checksum is another")
    return content


def _unshuffled(packed: bytes, size: Any) -> bytes:
    """Return values whose first bytes came first, then their second bytes, and so on."""
    if type(size) is not int or not 0 < size <= 256:
        raise ValueError("is shuffled in steps that are none")
    count = len(packed) // size
    content = bytearray(count * size)
    for at in range(size):
        content[at::size] = packed[at * count : (at + 1) * count]
    return bytes(content) + packed[count * size :]


def _by_numcodecs(packed: bytes, name: str, setting: Mapping[str, Any], most_bytes: int) -> bytes:
    try:
        numcodecs = importlib.import_module("numcodecs")
    except ImportError:
        raise ValueError(MISSING.format(name)) from None
    claimed = 0
    if name == "blosc":
        if len(packed) < BLOSC_HEADER_BYTES:
            raise ValueError("is damaged")
        claimed = int.from_bytes(packed[4:8], "little")
        if int.from_bytes(packed[12:16], "little") > len(packed):
            raise ValueError("is cut")
    elif name == "lz4":
        claimed = int.from_bytes(packed[:4], "little")
    if claimed > most_bytes:
        raise ValueError("unpacks to more than a chunk has")
    try:
        codec = numcodecs.get_codec({"id": name, **setting})
        return bytes(memoryview(codec.decode(packed)).cast("B"))
    except Exception as exc:  # the boundary of a library: each of its codecs has errors of its own
        raise ValueError("is damaged") from exc
