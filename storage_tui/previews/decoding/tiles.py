"""Tiles of a picture that Pillow reads, at full size and at halves of it: the picture is decoded once for all of a job.

The values are those of the file where a window can show them: grey, grey of 16 bits, RGB, each with opacity; all other
modes become RGB.
"""

import io
from typing import Any

from PIL import Image, UnidentifiedImageError

from storage_tui.previews.decoding.pictures import EXIF_ORIENTATION

TILE = 256  # pixels
MOST_BYTES = 8 * 1024 * 1024  # of the tiles in one answer
KEPT = {"L": "L", "1": "L", "LA": "LA", "RGBA": "RGBA", "PA": "RGBA", "I;16": "I;16", "I;16L": "I;16"}
"""The modes that stay, or lose nothing."""


def decode(job: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
    """Return `size`, `mode`, `turned` and `form` of a picture, and the `tiles` of the job one after the other.

    A tile is halvings, column and row: TILE by TILE pixels of the picture after so many halvings, filled up with zeros.
    `formats` are those of Pillow that are tried. Raises ValueError for a picture that is none, or too large.
    """
    try:
        picture = Image.open(io.BytesIO(content), formats=job["formats"])
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as exc:
        raise ValueError("larger than the pictures that are decoded") from exc
    except UnidentifiedImageError as exc:
        raise ValueError("its header cannot be read") from exc
    with picture:
        has_opacity = "transparency" in picture.info and picture.mode in ("P", "RGB")
        mode = "RGBA" if has_opacity else KEPT.get(picture.mode, "RGB")
        orientation = picture.getexif().get(EXIF_ORIENTATION)
        turned = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
        told = {"size": picture.size, "mode": mode, "turned": turned, "form": picture.format}
        if not job["tiles"]:
            return told, b""
        whole = picture if picture.mode == mode else picture.convert(mode)
        levels = {0: whole}
        pieces = []
        for halvings, column, row in job["tiles"]:
            if halvings not in levels:
                size = [max(1, side >> halvings) for side in picture.size]
                levels[halvings] = whole.resize((size[0], size[1]), Image.Resampling.BOX)
            box = column * TILE, row * TILE, (column + 1) * TILE, (row + 1) * TILE
            pieces.append(levels[halvings].crop(box).tobytes())
    values = b"".join(pieces)
    if len(values) > MOST_BYTES:
        raise ValueError("more tiles than fit an answer")
    return told, values
