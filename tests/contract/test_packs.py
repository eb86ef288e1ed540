"""Frames of a pack: whole in whatever pieces they come, refused with the reason where they are none."""

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.contract.packs import HEAD_BYTES, PackError, PackReader, frame

BLOBS = st.lists(st.tuples(st.text(max_size=20), st.binary(max_size=300)), max_size=8)


def raw(head: bytes, content: bytes = b"") -> bytes:
    return len(head).to_bytes(4, "big") + head + content


@given(BLOBS, st.data())
def test_frames_come_out_as_they_went_in_whatever_the_pieces(
    blobs: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    pack = b"".join(frame({"key": key}, content) for key, content in blobs)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(pack)), max_size=12)))
    reader, found = PackReader(300), []
    for start, stop in zip([0, *cuts], [*cuts, len(pack)], strict=True):
        found += reader.feed(memoryview(pack)[start:stop])
    reader.end()
    assert found == [({"key": key, "size": len(content)}, content) for key, content in blobs]


@pytest.mark.parametrize("pack, reason", [
    (raw(b"[]"), "must be a JSON object"), (raw(b"{"), "not JSON"), (raw(b"\xff"), "not JSON"),
    (raw(b"[" * 10_000), "not JSON"), (raw(b""), "not JSON"), (raw(b'{"size":-1}'), "whole number"),
    (raw(b'{"size":1.5}'), "whole number"), (raw(b'{"size":true}'), "whole number"),
    (raw(b'{"size":null}'), "whole number"), (raw(b'{"size":101}'), "at most 100 bytes"),
    (b"\xff\xff\xff\xff", f"at most {HEAD_BYTES}"), ((HEAD_BYTES + 1).to_bytes(4, "big"), f"at most {HEAD_BYTES}"),
])  # fmt: skip
def test_what_is_no_pack_is_refused_with_the_reason(pack: bytes, reason: str) -> None:
    with pytest.raises(PackError, match=reason):
        list(PackReader(100).feed(pack))


@pytest.mark.parametrize("cut", [1, 3, 4, 10, 20, -len(b"content")])
def test_a_pack_that_ends_within_a_frame_is_refused(cut: int) -> None:
    reader = PackReader(100)
    list(reader.feed(frame({"key": "k"}, b"content")[:cut]))
    with pytest.raises(PackError, match="within a frame"):
        reader.end()


def test_a_frame_without_a_size_has_no_bytes() -> None:
    reader = PackReader(0)
    assert list(reader.feed(raw(json.dumps({"error": "not_found"}).encode()))) == [({"error": "not_found"}, b"")]
    reader.end()


def test_a_reader_keeps_no_more_than_a_frame() -> None:
    pack, reader = frame({"key": "k"}, bytes(1000)), PackReader(1000)
    tracemalloc.start()
    try:
        for _ in range(2000):
            assert sum(len(content) for _, content in reader.feed(pack)) == 1000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
