"""One compressed block of a TIFF to its bytes, never more than the block can hold (TIFF 6.0, sections 9, 13 and 22)."""

import io
import zlib

from PIL import Image

from storage_tui.tui.decoding.compressions import DEFLATE, JPEG, LZW, NONE, OLD_DEFLATE, PACKBITS, WEBP

LZW_CLEAR, LZW_END, LZW_FIRST, LZW_CODES = 256, 257, 258, 4096


def unpack_block(packed: bytes, compression: int, most: int, tables: bytes, *, is_rgb: bool) -> bytes:
    """The first `most` bytes of the block; raises ValueError for a compression that is not known here."""
    if compression == NONE:
        return packed[:most]
    if compression in (DEFLATE, OLD_DEFLATE):
        return zlib.decompressobj().decompress(packed, most)
    if compression == LZW:
        return unpack_lzw(packed, most)
    if compression == PACKBITS:
        return unpack_packbits(packed, most)
    if compression == JPEG:
        stream = tables[:-2] + packed[2:] if len(tables) > 4 else packed
        with Image.open(io.BytesIO(stream), formats=["JPEG"]) as picture:
            if is_rgb and picture.mode == "RGB":
                picture.info.setdefault("adobe_transform", 0)
            return picture.tobytes()[:most]
    if compression == WEBP:
        with Image.open(io.BytesIO(packed), formats=["WEBP"]) as picture:
            return picture.tobytes()[:most]
    raise ValueError(f"compression {compression} is not decoded here")


def unpack_lzw(packed: bytes, most: int) -> bytes:
    """TIFF's LZW: codes of 9 to 12 bits, the high bit first, one code early."""
    output = bytearray()
    table: list[bytes] = [bytes([i]) for i in range(256)] + [b"", b""]
    previous = b""
    width, kept, kept_bits = 9, 0, 0
    for byte in packed:
        kept = (kept << 8) | byte
        kept_bits += 8
        if kept_bits < width:
            continue
        kept_bits -= width
        code = kept >> kept_bits
        kept &= (1 << kept_bits) - 1
        if code == LZW_END or len(output) >= most:
            break
        if code == LZW_CLEAR:
            del table[LZW_FIRST:]
            previous, width = b"", 9
            continue
        if code < len(table):
            entry = table[code]
        elif code == len(table) and previous:
            entry = previous + previous[:1]
        else:
            raise ValueError("the LZW data is damaged")
        output += entry
        if previous and len(table) < LZW_CODES:
            table.append(previous + entry[:1])
        previous = entry
        width = 9 if len(table) < 511 else 10 if len(table) < 1023 else 11 if len(table) < 2047 else 12
    return bytes(output[:most])


def unpack_packbits(packed: bytes, most: int) -> bytes:
    """Runs and literals, each with a signed length in front."""
    output = bytearray()
    at = 0
    while at < len(packed) and len(output) < most:
        length = packed[at]
        if length < 128:
            output += packed[at + 1 : at + 2 + length]
            at += 2 + length
        else:
            if length > 128:
                output += packed[at + 1 : at + 2] * (257 - length)
            at += 2 if length > 128 else 1
    return bytes(output[:most])
