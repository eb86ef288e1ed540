"""The sizes of the parts of an object on an S3 engine: within S3's limits, and where streams may cut a blob."""

import pytest

from storage_tui.contract.wire import part_quantum
from storage_tui.server.stores.bucket.uploads import RULES
from storage_tui.server.stores.multipart.sizes import MIB, MOST_OBJECT_BYTES, MOST_PARTS, PartRules, PartSizes
from storage_tui.server.stores.s3.sessions import EARLIER

GIB = 1024 * MIB
KNOWN = (0, 1, 8 * MIB, 60 * GIB, 60 * GIB + 1, 79 * GIB, 285 * GIB, 314 * GIB, 625 * GIB, 626 * GIB, 2000 * GIB,
         MOST_OBJECT_BYTES)  # fmt: skip
GROWING = [PartRules().sizes_for(None), RULES.sizes_for(None), EARLIER]


@pytest.mark.parametrize("size", KNOWN)
def test_parts_of_a_known_size_are_equal_and_hold_it(size: int) -> None:
    for rules in (PartRules(), RULES):
        sizes = rules.sizes_for(size)
        assert {sizes.bytes_of(number) for number in (0, 1, 5000, MOST_PARTS - 1)} == {sizes.first_bytes}
        assert 5 * MIB <= sizes.first_bytes <= 5 * GIB
        assert sizes.place_of(MOST_PARTS) >= size
        assert part_quantum(size) % sizes.first_bytes == 0  # what streams send beside each other is whole parts


def test_parts_of_an_unknown_size_hold_five_terabytes() -> None:
    for rules in (PartRules(), RULES):
        sizes = rules.sizes_for(None)
        assert 5e12 <= sizes.place_of(MOST_PARTS) <= MOST_OBJECT_BYTES
        assert 5 * MIB <= sizes.bytes_of(MOST_PARTS - 1) <= 5 * GIB


@pytest.mark.parametrize("sizes", GROWING)
def test_parts_follow_each_other(sizes: PartSizes) -> None:
    place = 0
    for number in range(MOST_PARTS):
        assert sizes.place_of(number) == place
        for within in (0, 1, sizes.bytes_of(number) - 1):
            assert sizes.number_at(place + within) == number
        place += sizes.bytes_of(number)


def test_uploads_of_earlier_servers_keep_their_parts() -> None:
    assert [EARLIER.bytes_of(number) // MIB for number in (0, 2559, 2560, 5119, 5120, 7680)] == [8, 8, 16, 16, 32, 64]
    assert EARLIER.place_of(MOST_PARTS - 1) == 305_949_310_976
