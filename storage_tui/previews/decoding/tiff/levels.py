"""One level of a raster, as the preview describes it to the decoder."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from storage_tui.previews.decoding.tiff.compressions import PREDICTED
from storage_tui.previews.decoding.tiff.slabs import Slab

Colours = Literal["grey", "palette", "rgb", "cmyk", "ycbcr", "bands"]
HORIZONTAL, FLOATING = 2, 3  # the values of Predictor
UINT, INT, FLOAT = 1, 2, 3  # the values of SampleFormat
CODES = {(1, 8): "B", (1, 16): "H", (1, 32): "I", (1, 64): "Q", (2, 8): "b", (2, 16): "h", (2, 32): "i", (2, 64): "q",
         (3, 16): "e", (3, 32): "f", (3, 64): "d"}  # fmt: skip
ODD_BITS = 32  # unsigned samples of fewer bits lie side by side without regard to bytes


def can_be_read(sample_format: int, bits: int) -> bool:
    """Return whether samples of this format and width are decoded."""
    return (sample_format, bits) in CODES or (sample_format == UINT and 0 < bits < ODD_BITS)


@dataclass(frozen=True)
class Level:
    """The layout of a level, the bands that are drawn, and the places of the blocks in the content of the job.

    `shown` are the bands of a picture in `colours`: one for greys and palettes, three, or four for CMYK. `blocks` are
    index, place and size of the blocks that exist; a block that is not there has the value nodata, or 0. `palette` is
    the place and the size of its colours in the content: red, green and blue of each entry, 8 bits each. `tags` are the
    tags of the TIFF that its unpacking needs, by their number: YCbCr coefficients, options of fax codes. `mask` is a
    level whose value 0 means that there is no pixel. `slab`, of an array, says where the pixels lie in its blocks.
    """

    width: int
    height: int
    block_width: int
    block_height: int
    is_tiled: bool
    bands: int
    bits: int
    sample_format: int
    byte_order: str
    compression: int
    predictor: int
    is_planar: bool
    is_reversed: bool
    colours: Colours
    shown: list[int]
    alpha: int | None
    is_premultiplied: bool
    is_inverted: bool
    nodata: float | None
    palette: list[int]
    turned: int
    tags: dict[str, list[int]]
    tables: str
    blocks: list[list[int]]
    mask: "Level | None" = None
    slab: Slab | None = None

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Level":
        """Return the level that a job describes."""
        mask, slab = told.get("mask"), told.get("slab")
        parts = {"mask": None if mask is None else cls.of(mask), "slab": None if slab is None else Slab(**slab)}
        return cls(**{**told, **parts})

    @property
    def samples_in_block(self) -> int:
        """The number of bands that lie side by side in one block."""
        return 1 if self.is_planar else self.bands

    @cached_property
    def row_bytes(self) -> int:
        """The size of one row of a block, unpacked, in bytes."""
        return (self.block_width * self.samples_in_block * self.bits + 7) // 8

    @property
    def block_bytes(self) -> int:
        """The size of a full block, unpacked, in bytes."""
        return self.row_bytes * self.block_height if self.slab is None else self.slab.size_bytes

    @property
    def blocks_across(self) -> int:
        """The number of blocks that lie side by side."""
        return math.ceil(self.width / self.block_width)

    @property
    def blocks_of_plane(self) -> int:
        """The number of blocks that cover the level once."""
        return self.blocks_across * math.ceil(self.height / self.block_height)

    @cached_property
    def used_predictor(self) -> int:
        """The predictor that unpacked rows still have; 1 for none."""
        return self.predictor if self.compression in PREDICTED and self.colours != "ycbcr" else 1

    def rows_of(self, index: int) -> int:
        """Return the rows of a block: a tile is always full, the last strip ends with the picture."""
        if self.is_tiled:
            return self.block_height
        return min(self.block_height, self.height - index % self.blocks_of_plane * self.block_height)
