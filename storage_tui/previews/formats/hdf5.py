"""HDF5, which includes NetCDF-4: groups and datasets, as far as two reads reach (HDF5 File Format 3.0)."""

from storage_tui.contract.sizes import size_text
from storage_tui.previews.base import HEADER_BUDGET, MIB, Budget, Preview, PreviewError, Source, View
from storage_tui.previews.containers.hdf5_objects import Objects
from storage_tui.previews.formats.npy import shape_text
from storage_tui.previews.table.grid import grid_lines

HDF5 = b"\x89HDF\r\n\x1a\n"
FULL_BUDGET = Budget(requests=12, size_bytes=MIB)  # on the whole screen: headers lie all over the file


class Hdf5:
    """An HDF5 file, which a NetCDF-4 file is too."""

    kind = "HDF5"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are the signature."""
        return head.startswith(HDF5)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the superblock, and the objects whose headers one more read reaches."""
        if len(head) < 48 or head[8] > 3:
            raise PreviewError("its superblock is cut" if len(head) < 48 else f"a superblock of version {head[8]}")
        version = head[8]
        offset_bytes, length_bytes = (head[13], head[14]) if version < 2 else (head[9], head[10])
        start = {0: 24, 1: 28}.get(version, 12)
        numbers = [
            int.from_bytes(head[start + offset_bytes * at : start + offset_bytes * (at + 1)], "little")
            for at in range(6)
        ]
        base, end, root = numbers[0], numbers[2], numbers[5 if version < 2 else 3]
        facts = [("superblock", f"version {version}"), ("claims", size_text(end))]
        if source.size_bytes is not None and end > source.size_bytes:
            facts.append(("cut", f"{size_text(end - source.size_bytes)} are missing"))
        if view.is_full:
            source.allow(FULL_BUDGET)
        objects = Objects(source, offset_bytes=offset_bytes, length_bytes=length_bytes, base=base)
        found = sorted(await objects.walk(base + root), key=lambda entry: entry.path)
        datasets = sum(entry.shape is not None for entry in found)
        facts.append(("datasets", f"{datasets:,}{'+' if objects.is_cut else ''}"))
        rows = [(entry.path, entry.kind, "" if entry.shape is None else shape_text(entry.shape)) for entry in found]
        lines = grid_lines(("object", "type", "shape"), rows) if rows else []
        is_netcdf = b"_NCProperties" in head or b"_NCDimid" in head or b"_Netcdf4" in head
        note = "more objects are in parts that are not read" if objects.is_cut else ""
        kind = "NetCDF-4 (HDF5)" if is_netcdf else self.kind
        return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=note)
