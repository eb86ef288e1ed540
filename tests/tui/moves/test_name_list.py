"""The list of names for a batch rename: what is read back, what is refused, and the order that makes swaps work."""

import random

import pytest

from storage_tui.contract.models import Blob
from storage_tui.tui.moves.name_list import ASIDE, NameListError, Renaming, in_order, names_of, read_names
from storage_tui.tui.state.listing import Folder, Row


def rows(*names: str) -> list[Row]:
    return [Folder(name, "data") if name.endswith("/") else Blob(name, "data", 1, etag=name) for name in names]


def test_unchanged_names_are_no_renaming() -> None:
    given = rows("d/a.txt", "d/b/", "c")
    assert names_of(given) == "a.txt\nb/\nc\n"
    assert read_names(names_of(given), given) == []
    assert read_names("a.txt\r\nb\nc\n\n", given) == []


def test_a_folder_keeps_its_slash_and_a_slash_makes_folders() -> None:
    found = read_names("x/y.txt\nnew\nc\n", rows("d/a.txt", "d/b/", "c"))
    assert [one.key for one in found] == ["d/x/y.txt", "d/new/"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\n", "the list has 1 names for 2 rows; keep one line for each"),
        ("a\nb\nc\n", "the list has 3 names for 2 rows"),
        ("", "the list has 0 names"),
        ("a\na\n", "lines 1 and 2 have the same name"),
        ("\nb\n", "line 1: type a name"),
        ("a\n..\n", "line 2: a key cannot have the segment '..'"),
        ("a\nb/\n", "line 2: a name with a slash at its end is a folder's"),
        ("a\n\x1bb\n", "line 2: a key cannot have the control character"),
        ("a\n" + "b" * 1025 + "\n", "line 2: a key is 1 to 1024 bytes"),
    ],
)
def test_an_unclear_list_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(NameListError) as raised:
        read_names(text, rows("a", "b"))
    assert words in str(raised.value)


def carried_out(start: dict[str, str], steps: list[Renaming]) -> dict[str, str]:
    """What the keys hold after the steps, none of which may overwrite."""
    held = dict(start)
    for step in steps:
        assert step.key not in held, f"{step} overwrites"
        held[step.key] = held.pop(step.row.key)
    return held


@pytest.mark.parametrize("seed", range(60))
def test_every_permutation_and_shift_works_out_without_overwriting(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"k{number}" for number in range(chance.randrange(1, 9))]
    pool = [*names, *(f"new{number}" for number in range(3))]
    goals = chance.sample(pool, len(names))
    given = rows(*names)
    wanted = [Renaming(row, goal) for row, goal in zip(given, goals, strict=True) if goal != row.key]
    steps = in_order(wanted)
    assert carried_out({name: name for name in names}, steps) == dict(zip(goals, names, strict=True))
    assert sum(ASIDE in step.key for step in steps) <= len(names) // 2


def test_folders_swap_too() -> None:
    a, b = rows("a/", "b/")
    steps = in_order([Renaming(a, "b/"), Renaming(b, "a/")], aside=lambda: "1")
    assert [(step.row.key, step.key) for step in steps] == [
        ("a/", "a.renaming-1/"),
        ("b/", "a/"),
        ("a.renaming-1/", "b/"),
    ]
