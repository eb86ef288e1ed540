"""The pattern language: words, globs as the shells have them, whatever keys they meet."""

from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.client.patterns.words import Description, Filter
from storage_tui.contract.models import Blob


@pytest.mark.timeout(20)
def test_a_glob_of_many_stars_answers_at_once_on_a_key_of_one_letter() -> None:
    assert not Filter("*a*a*a*a*a*a*a*b").matches("a" * 1000)
    assert Filter("*a*a*a*a*a*a*a*b").matches("a" * 1000 + "b")


@given(word=st.text("ab*?", min_size=1, max_size=7), name=st.text("abc", max_size=8))
def test_a_glob_matches_as_in_a_shell(word: str, name: str) -> None:
    if "*" in word or "?" in word:
        assert Filter(word).matches(name) is fnmatchcase(name, word)


@pytest.mark.parametrize(
    ("word", "name", "is_match"),
    [
        ("*.tif", "a/b.tif", True), ("a*", "a/b.tif", False), ("a/*", "a/b.tif", True), ("a/*", "a/b/c.tif", False),
        ("a/**", "a/b/c.tif", True), ("**/c.*", "c.tif", True), ("[ab].tif", "x/b.tif", True),
        ("{a,b}.tif", "b.tif", True),
        ("f[1].txt", "f[1].txt", True), ("f[1].txt", "f1.txt", True), ("[", "a[b", True), ("B*", "b.tif", False),
        ("b*", "B.tif", True), ("*", "", True), ("{a,b}" * 9, "ab", False),
    ],
)  # fmt: skip
def test_a_glob_without_a_slash_is_for_the_last_segment_and_brackets_may_be_of_the_name(
    word: str, name: str, is_match: bool
) -> None:
    assert Filter(word).matches(name) is is_match


def test_a_word_may_hold_spaces_where_words_are_given_one_by_one() -> None:
    now = datetime.now(UTC)
    blob = Blob("my file.txt", "data", 5, now)
    assert Description(("y f", "my file*", ">1B")).matches(blob, blob.key, now)
    assert not Description(("y  f",)).matches(blob, blob.key, now)
    assert Description("my fil").matches(blob, blob.key, now)
