"""The transfers that have not ended, kept so that another process can continue them; nothing secret.

Each process with a queue has a private file `STATE/queues/ID.jsonl`. It holds a line for each transfer, and another for
each that ended. The process holds a lock on the file; the kernel releases the lock however the process ends.

The transfer agent has such a file for each job, named `job-ID.jsonl`. Its first line also describes the job: its name,
and how to reach the server. A transfer that failed stays in the file with its error, until it is tried again. Further
lines say which transfers were paused, and how the others have ended.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.record_files import (
    checked_record,
    make_folder,
    open_locked,
    parsed,
    record_bytes,
    sync_folder,
)
from storage_tui.client.transfer.records import UnfinishedTransfer, format_record, parse_record
from storage_tui.machine.private_files import append_whole, open_private

FILE_BYTES = 256 * 1024 * 1024  # a queue of some hundred thousand transfers; a longer file is something else
FILES_READ = 1000  # a limit, in case somebody filled the folder with other files
JOB_PREFIX = "job-"  # of the name of a file of the transfer agent
_FOLDER = "queues"
_OF_THE_FILE = ("server", "created")  # fields that a line does not repeat


class WaitingList:
    """The list of waiting transfers of this process for one account. Every method blocks for a short time.

    When the list cannot be written (no state folder, a full disk), the transfers still run, and the list is not kept:
    `is_kept` is False. `job` describes the job of the transfer agent that the list belongs to.
    """

    def __init__(self, state_dir: Path, account: str, job: Mapping[str, Any] | None = None) -> None:
        self._folder, self._account, self._job = state_dir / _FOLDER, account, job
        self._path: Path | None = None
        self._descriptor: int | None = None
        self._open: set[int] = set()
        self._failed: set[int] = set()
        self.is_kept = True

    def __len__(self) -> int:
        return len(self._open)

    @classmethod
    def taken_over(cls, path: Path, descriptor: int, content: "QueueContent") -> "WaitingList":
        """Return the list in a file that another process left; `descriptor` holds the lock, and is closed by `close`.

        A last line that a crash cut off is removed, so that the next line does not continue it. Raise OSError.
        """
        found = cls(path.parent.parent, content.account, content.job)
        os.ftruncate(descriptor, content.whole_bytes)
        found._path, found._descriptor = path, descriptor
        found._open, found._failed = set(content.waiting), set(content.failed)
        return found

    def add(self, rows: Iterable[tuple[int, UnfinishedTransfer]]) -> None:
        """Keep transfers, each under its own number; they are on the disk when this method returns."""
        rows = list(rows)
        lines = [_line(number, row) for number, row in rows]
        try:
            if self._descriptor is None:
                self._begin()
            self._write(lines)
            if self._descriptor is not None:
                os.fsync(self._descriptor)
        except OSError:
            self.is_kept = False
        self._open.update(number for number, _ in rows)
        self._failed.difference_update(number for number, _ in rows)

    def end(self, number: int, *, error: str = "", how: "Ending | None" = None) -> None:
        """Remove a transfer from the list; the last removal deletes the file. With an `error` it stays as failed.

        `how` it ended is kept as long as the file.
        """
        self._open.discard(number)
        if error:
            self._failed.add(number)
        else:
            self._failed.discard(number)
        if not self._open and not self._failed:
            self.close(keep=False)
            return
        with suppress(OSError):
            more = {"error": error} if error else {} if how is None else how.to_json()
            self._write([json.dumps({"end": number, **more}).encode()])

    def pause(self, numbers: Iterable[int], *, is_paused: bool = True) -> None:
        """Keep that these transfers are paused, or no longer."""
        with suppress(OSError):
            self._write([json.dumps({"pause": sorted(numbers), "is_paused": is_paused}).encode()])

    def close(self, *, keep: bool) -> None:
        """Leave the remaining transfers to a later process (`keep`), or drop them."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if not keep or not (self._open or self._failed):
            self._open.clear()
            self._failed.clear()
            with suppress(OSError):
                assert self._path is not None
                self._path.unlink()
        os.close(descriptor)

    def _begin(self) -> None:
        make_folder(self._folder)
        prefix = JOB_PREFIX if self._job is not None else ""
        self._path = self._folder / f"{prefix}{secrets.token_hex(12)}.jsonl"
        self._descriptor = open_private(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sync_folder(self._folder)
        job = {} if self._job is None else {"job": self._job}
        self._write([record_bytes({"server": self._account, **job})])

    def _write(self, lines: Sequence[bytes]) -> None:
        if self._descriptor is not None:
            append_whole(self._descriptor, b"".join(line + b"\n" for line in lines))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a transfer ended that did not fail. `key`, `path` and `size_bytes` are final."""

    state: Literal["done", "skipped", "cancelled"]
    key: str
    path: str
    size_bytes: int | None
    is_verified: bool = False
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a line."""
        return {"how": self.state, "key": self.key, "path": self.path, "size": self.size_bytes,
                "verified": self.is_verified, "note": self.note}  # fmt: skip

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Ending":
        """Return the end that a line describes. Raise ValueError or KeyError for another line."""
        how, size = row["how"], row["size"]
        if how not in ("done", "skipped", "cancelled") or not (size is None or isinstance(size, int)):
            raise ValueError("not the end of a transfer")
        return cls(how, str(row["key"]), str(row["path"]), size, row["verified"] is True, str(row["note"]))


@dataclass(slots=True)
class QueueContent:
    """What a file of a queue holds: the transfers by number that wait, and those that failed, with their errors.

    `paused` are the numbers of waiting transfers that were paused. `job` describes the job of the transfer agent, None
    for the queue of another program. `past` are the transfers whose end is known. `ended` other transfers, of
    `ended_bytes` as far as known, are no longer there. `whole_bytes` is the length up to the last whole line.
    """

    account: str
    job: Mapping[str, Any] | None
    waiting: dict[int, UnfinishedTransfer] = field(default_factory=dict)
    failed: dict[int, tuple[UnfinishedTransfer, str]] = field(default_factory=dict)
    past: dict[int, tuple[UnfinishedTransfer, Ending]] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)
    ended: int = 0
    ended_bytes: int = 0
    whole_bytes: int = 0


def has_jobs(state_dir: Path) -> bool:
    """Return whether there is a file of the transfer agent; one look at one folder."""
    with suppress(OSError), os.scandir(state_dir / _FOLDER) as entries:
        return any(entry.name.startswith(JOB_PREFIX) for entry in entries)
    return False


def take_jobs(state_dir: Path) -> Iterator[tuple[WaitingList, QueueContent]]:
    """Yield the jobs that an ended transfer agent left, each locked for this process."""
    for path in _files(state_dir, is_job=True):
        descriptor = open_locked(path, fcntl.LOCK_EX, flags=os.O_RDWR | os.O_APPEND)
        if descriptor is None:
            continue
        found: tuple[WaitingList, QueueContent] | None = None
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            content = _content(descriptor)
            if content is not None and content.job is not None:
                found = WaitingList.taken_over(path, descriptor, content), content
        if found is None:
            os.close(descriptor)
        else:
            yield found


def queued_by_agents(state_dir: Path, account: str) -> list[UnfinishedTransfer]:
    """Return the transfers of one account in the jobs of a transfer agent, whether the agent lives or not."""
    found: list[UnfinishedTransfer] = []
    for path in _files(state_dir, is_job=True):
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError), path.open("rb") as file:
            content = _parse(file.read(FILE_BYTES))
            if content.account == account:
                found += content.waiting.values()
    return found


class LeftWaiting:
    """The transfers that ended processes left waiting for one account: `items`, in their order.

    They are held until `take` or `release`, so that no two processes continue them. The jobs of a transfer agent are
    left to the next agent.
    """

    def __init__(self, state_dir: Path, account: str) -> None:
        self.items: list[UnfinishedTransfer] = []
        self._held: list[tuple[Path, int]] = []
        for path in _files(state_dir, is_job=False):
            self._look(path, account)

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
        content: QueueContent | None = None
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            content = _content(descriptor)
        if content is None or content.account != account:
            os.close(descriptor)
            return
        self.items += content.waiting.values()
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


def not_queued(
    begun: Sequence[UnfinishedTransfer], queued: Sequence[UnfinishedTransfer]
) -> list[UnfinishedTransfer]:  # fmt: skip
    """Return the begun transfers without those in a queue; `rename` may have changed the key or path of one."""
    whole = {(row.direction, row.storage_type, row.key, row.path) for row in queued}
    sources = {_source(row) for row in queued if row.conflict is Conflict.RENAME}
    return [
        row for row in begun
        if (row.direction, row.storage_type, row.key, row.path) not in whole and _source(row) not in sources
    ]  # fmt: skip


def _source(row: UnfinishedTransfer) -> tuple[str, str, str]:
    return row.direction, row.storage_type, row.path if row.direction == "upload" else row.key


def _line(number: int, row: UnfinishedTransfer) -> bytes:
    fields = format_record(row)
    for name in _OF_THE_FILE:
        del fields[name]
    return json.dumps({"add": number, **fields}).encode()


def _files(state_dir: Path, *, is_job: bool) -> list[Path]:
    with suppress(OSError), os.scandir(state_dir / _FOLDER) as entries:
        names = [entry.name for _, entry in zip(range(FILES_READ), entries, strict=False)]
        wanted = (name for name in names if name.endswith(".jsonl") and name.startswith(JOB_PREFIX) == is_job)
        return [state_dir / _FOLDER / name for name in sorted(wanted)]
    return []


def _content(descriptor: int) -> QueueContent | None:
    """Return the content of a file with a single name; None for a file with several. Raise ValueError or KeyError."""
    if os.fstat(descriptor).st_nlink != 1:
        return None
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return _parse(file.read(FILE_BYTES))


def _parse(raw: bytes) -> QueueContent:
    """Return the content of the file. Raise ValueError or KeyError for another kind of file."""
    first, *lines = raw.split(b"\n")
    head = checked_record(first)
    account = str(head["server"])
    content = QueueContent(account, head.get("job"), whole_bytes=raw.rfind(b"\n") + 1)
    for line in lines[:-1]:  # the last line is empty, or a crash cut it off
        row = parsed(line)
        if "pause" in row:
            (content.paused.update if row["is_paused"] else content.paused.difference_update)(row["pause"])
            continue
        number = row["end"] if "end" in row else row.pop("add")
        if not isinstance(number, int):
            raise ValueError("not a line of a queue")
        content.paused.discard(number)
        if "end" not in row:
            content.failed.pop(number, None)
            content.past.pop(number, None)
            content.waiting[number] = _waiting(row, account)
            continue
        transfer, error = content.waiting.pop(number, None), row.get("error")
        if transfer is not None and error:
            content.failed[number] = transfer, str(error)
        elif transfer is not None and "how" in row:
            content.past[number] = transfer, Ending.from_json(row)
        elif transfer is not None:
            content.ended += 1
            content.ended_bytes += transfer.size_bytes or 0
        elif not error:
            content.failed.pop(number, None)
    return content


def _waiting(row: dict[str, object], account: str) -> UnfinishedTransfer:
    transfer = parse_record(row, server=account)
    if transfer.has_begun or not Path(transfer.path).is_absolute():
        raise ValueError("not a line of a queue")
    return transfer
