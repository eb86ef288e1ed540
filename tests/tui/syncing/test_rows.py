"""The differences of two sides in the browser: steps, reasons, ticks and their counts in both directions."""

import random

from storage_tui.client.sync.compare import Pair
from storage_tui.client.sync.entries import LocalEntry, StoreEntry
from storage_tui.contract.models import Blob
from storage_tui.tui.syncing.rows import MOVES, Differences


def local(name: str, size: int = 1, *, is_keyable: bool = True) -> LocalEntry:
    return LocalEntry(name, f"/folder/{name}", size, 0, 0, 0, is_keyable)


def stored(name: str, size: int = 2) -> StoreEntry:
    return StoreEntry(name, Blob(name, "data", size))


def some() -> Differences:
    differences = Differences()
    differences.take(
        [
            Pair("both", local("both"), stored("both"), False, "other size"),
            Pair("here", local("here"), None),
            Pair("odd", local("odd", is_keyable=False), None),
            Pair("same", local("same"), stored("same"), True),
            Pair("there", None, stored("there")),
        ]
    )
    return differences


def test_moves_are_ticked_first_and_deletes_are_not() -> None:
    differences = some()
    assert [(row.relative, row.step("up"), row.why("up")) for row in differences.rows] == [
        ("both", "upload", "other size"), ("here", "upload", "only in the folder"),
        ("odd", "none", "the name cannot be a key"), ("there", "delete", "only in the store"),
    ]  # fmt: skip
    assert [row.relative for row in differences.ticked()] == ["both", "here"]
    differences.turn()
    assert [row.step("down") for row in differences.rows] == ["download", "delete", "delete", "download"]
    assert [row.relative for row in differences.ticked()] == ["both", "there"]
    assert (differences.same, differences.counts.ticked_bytes) == (1, 4)


def test_each_direction_has_its_own_ticks() -> None:
    differences = some()
    assert differences.tick(differences.rows[3]) and not differences.tick(differences.rows[2])
    differences.turn()
    differences.tick_all()
    assert not [*differences.ticked()]
    differences.tick_all()
    assert [row.relative for row in differences.ticked()] == ["both", "there"]
    differences.turn()
    assert [row.relative for row in differences.ticked()] == ["both", "here", "there"]


def test_the_counts_are_those_of_the_ticked_rows_whatever_was_pressed() -> None:
    chance = random.Random(1)
    differences = some()
    for _ in range(300):
        match chance.randrange(6):
            case 0:
                differences.turn()
            case 1:
                differences.tick_all()
            case 2:
                name = f"{chance.random()}"
                differences.take([Pair(name, local(name, chance.randrange(9)), None)])
            case 3:
                differences.discard(chance.sample(differences.rows, 1) if differences.rows else [])
            case _:
                if differences.rows:
                    differences.tick(chance.choice(differences.rows))
        ticked, direction = [*differences.ticked()], differences.direction
        steps = [row.step(direction) for row in ticked]
        assert {name: count for name, count in differences.counts.ticked.items() if count} == {
            name: steps.count(name) for name in set(steps)
        }
        moved = [row for row in ticked if row.step(direction) in MOVES]
        assert differences.counts.ticked_bytes == sum(row.size_bytes(direction) or 0 for row in moved)


def test_only_the_first_of_too_many_differences_are_kept() -> None:
    differences = Differences(most=3)
    differences.take(Pair(f"{number}", local(f"{number}"), None) for number in range(5))
    assert (len(differences.rows), differences.dropped) == (3, 2)
