"""Icechunk repositories: values out of chunks, manifests and places that were never written; repositories that lie."""

import random
from collections.abc import Mapping

import numpy
import pytest

from storage_tui.contract.models import Blob
from storage_tui.previews import Preview
from storage_tui.previews.base import PreviewError, View
from storage_tui.previews.raster.windows.shown import Style
from storage_tui.previews.raster.windows.view import View as RasterView
from storage_tui.previews.stores import icechunk_files
from storage_tui.previews.stores.icechunk_chunks import SnapshotChunks
from storage_tui.previews.stores.icechunk_files import MAGIC, base32, read_snapshot, unpacked
from storage_tui.previews.stores.nodes import Array, node_of_3
from storage_tui.previews.stores.prefix import PANE_BUDGET, Prefix
from storage_tui.previews.stores.raster import ZarrRaster
from storage_tui.previews.stores.recognise import preview_prefix
from storage_tui.previews.stores.slices import Axis, Slice, read_slice
from storage_tui.previews.table.flatbuffer import Table
from storage_tui.tui.viewer.raster.taking import python_line
from tests.previews.heads.damage import OBEYED, variants
from tests.previews.ranges import plain
from tests.previews.stores import kept_icechunk
from tests.previews.stores.trees import Tree

KEY = "x.icechunk/"
FILES = kept_icechunk.files()
SNAPSHOT = max((name for name in FILES if name.startswith("snapshots/")), key=lambda name: len(FILES[name]))
COVER = numpy.random.RandomState(7).randint(0, 256, (40, 60)).astype("u1")


def tree(changed: Mapping[str, bytes | None] | None = None) -> Tree:
    """The repository, some of its files changed or, with None, away."""
    blobs = FILES | dict(changed or {})
    return Tree({KEY + name: content for name, content in blobs.items() if content is not None})


async def shown_of(found: Tree) -> Preview:
    """The preview, after all that must hold of any."""
    answer = await preview_prefix(found, KEY, view=View(100, 40))
    assert answer is not None
    shown, spent = answer
    assert spent.requests <= PANE_BUDGET.requests and spent.bytes_read <= PANE_BUDGET.size_bytes
    assert shown.facts and not OBEYED & set(plain(shown))
    assert "Traceback" not in plain(shown) and "unpack_from" not in plain(shown)
    return shown


async def slice_of(path: str, *axes: Axis) -> Slice:
    """A slice of the first place of an array."""
    snapshot = read_snapshot(FILES[SNAPSHOT])
    stored = next(node for node in snapshot.nodes if node.path == path)
    array = node_of_3(path, stored.document)
    assert isinstance(array, Array)
    return await read_slice(SnapshotChunks(Prefix(tree(), KEY, "data"), snapshot), array, *axes)


async def test_values_come_out_of_chunks_and_out_of_manifests() -> None:
    cover = await slice_of("cover", Axis(tuple(range(40)), 20), Axis(tuple(range(60)), 30))
    assert cover.reasons == [] and numpy.array_equal(numpy.array(cover.values), COVER)
    counts = await slice_of("stations/counts", Axis((0, 2, 4), 5), Axis((0, 3), 4))
    assert counts.values == [[0, 3], [8, 11], [-1, -1]]
    lat = await slice_of("lat", Axis((0,), 1), Axis((0, 1, 39), 40))
    assert lat.values == [[59.5, 58.5, 20.5]]


async def test_a_chunk_in_another_place_is_named_and_never_opened() -> None:
    far = await slice_of("stations/far", Axis(tuple(range(8)), 8), Axis(tuple(range(8)), 8))
    assert far.reasons == ["lies in another place, which is not opened: file:///srv/scenes/far.bin"]


async def test_a_manifest_is_read_once_for_all_its_chunks() -> None:
    found = tree()
    await shown_of(found)
    manifests = [key for key, _, _ in found.asked if "/manifests/" in key]
    assert len(manifests) == len(set(manifests)) > 1


async def test_parts_that_are_away_are_told_in_a_line() -> None:
    shown = await shown_of(tree({SNAPSHOT: None}))
    assert shown.note == "no arrays: the snapshot is not there" and not shown.is_damaged
    shown = await shown_of(tree({name: None for name in FILES if name.startswith("manifests/")}))
    assert dict(shown.facts)["arrays"] == "6" and "lat" not in dict(shown.facts) and not shown.is_damaged
    shown = await shown_of(tree({name: b'{"snapshot": "../../etc"}' for name in FILES if name.startswith("refs/")}))
    assert shown.note == "no branch and no tag names a snapshot"
    shown = await shown_of(Tree({KEY + "repo": MAGIC, KEY + "snapshots/A": b"", KEY + "chunks/B": b""}))
    assert "version 2" in shown.note and dict(shown.facts)["Icechunk"] == "version 2"


@pytest.mark.parametrize("kind", ["snapshots", "manifests", "chunks"])
async def test_damaged_files_end_in_a_line(kind: str) -> None:
    names = [name for name in FILES if name.startswith(kind)]
    for turn, name in enumerate([*names, *names][:12]):
        sound = FILES[name]
        await shown_of(tree({name: list(variants(sound, kind))[turn % 12]}))


async def test_flipped_bits_of_flatbuffers_that_are_not_packed_end_in_a_line() -> None:
    dice = random.Random(3)
    sound = FILES[SNAPSHOT]
    plain_bytes = sound[:38] + b"\0" + unpacked(sound, icechunk_files.SNAPSHOT)
    assert dict((await shown_of(tree({SNAPSHOT: plain_bytes}))).facts)["arrays"] == "6"
    for _ in range(60):
        damaged = bytearray(plain_bytes)
        for _ in range(4):
            damaged[dice.randrange(39, len(damaged))] ^= 1 << dice.randrange(8)
        await shown_of(tree({SNAPSHOT: bytes(damaged)}))


def test_an_id_is_the_name_of_its_file() -> None:
    root = Table.root(unpacked(FILES[SNAPSHOT], icechunk_files.SNAPSHOT))
    assert f"snapshots/{base32(root.struct(0, '<12B'))}" == SNAPSHOT


async def test_arrays_are_pictures_of_the_raster_viewer() -> None:
    raster = ZarrRaster(tree(), KEY, "data")
    await raster.find()
    reader = await raster.open("cover")
    assert (reader.scene.main.width, reader.scene.main.height) == (60, 40)
    for row, column in ((0, 0), (19, 29), (39, 59), (20, 30)):
        assert await reader.pixel(column, row, (0,)) == [COVER[row, column]]
    view = RasterView(60, 40, 30, 10).fit()
    shown = await reader.picture(view, Style((0,), "min-max"), across=1, ground=b"\0\0\0")
    assert shown.pixels and not shown.damaged
    line = python_line(Blob("a/x.icechunk", "data"), reader.scene, view, Style((0,), "min-max"))
    assert "readonly_session('main')" in line and line.endswith("['cover'][0, 0:40, 0:60]")


async def test_a_repository_without_a_snapshot_is_no_picture() -> None:
    for changed in ({"refs/branch.main/ref.json": b"{}"}, {SNAPSHOT: b"no"}, {SNAPSHOT: None}, {"repo": b"2"}):
        with pytest.raises(PreviewError) as raised:
            await ZarrRaster(tree(changed), KEY, "data").find()
        assert "\n" not in str(raised.value)
