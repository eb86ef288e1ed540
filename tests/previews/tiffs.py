"""A writer of TIFFs of any shape, also of shapes that no library writes: tags and packed blocks as they are given."""

import itertools
import struct
from dataclasses import dataclass, field
from fractions import Fraction

SHORT, LONG, ASCII, UNDEFINED, DOUBLE, RATIONAL, LONG8 = 3, 4, 2, 7, 12, 5, 16
FORMS = {SHORT: "H", LONG: "I", DOUBLE: "d", LONG8: "Q"}

Value = int | str | bytes | tuple[int, ...] | tuple[float, ...] | tuple[Fraction, ...]


@dataclass
class Page:
    """One directory: its tags by number, its blocks, and the tags that list them. `inner` are its SubIFDs.

    A block of None is sparse: place 0, size 0. A block that is a number has this place and this size, whatever is
    there. Tags that `tags` holds itself are not made from the blocks.
    """

    tags: dict[int, Value]
    blocks: list[bytes | tuple[int, int] | None]
    places: int = 273
    sizes: int = 279
    inner: "list[Page]" = field(default_factory=list)


def grey(width: int, height: int, blocks: list, bits: int = 8, **more: Value) -> Page:
    """A page of one band, uncompressed in strips, and other tags by `t` and their number: `t259=5`."""
    tags: dict[int, Value] = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 277: 1, 278: height, 339: 1}
    return Page(tags | {int(name[1:]): value for name, value in more.items()}, blocks)


def write(*pages: Page, order: str = "<", is_big: bool = False) -> bytes:
    """The file, its directories in this order, its blocks at the end."""
    link = "Q" if is_big else "I"
    head = struct.pack(order + "HHHQ", 43, 8, 0, 16) if is_big else struct.pack(order + "HI", 42, 8)
    out = bytearray((b"II" if order == "<" else b"MM") + head)
    holes: list[tuple[int, bytes]] = []
    _directories(out, list(pages), order, link, holes)
    for at, block in holes:
        out += bytes(len(out) % 2)
        struct.pack_into(order + link, out, at, len(out))
        out += block
    return bytes(out)


def _directories(out: bytearray, pages: list[Page], order: str, link: str, holes: list) -> list[int]:
    """Append the directories one after another, linked; return their places."""
    starts = []
    link_bytes = struct.calcsize(order + link)
    for number, page in enumerate(pages):
        out += bytes(len(out) % 8 and 8 - len(out) % 8)
        starts.append(len(out))
        kind = LONG8 if link == "Q" else LONG
        counts = [0 if block is None else block[1] if isinstance(block, tuple) else len(block) for block in page.blocks]
        tags: dict[int, tuple[int, int, bytes]] = {
            page.places: (kind, len(counts), bytes(link_bytes * len(counts))),
            page.sizes: (kind, len(counts), struct.pack(f"{order}{len(counts)}{link}", *counts)),
        }
        tags |= {tag: _value(value, order) for tag, value in page.tags.items()}
        if page.inner:
            tags[330] = (kind, len(page.inner), bytes(link_bytes * len(page.inner)))
        count_form, entry = ("Q", "HHQ") if link == "Q" else ("H", "HHI")
        start = len(out) + struct.calcsize(order + count_form)
        step = struct.calcsize(order + entry) + link_bytes
        values_at = start + step * len(tags) + link_bytes
        out += struct.pack(order + count_form, len(tags))
        values, found = bytearray(), {}
        for tag, (form, count, raw) in sorted(tags.items()):
            is_near = len(raw) <= link_bytes
            found[tag] = len(out) + struct.calcsize(order + entry) if is_near else values_at + len(values)
            place = raw.ljust(link_bytes, b"\0") if is_near else struct.pack(order + link, found[tag])
            out += struct.pack(order + entry, tag, form, count) + place
            values += b"" if is_near else raw + bytes(-len(raw) % 8)
        following = len(out)
        out += bytes(link_bytes) + values
        if page.places not in page.tags:
            for block, at in zip(page.blocks, itertools.count(found[page.places], link_bytes), strict=False):
                if isinstance(block, bytes):
                    holes.append((at, block))
                elif block is not None:
                    struct.pack_into(order + link, out, at, block[0])
        if page.inner:
            for at, place in enumerate(_directories(out, page.inner, order, link, holes)):
                struct.pack_into(order + link, out, found[330] + at * link_bytes, place)
        if number < len(pages) - 1:
            struct.pack_into(order + link, out, following, len(out) + (-len(out) % 8))
    return starts


def _value(value: Value, order: str) -> tuple[int, int, bytes]:
    if isinstance(value, str):
        raw = value.encode() + b"\0"
        return ASCII, len(raw), raw
    if isinstance(value, bytes):
        return UNDEFINED, len(value), value
    values = value if isinstance(value, tuple) else (value,)
    if isinstance(values[0], Fraction):
        parts = [part for item in values for part in (item.numerator, item.denominator)]
        return RATIONAL, len(values), struct.pack(f"{order}{len(parts)}I", *parts)
    if isinstance(values[0], float):
        return DOUBLE, len(values), struct.pack(f"{order}{len(values)}d", *values)
    kind = SHORT if max(values) < 1 << 16 else LONG
    return kind, len(values), struct.pack(f"{order}{len(values)}{FORMS[kind]}", *values)
