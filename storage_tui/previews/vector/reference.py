"""The reference system that a file of shapes names: whether its coordinates are degrees."""

import re
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.visible import visible

NAME_CHARS = 60
DEFINITION_CHARS = 8192
GEOCENTRIC = frozenset((4328, 4936, 4978, 4984, 4988))  # metres from the centre of the earth, among codes of degrees

ESRI = {"GCS_WGS_1984": 4326, "GCS_North_American_1983": 4269, "GCS_ETRS_1989": 4258, "ETRS_1989_LAEA": 3035,
        "WGS_1984_Web_Mercator_Auxiliary_Sphere": 3857, "NAD_1983_Contiguous_USA_Albers": 5070}  # fmt: skip

_ESRI_UTM = re.compile(r"(WGS_1984|ETRS_1989|NAD_1983)_UTM_Zone_(\d{1,2})([NS])")
_WKT = re.compile(r'([A-Za-z]+)\s*[\[(]\s*"([^"]*)"')
_WKT_CODES = re.compile(r'(?i)(?:AUTHORITY|ID)\s*[\[(]\s*"EPSG"\s*,\s*"?(\d{1,6})"?\s*[\])]')
_CODE = re.compile(r"(?i)\bEPSG\b\D*?(?:[:/][\d.]*)?[:/](\d{3,6})$")


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of a reference system, whether its coordinates are degrees, and its EPSG code; None when not known.

    `definition` is its text in WKT where that is all there is; "" without.
    """

    name: str
    is_geographic: bool | None
    epsg: int | None = None
    definition: str = ""


WGS84 = Reference("WGS 84", is_geographic=True)


def of_code(code: int) -> Reference:
    """Return the reference system of an EPSG code. The codes from 4000 to 4999 are geographic, but for a few."""
    return Reference(f"EPSG:{code}", 4000 <= code <= 4999 and code not in GEOCENTRIC, code)


def of_crs(crs: Any) -> Reference:
    """Return the reference system of the member `crs` of GeoJSON (its first version, of 2008, section 3)."""
    if not isinstance(crs, dict):
        return Reference("none: the file says that it is unknown", is_geographic=False)
    properties = crs.get("properties")
    told = properties if isinstance(properties, dict) else {}
    name = str(told.get("name") or told.get("href") or told.get("code") or crs.get("type") or "not named")
    if "CRS84" in name.upper():
        return WGS84
    code = _CODE.search(name)
    if code is None and str(crs.get("type")).upper() == "EPSG" and name.isdigit():
        return of_code(int(name))
    return Reference(visible(name, limit=NAME_CHARS), is_geographic=None) if code is None else of_code(int(code[1]))


def of_wkt(text: str) -> Reference | None:
    """Return the reference system of a text of WKT 1 or 2, as of a `.prj` (OGC 18-010r7); None where there is none."""
    text = text.strip("\ufeff\0 \t\r\n")
    found = _WKT.match(text)
    if found is None and (not text or not text.isprintable()):
        return None
    if found is None:
        return Reference(visible(text, limit=NAME_CHARS), is_geographic=None)
    codes = list(_WKT_CODES.finditer(text))
    is_last = bool(codes) and not text[codes[-1].end() :].strip("]) \t\r\n")  # else the code is that of a part
    kind = found[1].upper()
    is_geographic = kind in ("GEOGCS", "GEOGCRS", "GEODCRS", "GEODETICCRS", "GEOGRAPHICCRS")
    name = visible(found[2].replace("_", " "), limit=NAME_CHARS)
    if not is_last:
        known = _code_of_esri(found[2])
        return (
            Reference(name, is_geographic, definition=text[:DEFINITION_CHARS])
            if known is None
            else Reference(f"EPSG:{known}, {name}", is_geographic, known)
        )
    code = int(codes[-1][1])
    return Reference(f"EPSG:{code}, {name}", is_geographic and code not in GEOCENTRIC, code)


def _code_of_esri(name: str) -> int | None:
    """Return the EPSG code of a name that Esri's programs write, and GDAL after them; None for an unknown name."""
    zone = _ESRI_UTM.fullmatch(name)
    if zone is None:
        return ESRI.get(name)
    first, number, is_south = zone[1], int(zone[2]), zone[3] == "S"
    if first == "WGS_1984" and 1 <= number <= 60:
        return (32700 if is_south else 32600) + number
    if is_south or not (28 <= number <= 38 if first == "ETRS_1989" else 1 <= number <= 23):
        return None
    return (25800 if first == "ETRS_1989" else 26900) + number


def of_projjson(told: Any) -> Reference | None:
    """Return the reference system of a PROJJSON object, as in GeoParquet; None for anything else."""
    if not isinstance(told, dict) or not isinstance(told.get("type"), str):
        return None
    if told["type"] == "BoundCRS":
        return of_projjson(told.get("source_crs"))
    name = visible(str(told.get("name") or "not named"), limit=NAME_CHARS)
    kind, axes = told["type"], told.get("coordinate_system")
    is_geographic = kind == "GeographicCRS" or (
        kind == "GeodeticCRS" and isinstance(axes, dict) and axes.get("subtype") == "ellipsoidal"
    )
    own = told.get("id")
    if isinstance(own, dict):
        code = own.get("code")
        if str(own.get("authority")).upper() == "OGC" and "CRS84" in str(code).upper():
            return WGS84
        if str(own.get("authority")).upper() == "EPSG" and str(code).isdigit():
            return Reference(f"EPSG:{code}, {name}", is_geographic, int(str(code)[:9]))
    return Reference(name, is_geographic)
