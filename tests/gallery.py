"""One blob of every format that has no scene of its own in tests/pictures.py, made by the libraries of the formats."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
from collections.abc import Callable

import h5py
import numpy
from PIL import Image

from storage_tui.demo import files, pictures, shapes, tables, terrain
from tests.previews.samples import NETCDF, zstandard

ROWS = 5000
PAGE = b"""<!doctype html>
<html lang="en">
<head><title>Field protocol 2024</title></head>
<body>
<h1>Field protocol</h1>
<p>Plots are sampled every twelve days, at <a href="plots.wkt">these places</a>.</p>
</body>
</html>
"""


def columns() -> object:
    """A table of stations as Arrow has it."""
    import arro3.core as core

    numbers = numpy.arange(ROWS)
    arrays = [
        core.Array.from_numpy(numbers),
        core.Array([f"station-{number % 40:02}" for number in numbers], core.DataType.utf8()),
        core.Array.from_numpy(numpy.round(12 + 9 * numpy.sin(numbers / 58), 2)),
        core.Array.from_numpy(numpy.round(0.45 + 0.3 * numpy.sin(numbers / 90), 4)),
        core.Array.from_numpy((numbers % 7 == 0).astype("u1")),
    ]
    return core.Table.from_arrays(arrays, names=["id", "station", "temperature", "ndvi", "cloudy"])


def parquet() -> bytes:
    """By arro3."""
    import arro3.io

    output = io.BytesIO()
    arro3.io.write_parquet(columns(), output, compression="zstd(3)")
    return output.getvalue()


def arrow() -> bytes:
    """By arro3."""
    import arro3.io

    output = io.BytesIO()
    arro3.io.write_ipc(columns(), output)
    return output.getvalue()


def hdf5() -> bytes:
    """By h5py."""
    output = io.BytesIO()
    with h5py.File(output, "w") as file:
        for month in ("2024-06", "2024-07"):
            file[f"scenes/{month}/ndvi"] = numpy.zeros((12, 64, 64), "i2")
            file[f"scenes/{month}/cloud"] = numpy.zeros((64, 64), "u1")
        file["model/weights"] = numpy.zeros((128, 10), "f4")
        file["model/bias"] = numpy.zeros(10, "f4")
        file["model/name"] = "crop classifier"
    return output.getvalue()


def packed_tar() -> bytes:
    """By tarfile."""
    output = io.BytesIO()
    members = {"run/config.json": b'{"tile": "10SGF"}', "run/logs/task-0000.log": b"INFO begins\n" * 400,
               "run/tables/series.csv": tables.ndvi_series(), "run/notes.md": files.NOTES.encode()}  # fmt: skip
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return output.getvalue()


def records() -> bytes:
    """JSON, one value a line."""
    rows = ({"id": number, "tile": "10SGF", "cloud": number % 10 / 10, "bands": ["red", "nir"]} for number in range(60))
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def image(kind: str, **options: object) -> bytes:
    """The relief of the demo by Pillow."""
    picture = terrain.relief(terrain.make_landscape()).resize((400, 300), Image.Resampling.LANCZOS).convert("RGB")
    return pictures.encode(picture, kind, **options)


GALLERY: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "format_parquet": ("stations.parquet", parquet, "station-07"),
    "format_arrow": ("stations.arrow", arrow, "station-07"),
    "format_hdf5": ("scenes.h5", hdf5, "/scenes/2024-07/ndvi"),
    "format_netcdf": ("sst.nc", lambda: NETCDF, "sst"),
    "format_tar": ("run.tar.gz", packed_tar, "task-0000.log"),
    "format_gzip": ("series.csv.gz", lambda: gzip.compress(tables.ndvi_series(), mtime=0), "inside"),
    "format_zstd": ("samples.csv.zst", lambda: zstandard(tables.field_samples()), "inside"),
    "format_bzip2": ("records.jsonl.bz2", lambda: bz2.compress(records()), "inside"),
    "format_xz": ("notes.md.xz", lambda: lzma.compress(files.NOTES.encode()), "inside"),
    "format_wkt": ("plots.wkt", shapes.sites, "bounds"),
    "format_json_lines": ("records.jsonl", records, "records"),
    "format_markdown": ("notes.md", files.NOTES.encode, "Markdown"),
    "format_html": ("protocol.html", lambda: PAGE, "HTML"),
    "format_tsv": ("stations.tsv", tables.stations, "TSV"),
    "format_pdf": ("protocol.pdf", files.document, "title"),
    "format_png": ("relief.png", lambda: image("PNG"), "pixels"),
    "format_webp": ("relief.webp", lambda: image("WEBP"), "pixels"),
    "format_gif": ("seasons.gif", lambda: pictures.seasons(terrain.make_landscape()), "animated"),
    "format_bmp": ("relief.bmp", lambda: image("BMP"), "pixels"),
    "format_npz": ("chips.npz", lambda: files.training_chips(terrain.vegetation_map(terrain.make_landscape())), "npy"),
}
"""By the name of the picture: the blob's name, what makes it, and what its preview shows when it is there."""
