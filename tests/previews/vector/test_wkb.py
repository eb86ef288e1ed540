"""Well-known binary in hexadecimal digits and as bytes, of the standard and of PostGIS."""

import struct

import pytest

from storage_tui.previews.formats.wkb import read_wkb
from tests.previews.ranges import show

RING = [(0, 0), (4, 0), (4, 4), (0, 0)]


def numbers(order: str, points: list[tuple[float, ...]]) -> bytes:
    return b"".join(struct.pack(f"{order}{len(point)}d", *point) for point in points)


def head(order: str, code: int, srid: int | None = None) -> bytes:
    mark = b"\x01" if order == "<" else b"\x00"
    if srid is None:
        return mark + struct.pack(f"{order}I", code)
    return mark + struct.pack(f"{order}Ii", code | 0x20000000, srid)


def counted(order: str, parts: list[bytes]) -> bytes:
    return struct.pack(f"{order}I", len(parts)) + b"".join(parts)


def ring(order: str, points: list[tuple[float, ...]]) -> bytes:
    return struct.pack(f"{order}I", len(points)) + numbers(order, points)


def geometries(order: str) -> dict[str, tuple[bytes, str, tuple[float, ...] | None]]:
    """Geometries by hand: the bytes, the kind, the bounds."""
    point = head(order, 1) + numbers(order, [(1, 2)])
    arc = head(order, 8) + counted(order, [numbers(order, [each]) for each in ((0, 0), (2, 0), (0, 0))])
    nowhere = head(order, 1) + numbers(order, [(float("nan"), float("nan"))])
    return {
        "point": (point, "POINT", (1, 2, 1, 2)),
        "point of PostGIS": (head(order, 1, 4326) + numbers(order, [(1, 2)]), "POINT", (1, 2, 1, 2)),
        "Z of the standard": (head(order, 1001) + numbers(order, [(1, 2, 3)]), "POINT", (1, 2, 1, 2)),
        "M of the standard": (head(order, 2001) + numbers(order, [(1, 2, 3)]), "POINT", (1, 2, 1, 2)),
        "ZM of the standard": (head(order, 3001) + numbers(order, [(1, 2, 3, 4)]), "POINT", (1, 2, 1, 2)),
        "Z of PostGIS": (head(order, 0x80000001) + numbers(order, [(1, 2, 3)]), "POINT", (1, 2, 1, 2)),
        "ZM of PostGIS": (head(order, 0xC0000001) + numbers(order, [(1, 2, 3, 4)]), "POINT", (1, 2, 1, 2)),
        "empty point": (nowhere, "POINT", None),
        "line": (head(order, 2) + ring(order, [(1, 2), (5, 6)]), "LINESTRING", (1, 2, 5, 6)),
        "polygon": (head(order, 3) + counted(order, [ring(order, RING)]), "POLYGON", (0, 0, 4, 4)),
        "empty polygon": (head(order, 3) + counted(order, []), "POLYGON", None),
        "points": (head(order, 4) + counted(order, [point, point]), "MULTIPOINT", (1, 2, 1, 2)),
        "collection": (head(order, 7) + counted(order, [point, arc]), "GEOMETRYCOLLECTION", (0, -1, 2, 2)),
        "arc": (arc, "CIRCULARSTRING", (0, -1, 2, 1)),
        "curve polygon": (head(order, 10) + counted(order, [arc]), "CURVEPOLYGON", (0, -1, 2, 1)),
        "triangle": (head(order, 17) + counted(order, [ring(order, RING)]), "TRIANGLE", (0, 0, 4, 4)),
    }


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", geometries("<"))
async def test_a_geometry_is_read_from_digits_and_from_bytes(order: str, name: str) -> None:
    raw, kind, bounds = geometries(order)[name]
    for content, key in ((raw.hex().encode(), "a.txt"), (raw.hex().upper().encode() + b"\n", "a.csv"), (raw, "a.wkb")):
        read = read_wkb(content)
        assert dict(read.kinds) == {kind: 1} and not read.problem
        assert read.shapes.bounds() == (None if bounds is None else pytest.approx(bounds, abs=1e-6))
        shown = await show(content, key, width=100)
        assert shown.kind.startswith("WKB") and dict(shown.facts)["geometry"] == f"1 {kind}" and not shown.is_damaged


async def test_lines_of_geometries_are_counted_and_their_reference_is_told() -> None:
    line = (head("<", 1, 3857) + numbers("<", [(100, 50)])).hex()
    facts = dict((await show(f"{line}\n\\x{line}\n".encode(), "a.txt")).facts)
    assert facts["geometry"] == "2 POINT" and facts["SRID"] == "3857" and "°" not in facts["bounds"]


@pytest.mark.parametrize(
    "text",
    [b"0123456789abcdef" * 4, b"00" * 40, b"0101", b"01010000", b"0101000000 hello\n", b"01630000000000", b"\1\1\0"],
)
async def test_other_digits_are_text_or_bytes(text: bytes) -> None:
    assert not (await show(text, "a.txt")).kind.startswith("WKB")


async def test_a_cut_geometry_says_so() -> None:
    raw = head("<", 2) + ring("<", [(1, 2), (5, 6)])
    shown = await show(f"{raw.hex()}\n{raw.hex()[:-8]}\n".encode(), "a.txt")
    assert shown.is_damaged and shown.note == "the last geometry has no end"
