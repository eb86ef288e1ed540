"""What was asked for and has not begun yet, kept so that another process can go on with it; nothing secret.

`STATE/queues/ID.jsonl`, private, one for each process that has a queue: a line for each item, and one for each that
ended. The process holds a lock on it; the kernel lets go of that however the process ends.
"""

import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.client.batch_plan import BatchItem, Conflict
from storage_tui.client.content_types import guess_type
from storage_tui.client.journal import UnfinishedTransfer, make_folder, sync_folder
from storage_tui.machine.private_files import append_whole, open_private

FILE_BYTES = 256 * 1024 * 1024  # a queue of some hundred thousand items; what is longer was written by somebody else
FILES_READ = 1000  # of a folder somebody filled with other things
_FOLDER = "queues"


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """An item, and what to do about a file or key that is there when its turn comes."""

    item: BatchItem
    conflict: Conflict


class WaitingList:
    """The list of this process for one server; every method blocks for a moment. A list that cannot be written (no
    state folder, a full disk) is no reason not to transfer: it is then not kept."""

    def __init__(self, state_dir: Path, server: str) -> None:
        self._folder, self._server = state_dir / _FOLDER, server
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._open: set[int] = set()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, rows: Iterable[tuple[int, WaitingItem]]) -> None:
        """Keep items, each under a number of its own; durable when this returns."""
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
        """This one needs nobody any more. The file goes with the last of them."""
        self._open.discard(number)
        if not self._open:
            self.close(keep=False)
            return
        with suppress(OSError):
            self._write([json.dumps({"end": number})])

    def close(self, *, keep: bool) -> None:
        """Leave what is open to a later process, or drop it."""
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
        self._write([json.dumps({"version": 1, "server": self._server})])

    def _write(self, lines: Sequence[str]) -> None:
        if self._descriptor is not None:
            append_whole(self._descriptor, "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))


class LeftWaiting:
    """What processes that have ended left waiting with one server, `items` in their order. It is held until `take` or
    `release`, so that no two processes go on with it."""

    def __init__(self, state_dir: Path, server: str) -> None:
        self.items: list[WaitingItem] = []
        self._held: list[tuple[Path, int]] = []
        with suppress(OSError), os.scandir(state_dir / _FOLDER) as entries:
            names = [entry.name for _, entry in zip(range(FILES_READ), entries, strict=False)]
            for name in sorted(names):
                if name.endswith(".jsonl"):
                    self._look(state_dir / _FOLDER / name, server)

    def take(self) -> None:
        """Drop them: they wait elsewhere by now, or are given up."""
        for path, _ in self._held:
            with suppress(OSError):
                path.unlink()
        self.release()

    def release(self) -> None:
        """Leave them as they are to a later process."""
        held, self._held = self._held, []
        for _, descriptor in held:
            os.close(descriptor)

    def _look(self, path: Path, server: str) -> None:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return
        found: list[WaitingItem] | None = None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            known = os.fstat(descriptor)
            if stat.S_ISREG(known.st_mode) and known.st_uid == os.getuid() and known.st_nlink == 1:
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    found = _parse(file.read(FILE_BYTES), server)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            found = None
        if found is None:
            os.close(descriptor)
            return
        self.items += found
        self._held.append((path, descriptor))


def not_begun(waiting: Sequence[WaitingItem], begun: Sequence[UnfinishedTransfer]) -> list[WaitingItem]:
    """Those that no entry of a begun transfer stands for already; `rename` may have changed the key or path of one."""
    whole = {(one.direction, one.storage_type, one.key, one.path) for one in begun}
    sources = {(one.direction, one.storage_type, one.path if one.direction == "upload" else one.key) for one in begun}
    kept = []
    for row in waiting:
        item = row.item
        source = str(item.path) if item.direction == "upload" else item.key
        is_renamed = row.conflict is Conflict.RENAME and (item.direction, item.storage_type, source) in sources
        if (item.direction, item.storage_type, item.key, str(item.path)) not in whole and not is_renamed:
            kept.append(row)
    return kept


def _line(number: int, row: WaitingItem) -> str:
    item = row.item
    return json.dumps(
        {
            "add": number, "direction": item.direction, "type": item.storage_type, "key": item.key,
            "path": str(item.path), "root": None if item.root is None else str(item.root), "size": item.size_bytes,
            "conflict": row.conflict.value,
        }
    )  # fmt: skip


def _parse(raw: bytes, server: str) -> list[WaitingItem] | None:
    """The items of this server that have not ended; None for another server or another kind of file."""
    first, *lines = raw.split(b"\n")
    head = json.loads(first)
    if head["version"] != 1 or head["server"] != server:
        return None
    found: dict[int, WaitingItem] = {}
    for line in lines[:-1]:  # the last one is empty, or was cut off by a crash
        row = json.loads(line)
        if "end" in row:
            found.pop(row["end"], None)
        else:
            found[row["add"]] = _item(row)
    return list(found.values())


def _item(row: dict[str, Any]) -> WaitingItem:
    path, root = Path(row["path"]), None if row["root"] is None else Path(row["root"])
    if row["direction"] not in ("upload", "download") or not path.is_absolute():
        raise ValueError("not a line of a queue")
    size = None if row["size"] is None else int(row["size"])
    key = str(row["key"])
    content_type = guess_type(key, path.name) if row["direction"] == "upload" else None
    item = BatchItem(row["direction"], str(row["type"]), key, path, size, root, content_type=content_type)
    return WaitingItem(item, Conflict(row["conflict"]))
