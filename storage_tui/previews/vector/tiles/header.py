"""The header of PMTiles (PMTiles specification, version 3, section 3)."""

import struct
from dataclasses import dataclass

from storage_tui.previews.base import LimitError, PreviewError
from storage_tui.previews.vector.layer import known_bounds
from storage_tui.previews.vector.shapes import Bounds

MAGIC = b"PMTiles"
VERSION = 3
HEADER_BYTES = 127
VECTOR = 1
PICTURES = (2, 3, 4)  # PNG, JPEG, WebP
TILES = ("unknown", "vector tiles (MVT)", "PNG", "JPEG", "WebP", "AVIF", "MapLibre tiles (MLT)")
COMPRESSIONS = ("unknown", "none", "gzip", "brotli", "zstd")
KIND_AT = 99  # the byte with the kind of the tiles
PLACE = 10_000_000  # degrees are stored as whole numbers of 1e-7

_HEADER = struct.Struct("<7sB11Q6B4iB2i")


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a header. `root` and `metadata` are places and sizes, `leaves` and `tiles` places in the file.

    `inner` and `packing` are the compressions of directories and of tiles, `kind` is the number of the kind of tiles.
    """

    root: tuple[int, int]
    metadata: tuple[int, int]
    leaves: int
    tiles: int
    addressed: int
    entries: int
    contents: int
    is_clustered: bool
    inner: str
    packing: str
    kind: int
    low: int
    high: int
    bounds: Bounds | None
    zoom: int
    centre: tuple[float, float]

    @property
    def kind_name(self) -> str:
        """The kind of the tiles in words."""
        return TILES[self.kind] if self.kind < len(TILES) else f"kind {self.kind}"


def read_header(head: bytes) -> Header:
    """Return the header in the first bytes of a file; raise LimitError for another version, PreviewError for damage."""
    if head[7:8] != bytes([VERSION]):
        raise LimitError(f"version {int.from_bytes(head[7:8], 'little')} is not read here")
    if len(head) < HEADER_BYTES:
        raise PreviewError("its header is cut")
    fields = _HEADER.unpack_from(head)
    bounds = known_bounds([number / PLACE for number in fields[19:23]])
    return Header(
        root=(fields[2], fields[3]), metadata=(fields[4], fields[5]), leaves=fields[6], tiles=fields[8],
        addressed=fields[10], entries=fields[11], contents=fields[12], is_clustered=bool(fields[13]),
        inner=_compression(fields[14]), packing=_compression(fields[15]), kind=fields[16], low=fields[17],
        high=fields[18], bounds=bounds, zoom=fields[23], centre=(fields[24] / PLACE, fields[25] / PLACE),
    )  # fmt: skip


def _compression(code: int) -> str:
    return COMPRESSIONS[code] if code < len(COMPRESSIONS) else f"compression {code}"
