"""The unpacking of one compressed block of a TIFF, never past the size of the block."""

import io
import struct
import zlib

from PIL import Image

from storage_tui.previews.decoding.compressions import BY_LIBTIFF, DEFLATE, JPEG, NONE, OLD_DEFLATE, WEBP

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSET, SAMPLES, ROWS, SIZE = 256, 257, 258, 259, 262, 273, 277, 278, 279
EMPTY_JPEG_BYTES = 4  # a start and an end, and no table between


def unpack_block(packed: bytes, compression: int, row_bytes: int, rows: int, tables: bytes) -> bytes:
    """Return at most `rows` times `row_bytes` bytes; raise ValueError or OSError when the block cannot be unpacked."""
    most = row_bytes * rows
    if compression == NONE:
        return packed[:most]
    if compression in (DEFLATE, OLD_DEFLATE):
        return zlib.decompressobj().decompress(packed, most)
    if compression in BY_LIBTIFF:
        return _unpack_by_libtiff(packed, compression, row_bytes, rows)[:most]
    if compression in (JPEG, WEBP):
        has_tables = compression == JPEG and len(tables) > EMPTY_JPEG_BYTES
        stream = tables[:-2] + packed[2:] if has_tables else packed
        with Image.open(io.BytesIO(stream), formats=["JPEG" if compression == JPEG else "WEBP"]) as picture:
            if picture.width * picture.height * len(picture.getbands()) > most:
                raise ValueError("a block is larger than it claims")
            return picture.tobytes()
    raise ValueError(f"compression {compression} is not decoded here")


def _unpack_by_libtiff(packed: bytes, compression: int, row_bytes: int, rows: int) -> bytes:
    """Return the block, unpacked as the only strip of a grey picture: Pillow's libtiff unpacks any content in C."""
    tags = {
        WIDTH: row_bytes, HEIGHT: rows, BITS: 8, COMPRESSION: compression, PHOTOMETRIC: 1, OFFSET: 0, SAMPLES: 1,
        ROWS: rows, SIZE: len(packed),
    }  # fmt: skip
    tags[OFFSET] = 8 + 2 + 12 * len(tags) + 4
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    with Image.open(io.BytesIO(head + entries + bytes(4) + packed), formats=["TIFF"]) as strip:
        return strip.tobytes()
