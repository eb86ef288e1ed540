"""The distance of two places along the ellipsoid WGS 84 (Vincenty, Survey Review XXIII, 1975), and the area of a ring.

Places on nearly opposite sides of the earth, where Vincenty's rounds do not end, are measured on the sphere of the same
surface; the error there is half a percent at most.
"""

import math

from storage_tui.previews.projections import RADIUS_M, WGS84_F
from storage_tui.previews.vector.rings import EARTH_RADIUS_M

ROUNDS = 100
NEAR = 1e-12  # radians: a thousandth of a millimetre


def distance_m(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return metres between two places in degrees of longitude and latitude."""
    a, b = RADIUS_M, RADIUS_M * (1 - WGS84_F)
    u1 = math.atan((1 - WGS84_F) * math.tan(math.radians(first[1])))
    u2 = math.atan((1 - WGS84_F) * math.tan(math.radians(second[1])))
    across = math.radians((second[0] - first[0] + 180) % 360 - 180)
    sin1, cos1, sin2, cos2 = math.sin(u1), math.cos(u1), math.sin(u2), math.cos(u2)
    turn = across
    for _ in range(ROUNDS):
        sine, cosine = math.sin(turn), math.cos(turn)
        sigma_sin = math.hypot(cos2 * sine, cos1 * sin2 - sin1 * cos2 * cosine)
        if sigma_sin == 0:
            return 0.0
        sigma_cos = sin1 * sin2 + cos1 * cos2 * cosine
        sigma = math.atan2(sigma_sin, sigma_cos)
        alpha_sin = cos1 * cos2 * sine / sigma_sin
        square = 1 - alpha_sin**2
        middle = sigma_cos - 2 * sin1 * sin2 / square if square > 1e-15 else 0.0
        c = WGS84_F / 16 * square * (4 + WGS84_F * (4 - 3 * square))
        before = turn
        turn = across + (1 - c) * WGS84_F * alpha_sin * (
            sigma + c * sigma_sin * (middle + c * sigma_cos * (2 * middle**2 - 1))
        )
        if abs(turn - before) < NEAR:
            break
    else:
        return _on_sphere(first, second)
    u = square * (a * a - b * b) / (b * b)
    big_a = 1 + u / 16384 * (4096 + u * (-768 + u * (320 - 175 * u)))
    big_b = u / 1024 * (256 + u * (-128 + u * (74 - 47 * u)))
    correction = big_b * sigma_sin * (
        middle + big_b / 4 * (
            sigma_cos * (2 * middle**2 - 1)
            - big_b / 6 * middle * (4 * sigma_sin**2 - 3) * (4 * middle**2 - 3)
        )
    )  # fmt: skip
    return b * big_a * (sigma - correction)


def distance_text(metres: float) -> str:
    """Return a distance in the unit that fits it: to a decimetre below a kilometre, else to a metre or more."""
    if metres < 1000:
        return f"{metres:,.1f} m"
    return f"{metres / 1000:,.3f} km" if metres < 1e5 else f"{metres / 1000:,.1f} km"


def _on_sphere(first: tuple[float, float], second: tuple[float, float]) -> float:
    up1, up2 = math.radians(first[1]), math.radians(second[1])
    across = math.radians(second[0] - first[0])
    half = math.sin((up2 - up1) / 2) ** 2 + math.cos(up1) * math.cos(up2) * math.sin(across / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))
