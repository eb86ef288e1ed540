"""Blobs far larger than what they take on the disk: holes of sparse files under the keys of a local store."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import apsw

from storage_tui.contract import checksum
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.blocks import Blocks, Written, drop, keep
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.seed import SeedBlob, seed
from tests.benchmarks.seed import LOCAL_NAMESPACE

GIB = 1024**3
READ_BYTES = 8 * 1024 * 1024
STAND_IN = bytes(1024 * 1024)  # seeded before the file behind it is made; too large for the database
LINE = b"2024-07-12 10:00:00 INFO tile 10SGF processed in 0.31 s\n"

SIDE, TILE, SMALLEST = 16_384, 512, 256  # pixels of the raster, float32: 1 GiB


def write_text(path: Path) -> None:
    """10 GiB of text: lines at both ends, and a hole between."""
    with path.open("wb") as file:
        file.write(LINE * 40_000)
        file.truncate(10 * GIB)
        file.seek(-len(LINE) * 1000, 2)
        file.write(LINE * 1000)


def write_zip(path: Path) -> None:
    """A zip of 50,000 members behind 2 GiB of a first one."""
    with path.open("wb") as file:
        file.write(b"PK\x03\x04" + bytes(26))
        file.truncate(2 * GIB)
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(50_000):
            archive.writestr(f"tiles/{number // 500:03}/{number:05}.json", b"{}")


def write_cog(path: Path) -> None:
    """A cloud-optimised GeoTIFF of 1 GiB: directories first, then the overviews, the smallest first (TIFF 6.0)."""
    sides = [SIDE >> level for level in range(7) if SIDE >> level >= SMALLEST]
    directories, at = [], 8
    for side in sides:
        tile = min(TILE, side)
        count = (side // tile) ** 2
        directories.append((side, tile, count, at))
        at += 2 + 12 * 13 + 4 + 8 * count + 3 * 8 + 6 * 8 + 4 * 8
    data = [0] * len(sides)
    for level in range(len(sides) - 1, -1, -1):
        data[level] = at
        at += sides[level] ** 2 * 4
    with path.open("wb") as file:
        file.truncate(at)
        file.write(struct.pack("<2sHI", b"II", 42, 8))
        for level, (side, tile, count, start) in enumerate(directories):
            following = directories[level + 1][3] if level + 1 < len(directories) else 0
            file.seek(start)
            file.write(_directory(start, following, side, tile, count, data[level], is_reduced=level > 0))
        for level, side in enumerate(sides):
            if side <= 512:
                file.seek(data[level])
                file.write(struct.pack(f"<{side * side}f", *((x ^ y) % 97 for y in range(side) for x in range(side))))


def _directory(start: int, following: int, side: int, tile: int, count: int, data: int, *, is_reduced: bool) -> bytes:
    values = start + 2 + 12 * 13 + 4
    offsets = struct.pack(f"<{count}I", *(data + number * tile * tile * 4 for number in range(count)))
    sizes = struct.pack(f"<{count}I", *[tile * tile * 4] * count)
    scale = struct.pack("<3d", SIDE / side * 10, SIDE / side * 10, 0)
    ties = struct.pack("<6d", 0, 0, 0, 600_000, 4_200_000, 0)
    keys = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32610)
    at_scale = values + len(offsets) + len(sizes)
    entries = [
        (254, 4, 1, int(is_reduced)), (256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 32), (259, 3, 1, 1),
        (262, 3, 1, 1), (322, 4, 1, tile), (323, 4, 1, tile),
        (324, 4, count, values if count > 1 else data),
        (325, 4, count, values + len(offsets) if count > 1 else tile**2 * 4),
        (339, 3, 1, 3), (33550, 12, 3, at_scale), (33922, 12, 6, at_scale + len(scale)),
    ]  # fmt: skip
    if not is_reduced:
        entries[-2:] = [
            (33550, 12, 3, at_scale), (33922, 12, 6, at_scale + 24), (34735, 3, 16, at_scale + 72),
        ]  # fmt: skip
        entries = [entry for entry in entries if entry[0] != 254]
    body = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = struct.pack("<H", len(entries)) + body + struct.pack("<I", following)
    return head + offsets + sizes + scale + ties + keys


LARGE: dict[str, Callable[[Path], None]] = {
    "large/text.log": write_text, "large/archive.zip": write_zip, "large/raster.tif": write_cog,
}  # fmt: skip


def seed_large(data_dir: Path, large: dict[str, Callable[[Path], None]] = LARGE) -> None:
    """Put them into a store that no process owns."""
    seed(data_dir, (SeedBlob(Address(LOCAL_NAMESPACE, "data", key), STAND_IN) for key in sorted(large)))
    disk = Disk(data_dir)
    connection = apsw.Connection(str(disk.database))
    try:
        for key, write in large.items():
            ((blob_id,),) = connection.execute("SELECT id FROM keys WHERE key = ?", (key.encode(),))
            path = disk.blob_path(blob_id)
            write(path)
            size, crc, blocks = path.stat().st_size, 0, Blocks()
            with path.open("rb") as file:
                while piece := file.read(READ_BYTES):
                    crc = checksum.extend(crc, piece)
                    blocks.extend(piece)
            connection.execute("UPDATE keys SET size = ?, crc = ? WHERE id = ?", (size, crc, blob_id))
            drop(connection, [blob_id])
            keep(connection, blob_id, blocks.rows(0, Written(size, 0, blocks.partial)))
    finally:
        connection.close()
