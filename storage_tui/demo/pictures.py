"""Pictures as files, and a pyramid of map tiles."""

import io
from collections.abc import Iterator

from PIL import Image, ImageDraw

from storage_tui.demo.terrain import VEGETATION, Landscape, colored

TILE = 64  # pixels: small, so that hundreds of tiles take a tenth of a second
DEEPEST = 4  # zoom level; 341 tiles in all


def encode(picture: Image.Image, kind: str, **options: object) -> bytes:
    """Return the bytes of a picture file."""
    output = io.BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


def tiles(picture: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield `z/x/y.png` and the tile, for every zoom level."""
    for zoom in range(DEEPEST + 1):
        side = 2**zoom
        level = picture.resize((side * TILE, side * TILE), Image.Resampling.BOX).quantize(64)
        for x in range(side):
            for y in range(side):
                box = (x * TILE, y * TILE, (x + 1) * TILE, (y + 1) * TILE)
                yield f"{zoom}/{x}/{y}.png", encode(level.crop(box), "PNG", compress_level=1)


def seasons(landscape: Landscape) -> bytes:
    """Return an animated GIF: the vegetation turns green and fades."""
    small = landscape.vegetation.resize((160, 160), Image.Resampling.BOX)
    frames = [colored(small, -0.1 + 0.06 * step, 1.0 + 0.1 * step, VEGETATION) for step in (4, 3, 2, 1, 0, 1, 2, 3)]
    return encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200, loop=0)


def legend() -> bytes:
    """Return a legend with a transparent background, as WebP."""
    picture = Image.new("RGBA", (180, 40), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    ramp = Image.new("F", (160, 1))
    ramp.putdata([x / 160 for x in range(160)])
    picture.paste(colored(ramp.resize((160, 16)), 0, 1, VEGETATION), (10, 4))
    draw.text((10, 24), "bare", fill=(255, 255, 255, 255))
    draw.text((138, 24), "dense", fill=(255, 255, 255, 255))
    return encode(picture, "WEBP", lossless=True)
