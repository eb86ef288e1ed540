"""The layout of one level of a TIFF: what its samples mean, and the true reason where they are not drawn."""

import math
from collections.abc import Sequence
from typing import Any

from storage_tui.previews.base import PreviewError
from storage_tui.previews.decoding.tiff.compressions import (
    FAXES,
    JPEG,
    JPEG_2000S,
    PREDICTED,
    SUPPORTED,
    WEBP,
    compression_name,
)
from storage_tui.previews.decoding.tiff.levels import FLOAT, FLOATING, HORIZONTAL, INT, UINT, Colours, can_be_read
from storage_tui.previews.raster import tiff_directory as tags
from storage_tui.previews.raster.nodata import read_nodata
from storage_tui.previews.raster.tiff_directory import Directory, Tiff

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, MASK, SEPARATED, YCBCR = 0, 1, 2, 3, 4, 5, 6
NOT_DRAWN = {8: "CIELab", 9: "ICCLab", 10: "ITULab", 32844: "LogL", 32845: "LogLuv"}
PREMULTIPLIED, UNASSOCIATED = 1, 2  # values of ExtraSamples: the extra band is the opacity
COMPLEX_INT, COMPLEX, VOID = 5, 6, 4  # values of SampleFormat
FORMATS = {UINT: "uint", INT: "int", FLOAT: "float", VOID: "uint", COMPLEX_INT: "complex int", COMPLEX: "complex"}
CMYK_INKS = 1  # of InkSet; 2 says that the inks are others
OF_LIBTIFF = (tags.FAX_3_OPTIONS, tags.FAX_4_OPTIONS)
OF_YCBCR = (tags.YCBCR_COEFFICIENTS, tags.YCBCR_SUBSAMPLING, tags.REFERENCE_BLACK_WHITE)
COLOUR_NAMES = {"palette": "those of a palette", "ycbcr": "YCbCr", "cmyk": "CMYK"}
JPEG_2000_LAYOUTS = frozenset(((UINT, 8, 1), (UINT, 8, 3), (UINT, 8, 4), (UINT, 16, 1)))
PALETTE_FACTORS = (256, 257)  # an entry of 16 bits was made of one of 8 bits by one of these


def sample_type(level: Directory) -> tuple[int, int]:
    """Return the format and the bits of a sample; raise PreviewError when those of the bands differ."""
    bits, forms = _alike(level, tags.BITS, 1), _alike(level, tags.SAMPLE_FORMAT, UINT)
    if len(bits) > 1:
        raise PreviewError(f"its bands have different widths ({', '.join(map(str, bits))} bits)")
    if len(forms) > 1:
        names = ", ".join(FORMATS.get(form, f"format {form}") for form in forms)
        raise PreviewError(f"its bands have different types ({names})")
    return (UINT if forms[0] == VOID else forms[0]), bits[0]


def colours_of(level: Directory) -> Colours:
    """Return how the bands of a level are drawn."""
    photometric, bands = level.number(tags.PHOTOMETRIC, BLACK_IS_ZERO), level.number(tags.SAMPLES, 1)
    if photometric == PALETTE:
        return "palette"
    if photometric == YCBCR and bands == 3:
        return "ycbcr"
    colours = bands - (alpha_of(level) is not None)
    if photometric == SEPARATED and colours >= 4 and level.number(tags.INK_SET, CMYK_INKS) == CMYK_INKS:
        return "cmyk"
    if photometric == RGB and colours >= 3:
        return "rgb"
    return "bands" if colours >= 3 and level.number(tags.BITS, 1) >= 8 else "grey"


def alpha_of(level: Directory) -> int | None:
    """Return the band that holds the opacity; None without one, and where nothing says what the last band is."""
    bands = level.number(tags.SAMPLES, 1)
    if level.number(tags.PHOTOMETRIC) == YCBCR:
        return None
    extra = level.all(tags.EXTRA_SAMPLES)
    first = bands - len(extra)
    kinds = (at for at, kind in enumerate(extra) if kind in (PREMULTIPLIED, UNASSOCIATED))
    found = next(kinds, None)
    return None if found is None or first + found < 1 else first + found


def describe_level(
    tiff: Tiff, level: Directory, block: tuple[int, int], size: tuple[int, int], places: Sequence[list[int]]
) -> dict[str, Any]:
    """Return the level in the form of the decoder's `Level`; raise PreviewError with the reason why it is not drawn."""
    form, bits = sample_type(level)
    colours, bands, code = colours_of(level), level.number(tags.SAMPLES, 1), level.number(tags.COMPRESSION, 1)
    is_planar = level.number(tags.PLANAR, 1) == 2 and bands > 1
    if code == JPEG and colours == "ycbcr" and is_planar:
        raise PreviewError("YCbCr bands that are stored separately are not drawn")
    _check(level, form, bits, is_planar)
    alpha = alpha_of(level)
    drawn = [band for band in range(bands) if band != alpha]
    place = tiff.main
    is_located = any(tag in place.values for tag in (tags.PIXEL_SCALE, tags.TRANSFORM, tags.GEO_KEYS, tags.TIEPOINT))
    nodata = read_nodata(place.text(tags.GDAL_NODATA), form, bits)
    return {
        "width": size[0], "height": size[1], "block_width": block[0], "block_height": block[1],
        "is_tiled": level.is_tiled, "bands": bands, "bits": bits, "sample_format": form, "byte_order": tiff.order,
        "compression": code, "predictor": level.number(tags.PREDICTOR, 1), "is_planar": is_planar,
        "is_reversed": level.number(tags.FILL_ORDER, 1) == 2,
        "colours": colours, "shown": drawn[: {"grey": 1, "palette": 1, "cmyk": 4}.get(colours, 3)],
        "alpha": alpha, "is_premultiplied": alpha is not None and PREMULTIPLIED in level.all(tags.EXTRA_SAMPLES),
        "is_inverted": level.number(tags.PHOTOMETRIC, BLACK_IS_ZERO) == WHITE_IS_ZERO, "nodata": nodata,
        "palette": _palette(level, bits) if colours == "palette" else [],
        "turned": 1 if is_located else place.number(tags.ORIENTATION, 1),
        "tags": _tags_of_libtiff(level, OF_YCBCR if colours == "ycbcr" else OF_LIBTIFF if code in FAXES else ()),
        "tables": level.texts.get(tags.JPEG_TABLES, b"").hex(), "blocks": list(places),
    }  # fmt: skip


def choose_bands(level: dict[str, Any], bands: Sequence[int]) -> dict[str, Any]:
    """Return a level of `describe_level` that draws these bands, from 1 on: one as grey, three as red, green and blue.

    Raises PreviewError for a band that is not there, and for colours that are no bands. Without bands the level stays.
    """
    if not bands:
        return level
    if level["colours"] in ("palette", "ycbcr", "cmyk"):
        raise PreviewError(f"its colours are {COLOUR_NAMES[level['colours']]}, and no bands to choose from")
    wrong = next((band for band in bands if not 1 <= band <= level["bands"]), None)
    if wrong is not None:
        raise PreviewError(f"it has no band {wrong}; its bands are 1 to {level['bands']}")
    colours = "grey" if len(bands) == 1 else "rgb" if level["colours"] == "rgb" else "bands"
    return {**level, "colours": colours, "shown": [band - 1 for band in bands]}


def _alike(level: Directory, tag: int, default: int) -> list[int]:
    """Return the values of a tag that has one for each band, each value once."""
    numbers = level.integers(tag)[: level.number(tags.SAMPLES, 1)]
    return list(dict.fromkeys(numbers)) or [default]


def _check(level: Directory, form: int, bits: int, is_planar: bool) -> None:
    """Raise PreviewError with the reason when the samples of a level are not drawn."""
    code, bands = level.number(tags.COMPRESSION, 1), level.number(tags.SAMPLES, 1)
    photometric, predictor = level.number(tags.PHOTOMETRIC, BLACK_IS_ZERO), level.number(tags.PREDICTOR, 1)
    kind = f"{bits}-bit {'signed ' if form == INT else ''}{'floats' if form == FLOAT else 'integers'}"
    in_block = 1 if is_planar else bands
    is_ycbcr = photometric == YCBCR
    reasons = (
        (bands < 1, "it has no bands"),
        (code not in SUPPORTED, f"{compression_name(code)} is not decoded here"),
        (photometric in NOT_DRAWN, f"{NOT_DRAWN.get(photometric)} colours are not drawn"),
        (form in (COMPLEX, COMPLEX_INT), "complex numbers are not drawn"),
        (form not in FORMATS, f"samples of the unknown format {form} are not drawn"),
        (not can_be_read(form, bits), f"{kind} are not decoded here"),
        (code == JPEG and (bits, form) != (8, UINT), f"JPEG of {kind} is not decoded here"),
        (code == JPEG and in_block > 4, f"JPEG of {in_block} bands in a block is not decoded here"),
        (
            code == WEBP and (in_block not in (3, 4) or bits != 8),
            f"WebP of {in_block} bands of {kind} is not decoded here",
        ),
        (
            code in JPEG_2000S and (form, bits, in_block) not in JPEG_2000_LAYOUTS,
            f"JPEG 2000 of {in_block} bands of {kind} is not decoded here",
        ),
        (is_ycbcr and code in JPEG_2000S, "JPEG 2000 of YCbCr is not decoded here"),
        (code in FAXES and (bits != 1 or in_block != 1), f"{compression_name(code)} of {kind} is not decoded here"),
        (is_ycbcr and bands != 3, f"YCbCr of {bands} bands is not drawn"),
        (is_ycbcr and code == WEBP, "WebP of YCbCr is not decoded here"),
        (is_ycbcr and bits != 8, f"YCbCr of {kind} is not drawn"),
        (is_ycbcr and is_planar, "YCbCr bands that are stored separately are not drawn"),
    )
    for is_so, reason in reasons:
        if is_so:
            raise PreviewError(reason)
    if code in PREDICTED and predictor != 1:
        is_known = bits in (8, 16, 32, 64) if predictor == HORIZONTAL else predictor == FLOATING and form == FLOAT
        if not is_known:
            raise PreviewError(f"predictor {predictor} of {kind} is not decoded here")


def _palette(level: Directory, bits: int) -> list[int]:
    """Return red, green and blue of each entry in 8 bits; TIFF has all reds first, in 16 bits.

    Writers disagree on how 8 bits become 16. As in GDAL since 3.10 the entries say so themselves: all below 256 were
    never widened, multiples of 256 were shifted, all others were multiplied by 257.
    """
    if tags.PALETTE in level.values and not level.all(tags.PALETTE):
        raise PreviewError(f"its palette of {1 << bits:,} colours is larger than a preview reads")
    entries = level.integers(tags.PALETTE)
    count = len(entries) // 3
    if not count:
        raise PreviewError("its palette is missing")
    factor = 1
    if max(entries) > 255:
        factor = next((f for f in PALETTE_FACTORS if not any(entry % f for entry in entries)), PALETTE_FACTORS[-1])
    return [max(0, min(255, entries[part * count + at] // factor)) for at in range(count) for part in range(3)]


def _tags_of_libtiff(level: Directory, wanted: Sequence[int]) -> dict[str, list[int]]:
    found = {str(tag): [int(n) for n in level.all(tag)] for tag in wanted if all(map(math.isfinite, level.all(tag)))}
    return {tag: numbers for tag, numbers in found.items() if numbers and all(0 <= n < 1 << 32 for n in numbers)}
