"""What goes through all keys of a store costs as many steps of SQLite a key in a large store as in a small one; what
finds one thing costs no more steps."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from storage_tui.contract.moments import to_millis
from storage_tui.server.stores.base import Address, Precondition
from storage_tui.server.stores.local.database import listing
from storage_tui.server.stores.local.database.rows import delete, locate
from storage_tui.server.stores.local.database.schema import open_writer
from storage_tui.server.stores.local.seed import SeedBlob, seed
from storage_tui.server.stores.local.store import utc_now
from storage_tui.server.stores.local.trash import gone
from storage_tui.server.upkeep import named, rows

ANN = "a" * 40
FEW, MANY = 2500, 10_000
STEP = 10  # instructions of SQLite's machine between two counts
WEEK_MS = 7 * 24 * 3600 * 1000
Walk = Callable[[apsw.Connection, int], object]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The databases of two stores of small blobs, by the number of their keys; a tenth of the blobs were deleted."""
    found = {}
    for count in (FEW, MANY):
        folder = tmp_path_factory.mktemp("store") / "data"
        addresses = [
            Address(ANN, "data", f"folder-{number // 100:04}/{number:06}") for number in range(count * 10 // 9)
        ]
        seed(folder, (SeedBlob(address, b"x") for address in addresses))
        with closing(open_writer(folder / "meta.db")) as database, database:
            now = to_millis(utc_now())
            for address in addresses[count:]:
                delete(database, locate(address), Precondition(), now, parting=gone.Parting(is_kept=True))
        found[count] = folder / "meta.db"
    return found


def walk_trash(database: apsw.Connection, count: int) -> None:
    after, now = (b"", 0), to_millis(utc_now())
    while page := gone.list_rows(database, bytes.fromhex(ANN), "data", "", after, 20, now, WEEK_MS):
        after = (page[-1].key, page[-1].seq)


def walk_list(database: apsw.Connection, count: int) -> None:
    after = ""
    while page := listing.list_page(
        database, bytes.fromhex(ANN), "data", prefix="", delimiter="", after=after, limit=100, now=to_millis(utc_now())
    ).blobs:
        after = page[-1].key


def middle_folder(database: apsw.Connection, count: int) -> None:
    found = listing.list_page(
        database, bytes.fromhex(ANN), "data", prefix="", delimiter="/", after=f"folder-{count // 200:04}/", limit=5,
        now=to_millis(utc_now()),
    )  # fmt: skip
    assert len(found.prefixes) == 5


WALKS: dict[str, Walk] = {
    "the search for bad rows": lambda database, count: [*rows.bad_rows(database)],
    "the small values": lambda database, count: [*named.values_in(database)],
    "the totals": lambda database, count: rows.bad_totals(database),
    "the list": walk_list,
    "the trash": walk_trash,
}
FINDS: dict[str, Walk] = {
    "the names of the users": lambda database, count: listing.namespaces(database),
    "a page of folders": middle_folder,
}


def steps(path: Path, walk: Walk, count: int) -> int:
    """Return the steps of SQLite for the walk."""
    taken = 0

    def note() -> bool:
        nonlocal taken
        taken += 1
        return False

    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        database.set_progress_handler(note, STEP)
        walk(database, count)
    return taken


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_through_four_times_the_keys_takes_four_times_the_steps(name: str, stores: dict[int, Path]) -> None:
    few, many = (steps(stores[count], WALKS[name], count) for count in (FEW, MANY))
    assert few > 0
    assert many < few * (MANY / FEW) * 1.3, f"{few} steps for {FEW} keys, {many} for {MANY}"


@pytest.mark.parametrize("name", FINDS)
def test_one_thing_is_found_in_as_many_steps_among_four_times_the_keys(name: str, stores: dict[int, Path]) -> None:
    few, many = (steps(stores[count], FINDS[name], count) for count in (FEW, MANY))
    assert many < few * 1.3 + 20, f"{few} steps for {FEW} keys, {many} for {MANY}"
