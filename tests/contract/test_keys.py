"""Keys: what is one, what is refused, and that no spelling is lost or shared on the way through a URL."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.contract.errors import InvalidKeyError
from storage_tui.contract.keys import (
    Location,
    check_key,
    check_prefix,
    key_from_path,
    key_to_path,
    parent_prefix,
    successor,
)

NONCHARACTERS = [*range(0xFDD0, 0xFDF0), *(plane << 16 | low for plane in range(17) for low in (0xFFFE, 0xFFFF))]


def is_key(text: str) -> bool:
    """What a key is, written once more from the rule and not from the code."""
    return (
        1 <= len(text.encode("utf-8", "surrogatepass")) <= 1024
        and not any(unicodedata.category(c) in ("Cc", "Cs") or ord(c) in NONCHARACTERS for c in text)
        and not any(segment in (".", "..") for segment in text.split("/"))
    )


@pytest.mark.parametrize(
    "key",
    ["a", "a//b", "/a", "a/", "//", "a/b", ".a", "a.", "...", "a b", "a+b", "a%b", "a%2Fb", "a?b#c", "a\\b", "a:b",
     "caf\u00e9", "cafe\u0301", "\u202egpj", "\ufeff", "\U0001f5fa", "x" * 1024, "é" * 512, "100", "*", "_", "'", '"'],
)  # fmt: skip
def test_an_awkward_key_is_a_key_and_travels_through_a_url_unchanged(key):
    assert check_key(key) == key
    assert key_from_path(key_to_path(key).encode("ascii")) == key


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "empty"),
        ("x" * 1025, "1025"),
        ("é" * 513, "1026"),
        ("a\nb", "U+000A"),
        ("a\x00", "U+0000"),
        ("a\x7f", "U+007F"),
        ("a\x9b2J", "U+009B"),
        ("a\ud800", "surrogate U+D800"),
        ("a\uffff", "noncharacter U+FFFF"),
        ("\U0010fffe", "noncharacter U+10FFFE"),
        ("\ufdd0", "noncharacter U+FDD0"),
        (".", "segment '.'"),
        ("a/../b", "segment '..'"),
        ("a/.", "segment '.'"),
        ("../a", "segment '..'"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(key, reason):
    with pytest.raises(InvalidKeyError, match=reason.replace("+", r"\+").replace(".", r"\.")) as refusal:
        check_key(key)
    assert "\n" not in refusal.value.message
    assert "\x9b" not in refusal.value.message


@given(st.text(alphabet=st.characters(codec=None), max_size=40))
def test_the_rule_holds_for_any_text(text):
    if is_key(text):
        assert key_from_path(key_to_path(text).encode("ascii")) == text
    else:
        with pytest.raises(InvalidKeyError):
            check_key(text)


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_keys_have_different_paths(one, other):
    if is_key(one) and is_key(other):
        assert (key_to_path(one) == key_to_path(other)) == (one == other)


def test_a_path_is_decoded_once_and_a_plus_stays_a_plus():
    assert key_from_path(b"a%2Fb+c%20d%252F") == "a/b+c d%2F"


@pytest.mark.parametrize("raw", [b"a%", b"a%2", b"a%zz", b"%ff", b"a%C3", b"%00", b"%2e%2e/x", b"", b"a%0Ab"])
def test_a_malformed_path_is_refused(raw):
    with pytest.raises(InvalidKeyError):
        key_from_path(raw)


def test_a_key_that_is_not_text_is_refused():
    with pytest.raises(InvalidKeyError, match="not bytes"):
        check_key(b"a")  # type: ignore[arg-type]


def test_a_prefix_may_be_empty_or_end_in_dots():
    assert check_prefix("") == ""
    assert check_prefix("a/.") == "a/."


@pytest.mark.parametrize("prefix", ["./", "a/../b", "a/./", "a\x00"])
def test_a_prefix_that_no_key_begins_with_is_refused(prefix):
    with pytest.raises(InvalidKeyError):
        check_prefix(prefix)


@pytest.mark.parametrize(
    ("prefix", "parent"),
    [
        ("a/b/", "a/"),
        ("a/b", "a/"),
        ("a/", ""),
        ("a", ""),
        ("", ""),
        ("a//", "a/"),
        ("/", ""),
        ("//", "/"),
        ("/a", "/"),
    ],
)
def test_the_folder_above(prefix, parent):
    assert parent_prefix(prefix) == parent


@given(st.binary(max_size=8), st.binary(max_size=8))
def test_the_successor_bounds_exactly_the_strings_with_the_prefix(prefix, text):
    bound = successor(prefix)
    inside = prefix <= text and (bound is None or text < bound)
    assert inside == text.startswith(prefix)


@pytest.mark.parametrize(
    ("text", "storage_type", "key"),
    [
        ("tmp:maps/2024/", "tmp", "maps/2024/"),
        ("tmp:", "tmp", ""),
        ("log:a", "logs", "a"),
        ("a/b", "data", "a/b"),
        ("", "data", ""),
        ("tmp", "data", "tmp"),
        ("a:b", "data", "a:b"),
        ("data:tmp:x", "data", "tmp:x"),
        ("TMP:x", "data", "TMP:x"),
    ],
)
def test_a_location_is_a_type_and_a_key(text, storage_type, key):
    assert Location.parse(text) == Location(storage_type, key)
    assert Location.parse(str(Location(storage_type, key))) == Location(storage_type, key)
