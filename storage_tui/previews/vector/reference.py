"""The reference system that a file of shapes names: whether its coordinates are degrees."""

import re
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.visible import visible

NAME_CHARS = 60
GEOCENTRIC = frozenset((4328, 4936, 4978, 4984, 4988))  # metres from the centre of the earth, among codes of degrees

_CODE = re.compile(r"(?i)\bEPSG\b\D*?(?:[:/][\d.]*)?[:/](\d{3,6})$")


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of a reference system, and whether its coordinates are degrees; None when this is not known."""

    name: str
    is_geographic: bool | None


WGS84 = Reference("WGS 84", is_geographic=True)


def of_code(code: int) -> Reference:
    """Return the reference system of an EPSG code. The codes from 4000 to 4999 are geographic, but for a few."""
    return Reference(f"EPSG:{code}", 4000 <= code <= 4999 and code not in GEOCENTRIC)


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
