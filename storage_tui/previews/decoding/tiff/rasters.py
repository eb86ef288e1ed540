"""Tiles or strips of one level of a TIFF to RGB: only the visible rows and pixels are decoded."""

from typing import Any

from PIL import Image

from storage_tui.previews.decoding.pictures import FINER, TURNED, fit, painted
from storage_tui.previews.decoding.tiff.colours import to_rgb
from storage_tui.previews.decoding.tiff.levels import Level
from storage_tui.previews.decoding.tiff.samples import sample
from storage_tui.previews.decoding.tiff.turning import SIDEWAYS

OVERSAMPLE = 2  # pixels taken for one that is shown, each way; their average is free of moiré
MOST_SAMPLES = 1_200_000  # three bands of the largest picture with its neighbours: half of the time that a child has


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `width`, `height` and facts, and the RGB, for a job with `level`, `columns` and `rows`; with `quadrants`
    cells instead of RGB.

    `columns` and `rows` are the room in square pixels. The facts are `low` and `high` of one band of shades, `is_empty`
    when no pixel has a value, and `damaged`, the damaged blocks and all that were looked at. Raises ValueError for
    samples that are not supported, and when every block is damaged.
    """
    level = Level.of(job["level"])
    is_sideways = level.turned >= SIDEWAYS
    room = (job["rows"], job["columns"]) if is_sideways else (job["columns"], job["rows"])
    quadrants = bool(job.get("quadrants"))
    size = fit((level.width, level.height), room, finer=FINER if quadrants else 1)
    bands = [*level.shown, *([] if level.alpha is None else [level.alpha])]
    oversample = OVERSAMPLE if size[0] * size[1] * OVERSAMPLE**2 * len(bands) <= MOST_SAMPLES else 1
    taken = min(size[0] * oversample, level.width), min(size[1] * oversample, level.height)
    found = sample(level, content, bands, taken)
    told: dict[str, Any] = {}
    if found.damaged:
        told["damaged"] = [len(found.damaged), len(found.looked_at)]
    mask = None
    if level.mask is not None:
        try:
            mask = sample(level.mask, content, [0], taken).planes[0]
        except ValueError:
            told["lacks_mask"] = True
    alpha = None if level.alpha is None else found.planes.pop()
    start, count = level.palette
    picture = to_rgb(level, found.planes, alpha, mask, content[start : start + count], taken, told)
    if taken != size:
        grows = size[0] > taken[0]
        picture = picture.resize(size, Image.Resampling.NEAREST if grows else Image.Resampling.BOX)
    if level.turned in TURNED:
        picture = picture.transpose(Image.Transpose(TURNED[level.turned]))
    return told, painted(picture, told, quadrants=quadrants)
