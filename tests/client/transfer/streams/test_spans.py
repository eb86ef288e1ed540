"""The bytes of a blob among several streams: none is left out, and the checksum is that of the whole."""

import random

import pytest

from storage_tui.client.http.pace import StreamRule
from storage_tui.client.transfer.streams.spans import Piece, Spans
from storage_tui.contract import checksum

SMALL = StreamRule(share_bytes=90_000, least_share_bytes=5_000)
CONTENT = random.Random(3).randbytes(1_000_000)


def earlier(*ranges: tuple[int, int]) -> list[Piece]:
    return [Piece(start, stop, stop, checksum.extend(0, CONTENT[start:stop])) for start, stop in ranges]


@pytest.mark.parametrize("seed", range(30))
def test_streams_that_come_and_go_move_every_byte_once_or_more(seed: int) -> None:
    rng = random.Random(seed)
    spans = Spans(len(CONTENT), earlier((100_000, 200_000), (700_000, 700_001)) if seed % 2 else [], SMALL)
    active: list[Piece] = []
    while True:
        if len(active) < rng.randint(1, 8) and (piece := spans.take()) is not None:
            active.append(piece)
        if not active:
            break
        piece = rng.choice(active)
        chunk = memoryview(CONTENT)[piece.position : piece.position + rng.randint(1, 20_000)]
        spans.advance(piece, chunk)
        if not spans.room(piece, 1) or rng.random() < 0.1:  # its end, or a stream that leaves
            active.remove(piece)
            spans.give_back(piece)
    assert spans.crc() == checksum.extend(0, CONTENT)
    assert spans.moved_bytes == len(CONTENT) and spans.left_bytes == 0
    assert [(piece.start, piece.stop) for piece in spans.moved()] == [(0, len(CONTENT))]


def test_what_is_given_back_returns_to_the_stream_before_it() -> None:
    spans = Spans(100 * 1024 * 1024, [], StreamRule())
    first, second = spans.take(), spans.take()
    assert first is not None and second is not None and first.stop == second.start
    spans.give_back(second)
    assert first.stop == spans.total
    assert spans.crc() is None


def test_a_small_rest_is_not_shared() -> None:
    spans = Spans(1_000_000, [], StreamRule())
    assert spans.take() is not None
    assert spans.take() is None


def test_nothing_is_to_do_when_all_is_there() -> None:
    spans = Spans(len(CONTENT), earlier((0, 600_000), (600_000, len(CONTENT))), SMALL)
    assert spans.take() is None
    assert spans.crc() == checksum.extend(0, CONTENT)
