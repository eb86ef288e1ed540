"""Faults that a server under test begins with.

`RunningServer(prelude=…)` calls one of these functions in the process of the server, with the place of the store.
What a value of `Bounds` can express is not here.
"""

import asyncio
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any, Never

from storage_tui.server.stores.local.commit import Committer
from storage_tui.server.stores.local.store import LocalStore
from storage_tui.server.stores.local.writer import PartWriter


def few_files(_: str) -> None:
    """The process may open 256 files."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def commits_wait_for_a_sign(place: str) -> None:
    """Each commit of a blob makes the file PLACE.committing, and waits for the file PLACE.go."""
    finish, committing, go = PartWriter.finish, Path(f"{place}.committing"), Path(f"{place}.go")

    def wait() -> None:
        committing.touch()
        while not go.exists():
            time.sleep(0.01)

    async def slow(self: PartWriter, **options: Any) -> Any:
        await asyncio.to_thread(wait)
        return await finish(self, **options)

    PartWriter.finish = slow  # type: ignore[method-assign]


def death_at_the_second_withdrawal(_: str) -> None:
    """The process kills itself when it takes out the second file."""
    withdraw, seen = LocalStore.withdraw, []

    async def mortal(self: LocalStore, address: Any, **options: Any) -> Any:
        seen.append(address)
        if len(seen) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return await withdraw(self, address, **options)

    LocalStore.withdraw = mortal  # type: ignore[method-assign]


def commits_fail(_: str) -> None:
    """The disk fails at each change of the database."""

    def failing(self: Committer, group: list[Any]) -> None:
        for change in group:
            change.error = self.fail("a commit", OSError(5, "Input/output error"))

    Committer._commit = failing  # type: ignore[method-assign]


def a_defect_that_names_the_key(_: str) -> None:
    """Looking a blob up fails with the key in the text of the error."""

    async def stat(_: LocalStore, address: Any) -> Never:
        raise ValueError(f"a canary {address.key}")

    LocalStore.stat = stat  # type: ignore[method-assign, assignment]


def any_name_is_a_key(_: str) -> None:
    """The engine takes any text for a key, as a bucket that other programs fill does."""
    from storage_tui.contract import keys
    from storage_tui.server.stores.local import store
    from storage_tui.server.stores.local.database import possible, rows
    from storage_tui.server.stores.local.trash import trash

    LocalStore.takes_any_name = True  # type: ignore[attr-defined]
    for module in (store, possible, rows, trash):
        for name, exact in (("check_key", keys.check_name), ("check_prefix", keys.check_name_prefix)):
            if hasattr(module, name):
                setattr(module, name, exact)
