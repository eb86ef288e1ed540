"""Well-known binary as hexadecimal digits, one geometry a line, as databases export it; or as bytes by its name."""

import asyncio
import binascii
import re

from storage_tui.previews.base import HEADER_BUDGET, Preview, Source, View
from storage_tui.previews.formats.wkt import Geometries, add_geometry, draw_geometries
from storage_tui.previews.vector.wkb import read_geometry
from storage_tui.previews.vector.wkt_text import CutError

NAMES = (".wkb", ".ewkb")
SNIFF_BYTES = 4096  # of the first line, which must be well-formed as far as these go

_LINE = re.compile(rb"\s*(?:\\x|0x)?(0[01][0-9A-Fa-f]{8,})")


class WellKnownBinary:
    """Well-known binary, in hexadecimal digits or as bytes; PostGIS's SRID is shown."""

    kind = "WKB"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first line is a geometry in digits, or the bytes are one and the name says so."""
        line = _LINE.match(head[:SNIFF_BYTES])
        if line is None and not name.endswith(NAMES):
            return False
        if (
            line is not None
            and line.end() < len(head)
            and line.end() < SNIFF_BYTES
            and head[line.end()] not in b"\r\n\"' ,;"
        ):
            return False
        try:
            read_geometry(_unhex(line[1]) if line is not None else head)
        except CutError:
            return line is None or line.end() >= min(len(head), SNIFF_BYTES)
        except (ValueError, RecursionError):
            return False
        return True

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the facts and the map."""
        raw = head + await source.read(len(head), len(head) + source.bytes_left)
        return await asyncio.to_thread(_describe, raw, view, len(raw) == source.size_bytes)


def _describe(raw: bytes, view: View, is_whole: bool) -> Preview:
    form = "WKB" if _LINE.match(raw) is None else "WKB in hexadecimal digits"
    return draw_geometries(form, read_wkb(raw), view, read_bytes=len(raw), is_whole=is_whole)


def read_wkb(raw: bytes) -> Geometries:
    """Return the geometries of the bytes of a file, which may be cut."""
    read = Geometries()
    try:
        if _LINE.match(raw) is not None:
            for line in raw.split():
                found = _LINE.fullmatch(line.strip(b"\"',;"))
                if found is None:
                    raise ValueError("a line has other letters than those of hexadecimal digits")
                add_geometry(read, read_geometry(_unhex(found[1])))
        else:
            at = 0
            while at < len(raw):
                geometry = read_geometry(raw, at)
                add_geometry(read, geometry)
                at = geometry.stop
    except CutError:
        read.problem = "the last geometry has no end"
    except (ValueError, RecursionError) as exc:
        read.problem = f"no well-known binary from some place on: {exc}"
    return read


def _unhex(digits: bytes) -> bytes:
    return binascii.unhexlify(digits[: len(digits) // 2 * 2])
