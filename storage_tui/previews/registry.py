"""The table of previews, and the function that previews a blob: content first, name second.

The content of a blob never causes an exception.
"""

from dataclasses import replace

from storage_tui.previews.base import HEAD_BYTES, Format, Mode, Preview, Source, View, read_note
from storage_tui.previews.decoding.decoder import DECODER
from storage_tui.previews.formats.arrow import Arrow, ArrowStream
from storage_tui.previews.formats.avro import Avro
from storage_tui.previews.formats.certificate import Certificate
from storage_tui.previews.formats.compressed import Compressed
from storage_tui.previews.formats.delimited import Delimited
from storage_tui.previews.formats.dicom import Dicom
from storage_tui.previews.formats.elf import Elf
from storage_tui.previews.formats.envi import EnviHeader
from storage_tui.previews.formats.esri_grid import EsriGrid
from storage_tui.previews.formats.feather import Feather
from storage_tui.previews.formats.flatgeobuf import FlatGeobuf
from storage_tui.previews.formats.gdal_raster import GdalRaster
from storage_tui.previews.formats.gdal_vector import GdalVector, ZippedGeodatabase
from storage_tui.previews.formats.geojson import GeoJson
from storage_tui.previews.formats.geotiff import GeoTiff
from storage_tui.previews.formats.gguf import Gguf
from storage_tui.previews.formats.grib import Grib
from storage_tui.previews.formats.hdf4 import Hdf4
from storage_tui.previews.formats.hdf5 import Hdf5
from storage_tui.previews.formats.hgt import Hgt
from storage_tui.previews.formats.jpeg2000 import Jpeg2000
from storage_tui.previews.formats.json_text import JsonText
from storage_tui.previews.formats.keras import Keras
from storage_tui.previews.formats.kml import Kml, Kmz
from storage_tui.previews.formats.las import Las
from storage_tui.previews.formats.mail import Mail
from storage_tui.previews.formats.mp4 import Mp4
from storage_tui.previews.formats.named import Named
from storage_tui.previews.formats.netcdf import NetCdf
from storage_tui.previews.formats.nitf import Nitf
from storage_tui.previews.formats.notebook import Notebook
from storage_tui.previews.formats.npy import Npy
from storage_tui.previews.formats.ods import Ods
from storage_tui.previews.formats.onnx import Onnx
from storage_tui.previews.formats.orc import Orc
from storage_tui.previews.formats.parquet import Parquet
from storage_tui.previews.formats.pdf import Pdf
from storage_tui.previews.formats.pickled import Pickled
from storage_tui.previews.formats.picture import Picture
from storage_tui.previews.formats.plain import PlainText
from storage_tui.previews.formats.pmtiles import PMTiles
from storage_tui.previews.formats.safetensors import Safetensors
from storage_tui.previews.formats.shapefile import Shapefile, ZippedShapefile
from storage_tui.previews.formats.sound import Sound
from storage_tui.previews.formats.sqlite import SqliteHeader
from storage_tui.previews.formats.stac import Stac
from storage_tui.previews.formats.store_json import STORE_JSON
from storage_tui.previews.formats.tar_archive import TarArchive
from storage_tui.previews.formats.torch_zip import TorchZip
from storage_tui.previews.formats.vrt import Vrt
from storage_tui.previews.formats.wheel import Wheel
from storage_tui.previews.formats.wkb import WellKnownBinary
from storage_tui.previews.formats.wkt import WellKnownText
from storage_tui.previews.formats.world_file import WorldFile
from storage_tui.previews.formats.xlsx import Xlsx
from storage_tui.previews.formats.zip_archive import ZipArchive
from storage_tui.previews.heads.zip_members import ZipKind
from storage_tui.previews.pick import HEX, TEXT, find_format, show_as
from storage_tui.previews.text.encoding import decode_head

INSIDE: tuple[Format, ...] = (
    Npy(),
    TarArchive(),
    Stac(),
    Notebook(),
    *STORE_JSON,
    Hgt(),
    EsriGrid(),
    EnviHeader(),
    Vrt(),
    WorldFile(),
    Certificate(),
    Mail(),
    GeoJson(),
    Kml(),
    WellKnownText(),
    WellKnownBinary(),
    JsonText(),
    Delimited(),
    TEXT,
    HEX,
)
"""The formats tried inside a compressed blob too: formats that are read from the front, and no other compression."""

ZIP_KINDS: tuple[ZipKind, ...] = (TorchZip(), Keras(), Xlsx(), Ods(), Wheel())
"""The formats whose files are zips: told by their members."""

FIRST: tuple[Format, ...] = (
    Picture("PNG", b"\x89PNG\r\n\x1a\n"),
    Picture("JPEG", b"\xff\xd8\xff"),
    Picture("WebP"),
    Picture("GIF", b"GIF87a", b"GIF89a"),
    Picture("BMP"),
    GeoTiff(),
    ZippedShapefile(),
    Kmz(),
    ZippedGeodatabase(),
    ZipArchive(ZIP_KINDS),
)
LATER: tuple[Format, ...] = (
    Named(),
    FlatGeobuf(),
    PMTiles(),
    Shapefile(),
    Parquet(),
    Arrow(),
    ArrowStream(),
    Feather(),
    SqliteHeader(),
    Hdf5(),
    NetCdf(),
    Pdf(),
    Pickled(),
    Gguf(),
    Onnx(),
    Safetensors(),
    Las(),
    Grib(),
    Avro(),
    Orc(),
    Jpeg2000(),
    Hdf4(),
    Nitf(),
    GdalRaster(),
    GdalVector(),
    Dicom(),
    Sound("WAV"),
    Sound("FLAC"),
    Sound("MP3"),
    Mp4(),
    Elf(),
    *INSIDE,
)
"""The formats before and after the compressions: all are tried inside a blob that is unpacked whole."""

PREVIEWS: tuple[Format, ...] = (*FIRST, Compressed(INSIDE, (*FIRST, *LATER)), *LATER)
"""In the order of the tries: by magic number first, then by syntax alone, then text, then the rest."""

FORMATS: dict[Mode, tuple[Format, ...]] = {
    "auto": PREVIEWS,
    "text": (PlainText(is_asked=True),),
    "hex": (HEX,),
    "json": (JsonText(),),
}


def modes_of(head: bytes, key: str) -> tuple[Mode, ...]:
    """Return the modes that show a blob with these first bytes in different ways, in the order of FORMATS.

    A blob that is no text can be seen as text all the same, and its bytes are read as Latin-1. An empty `head` means
    that the first bytes are not known: all modes are returned.
    """
    if not head:
        return tuple(FORMATS)
    rows = [row for row in PREVIEWS if not isinstance(row, ZipArchive) or row.begins(head)]
    found = find_format(rows, head, key)
    differs: dict[Mode, bool] = {
        "auto": True,
        "text": found is not TEXT,
        "hex": found is not HEX and not isinstance(found, Named),
        "json": TEXT.matches(head, "") and decode_head(head[:HEAD_BYTES])[0].lstrip()[:1] in ("{", "["),
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
    bands: tuple[int, ...] = (),
    quadrants: bool = False,
) -> Preview:
    """Return the preview of a blob for a view of `width` by `height` cells.

    `offset` is the byte at which a page of text or hex begins. `mode` forces one format. `is_full` is for the viewer.
    `cell`, the size of a cell in pixels, asks for a picture in pixels. `bands`, one or three from 1 on, are those of a
    raster that are drawn. `quadrants` draws pictures in quadrants of cells, for terminals with colours. Raises the
    errors of the client when the blob cannot be read, and none for its content: the preview reports damage. Cancelling
    is safe at any time.
    """
    source.begin()
    view = View(
        max(1, width), max(1, height), truecolor, max(0, offset), mode, is_full, cell, bands, quadrants and cell is None
    )
    shown = await show_as(FORMATS[mode], source, view)
    return replace(shown, note=" · ".join(part for part in (shown.note, read_note(source)) if part))


async def close() -> None:
    """End the process that decodes pictures, if one runs; a later preview starts another."""
    await DECODER.close()
