"""Projected coordinates to degrees and back, for the reference systems of most files of shapes and rasters.

UTM by Krüger's series to the sixth order in n (Karney, Transverse Mercator with an accuracy of a few nanometers, 2011),
the others by Snyder (Map Projections: A Working Manual, USGS 1395, 1987): Albers 14, Lambert azimuthal equal-area 24,
polar stereographic 21, sinusoidal 30. Degrees are those of the datum of the system: between WGS 84, NAD83 and ETRS89
they differ by a metre or two.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

Pair = tuple[float, float]
Bounds = tuple[float, float, float, float]

WGS84_F, GRS80_F = 1 / 298.257223563, 1 / 298.257222101
RADIUS_M = 6_378_137.0  # of both ellipsoids, at the equator
MODIS_RADIUS_M = 6_371_007.181  # the sphere of its sinusoidal grid
UTM_SCALE, UTM_EAST_M, UTM_SOUTH_M = 0.9996, 500_000.0, 10_000_000.0
MOST_M = 4e7  # once around the earth
ROUNDS = 8  # of a latitude from its sums: each one adds two digits at least
EDGE_STEPS = 16  # along each side of a box, which are curves in the other coordinates
SINUSOIDAL = "sinusoidal"
WEB_MERCATORS = (3857, 3785, 900913, 102100)  # the codes that programs have given it
POLAR = {3413: (70.0, -45.0), 3995: (71.0, 0.0), 3996: (75.0, 0.0), 3031: (-71.0, 0.0), 3976: (-70.0, 0.0)}
"""Polar stereographic systems on WGS 84: the latitude that is true to scale, and the meridian."""

_METHOD = re.compile(r'(?i)(?:PROJECTION|METHOD)\s*[\[(]\s*"([^"]{1,60})"')
_SPHERE = re.compile(r'(?i)(?:SPHEROID|ELLIPSOID)\s*[\[(]\s*"[^"]{0,80}"\s*,\s*([\d.]{1,20})\s*,\s*([\d.]{1,20})')
_MERIDIAN = re.compile(
    r'(?i)"(?:central_meridian|longitude of natural origin|longitude_of_center)"\s*,\s*(-?[\d.]{1,20})'
)
_SHIFTS = re.compile(r'(?i)"(?:false[_ ]easting|false[_ ]northing)"\s*,\s*(-?[\d.]{1,20})')


@dataclass(frozen=True, slots=True)
class Projection:
    """One reference system: from x and y in metres to longitude and latitude in degrees, and back.

    Both raise ValueError, ZeroDivisionError or OverflowError, which the methods below turn into None,
    for a place where the projection has none.
    """

    inverse: Callable[[float, float], Pair]
    forward: Callable[[float, float], Pair]

    def to_degrees(self, x: float, y: float) -> Pair | None:
        """Return longitude and latitude; None outside of the projection."""
        if not (abs(x) <= MOST_M and abs(y) <= MOST_M):
            return None
        return _finite(self.inverse, x, y)

    def to_plane(self, longitude: float, latitude: float) -> Pair | None:
        """Return x and y; None where the projection has no such place."""
        if not (abs(longitude) <= 540 and abs(latitude) <= 90):
            return None
        return _finite(self.forward, longitude, latitude)

    def degrees_of_box(self, box: Bounds) -> Bounds | None:
        """Return west, south, east and north of a box in metres, by points along its sides and in its middle."""
        return _box_of(self.to_degrees, box, turns=True)

    def plane_of_box(self, box: Bounds) -> Bounds | None:
        """Return least x, least y, most x and most y of a box in degrees, by points along its sides and inside."""
        return _box_of(self.to_plane, box, turns=False)


def to_degrees(epsg: int, x: float, y: float) -> Pair | None:
    """Return longitude and latitude of a place; None for a system that is not known here, or a place outside of it."""
    projection = projection_of_code(epsg)
    return None if projection is None else projection.to_degrees(x, y)


def degrees_of_bounds(epsg: int, bounds: Bounds) -> Bounds | None:
    """Return west, south, east and north in degrees around projected bounds, as `degrees_of_box`; None for an unknown
    system."""
    projection = projection_of_code(epsg)
    return None if projection is None else projection.degrees_of_box(bounds)


@cache
def projection_of_code(epsg: int) -> Projection | None:
    """Return the projection of an EPSG code; None where it is not known here."""
    zone = epsg % 100
    if 32601 <= epsg <= 32660 or 32701 <= epsg <= 32760:
        return _utm(zone, WGS84_F, is_south=epsg > 32700)
    if 26901 <= epsg <= 26923 or 25828 <= epsg <= 25838:
        return _utm(zone, GRS80_F, is_south=False)
    if epsg in WEB_MERCATORS:
        return Projection(_from_web_mercator, _to_web_mercator)
    if epsg == 5070:
        return _albers(29.5, 45.5, 23.0, -96.0)
    if epsg == 3338:  # Alaska
        return _albers(55.0, 65.0, 50.0, -154.0)
    if epsg == 3035:
        return _azimuthal(GRS80_F, 52.0, 10.0, 4_321_000.0, 3_210_000.0)
    polar = POLAR.get(epsg)
    return None if polar is None else _stereographic(*polar)


@cache
def projection_of_text(definition: str) -> Projection | None:
    """Return the projection of a text of WKT without a code: the sinusoidal one on a sphere, as MODIS has it."""
    method = _METHOD.search(definition)
    if method is None or method[1].lower() != SINUSOIDAL:
        return None
    sphere, meridian = _SPHERE.search(definition), _MERIDIAN.search(definition)
    shifts = [float(found) for found in _SHIFTS.findall(definition)]
    try:
        radius = MODIS_RADIUS_M if sphere is None else float(sphere[1])
        if (sphere is not None and float(sphere[2])) or any(shifts) or not 6.3e6 < radius < 6.4e6:
            return None
        return sinusoidal(radius, 0.0 if meridian is None else float(meridian[1]))
    except ValueError:
        return None


def sinusoidal(radius: float = MODIS_RADIUS_M, meridian: float = 0.0) -> Projection:
    """Return the sinusoidal projection on a sphere."""

    def inverse(x: float, y: float) -> Pair:
        latitude = y / radius
        if abs(latitude) > math.pi / 2 + 1e-9:
            raise ValueError("beyond a pole")
        across = math.cos(latitude)
        longitude = math.degrees(x / (radius * across)) if across > 1e-12 else 0.0
        if abs(longitude) > 180 + 1e-6:
            raise ValueError("beside the earth")
        return meridian + longitude, math.degrees(latitude)

    def forward(longitude: float, latitude: float) -> Pair:
        phi = math.radians(latitude)
        return radius * math.radians(_around(longitude - meridian)) * math.cos(phi), radius * phi

    return Projection(inverse, forward)


def _utm(zone: int, flattening: float, *, is_south: bool) -> Projection:
    n = flattening / (2 - flattening)
    radius = UTM_SCALE * RADIUS_M / (1 + n) * (1 + n**2 / 4 + n**4 / 64 + n**6 / 256)
    alphas = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16 + 41 * n**4 / 180 - 127 * n**5 / 288 + 7891 * n**6 / 37800,
        13 * n**2 / 48 - 3 * n**3 / 5 + 557 * n**4 / 1440 + 281 * n**5 / 630 - 1983433 * n**6 / 1935360,
        61 * n**3 / 240 - 103 * n**4 / 140 + 15061 * n**5 / 26880 + 167603 * n**6 / 181440,
        49561 * n**4 / 161280 - 179 * n**5 / 168 + 6601661 * n**6 / 7257600,
        34729 * n**5 / 80640 - 3418889 * n**6 / 1995840,
        212378941 * n**6 / 319334400,
    )
    betas = (
        n / 2 - 2 * n**2 / 3 + 37 * n**3 / 96 - n**4 / 360 - 81 * n**5 / 512 + 96199 * n**6 / 604800,
        n**2 / 48 + n**3 / 15 - 437 * n**4 / 1440 + 46 * n**5 / 105 - 1118711 * n**6 / 3870720,
        17 * n**3 / 480 - 37 * n**4 / 840 - 209 * n**5 / 4480 + 5569 * n**6 / 90720,
        4397 * n**4 / 161280 - 11 * n**5 / 504 - 830251 * n**6 / 7257600,
        4583 * n**5 / 161280 - 108847 * n**6 / 3991680,
        20648693 * n**6 / 638668800,
    )
    e = math.sqrt(flattening * (2 - flattening))
    meridian, south = zone * 6 - 183, UTM_SOUTH_M if is_south else 0.0

    def inverse(x: float, y: float) -> Pair:
        if abs(x - UTM_EAST_M) > 4e6:
            raise ValueError("too far from its zone")
        xi, eta = (y - south) / radius, (x - UTM_EAST_M) / radius
        up, across = xi, eta
        for order, factor in enumerate(betas, 1):
            up -= factor * math.sin(2 * order * xi) * math.cosh(2 * order * eta)
            across -= factor * math.cos(2 * order * xi) * math.sinh(2 * order * eta)
        sinh, cos = math.sinh(across), math.cos(up)
        longitude = math.degrees(math.atan2(sinh, cos))
        return _around(meridian + longitude), math.degrees(_geographic(math.sin(up) / math.hypot(sinh, cos), e))

    def forward(longitude: float, latitude: float) -> Pair:
        away = math.radians(_around(longitude - meridian))
        if abs(away) > 0.8:
            raise ValueError("too far from its zone")
        tangent = _conformal(math.radians(latitude), e)
        up, across = (
            math.atan2(tangent, math.cos(away)),
            math.asinh(math.sin(away) / math.hypot(tangent, math.cos(away))),
        )
        xi, eta = up, across
        for order, factor in enumerate(alphas, 1):
            xi += factor * math.sin(2 * order * up) * math.cosh(2 * order * across)
            eta += factor * math.cos(2 * order * up) * math.sinh(2 * order * across)
        return UTM_EAST_M + radius * eta, south + radius * xi

    return Projection(inverse, forward)


def _conformal(phi: float, e: float) -> float:
    """Return the tangent of the conformal latitude (Karney, 7 to 9)."""
    tangent = math.tan(phi)
    sigma = math.sinh(e * math.atanh(e * tangent / math.hypot(1.0, tangent)))
    return tangent * math.hypot(1.0, sigma) - sigma * math.hypot(1.0, tangent)


def _geographic(wanted: float, e: float) -> float:
    """Return the latitude of which `wanted` is the tangent of the conformal latitude, by Newton (Karney, 19 to 21)."""
    tangent = wanted / (1 - e * e)
    for _ in range(ROUNDS):
        now = math.tan(math.atan(tangent))
        got = _conformal(math.atan(now), e)
        step = (
            (wanted - got) / math.hypot(1.0, got) * (1 + (1 - e * e) * now * now) / ((1 - e * e) * math.hypot(1.0, now))
        )
        tangent = now + step
        if abs(step) <= 1e-14 * max(1.0, abs(tangent)):
            break
    return math.atan(tangent)


def _from_web_mercator(x: float, y: float) -> Pair:
    return math.degrees(x / RADIUS_M), math.degrees(math.atan(math.sinh(y / RADIUS_M)))


def _to_web_mercator(longitude: float, latitude: float) -> Pair:
    if abs(latitude) > 89.999:
        raise ValueError("at a pole")
    return math.radians(longitude) * RADIUS_M, math.asinh(math.tan(math.radians(latitude))) * RADIUS_M


def _area_term(sine: float, e: float) -> float:
    """Return q of Snyder, 3-12."""
    return (1 - e * e) * (sine / (1 - (e * sine) ** 2) + math.atanh(e * sine) / e)


def _latitude_of_area(q: float, e: float) -> float:
    """Return the latitude of a q, by Snyder, 3-16."""
    most = _area_term(1.0, e)
    if abs(q) > most * (1 + 1e-9):
        raise ValueError("beyond a pole")
    if abs(q) >= most * (1 - 1e-13):
        return math.copysign(math.pi / 2, q)
    phi = math.asin(max(-1.0, min(1.0, q / most)))
    for _ in range(ROUNDS):
        sine, square = math.sin(phi), 1 - (e * math.sin(phi)) ** 2
        step = square * square / (2 * math.cos(phi)) * (q / (1 - e * e) - sine / square - math.atanh(e * sine) / e)
        phi += step
        if abs(step) < 1e-14:
            break
    return phi


def _albers(first: float, second: float, latitude: float, meridian: float) -> Projection:
    e = math.sqrt(GRS80_F * (2 - GRS80_F))

    def ring(phi: float) -> float:
        return math.cos(phi) / math.sqrt(1 - (e * math.sin(phi)) ** 2)

    phi1, phi2, phi0 = math.radians(first), math.radians(second), math.radians(latitude)
    q1, q2, q0 = (_area_term(math.sin(phi), e) for phi in (phi1, phi2, phi0))
    n = (ring(phi1) ** 2 - ring(phi2) ** 2) / (q2 - q1)
    c = ring(phi1) ** 2 + n * q1
    rho0 = RADIUS_M * math.sqrt(c - n * q0) / n

    def inverse(x: float, y: float) -> Pair:
        rho, theta = math.hypot(x, rho0 - y), math.atan2(x, rho0 - y)
        phi = _latitude_of_area((c - (rho * n / RADIUS_M) ** 2) / n, e)
        return _around(meridian + math.degrees(theta / n)), math.degrees(phi)

    def forward(longitude: float, latitude: float) -> Pair:
        rho = RADIUS_M * math.sqrt(c - n * _area_term(math.sin(math.radians(latitude)), e)) / n
        theta = n * math.radians(_around(longitude - meridian))
        return rho * math.sin(theta), rho0 - rho * math.cos(theta)

    return Projection(inverse, forward)


def _azimuthal(flattening: float, latitude: float, meridian: float, east: float, north: float) -> Projection:
    e = math.sqrt(flattening * (2 - flattening))
    q_pole, phi0 = _area_term(1.0, e), math.radians(latitude)
    beta0 = math.asin(_area_term(math.sin(phi0), e) / q_pole)
    radius = RADIUS_M * math.sqrt(q_pole / 2)
    d = RADIUS_M * math.cos(phi0) / math.sqrt(1 - (e * math.sin(phi0)) ** 2) / (radius * math.cos(beta0))

    def inverse(x: float, y: float) -> Pair:
        across, up = (x - east) / d, (y - north) * d
        rho = math.hypot(across, up)
        if rho > 2 * radius:
            raise ValueError("beyond the other side of the earth")
        if rho < 1e-9:
            return meridian, latitude
        angle = 2 * math.asin(rho / (2 * radius))
        sine = math.cos(angle) * math.sin(beta0) + up * math.sin(angle) * math.cos(beta0) / rho
        theta = math.atan2(
            across * math.sin(angle),
            rho * math.cos(beta0) * math.cos(angle) - up * math.sin(beta0) * math.sin(angle),
        )
        return _around(meridian + math.degrees(theta)), math.degrees(_latitude_of_area(q_pole * sine, e))

    def forward(longitude: float, latitude: float) -> Pair:
        beta = math.asin(max(-1.0, min(1.0, _area_term(math.sin(math.radians(latitude)), e) / q_pole)))
        away = math.radians(_around(longitude - meridian))
        b = radius * math.sqrt(
            2 / (1 + math.sin(beta0) * math.sin(beta) + math.cos(beta0) * math.cos(beta) * math.cos(away))
        )
        up = math.cos(beta0) * math.sin(beta) - math.sin(beta0) * math.cos(beta) * math.cos(away)
        return east + b * d * math.cos(beta) * math.sin(away), north + b / d * up

    return Projection(inverse, forward)


def _stereographic(true_at: float, meridian: float) -> Projection:
    """Return a polar stereographic projection, true to scale at a latitude, whose sign says at which pole."""
    e, side = math.sqrt(WGS84_F * (2 - WGS84_F)), math.copysign(1.0, true_at)
    phi_true = abs(math.radians(true_at))
    scale = math.cos(phi_true) / math.sqrt(1 - (e * math.sin(phi_true)) ** 2)
    factor = RADIUS_M * scale / _isometric(phi_true, e)

    def inverse(x: float, y: float) -> Pair:
        rho = math.hypot(x, y)
        phi = _geographic(math.sinh(-math.log(rho / factor)), e) if rho > 1e-9 else math.pi / 2
        theta = math.atan2(x, -side * y) if rho > 1e-9 else 0.0
        return _around(meridian + math.degrees(theta)), side * math.degrees(phi)

    def forward(longitude: float, latitude: float) -> Pair:
        rho = factor * _isometric(side * math.radians(latitude), e)
        theta = math.radians(longitude - meridian)
        return rho * math.sin(theta), -side * rho * math.cos(theta)

    return Projection(inverse, forward)


def _isometric(phi: float, e: float) -> float:
    """Return t of Snyder, 15-9: zero at the pole of this side."""
    if phi >= math.pi / 2 - 1e-13:
        return 0.0
    if phi <= -math.pi / 2 + 1e-9:
        raise ValueError("the other pole")
    return math.exp(-math.asinh(_conformal(phi, e)))


def _around(longitude: float) -> float:
    """Return a longitude from -180 to 180."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180


def _finite(call: Callable[[float, float], Pair], x: float, y: float) -> Pair | None:
    try:
        found = call(x, y)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if math.isfinite(found[0]) and math.isfinite(found[1]) else None


def _box_of(call: Callable[[float, float], Pair | None], box: Bounds, *, turns: bool) -> Bounds | None:
    west, south, east, north = box
    shares = [at / EDGE_STEPS for at in range(EDGE_STEPS + 1)]
    places = [(west + (east - west) * across, south + (north - south) * up) for across in shares for up in shares]
    found = [pair for pair in (call(x, y) for x, y in places) if pair is not None]
    if not found:
        return None
    xs, ys = [x for x, _ in found], [y for _, y in found]
    if turns and max(xs) - min(xs) > 180:
        shifted = [x + 360 if x < 0 else x for x in xs]
        xs = shifted if max(shifted) - min(shifted) < 180 else [-180.0, 180.0]
    return min(xs), min(ys), max(xs), max(ys)
