"""HDF5, which includes NetCDF-4 and MATLAB 7.3: groups, datasets, links, coordinates by h5py."""

from importlib.util import find_spec
from typing import Any

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import MIB, Budget, LimitError, Preview, PreviewError, Source, View
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.tar_archive import TarArchive
from storage_tui.previews.raster.cubes.axis_words import axis_words
from storage_tui.previews.table.grid import grid_lines

HDF5 = b"\x89HDF\r\n\x1a\n"
MATLAB = b"MATLAB 7.3 MAT-file"
MISSING = "pip install 'storage-tui[preview]' lists its groups and datasets"
PANE_BUDGET = Budget(requests=16, size_bytes=MIB)  # in the pane: headers lie all over the file
FULL_BUDGET = Budget(requests=64, size_bytes=4 * MIB)  # on the whole screen: at most five seconds at 10 Mbit/s
PLACES = (0, *(512 << power for power in range(8)))  # of the signature, behind a user block that the first read covers
SUPERBLOCK_BYTES = 96
SHOWN_ATTRIBUTES = 6
MOST_ROWS = 1_000  # a few dozen screens in the pane
CELLS = 64  # of a column: paths differ at their end
HIDDEN = ("_NCProperties", "_nc3_strict")  # attributes of the netCDF library's own
TAR = TarArchive()


class Hdf5:
    """An HDF5 file, which a NetCDF-4 file and a MATLAB file of version 7.3 are too."""

    kind = "HDF5"
    budget = PANE_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the signature is at the start or behind a user block; a tar with an HDF5 file is no HDF5."""
        place = signature_place(head)
        return place == 0 or (place is not None and not TAR.matches(head, name))

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts of the superblock, and the objects as far as the budget reaches."""
        place = signature_place(head) or 0
        version, end = read_superblock(head[place : place + SUPERBLOCK_BYTES])
        facts = [("superblock", f"version {version}"), ("claims", size_text(end))]
        if place:
            facts.append(("user block", size_text(place)))
        missing = end - (source.size_bytes if source.size_bytes is not None else end)
        if missing > 0:
            facts.append(("cut", f"{size_text(missing)} are missing"))
        kind = "MATLAB 7.3 (HDF5)" if head.startswith(MATLAB) else self.kind
        if view.is_full:
            source.allow(FULL_BUDGET)
        try:
            told = await _objects(source)
        except LimitError as exc:
            return Preview(kind, facts=tuple(facts), note=f"no objects: {exc}")
        except PreviewError:
            if missing > 0:
                return Preview(kind, facts=tuple(facts), note="no objects: its end is missing")
            raise
        if told.get("is_netcdf"):
            kind = "NetCDF-4 (HDF5)"
        facts += _counts(told)
        facts += [(visible(name, limit=16), visible(text, limit=80)) for name, text in _attributes(told)]
        facts += _coordinates(told)
        most = len(told["rows"]) if view.is_full else MOST_ROWS
        rows = sorted(([visible(cell, limit=200) for cell in row] for row in told["rows"]), key=lambda row: row[0])
        columns = 4 if any(row[3] for row in rows) else 3
        heads = ("object", "type", "shape", "stored")[:columns]
        lines = grid_lines(heads, [row[:columns] for row in rows[:most]], cells=CELLS) if rows else []
        return Preview(kind, facts=tuple(facts), lines=tuple(lines), note=_note(told, min(most, len(rows))))


def signature_place(head: bytes) -> int | None:
    """Return the offset of the signature in the first bytes; None without any (HDF5 File Format, II.A)."""
    return next((place for place in PLACES if head.startswith(HDF5, place)), None)


def read_superblock(raw: bytes) -> tuple[int, int]:
    """Return version and end of the file of a superblock; raise PreviewError for an invalid superblock."""
    if len(raw) < 48:
        raise PreviewError("its superblock is cut")
    version = raw[8]
    if version > 3:
        raise PreviewError(f"a superblock of version {version}")
    size = raw[13] if version < 2 else raw[9]
    if size not in (2, 4, 8, 16, 32):
        raise PreviewError(f"addresses of {size} bytes do not exist in HDF5")
    start = {0: 24, 1: 28}.get(version, 12) + 2 * size
    return version, int.from_bytes(raw[start : start + size], "little")


async def _objects(source: Source) -> dict[str, Any]:
    try:
        is_there = find_spec("h5py") is not None
    except (ImportError, ValueError):
        is_there = False
    told = (await DECODER.decode({"job": "hdf5"}, b"", source=source))[0] if is_there else {"missing": True}
    if told.get("missing"):
        raise LimitError(MISSING)
    return told


def _counts(told: dict[str, Any]) -> list[tuple[str, str]]:
    more = "+" if told["is_cut"] or told["unread"] else ""
    found = [("datasets", "not read" if more and not told["datasets"] else f"{told['datasets']:,}{more}")]
    found += [(name, f"{told[name]:,}{more}") for name in ("groups", "links", "types") if told[name]]
    return found


def _attributes(told: dict[str, Any]) -> list[list[str]]:
    return [pair for pair in told["attributes"] if pair[0] not in HIDDEN][:SHOWN_ATTRIBUTES]


def _coordinates(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the coordinates in words: by their names, or by their paths where they lie in groups."""
    found = [
        (visible(path.removeprefix("/"), limit=16), axis_words(count, ends, units, calendar))
        for path, count, ends, units, calendar in told["coordinates"]
    ]
    return [pair for pair in found if pair[1]]


def _note(told: dict[str, Any], shown: int) -> str:
    """Return which objects are missing from the rows and why; empty when all are there."""
    notes = []
    total = told["named"]
    if shown < total:
        notes.append(f"the first {shown:,} of {total:,}{'+' if told['is_cut'] else ''} objects")
    if told["refused"]:
        unread = f"{told['unread']:,} objects" if told["unread"] else "more objects"
        notes.append(f"{unread} not read: {told['refused']}")
    elif told["unread"]:
        notes.append(f"{told['unread']:,} objects not read")
    elif told["is_cut"]:
        notes.append("more objects are not read")
    return " · ".join(notes)
