"""The GeoTIFF tags in words: reference system, bounds, pixel size (OGC 19-008r4)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from storage_tui.contract.visible import visible
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.tiff_directory import Directory

MODEL_TYPE, RASTER_TYPE, CITATION, GEOGRAPHIC, GEO_CITATION, PROJECTED = 1024, 1025, 1026, 2048, 2049, 3072
PROJECTED_CITATION = 3073
IS_PROJECTED, IS_GEOGRAPHIC = 1, 2  # of MODEL_TYPE
PIXEL_IS_POINT = 2
USER_DEFINED = 32767
MATRIX_NUMBERS = 16
NO_NAMES = ("", "unknown", "unnamed")  # as PROJ and GDAL write where there is none
NAMES = {
    4326: "WGS 84",
    3857: "Web Mercator",
    4269: "NAD83",
    4258: "ETRS89",
    3035: "ETRS89-extended / LAEA Europe",
    5070: "NAD83 / Conus Albers",
}


@dataclass(frozen=True, slots=True)
class Georeference:
    """The place of a raster: west, south, east, north in its reference system, and the size of a pixel."""

    epsg: int | None
    citation: str
    is_geographic: bool
    bounds: tuple[float, float, float, float] | None
    pixel: tuple[float, float] | None
    transform: tuple[float, float, float, float, float, float] | None = None
    """From column and row of a corner of a pixel to x = a · column + b · row + c, y = d · column + e · row + f."""

    @property
    def name(self) -> str:
        """The reference system, `EPSG:32633, WGS 84 / UTM zone 33N`; empty when there is none."""
        if self.epsg is None:
            return self.citation
        return f"EPSG:{self.epsg}" + (f", {name}" if (name := epsg_name(self.epsg) or self.citation) else "")


def read_georeference(directory: Directory, width: int, height: int) -> Georeference | None:
    """Return the place of the raster from the tags of the full-size directory; None without such tags."""
    keys = _read_keys(directory)
    scale, tie, matrix = (directory.all(tag) for tag in (tags.PIXEL_SCALE, tags.TIEPOINT, tags.TRANSFORM))
    if not keys and not (scale and tie) and not matrix:
        return None
    is_projected = keys.get(MODEL_TYPE, IS_PROJECTED if PROJECTED in keys else 0) == IS_PROJECTED
    epsg = keys.get(PROJECTED) if is_projected else keys.get(GEOGRAPHIC)  # the latter is but the base of a projection
    named = (PROJECTED_CITATION, CITATION) if is_projected else (GEO_CITATION, CITATION)
    texts = [str(keys[key]) for key in named if keys.get(key)]  # GEO_CITATION of a projection names its base only
    citation = next((text for text in texts if text.strip("|\x00 ").lower() not in NO_NAMES), "")
    shift = 0.5 if keys.get(RASTER_TYPE) == PIXEL_IS_POINT else 0.0
    bounds: tuple[float, float, float, float] | None = None
    pixel: tuple[float, float] | None = None
    if len(scale) >= 2 and len(tie) >= 6 and scale[0] and scale[1]:
        across, down = scale[0], -abs(scale[1])  # as in GDAL the scale says how large, not which way up
        matrix = (across, 0, 0, tie[3] - tie[0] * across, 0, down, 0, tie[4] - tie[1] * down)
    elif len(matrix) != MATRIX_NUMBERS:
        matrix = ()
    if matrix:
        corners = [
            (matrix[0] * x + matrix[1] * y + matrix[3], matrix[4] * x + matrix[5] * y + matrix[7])
            for x in (-shift, width - shift)
            for y in (-shift, height - shift)
        ]
        bounds = (min(x for x, _ in corners), min(y for _, y in corners),
                  max(x for x, _ in corners), max(y for _, y in corners))  # fmt: skip
        pixel = (math.hypot(matrix[0], matrix[4]), math.hypot(matrix[1], matrix[5]))
    if bounds is not None and not all(map(math.isfinite, bounds)):
        bounds, pixel, matrix = None, None, ()
    code = epsg if isinstance(epsg, int) and _is_code(epsg) else None
    if code is None and is_projected:
        citation = f"a projection of its own{', ' if citation else ''}{citation}"
    name = visible(citation.strip("|\x00 "), limit=60)
    is_geographic = keys.get(MODEL_TYPE) == IS_GEOGRAPHIC
    return Georeference(code, name, is_geographic, bounds, pixel, _transform(matrix, shift))


def _transform(matrix: Sequence[float], shift: float) -> tuple[float, float, float, float, float, float] | None:
    if not matrix:
        return None
    a, b, c, d, e, f = matrix[0], matrix[1], matrix[3], matrix[4], matrix[5], matrix[7]
    return a, b, c - (a + b) * shift, d, e, f - (d + e) * shift


def epsg_name(code: int) -> str:
    """Return the name of a code, for the codes of most rasters."""
    if 32601 <= code <= 32660:
        return f"WGS 84 / UTM zone {code - 32600}N"
    if 32701 <= code <= 32760:
        return f"WGS 84 / UTM zone {code - 32700}S"
    return NAMES.get(code, "")


def _is_code(value: int) -> bool:
    return 0 < value < USER_DEFINED


def _read_keys(directory: Directory) -> dict[int, int | str]:
    raw = directory.integers(tags.GEO_KEYS)
    text = directory.texts.get(tags.GEO_TEXT, b"").decode("utf-8", "replace")
    keys: dict[int, int | str] = {}
    for at in range(4, min(len(raw), 4 + 4 * raw[3] if len(raw) > 3 else 0) - 3, 4):
        key, place, count, value = raw[at : at + 4]
        if place == 0:
            keys[key] = value
        elif place == tags.GEO_TEXT:
            keys[key] = text[value : value + count]
    return keys
