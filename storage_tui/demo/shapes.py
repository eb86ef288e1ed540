"""Regions, fields, rivers and sites in a made-up valley at the foot of a made-up range."""

import json
import math
import random
from typing import Any

WEST, NORTH = -120.62, 37.18  # the landscape's corner in degrees
DEGREES = 0.115  # the length of its side, about ten kilometres
CROPS = ("almond", "alfalfa", "tomato", "maize", "fallow", "wheat", "vineyard")
TRACKS = ((-120, 37), (-64, -31), (-57, -8), (4, 46), (18, -28), (33, 1), (77, 23), (116, 34), (134, -25), (145, -36),
          (-100, 49), (31, 50))  # fmt: skip

Position = tuple[float, float]


def regions() -> bytes:
    """Return eight large regions around the valley, with irregular edges."""
    chance = random.Random(8)
    names = (
        "Río Seco",
        "Monte Alto",
        "Lower Valley",
        "Eagle Ridge",
        "Salt Flats",
        "Three Lakes",
        "North Fork",
        "Old Mill",
    )
    features = []
    for index, name in enumerate(names):
        x = WEST + 0.3 + (index % 4) * 0.62 + chance.uniform(-0.08, 0.08)
        y = NORTH - 0.2 - (index // 4) * 0.55 + chance.uniform(-0.08, 0.08)
        ring = _outline(chance, (x, y), 0.3, 64)
        properties = {"name": name, "region_id": f"R{index + 1:02}", "crop_share": round(chance.random(), 3)}
        features.append(_feature("Polygon", [ring], properties))
    features[5]["geometry"]["coordinates"].append(_outline(chance, _center(features[5]), 0.09, 24))
    return _collection(features)


def footprints() -> bytes:
    """Return the footprints of scenes around the world: tilted squares in rows along the tracks of a satellite."""
    chance = random.Random(12)
    features = []
    for track, (x, y) in enumerate(TRACKS):
        for row in range(4):
            west, south = x - row * 0.6 + chance.uniform(-0.1, 0.1), y - row * 2.4
            ring = [_round(west + dx, south + dy) for dx, dy in ((0, 0), (3.4, -0.6), (2.8, -3), (-0.6, -2.4), (0, 0))]
            properties = {"scene": f"T{track:02}{row}", "cloud": round(chance.random(), 2)}
            features.append(_feature("Polygon", [ring], properties))
    return _collection(features)


def fields() -> bytes:
    """Return a patchwork of fields: rectangles in rows along a road."""
    chance = random.Random(60)
    features = []
    tilt = math.radians(11)
    for index in range(84):
        row, column = divmod(index, 12)
        x, y = column * 0.0082, -row * 0.0094
        width, height = 0.0072 * chance.uniform(0.5, 1), 0.0082 * chance.uniform(0.6, 1)
        corners = [(x, y), (x + width, y), (x + width, y - height), (x, y - height), (x, y)]
        ring = [
            _round(WEST + a * math.cos(tilt) - b * math.sin(tilt), NORTH + a * math.sin(tilt) + b) for a, b in corners
        ]
        crop = chance.choice(CROPS)
        ndvi = round(chance.uniform(0.1, 0.25) if crop == "fallow" else chance.uniform(0.35, 0.85), 3)
        features.append(_feature("Polygon", [ring], {"field_id": f"F{index + 1:03}", "crop": crop, "ndvi": ndvi}))
    return _collection(features)


def rivers() -> bytes:
    """Return two rivers that meet, and the gauges on them."""
    chance = random.Random(3)
    features: list[dict[str, Any]] = []
    for start, end in (((-0.1, 0.1), (0.5, -0.4)), ((0.9, 0.2), (0.5, -0.4)), ((0.5, -0.4), (0.7, -1.1))):
        path = []
        for step in range(60):
            share = step / 59
            wave = 0.035 * math.sin(share * 19) + 0.012 * math.sin(share * 53) + chance.uniform(-0.004, 0.004)
            x, y = (start[i] + (end[i] - start[i]) * share for i in (0, 1))
            path.append(_round(WEST + x + wave * (share * (1 - share)) * 4, NORTH + y + wave * share * (1 - share) * 4))
        features.append(_feature("LineString", path, {"name": f"reach {len(features) + 1}"}))
    gauges = [_feature("Point", features[i]["geometry"]["coordinates"][at], {"gauge": f"G{i}{at}"})
              for i in range(3) for at in (8, 30, 52)]  # fmt: skip
    return _collection(features + gauges)


def sites() -> bytes:
    """Return sampling plots as well-known text, one on each line."""
    chance = random.Random(5)
    lines = []
    for _ in range(12):
        x, y = WEST + chance.uniform(0, DEGREES), NORTH - chance.uniform(0, DEGREES)
        corners = ", ".join(f"{a:.5f} {b:.5f}" for a, b in _outline(chance, (x, y), 0.004, 9))
        lines.append(f"SRID=4326;POLYGON (({corners}))")
    return ("\n".join(lines) + "\n").encode()


def _outline(chance: random.Random, center: Position, radius: float, count: int) -> list[Position]:
    waves = [(chance.uniform(0.12, 0.3) / part, part, chance.uniform(0, 6.28)) for part in (2, 3, 5, 9, 14)]
    ring = []
    for step in range(count):
        angle = 2 * math.pi * step / count
        reach = radius * (1 + sum(size * math.sin(part * angle + phase) for size, part, phase in waves))
        ring.append(_round(center[0] + reach * math.cos(angle), center[1] + reach * 0.8 * math.sin(angle)))
    return [*ring, ring[0]]


def _center(feature: dict[str, Any]) -> Position:
    ring = feature["geometry"]["coordinates"][0]
    return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)


def _round(x: float, y: float) -> Position:
    return round(x, 5), round(y, 5)


def _feature(kind: str, coordinates: object, properties: dict[str, object]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _collection(features: list[dict[str, Any]]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
