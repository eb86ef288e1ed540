"""PNG and JPEG in windows: the values are those of Pillow, and a picture is read once."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from storage_tui.previews import PreviewError
from storage_tui.previews.raster.opening import is_raster, open_raster
from storage_tui.previews.raster.windows.pictures import picture_size
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from tests.previews.ranges import Ranges

NOISE = np.random.default_rng(3).integers(0, 255, (700, 900, 4), "uint8", endpoint=True)
MODES = {"L": NOISE[:, :, 0], "LA": NOISE[:, :, :2], "RGB": NOISE[:, :, :3], "RGBA": NOISE,
         "I;16": NOISE[:, :, :2].copy().view("<u2")[:, :, 0]}  # fmt: skip


def encoded(pixels: np.ndarray, form: str = "PNG", **options: Any) -> bytes:
    """A picture of these pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


async def test_the_values_of_a_png_are_those_of_pillow() -> None:
    for mode, pixels in MODES.items():
        content = encoded(pixels)
        assert is_raster(content[: 64 * 1024])
        reader = await open_raster(Ranges.of(content).source())
        assert (reader.scene.main.width, reader.scene.main.height) == (900, 700)
        values, damaged = await reader.values(250, 500, 300, 100)
        bands = reader.scene.bands
        found = np.frombuffer(values, pixels.dtype).reshape(100, 300, bands)
        assert not damaged and (found == pixels.reshape(700, 900, bands)[500:600, 250:550]).all(), mode


async def test_a_turned_jpeg_is_read_once_and_shown_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(NOISE[:, :, :3], "JPEG", quality=90, exif=exif)
    ranges = Ranges.of(content)
    reader = await open_raster(ranges.source())
    main = reader.scene.main
    assert picture_size(content) == (900, 700) and (main.width, main.height) == (700, 900)
    with Image.open(io.BytesIO(content)) as picture:
        upright = np.asarray(picture.transpose(Image.Transpose.ROTATE_270))
    assert await reader.pixel(13, 888, reader.pixel_bands) == upright[888, 13].tolist()
    asked = len(ranges.asked)
    for view in (View(700, 900, 80, 24).fit(), View(700, 900, 80, 24, left=300, top=300)):
        drawn = await reader.picture(view, Style((0, 1, 2), "type"), across=2, ground=bytes(3))
        assert drawn.is_sharp and drawn.bands[0].count
    assert len(ranges.asked) == asked


async def test_a_small_or_a_hostile_picture_is_none() -> None:
    assert not is_raster(encoded(NOISE[:64, :64]))
    bomb = encoded(NOISE[:, :, 0])
    bomb = bomb[:16] + (1 << 30).to_bytes(4, "big") * 2 + bomb[24:]
    for content in (bomb, encoded(NOISE)[:40], encoded(NOISE[:, :, :3], "JPEG")[:300] + bytes(1000)):
        if not is_raster(content):
            continue
        with pytest.raises(PreviewError) as raised:
            reader = await open_raster(Ranges.of(content).source())
            await reader.picture(View(900, 700, 80, 24).fit(), Style((0,), "type"), across=2, ground=bytes(3))
        assert "\n" not in str(raised.value)
