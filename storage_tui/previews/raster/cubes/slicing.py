"""A slice of a variable as a scene: two of its axes are a picture, and the others stand at an index each."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.decoding.tiff.turning import AS_STORED, FROM_BELOW, TRANSPOSED
from storage_tui.previews.raster.cubes.placing import place_of
from storage_tui.previews.raster.cubes.rows import PART_BYTES, Rows
from storage_tui.previews.raster.cubes.variable import UINT, Chunked, Plain, Variable
from storage_tui.previews.raster.geokeys import Georeference
from storage_tui.previews.raster.picture import Blocks
from storage_tui.previews.raster.windows.scene import ArrayKind, Cut, Layer, LevelOfScene, Scene, Step

TRANSPOSED_FROM_BELOW = 8  # Orientation: the stored columns are the rows that are seen, from the bottom up


@dataclass(frozen=True)
class Chunks:
    """The chunks of one slice: the variable, the index of its chunk on each axis, and the axes of rows and columns."""

    variable: str
    corner: tuple[int, ...]
    sides: tuple[int, ...]
    row_axis: int
    column_axis: int
    across: int

    def corner_of(self, index: int) -> tuple[int, ...]:
        """Return the first indexes of a chunk by its number in the slice."""
        row, column = divmod(index, self.across)
        places = list(self.corner)
        places[self.row_axis], places[self.column_axis] = row, column
        return tuple(place * side for place, side in zip(places, self.sides, strict=True))


class Slices:
    """A variable, of which one slice is shown."""

    def __init__(self, variable: Variable, kind: ArrayKind) -> None:
        """`kind` is the kind of file."""
        self.variable = variable
        self._kind = kind
        down, across = variable.plane
        shown = {down, across, *([len(variable.axes) - 1] if variable.bands_last else [])}
        self.stepped = [at for at in range(len(variable.axes)) if at not in shown]
        self.indexes = dict.fromkeys(self.stepped, 0)

    def at(self, number: int, index: int) -> Scene:
        """Return the scene with the step of this number at an index; an index past an end is that end."""
        axis = self.stepped[number]
        self.indexes[axis] = max(0, min(self.variable.axes[axis].length - 1, index))
        return self.scene()

    def scene(self) -> Scene:
        """Return the scene of the slice that is chosen."""
        variable = self.variable
        down, across = (variable.axes[at] for at in variable.plane)
        step = down.step
        is_from_below = down.is_north and step is not None and step > 0
        layer = self._layer(is_from_below=is_from_below)
        steps = tuple(
            Step(
                visible(variable.axes[at].name, limit=24), self.indexes[at], variable.axes[at].length,
                variable.axes[at].words(self.indexes[at]),
            )
            for at in self.stepped
        )  # fmt: skip
        place = place_of(down, across, variable.epsg, is_from_below=is_from_below)
        return Scene(
            (LevelOfScene(layer, None, 1.0, 1.0),), place, facts=self._facts(place), steps=steps,
            name=variable.name, units=visible(variable.units, limit=24),
            cut=self._cut(is_from_below=is_from_below),
        )  # fmt: skip

    def _cut(self, *, is_from_below: bool) -> Cut:
        indexes = tuple(self.indexes.get(at) for at in range(len(self.variable.axes)))
        return Cut(
            self._kind, indexes, *self.variable.plane, is_from_below=is_from_below,
            has_bands=bool(self.variable.bands_last),
        )  # fmt: skip

    def _facts(self, place: Georeference | None) -> tuple[tuple[str, str], ...]:
        variable = self.variable
        facts = list(variable.facts)
        if place is not None:
            facts.append(("reference", place.name or "coordinates of its own"))
            if place.bounds is not None:
                facts.append(("extent", ", ".join(f"{side:.6g}" for side in place.bounds)))
            if place.pixel is not None:
                facts.append(("pixel", " × ".join(f"{side:.6g}" for side in place.pixel)))
        if variable.nodata is not None:
            facts.append(("nodata", f"{variable.nodata:.6g}"))
        return tuple(facts)

    def _layer(self, *, is_from_below: bool) -> Layer:
        """Return the slice as a layer, its faster axis as the columns."""
        variable = self.variable
        down, across = variable.plane
        item = struct.calcsize(f"={variable.code[1]}")
        bands = variable.bands_last or 1
        if isinstance(variable.layout, Plain):
            steps = variable.layout.strides
        else:
            sides = variable.layout.sides
            steps = variable.layout.strides or tuple(strides_of(sides, item))
        is_turned = steps[across] > steps[down]
        row, column = (across, down) if is_turned else (down, across)
        width, height = variable.axes[column].length, variable.axes[row].length
        if isinstance(variable.layout, Plain):
            begin = variable.layout.begin + sum(self.indexes[at] * steps[at] for at in self.stepped)
            part = max(1, min(width, PART_BYTES // max(1, steps[column])))
            rows = Rows(begin, steps[row], steps[column], item * bands, width, part)
            blocks = Blocks(part, 1, rows.across, height)
            slab = {"size_bytes": (part - 1) * steps[column] + item * bands, "start": 0, "row_step": 0,
                    "sample_step": steps[column], "filters": [], "fill": variable.fill}  # fmt: skip
            layer = Layer(rows, blocks, {})
        else:
            layer, slab = self._chunked(variable.layout, steps, (row, column), item)
        turned = AS_STORED
        if is_from_below:
            turned = TRANSPOSED_FROM_BELOW if is_turned else FROM_BELOW
        elif is_turned:
            turned = TRANSPOSED
        size = layer.blocks.width, layer.blocks.height
        return replace(layer, told=self._told(width, height, size, bands, turned) | {"slab": slab})

    def _chunked(
        self, layout: Chunked, steps: tuple[int, ...], plane: tuple[int, int], item: int
    ) -> tuple[Layer, dict[str, Any]]:
        row, column = plane
        axes, sides = self.variable.axes, layout.sides
        across, down = (-(-axes[at].length // sides[at]) for at in (column, row))
        corner = tuple(self.indexes.get(at, 0) // side for at, side in enumerate(sides))
        chunks = Chunks(self.variable.name, corner, sides, row, column, across)
        start = sum(self.indexes[at] % sides[at] * steps[at] for at in self.stepped)
        slab = {"size_bytes": math.prod(sides) * item, "start": start, "row_step": steps[row],
                "sample_step": steps[column], "filters": [list(one) for one in layout.filters],
                "fill": self.variable.fill, "codecs": [list(one) for one in layout.codecs]}  # fmt: skip
        return Layer(chunks, Blocks(sides[column], sides[row], across, down), {}), slab

    def _told(self, width: int, height: int, block: tuple[int, int], bands: int, turned: int) -> dict[str, Any]:
        """Return the layer in the form of the decoder's `Level`."""
        variable = self.variable
        form, bits = variable.sample_format, 8 * struct.calcsize(f"={variable.code[1]}")
        is_colour = bands in (3, 4) and (form, bits) == (UINT, 8)
        return {
            "width": width, "height": height, "block_width": block[0], "block_height": block[1], "is_tiled": True,
            "bands": bands, "bits": bits, "sample_format": form, "byte_order": variable.code[0], "compression": 1,
            "predictor": 1, "is_planar": False, "is_reversed": False, "colours": "rgb" if is_colour else "grey",
            "shown": [0, 1, 2] if is_colour else [0], "alpha": 3 if is_colour and bands == 4 else None,
            "is_premultiplied": False, "is_inverted": False, "nodata": variable.nodata, "palette": [],
            "turned": turned, "tags": {}, "tables": "", "blocks": [],
        }  # fmt: skip


def strides_of(shape: Sequence[int], item: int) -> list[int]:
    """Return the step in bytes along each axis, the last one fastest."""
    return list(accumulate(shape[:0:-1], lambda step, side: step * side, initial=item))[::-1]
