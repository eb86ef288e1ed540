"""The windows of a raster, and the values at a pixel: blocks read by ranges, samples taken in the decoder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import MIB, Budget, BudgetError, PreviewError
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.decoding.tiff.turning import stored_places
from storage_tui.previews.raster.windows.blocks import PackedBlocks, Place
from storage_tui.previews.raster.windows.scene import Layer, LevelOfScene, Scene
from storage_tui.previews.raster.windows.shown import BandFacts, Picture, Style
from storage_tui.previews.raster.windows.view import View

VIEW_BUDGET = Budget(requests=24, size_bytes=8 * MIB)  # a view of uncompressed tiles on a large terminal
PIXEL_BUDGET = Budget(requests=32, size_bytes=8 * MIB)  # the values of many bands that are stored separately
ARRAY_BUDGET = Budget(requests=200, size_bytes=8 * MIB)  # arrays have no overviews: a request a row of pixels
SAVE_BUDGET = Budget(requests=2_000, size_bytes=10 * MIB)  # a part of a window that is saved: one job of the decoder
MOST_BLOCKS = 6_000  # of one window: what the frame of a job holds
COARSEST_ROWS = 12  # of an array that is too much to read; with fewer rows its middle is shown
SLACK = 1.5  # a level whose pixels are so much larger than those of the view is nearly as sharp, in half the bytes
LESS = 0.7  # a window with too many blocks gets smaller by this factor
MOST_BANDS = 64  # whose values are read at a pixel


@dataclass(frozen=True)
class _Window:
    """The pixels of a level that a view shows: their columns and rows, the place of the first one in the picture.

    `row_step` rows of the picture show the same row of the level, where every row would be too much to read.
    """

    level: LevelOfScene
    xs: list[int]
    ys: list[int]
    at: tuple[int, int]
    share: float
    row_step: int = 1

    def coarser(self) -> "_Window":
        """Return the window with half as many different rows."""
        step = self.row_step * 2
        ys = [self.ys[min(len(self.ys) - 1, at // step * step + step // 2)] for at in range(len(self.ys))]
        return replace(self, ys=ys, row_step=step)

    def middle(self) -> "_Window":
        """Return the middle of the window; of strips fewer rows, for they are as wide as the raster."""
        is_tiled = self.level.pixels.told["is_tiled"]
        xs, left = _middle_of(self.xs) if is_tiled else (self.xs, 0)
        ys, top = _middle_of(self.ys)
        share = self.share * len(xs) * len(ys) / (len(self.xs) * len(self.ys))
        return _Window(self.level, xs, ys, (self.at[0] + left, self.at[1] + top), share, self.row_step)

    def blocks(self, layer: Layer, bands: list[int]) -> list[int]:
        """Return the numbers of the blocks of a layer with these pixels, for bands that are stored separately."""
        across, per_plane = layer.blocks.across, layer.blocks.per_plane
        told = layer.told
        xs, ys = stored_places(told["turned"], told["width"], told["height"], self.xs, self.ys)
        columns = sorted({x // layer.blocks.width for x in xs})
        rows = sorted({y // layer.blocks.height for y in ys})
        first = [row * across + column for row in rows for column in columns]
        planes = bands if layer.told["is_planar"] else [0]
        return [plane * per_plane + index for plane in planes for index in first]


class Meter(Protocol):
    """What is read from: it counts requests and bytes against a budget."""

    @property
    def requests(self) -> int:
        """How many requests were made so far."""

    @property
    def bytes_read(self) -> int:
        """The bytes that were read so far."""

    @property
    def requests_left(self) -> int:
        """How many more requests the budget allows."""

    @property
    def bytes_left(self) -> int:
        """How many more bytes the budget allows."""

    def begin(self) -> None:
        """Start another view: what was read before does not count against its budget."""

    def allow(self, budget: Budget) -> None:
        """Set the budget of what is read from the last `begin` on."""


class WindowReader:
    """Reads windows and pixels of one raster."""

    def __init__(
        self,
        source: Meter,
        scene: Scene,
        blocks: PackedBlocks,
        *,
        slices: Callable[[int, int], Scene] | None = None,
        names: tuple[str, ...] = (),
    ) -> None:
        """`slices` returns the scene of an array with the step of this number at this index.

        `names` are the variables of the file that are pictures.
        """
        self.names = names
        self.scene = scene
        self.source = source
        self._blocks = blocks
        self._slices = slices
        self._budget = ARRAY_BUDGET if scene.is_array else VIEW_BUDGET

    def stepped(self, number: int, index: int) -> None:
        """Show another index of a step from now on."""
        if self._slices is not None:
            self.scene = self._slices(number, index)

    async def picture(self, view: View, style: Style, *, across: int, ground: bytes, is_first: bool = False) -> Picture:
        """Return the cells of a view, `across` pixels to the width of a cell, `ground` outside of the raster.

        With `is_first` the picture comes from a level that the rest of the first budget reaches, else from the level
        that fits. Raises PreviewError, BudgetError included, and the errors of the client.
        """
        if not is_first:
            self.source.begin()
            self.source.allow(self._budget)
        fitting = self._fitting(view.scale / across)
        candidates = range(fitting, len(self.scene.levels))
        failed: PreviewError | None = None
        for number in candidates:
            window = _window_of(self.scene.levels[number], view, across)
            if window is None:
                return Picture(view, (b"\x00" + ground * 2) * (view.columns * view.rows), across)
            is_last = number == len(self.scene.levels) - 1
            try:
                return await self._draw(
                    view, window, style, across, ground, is_sharp=number == fitting, may_cut=is_last
                )
            except BudgetError as exc:
                failed = exc
        raise failed or PreviewError("it has no level")

    @property
    def pixel_bands(self) -> tuple[int, ...]:
        """The bands whose values are read at a pixel: the first MOST_BANDS."""
        return tuple(range(min(self.scene.bands, MOST_BANDS)))

    async def pixel(self, x: int, y: int, bands: Sequence[int]) -> list[float | None]:
        """Return the values of bands at a pixel, as they are in the file; None where its block is damaged."""
        self.source.begin()
        self.source.allow(PIXEL_BUDGET)
        layer = self.scene.main
        window = _Window(self.scene.levels[0], [x], [y], (0, 0), 1.0)
        places = await self._blocks.find(layer, window.blocks(layer, list(bands)))
        told, content = _packed(layer, await self._blocks.read(layer, places), b"")
        answer, _ = await DECODER.decode(
            {"job": self._job("pixel"), "level": told, "x": x, "y": y, "bands": list(bands)}, content
        )
        return list(answer["values"])

    async def values(self, column: int, row: int, width: int, height: int) -> tuple[bytes, int]:
        """Return all bands of a part at full resolution, little-endian and pixel by pixel, and its damaged blocks.

        Odd widths of samples are widened to whole bytes. Raises PreviewError for a part whose blocks are too large.
        """
        level, layer = self.scene.levels[0], self.scene.main
        bands = list(range(self.scene.bands))
        self.source.begin()
        self.source.allow(SAVE_BUDGET)
        xs, ys = list(range(column, column + width)), list(range(row, row + height))
        window = _Window(level, xs, ys, (0, 0), 1.0)
        wanted = window.blocks(layer, bands)
        places = {} if len(wanted) > MOST_BLOCKS else await self._blocks.find(layer, wanted)
        if not places or sum(size for _, size in places.values()) > SAVE_BUDGET.size_bytes:
            if height == 1:
                raise PreviewError("a row of it is more than is read at once; zoom in")
            upper, of_upper = await self.values(column, row, width, height // 2)
            lower, of_lower = await self.values(column, row + height // 2, width, height - height // 2)
            return upper + lower, of_upper + of_lower
        told, content = _packed(layer, await self._blocks.read(layer, places), b"")
        job = {"job": self._job("values"), "level": told, "columns": [column, width], "rows": [row, height]}
        answer, values = await DECODER.decode(job, content)
        return values, int(answer["damaged"])

    def _job(self, name: str) -> str:
        """Return the name of a job of the decoder, which imports the codecs of Zarr first where these are wanted."""
        cut = self.scene.cut
        return f"{name} of zarr" if cut is not None and cut.kind in ("zarr", "icechunk") else name

    def _fitting(self, step: float) -> int:
        """Return the number of the coarsest level whose pixels are about as small as those of a view."""
        levels = self.scene.levels
        return max((at for at, level in enumerate(levels) if level.across <= step * SLACK), default=0)

    async def _draw(
        self, view: View, window: _Window, style: Style, across: int, ground: bytes, *, is_sharp: bool, may_cut: bool
    ) -> Picture:
        level = window.level
        alpha = level.pixels.told["alpha"]
        bands = sorted({*style.bands, *([] if alpha is None else [alpha])})
        window, content, told = await self._read(window, bands, may_cut=may_cut)
        relief = None
        if style.relief is not None:
            relief = style.relief[0] * view.scale / across, style.relief[1] * view.scale
        job = {
            "job": self._job("window"), "level": told, "xs": window.xs, "ys": window.ys, "at": window.at,
            "columns": view.columns, "rows": view.rows, "across": across, "ground": list(ground),
            "style": {"bands": style.bands, "stretch": style.stretch, "ramp": style.ramp, "limits": style.limits,
                      "relief": relief},
        }  # fmt: skip
        answer, cells = await DECODER.decode(job, content)
        facts = tuple(
            BandFacts(count, least, most, mean, deviation, (limits[0], limits[1]), tuple(bins))
            for (count, least, most, mean, deviation), limits, bins in zip(
                answer["statistics"], answer["limits"], answer["histogram"], strict=True
            )
        )
        damaged = answer.get("damaged")
        return Picture(
            view, cells, across, level.across, is_sharp=is_sharp and window.row_step == 1, share=window.share,
            row_step=window.row_step, exaggeration=answer.get("relief", 0.0), pixels=answer["pixels"],
            empty=answer["empty"], is_natural=answer["is_natural"], bands=facts,
            damaged=None if damaged is None else (damaged[0], damaged[1]),
        )  # fmt: skip

    async def _find(self, window: _Window, bands: list[int]) -> tuple[dict[int, Place], dict[int, Place]]:
        """Return the places of the blocks of a window and of its mask; raise BudgetError when they are too much."""
        layer, mask = window.level.pixels, window.level.mask
        wanted = window.blocks(layer, bands)
        if len(wanted) > MOST_BLOCKS:
            raise BudgetError(f"a view of {len(wanted):,} blocks is too much to read")
        places = await self._blocks.find(layer, wanted)
        masked = {} if mask is None else await self._blocks.find(mask, window.blocks(mask, [0]))
        total = sum(size for _, size in (*places.values(), *masked.values()))
        requests, missing = self._blocks.cost(layer, places)
        if mask is not None:
            of_mask = self._blocks.cost(mask, masked)
            requests, missing = requests + of_mask[0], missing + of_mask[1]
        if requests > self.source.requests_left:
            raise BudgetError(f"its blocks lie in {requests:,} places of the file")
        if total > self._budget.size_bytes or missing > self.source.bytes_left:
            most = size_text(min(self._budget.size_bytes, self.source.bytes_left))
            raise BudgetError(f"its blocks have {size_text(total)}, and {most} may be read for a view")
        return places, masked

    async def _read(self, window: _Window, bands: list[int], *, may_cut: bool) -> tuple[_Window, bytes, dict[str, Any]]:
        """Return the window, the packed blocks and the level in the decoder's form; a window too large loses its edges.

        Raises BudgetError for a window that is too large when it may not be cut, or cannot be.
        """
        layer, mask = window.level.pixels, window.level.mask
        while True:
            try:
                places, masked = await self._find(window, bands)
                break
            except BudgetError:
                if self.scene.is_array and may_cut and len(window.ys) > window.row_step * COARSEST_ROWS:
                    window = window.coarser()
                    continue
                smaller = window.middle()
                if not may_cut or (len(smaller.xs), len(smaller.ys)) == (len(window.xs), len(window.ys)):
                    raise
                window = smaller
        told, content = _packed(layer, await self._blocks.read(layer, places), b"")
        if mask is not None:
            told["mask"], content = _packed(mask, await self._blocks.read(mask, masked), content)
            told["mask"]["palette"] = [0, 0]
        colours = bytes(layer.told["palette"])
        told["palette"] = [len(content), len(colours)]
        return window, content + colours, told


def _packed(layer: Layer, blocks: dict[int, bytes], before: bytes) -> tuple[dict[str, Any], bytes]:
    """Return a layer with the places of these blocks in the content after `before`, and that content."""
    places, pieces, at = [], [before], len(before)
    for index, content in sorted(blocks.items()):
        places.append([index, at, len(content)])
        pieces.append(content)
        at += len(content)
    return {**layer.told, "blocks": places, "palette": [0, 0]}, b"".join(pieces)


def _window_of(level: LevelOfScene, view: View, across: int) -> _Window | None:
    """Return the pixels of a level under the pixels of a view; None when the view lies outside of the raster."""
    xs, left = _under(view.left, view.scale / across, view.columns * across, level.across, level.pixels.width)
    ys, top = _under(view.top, view.scale, view.rows * 2, level.down, level.pixels.height)
    return _Window(level, xs, ys, (left, top), 1.0) if xs and ys else None


def _under(start: float, step: float, count: int, factor: float, size: int) -> tuple[list[int], int]:
    """Return the pixels of a level under `count` pixels of a view on one axis, and the number of the first of these."""
    places = [int((start + (at + 0.5) * step) / factor // 1) for at in range(count)]
    inside = [at for at, place in enumerate(places) if 0 <= place < size]
    if not inside:
        return [], 0
    return places[inside[0] : inside[-1] + 1], inside[0]


def _middle_of(places: list[int]) -> tuple[list[int], int]:
    """Return the middle part of a list, and how many items come before it."""
    count = max(1, int(len(places) * LESS))
    first = (len(places) - count) // 2
    return places[first : first + count], first
