"""PNG and JPEG as a raster: read whole, decoded in the decoder process, and kept as tiles of a few levels."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, Budget, LimitError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tiles import MOST_BYTES, TILE
from storage_tui.previews.raster.picture import Blocks
from storage_tui.previews.raster.windows.blocks import Place
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.scene import Layer, LevelOfScene, Scene

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
LEAST_SIDE = 600  # pixels: a smaller picture is shown whole by its preview
WHOLE_BUDGET = Budget(requests=16, size_bytes=10 * MIB)  # what fits a job of the decoder
PART_BYTES = 4 * MIB  # of one read
KEPT_BYTES = 24 * MIB
MODES = {"L": (1, 8), "LA": (2, 8), "RGB": (3, 8), "RGBA": (4, 8), "I;16": (1, 16)}  # bands and bits
FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))  # SOF of JPEG


def picture_size(head: bytes) -> tuple[int, int] | None:
    """Return width and height of a PNG or JPEG that begins with these bytes; None for anything else."""
    if head.startswith(PNG) and head[12:16] == b"IHDR":
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    at = 2
    while head.startswith(JPEG) and at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in FRAMES:
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 2 + max(2, int.from_bytes(head[at + 2 : at + 4], "big"))
    return None


def is_large_picture(head: bytes) -> bool:
    """Return whether a window shows more of this picture than its preview does."""
    return max(picture_size(head) or (0,)) >= LEAST_SIDE


class PictureTiles:
    """The tiles of all levels of one picture; a layer is named by its halvings."""

    def __init__(self, content: bytes, form: str) -> None:
        self._content = content
        self._form = form
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._kept_bytes = 0

    async def facts(self) -> dict[str, Any]:
        """Return the size, the mode and the orientation of the picture."""
        return (await self._decode([]))[0]

    async def find(self, layer: Layer, wanted: Sequence[int]) -> dict[int, Place]:
        """Return the sizes of these tiles, which have no places."""
        size = TILE * TILE * int(layer.told["bands"]) * int(layer.told["bits"]) // 8
        return dict.fromkeys(wanted, (0, size))

    def cost(self, layer: Layer, places: dict[int, Place]) -> tuple[int, int]:
        """Return no requests and no bytes: all of the picture was read."""
        return 0, 0

    async def read(self, layer: Layer, places: dict[int, Place]) -> dict[int, bytes]:
        """Return these tiles; those that are not kept are decoded, as many at once as fit an answer."""
        halvings = int(str(layer.name))
        missing = [index for index in places if (halvings, index) not in self._kept]
        found = {index: self._kept[halvings, index] for index in places if index not in missing}
        size = max((size for _, size in places.values()), default=1)
        at_once = max(1, MOST_BYTES // size)
        for start in range(0, len(missing), at_once):
            part = missing[start : start + at_once]
            places_of = [(halvings, index % layer.blocks.across, index // layer.blocks.across) for index in part]
            _, values = await self._decode(places_of)
            for at, index in enumerate(part):
                found[index] = values[at * size : (at + 1) * size]
                self._keep((halvings, index), found[index])
        return found

    def _keep(self, name: tuple[int, int], tile: bytes) -> None:
        self._kept[name] = tile
        self._kept_bytes += len(tile)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)

    async def _decode(self, tiles: Sequence[tuple[int, int, int]]) -> tuple[dict[str, Any], bytes]:
        return await DECODER.decode({"job": "tiles", "formats": [self._form], "tiles": tiles}, self._content)


async def open_picture(source: Source, head: bytes) -> WindowReader:
    """Read a picture whole; raise LimitError for one too large, PreviewError, and errors of the client."""
    source.allow(WHOLE_BUDGET)
    size = source.size_bytes
    if size is None or size > WHOLE_BUDGET.size_bytes:
        raise LimitError(f"pictures of more than {size_text(WHOLE_BUDGET.size_bytes)} are not read whole")
    parts = [await source.read(start, start + PART_BYTES) for start in range(len(head), size, PART_BYTES)]
    tiles = PictureTiles(b"".join([head, *parts]), "PNG" if head.startswith(PNG) else "JPEG")
    told = await tiles.facts()
    bands, bits = MODES[told["mode"]]
    width, height = told["size"]
    levels: list[LevelOfScene] = []
    halvings = 0
    while not levels or max(width >> halvings - 1, height >> halvings - 1) > TILE:
        size_of = max(1, width >> halvings), max(1, height >> halvings)
        blocks = Blocks(TILE, TILE, -(-size_of[0] // TILE), -(-size_of[1] // TILE))
        layer = Layer(halvings, blocks, _told(*size_of, bands, bits, told["turned"]))
        levels.append(LevelOfScene(layer, None, width / size_of[0], height / size_of[1]))
        halvings += 1
    facts = [("pixels", f"{width:,} × {height:,}, {told['mode']}"), ("read", f"{size_text(size)}, whole")]
    return WindowReader(source, Scene(tuple(levels), facts=tuple(facts)), tiles)


def _told(width: int, height: int, bands: int, bits: int, turned: int) -> dict[str, Any]:
    """Return a level in the form of the decoder's `Level`: uncompressed tiles."""
    is_colour = bands >= 3
    return {
        "width": width, "height": height, "block_width": TILE, "block_height": TILE, "is_tiled": True,
        "bands": bands, "bits": bits, "sample_format": 1, "byte_order": "<", "compression": 1, "predictor": 1,
        "is_planar": False, "is_reversed": False, "colours": "rgb" if is_colour else "grey",
        "shown": [0, 1, 2] if is_colour else [0], "alpha": bands - 1 if bands in (2, 4) else None,
        "is_premultiplied": False, "is_inverted": False, "nodata": None, "palette": [], "turned": turned, "tags": {},
        "tables": "", "blocks": [],
    }  # fmt: skip
