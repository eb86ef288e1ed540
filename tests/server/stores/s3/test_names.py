"""Names of keys in a bucket: reversible, in the order of the keys, prefixes kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.server.stores.s3.names import MAX_SEGMENT_BYTES, key_to_name, name_to_key, prefix_to_name

ROOT = "root/"
characters = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters=[chr(code) for code in range(0xFDD0, 0xFDF0)]
).filter(lambda character: ord(character) & 0xFFFE != 0xFFFE)
keys = st.text(characters | st.sampled_from("/-._!%(=^~`az09"), min_size=1, max_size=12).filter(
    lambda key: not {".", ".."} & set(key.split("/"))
)  # fmt: skip


@given(keys)
def test_a_name_gives_its_key_back(key: str) -> None:
    assert name_to_key(ROOT, key_to_name(ROOT, key)) == key


@given(keys, keys)
def test_names_are_in_the_order_of_their_keys_in_a_flat_list_and_in_a_tree_of_folders(one: str, other: str) -> None:
    names = [key_to_name("", key) for key in (one, other)]
    is_before = one.encode() < other.encode()
    assert (names[0].encode() < names[1].encode()) == is_before
    folders = [[segment.encode() for segment in name.split("/")] for name in names]
    assert (folders[0] < folders[1]) == is_before


@given(keys, st.integers(0, 12))
def test_a_prefix_of_a_key_is_a_prefix_of_its_name(key: str, cut: int) -> None:
    prefix = key[:cut]
    if not {".", ".."} & set(prefix.split("/")[:-1]):
        assert key_to_name(ROOT, key).startswith(prefix_to_name(ROOT, prefix))


@given(keys)
def test_no_segment_of_a_name_is_one_that_engines_fold_or_hide(key: str) -> None:
    name = key_to_name(ROOT, key)
    assert "\\" not in name
    assert not any(segment == "" or segment.startswith(".") for segment in name.split("/"))


@pytest.mark.parametrize(
    "key", ["x" * MAX_SEGMENT_BYTES, "a/" + "é" * 128, ":" * 100, "x/" * 500, "/".join(("x" * 203,) * 5)]
)
def test_a_key_that_the_engine_has_no_room_for_is_refused_with_its_limit(key: str) -> None:
    with pytest.raises(InvalidKeyError, match=r"which has\s+room for \d+"):
        key_to_name(ROOT, key)


@pytest.mark.parametrize("name", ["root/a", "root/a-b!", "root/a b!", "root/%zz!", "root/a/b!", "root/!!", "root/a("])
def test_what_was_put_there_by_hand_is_no_key(name: str) -> None:
    assert name_to_key(ROOT, name) is None
