"""The demo's store: every kind of file, each shown as what it is, and tmp blobs near their end."""

from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest

from storage_tui import Storage
from storage_tui.demo import build_demo
from storage_tui.demo.build import File, _files
from storage_tui.demo.images import IMAGES, PRODUCT_NAME
from storage_tui.previews import close
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.local.store import LocalStore
from tests.previews.ranges import show
from tests.server.running import RunningServer

NAMESPACE = sha1(b"local").hexdigest()


@pytest.fixture(scope="module")
def made() -> list[File]:
    """The files before they are stored."""
    return list(_files())


async def test_the_store_has_every_type_and_blobs_that_expire_within_the_hour(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    count = build_demo(tmp_path / "store", namespace=NAMESPACE, now=now)
    store = LocalStore(tmp_path / "store")
    await store.start()
    try:
        usage = {kind: await store.usage(NAMESPACE, kind) for kind in ("data", "tmp", "products", "result", "logs")}
        assert sum(row.count for row in usage.values()) == count > 1900
        assert all(row.count for row in usage.values())
        page = await store.list_page(NAMESPACE, "tmp", limit=100)
        left = [blob.expires - now for blob in page.blobs if blob.expires is not None]
        assert len(left) == usage["tmp"].count
        assert min(left) < timedelta(minutes=5) and max(left) > timedelta(days=6)
        reader = store.open(Address(NAMESPACE, "data", "odd names/a//b"))
        async with reader as opened:
            assert opened.blob.size_bytes
    finally:
        await store.close()


def test_the_files_are_the_same_in_every_run(made: list[File]) -> None:
    again = {(file.storage_type, file.key): file.content for file in _files()}
    assert {(file.storage_type, file.key): file.content for file in made} == again


@pytest.mark.parametrize(
    "key, kind",
    [
        ("rasters/elevation_10m.tif", "GeoTIFF"), ("images/shaded_relief.png", "PNG"), ("images/quicklook.jpg", "JPEG"),
        ("images/seasons.gif", "GIF"), ("images/legend.webp", "WebP"), ("regions/fields.geojson", "GeoJSON"),
        ("regions/plots.wkt", "WKT"), ("tables/field_samples.csv", "CSV"), ("tables/stations.tsv", "TSV"),
        ("tables/ndvi_timeseries.csv.gz", "gzip"), ("arrays/ndvi_stack.npy", "NumPy array"),
        ("arrays/training_chips.npz", "NumPy archive"), ("archives/delivery_2024-07.zip", "zip"),
        ("archives/task_code.tar.gz", "gzip"), ("models/crop_classifier.pkl", "pickle"),
        ("models/catalog.sqlite", "SQLite"), ("notes/field_protocol.pdf", "PDF"), ("notes/README.md", "Markdown"),
        ("group-3f2a9c/task-0001.json", "JSON"), ("group-3f2a9c/all.jsonl", "JSON Lines"),
        ("group-3f2a9c/task-0001.log", "log"), ("tiles/4/3/7.png", "PNG"), ("daily/2024/02/2024-02-29.csv", "CSV"),
        ("odd names/utf-16.txt", "text"),
    ],
)  # fmt: skip
async def test_each_kind_of_file_is_shown_as_what_it_is(made: list[File], key: str, kind: str) -> None:
    content = next(file.content for file in made if file.key == key)
    shown = await show(content, key)
    await close()
    assert shown.kind == kind
    assert not shown.is_damaged


def test_its_images_are_in_the_catalog_and_its_tasks_have_a_log(tmp_path: Path, made: list[File]) -> None:
    build_demo(tmp_path / "store", namespace=NAMESPACE)
    server = RunningServer(tmp_path / "store")
    server.start()
    with Storage(server.url, token=server.token("local")) as storage:
        for image in IMAGES:
            found = storage.find_image(image.image_id)
            assert found is not None
            assert found.product_name == PRODUCT_NAME
            assert [blob.key for blob in found.blobs] == storage.list(image.image_id.prefix, "products")
            storage.delete_image(image.image_id)
        assert storage.list(storage_type="products") == []
    assert server.stop() == 0
    keys = {(file.storage_type, file.key) for file in made}
    pairs = [key for kind, key in keys if kind == "result" and ("logs", key) in keys]
    assert len(pairs) == 12
