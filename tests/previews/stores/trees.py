"""A storage of some blobs below a prefix: counts what is asked of it."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy
import zarr

from storage_tui.contract.errors import NotFoundError, RangeNotSatisfiableError
from storage_tui.contract.models import Blob, Page
from tests.previews.ranges import Read


@dataclass
class Tree:
    """Blobs by their keys."""

    blobs: Mapping[str, bytes]
    asked: list[tuple[str, int, int]] = field(default_factory=list)
    lists: int = 0

    async def read_range(
        self, key: str, storage_type: str = "data", *, start: int = 0, stop: int | None = None, etag: str | None = None
    ) -> Read:
        """One request."""
        if key not in self.blobs:
            raise NotFoundError("there is no such blob", key=key)
        content = self.blobs[key]
        stop = len(content) if stop is None else min(stop, len(content))
        self.asked.append((key, start, stop))
        if start >= len(content):
            raise RangeNotSatisfiableError("past the end", key=key, size_bytes=len(content))
        return Read(content[start:stop], Blob(key, storage_type, len(content)))

    async def list_page(
        self, prefix: str = "", *, storage_type: str = "data", delimiter: str = "/", token: str | None = None,
        limit: int = 1000,
    ) -> Page:  # fmt: skip
        """One request."""
        self.lists += 1
        below = sorted({key[len(prefix) :] for key in self.blobs if key.startswith(prefix)})
        names = sorted({name.split("/")[0] + "/" * ("/" in name) for name in below}) if delimiter else below
        shown = names[:limit]
        return Page(
            tuple(Blob(prefix + name, storage_type) for name in shown if not (delimiter and name.endswith("/"))),
            tuple(prefix + name for name in shown if delimiter and name.endswith("/")),
            "more" if len(names) > limit else None,
        )


TEMPERATURE = (numpy.arange(3 * 60 * 70, dtype="f4").reshape(3, 60, 70) % 997) / 7
AXES = {"time": numpy.arange(3) * 6, "lat": numpy.linspace(59.5, 0.5, 60), "lon": numpy.linspace(0, 69, 70)}
UNITS = {"time": {"units": "hours since 2026-01-01 06:00", "calendar": "standard"}, "lat": {}, "lon": {}}


def store(version: int, *, is_consolidated: bool = True, key: str = "x.zarr", **how: Any) -> Tree:
    """A store by zarr: temperature over time, lat and lon, and a group with a table of counts."""
    held: dict[str, Any] = {}
    memory = zarr.storage.MemoryStore(held)
    root = zarr.create_group(memory, zarr_format=version, attributes={"title": "Weather \x1b[2J of 2026"})  # type: ignore[arg-type]
    values = {"t2m": (TEMPERATURE, ("time", "lat", "lon"), {"units": "K"}, {"chunks": (1, 20, 30), **how})}
    values |= {name: (axis, (name,), UNITS[name], {}) for name, axis in AXES.items()}  # type: ignore[misc]
    for name, (content, dimensions, attributes, setting) in values.items():
        named = {"dimension_names": dimensions} if version == 3 else {}
        array = root.create_array(name, shape=content.shape, dtype=content.dtype, **setting, **named)
        array.attrs.update(attributes | ({"_ARRAY_DIMENSIONS": list(dimensions)} if version == 2 else {}))
        array[:] = content
    inner = root.create_group("stations")
    counts = inner.create_array("counts", shape=(5, 4), chunks=(5, 4), dtype="i2", fill_value=-1)
    counts[:3] = numpy.arange(12).reshape(3, 4)
    if is_consolidated:
        with warnings.catch_warnings(category=UserWarning, action="ignore"):  # zarr's own about version 3
            zarr.consolidate_metadata(memory)
    return Tree({f"{key}/{name}": buffer.to_bytes() for name, buffer in held.items()})


def opened(tree: Tree, key: str = "x.zarr") -> Any:
    """The store as zarr reads it."""
    held = {
        name.removeprefix(f"{key}/"): zarr.core.buffer.default_buffer_prototype().buffer.from_bytes(content)
        for name, content in tree.blobs.items()
    }
    return zarr.open_group(zarr.storage.MemoryStore(held), mode="r", use_consolidated=False)
