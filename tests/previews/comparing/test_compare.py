"""Two blobs beside each other: what is said of equal and unequal ones of every kind."""

import asyncio
import random
import subprocess

import pytest

from storage_tui.contract.errors import PreconditionFailedError
from storage_tui.contract.models import Blob
from storage_tui.previews.comparing.compare import NO_END_LINE, TEXT_BYTES, compare
from storage_tui.previews.comparing.facts import FactPair, pair_facts
from storage_tui.previews.comparing.walk import PIECE_BYTES, Side, first_difference
from tests.previews import samples
from tests.previews.ranges import Ranges
from tests.wanted import program


def side(content, name="blob", *, crc32c=None, etag="first"):
    storage = content if isinstance(content, Ranges) else Ranges.of(content)
    return Side(storage, Blob(name, "data", storage.size_bytes, etag=etag, crc32c=crc32c), f"data:{name}")


async def test_equal_checksums_are_believed_without_a_read():
    left, right = side(b"x" * 10, crc32c="AAAAAA=="), side(b"x" * 10, "other", crc32c="AAAAAA==")
    found = await compare(left, right)
    assert found.is_same
    assert left.storage.asked == right.storage.asked == []


async def test_without_checksums_every_byte_is_compared():
    content = bytes(range(256)) * 40_000
    found = await compare(side(content), side(content), most_bytes=None)
    assert found.is_same and "all 10.2 MB were compared" in found.verdict
    found = await compare(side(b"one\ntwo\n"), side(b"one\ntwo\n"))
    assert found.is_same and "all 8 B were compared" in found.verdict
    found = await compare(side(content), side(content), most_bytes=1_000_000)
    assert found.is_same is None and "The first 1.0 MB are the same" in found.verdict


@pytest.mark.parametrize("at", [0, 1, 15, 16, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES - 1])
async def test_the_first_difference_is_exact(at):
    left = bytearray(random.Random(1).randbytes(2 * PIECE_BYTES))
    right = bytearray(left)
    right[at] ^= 1
    right[-1] ^= 2
    assert await first_difference(side(bytes(left)), side(bytes(right)), most_bytes=None) == (at, True)
    found = await compare(side(bytes(left)), side(bytes(right)))
    assert found.is_same is False and found.offset == at and f"byte {at:,}" in found.verdict
    assert found.places[0] == "data:blob" and f"{at // 16 * 16:06x}" in " ".join(found.places)


async def test_a_blob_that_goes_on_is_longer():
    content = b"\x00\x01\x02" * 1000
    found = await compare(side(content), side(content + b"\x03"))
    assert found.is_same is False
    assert found.verdict == "The blobs differ: the right one goes on after byte 3,000, where the other one ends."
    assert "left one goes on" in (await compare(side(content), side(b""))).verdict


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        (b"a\r\nb\r\n", b"a\nb\n", "differ only in how lines end: CR LF left, LF right"),
        (b"a\rb\r", b"a\nb\n", "differ only in how lines end: CR left, LF right"),
        ("é\n".encode() * 20, b"\xff\xfe" + "é\n".encode("utf-16-le") * 20, "their bytes differ"),
        (b"\xef\xbb\xbfa\n", b"a\n", "their bytes differ"),
        (b"a\n", b"b\n", "1 line only left, 1 line only right"),
        (b"", b"a\n", "0 lines only left, 1 line only right"),
    ],
)
async def test_texts_that_differ_say_how(left, right, words):
    found = await compare(side(left), side(right))
    assert found.is_same is False and words in found.verdict


@pytest.mark.parametrize(
    ("left", "right"),
    [(b"a\nb", b"a\nb\n"), (b"a\nb\n", b"a\nb"), (b"a\nb", b"a\nc"), (b"a\r\nb\r\n", b"a\r\nc\r\n"), (b"", b"a"),
     (b"a\n" * 50, b"a\n" * 20 + b"b\n" + b"a\n" * 30)],
)  # fmt: skip
async def test_patch_makes_one_text_of_the_other(left, right, tmp_path):
    found = await compare(side(left, "old"), side(right, "new"))
    (tmp_path / "file").write_bytes(left)
    diff = "".join(f"{line}\n" for line in found.lines).encode()
    patch = [program("patch"), "-s", "--binary", "file"]
    await asyncio.to_thread(subprocess.run, patch, cwd=tmp_path, input=diff, check=True, timeout=60)
    assert (tmp_path / "file").read_bytes() == right
    assert (NO_END_LINE in found.lines) == (not (left.endswith(b"\n") and right.endswith(b"\n")))


async def test_a_long_text_shows_its_first_difference():
    left = b"line of text\n" * (TEXT_BYTES // 13 + 1)
    right = left[:-1] + b"!"
    found = await compare(side(left), side(right))
    assert found.offset == len(left) - 1 and not found.lines


async def test_rasters_differ_by_their_facts():
    found = await compare(side(samples.geotiff(3), "a.tif"), side(samples.geotiff(1), "b.tif"))
    facts = {pair.label: pair for pair in found.facts}
    assert facts["kind"].is_equal and not all(pair.is_equal for pair in found.facts)
    assert any(pair.left and pair.right and not pair.is_equal for pair in found.facts)
    assert found.lines == ()  # a picture has no lines to compare


async def test_tables_and_arrays_differ_by_schema_and_facts():
    left = samples.parquet()
    right = left.replace(b"\x15\x04\x25", b"\x15\x0a\x25")  # int64 to double
    found = await compare(side(left, "a.parquet"), side(right, "b.parquet"))
    text = "\n".join(found.lines)
    assert "-id int64" in text and "+id double" in text
    found = await compare(side(samples.array([[1, 2]]), "a.npy"), side(samples.array([[1.0, 2.0]]), "b.npy"))
    assert any(not pair.is_equal and pair.label not in ("kind", "size") for pair in found.facts)


async def test_blobs_of_different_kinds_say_their_kinds():
    found = await compare(side(samples.geotiff(), "a.tif"), side(samples.parquet(), "b.parquet"))
    assert found.facts[0] == FactPair("kind", "GeoTIFF", "Parquet") and found.offset == 0


@pytest.mark.parametrize("content", [samples.zipped(), samples.tarred(), samples.database(), samples.hdf5()])
async def test_a_cut_file_differs_without_an_error(content):
    found = await compare(side(content), side(content[: len(content) // 2]))
    assert found.is_same is False and "goes on" in found.verdict


async def test_a_blob_that_is_overwritten_meanwhile_is_not_compared():
    with pytest.raises(PreconditionFailedError):
        await compare(side(b"a" * 10), side(b"b" * 10, etag="older"))


def test_facts_of_the_same_label_are_paired_in_order():
    left = [("band", "1"), ("band", "2"), ("size", "3")]
    right = [("band", "1"), ("nodata", "0"), ("band", "5"), ("band", "6")]
    assert pair_facts(left, right) == [
        FactPair("band", "1", "1"), FactPair("band", "2", "5"), FactPair("size", "3", ""), FactPair("band", "", "6"),
        FactPair("nodata", "", "0"),
    ]  # fmt: skip
