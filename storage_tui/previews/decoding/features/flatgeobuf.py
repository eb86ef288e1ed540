"""FlatGeobuf by ranges: from its first feature on, or those of a box through its packed Hilbert R-tree."""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.packing import Packer
from storage_tui.previews.decoding.features.placing import Placing
from storage_tui.previews.decoding.ranged_file import RangedFile, RefusedError
from storage_tui.previews.formats.flatgeobuf import (
    INDEX,
    MAGIC,
    MOST_HEADER,
    NODE_BYTES,
    NODE_SIZE,
    START,
    Header,
    add_geometry,
    read_header,
    row_of,
)
from storage_tui.previews.projections import Bounds
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.table.flatbuffer import Table

MOST_FEATURE_BYTES = 8 * 1024 * 1024  # of one feature
MOST_FOUND = 20_000  # features of a box
MOST_NODES = 60_000  # of the index that are looked at
_NODE = struct.Struct("<4dQ")


def decode(job: dict[str, Any], content: bytes, file: RangedFile) -> Told:
    """Return the features of the job's `box` in degrees, or the first ones where there is no box or no index."""
    head = file.read(START)
    size = int.from_bytes(head[8:START], "little")
    if not head.startswith(MAGIC) or size > MOST_HEADER:
        raise ValueError(f"its header claims {size:,} bytes")
    raw = file.read(size)
    header = read_header(raw)
    table = Table.root(raw)
    packer = Packer(Placing.of(header.layer.reference), file)
    begin, box = START + size, job["box"]
    plane = None if box is None else packer.placing.plane_box((box[0], box[1], box[2], box[3]))
    total = header.layer.count
    has_index = bool(header.index_bytes and total)
    bounds = header.layer.bounds
    shown = None if bounds is None else packer.placing.degrees_box(bounds)
    more = {"can_window": has_index, "bounds": None if bounds is None else list(shown or bounds)}
    is_all = True
    try:
        if plane is not None and has_index:
            starts = list(_found(file, begin, int(total or 0), table.integer(INDEX, "<H", NODE_SIZE), plane))
            features = _at(file, begin + header.index_bytes, starts)
            is_all = len(starts) < MOST_FOUND
        else:
            features = _from(file, begin + header.index_bytes)
        for feature in features:
            if not _add(packer, header, feature):
                break
    except RefusedError:
        is_all = False  # the budget is spent: what was read is shown
    except (struct.error, PreviewError, IndexError) as exc:
        is_all, packer.problem = False, f"a feature is damaged after the first {packer.count:,}: {reason_of(exc)}"
    if not packer.count and packer.problem:
        raise ValueError(packer.problem)
    return packer.answer(total=total, is_all=is_all, more=more)


def _add(packer: Packer, header: Header, feature: Table) -> bool:
    taken = packer.begin()
    geometry = feature.table(0)
    if geometry is not None:
        add_geometry(taken, geometry, header.geometry_type)
    names = [name for name, _ in header.columns]
    return packer.add(taken, dict(zip(names, row_of(feature, header.columns), strict=True)))


def _from(file: RangedFile, at: int) -> Iterator[Table]:
    """Yield the features from a place to the end."""
    while at + 4 <= file.size:
        feature = _one(file, at)
        if feature is None:
            return
        yield feature[0]
        at = feature[1]


def _at(file: RangedFile, begin: int, starts: list[int]) -> Iterator[Table]:
    """Yield the features at these offsets from the first one."""
    for start in starts:
        feature = _one(file, begin + start)
        if feature is None:
            raise PreviewError("its index points to no feature")
        yield feature[0]


def _one(file: RangedFile, at: int) -> tuple[Table, int] | None:
    file.seek(at)
    size = int.from_bytes(file.read(4), "little")
    if not size or at + 4 + size > file.size:
        return None
    if size > MOST_FEATURE_BYTES:
        raise PreviewError(f"it claims {size:,} bytes")
    return Table.root(file.read(size)), at + 4 + size


def _found(file: RangedFile, begin: int, count: int, node_size: int, box: Bounds) -> Iterator[int]:
    """Yield the offsets of the features whose boxes touch a box, in the order of the file, MOST_FOUND at most.

    The levels of the tree lie from the root down; a node's place is the number of its first child, and in the lowest
    level the offset of its feature.
    """
    node_size = max(2, node_size)
    sizes = [count]
    while sizes[-1] != 1:
        sizes.append(-(-sizes[-1] // node_size))
    ends = [sum(sizes[at:]) for at in range(len(sizes))]  # one past the last node of each level, the lowest first
    spans = [(stop - size, stop) for stop, size in zip(ends, sizes, strict=True)]
    wanted, looked = [spans[-1][0]], 0
    for level in range(len(sizes) - 1, -1, -1):
        first, stop = spans[level]
        below: list[int] = []
        for start in wanted:
            if not first <= start < stop:
                raise PreviewError("its index points outside of itself")
            last = min(start + (1 if level == len(sizes) - 1 else node_size), stop)
            looked += last - start
            if looked > MOST_NODES:
                return
            file.seek(begin + start * NODE_BYTES)
            for west, south, east, north, place in _NODE.iter_unpack(file.read((last - start) * NODE_BYTES)):
                if west <= box[2] and east >= box[0] and south <= box[3] and north >= box[1]:
                    below.append(place)
        wanted = below
        if level and len(wanted) > MOST_FOUND:
            wanted = wanted[:MOST_FOUND]
    ordered = sorted(set(wanted))[:MOST_FOUND]
    for start, after in pairwise([*ordered, -1]):
        if start != after:
            yield start
