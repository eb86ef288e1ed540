"""Arrays of Zarr stores looked at through a window: values equal zarr's, only the chunks in view are read."""

import random
from typing import Any

import numpy
import pytest
import zarr
import zarr.codecs

from storage_tui.previews.base import LimitError, PreviewError
from storage_tui.previews.raster.windows.reading import WindowReader
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View
from storage_tui.previews.stores.raster import ZarrRaster
from tests.previews.stores.trees import TEMPERATURE, Tree, store

GREY = Style((0,), "min-max")
CODECS = zarr.codecs
FORMS: dict[str, tuple[int, dict[str, Any]]] = {
    "3, blosc": (3, {"compressors": CODECS.BloscCodec(cname="lz4", shuffle="shuffle")}),
    "3, zstd in shards": (3, {"compressors": CODECS.ZstdCodec(), "shards": (1, 256, 256)}),
    "3, big endian, turned": (
        3, {"compressors": None, "serializer": CODECS.BytesCodec(endian="big"),
            "filters": [CODECS.TransposeCodec(order=(2, 0, 1))]},
    ),
    "2, columns first": (2, {"order": "F"}),
    "2, plain": (2, {"compressors": None}),
}  # fmt: skip


def large(version: int, **how: Any) -> tuple[Tree, Any]:
    """A store with one array of 2 × 512 × 768 in chunks of 64 × 64, and its values."""
    held: dict[str, Any] = {}
    root = zarr.create_group(zarr.storage.MemoryStore(held), zarr_format=version)  # type: ignore[arg-type]
    values = numpy.random.default_rng(5).integers(-3000, 3000, (2, 512, 768), dtype="i2")
    values[0, :64, :64] = 7
    array = root.create_array("z", shape=values.shape, chunks=(1, 64, 64), dtype="i2", fill_value=7, **how)
    array[:] = values
    return Tree({f"x.zarr/{name}": content.to_bytes() for name, content in held.items()}), values


async def opened(tree: Tree, name: str | None = None) -> WindowReader:
    return await ZarrRaster(tree, "x.zarr/", "data").open(name)


async def shown(reader: WindowReader, view: View) -> Any:
    return await reader.picture(view, GREY, across=2, ground=b"\0\0\0")


@pytest.mark.parametrize("form", FORMS)
async def test_values_are_those_of_zarr(form: str) -> None:
    version, how = FORMS[form]
    tree, values = large(version, **how)
    reader = await opened(tree)
    choice = random.Random(3)
    for step in (0, 1):
        reader.stepped(0, step)
        for _ in range(6):
            x, y = choice.randrange(768), choice.randrange(512)
            assert await reader.pixel(x, y, (0,)) == [values[step, y, x]]
    raw, damaged = await reader.values(50, 60, 30, 20)
    assert not damaged
    assert numpy.array_equal(numpy.frombuffer(raw, "<i2").reshape(20, 30), values[1, 60:80, 50:80])


async def test_only_chunks_that_come_into_view_are_read() -> None:
    tree, _ = large(3, compressors=None)
    reader = await opened(tree)
    view = View(768, 512, 60, 30, left=66.0, top=66.0, scale=1.0)
    picture = await shown(reader, view)
    assert picture.is_sharp and picture.pixels == 120 * 60
    chunks = [key for key, *_ in tree.asked if "/c/" in key]
    assert len(set(chunks)) == len(chunks) == 1  # 60 × 60 pixels of the raster lie in one chunk
    await shown(reader, view.moved(4, 2))
    assert len([key for key, *_ in tree.asked if "/c/" in key]) == 4
    await shown(reader, view)
    assert len([key for key, *_ in tree.asked if "/c/" in key]) == 4


@pytest.mark.parametrize("version", [2, 3])
async def test_the_place_the_times_and_the_names_are_those_of_the_store(version: int) -> None:
    reader = await opened(store(version))
    scene = reader.scene
    assert reader.names[0] == "t2m" == scene.name
    assert scene.steps[0].words.startswith("2026-01-01 06:00")
    assert scene.place is not None and scene.place.bounds == pytest.approx((-0.5, 0.0, 69.5, 60.0))
    reader.stepped(0, 2)
    assert reader.scene.steps[0].words.startswith("2026-01-01 18:00")
    assert await reader.pixel(11, 22, (0,)) == [pytest.approx(float(TEMPERATURE[2, 22, 11]))]


async def test_what_has_no_picture_says_why() -> None:
    with pytest.raises(LimitError, match="no Zarr store"):
        await ZarrRaster(Tree({"x.zarr/a.txt": b""}), "x.zarr/", "data").find()
    flat: dict[str, Any] = {}
    zarr.create_group(zarr.storage.MemoryStore(flat)).create_array("a", shape=(9,), dtype="f4")
    tree = Tree({f"x.zarr/{name}": content.to_bytes() for name, content in flat.items()})
    with pytest.raises(LimitError, match="no array of this store is a picture"):
        await ZarrRaster(tree, "x.zarr/", "data").find()
    with pytest.raises(PreviewError, match="no such array"):
        await opened(store(3), "nothing")


async def test_damaged_chunks_are_counted_and_a_bomb_ends_in_a_line() -> None:
    tree, _ = large(3, compressors=CODECS.ZstdCodec())
    broken = {key: content if "/c/" not in key else b"\xff" + content for key, content in tree.blobs.items()}
    reader = await opened(Tree(broken))
    with pytest.raises(PreviewError):
        await shown(reader, View(768, 512, 20, 10).fit())
    one = next(key for key in tree.blobs if key.endswith("/c/0/1/1"))
    reader = await opened(Tree({**tree.blobs, one: b"\xff" + tree.blobs[one]}))
    picture = await shown(reader, View(768, 512, 100, 80).fit())
    assert picture.damaged is not None and picture.damaged[0] == 1
    metadata = tree.blobs["x.zarr/z/zarr.json"]
    huge = metadata.replace(b"64", b"640000")
    with pytest.raises(PreviewError):
        await opened(Tree({**tree.blobs, "x.zarr/z/zarr.json": huge}))
