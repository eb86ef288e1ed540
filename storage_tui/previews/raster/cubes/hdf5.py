"""The variables of HDF5 and NetCDF-4, as h5py tells of them in the decoder process."""

import struct
from typing import Any

from storage_tui.previews.base import PreviewError, Source
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.hdf5 import MISSING
from storage_tui.previews.raster.cubes.netcdf import epsg_of, facts_of
from storage_tui.previews.raster.cubes.slicing import strides_of
from storage_tui.previews.raster.cubes.variable import Axis, Chunked, Plain, Variable


async def read_array(source: Source, name: str | None) -> tuple[list[str], Variable]:
    """Return the names of the arrays that are pictures, and one of them; the largest for None.

    Raises PreviewError, BudgetError included.
    """
    told, values = await DECODER.decode({"job": "array", "variable": name}, b"", source=source)
    if told.get("missing"):
        raise PreviewError(MISSING)
    return told["names"], _variable(told["array"], values)


def _variable(told: dict[str, Any], values: bytes) -> Variable:
    axes, at = [], 0
    for axis, length in zip(told["axes"], told["shape"], strict=True):
        found = struct.unpack_from(f"<{axis['count']}d", values, at)
        at += 8 * axis["count"]
        texts = axis["texts"]
        axes.append(Axis(axis["name"], length, found, texts.get("units", ""), texts.get("calendar", "standard")))
    layout: Plain | Chunked
    if "chunks" in told:
        filters = tuple((str(name), int(number)) for name, number in told["filters"])
        layout = Chunked(tuple(told["chunks"]), filters)
    else:
        layout = Plain(told["begin"], tuple(strides_of(told["shape"], struct.calcsize(f"={told['code'][1]}"))))
    numbers, texts = told["numbers"], told["texts"]
    facts = [*facts_of(told["name"], axes, told["type"], texts)]
    facts += [(name, f"{numbers[name]:.6g}") for name in ("scale_factor", "add_offset") if name in numbers]
    if isinstance(layout, Chunked):
        sides = " × ".join(f"{side:,}" for side in layout.sides)
        facts.append(("chunks", ", ".join([sides, *(name for name, _ in layout.filters)])))
    return Variable(
        told["name"], tuple(axes), told["code"], layout, numbers.get("_FillValue", numbers.get("missing_value")),
        told["fill"], texts.get("units", ""), tuple(facts), epsg_of(told["mapping"]),
    )  # fmt: skip
