"""The crc32c of a whole from those of its pieces, against the sum of all bytes."""

import random

import pytest

from storage_tui.contract import checksum

SIZES = (0, 1, 2, 3, 4, 7, 8, 255, 256, 257, 4096, 65_537, 300_001)


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("second", SIZES)
def test_two_pieces_combine_to_the_sum_of_all_bytes(first: int, second: int) -> None:
    one, two = random.Random(first).randbytes(first), random.Random(second + 1).randbytes(second)
    found = checksum.combine(checksum.extend(0, one), checksum.extend(0, two), second)
    assert found == checksum.extend(0, one + two)


def test_many_pieces_combine_in_any_grouping() -> None:
    pieces = [random.Random(number).randbytes(number * 977 % 5000) for number in range(40)]
    whole = crc = 0
    for piece in pieces:
        crc = checksum.combine(crc, checksum.extend(0, piece), len(piece))
        whole = checksum.extend(whole, piece)
    assert crc == whole
    tail = checksum.extend(0, b"".join(pieces[11:]))
    head = checksum.extend(0, b"".join(pieces[:11]))
    assert checksum.combine(head, tail, sum(map(len, pieces[11:]))) == whole


def test_a_piece_of_a_terabyte_combines_as_its_halves_do() -> None:
    half, size_bytes = 0x12345678, 2**39
    zeros = checksum.combine(0, half, size_bytes)
    whole = checksum.combine(checksum.combine(77, half, size_bytes), half, size_bytes)
    assert whole == checksum.combine(77, checksum.combine(zeros, half, size_bytes), 2 * size_bytes)
