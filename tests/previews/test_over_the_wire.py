"""Previews of blobs on a real server: the ranges asked for are the bytes that come."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from storage_tui import AsyncStorage, Storage
from storage_tui.contract.errors import NotFoundError, PreconditionFailedError
from storage_tui.notebook import look
from storage_tui.previews import Source, preview
from tests.previews.ranges import plain
from tests.previews.samples import SAMPLES
from tests.server.running import RunningServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for the file."""
    running = RunningServer(tmp_path_factory.mktemp("server") / "store")
    running.start()
    yield running
    running.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def storage(server: RunningServer) -> AsyncIterator[AsyncStorage]:
    """A client of it."""
    async with AsyncStorage(server.url, token=server.token("previews")) as client:
        yield client


@pytest.mark.parametrize("kind", ["GeoTIFF", "PNG", "zip", "CSV", "GeoJSON", "text", "binary"])
async def test_a_stored_file_is_shown(storage: AsyncStorage, kind: str) -> None:
    make, expected = SAMPLES[kind]
    await storage.set(f"files/{kind}", make())
    blob = await storage.stat(f"files/{kind}")
    shown = await preview(Source(storage, blob), width=100, height=30)
    assert shown.kind == kind
    assert expected in plain(shown)


async def test_a_page_far_into_a_blob_costs_two_requests(storage: AsyncStorage) -> None:
    await storage.set("far.txt", b"a line of text\n" * 200_000)
    source = Source(storage, await storage.stat("far.txt"))
    shown = await preview(source, offset=2_000_010)
    assert shown.lines[0].plain == "a line of text"
    assert source.requests == 2


async def test_a_notebook_looks_into_a_blob_while_its_loop_runs(server: RunningServer) -> None:
    with Storage(server.url, token=server.token("notebook")) as storage:
        storage.set("a.tif", SAMPLES["GeoTIFF"][0]())
        storage.set("a.csv", b"site,what\nS1,<script>\nS2,b\n")
        storage.set("a.json", SAMPLES["STAC item"][0]())
        raster, table, item = (look(key, storage=storage) for key in ("a.tif", "a.csv", "a.json"))
        with pytest.raises(NotFoundError):
            look("none", storage=storage)
    assert raster.kind == "GeoTIFF" and raster.png is not None and raster.png.startswith(b"\x89PNG")
    drawn = raster._repr_html_()
    assert "data:image/png;base64," in drawn and "EPSG:32610" in drawn and "data:a.tif" in drawn
    assert table.columns == ("site", "what") and "<script" not in table._repr_html_()
    assert "&lt;script&gt;" in table._repr_html_()
    assert item.facts["collection"] == "sentinel-2-l2a" and "<pre" in item._repr_html_()


async def test_an_empty_and_a_missing_blob(storage: AsyncStorage) -> None:
    await storage.set("empty", b"")
    assert (await preview(Source(storage, await storage.stat("empty")))).kind == "empty"
    gone = await storage.stat("empty")
    await storage.set("gone", b"x")
    blob = await storage.stat("gone")
    await storage.delete("gone")
    with pytest.raises(NotFoundError):
        await preview(Source(storage, blob))
    assert gone.size_bytes == 0


async def test_a_blob_overwritten_between_two_pages_is_told(storage: AsyncStorage) -> None:
    await storage.set("changing.txt", b"old line\n" * 50_000)
    source = Source(storage, await storage.stat("changing.txt"))
    await preview(source)
    await storage.set("changing.txt", b"new line\n" * 50_000)
    with pytest.raises(PreconditionFailedError):
        await preview(source, offset=200_000)
