"""Files of shapes that GDAL alone reads, told by their first bytes: layers, facts and shapes by pyogrio (`geo`)."""

import re

from storage_tui.previews.base import LimitError, OtherFormatError, Preview, PreviewError, Source, View
from storage_tui.previews.containers.zip_directory import LOCAL
from storage_tui.previews.formats.shapefile import first_member
from storage_tui.previews.vector.by_gdal import MARKS, PANE_BUDGET, Kind, show

_XML = (
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).){0,2000}-->\s*)*"
    rb"(?:<!DOCTYPE[^>\[]{0,400}(?:\[[^\]]{0,4000}\])?\s*>\s*)?"
)


def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL | re.IGNORECASE)


KINDS: tuple[Kind, ...] = (
    Kind("MapInfo TAB", "MapInfo File", ".tab", _compiled(rb"^\s*!table\s"), (".dat", ".map", ".id"),
         told=(("version", _compiled(rb"!version\s+(\d+)")),)),
    Kind("MapInfo MIF", "MapInfo File", ".mif", _compiled(rb"^\s*Version\s+\d+\s.{0,2000}\bColumns\s+\d"), (".mid",),
         told=(("version", _compiled(rb"Version\s+(\d+)")), ("system", _compiled(rb"CoordSys\s+([^\r\n]+)")))),
    Kind("DXF", "DXF", ".dxf", _compiled(rb"^(?:\s*999\s*?\r?\n[^\n]*\n)*\s*0\s*\r?\n\s*SECTION\s*\r?\n"),
         can_be_cut=True, told=(("version", _compiled(rb"\$ACADVER\s+1\s+(\w+)")),)),
    Kind("DGN", "DGN", ".dgn", _compiled(rb"^[\x08\xc8]\x09\xfe\x02"), can_be_cut=True),
    Kind("S-57 chart", "S57", ".000", _compiled(rb"^\d{5}[123]LE1.{14,300}DSID"), can_be_cut=True),
    Kind("GeoRSS", "GeoRSS", ".xml", _compiled(_XML + rb"<(?:rss|feed|rdf:RDF)\b[^>]{0,4000}georss"), is_xml=True),
    Kind("JUMP", "JML", ".jml", _compiled(_XML + rb"<JCSDataFile\b"), is_xml=True),
    Kind("MapML", "MapML", ".mapml", _compiled(_XML + rb"<mapml-?\s"), is_xml=True),
    Kind("OpenStreetMap", "OSM", ".osm", _compiled(_XML + rb"<osm\s"), is_xml=True,
         told=(("written by", _compiled(rb"<osm\s[^>]*generator=[\"']([^\"']{0,80})")),)),
    Kind("OpenStreetMap PBF", "OSM", ".pbf", _compiled(rb"^\0\0.{2}\x0a\x09OSMHeader"), can_be_cut=True),
    Kind("GML", "GML", ".gml", _compiled(_XML + rb"<[^>]{0,4000}opengis\.net/gml"), (".xsd",), is_xml=True),
    Kind("GMT", "OGR_GMT", ".gmt", _compiled(rb"^\s*#\s*@VGMT"), can_be_cut=True),
    Kind("Arc/Info E00", "AVCE00", ".e00", _compiled(rb"^EXP\s+0\s")),
    Kind("TopoJSON", "TopoJSON", ".topojson", _compiled(rb"^\s*\{\s*\"type\"\s*:\s*\"Topology\"")),
    Kind("Esri JSON", "ESRIJSON", ".json",
         _compiled(rb"^\s*\{(?!.{0,8000}?\"type\"\s*:\s*\"Feature).{0,8000}?\"geometryType\"\s*:\s*\"esriGeometry")),
)  # fmt: skip
"""In the order of the tries."""
GEODATABASE = Kind("file geodatabase", "OpenFileGDB", ".gdb.zip", _compiled(rb"^" + re.escape(LOCAL)))


class GdalVector:
    """Shapes of a format that this program has no reader for."""

    kind = "GDAL vector"
    budget = PANE_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are those of a format in the table."""
        return kind_of(head) is not None

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return facts and shapes by pyogrio; the name of the format and its first facts without it."""
        kind = kind_of(head)
        if kind is None:
            raise PreviewError("it has other first bytes")
        try:
            return await show(kind, source, head, view)
        except LimitError:
            raise
        except PreviewError as exc:
            raise PreviewError(f"{kind.name}: {exc}") from exc


class ZippedGeodatabase:
    """A file geodatabase of Esri in a zip: the archive is read whole."""

    kind = GEODATABASE.name
    budget = PANE_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first member of a zip lies in a folder whose name ends with `.gdb`."""
        return is_geodatabase(head)

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return facts and shapes by pyogrio; raise OtherFormatError where the archive itself says more."""
        shown = await show(GEODATABASE, source, head, view)
        if not shown.facts:
            raise OtherFormatError("it is not read here")
        return shown


def kind_of(head: bytes) -> Kind | None:
    """Return the format with these first bytes; None for others."""
    if is_geodatabase(head):
        return GEODATABASE
    part = head[:MARKS]
    return next((kind for kind in KINDS if kind.pattern.match(part) is not None), None)


def is_geodatabase(head: bytes) -> bool:
    """Return whether a zip begins with a file geodatabase."""
    return ".gdb/" in first_member(head).lower()
