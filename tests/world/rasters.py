"""Hundreds of small GeoTIFFs, and what GDAL reads in them: `python rasters.py FOLDER [STEP]`, in the world's Python.

Each case is a file, and a line of cases.json with what rasterio says about it: size, type, bands, reference, bounds,
nodata. The samples and the mask lie beside it as NumPy arrays. STEP takes each case of which the number is a multiple.
A file that GDAL cannot read has the line without an answer: a preview may refuse it too.
"""

import json
import struct
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, product
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import ColorInterp
from rasterio.env import Env
from rasterio.shutil import copy
from rasterio.transform import Affine, from_origin

from tests.previews.tiffs import grey, write

REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
FLOATS = ("float32", "float64")
PLAIN, PREDICTED = ("none", "packbits"), ("lzw", "deflate", "zstd", "lzma")
SIZES = ((37, 41), (64, 64), (100, 33), (1, 50), (50, 1), (131, 70), (16, 90), (1, 1))
LAYOUTS: tuple[dict[str, Any], ...] = (
    {}, {"blockysize": 16}, {"blockysize": 7}, {"tiled": True, "blockxsize": 16, "blockysize": 32}, {"blockysize": 1},
    {"tiled": True, "blockxsize": 64, "blockysize": 64},
)  # fmt: skip
NODATA = {"uint8": (None, 0, 255, 7), "int8": (None, -128), "uint16": (None, 0, 65535), "int16": (None, -32768, -9999),
          "uint32": (None, 4294967295), "int32": (None, -2147483648), "uint64": (None, 0), "int64": (None, -9999),
          "float32": (None, -9999.9, float("nan"), 1e20, -3.4028234663852886e38),
          "float64": (None, 0.1, float("nan"))}  # fmt: skip
TURNED = Affine(8, 3, 5e5, 2, -9, 4.6e6)
PLACES = (("EPSG:32633", from_origin(5e5, 4.6e6, 10, 20)), ("EPSG:4326", from_origin(-3, 48, 0.25, 0.5)),
          ("EPSG:3857", from_origin(0, 0, 30, 30)), (None, Affine.identity()), ("EPSG:32733", TURNED),
          ("EPSG:3035", Affine(5, 0, 1e6, 0, 5, 2e6)))  # fmt: skip

Make = Callable[[Path], None]


def values(dtype: str, bands: int, height: int, width: int, seed: int, bits: int = 0) -> np.ndarray:
    """Slopes and noise over the whole range of the type."""
    random = np.random.default_rng(seed)
    slope = np.linspace(0, 1, width)[None, None, :] * 0.6 + np.linspace(0, 0.3, height)[None, :, None]
    share = slope + random.random((bands, height, width)) * 0.1
    if dtype.startswith("float"):
        return (share * 300 - 40).astype(dtype)
    if dtype.startswith("complex"):
        return (share * 300 - 40j * share).astype(dtype)
    least, most = (0, 2**bits - 1) if bits else (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    return np.array([int(least + (most - least) * float(part)) for part in share.flat], dtype).reshape(share.shape)


def by_gdal(path: Path, pixels: np.ndarray, *, place: int = 0, mask: np.ndarray | None = None,
            palette: dict | None = None, colours: list | None = None, levels: tuple[int, ...] = (),
            env: dict | None = None, **options: Any) -> None:  # fmt: skip
    """One file by rasterio."""
    crs, transform = PLACES[place % len(PLACES)]
    profile = {"driver": "GTiff", "count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2]}
    profile |= {"crs": crs, "transform": transform}
    options.setdefault("dtype", pixels.dtype.name)
    if options.get("nodata", 0) is None:
        del options["nodata"]
    with Env(GDAL_TIFF_INTERNAL_MASK=True, **(env or {})), rasterio.open(path, "w", **profile, **options) as made:
        made.write(pixels)
        if palette is not None:
            made.write_colormap(1, palette)
        if colours is not None:
            made.colorinterp = colours
        if mask is not None:
            made.write_mask(mask)
        if levels:
            made.build_overviews(levels)


def cases() -> Iterator[tuple[str, Make]]:
    """The name and the maker of each case."""
    yield from of_types()
    yield from of_odd_widths()
    yield from of_pictures()
    yield from of_nodata()
    yield from of_cogs()
    yield from by_hand()


def of_types() -> Iterator[tuple[str, Make]]:
    """Every type in every compression with every predictor; the other properties take turns."""
    turn = count()
    for dtype, compress, predictor in product(INTEGERS + FLOATS, PLAIN + PREDICTED, (1, 2, 3)):
        if (predictor > 1 and compress in PLAIN) or (predictor == 3 and dtype not in FLOATS):
            continue
        for layout in range(3):
            at = next(turn)
            width, height = SIZES[(at + layout) % len(SIZES)]
            options = {
                "compress": compress, **({"predictor": predictor} if predictor > 1 else {}),
                **LAYOUTS[(at + at // 6) % len(LAYOUTS)], "interleave": ("pixel", "band")[at % 2],
                "bigtiff": ("NO", "YES")[at // 2 % 2], "endianness": ("LITTLE", "BIG")[at // 3 % 2],
                "nodata": NODATA[dtype][at % len(NODATA[dtype])], "place": at // 5,
            }  # fmt: skip
            bands = (1, 2, 3, 4, 5, 1, 7)[at % 7]
            pixels = values(dtype, bands, height, width, at)
            empty = options["nodata"]
            if empty is not None:
                pixels[:, : height // 3, : width // 2] = empty
            name = f"{dtype} {compress} predictor {predictor}, {bands} bands, {width} × {height}, {options}"
            yield name, lambda path, pixels=pixels, options=options: by_gdal(path, pixels, **options)
    for dtype in ("complex64", "complex128", "complex_int16"):
        pixels = values("complex64" if "int" in dtype else dtype, 1, 20, 30, 5)
        more = {"dtype": dtype} if "int" in dtype else {}
        yield dtype, lambda path, pixels=pixels, more=more: by_gdal(path, pixels, **more)


def of_odd_widths() -> Iterator[tuple[str, Make]]:
    """Samples of 1 to 31 bits, and floats of 16."""
    turn = count()
    for bits in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17, 20, 24, 31):
        dtype = "uint8" if bits < 8 else "uint16" if bits < 16 else "uint32"
        for compress in ("none", "lzw", "deflate"):
            at = next(turn)
            width, height = SIZES[at % len(SIZES)]
            bands = (1, 2, 3)[at % 3]
            options = {"nbits": bits, "compress": compress, "interleave": ("pixel", "band")[at % 2],
                       "endianness": ("LITTLE", "BIG")[at // 2 % 2], **LAYOUTS[at % len(LAYOUTS)]}  # fmt: skip
            if bits == 1 and at % 2:
                options["photometric"] = "MINISWHITE"
            pixels = values(dtype, bands, height, width, at, bits)
            name = f"{bits} bits, {bands} bands, {width} × {height}, {options}"
            yield name, lambda path, pixels=pixels, options=options: by_gdal(path, pixels, **options)
    for predictor, compress, endian in product((1, 2, 3), ("deflate", "zstd"), ("LITTLE", "BIG")):
        options = {"nbits": 16, "compress": compress, "predictor": predictor, "endianness": endian, "blockysize": 9}
        pixels = values("float32", 3, 40, 50, predictor)
        name = f"float16, {options}"
        yield name, lambda path, pixels=pixels, options=options: by_gdal(path, pixels, **options)


def of_pictures() -> Iterator[tuple[str, Make]]:
    """Colours: JPEG, WebP, CMYK, palettes, opacity, masks, fax codes, white as zero, overviews."""
    rgb, four = values("uint8", 3, 90, 70, 1), values("uint8", 4, 90, 70, 2)
    four[3, :, :20], four[3, :, 20:30] = 0, 128
    tiles = {"tiled": True, "blockxsize": 32, "blockysize": 48}
    jpeg = {"compress": "jpeg", "jpeg_quality": 80}
    options: list[tuple[np.ndarray, dict[str, Any]]] = []
    for layout in ({"blockysize": 16}, {"blockysize": 64}, tiles):
        options += [
            (rgb, {**jpeg, **layout, "photometric": "YCBCR", "interleave": "pixel"}),
            (rgb, {**jpeg, **layout, "photometric": "RGB", "interleave": "pixel"}),
            (rgb, {**jpeg, **layout, "interleave": "band"}),
            (rgb[:1], {**jpeg, **layout}),
            (rgb[:2], {**jpeg, **layout, "interleave": "pixel"}),
            (four, {**jpeg, **layout, "interleave": "pixel", "photometric": "RGB"}),
            (four, {**jpeg, **layout, "interleave": "pixel", "photometric": "MINISBLACK"}),
            (four, {**jpeg, **layout, "interleave": "band", "alpha": "YES"}),
            (four, {**jpeg, **layout, "interleave": "pixel", "photometric": "CMYK"}),
            (values("uint8", 5, 90, 70, 3), {**jpeg, **layout, "interleave": "pixel"}),
            (rgb, {**layout, "compress": "webp", "interleave": "pixel"}),
            (rgb, {**layout, "compress": "webp", "webp_lossless": True, "interleave": "pixel"}),
            (four, {**layout, "compress": "webp", "webp_lossless": True, "interleave": "pixel"}),
            (four[:, :, 40:], {**layout, "compress": "webp", "webp_lossless": True, "interleave": "pixel"}),
            (four, {**layout, "compress": "lerc"}), (rgb, {**layout, "compress": "lerc_zstd"}),
            (four, {**layout, "photometric": "CMYK", "interleave": "pixel"}),
            (four, {**layout, "photometric": "CMYK", "interleave": "pixel", "compress": "lzw", "predictor": 2}),
            (values("uint16", 4, 90, 70, 2), {**layout, "photometric": "CMYK"}),
            (rgb, {**layout, "photometric": "RGB", "compress": "packbits"}),
            (four, {**layout, "photometric": "RGB", "alpha": "YES", "interleave": "band"}),
            (four, {**layout, "photometric": "RGB", "alpha": "PREMULTIPLIED", "compress": "deflate"}),
            (four, {**layout, "photometric": "RGB", "alpha": "NO", "compress": "deflate"}),
            (four[2:], {**layout, "alpha": "YES"}), (four[1:], {**layout, "alpha": "YES"}),
            (four.astype("uint16") * 257, {**layout, "photometric": "RGB", "alpha": "YES"}),
            (rgb[:1] // 128, {**layout, "compress": "ccittfax4", "nbits": 1}),
            (rgb[:1] // 128, {**layout, "compress": "ccittfax3", "nbits": 1}),
            (rgb[:1] // 128, {**layout, "compress": "ccittrle", "nbits": 1, "photometric": "MINISWHITE"}),
            (rgb[:1], {**layout, "photometric": "MINISWHITE"}),
            (values("uint16", 1, 90, 70, 3), {**layout, "photometric": "MINISWHITE"}),
            (rgb, {**layout, "photometric": "CIELAB"}),
            (rgb, {**layout, "nodata": 0}), (four, {**layout, "nodata": 255, "photometric": "RGB"}),
            (rgb, {**layout, "mask": rgb[0] > 90, "photometric": "RGB"}),
            (rgb[:1], {**layout, "mask": rgb[0] > 90, "compress": "deflate", "interleave": "band"}),
            (rgb, {**layout, **jpeg, "mask": rgb[1] > 90, "photometric": "YCBCR", "interleave": "pixel"}),
            (rgb, {**layout, "mask": rgb[1] > 90, "levels": (2, 4)}),
            (rgb, {**layout, **jpeg, "levels": (2, 4), "photometric": "YCBCR", "interleave": "pixel"}),
            (values("uint16", 1, 90, 70, 9), {**layout, "levels": (2, 4, 8), "nodata": 0, "compress": "zstd"}),
        ]  # fmt: skip
    colours = {0: (255, 255, 255, 255), 1: (200, 30, 60, 255), 2: (20, 180, 90, 255), 3: (1, 2, 3, 255)}
    for bits, layout in product((1, 2, 4, 8), ({}, {"blockysize": 11}, tiles)):
        few = {entry: colour for entry, colour in colours.items() if entry < 2**bits}
        indexes = (rgb[:1] % len(few)).astype("uint8")
        options.append(
            (indexes, {**layout, "palette": few, **({"nbits": bits} if bits < 8 else {}), "compress": "lzw"})
        )
        options.append((indexes, {**layout, "palette": few, **({"nbits": bits} if bits < 8 else {}), "nodata": 1}))
    for at, (pixels, more) in enumerate(options):
        told = {key: "…" if isinstance(value, np.ndarray) else value for key, value in more.items()}
        name = f"{len(pixels)} bands of {pixels.dtype}, {told}"
        yield name, lambda path, pixels=pixels, more=more, at=at: by_gdal(path, pixels, place=at, **more)


def of_nodata() -> Iterator[tuple[str, Make]]:
    """Texts of nodata, sparse files, and rasters without any value."""
    texts = ("-9999", "-9999 ", " 5", "5 6", "5,6", "1,5", "nan", "NaN", "-1.#IND", "inf", "-3.40282347e+38", "300",
             "1.5", "5abc", "255", "0", "-0", "+7", "1e1", "9.999e2", "-9999.9", "1e400", "0.1",
             "4294967295")  # fmt: skip
    kinds = ((8, 1, "<u1"), (16, 2, "<i2"), (32, 3, "<f4"), (64, 3, "<f8"))
    for text, (bits, form, code) in product(texts, kinds):
        pixels = np.arange(-8 if form > 1 else 0, 56 if form > 1 else 64).astype(code)
        if form == 3:
            pixels[:9] = (-9999, -9999.9, np.nan, np.inf, -np.inf, -3.4028234663852886e38, 0.1, 1.5, 5.6)
        block = pixels.tobytes()
        content = write(grey(8, 8, [block], bits, t339=form, t42113=text))
        yield f"nodata {text!r} of {code}", lambda path, content=content: path.write_bytes(content)
    for dtype, nodata, bands in product(("uint8", "float32"), (None, 0, 7), (1, 3)):
        options = {"tiled": True, "blockxsize": 16, "blockysize": 16, "sparse_ok": True, "compress": "deflate"}
        yield (
            f"sparse {dtype}, nodata {nodata}, {bands} bands",
            lambda path, dtype=dtype, nodata=nodata, bands=bands, options=options: sparse(
                path, dtype, nodata, bands, options
            ),
        )
    for dtype, nodata in (("uint8", 0), ("float32", -9999.0), ("float32", float("nan")), ("int16", -32768)):
        pixels = np.full((1, 20, 30), nodata, dtype)
        yield f"only nodata {nodata}", lambda path, p=pixels, n=nodata: by_gdal(path, p, nodata=n)


def sparse(path: Path, dtype: str, nodata: float | None, bands: int, options: dict[str, Any]) -> None:
    """A file of which one tile was written."""
    crs, transform = PLACES[0]
    more = {} if nodata is None else {"nodata": nodata}
    with rasterio.open(path, "w", driver="GTiff", count=bands, height=60, width=70, dtype=dtype, crs=crs,
                       transform=transform, **more, **options) as made:  # fmt: skip
        window = rasterio.windows.Window(16, 16, 16, 16)
        made.write(values("uint8", bands, 16, 16, 3).astype(dtype), window=window)


def of_cogs() -> Iterator[tuple[str, Make]]:
    """Cloud optimised ones: levels, masks beside their tiles, the opacity of JPEG as a mask."""
    rgb, four = values("uint8", 3, 300, 270, 1), values("uint8", 4, 300, 270, 2)
    four[3, :, :90], four[3, :, 90:] = 0, 255
    deep = values("int16", 1, 300, 270, 4)
    deep[:, 100:200, 50:] = -32768
    sources: tuple[tuple[np.ndarray, dict[str, Any], dict[str, Any]], ...] = (
        (rgb, {}, {"compress": "jpeg"}), (four, {"alpha": "YES"}, {"compress": "jpeg"}),
        (rgb, {}, {"compress": "deflate"}),
        (four, {"alpha": "YES"}, {"compress": "webp", "quality": 100}),
        (rgb, {"mask": rgb[0] > 60}, {"compress": "lzw"}),
        (deep, {"nodata": -32768}, {"compress": "zstd", "predictor": "YES"}), (deep, {}, {"compress": "lzma"}),
        (deep.astype("float32"), {"nodata": -32768}, {"compress": "deflate", "predictor": "YES", "bigtiff": "YES"}),
        (deep.astype("float64") / 3, {}, {"compress": "deflate", "predictor": "YES", "interleave": "band"}),
        (rgb[:1], {"mask": rgb[0] > 60}, {"compress": "deflate", "sparse_ok": "YES"}),
    )  # fmt: skip
    for pixels, made, options in sources:
        name = f"COG of {len(pixels)} bands of {pixels.dtype}, {[*made]}, {options}"
        yield name, lambda path, pixels=pixels, made=made, options=options: cog(path, pixels, made, options)


def cog(path: Path, pixels: np.ndarray, made: dict[str, Any], options: dict[str, Any]) -> None:
    """One file by GDAL's driver for them."""
    by_gdal(path.with_suffix(".before"), pixels, **made)
    more = {"blocksize": 128, "overview_resampling": "nearest", "overview_count": 2, **options}
    copy(path.with_suffix(".before"), path, driver="COG", **more)


def by_hand() -> Iterator[tuple[str, Make]]:
    """Files that few programs write: the bytes are made here, GDAL only reads them."""
    for name, content in made_by_hand():
        yield name, lambda path, content=content: path.write_bytes(content)


def made_by_hand() -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of each file."""
    random = np.random.default_rng(7)
    bytes_ = values("uint8", 1, 24, 32, 1).tobytes()
    for code, pack in ((1, bytes), (8, zlib.compress), (32946, zlib.compress)):
        for order, bits in product("<>", (1, 4, 8, 12, 16)):
            width = len(bytes_) * 8 // bits // 24
            page = grey(width, 24, [pack(bytes_).translate(REVERSED)], bits, t259=code, t266=2)
            yield f"FillOrder 2, compression {code}, {bits} bits, {order}", write(page, order=order)
    for tiles_in in (273, 324):
        tiled = {"t322": 16, "t323": 16}
        page = grey(32, 32, [random.bytes(256) for _ in range(4)], **tiled)
        del page.tags[278]
        page.places, page.sizes = tiles_in, tiles_in + (6 if tiles_in == 273 else 1)
        yield f"tiles in tags of {'strips' if tiles_in == 273 else 'tiles'}", write(page)
        page.sizes = 325 if tiles_in == 273 else 279
        yield f"tiles in mixed tags {tiles_in}", write(page)
    for order, is_big in product("<>", (False, True)):
        block = values("uint16", 1, 24, 16, 1).astype(f"{order}u2").tobytes()
        yield f"order {order}, big {is_big}", write(grey(16, 24, [block], 16), order=order, is_big=is_big)
        page = grey(16, 24, [block], 16)
        del page.tags[339], page.tags[278]
        yield f"no format, no rows per strip, {order} {is_big}", write(page, order=order, is_big=is_big)
    yield "no sample format 4", write(grey(32, 24, [bytes_], 8, t339=4))
    yield "rows per strip of all ones", write(grey(32, 24, [bytes_], 8, t278=0xFFFFFFFF))
    for extra, photometric in product((0, 1, 2), (1, 2)):
        bands = 2 if photometric == 1 else 4
        page = grey(24 // bands, 32, [bytes_], (8,) * bands, t262=photometric, t277=bands, t338=extra)  # type: ignore[arg-type]
        yield f"extra sample {extra} of photometric {photometric}", write(page)
    yield "RGB of four bands, nothing about the fourth", write(grey(6, 32, [bytes_], (8, 8, 8, 8), t262=2, t277=4))  # type: ignore[arg-type]
    yield "bands of 5, 6 and 5 bits", write(grey(8, 8, [bytes(128)], (5, 6, 5), t262=2, t277=3))  # type: ignore[arg-type]
    yield "one width for three bands", write(grey(8, 32, [bytes_], 8, t262=2, t277=3))
    for subsampling, code in product(((1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (4, 2), (4, 4)), (1, 8)):
        yield f"YCbCr {subsampling}, compression {code}", ycbcr(random, 37, 21, subsampling, code)
    yield "YCbCr that does not say its subsampling", ycbcr(random, 37, 21, None, 1)
    coefficients = (Fraction(2126, 10000), Fraction(7152, 10000), Fraction(722, 10000))
    levels = tuple(map(Fraction, (16, 235, 128, 240, 128, 240)))
    yield "YCbCr with coefficients and levels", ycbcr(random, 16, 16, (2, 2), 1, t529=coefficients, t532=levels)
    shorts = tuple(entry * 257 for entry in range(256))
    odd = tuple(entry * 255 + 13 for entry in range(256))
    for name, palette in (("257", shorts), ("256", tuple(entry * 256 for entry in range(256))),
                          ("1", tuple(range(256))), ("odd", odd)):  # fmt: skip
        page = grey(32, 24, [bytes_], 8, t262=3, t320=(*palette, *reversed(palette), *palette))
        yield f"palette of factor {name}", write(page)
    for turn in range(1, 9):
        yield f"orientation {turn}", write(grey(32, 24, [bytes_], 8, t274=turn))
    small = grey(16, 12, [bytes_[:192]], t254=1)
    yield "an overview after its page", write(grey(32, 24, [bytes_]), small)
    yield "a page after another", write(grey(32, 24, [bytes_]), grey(16, 48, [bytes_]))
    mask = grey(32, 24, [bytes((0, 255, 240, 15)) * 24], 1, t254=4, t262=4)
    yield "a mask of one bit", write(grey(32, 24, [bytes_]), mask)
    yield "a mask before the overview", write(grey(32, 24, [bytes_]), mask, small)
    inner = grey(32, 24, [bytes_])
    inner.inner = [small]
    yield "an overview in a SubIFD", write(inner)
    for raster_type, matrix in product((1, 2), (False, True)):
        keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, raster_type, 3072, 0, 1, 32633)
        where: dict[str, Any] = {"t34264": (8.0, 3.0, 0.0, 5e5, 2.0, -9.0, 0.0, 4.6e6, *([0.0] * 7), 1.0)}
        if not matrix:
            where = {"t33550": (8.0, 9.0, 0.0), "t33922": (2.0, 3.0, 0.0, 5e5, 4.6e6, 0.0)}
        yield f"pixel is {raster_type}, matrix {matrix}", write(grey(32, 24, [bytes_], t34735=keys, **where))
    keys = (1, 1, 0, 4, 1024, 0, 1, 1, 1025, 0, 1, 1, 2048, 0, 1, 4326, 3072, 0, 1, 32767)
    where = {"t33550": (8.0, 9.0, 0.0), "t33922": (0.0, 0.0, 0.0, 5e5, 4.6e6, 0.0)}
    yield "a projection of its own on WGS 84", write(grey(32, 24, [bytes_], t34735=keys, **where))
    for predictor, bits in ((2, 12), (3, 8), (3, 64), (2, 4), (5, 8)):
        form = 3 if bits == 64 else 1
        content = write(grey(8, 8, [zlib.compress(bytes(8 * bits))], bits, t259=8, t317=predictor, t339=form))
        yield f"predictor {predictor} of {bits} bits", content
    for code in (1, 32773):
        packed = bytes_ if code == 1 else b"".join(b"\x1f" + bytes_[at : at + 32] for at in range(0, len(bytes_), 32))
        yield f"predictor 2 where compression {code} has none", write(grey(32, 24, [packed], t259=code, t317=2))
    for code in (6, 9, 34661, 33003, 50002, 12345):
        yield f"compression {code}", write(grey(32, 24, [bytes_], t259=code))
    yield "a block of size 0 and a block of place 0", write(grey(32, 24, [bytes_[:256], (300, 0), None], t278=8))
    for code, size in ((1, 0), (1, 40), (1, 10**9), (8, 0)):
        page = grey(32, 24, [zlib.compress(bytes_) if code == 8 else bytes_], t259=code, t279=size)
        yield f"compression {code} in one strip of size {size}", write(page)
    for model in (1, 2):
        keys = (1, 1, 0, 4, 1024, 0, 1, model, 1025, 0, 1, 1, 2048, 0, 1, 4326, 3072, 0, 1, 32633)
        yield f"two systems, model {model}", write(grey(32, 24, [bytes_], t34735=keys, **where))
    for extra in ((2, 0, 0), (0, 2, 0), (0, 0, 2), (1, 0, 0)):
        page = grey(8, 24, [bytes_], (8, 8, 8, 8), t277=4, t338=extra)
        yield f"grey, and extra samples {extra}", write(page)
    page = grey(16, 24, [bytes_], (8, 8), t262=3, t277=2, t338=2, t320=(*shorts, *shorts, *shorts))
    yield "a palette, and opacity", write(page)
    yield "only sparse blocks", write(grey(32, 24, [None, None, None], t278=8))
    yield "only sparse blocks, nodata", write(grey(32, 24, [None, None, None], t278=8, t42113="9"))
    bands = 900
    pixels = values("uint16", bands, 3, 4, 1).transpose(1, 2, 0).astype("<u2").tobytes()
    yield "900 bands", write(grey(4, 3, [pixels], (16,) * bands, t277=bands, t339=(1,) * bands))  # type: ignore[arg-type]


def ycbcr(random: Any, width: int, height: int, subsampling: tuple[int, int] | None, code: int, **more: Any) -> bytes:
    """Luma of every pixel, colour of every few."""
    across, down = subsampling or (2, 2)
    units = -(-width // across) * -(-height // down)
    block = random.bytes(units * (across * down + 2))
    packed = zlib.compress(block) if code == 8 else block
    more |= {} if subsampling is None else {"t530": subsampling}
    return write(grey(width, height, [packed], (8, 8, 8), t262=6, t277=3, t259=code, **more))  # type: ignore[arg-type]


def answer(path: Path) -> dict[str, Any] | None:
    """What rasterio says about a file; the samples and the mask go beside it. None when it cannot read the file."""
    try:
        with rasterio.open(path) as read:
            pixels, mask = read.read(), read.dataset_mask()
            code = None if read.crs is None else read.crs.to_epsg()
            palette = read.colormap(1) if ColorInterp.palette in read.colorinterp[:1] else None
            told = {
                "width": read.width, "height": read.height, "bands": read.count, "dtype": read.dtypes[0],
                "nodata": None if read.nodata is None else repr(float(read.nodata)), "epsg": code,
                "bounds": None if read.transform.is_identity else list(read.bounds),
                "colours": [colour.name for colour in read.colorinterp],
                "palette": None if palette is None else [palette[at] for at in sorted(palette)],
                "levels": list(save_levels(path, len(read.overviews(1)))),
                "space": read.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE"),
            }  # fmt: skip
    except (rasterio.errors.RasterioError, ValueError):
        return None
    if pixels.dtype.kind != "c" and pixels.dtype.names is None:
        np.save(path.with_suffix(".npy"), pixels)
        np.save(path.with_suffix(".mask.npy"), mask)
    return told


def save_levels(path: Path, number: int) -> Iterator[list[int]]:
    """Width and height of each overview; its samples and mask go beside the file."""
    for level in range(number):
        with rasterio.open(path, overview_level=level) as read:
            np.save(path.with_suffix(f".{level}.npy"), read.read())
            np.save(path.with_suffix(f".{level}.mask.npy"), read.dataset_mask())
            yield [read.width, read.height]


def main() -> None:
    """Write the cases into the folder."""
    folder, step = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    warnings.simplefilter("ignore")
    told: list[dict[str, Any]] = []
    with Env(GDAL_PAM_ENABLED=False):
        for at, (name, make) in enumerate(cases()):
            if at % step:
                continue
            path = folder / f"{at}.tif"
            try:
                make(path)
            except (rasterio.errors.RasterioError, rasterio._err.CPLE_BaseError, struct.error) as exc:
                told.append({"name": name, "unmade": str(exc)})
                continue
            told.append({"name": name, "file": path.name, "answer": answer(path)})
    (folder / "cases.json").write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    main()
