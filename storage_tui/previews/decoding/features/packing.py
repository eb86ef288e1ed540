"""Features as arrays: the answer of a job."""

import json
import time
from array import array
from collections.abc import Mapping
from typing import Any

from storage_tui.previews.decoding.children import Told
from storage_tui.previews.decoding.features.placing import POINT, Placing, Taken
from storage_tui.previews.decoding.features.thinning import Level, Line, levels_of
from storage_tui.previews.decoding.ranged_file import RangedFile

MOST_FEATURES = 30_000
MOST_POSITIONS = 150_000  # of one answer: with its thinned levels 8 MiB of a frame
MOST_VALUES_BYTES = 2 * 1024 * 1024  # of all properties
MOST_SECONDS = 1.0  # of the processor; a quarter of what a child has: the rest is for thinning, and for busy machines
MOST_WALL_SECONDS = 2.0  # of the clock; a child has five
MOST_FIELDS = 64
VALUE_CHARS = 400
NAME_CHARS = 80


class Packer:
    """Takes features until one of its limits is reached."""

    def __init__(
        self, placing: Placing, file: RangedFile | None = None, *, most_positions: int = MOST_POSITIONS
    ) -> None:
        """`file` is what the features are read from: waiting for its ranges does not count as work."""
        self.placing = placing
        self._file = file
        self._most_positions = most_positions
        self._begun, self._begun_work = time.monotonic(), time.process_time()
        self.fields: dict[str, None] = {}
        self.count = 0
        self.positions = 0
        self.is_full = False
        self.problem = ""
        self._lines: list[Line] = []
        self._values = bytearray()
        self._ends = array("I")

    def begin(self) -> Taken:
        """Return what takes the shapes of the next feature."""
        return Taken(self.placing)

    def add(self, taken: Taken, values: Mapping[str, Any]) -> bool:
        """Add a feature; return false when no further one is taken."""
        count = sum(len(points) for _, points in taken.parts)
        packed = json.dumps(_texts(values), ensure_ascii=False).encode("utf-8", "backslashreplace") if values else b""
        is_first = not self.count
        if not is_first and (
            self.positions + count > self._most_positions or len(self._values) + len(packed) > MOST_VALUES_BYTES
        ):
            self.is_full = True
            return False
        step = max(1, -(-count // self._most_positions)) if is_first else 1
        if step > 1:
            self.problem = f"the first shape has {count:,} positions; one of {step} is drawn"
        for at, (kind, points) in enumerate(taken.parts):
            if kind == POINT and at % step:
                continue
            shown = points if step == 1 else [*points[:-1:step], points[-1]]
            self.positions += len(shown)
            self._lines.append((self.count, kind, [x for x, _ in shown], [y for _, y in shown]))
        if len(self.fields) < MOST_FIELDS:
            self.fields.update(dict.fromkeys(list(map(str, values))[:MOST_FIELDS]))
        self.count += 1
        self._values += packed
        self._ends.append(len(self._values))
        self.is_full = self.count >= MOST_FEATURES or self._has_ended
        return not self.is_full

    @property
    def _has_ended(self) -> bool:
        """Whether the work took too long: of the processor, or by the clock, as on a busy machine."""
        waited = 0.0 if self._file is None else self._file.waited_s
        if time.process_time() - self._begun_work > MOST_SECONDS:
            return True
        return time.monotonic() - self._begun - waited > MOST_WALL_SECONDS

    def answer(self, *, total: int | None, is_all: bool, more: Mapping[str, Any] | None = None) -> Told:
        """Return the answer. `total` is the number of features that the file states."""
        reference = self.placing.reference
        extent = _extent(self._lines)
        levels = levels_of(self._lines, extent)
        pieces = [bytes(self._ends), bytes(self._values)]
        sizes = []
        for level in levels:
            parts = [bytes(level.places), bytes(level.starts), bytes(level.owners), bytes(level.kinds),
                     bytes(level.boxes)]  # fmt: skip
            sizes.append([level.tolerance, *map(len, parts)])
            pieces += parts
        told = {
            "count": self.count, "total": total, "is_all": is_all and not self.is_full and not self.problem,
            "problem": self.problem[:200], "is_plane": self.placing.is_plane,
            "reference": None if reference is None else [reference.name, reference.is_geographic, reference.epsg],
            "definition": "" if reference is None else reference.definition,
            "fields": [name[:NAME_CHARS] for name in list(self.fields)[:MOST_FIELDS]],
            "sizes": [len(pieces[0]), len(pieces[1])], "levels": sizes, **(more or {}),
        }  # fmt: skip
        return told, b"".join(pieces)


def unpack_levels(sizes: list[list[float]], raw: bytes, at: int) -> list[Level]:
    """Return the levels of an answer, whose bytes begin at a place."""
    found = []
    for tolerance, *lengths in sizes:
        level = Level(float(tolerance), starts=array("I"))
        parts = []
        for size in map(int, lengths):
            parts.append(raw[at : at + size])
            at += size
        level.places.frombytes(parts[0])
        level.starts.frombytes(parts[1])
        level.owners.frombytes(parts[2])
        level.kinds += parts[3]
        level.boxes.frombytes(parts[4])
        found.append(level)
    return found


def _extent(lines: list[Line]) -> float:
    if not lines:
        return 0.0
    width = max(max(xs) for _, _, xs, _ in lines) - min(min(xs) for _, _, xs, _ in lines)
    height = max(max(ys) for _, _, _, ys in lines) - min(min(ys) for _, _, _, ys in lines)
    return max(width, height)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """Return values as texts of bounded length; those that are missing are left out."""
    found = {}
    for name, value in list(values.items())[:MOST_FIELDS]:
        if value is None or value == "":
            continue
        if isinstance(value, bytes | bytearray):
            text = f"{len(value):,} bytes"
        elif isinstance(value, dict | list):
            text = json.dumps(value, ensure_ascii=False, default=str)
        else:
            text = str(value)
        found[str(name)[:NAME_CHARS]] = text[:VALUE_CHARS]
    return found
