"""The table of previews, and the one function that shows a blob by it: content first, name second, and never an
exception for what a blob holds."""

from dataclasses import replace

from storage_tui.previews.base import Format, Mode, Preview, Source, View, read_note
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.arrow import Arrow
from storage_tui.previews.formats.compressed import Compressed
from storage_tui.previews.formats.delimited import Delimited
from storage_tui.previews.formats.geojson import GeoJson
from storage_tui.previews.formats.geotiff import GeoTiff
from storage_tui.previews.formats.hdf5 import Hdf5
from storage_tui.previews.formats.json_text import JsonText
from storage_tui.previews.formats.netcdf import NetCdf
from storage_tui.previews.formats.npy import Npy
from storage_tui.previews.formats.parquet import Parquet
from storage_tui.previews.formats.pdf import Pdf
from storage_tui.previews.formats.pickled import Pickled
from storage_tui.previews.formats.picture import Picture
from storage_tui.previews.formats.sqlite import SqliteHeader
from storage_tui.previews.formats.tar_archive import TarArchive
from storage_tui.previews.formats.wkt import WellKnownText
from storage_tui.previews.formats.zip_archive import ZipArchive
from storage_tui.previews.pick import HEX, TEXT, find_format, show_as

INSIDE: tuple[Format, ...] = (
    Npy(),
    TarArchive(),
    GeoJson(),
    WellKnownText(),
    JsonText(),
    Delimited(),
    TEXT,
    HEX,
)
"""What is looked for inside a compressed blob too: formats that are read from the front, and no other compression."""

PREVIEWS: tuple[Format, ...] = (
    Picture("PNG", b"\x89PNG\r\n\x1a\n"),
    Picture("JPEG", b"\xff\xd8\xff"),
    Picture("WebP"),
    Picture("GIF", b"GIF87a", b"GIF89a"),
    Picture("BMP"),
    GeoTiff(),
    ZipArchive(),
    Compressed(INSIDE),
    Parquet(),
    Arrow(),
    SqliteHeader(),
    Hdf5(),
    NetCdf(),
    Pdf(),
    Pickled(),
    *INSIDE,
)
"""In the order they are asked: what has a magic number, then what only its syntax tells, then text, then the rest."""

FORMATS: dict[Mode, tuple[Format, ...]] = {"auto": PREVIEWS, "text": (TEXT,), "hex": (HEX,), "json": (JsonText(),)}


def modes_of(head: bytes, key: str) -> tuple[Mode, ...]:
    """The ways to look at a blob with these first bytes that differ from each other, as it was found first: text that
    is no text would be hex under another name. Of a blob whose first bytes are not known, all."""
    if not head:
        return tuple(FORMATS)
    found = find_format(PREVIEWS, head, key)
    differs: dict[Mode, bool] = {
        "auto": True,
        "text": found is not TEXT and TEXT.matches(head, ""),
        "hex": found is not HEX,
        "json": head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["),
    }
    return tuple(mode for mode in FORMATS if differs[mode])


async def preview(
    source: Source,
    *,
    width: int = 80,
    height: int = 24,
    truecolor: bool = True,
    offset: int = 0,
    mode: Mode = "auto",
    is_full: bool = False,
    cell: tuple[int, int] | None = None,
) -> Preview:
    """What to show of a blob in so many cells.

    `offset` is where a page of text or hex begins; `mode` forces one of these; `is_full` is for the viewer;
    `cell`, the pixels of a cell, asks for a picture in pixels. Raises
    what the client raises when the blob cannot be read, and nothing for what is in it: damage is told in the preview.
    Cancelling is safe at any time.
    """
    source.begin()
    view = View(max(1, width), max(1, height), truecolor, max(0, offset), mode, is_full, cell)
    shown = await show_as(FORMATS[mode], source, view)
    return replace(shown, note=" · ".join(part for part in (shown.note, read_note(source)) if part))


async def close() -> None:
    """End the process that decodes pictures, where one runs; a later preview starts another."""
    await DECODER.close()
