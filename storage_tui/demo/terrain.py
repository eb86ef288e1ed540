"""A landscape made from octaves of noise, the same in every run: heights, shaded relief, vegetation."""

import random
import struct
from dataclasses import dataclass
from itertools import pairwise

from PIL import Image, ImageDraw, ImageMath

SIDE = 1024  # pixels of the landscape
PIXEL_M = 10  # metres on the ground
SEED = 20240712
NODATA = -32768

Ramp = tuple[tuple[int, tuple[int, int, int]], ...]  # colours by their positions from 0 to 255

RELIEF = ((0, (38, 70, 83)), (40, (61, 110, 78)), (90, (118, 148, 84)), (140, (190, 174, 110)), (190, (150, 118, 90)),
          (230, (205, 200, 195)), (255, (250, 250, 250)))  # fmt: skip
VEGETATION = ((0, (120, 84, 50)), (60, (190, 160, 100)), (110, (225, 220, 140)), (160, (140, 190, 80)),
              (210, (50, 140, 50)), (255, (0, 80, 30)))  # fmt: skip


@dataclass(frozen=True)
class Landscape:
    """Pictures of floats, SIDE x SIDE: heights in metres above the sea, vegetation index from -1 to 1, light from 0 to
    1."""

    heights: Image.Image
    vegetation: Image.Image
    light: Image.Image


def make_landscape() -> Landscape:
    """Return the landscape; all files of the demo show parts of it."""
    chance = random.Random(SEED)
    rough = _noise(chance, octaves=7, first=3, fading=0.5)
    heights = ImageMath.lambda_eval(
        lambda args: args["float"](args["z"] * args["z"] * 2600 + args["z"] * 400 + 120), z=rough
    )
    moisture = _noise(chance, octaves=6, first=4, fading=0.62)
    vegetation = ImageMath.lambda_eval(
        lambda args: args["max"](args["min"](args["m"] * 1.15 - args["z"] / 4200 + 0.05, 0.95), -0.15),
        m=moisture, z=heights,
    )  # fmt: skip
    return Landscape(heights, vegetation, _shade(heights))


def colored(
    values: Image.Image, low: float, high: float, ramp: tuple[tuple[int, tuple[int, int, int]], ...]
) -> Image.Image:
    """Return a picture with the values as colours of a ramp."""
    scale = 255 / (high - low)
    bytes_ = values.point(lambda value: value * scale + (-low * scale)).convert("L")
    bytes_.putpalette(_palette(ramp))
    return bytes_.convert("RGB")


def relief(landscape: Landscape) -> Image.Image:
    """Return the heights in colours, lit from the north-west."""
    return _lit(colored(landscape.heights, 120, 2400, RELIEF), landscape.light)


def vegetation_map(landscape: Landscape) -> Image.Image:
    """Return the vegetation index in its usual colours."""
    return colored(landscape.vegetation, -0.1, 0.9, VEGETATION)


def true_color(landscape: Landscape) -> Image.Image:
    """Return the view of a satellite: vegetation colours, darker, under the same light."""
    ground = colored(
        landscape.vegetation, -0.2, 0.9, ((0, (150, 130, 110)), (120, (120, 118, 80)), (255, (34, 68, 40)))
    )
    return _lit(ground, landscape.light)


def int16(values: Image.Image, *, scale: float = 1, footprint: bool = False) -> Image.Image:
    """Return floats as whole numbers in a picture of 32-bit integers; with `footprint`, NODATA outside a tilted
    scene."""
    whole = values.point(lambda value: value * scale + 0.0).convert("I")
    if footprint:
        width, height = whole.size
        mask = Image.new("L", whole.size, 255)
        corners = [(width * 0.14, 0), (width, height * 0.1), (width * 0.86, height), (0, height * 0.9)]
        ImageDraw.Draw(mask).polygon(corners, fill=0)
        whole.paste(NODATA, mask=mask)
    return whole


def int16_bytes(whole: Image.Image) -> bytes:
    """Return the low two bytes of every pixel of a picture of 32-bit integers, little-endian."""
    raw = whole.tobytes()
    packed = bytearray(len(raw) // 2)
    packed[0::2], packed[1::2] = raw[0::4], raw[1::4]
    return bytes(packed)


def _noise(chance: random.Random, *, octaves: int, first: int, fading: float) -> Image.Image:
    """Return noise with values from about 0 to 1."""
    total = Image.new("F", (SIDE, SIDE), 0)
    weight = 1.0
    for octave in range(octaves):
        count = first * 2**octave + 1
        grid = struct.pack(f"={count * count}f", *(chance.random() * weight for _ in range(count * count)))
        layer = Image.frombytes("F", (count, count), grid).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        total = ImageMath.lambda_eval(lambda args: args["a"] + args["b"], a=total, b=layer)
        weight *= fading
    low, high = total.getextrema()
    assert isinstance(low, float) and isinstance(high, float)
    return total.point(lambda value: value * (1 / (high - low)) + (-low / (high - low)))


def _shade(heights: Image.Image) -> Image.Image:
    """Return how much light falls on each slope, from the height differences of neighbours (Horn, 1981, shortened)."""
    east = heights.transform(heights.size, Image.Transform.AFFINE, (1, 0, 1, 0, 1, 0))
    south = heights.transform(heights.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, 1))
    light: Image.Image = ImageMath.lambda_eval(
        lambda args: args["max"](args["min"](0.72 + (args["e"] + args["s"] - args["z"] * 2) / 28.0, 1.0), 0.25),
        z=heights, e=east, s=south,
    )  # fmt: skip
    return light.crop((0, 0, SIDE - 1, SIDE - 1)).resize((SIDE, SIDE))


def _lit(picture: Image.Image, light: Image.Image) -> Image.Image:
    shade = light.point(lambda value: value * 255 + 0.0).convert("L")
    return Image.composite(picture, Image.new("RGB", picture.size, (18, 22, 34)), shade)


def _palette(ramp: Ramp) -> list[int]:
    entries: list[int] = []
    for (start, first), (stop, last) in pairwise(ramp):
        for at in range(start, stop):
            share = (at - start) / (stop - start)
            entries += [round(a + (b - a) * share) for a, b in zip(first, last, strict=True)]
    return [*entries, *ramp[-1][1]]
