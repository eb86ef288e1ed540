"""Globs: what bash and Python's `glob` match on generated trees, quoting, and patterns made to run for ever."""

import glob
import os
import random
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_tui.client.patterns.globs import MOST_ALTERNATIVES, MOST_CHARS, Glob, quote, written_out
from tests.effort import count

NAMES = (
    "a",
    "b",
    "ab",
    "ba",
    "aab",
    ".a",
    "a.b",
    "b-a",
    "a b",
    "[a]",
    "{a,b}",
    "a{b",
    "a]",
    "0",
    "A",
    "é",
    "a\\b",
    "!a",
)
ATOMS = ("a", "b", "*", "?", "**", "[ab]", "[!a]", "[^a]", "[a-z]", "[]a]", "[!]a]", "{a,b}", "{a,b*}", "{,a}", "{a}",
         "\\*",        "\\[", "\\{", ".", "-", "[", "]", "[[:digit:]]", "[a", "{a,{b,ab}}", "{a/b,b}", "[[:upper:]a]",
         "[a\\]]")  # fmt: skip


def grown_tree(folder: Path, rng: random.Random) -> set[str]:
    """Make files in folders, and return their keys."""
    keys = set()
    for _ in range(rng.randint(5, 40)):
        key = "/".join(rng.choice(NAMES) for _ in range(rng.randint(1, 4)))
        path = folder / key
        if any(other.startswith(f"{key}/") or key.startswith(f"{other}/") for other in keys):
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        keys.add(key)
    return keys


def grown_pattern(rng: random.Random) -> str:
    """Return a pattern of one to four segments."""
    segments = []
    for _ in range(rng.randint(1, 4)):
        deep = rng.random() < 0.25
        segments.append("**" if deep else "".join(rng.choice(ATOMS) for _ in range(rng.randint(1, 3))))
    pattern = "/".join(segments)
    is_absolute = any(row.startswith("/") for row in written_out(pattern))  # bash would search this whole machine
    return grown_pattern(rng) if is_absolute else pattern


def of_bash(folder: Path, patterns: list[str], keys: set[str]) -> list[set[str]]:
    """Return the files that bash finds for each pattern."""
    lines = ["shopt -s globstar dotglob nullglob"]
    for pattern in patterns:
        lines += [f"printf '%s\\0' {pattern.replace(' ', chr(92) + ' ')}", "printf '\\n'"]
    script = "\n".join(lines).encode()
    environ = {"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    told = subprocess.run(["bash"], input=script, cwd=folder, capture_output=True, env=environ, timeout=60)
    assert not told.stderr, told.stderr
    return [set(row.decode().split("\0")) & keys for row in told.stdout.split(b"\n")[:-1]]


@pytest.mark.parametrize("seed", range(count(4, 12, 100)))
def test_a_glob_matches_what_bash_matches(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    keys = grown_tree(tmp_path, rng)
    patterns = [grown_pattern(rng) for _ in range(150)]
    for pattern, found in zip(patterns, of_bash(tmp_path, patterns, keys), strict=True):
        assert {key for key in keys if Glob(pattern).matches(key)} == found, pattern


@pytest.mark.parametrize("seed", range(count(4, 12, 100)))
def test_a_glob_matches_what_the_module_glob_matches(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    keys = grown_tree(tmp_path, rng)
    for _ in range(100):
        plain = [c for c in ATOMS if "{" not in c and "\\" not in c and "^" not in c and ":" not in c]
        segments = ["**" if rng.random() < 0.3 else "".join(rng.choice(plain) for _ in range(2)) for _ in range(3)]
        pattern = "/".join(segments)
        found = set(glob.glob(pattern, root_dir=tmp_path, recursive=True, include_hidden=True)) & keys  # noqa: PTH207
        assert {key for key in keys if Glob(pattern).matches(key)} == found, pattern


@pytest.mark.parametrize(
    ("pattern", "key", "is_match"),
    [
        ("**/*.npy", "x.npy", True), ("**/*.npy", "a/b/x.npy", True), ("*.npy", "a/x.npy", False), ("a/**", "a", False),
        ("a/**", "a/b/c", True), ("a/**/b", "a/b", True), ("a/**/b", "a/x/y/b", True), ("**", "a/b", True),
        ("a**b", "a/b", False), ("a**b", "axxb", True), ("*", ".hidden", True), ("*", "", True), ("a//*", "a//b", True),
        ("*/b", "/b", True), ("?", "/", False), ("[!x]", "/", False), ("[.-0]", "/", False), ("[z-a]", "z", False),
        ("a\\/b", "a/b", True), ("a\\", "a\\", True), ("{a,b}{c,d}", "bc", True), ("{a}", "{a}", True),
        ("{}", "{}", True),
        ("{a,b", "{a,b", True), ("{a,b/{c,d}}/e", "b/d/e", True), ("\\{a,b\\}", "{a,b}", True),
        ("{a\\,b,c}", "a,b", True),
        ("[[:alpha:]]", "é", True), ("[[:nope:]]", ":]", True), ("?", "é", True), ("a*", "a\n", True),
    ],
)  # fmt: skip
def test_a_pattern_means_what_the_table_says(pattern: str, key: str, is_match: bool) -> None:
    assert Glob(pattern).matches(key) is is_match


@given(key=st.text("ab*?[]{},\\!/-é ", max_size=12))
def test_a_quoted_key_matches_itself_alone(key: str) -> None:
    assert Glob(quote(key)).literal == key and Glob(quote(key)).matches(key)


@given(pattern=st.text("ab*?[]{},\\!^/-:", max_size=16), key=st.text("ab[]{}/*-", max_size=8))
def test_every_match_begins_with_the_prefix_and_a_literal_matches_itself(pattern: str, key: str) -> None:
    found = Glob(pattern)
    if found.matches(key):
        assert key.startswith(found.prefix)
    if found.literal is not None:
        assert found.matches(found.literal) and found.prefix == found.literal


@pytest.mark.parametrize(("pattern", "prefix", "folder"), [
    ("a/b*/c", "a/b", "a/"), ("{2023,2024}/x", "202", ""), ("a/**", "a/", "a/"), ("**", "", ""), ("a/b", "a/b", "a/"),
    ("a/{b,bc}/*", "a/b", "a/"), ("\\*a*", "*a", ""),
])  # fmt: skip
def test_the_prefix_that_is_listed_is_as_long_as_the_pattern_allows(pattern: str, prefix: str, folder: str) -> None:
    assert (Glob(pattern).prefix, Glob(pattern).folder) == (prefix, folder)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("pattern", "key"), [
    ("*a" * 300 + "b", "a" * 1000), ("**/a/" * 170 + "b", "a/" * 500), ("**/*a*/" * 120 + "c", "aa/" * 340),
    ("[a-z]*" * 200 + "1", "a" * 1000), ("?*" * 400 + "b", "a" * 1000), ("{a,b}" * 8 + "*", "ab" * 400),
    ("{*a,*b}" * 8 + "c", "ab" * 500), ("**/" * 300 + "b", "a/" * 500), ("[" * 2000, "a" * 1000),
    ("{" * 2000, "{" * 1000),
    ("{a," * 255 + "}" * 255, "a" * 1000), ("\\" * 2000, "\\" * 1000), ("[!" * 1000 + "]", "a" * 1000),
    ("*/" * 500 + "b", "a/" * 500), ("**/*/" * 200 + "x", "a/" * 500),
])  # fmt: skip
def test_a_hostile_pattern_is_answered_soon(pattern: str, key: str) -> None:
    found = Glob(pattern)
    for _ in range(10):
        found.matches(key)


@pytest.mark.parametrize("pattern", ["{a,b}" * 9, "a" * (MOST_CHARS + 1), "{" + "a," * MOST_ALTERNATIVES + "b}"])
def test_a_pattern_that_is_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="at most"):
        Glob(pattern)


def test_braces_are_written_out_in_their_order() -> None:
    assert written_out("{b,a{x,y}}{1,2}") == ["b1", "b2", "ax1", "ax2", "ay1", "ay2"]
