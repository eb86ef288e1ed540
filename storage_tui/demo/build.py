"""The demo's store: every file under its key, written at a time in the past, so that tmp has blobs that expire soon."""

import gzip
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image

from storage_tui.contract.catalog import STORED_IN
from storage_tui.demo import files, pictures, shapes, tables, terrain
from storage_tui.demo.images import IMAGES, register_images
from storage_tui.demo.tiff import INT, UINT, Raster, write_tiff
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.seed import SeedBlob, seed

UTM_WEST, UTM_NORTH, UTM_EPSG = 710_240.0, 4_117_620.0, 32610  # the landscape's corner, in metres of UTM zone 10 north
TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".gif": "image/gif", ".tif": "image/tiff",
         ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".json": "application/json", ".md": "text/markdown",
         ".geojson": "application/geo+json", ".log": "text/plain", ".txt": "text/plain", ".zip": "application/zip",
         ".pdf": "application/pdf", ".gz": "application/gzip"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """One blob of the demo and how long ago it was written."""

    storage_type: str
    key: str
    content: bytes
    age: timedelta = field(default=timedelta(days=20))


def build_demo(data_dir: Path, *, namespace: str, now: datetime | None = None) -> int:
    """Fill the store in `data_dir`, which no server may own, and return the number of its blobs.

    The files are the same in every run; only their ages depend on `now`.
    """
    now = now or datetime.now(UTC)
    made = sorted(_files(), key=lambda file: (file.storage_type, file.key.encode()))
    etags = {file.key: secrets.token_hex(16) for file in made if file.storage_type == STORED_IN}
    count = seed(
        data_dir,
        (
            SeedBlob(
                Address(namespace, file.storage_type, file.key), file.content, content_type(file.key), now - file.age,
                etags.get(file.key),
            )
            for file in made
        ),
    )  # fmt: skip
    sizes = {file.key: len(file.content) for file in made if file.storage_type == STORED_IN}
    register_images(data_dir, namespace, etags, sizes)
    return count


def content_type(key: str) -> str | None:
    """Return the content type for the ending of the key, or None."""
    return next((kind for ending, kind in TYPES.items() if key.endswith(ending)), None)


def _files() -> Iterator[File]:
    land = terrain.make_landscape()
    relief, vegetation = terrain.relief(land), terrain.vegetation_map(land)
    yield from _rasters(land)
    yield from _pictures(land, relief, vegetation)
    yield from _shapes_and_tables()
    yield from _other_files(land, vegetation)
    yield from _tasks()
    yield from _odd_names()
    yield from _temporary(vegetation)


def _rasters(land: terrain.Landscape) -> Iterator[File]:
    place = (UTM_WEST, UTM_NORTH, terrain.PIXEL_M, UTM_EPSG)
    elevation = Raster(terrain.int16(land.heights), terrain.int16_bytes, 1, 16, INT, *place)
    ndvi = Raster(
        terrain.int16(land.vegetation, scale=10_000, footprint=True), terrain.int16_bytes, 1, 16, INT, *place,
        nodata=str(terrain.NODATA),
    )  # fmt: skip
    colors = terrain.true_color(land)
    scene = Raster(colors, lambda tile: tile.tobytes(), 3, 8, UINT, *place)
    quarter = Raster(
        colors.crop((0, 0, 512, 512)), lambda tile: tile.tobytes(), 3, 8, UINT,
        shapes.WEST, shapes.NORTH, shapes.DEGREES / 1024, 4326,
    )  # fmt: skip
    yield File("data", "rasters/elevation_10m.tif", write_tiff(elevation), timedelta(days=200))
    yield File("data", "rasters/ndvi_2024-07-12.tif", write_tiff(ndvi), timedelta(days=12))
    scene_file = write_tiff(scene)
    yield File("data", "rasters/true_color_2024-07-12.tif", scene_file, timedelta(days=12))
    yield File("products", "acme:s2:v1/2024-07-12_10SGF/true_color.tif", scene_file, timedelta(days=12))
    yield File("products", "acme:s2:v1/2024-07-12_10SGF/quarter.tif", write_tiff(quarter), timedelta(days=12))
    yield File("products", "acme:s2:v1/2024-06-27_10SGF/quarter.tif", write_tiff(quarter), timedelta(days=27))
    for image in IMAGES:
        meta = {"id": str(image.image_id), "acquired": image.acquired, "cloud_fraction": image.cloud_fraction}
        content = json.dumps(meta).encode()
        yield File(STORED_IN, f"{image.image_id.prefix}metadata.json", content, timedelta(days=image.age_days))


def _pictures(land: terrain.Landscape, relief: Image.Image, vegetation: Image.Image) -> Iterator[File]:
    yield File("data", "images/shaded_relief.png", pictures.encode(relief.resize((640, 640)), "PNG", compress_level=1))
    yield File("data", "images/ndvi_map.png", pictures.encode(vegetation.resize((512, 512)), "PNG", compress_level=1))
    yield File("data", "images/quicklook.jpg", pictures.encode(terrain.true_color(land), "JPEG", quality=85))
    yield File("data", "images/seasons.gif", pictures.seasons(land))
    yield File("data", "images/legend.webp", pictures.legend())
    for name, tile in pictures.tiles(relief):
        yield File("data", f"tiles/{name}", tile, timedelta(days=90))


def _shapes_and_tables() -> Iterator[File]:
    yield File("data", "regions/regions.geojson", shapes.regions(), timedelta(days=300))
    yield File("data", "regions/footprints.geojson", shapes.footprints(), timedelta(days=12))
    yield File("data", "regions/fields.geojson", shapes.fields(), timedelta(days=40))
    yield File("data", "regions/rivers.geojson", shapes.rivers(), timedelta(days=300))
    yield File("data", "regions/plots.wkt", shapes.sites(), timedelta(days=40))
    series = tables.ndvi_series()
    yield File("data", "tables/ndvi_timeseries.csv", series, timedelta(hours=30))
    yield File("data", "tables/ndvi_timeseries.csv.gz", gzip.compress(series, mtime=0), timedelta(hours=30))
    yield File("data", "tables/field_samples.csv", tables.field_samples(), timedelta(days=6))
    yield File("data", "tables/stations.tsv", tables.stations(), timedelta(days=400))
    for name, content in tables.daily():
        yield File("data", f"daily/{name}", content, timedelta(days=30))


def _other_files(land: terrain.Landscape, vegetation: Image.Image) -> Iterator[File]:
    notes, script = files.NOTES.encode(), files.SCRIPT.encode()
    yield File("data", "arrays/ndvi_stack.npy", files.ndvi_stack(land.vegetation))
    yield File("data", "arrays/training_chips.npz", files.training_chips(vegetation))
    delivery = {"delivery/README.md": notes, "delivery/vector/fields.geojson": shapes.fields(),
                "delivery/vector/rivers.geojson": shapes.rivers(), "delivery/table/samples.csv": tables.field_samples(),
                "delivery/raster/quicklook.jpg": pictures.encode(vegetation.resize((256, 256)), "JPEG")}  # fmt: skip
    yield File("data", "archives/delivery_2024-07.zip", files.zipped(delivery), timedelta(days=9))
    yield File("data", "archives/task_code.tar.gz", files.tarred({"task/ndvi.py": script, "task/README.md": notes}))
    yield File("data", "models/crop_classifier.pkl", files.model(), timedelta(days=33))
    yield File("data", "models/catalog.sqlite", files.database(), timedelta(days=33))
    yield File("data", "notes/README.md", notes, timedelta(days=2))
    yield File("data", "notes/ndvi_task.py", script, timedelta(days=2))
    yield File("data", "notes/field_protocol.pdf", files.document(), timedelta(days=80))


def _tasks() -> Iterator[File]:
    for group, count, endings in (("3f2a9c", 48, (".json", ".log")), ("b81d07", 12, ("", ""))):
        for number in range(count):
            age = timedelta(days=3, minutes=count - number)
            yield File("result", f"group-{group}/task-{number:04}{endings[0]}", tables.task_result(number), age)
            start = datetime(2024, 7, 12, 9, tzinfo=UTC) + timedelta(minutes=number)
            yield File("logs", f"group-{group}/task-{number:04}{endings[1]}", tables.task_log(number, start), age)
    yield File("result", "group-3f2a9c/all.jsonl", tables.task_stream(), timedelta(days=2))


def _odd_names() -> Iterator[File]:
    folder = "odd names/"
    contents = {
        "with spaces.txt": b"spaces\n", "a": b"a blob beside a folder of the same name\n", "a/b": b"below it\n",
        "a//b": b"an empty folder name between two slashes\n", "trailing/": b"a key may end in a slash\n",
        "percent%20sign.txt": b"%20 is three characters here\n", "[bold]markup[/bold].txt": b"no markup\n",
        "地図 ñandú 🗺.txt": b"a map\n", "photo\u202egnp.exe": b"the name turns around\n",
        "cafe\u0301.txt": b"decomposed\n", "caf\u00e9.txt": b"composed: another key\n",
        "-rf *.txt": b"a name for a shell\n",
        "quote'\"`$HOME.txt": b"quotes\n", "escape sequences.txt": files.ESCAPES, "latin-1.txt": files.LATIN,
        "utf-16.txt": files.UTF16, "empty": b"", "long " + "x" * 180 + ".txt": b"long\n",
    }  # fmt: skip
    for name, content in contents.items():
        yield File("data", folder + name, content, timedelta(days=1))


def _temporary(vegetation: Image.Image) -> Iterator[File]:
    week = timedelta(days=7)
    samples = tables.field_samples()
    yield File("tmp", "exports/samples_new.csv", samples, timedelta(minutes=12))
    yield File("tmp", "exports/samples_yesterday.csv", samples, timedelta(days=1, hours=3))
    yield File("tmp", "exports/ndvi_preview.jpg", pictures.encode(vegetation.resize((400, 400)), "JPEG"), week / 2)
    yield File("tmp", "exports/fields_draft.geojson", shapes.fields(), week - timedelta(hours=20))
    for left_minutes in (3, 25, 55, 130, 400):
        name = f"scratch/chunk_{left_minutes:03}_minutes_left.jsonl"
        yield File("tmp", name, tables.task_stream()[:9000], week - timedelta(minutes=left_minutes))
