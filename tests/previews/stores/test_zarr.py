"""Zarr stores as one thing, held against the zarr library; and stores that lie."""

import gzip
import itertools
import json
import random
import zlib
from typing import Any

import numcodecs
import numpy
import zarr
import zarr.codecs

from storage_tui.previews.base import MIB, Preview, View
from storage_tui.previews.stores.prefix import PANE_BUDGET, Prefix
from storage_tui.previews.stores.recognise import preview_prefix
from storage_tui.previews.stores.slices import Axis, read_slice
from storage_tui.previews.stores.tree import read_store
from tests.previews.heads.damage import OBEYED
from tests.previews.ranges import plain
from tests.previews.stores.trees import Tree, opened, store

CODECS = zarr.codecs
FORMS: dict[str, dict[str, Any]] = {
    "2 blosc": {"version": 2, "compressors": numcodecs.Blosc("lz4", shuffle=1)},
    "2 zlib": {"version": 2, "compressors": numcodecs.Zlib(), "order": "F", "is_consolidated": False},
    "2 lzma": {"version": 2, "compressors": numcodecs.LZMA(), "filters": [numcodecs.Shuffle(4)]},
    "2 delta": {"version": 2, "compressors": numcodecs.BZ2(), "filters": [numcodecs.Delta("f4")]},
    "2 lz4": {"version": 2, "compressors": numcodecs.LZ4()},
    "2 nested": {"version": 2, "compressors": None, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    "3 zstd": {"version": 3},
    "3 gzip": {"version": 3, "compressors": [CODECS.GzipCodec(), CODECS.Crc32cCodec()], "is_consolidated": False},
    "3 blosc": {"version": 3, "compressors": [CODECS.BloscCodec(cname="zstd")]},
    "3 big": {"version": 3, "serializer": CODECS.BytesCodec(endian="big"), "compressors": None},
    "3 transposed": {"version": 3, "filters": [CODECS.TransposeCodec(order=(2, 0, 1))]},
    "3 dots": {"version": 3, "chunk_key_encoding": {"name": "default", "separator": "."}},
    "3 sharded": {"version": 3, "shards": (1, 60, 90)},
    "3 index first": {
        "version": 3, "shards": {"shape": (2, 40, 60), "index_location": "start"}, "is_consolidated": False,
    },
}  # fmt: skip


async def shown_of(tree: Tree, below: str = "", **view: Any) -> Preview:
    """The preview of a prefix that is a store, after all that must hold of any."""
    before = len(tree.asked) + tree.lists
    found = await preview_prefix(tree, f"x.zarr/{below}", view=View(100, 40, **view))
    assert found is not None
    shown, spent = found
    assert spent.requests <= PANE_BUDGET.requests and spent.bytes_read <= PANE_BUDGET.size_bytes
    assert len(tree.asked) + tree.lists - before <= spent.requests
    assert sum(stop - start for _, start, stop in tree.asked) <= MIB
    assert shown.facts and not OBEYED & set(plain(shown))
    return shown


async def test_arrays_and_values_are_those_of_zarr() -> None:
    for form in FORMS:  # in one process of the decoder
        await _holds(form)


async def _holds(form: str) -> None:
    tree = store(**FORMS[form])
    prefix = Prefix(tree, "x.zarr/", "data", is_full=True)
    found = await read_store(prefix, await prefix.names())
    expected = dict(opened(tree).members(max_depth=None))
    arrays = {array.path: array for array in found.arrays}
    assert set(arrays) == {path for path, node in expected.items() if isinstance(node, zarr.Array)}
    assert found.is_consolidated == FORMS[form].get("is_consolidated", True)
    for path, array in arrays.items():
        node = expected[path]
        assert (array.shape, array.pieces, array.type_words) == (node.shape, node.chunks, _words(node))
        assert array.chunks == (node.shards or node.chunks)
        assert dict(array.attributes) == dict(node.attrs)
    array = arrays["t2m"]
    whole = await read_slice(
        prefix, array, Axis(tuple(range(60)), array.pieces[1]), Axis(tuple(range(70)), array.pieces[2])
    )
    assert whole.reasons == []
    assert numpy.array_equal(numpy.array(whole.values, "f4"), expected["t2m"][0])
    counts = arrays["stations/counts"]
    rest = await read_slice(prefix, counts, Axis((0, 2, 4), 5), Axis((0, 3), 4))
    assert rest.values == opened(tree)["stations/counts"][:][[0, 2, 4]][:, [0, 3]].tolist()


def _words(node: Any) -> str:
    told = json.dumps(node.metadata.to_dict(), default=str)
    return str(node.dtype.name) + (", big-endian" if '"big"' in told else "")


async def test_a_store_is_one_thing() -> None:
    for form in FORMS:
        await _is_one_thing(form)


async def _is_one_thing(form: str) -> None:
    tree = store(**FORMS[form])
    shown = await shown_of(tree)
    facts = dict(shown.facts)
    version = FORMS[form]["version"]
    assert facts["Zarr"].startswith(f"version {version}")
    assert facts["title"] == r"Weather \x1b[2J of 2026"
    assert facts["arrays"].rstrip("+") == "5" and facts["groups"].rstrip("+") == "1"
    text = plain(shown)
    assert "stations/counts" in text and "time 3 × lat 60 × lon 70" in text
    if FORMS[form].get("is_consolidated", True):
        assert facts["time"] == "3: 2026-01-01 06:00 to 2026-01-01 18:00, step 6 hours"
        assert facts["lat"] == "60: 59.5 to 0.5, step -1"
        assert "t2m [0, :, :]  0 to 142.29, " in text and "▀" in text
        metadata = ".zmetadata" if version == 2 else "zarr.json"
        assert [key for key, _, _ in tree.asked if key.endswith(("json", "zmetadata", "zarray"))] == [
            f"x.zarr/{metadata}"
        ]
        assert tree.lists == 1


async def test_an_array_is_drawn_and_small_ones_are_written() -> None:
    tree = store(3)
    shown = await shown_of(tree, "t2m/")
    facts = dict(shown.facts)
    assert (shown.kind, shown.is_drawing) == ("Zarr array", True)
    assert facts["shape"] == "time 3 × lat 60 × lon 70" and facts["chunks"] == "1 × 20 × 30"
    assert facts["drawn"] == "[0, :, :] 0 to 142.29, 9 of 9 chunks" and facts["units"] == "K"
    cell = await shown_of(tree, "t2m/", cell=(8, 16))
    assert cell.pixels is not None and cell.pixels.width <= 70
    axis = await shown_of(tree, "lat/")
    assert [line.plain.split() for line in axis.lines[1:3]] == [["0", "59.500"], ["1", "58.500"]]


async def test_texts_and_times_are_written() -> None:
    held: dict[str, Any] = {}
    group = zarr.create_group(zarr.storage.MemoryStore(held), zarr_format=3)
    group.create_array("names", shape=(2,), dtype="str")[:] = ["Büro", "\x1b]52;x"]
    group.create_array("days", shape=(1,), dtype="M8[D]")[:] = numpy.array(["2026-03-01"], "M8[D]")
    tree = Tree({f"x.zarr/{name}": buffer.to_bytes() for name, buffer in held.items()})
    assert "0  Büro\n    1  \\x1b]52;x" in plain(await shown_of(tree, "names/"))
    assert "2026-03-01" in plain(await shown_of(tree, "days/"))


async def test_a_large_array_is_drawn_around_its_middle() -> None:
    held: dict[str, Any] = {}
    group = zarr.create_group(zarr.storage.MemoryStore(held), zarr_format=3)
    array = group.create_array("big", shape=(100_000, 100_000), chunks=(100, 100), dtype="u1", fill_value=0)
    array[49_950:50_050, 49_950:50_050] = 7
    array[0, 0] = 9
    tree = Tree({f"x.zarr/{name}": buffer.to_bytes() for name, buffer in held.items()})
    shown = await shown_of(tree, "big/")
    assert dict(shown.facts)["drawn"].startswith("7 to 7, ") or "of 1,000,000 chunks" in dict(shown.facts)["drawn"]


async def test_other_prefixes_are_no_store() -> None:
    tree = Tree({f"x.zarr/{at:04}": b"a" for at in range(300)} | {"y/refs/a": b"", "z/notes.txt": b"a"})
    for key in ("x.zarr/", "y/", "z/", "none/"):
        assert await preview_prefix(tree, key) is None
    tree = Tree({**tree.blobs, "x.zarr/zarr.json": b'{"zarr_format": 3, "node_type": "group"}'})
    assert dict((await shown_of(tree)).facts)["arrays"] == "0+"


async def test_the_first_keys_tell_a_store_and_save_a_list_of_its_names() -> None:
    for tree in [store(**FORMS[form]) for form in ("2 nested", "3 sharded")]:
        first = await tree.list_page("x.zarr/", delimiter="")
        before = tree.lists
        assert await preview_prefix(tree, "x.zarr/", first=first) is not None
        with_names = tree.lists - before
        assert await preview_prefix(tree, "x.zarr/") is not None
        assert tree.lists - before - with_names == with_names + 1


async def test_a_store_whose_first_keys_are_chunks_is_still_known() -> None:
    group, array = b'{"zarr_format": 3, "node_type": "group"}', b'{"zarr_format": 3, "node_type": "array"}'
    for chunk in ("c/{}/0", "c.{}.0", "{}.0", "{}/0", "air/c/{}"):
        content = group if chunk.startswith("air") else array
        blobs = {f"x.zarr/{chunk.format(number)}": b"" for number in range(1500)}
        tree = Tree({**blobs, "x.zarr/zarr.json": content})
        first = await tree.list_page("x.zarr/", delimiter="")
        assert first.next_token is not None and not [blob for blob in first.blobs if "zarr.json" in blob.key]
        assert await preview_prefix(tree, "x.zarr/", first=first) is not None, chunk


async def test_a_folder_without_a_sign_of_a_store_is_not_read() -> None:
    for count in (3, 1500):
        tree = Tree({f"maps/{number:04}.tif": b"" for number in range(count)})
        first = await tree.list_page("maps/", delimiter="")
        assert await preview_prefix(tree, "maps/", first=first) is None
        assert (tree.lists, tree.asked) == (1, [])


async def test_an_icechunk_repository_tells_its_branches() -> None:
    tree = Tree({
        "x.zarr/refs/branch.main/ref.json": b'{"snapshot": "VY76P925PRY57WFEK410"}',
        "x.zarr/refs/tag.v1/ref.json": b'{"snapshot": "4N0217AZA4VNPYD0HR0G"}',
        "x.zarr/snapshots/VY76P925PRY57WFEK410": b"", "x.zarr/snapshots/4N0217AZA4VNPYD0HR0G": b"",
        "x.zarr/manifests/AAA": b"", "x.zarr/config.yaml": b"",
    })  # fmt: skip
    shown = await shown_of(tree)
    assert (shown.kind, dict(shown.facts)) == ("Icechunk", {
        "Icechunk": "version 1", "snapshots": "2", "manifests": "1", "branch": "main, snapshot VY76P925PRY57WFEK410",
        "tag": "v1, snapshot 4N0217AZA4VNPYD0HR0G",
    })  # fmt: skip


async def test_a_damaged_store_ends_in_a_line() -> None:
    for form in ("2 blosc", "2 zlib", "3 gzip", "3 sharded", "3 index first"):
        await _ends_in_a_line(form)


async def _ends_in_a_line(form: str) -> None:
    tree = store(**FORMS[form])
    dice = random.Random(form)
    damages = (
        lambda raw: raw[: len(raw) // 2], lambda raw: raw[:1], lambda raw: b"",
        lambda raw: bytes(byte ^ (1 << dice.randrange(8)) * (dice.random() < 0.05) for byte in raw),
        lambda raw: b"\xff" * len(raw), lambda raw: raw[:-3] + b"\x7f\x7f\x7f", lambda raw: raw + raw,
    )  # fmt: skip
    for damage, is_header in itertools.product(damages, (True, False)):
        broken = {
            key: damage(raw) if is_header == (key.rsplit("/", 1)[-1].startswith((".z", "zarr"))) else raw
            for key, raw in tree.blobs.items()
        }
        for below in ("", "t2m/"):
            found = await preview_prefix(Tree(broken), f"x.zarr/{below}", view=View(80, 30))
            assert found is not None and found[0].facts and not OBEYED & set(plain(found[0]))


def _array(**members: Any) -> dict[str, bytes]:
    told = {"zarr_format": 2, "shape": [100, 100], "chunks": [100, 100], "dtype": "<f4", "compressor": {"id": "zlib"},
            "fill_value": 0, "order": "C", "filters": None, **members}  # fmt: skip
    return {"x.zarr/.zarray": json.dumps(told).encode(), "x.zarr/0.0": zlib.compress(bytes(40_000))}


HOSTILE: dict[str, tuple[dict[str, bytes], str]] = {
    "a bomb": ({**_array(), "x.zarr/0.0": zlib.compress(bytes(50 * MIB))}, "more than a chunk has"),
    "a bomb of steps": (
        {**_array(filters=[{"id": "gzip"}] * 15), "x.zarr/0.0": gzip.compress(bytes(10 * MIB))}, "than a chunk has"
    ),
    "a huge chunk": (_array(shape=[1 << 40] * 2, chunks=[1 << 40] * 2), "MB unpacked"),
    "a huge shape": (_array(shape=[1 << 61] * 2), "drawn"),
    "no numbers": (_array(shape=[1.5, "a"]), "a side of its shape is no size"),
    "many sides": (_array(shape=[2] * 5000, chunks=[2] * 5000), "its shape is none"),
    "chunks of zero": (_array(chunks=[0, 0]), "its chunks do not fit its shape"),
    "an unknown codec": (_array(compressor={"id": "\x1b[2J"}), r"is packed by \x1b[2J"),
    "a blosc that lies": (
        {**_array(compressor={"id": "blosc"}), "x.zarr/0.0": b"\2\1\1\4" + b"\xff\xff\xff\x7f" * 3}, "chunk"
    ),
    "a fill that is none": (_array(fill_value={"a": []}), "drawn"),
    "attributes that lie": (
        {**_array(), "x.zarr/.zattrs": b'{"_ARRAY_DIMENSIONS": 7, "a": ' + b"[" * 5000 + b"]" * 5000 + b"}"}, "drawn"
    ),
    "deep": ({"x.zarr/.zgroup": b"{}", "x.zarr/.zmetadata": b'{"metadata":' * 9000}, "arrays"),
    "a type that lies": (_array(dtype="<V999999999999"), "MB unpacked"),
    "records in records": (_array(dtype=[["a", [["b", [["c", "<f4"]]]]]]), ""),
}  # fmt: skip


async def test_a_hostile_store_ends_in_a_line() -> None:
    for kind, (blobs, expected) in HOSTILE.items():
        assert expected in plain(await shown_of(Tree(blobs))), kind


async def test_no_name_leads_out_of_a_store() -> None:
    told = {"shape": [2], "chunks": [2], "dtype": "<u1", "compressor": None, "fill_value": 5}
    away = {"a/../../secret/.zarray": told,
            "a/../../secret/.zattrs": {"_ARRAY_DIMENSIONS": ["secret"]}}  # fmt: skip
    tree = Tree({"x.zarr/.zmetadata": json.dumps({"metadata": away}).encode(), "x.zarr/a/../../secret/0": b"\7\7"})
    await shown_of(tree)
    assert [key for key, _, _ in tree.asked] == ["x.zarr/.zmetadata"]


async def test_a_shard_whose_index_lies_is_not_drawn() -> None:
    tree = store(3, shards=(1, 60, 90))
    key = "x.zarr/t2m/c/0/0/0"
    for raw in (tree.blobs[key][:-90] + b"\xff" * 90, tree.blobs[key][:50], b""):
        shown = await shown_of(Tree({**tree.blobs, key: raw}), "t2m/")
        assert "shard" in shown.note


async def test_many_chunks_keep_the_budget() -> None:
    tree = store(3, compressors=None, chunks=(1, 3, 3))
    assert (await shown_of(tree, "t2m/")).is_drawing
    wide = Tree(
        {"x.zarr/zarr.json": json.dumps({"zarr_format": 3, "node_type": "array", "shape": [4000, 4000],
         "data_type": "float64", "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [500, 500]}},
         "chunk_key_encoding": {"name": "default"}, "fill_value": "NaN", "codecs": [{"name": "bytes"}]}).encode()}
        | {f"x.zarr/c/{y}/{x}": bytes(500 * 500 * 8) for y in range(8) for x in range(8)}
    )  # fmt: skip
    assert "has 2.0 MB, which is past the budget" in (await shown_of(wide)).note
