"""Any picture of a short list of formats that Pillow reads, as a few thousand RGB pixels."""

import contextlib
import io
import warnings
from typing import Any

from PIL import Image, ImageChops, ImageFile, UnidentifiedImageError

from storage_tui.previews.decoding.limits import PastLimitError
from storage_tui.previews.decoding.painting.cells import to_cells

MAX_PIXELS = 64_000_000  # 8000 x 8000; four bytes each, twice over, stay under the limit of memory
BACKDROP = (40, 40, 40)  # behind transparent pixels: dark enough for white marks, light enough for black ones
FINER = 2  # pixels of a quadrant across a pixel of a half block
UPSCALE = 8  # a pixel of a small icon is drawn as a square with at most this many pixels a side
EXIF_MODEL, EXIF_TIME, EXIF_ORIENTATION = 0x0110, 0x0132, 0x0112
TURNED = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation to Pillow's Transpose


def prepare() -> None:
    """Load the decoders once, before the first fork, and set Pillow's limits."""
    from PIL import BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin  # noqa: F401

    with contextlib.suppress(ImportError):
        from PIL import Jpeg2KImagePlugin, WebPImagePlugin  # noqa: F401
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # the first part of a large picture is worth seeing


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return facts and RGB for a job with `formats`, `columns` and `rows`; with `quadrants` cells instead of RGB.

    The facts have `width` and `height` of the RGB or the cells. `columns` and `rows` are the room in square pixels.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=job["formats"])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as exc:
        raise PastLimitError(f"larger than the {MAX_PIXELS // 1_000_000} million pixels that are decoded") from exc
    except UnidentifiedImageError as exc:
        raise ValueError("its header cannot be read") from exc
    with picture:
        told: dict[str, Any] = {"size": picture.size, "mode": picture.mode, "format": picture.format}
        told["frames"] = _frames(picture)
        orientation = _read_exif(picture, told)
        room = (job["rows"], job["columns"]) if orientation >= 5 else (job["columns"], job["rows"])
        width, height = fit(picture.size, room, finer=FINER if job.get("quadrants") else 1)
        if picture.format == "JPEG":
            picture.draft("RGB", (width * 2, height * 2))
        small = _to_rgb(picture, (width, height), told)
        if orientation in TURNED:
            small = small.transpose(Image.Transpose(TURNED[orientation]))
    return told, painted(small, told, quadrants=bool(job.get("quadrants")))


def painted(picture: Image.Image, told: dict[str, Any], *, quadrants: bool) -> bytes:
    """Return the RGB of a picture in square pixels and put its size into the facts, or that of its cells.

    A cell has two by four of the pixels; two of them, one above the other, are a quadrant.
    """
    told["width"], told["height"] = picture.size
    if not quadrants:
        return picture.tobytes()
    columns, rows = -(-picture.width // 2), -(-picture.height // 4)
    told["width"], told["height"] = columns, rows
    return to_cells(picture.resize((columns * 2, rows * 2), Image.Resampling.BOX).tobytes(), columns, rows, across=2)


def fit(size: tuple[int, int], room: tuple[int, int], *, finer: int = 1) -> tuple[int, int]:
    """Return the size at which a picture fills the room and keeps its shape; the room may have `finer` pixels."""
    scale = min(room[0] / size[0], room[1] / size[1])
    if scale > 1:
        scale = max(1, min(UPSCALE * finer, int(scale)))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_rgb(picture: Image.Image, size: tuple[int, int], told: dict[str, Any]) -> Image.Image:
    if picture.mode.startswith(("I", "F")):
        picture = _stretched(picture, told)
    elif "transparency" in picture.info or picture.mode == "PA":  # before colours are mixed: one colour is transparent
        picture = picture.convert("RGBA")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode in ("P", "CMYK", "YCbCr", "LAB", "HSV"):
        picture = picture.convert("RGB")
    grows = size[0] > picture.size[0]
    small = picture.resize(
        size, Image.Resampling.NEAREST if grows else Image.Resampling.BOX, reducing_gap=None if grows else 2.0
    )
    if small.mode in ("LA", "RGBA", "RGBa", "La"):
        ground = Image.new("RGBA", small.size, (*BACKDROP, 255))
        small = Image.alpha_composite(ground, small.convert("RGBA"))
    return small.convert("RGB")


def _stretched(picture: Image.Image, told: dict[str, Any]) -> Image.Image:
    """Return a picture of sixteen bits or floats as eight bits, from the darkest value to the brightest."""
    values = picture.convert("F")
    extrema = values.getextrema()
    low, high = (float(extrema[0]), float(extrema[1])) if not isinstance(extrema[0], tuple) else (0.0, 1.0)
    told["low"], told["high"] = (low, high) if picture.mode == "F" else (int(low), int(high))
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = values.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")
    key = picture.info.get("transparency")
    if isinstance(key, int):
        grey.putalpha(_differs_from(values, float(key)))
    return grey


def _differs_from(values: Image.Image, key: float) -> Image.Image:
    """Return 255 where a value is not the key, and 0 where it is; the values are whole numbers."""
    above = values.point(lambda value: value * 255.0 + (-255.0 * key)).convert("L")
    below = values.point(lambda value: value * -255.0 + (255.0 * key)).convert("L")
    return ImageChops.lighter(above, below)


def _frames(picture: Image.Image) -> int:
    """Return 1 for a still picture, 2 for more frames: a full count would read all of them."""
    try:
        return 2 if getattr(picture, "is_animated", False) else 1
    except (OSError, ValueError, EOFError, SyntaxError):
        return 1


def _read_exif(picture: Image.Image, told: dict[str, Any]) -> int:
    try:
        exif = picture.getexif()
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return 1
    for name, tag in (("camera", EXIF_MODEL), ("taken", EXIF_TIME)):
        value = exif.get(tag)
        if isinstance(value, str) and value.strip("\x00 "):
            told[name] = value.strip("\x00 ")[:80]
    orientation = exif.get(EXIF_ORIENTATION)
    return orientation if isinstance(orientation, int) else 1
