"""The transfers that have not begun, kept so that another process can continue them; nothing secret.

Each process with a queue has a private file `STATE/queues/ID.jsonl`. It holds a line for each transfer, and another for
each that ended. The process holds a lock on the file; the kernel releases the lock however the process ends.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.record_files import (
    checked_record,
    make_folder,
    open_locked,
    record_bytes,
    sync_folder,
)
from storage_tui.client.transfer.records import UnfinishedTransfer, format_record, parse_record
from storage_tui.machine.private_files import append_whole, open_private

FILE_BYTES = 256 * 1024 * 1024  # a queue of some hundred thousand transfers; a longer file is something else
FILES_READ = 1000  # a limit, in case somebody filled the folder with other files
_FOLDER = "queues"
_OF_THE_FILE = ("server", "created")  # fields that a line does not repeat


class WaitingList:
    """The list of waiting transfers of this process for one account. Every method blocks for a short time.

    When the list cannot be written (no state folder, a full disk), the transfers still run, and the list is not kept.
    """

    def __init__(self, state_dir: Path, account: str) -> None:
        self._folder, self._account = state_dir / _FOLDER, account
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._open: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, rows: Iterable[tuple[int, UnfinishedTransfer]]) -> None:
        """Keep transfers, each under its own number; they are on the disk when this method returns."""
        rows = list(rows)
        lines = [_line(number, row) for number, row in rows]
        with suppress(OSError):
            if self._descriptor is None:
                self._begin()
            self._write(lines)
            if self._descriptor is not None:
                os.fsync(self._descriptor)
        self._open.update(number for number, _ in rows)

    def end(self, number: int) -> None:
        """Remove a transfer from the list; the last removal deletes the file."""
        self._open.discard(number)
        if not self._open:
            self.close(keep=False)
            return
        with suppress(OSError):
            self._write([json.dumps({"end": number}).encode()])

    def close(self, *, keep: bool) -> None:
        """Leave the remaining transfers to a later process (`keep`), or drop them."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if not keep or not self._open:
            self._open.clear()
            with suppress(OSError):
                assert self._path is not None
                self._path.unlink()
        os.close(descriptor)

    def _begin(self) -> None:
        make_folder(self._folder)
        self._path = self._folder / f"{secrets.token_hex(12)}.jsonl"
        self._descriptor = open_private(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sync_folder(self._folder)
        self._write([record_bytes({"server": self._account})])

    def _write(self, lines: Sequence[bytes]) -> None:
        if self._descriptor is not None:
            append_whole(self._descriptor, b"".join(line + b"\n" for line in lines))


class LeftWaiting:
    """The transfers that ended processes left waiting for one account: `items`, in their order.

    They are held until `take` or `release`, so that no two processes continue them.
    """

    def __init__(self, state_dir: Path, account: str) -> None:
        self.items: list[UnfinishedTransfer] = []
        self._held: list[tuple[Path, int]] = []
        with suppress(OSError), os.scandir(state_dir / _FOLDER) as entries:
            names = [entry.name for _, entry in zip(range(FILES_READ), entries, strict=False)]
            for name in sorted(names):
                if name.endswith(".jsonl"):
                    self._look(state_dir / _FOLDER / name, account)

    def take(self) -> None:
        """Drop the transfers: another list keeps them now, or they are given up."""
        for path, _ in self._held:
            with suppress(OSError):
                path.unlink()
        self.release()

    def release(self) -> None:
        """Leave the transfers unchanged to a later process."""
        held, self._held = self._held, []
        for _, descriptor in held:
            os.close(descriptor)

    def _look(self, path: Path, account: str) -> None:
        descriptor = open_locked(path, fcntl.LOCK_EX)
        if descriptor is None:
            return
        found: list[UnfinishedTransfer] | None = None
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            if os.fstat(descriptor).st_nlink == 1:
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    found = _parse(file.read(FILE_BYTES), account)
        if found is None:
            os.close(descriptor)
            return
        self.items += found
        self._held.append((path, descriptor))


def not_begun(waiting: Sequence[UnfinishedTransfer], begun: Sequence[UnfinishedTransfer]) -> list[UnfinishedTransfer]:
    """Return the waiting transfers without those that have begun; `rename` may have changed the key or path of one."""
    whole = {(row.direction, row.storage_type, row.key, row.path) for row in begun}
    sources = {_source(row) for row in begun}
    return [
        row for row in waiting
        if (row.direction, row.storage_type, row.key, row.path) not in whole
        and not (row.conflict is Conflict.RENAME and _source(row) in sources)
    ]  # fmt: skip


def _source(row: UnfinishedTransfer) -> tuple[str, str, str]:
    return row.direction, row.storage_type, row.path if row.direction == "upload" else row.key


def _line(number: int, row: UnfinishedTransfer) -> bytes:
    fields = format_record(row)
    for name in _OF_THE_FILE:
        del fields[name]
    return json.dumps({"add": number, **fields}).encode()


def _parse(raw: bytes, account: str) -> list[UnfinishedTransfer] | None:
    """Return the transfers of this account that have not ended; None for another account.

    Raise ValueError or KeyError for another kind of file.
    """
    first, *lines = raw.split(b"\n")
    if checked_record(first)["server"] != account:
        return None
    found: dict[int, UnfinishedTransfer] = {}
    for line in lines[:-1]:  # the last line is empty, or a crash cut it off
        row = json.loads(line)
        if "end" in row:
            found.pop(row["end"], None)
        else:
            number = row.pop("add")
            found[number] = _waiting(row, account)
    return list(found.values())


def _waiting(row: dict[str, object], account: str) -> UnfinishedTransfer:
    transfer = parse_record(row, server=account)
    if transfer.has_begun or not Path(transfer.path).is_absolute():
        raise ValueError("not a line of a queue")
    return transfer
