"""The lengths of growing dimensions as NetCDF-4 counts them.

A variable in HDF5 is as long as what was written of it. In NetCDF-4 all variables of a growing dimension are as long as
the longest of them; what was not written has the fill value. DIMENSION_LIST of a variable refers to its dimensions, and
a dimension is a dataset too ("NetCDF-4 Format", netCDF User's Guide, appendix B).
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Growing:
    """A variable with growing sides: its row, its sides, those that grow, and the address of each side's dimension."""

    row: list[str]
    sides: tuple[int, ...]
    grows: tuple[bool, ...]
    dimensions: tuple[int, ...] | None


@dataclass
class Sides:
    """The growing variables and dimensions of a file."""

    found: list[Growing] = field(default_factory=list)

    def settle(self) -> None:
        """Write the lengths into the rows; `+` behind a length whose dimension could not be read."""
        longest: dict[int, int] = {}
        for variable in self.found:
            for side, address in zip(variable.sides, variable.dimensions or (), strict=False):
                longest[address] = max(longest.get(address, 0), side)
        for variable in self.found:
            texts = []
            for at, (side, can_grow) in enumerate(zip(variable.sides, variable.grows, strict=True)):
                is_known = variable.dimensions is not None and at < len(variable.dimensions)
                if can_grow and is_known and variable.dimensions is not None:
                    side = longest[variable.dimensions[at]]
                texts.append(f"{side:,}" + ("+" if can_grow and not is_known else ""))
            variable.row[2] = " × ".join(texts) + ", grows"


def dimensions_of(h5py: Any, numpy: Any, dataset: Any, address: int) -> tuple[int, ...]:
    """Return the addresses of a variable's dimensions; a dimension has itself. Raises what h5py raises."""
    if not h5py.h5a.exists(dataset, b"DIMENSION_LIST"):
        return (address,)
    attribute = h5py.h5a.open(dataset, b"DIMENSION_LIST")
    values = numpy.empty(attribute.shape, dtype=attribute.dtype)
    attribute.read(values)
    found = []
    for references in values.reshape(-1):
        target = h5py.h5r.dereference(references[0], dataset)
        found.append(h5py.h5o.get_info(target).addr)
    return tuple(found)
