"""The unpacking of one compressed block of a TIFF, never past the size of the block.

Pillow's libtiff, the library that GDAL reads with too, unpacks what the standard library cannot. It gets a TIFF of one
strip. LZW, PackBits, LZMA and zstd do not depend on the samples: their strip is declared as a grey picture as wide as a
row has bytes. JPEG, fax codes and YCbCr do, so their strip is declared as it is.
"""

import io
import struct
import sys
import zlib
from array import array

from PIL import Image

from storage_tui.previews.decoding.tiff.compressions import (
    BY_LIBTIFF,
    CCITT_WORDS,
    DEFLATE,
    DEFLATES,
    FAXES,
    JPEG,
    JPEG_2000S,
    NONE,
    PICTURE,
    WEBP,
    compression_name,
)
from storage_tui.previews.decoding.tiff.levels import Level

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSET, SAMPLES, ROWS, SIZE = 256, 257, 258, 259, 262, 273, 277, 278, 279
PREDICTOR, EXTRA_SAMPLES, JPEG_TABLES = 317, 338, 347
BLACK_IS_ZERO, RGB, CMYK, YCBCR = 1, 2, 5, 6
UNASSOCIATED = 2
SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7
RATIONALS = frozenset((529, 532))  # YCbCrCoefficients, ReferenceBlackWhite: numerators and denominators
LONGS = frozenset((292, 293))  # T4Options, T6Options
PICTURES = ("PNG", "JPEG", "WEBP")  # of map tiles
MOST_DENSER = 4
CODESTREAM = b"\xff\x4f\xff\x51"  # a start, and the sizes
PRECISION_AT = 42  # of the first component
EMPTY_JPEG_BYTES = 4  # a start and an end, and no table between
REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))  # the bits of a byte, last first: FillOrder 2

Tags = dict[int, tuple[int, list[int]]]


def unpack_block(level: Level, packed: bytes, rows: int) -> bytes:
    """Return at most `rows` rows of a block; raise ValueError when the block cannot be unpacked."""
    if level.slab is not None:
        return level.slab.unpack(packed)
    most = level.row_bytes * rows
    code = level.compression
    if level.is_reversed and code != JPEG:
        packed = packed.translate(REVERSED)
    try:
        if level.colours == "ycbcr" or code == JPEG:
            return _unpack_samples(level, packed, rows)[:most]
        if code == NONE:
            return packed[:most]
        if code in DEFLATES:
            return zlib.decompressobj().decompress(packed, most)
        if code in FAXES:
            return _unpack_fax(level, packed, rows)[:most]
        if code in BY_LIBTIFF:
            return _unpack_bytes(packed, code, level.row_bytes, rows)[:most]
        if code == WEBP:
            return _unpack_webp(level, packed, rows)
        if code == PICTURE:
            return _unpack_picture(level, packed)
        if code in JPEG_2000S:
            return _unpack_jpeg_2000(level, packed, rows)
    except (OSError, SyntaxError, zlib.error, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ValueError(f"{compression_name(code)} data that cannot be unpacked") from exc
    raise ValueError(f"{compression_name(code)} is not decoded here")


def _unpack_bytes(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    return _by_libtiff(packed, row_bytes, rows, compression, {BITS: (LONG, [8]), PHOTOMETRIC: (LONG, [BLACK_IS_ZERO])})


def _unpack_fax(level: Level, packed: bytes, rows: int) -> bytes:
    tags: Tags = {BITS: (LONG, [1]), PHOTOMETRIC: (LONG, [BLACK_IS_ZERO])}
    if level.compression == CCITT_WORDS:
        raise ValueError("CCITT codes on 16-bit words are not decoded here")
    return _by_libtiff(packed, level.block_width, rows, level.compression, tags | _own_tags(level))


def _unpack_samples(level: Level, packed: bytes, rows: int) -> bytes:
    """Return JPEG as its samples are, and YCbCr as RGB."""
    count, code = level.samples_in_block, level.compression
    photometric = YCBCR if level.colours == "ycbcr" else {1: BLACK_IS_ZERO, 2: BLACK_IS_ZERO, 3: RGB, 4: CMYK}[count]
    tags: Tags = {BITS: (SHORT, [8] * count), PHOTOMETRIC: (LONG, [photometric]), SAMPLES: (LONG, [count])}
    if count == 2:
        tags[EXTRA_SAMPLES] = (SHORT, [UNASSOCIATED])  # any other one would be left out
    tables = bytes.fromhex(level.tables)
    if code == JPEG and len(tables) > EMPTY_JPEG_BYTES:
        tags[JPEG_TABLES] = (UNDEFINED, list(tables))
    elif code == NONE:
        packed, code = zlib.compress(packed, 0), DEFLATE  # Pillow has no other way for plain YCbCr into libtiff
    elif level.predictor != 1:
        tags[PREDICTOR] = (LONG, [level.predictor])
    return _by_libtiff(packed, level.block_width, rows, code, tags | _own_tags(level))


def _unpack_webp(level: Level, packed: bytes, rows: int) -> bytes:
    with Image.open(io.BytesIO(packed), formats=["WEBP"]) as picture:
        if picture.width != level.block_width or picture.height < rows:
            raise ValueError("a WebP block of another size than the file says")
        mode = {1: "L", 3: "RGB", 4: "RGBA"}[level.samples_in_block]
        return picture.convert(mode).tobytes()[: level.row_bytes * rows]


def _unpack_picture(level: Level, packed: bytes) -> bytes:
    """Return a picture as RGBA; one of another size, as tiles for denser screens have, in the size of the block."""
    size = level.block_width, level.block_height
    with Image.open(io.BytesIO(packed), formats=PICTURES) as picture:
        if max(picture.size) > MOST_DENSER * max(size):
            raise ValueError("a tile that is much larger than the others")
        whole = picture.convert("RGBA")
    return (whole if whole.size == size else whole.resize(size, Image.Resampling.BOX)).tobytes()


def _unpack_jpeg_2000(level: Level, packed: bytes, rows: int) -> bytes:
    """Return the samples of a codestream (ISO/IEC 15444-1, A.5.1), whose precision has to be that of the file."""
    if not packed.startswith(CODESTREAM) or packed[PRECISION_AT : PRECISION_AT + 1] != bytes([level.bits - 1]):
        raise ValueError("a JPEG 2000 block of another form than the file says")
    with Image.open(io.BytesIO(packed), formats=["JPEG2000"]) as picture:
        mode = "I;16" if level.bits == 16 else {1: "L", 3: "RGB", 4: "RGBA"}[level.samples_in_block]
        if picture.width != level.block_width or picture.height < rows or picture.mode != mode:
            raise ValueError("a JPEG 2000 block of another size than the file says")
        picture.load()
        samples = array("H" if level.bits == 16 else "B", picture.tobytes())
    if level.bits == 16 and (level.byte_order == ">") == (sys.byteorder == "little"):
        samples.byteswap()
    return samples.tobytes()[: level.row_bytes * rows]


def _own_tags(level: Level) -> Tags:
    return {int(tag): (_type(int(tag)), numbers) for tag, numbers in level.tags.items()}


def _type(tag: int) -> int:
    return RATIONAL if tag in RATIONALS else LONG if tag in LONGS else SHORT


def _by_libtiff(packed: bytes, width: int, rows: int, compression: int, tags: Tags) -> bytes:
    """Return the pixels of a TIFF of one strip."""
    all_tags: Tags = {
        WIDTH: (LONG, [width]), HEIGHT: (LONG, [rows]), COMPRESSION: (LONG, [compression]), OFFSET: (LONG, [0]),
        SAMPLES: (LONG, [1]), ROWS: (LONG, [rows]), SIZE: (LONG, [len(packed)]), **tags,
    }  # fmt: skip
    values_at = 8 + 2 + 12 * len(all_tags) + 4
    values = bytearray()
    places: dict[int, bytes] = {}
    for tag, (kind, numbers) in all_tags.items():
        raw = (
            bytes(numbers)
            if kind == UNDEFINED
            else struct.pack(f"<{len(numbers)}{'H' if kind == SHORT else 'I'}", *numbers)
        )
        places[tag] = raw.ljust(4, b"\x00") if len(raw) <= 4 else struct.pack("<I", values_at + len(values))
        values += raw if len(raw) > 4 else b""
    places[OFFSET] = struct.pack("<I", values_at + len(values))
    entries = b"".join(
        struct.pack("<HHI", tag, kind, len(numbers) // (2 if kind == RATIONAL else 1)) + places[tag]
        for tag, (kind, numbers) in sorted(all_tags.items())
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(all_tags))
    with Image.open(io.BytesIO(head + entries + bytes(4) + values + packed), formats=["TIFF"]) as strip:
        return strip.tobytes()
