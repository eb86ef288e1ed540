"""The filter: globs as the shells have them, whatever keys they meet."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.client.patterns.words import Filter


@pytest.mark.timeout(20)
def test_a_glob_of_many_stars_answers_at_once_on_a_key_of_one_letter() -> None:
    assert not Filter("*a*a*a*a*a*a*a*b").matches("a" * 1000)
    assert Filter("*a*a*a*a*a*a*a*b").matches("a" * 1000 + "b")


@given(word=st.text("ab*?", min_size=1, max_size=7), name=st.text("abc", max_size=8))
def test_a_glob_matches_as_in_a_shell(word: str, name: str) -> None:
    if "*" in word or "?" in word:
        assert Filter(word).matches(name) is fnmatchcase(name, word)
