"""Pictures of every mode and orientation look as in Pillow, over the backdrop where they are transparent."""

import io
from collections.abc import Iterator

import numpy
import pytest
from PIL import Image, ImageOps

from storage_tui.previews.decoding import pictures
from tests.previews.ranges import show

SIZE = (40, 24)
MODES = {"PNG": ("1", "L", "LA", "P", "RGB", "RGBA"), "JPEG": ("L", "RGB", "CMYK"), "WEBP": ("RGB", "RGBA"),
         "GIF": ("L", "P", "RGB", "RGBA"), "BMP": ("1", "L", "P", "RGB")}  # fmt: skip


def made(mode: str) -> Image.Image:
    """Slopes in all bands."""
    across, down = numpy.linspace(0, 255, SIZE[0])[None, :, None], numpy.linspace(0, 80, SIZE[1])[:, None, None]
    picture = Image.fromarray(((across * (1, 0.5, 0.2, 1) + down) % 256).astype("u1"), "RGBA")
    return picture.convert("RGB").quantize(16) if mode == "P" else picture.convert("RGB" if mode == "CMYK" else mode)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    """A file of it."""
    output = io.BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


def over_backdrop(picture: Image.Image) -> Image.Image:
    """The colours where it is opaque, the backdrop where it is not."""
    ground = Image.new("RGBA", picture.size, (*pictures.BACKDROP, 255))
    return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")


def cases() -> Iterator[tuple[str, bytes]]:
    """Files of each format: every mode, every orientation, and transparency of each kind."""
    for kind, modes in MODES.items():
        for mode in modes:
            picture = made(mode) if mode != "CMYK" else made(mode).convert("CMYK")
            for turn in range(1, 9) if kind in ("PNG", "JPEG", "WEBP") else (1,):
                exif = picture.getexif()
                exif[0x0112] = turn
                yield kind, encoded(picture, kind, **({"exif": exif} if turn > 1 else {}))
    cmyk = encoded(made("CMYK").convert("CMYK"), "JPEG")
    at = cmyk.index(b"\xff\xee")
    yield "JPEG", cmyk[:at] + cmyk[at + 2 + int.from_bytes(cmyk[at + 2 : at + 4], "big") :]  # without Adobe's marker
    for transparent in (0, 3, bytes(range(0, 256, 16))):
        yield "PNG", encoded(made("P"), "PNG", transparency=transparent)
    for mode in ("1", "L", "RGB"):
        yield "PNG", encoded(made(mode), "PNG", transparency=made(mode).getpixel((5, 5)) if mode != "1" else 0)
    yield "GIF", encoded(made("P"), "GIF", transparency=2)
    frames = [made("RGBA"), made("RGBA").rotate(180)]
    for kind in ("PNG", "WEBP", "GIF"):
        yield kind, encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    yield "PNG", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=True)


CASES = list(cases())


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_picture_looks_as_in_pillow(number: int) -> None:
    kind, content = CASES[number]
    with Image.open(io.BytesIO(content), formats=[kind]) as opened:
        expected = numpy.asarray(over_backdrop(ImageOps.exif_transpose(opened)), "i2")
    job = {"formats": [kind], "columns": expected.shape[1], "rows": expected.shape[0]}
    told, rgb = pictures.decode(job, content)
    found = numpy.frombuffer(rgb, "u1").reshape(told["height"], told["width"], 3).astype("i2")
    assert (abs(found - expected) <= 1).all()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_transparent_colour_is_transparent_before_pixels_are_averaged(mode: str) -> None:
    picture = Image.new(mode, (80, 80), 200 if mode == "L" else (200, 30, 60))
    key = 10 if mode == "L" else (10, 20, 30)
    for x in range(0, 80, 2):
        picture.paste(key, (x, 0, x + 1, 80))
    _, rgb = pictures.decode({"formats": ["PNG"], "columns": 20, "rows": 20}, encoded(picture, "PNG", transparency=key))
    colour = numpy.array((200, 200, 200) if mode == "L" else (200, 30, 60))
    assert (abs(numpy.frombuffer(rgb, "u1").reshape(20, 20, 3) - (colour + pictures.BACKDROP) / 2) <= 1).all()


async def test_the_shades_of_sixteen_bits_are_told_and_one_of_them_may_be_transparent() -> None:
    values = (1000 + numpy.arange(40 * 24, dtype="u2")).reshape(24, 40)
    content = encoded(Image.fromarray(values), "PNG", transparency=1500)
    told, rgb = pictures.decode({"formats": ["PNG"], "columns": 40, "rows": 24}, content)
    picture = numpy.frombuffer(rgb, "u1").reshape(24, 40, 3)
    assert (picture[values == 1500] == pictures.BACKDROP).all()
    assert (picture[(values > 1490) & (values < 1510) & (values != 1500)] > 120).all()
    assert (told["low"], told["high"]) == (1000, 1959)
    assert (abs(picture[0, :, 0] - numpy.arange(40) * 255 / 959) <= 1).all()
    facts = dict((await show(content)).facts)
    assert (facts["pixels"], facts["shades"]) == ("40 × 24, 16-bit grey", "1000 to 1959")
