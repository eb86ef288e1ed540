"""Every fault point of what is kept in files beside the database: records, a backup, a restore.

    LD_PRELOAD=calls.so python -m tests.promises.fault_files FOLDER OPERATION STEP HOW [HOW...]

As `fault_driver`, whose HOW it takes; of the Nth calls each STEPth goes wrong. What is left must be what it promises,
which the process that looks asserts; a line of JSON for each tells what its caller was told.
"""

import asyncio
import errno
import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.server.stores.local.files import Disk
from storage_tui.server.stores.local.records import LocalRecords
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.upkeep import backing_up, restoring
from storage_tui.server.upkeep.backing_up import back_up
from storage_tui.server.upkeep.restoring import restore
from storage_tui.server.upkeep.snapshots import Backup
from storage_tui.server.upkeep.verifying import Tally
from tests.promises.fault_driver import HOW, at, calls, content, forked, read_all


@dataclass(frozen=True)
class Operation:
    """`look` is told whether `act` was acknowledged, and asserts what must hold."""

    act: Callable[[Path], None]
    look: Callable[[Path, bool], None]


def fill(folder: Path, *keys: str) -> None:
    """A store in the folder with these blobs, small and large by turns."""

    async def put() -> None:
        store = LocalStore(folder / "store", reserve_bytes=0)
        await store.start()
        for number, key in enumerate(keys):
            await store.put(at(key), content(key, 100_000 if number % 2 else 100))
        await store.close()

    asyncio.run(put())


def contents(data_dir: Path) -> dict[str, str]:
    """Every blob of a store, read whole; raises UnavailableError where no server may start."""

    async def read() -> dict[str, str]:
        store = LocalStore(data_dir, reserve_bytes=0)
        await store.start()
        try:
            return await read_all(store)
        finally:
            await store.close()

    return asyncio.run(read())


def prepare(folder: Path) -> None:
    """A store, a backup of it, and more in the store since; some records; a restore that has only just begun."""
    records = LocalRecords(folder / "store")
    fill(folder, "a", "b")
    records.write("replaced", b"old")
    records.write("removed", b"old")
    take_backup(folder)
    fill(folder, "c", "d")
    restoring._claim(Disk(folder / "new"), Backup(folder / "backup").find(None))


def change_records(folder: Path) -> None:
    records = LocalRecords(folder / "store")
    records.write("replaced", b"new" * 50_000)
    records.write("made/in/a/folder", b"new")
    records.remove("removed")


def look_at_records(folder: Path, is_done: bool) -> None:
    records = LocalRecords(folder / "store")
    found = {name: record.content[:3] for name in records.names() if (record := records.read(name))}
    after = {"replaced": b"new", "made/in/a/folder": b"new"}
    steps = [{"replaced": b"old", "removed": b"old"}, {"replaced": b"new", "removed": b"old"},
             {**after, "removed": b"old"}, after]  # fmt: skip
    assert found == after if is_done else found in steps, found
    change_records(folder)  # it goes on
    assert sorted(records.names()) == sorted(after)


def take_backup(folder: Path) -> None:
    back_up(folder / "store", folder / "backup", keep=7, progress=backing_up.Progress())


def look_at_backup(folder: Path, is_done: bool) -> None:
    backup = Backup(folder / "backup")
    assert len(backup.snapshots()) in ((2,) if is_done else (1, 2))
    damage = list(backup.verify(Tally()))
    assert damage == [], damage
    assert len(contents(folder / "store")) == 4
    take_backup(folder)  # it goes on
    bring_back(folder)
    assert len(contents(folder / "new")) == 4


def bring_back(folder: Path) -> None:
    restore(folder / "backup", folder / "new", may_lose=True, progress=restoring.Progress())  # and loses nothing


def look_at_restore(folder: Path, is_done: bool) -> None:
    found = None
    if is_done or (folder / "new" / "meta.db").exists():
        try:
            found = contents(folder / "new")
        except UnavailableError:
            assert not is_done
    assert found is None or len(found) == 2, "a server started on half of a store"
    if found is None:
        bring_back(folder)  # it goes on
    assert len(contents(folder / "new")) == 2
    assert list(Backup(folder / "backup").verify(Tally())) == []


OPERATIONS = {
    "records": Operation(change_records, look_at_records),
    "backup": Operation(take_backup, look_at_backup),
    "restore": Operation(bring_back, look_at_restore),
}


def main(folder: Path, name: str, step: int, hows: list[str]) -> None:
    operation, template, copy = OPERATIONS[name], folder / "template", folder / "copy"

    async def make() -> dict[str, Any]:
        await asyncio.to_thread(prepare, template)
        return {}

    forked(make)

    def attempt(n: int, how: int) -> dict[str, Any]:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(template, copy)

        async def act() -> dict[str, Any]:
            error = None
            calls.calls_arm(os.fsencode(copy), n, how)
            try:
                await asyncio.to_thread(operation.act, copy)
            except StorageError as exc:
                error = exc.message
            return {"error": error, "calls": calls.calls_disarm()}

        outcome = forked(act)

        async def look() -> dict[str, Any]:
            await asyncio.to_thread(operation.look, copy, outcome.get("error", "killed") is None)
            return outcome

        return forked(look)

    clean = attempt(0, 0)
    print(json.dumps(clean), flush=True)
    for how in hows:
        number = HOW[how] if how in HOW else getattr(errno, how)
        for n in range(1, clean["calls"] + 1, step):
            print(json.dumps({"n": n, "how": how, **attempt(n, number)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
