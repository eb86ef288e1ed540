"""Models: facts equal those of safetensors, gguf and onnx; pickles are never loaded."""

import io
import json
import math
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import gguf
import onnx
import pytest
import safetensors.numpy

from storage_tui.previews import preview
from tests.previews.heads.damage import judged
from tests.previews.heads.samples import Weights, checkpoint, graph, language_model, tensors, zipped
from tests.previews.ranges import Ranges, plain


def by_safetensors(content: bytes, folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes by the reference library."""
    return {name: array.shape for name, array in safetensors.numpy.load(content).items()}


def by_gguf(content: bytes, folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes by the reference library."""
    (folder / "x.gguf").write_bytes(content)
    return {tensor.name: tuple(map(int, tensor.shape)) for tensor in gguf.GGUFReader(folder / "x.gguf").tensors}


def by_onnx(content: bytes, folder: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes by the reference library."""
    return {tensor.name: tuple(tensor.dims) for tensor in onnx.load_from_string(content).graph.initializer}


@pytest.mark.parametrize(("make", "oracle"), [(tensors, by_safetensors), (language_model, by_gguf), (graph, by_onnx)])
async def test_the_tensors_are_those_of_the_reference_library(
    make: Callable[[], bytes], oracle: Callable[[bytes, Path], dict[str, tuple[int, ...]]], tmp_path: Path
) -> None:
    content = make()
    expected = oracle(content, tmp_path)
    shown = await preview(Ranges.of(content).source(), width=100, height=30)
    facts = dict(shown.facts)
    assert facts["tensors"] == str(len(expected))
    assert facts["parameters"] == f"{sum(math.prod(shape) for shape in expected.values()):,}"
    text = plain(shown)
    for name, shape in expected.items():
        row = next(line for line in text.split("\n") if line.startswith(f"{name} "))
        assert (" × ".join(map(str, shape)) or "scalar") in row


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 90_000) + b'{"a":' * 18_000,
        struct.pack("<Q", 99_000_000) + b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, ',
        *(
            struct.pack("<Q", len(text)) + text
            for text in (
                json.dumps({"a": entry}).encode()
                for entry in (
                    {"dtype": "F32", "shape": [10**30], "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": [2] * 5000, "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": 7, "data_offsets": [0, 4]},
                    {"dtype": "F32", "shape": [1], "data_offsets": [8, 4]},
                    {"dtype": {}, "shape": [True], "data_offsets": ["a", None]},
                    [],
                    None,
                )
            )
        ),
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 2**63) + bytes(4000),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<QcIIQ", 1, b"k", 9, 8, 2**63) + bytes(60_000),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<QcIIQ", 1, b"k", 9, 9, 2**63) + bytes(60_000),
        b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + struct.pack("<QcI4QIQ", 1, b"t", 4, *[2**62] * 4, 0, 0),
        b"GGUF\xff\xff\xff\xff" + bytes(100),
        b"\x08\x08\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\x00" + bytes(100),
        b"\x08\x08\x3a\xc0\xa7\x12\x0a\x00" + b"\x5a\x00" * 149_998 + b"\x5a\x7f",
        b"\x08\x08\x3a\x10\x0a\x0e" + b"\x0b" * 30,
        b"\x08\x08\x3a\x0e\x2a\x0c" + b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00",
    ],
)  # fmt: skip
async def test_a_head_that_lies_ends_in_a_line(content: bytes) -> None:
    await judged(content)
    await judged(content, is_full=True)


async def test_a_model_larger_than_its_head_tells_what_is_in_reach() -> None:
    ranges = Ranges.of(graph(values=400_000))
    shown = await preview(ranges.source(), width=100, height=30)
    assert len(ranges.asked) == 2 and sum(stop - start for start, stop in ranges.asked) <= 256 * 1024
    facts = dict(shown.facts)
    assert facts["nodes"] == "2: Conv × 1, Relu × 1"
    assert facts["operator sets"] == "ai.onnx 17"
    assert facts["parameters"] == "1,200,216"
    assert "output  classes  int64" in plain(shown)


async def test_words_before_the_tensors_are_read_on_the_whole_screen() -> None:
    content = language_model(words=60_000)
    shown = await preview(Ranges.of(content).source(), width=100, height=30)
    assert "of 4 keys in 262 kB: more of its head is not read" in shown.note
    full = await preview(Ranges.of(content).source(), width=100, height=30, is_full=True)
    assert dict(full.facts)["tensors"] == "2"


class Evil:
    """Runs a command when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


async def test_a_checkpoint_is_never_loaded(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    for protocol in (2, 4, 5):
        content = checkpoint({"w": Weights(2), "evil": Evil(f"touch {mark}")}, protocol=protocol)
        shown = await judged(content, "model.pt")
        assert dict(shown.facts)["imports"].startswith("posix.system")
        assert "w       float32  2" in plain(shown)
    assert not mark.exists()


def loop() -> bytes:
    """A list that holds itself, and a list of lists of the same lists, a billion long when it is written out."""
    itself: list[object] = []
    itself += [itself, itself]
    many: list[object] = [Weights(3)]
    for _ in range(30):
        many = [many, many]
    return checkpoint([itself, many])


@pytest.mark.parametrize("state", [loop, lambda: checkpoint([Weights(2**62, 2**62)])])
async def test_a_checkpoint_that_goes_on_for_ever_ends(state: Callable[[], bytes]) -> None:
    await judged(state(), "model.pt")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02." + bytes(90),
        b"(" * 200_000,
        b"\x80\x02}(" * 40_000,
        b"\x80\x02}q\x00s.",
        b"0" * 50,
    ],
)
async def test_a_checkpoint_without_a_pickle_is_shown_as_the_zip_that_it_is(raw: bytes) -> None:
    shown = await judged(zipped({"model/data.pkl": raw}), "model.pt")
    assert shown.kind in ("zip", "PyTorch")
    assert not shown.is_damaged


async def test_a_cut_pickle_lists_the_tensors_before_the_cut() -> None:
    content = checkpoint({f"layer{at:05}": Weights(2, 3) for at in range(4000)})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        raw = archive.read("model/data.pkl")
    assert len(raw) > 256 * 1024
    shown = await judged(content, "model.pt")
    assert "data.pkl is read in part" in shown.note
    assert "layer00000" in plain(shown)


async def test_a_keras_model_with_a_bomb_of_a_config_is_a_zip() -> None:
    shown = await judged(zipped({"metadata.json": b"{}", "config.json": b" " * 50_000_000}), "model.keras")
    assert shown.kind == "zip"
    assert dict(shown.facts)["not shown as Keras"] == "its config.json is longer than what a preview reads"
