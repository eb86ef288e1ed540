"""The directories of a TIFF or BigTIFF, read by ranges: tags, levels, places of the blocks (TIFF 6.0, BigTIFF).

Directories may lie anywhere and claim anything. Each is read once, their number and the bytes of every value are
bounded, and a loop ends the walk.
"""

import itertools
import math
import struct
from dataclasses import dataclass, field

from storage_tui.previews.base import BudgetError, PreviewError, Source

MAX_DIRECTORIES = 64  # a pyramid has ten levels, a mask for each, and room to spare
MAX_TAGS = 512  # a directory has about twenty
PAGE_BYTES = 32 * 1024  # read around a place outside the head: directories and their values lie together
PIXEL_REQUESTS = 1  # left for the pixels when there are more directories than a preview can read
VALUE_BYTES = 4096  # of a value that is shown; block offsets are fetched by place when they are needed

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, PLANAR, PREDICTOR = 273, 277, 278, 279, 284, 317
PALETTE, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, SAMPLE_FORMAT = 320, 322, 323, 324, 325, 339
SUBFILE, OLD_SUBFILE, FILL_ORDER, ORIENTATION, SUB_DIRECTORIES, INK_SET, EXTRA_SAMPLES, JPEG_TABLES = (
    254,
    255,
    266,
    274,
    330,
    332,
    338,
    347,
)
FAX_3_OPTIONS, FAX_4_OPTIONS, YCBCR_COEFFICIENTS, YCBCR_SUBSAMPLING, REFERENCE_BLACK_WHITE = 292, 293, 529, 530, 532
PIXEL_SCALE, TIEPOINT, TRANSFORM, GEO_KEYS, GEO_DOUBLES, GEO_TEXT = 33550, 33922, 34264, 34735, 34736, 34737
GDAL_NODATA = 42113
OLD_REDUCED = 2  # of OLD_SUBFILE

BLOCK_ARRAYS = frozenset((STRIP_OFFSETS, STRIP_SIZES, TILE_OFFSETS, TILE_SIZES))
PER_BAND = frozenset((BITS, SAMPLE_FORMAT, EXTRA_SAMPLES))  # of hundreds of bands the first ones say the same as all
USED = BLOCK_ARRAYS | PER_BAND | frozenset((
    WIDTH, HEIGHT, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS_PER_STRIP, PLANAR, PREDICTOR, PALETTE, TILE_WIDTH,
    TILE_HEIGHT, SUBFILE, OLD_SUBFILE, FILL_ORDER, ORIENTATION, SUB_DIRECTORIES, INK_SET, JPEG_TABLES, FAX_3_OPTIONS,
    FAX_4_OPTIONS, YCBCR_COEFFICIENTS, YCBCR_SUBSAMPLING, REFERENCE_BLACK_WHITE, PIXEL_SCALE, TIEPOINT, TRANSFORM,
    GEO_KEYS, GEO_DOUBLES, GEO_TEXT, GDAL_NODATA,
))  # fmt: skip
"""The tags whose values are fetched: a profile that lies far away costs a request and shows nothing."""

TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d", 13: "I",
         16: "Q", 17: "q", 18: "Q"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """The place of the value of a tag: its TIFF type, count, and offset in the file."""

    type: int
    count: int
    at: int

    @property
    def item_bytes(self) -> int:
        """The size of one item in bytes."""
        return struct.calcsize("<" + TYPES[self.type].replace("s", "c"))

    @property
    def size_bytes(self) -> int:
        """The size of the whole value in bytes."""
        return self.item_bytes * self.count


@dataclass(slots=True)
class Directory:
    """One directory: the values of its tags, as far as they were fetched."""

    values: dict[int, Value]
    numbers: dict[int, tuple[float, ...]] = field(default_factory=dict)
    texts: dict[int, bytes] = field(default_factory=dict)
    outer: "Directory | None" = None  # the one whose SubIFDs name this one

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first number of a tag."""
        found = self.numbers.get(tag)
        return int(found[0]) if found and math.isfinite(found[0]) else default

    def all(self, tag: int) -> tuple[float, ...]:
        """Return all numbers of a tag."""
        return self.numbers.get(tag, ())

    def integers(self, tag: int) -> list[int]:
        """Return all numbers of a tag as integers, without infinities: a damaged file may have floats anywhere."""
        return [int(number) for number in self.all(tag) if math.isfinite(number)]

    def text(self, tag: int) -> str:
        """Return the text of a tag."""
        return self.texts.get(tag, b"").split(b"\x00")[0].decode("utf-8", "replace").strip()

    @property
    def is_tiled(self) -> bool:
        """Whether the pixels lie in tiles, not in strips."""
        return TILE_WIDTH in self.values  # as in libtiff: the places may lie in the tags of strips all the same

    @property
    def is_reduced(self) -> bool:
        """Whether this is a smaller version of another directory."""
        return bool(self.number(SUBFILE) & 1) or self.number(OLD_SUBFILE) == OLD_REDUCED

    @property
    def is_mask(self) -> bool:
        """Whether this is a mask of another directory."""
        return bool(self.number(SUBFILE) & 4)


@dataclass(slots=True)
class Tiff:
    """A file: its byte order, and its directories in the order of their links."""

    order: str
    is_big: bool
    directories: list[Directory] = field(default_factory=list)
    is_cut: bool = False

    @property
    def main(self) -> Directory:
        """The first directory that is neither a smaller version nor a mask of another one."""
        full = (page for page in self.directories if not page.is_reduced and not page.is_mask)
        return next(full, self.directories[0])

    @property
    def pages(self) -> int:
        """The number of pictures that are no version or mask of another one."""
        return sum(not page.is_reduced and not page.is_mask and page.outer is None for page in self.directories)

    @property
    def levels(self) -> list[Directory]:
        """The smaller versions of the main directory, in the order of the file."""
        main = self.main
        return [
            level for level in self._of_main() if level.is_reduced and not level.is_mask and _is_smaller(level, main)
        ]

    def mask_of(self, level: Directory) -> Directory | None:
        """Return the mask of a level; None without one."""
        size = level.number(WIDTH), level.number(HEIGHT)
        masks = (page for page in self._of_main() if page.is_mask)
        return next((mask for mask in masks if (mask.number(WIDTH), mask.number(HEIGHT)) == size), None)

    def _of_main(self) -> list[Directory]:
        """Return the other directories that belong to the main one: of several pages those before the next page."""
        main, others = self.main, [page for page in self.directories if page is not self.main]
        if self.pages < 2:
            return others
        linked = [page for page in others if page.outer is None]
        before_next = itertools.takewhile(lambda page: page.is_reduced or page.is_mask, linked)
        return [*before_next, *(page for page in others if page.outer is main)]


async def read_tiff(source: Source, head: bytes) -> Tiff:
    """Walk the directories as far as the budget allows; a directory outside the head costs one read."""
    order = "<" if head[:2] == b"II" else ">"
    tiff = Tiff(order, head[2:4] in (b"\x2b\x00", b"\x00\x2b"))
    at = struct.unpack_from(order + ("Q" if tiff.is_big else "I"), head, 8 if tiff.is_big else 4)[0]
    seen: set[int] = set()
    await _walk(source, tiff, at, seen)
    if not tiff.directories:
        raise PreviewError("its first directory is not where the header says")
    for page in [tiff.main] if tiff.pages else list(tiff.directories):
        for inner in page.integers(SUB_DIRECTORIES):
            await _walk(source, tiff, inner, seen, outer=page)
    return tiff


async def _walk(source: Source, tiff: Tiff, at: int, seen: set[int], *, outer: Directory | None = None) -> None:
    """Read a directory and those that it links to; a loop, or one that cannot be read, ends the walk."""
    while at and len(tiff.directories) < MAX_DIRECTORIES:
        is_near = bool(source.kept(at, at + 1))
        if at in seen or (tiff.directories and not is_near and source.requests_left <= PIXEL_REQUESTS):
            tiff.is_cut = True
            break
        seen.add(at)
        try:
            directory, at = await _read_directory(source, tiff, at)
        except (BudgetError, struct.error):
            tiff.is_cut = True
            break
        directory.outer = outer
        tiff.directories.append(directory)


def _is_smaller(level: Directory, main: Directory) -> bool:
    """Return whether one factor, up to rounding, makes both sides of the main directory those of the level."""
    pairs = [(main.number(side), level.number(side)) for side in (WIDTH, HEIGHT)]
    if any(not 0 < small <= whole for whole, small in pairs):
        return False
    least = max(whole / (small + 1) for whole, small in pairs)
    most = min(whole / (small - 1) if small > 1 else math.inf for whole, small in pairs)
    return least <= most


async def read_numbers(source: Source, tiff: Tiff, value: Value, first: int, count: int) -> tuple[float, ...]:
    """Return `count` items of a value, from the item `first` on."""
    if TYPES[value.type] not in "BHIQbhiq":
        raise PreviewError("its list of blocks is no list of places")
    start = value.at + first * value.item_bytes
    count = min(count, value.count - first)
    raw = await source.read(start, start + count * value.item_bytes)
    if len(raw) < count * value.item_bytes:
        raise PreviewError("its list of blocks lies past the end of the file")
    return struct.unpack(f"{tiff.order}{count}{TYPES[value.type]}", raw)


async def _read_directory(source: Source, tiff: Tiff, at: int) -> tuple[Directory, int]:
    count_form, entry_form, link_form = ("Q", "HHQ8s", "Q") if tiff.is_big else ("H", "HHI4s", "I")
    count_bytes, link_bytes = struct.calcsize(count_form), struct.calcsize(link_form)
    entry = struct.Struct(tiff.order + entry_form)
    start = await _page(source, at, count_bytes + 64 * entry.size)
    count = struct.unpack(tiff.order + count_form, start[:count_bytes])[0]
    if not 0 < count <= MAX_TAGS:
        raise struct.error(f"a directory of {count} tags")
    size = count_bytes + count * entry.size + link_bytes
    raw = start[:size] if len(start) >= size else await _page(source, at, size)
    values: dict[int, Value] = {}
    for index in range(count):
        place = count_bytes + index * entry.size
        tag, kind, items, inline = entry.unpack_from(raw, place)
        if kind not in TYPES:
            continue
        value = Value(kind, items, at + place + entry.size - len(inline))
        if value.size_bytes > len(inline):
            far = struct.unpack(tiff.order + link_form, inline)[0]
            value = Value(kind, items, far)
        values.setdefault(tag, value)  # of a tag that is there twice libtiff takes the first
    directory = Directory(values)
    for tag, value in values.items():
        await _fetch_value(source, tiff, directory, tag, value)
    link = struct.unpack_from(tiff.order + link_form, raw, size - link_bytes)[0]
    return directory, link


async def _fetch_value(source: Source, tiff: Tiff, directory: Directory, tag: int, value: Value) -> None:
    if tag in PER_BAND:
        value = Value(value.type, min(value.count, VALUE_BYTES // value.item_bytes), value.at)
    if (
        tag not in USED
        or (tag in BLOCK_ARRAYS and value.count > 1)
        or value.size_bytes > VALUE_BYTES
        or not value.count
    ):
        return
    try:
        raw = await _page(source, value.at, value.size_bytes)
    except BudgetError:
        return
    raw = raw[: value.size_bytes]
    if len(raw) < value.size_bytes:
        return
    if TYPES[value.type] == "s":
        directory.texts[tag] = raw
        return
    items = struct.unpack(f"{tiff.order}{value.count * len(TYPES[value.type])}{TYPES[value.type][0]}", raw)
    directory.numbers[tag] = items


async def _page(source: Source, start: int, size_bytes: int) -> bytes:
    """Return bytes at a place: kept bytes cost nothing, others are fetched with a page around them."""
    held = source.kept(start, start + size_bytes)
    if len(held) >= size_bytes or (source.size_bytes is not None and start + len(held) >= source.size_bytes):
        return held
    left = source.bytes_left
    page = await source.read(start, start + max(size_bytes, min(PAGE_BYTES, left)))
    if len(page) < size_bytes and size_bytes <= 16:
        raise struct.error("a directory is past the end")
    return page
