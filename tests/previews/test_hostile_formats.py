"""Hostile files of every format of the table: sizes that lie, sequences that a terminal obeys, and a special one where
the format has a danger of its own. Each shows something or one line, within budget. Damaged ones are in `facts/`."""

import os
import pickle
import struct
import time
import zipfile
from collections.abc import Callable
from io import BytesIO

import pytest

from storage_tui.previews import PREVIEWS, Preview, preview
from storage_tui.previews.base import THUMBNAIL_BUDGET
from tests.previews.heads.damage import rows_with_samples
from tests.previews.ranges import Ranges, plain
from tests.previews.samples import SAMPLES, encoded
from tests.previews.vector import geo_files

OBEYED = frozenset(map(chr, (*range(0x0A), *range(0x0B, 0x20), 0x7F, *range(0x80, 0xA0), 0x202E)))
SEQUENCES = b"\x1b]52;c;aGk=\x07\x1b[2J\xc2\x9b31m\xe2\x80\xae"
CPU_S = 20.0  # far above what any takes on a loaded machine: a loop without end fails here and not at the timeout


class Evil:
    """Runs a command when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 3",)


def bomb(kind: str) -> bytes:
    """A picture of 9,000 x 9,000 in one colour."""
    from PIL import Image

    output = BytesIO()
    Image.new("1" if kind != "JPEG" else "L", (9000, 9000)).save(output, kind)
    return output.getvalue()


def zip_of_one(name: str, content: bytes) -> bytes:
    """One member that unpacks to far more than it takes."""
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return output.getvalue()


def tiff_loop() -> bytes:
    """A directory that follows itself."""
    content = bytearray(encoded("TIFF"))
    at = struct.unpack_from("<I", content, 4)[0]
    count = struct.unpack_from("<H", content, at)[0]
    struct.pack_into("<I", content, at + 2 + 12 * count, at)
    return bytes(content)


def packed_bomb(kind: str) -> bytes:
    """Zeros that take next to nothing."""
    import bz2
    import gzip
    import lzma

    from tests.previews.samples import zstandard

    makers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress, "zstd": zstandard,
    }  # fmt: skip
    return makers[kind](bytes(20_000_000))


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c SYSTEM "file:///etc/passwd">]><kml><Document><name>&b;&c;</name></Document></kml>'
)

SPECIAL: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: bomb("PNG"),
    "JPEG": lambda: bomb("JPEG"),
    "WebP": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8L\xff\xff\xff\xff\x2f\xff\xff\xff\xff",
    "GIF": lambda: (
        b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(768) + b"\x2c\0\0\0\0\xff\xff\xff\xff\0\x08" + b"\xff" * 255
    ),
    "BMP": lambda: b"BM" + bytes(12) + struct.pack("<IiiHHIIiiII", 40, 2**31 - 1, -(2**31), 1, 32, 0, 0, 0, 0, 0, 0),
    "TIFF": tiff_loop,
    "GeoTIFF": lambda: b"II\x2b\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(100),
    "zip": lambda: zip_of_one("bomb.txt", bytes(20_000_000)),
    "NumPy archive": lambda: zip_of_one("bomb.npy", bytes(20_000_000)),
    "NumPy array": lambda: b"\x93NUMPY\x01\0" + struct.pack("<H", 9000) + b"(" * 9000,
    "gzip": lambda: packed_bomb("gzip"),
    "bzip2": lambda: packed_bomb("bzip2"),
    "xz": lambda: packed_bomb("xz"),
    "zstd": lambda: packed_bomb("zstd"),
    "lz4": lambda: struct.pack("<II", 0x184D2A50, 0) * 12_000 + b"\x04\x22\x4d\x18",
    "tar": lambda: SAMPLES["tar"][0]()[:124] + b"\xff" * 12 + SAMPLES["tar"][0]()[136:],
    "Parquet": lambda: b"PAR1" + b"\x1c" * 5000 + b"\x88\x13\0\0PAR1",
    "Arrow": lambda: b"ARROW1\0\0" + b"\xff" * 400 + b"\x90\x01\0\0ARROW1",
    "Arrow stream": lambda: SAMPLES["Arrow stream"][0]()[:-200] + b"\xff\xff\xff\xff\x80\0\0\0" + b"\x7f" * 400,
    "SQLite": lambda: SAMPLES["SQLite"][0]()[:103] + b"\xff\xff" * 200,
    "HDF5": lambda: (
        SAMPLES["HDF5"][0]().replace(b"TREE\0\0", b"TREE\0\xff").replace(b"SNOD\x01\0", b"SNOD\x01\0\xff\xff")
    ),
    "NetCDF": lambda: b"CDF\x01\0\0\0\0\0\0\0\x0a\xff\xff\xff\xfe" + bytes(64),
    "FlatGeobuf": lambda: geo_files.made("FlatGeobuf")[:8] + b"\xff\xff\x7f\x00" + b"\xff" * 4000,
    "PMTiles": lambda: b"PMTiles\x03" + b"\xff" * 119,
    "Shapefile": lambda: geo_files.made("ESRI Shapefile", "fields.shp")[:104] + b"\x7f\xff\xff\xff" * 40,
    "zipped Shapefile": lambda: zip_of_one("bomb.shp", b"\0\0\x27\x0a" + bytes(20_000_000)),
    "KML": lambda: LAUGHS,
    "KMZ": lambda: zip_of_one("doc.kml", b"<kml>" * 100_000 + b" " * 20_000_000),
    "STAC item": lambda: b'{"stac_version":"1.0.0","type":"Feature","assets":' + b'{"a":' * 50_000,
    "PDF": lambda: b"%PDF-1.7\n" + b"<</Title (" + b"\\" * 50_000 + b"/Type /Pages " * 5000,
    "pickle": lambda: pickle.dumps([Evil()] * 3, protocol=4),
    "GeoJSON": lambda: b'{"type":"Feature","geometry":' * 20_000,
    "WKB in hexadecimal digits": lambda: b"0107000000FFFFFF7F" + b"0107000000FFFFFF7F" * 9000,
    "WKT": lambda: b"GEOMETRYCOLLECTION(" * 20_000,
    "JSON": lambda: b'{"a":' * 50_000,
    "JSON Lines": lambda: b'{"a": "' + b"x" * 120_000 + b'"}\n{"b": 1e999999}\n' * 3,
    "CSV": lambda: b"a,b,c\n" + b'"' + b"x,\n" * 40_000,
    "TSV": lambda: b"a\tb\tc\n" + b"\t" * 60_000,
    "text": lambda: b"line " * 200_000,
    "binary": lambda: b"\0" * 100_000,
}
"""By kind of SAMPLES: a file made for the weakness of that format."""


async def judged(content: bytes, name: str = "blob") -> Preview:
    """The preview, after all that must hold of any."""
    ranges, begun = Ranges.of(content), time.process_time()
    shown = await preview(ranges.source(name), width=80, height=24)
    assert time.process_time() - begun < CPU_S
    assert shown.lines or shown.facts or shown.note
    assert len(ranges.asked) <= THUMBNAIL_BUDGET.requests
    assert sum(stop - start for start, stop in ranges.asked) <= THUMBNAIL_BUDGET.size_bytes
    assert not OBEYED & set(plain(shown))
    return shown


def test_every_format_has_hostile_files() -> None:
    assert SPECIAL.keys() == SAMPLES.keys()
    for row in PREVIEWS:  # the samples of `heads` are damaged there
        assert any(found is row for found in rows_with_samples()), row.kind


@pytest.mark.parametrize("kind", SAMPLES)
async def test_a_size_that_is_not_that_of_the_bytes(kind: str) -> None:
    content = SAMPLES[kind][0]()
    ranges = Ranges(4 * 10**9, lambda start, stop: content[start:stop].ljust(stop - start, b"\0"))
    shown = await preview(ranges.source())
    assert shown.lines or shown.facts or shown.note
    assert sum(stop - start for start, stop in ranges.asked) <= THUMBNAIL_BUDGET.size_bytes


@pytest.mark.parametrize("kind", SAMPLES)
async def test_control_sequences_in_and_after_it(kind: str) -> None:
    content = SAMPLES[kind][0]()
    await judged(content + SEQUENCES, "a\x1b[2J.txt")
    middle = len(content) // 2
    await judged(content[:middle] + SEQUENCES + content[middle:])


@pytest.mark.parametrize("kind", SPECIAL)
async def test_the_file_made_for_its_weakness(kind: str) -> None:
    await judged(SPECIAL[kind]())
