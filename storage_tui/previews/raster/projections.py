"""From metres to degrees for the two most common projections of rasters: UTM and Web Mercator, both on WGS 84."""

import math

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
UTM_SCALE = 0.9996
UTM_EAST_M = 500_000.0
UTM_SOUTH_M = 10_000_000.0  # added to the northings of the southern zones
WEB_MERCATOR = 3857

_N = FLATTENING / (2 - FLATTENING)
_RADIUS_M = SEMI_MAJOR_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_BETA = (_N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96, _N**2 / 48 + _N**3 / 15, 17 * _N**3 / 480)
_DELTA = (2 * _N - 2 * _N**2 / 3 - 2 * _N**3, 7 * _N**2 / 3 - 8 * _N**3 / 5, 56 * _N**3 / 15)

Bounds = tuple[float, float, float, float]


def degrees_of_bounds(epsg: int, bounds: Bounds) -> Bounds | None:
    """Return west, south, east and north in degrees around projected bounds; None for an unknown projection.

    The degrees are those of the corners, so the edges of a large raster may lie a little outside of them.
    """
    west, south, east, north = bounds
    corners = [to_degrees(epsg, x, y) for x in (west, east) for y in (south, north)]
    known = [corner for corner in corners if corner is not None]
    if len(known) < len(corners):
        return None
    xs, ys = [x for x, _ in known], [y for _, y in known]
    return min(xs), min(ys), max(xs), max(ys)


def to_degrees(epsg: int, x: float, y: float) -> tuple[float, float] | None:
    """Return longitude and latitude of a point; None for an unknown projection or a point far outside it."""
    if epsg == WEB_MERCATOR and abs(x) < 2.1e7 and abs(y) < 4e7:
        return math.degrees(x / SEMI_MAJOR_M), math.degrees(math.atan(math.sinh(y / SEMI_MAJOR_M)))
    zone, is_south = epsg % 100, 32701 <= epsg <= 32760
    if not (32601 <= epsg <= 32660 or is_south) or abs(x - UTM_EAST_M) > 1e6 or abs(y) > 1.1e7:
        return None
    return _from_utm(zone, x, y - UTM_SOUTH_M if is_south else y)


def _from_utm(zone: int, x: float, y: float) -> tuple[float, float]:
    """Return longitude and latitude by Krüger's series (1912), exact to a millimetre within the zone."""
    along, across = y / (UTM_SCALE * _RADIUS_M), (x - UTM_EAST_M) / (UTM_SCALE * _RADIUS_M)
    xi, eta = along, across
    for order, factor in enumerate(_BETA, 1):
        xi -= factor * math.sin(2 * order * along) * math.cosh(2 * order * across)
        eta -= factor * math.cos(2 * order * along) * math.sinh(2 * order * across)
    conformal = math.asin(math.sin(xi) / math.cosh(eta))
    latitude = conformal + sum(factor * math.sin(2 * order * conformal) for order, factor in enumerate(_DELTA, 1))
    longitude = math.radians(zone * 6 - 183) + math.atan2(math.sinh(eta), math.cos(xi))
    return math.degrees(longitude), math.degrees(latitude)
