"""The run of a batch for people and scripts: its jobs, its progress, a line for each file, the message after a
signal."""

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.live_line import live_line
from storage_tui.cli.output import PartialFailureError, human_duration
from storage_tui.cli.places import spell
from storage_tui.cli.printing import Complaints, complain, say, say_json
from storage_tui.cli.settings import Settings
from storage_tui.client.batch.folders import LeftOut
from storage_tui.client.batch.plan import BatchPlan
from storage_tui.client.batch.results import BatchResult
from storage_tui.client.batch.scheduler import JOBS, MOST_JOBS, Batch
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import CancelledError, ChecksumError, ConflictError, StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.http.outage import Waiting
    from storage_tui.client.storage import Storage

NOTES_SHOWN = 4  # kinds of notes in the line about all files, the most frequent first
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StoppedError(CancelledError):
    """A signal asked the program to end."""


class Report:
    """Reports each item when it ends: a line, or with `as_json` an object; with `is_silent` only errors. Errors go to
    standard error; the error of a single item is raised instead."""

    def __init__(
        self, conflict: Conflict, *, must_verify: bool, as_json: bool, is_single: bool, is_silent: bool = False
    ) -> None:
        self._conflict, self._must_verify = conflict, must_verify
        self._as_json, self._is_single, self._is_silent = as_json, is_single, is_silent
        self.failures: list[StorageError] = []
        self.missing = 0  # files that were wanted and cannot be read
        self.moved = 0  # files that are where they were wanted, also those that were there before
        self._complaints = Complaints()

    def leave_out(self, rows: Sequence[LeftOut]) -> None:
        """Report the entries of a folder that are not uploaded: each entry that cannot be read, and the number of links
        and devices."""
        missing, special = [row for row in rows if row.is_failure], [row for row in rows if not row.is_failure]
        self.missing = len(missing)
        for row in missing:
            complain(f"left out: {row.why}")
        if special:
            more = f", and {len(special) - 1:,} more links and the like" if len(special) > 1 else ""
            complain(f"left out: {special[0].why}{more}")
        if self._as_json:
            for row in rows:
                told = {"source": str(row.path), "target": None, "bytes": 0, "state": "left out", "note": row.why}
                say_json(told)

    def tell(self, result: BatchResult) -> None:
        """Report an item that has ended."""
        error = result.error
        if self._conflict is Conflict.REFUSE and type(error) is ConflictError:
            error = ConflictError(f"{error.message}; give --force to overwrite it", key=result.key)
        if error is None and self._must_verify and result.state == "done" and not result.is_verified:
            error = ChecksumError(f"{result.key!r} moved, but the server sent no checksum to compare", key=result.key)
        self.moved += error is None and result.state in ("done", "skipped")
        if error is not None:
            self.failures.append(error)
            if not self._is_single:
                self._complaints.add(error.message)
        if self._as_json:
            say_json(_row(result, error))
        elif error is None and result.state != "cancelled" and not self._is_silent:
            more = f", {result.note}" if result.note else ""
            say(f"{_target(result)}  {_state(result)}{more}")

    def end(self, results: list[BatchResult]) -> None:
        """Report that all items have ended: with `as_json` a summary."""
        self._complaints.end()
        if self._as_json:
            say_json({"summary": {**_summary(results, self.failures), "left_out": self.missing}})

    def raise_failure(self) -> None:
        """Raise the error of a single item, if any."""
        if self.failures:
            raise self.failures[0]


def move(
    storage: "Storage", plan: BatchPlan, *, conflict: Conflict, jobs: int, resume: bool, must_verify: bool,
    as_json: bool, verb: str, place: str = "", verbose: bool = False, quiet: bool = False,
    note: Callable[[BatchResult], object] = lambda _: None, waiting: Callable[[], int] | None = None,
) -> None:  # fmt: skip
    """Carry out the plan, and call `note` with each result.

    A single file has a line. Several files have one line together, which names `place`, and with `verbose` a line each
    before. With `quiet` only errors are printed. Raise the error of a single file. Raise PartialFailureError when some
    of several files failed or could not be read. With `waiting` the files that have not begun are kept for another
    time, and `waiting` returns their number.
    """
    is_single = len(plan.items) == 1 and not plan.left_out
    is_silent = quiet or not (is_single or verbose)
    report = Report(conflict, must_verify=must_verify, as_json=as_json, is_single=is_single, is_silent=is_silent)

    def tell(result: BatchResult) -> None:
        note(result)
        report.tell(result)

    report.leave_out(plan.left_out)
    batch = Batch(storage.engine, plan, conflict=conflict, jobs=jobs, resume=resume, on_result=tell)
    try:
        name = plan.items[0].path.name if is_single else ""
        with obeying_signals(), live_line(batch.progress, name, is_on=not quiet, waits=waits_of(storage)):
            results = batch.run()
    except StoppedError as exc:
        left = (
            _left(storage, waiting() if waiting else 0)
            if is_single or waiting
            else _rest(report.moved, len(plan.items))
        )
        raise StoppedError(f"{exc.message}; {left}") from None
    report.end(results)
    if is_single:
        report.raise_failure()
    failed = len(report.failures)
    if failed or report.missing:
        words = [f"{verb} {len(results) - failed:,} of {plural(len(results), 'file')}"]
        words += [f"{failed:,} failed"] if failed else []
        words += [f"{report.missing:,} left out"] if report.missing else []
        raise PartialFailureError(", ".join(words))
    if not (is_single or quiet or as_json):
        say(_sum(verb, results, plan, place))


def with_jobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--jobs` to a command that moves files, which gets a number or None without the option; see `jobs_of`."""
    option = click.option(
        "-j", "--jobs", type=click.IntRange(1, MOST_JOBS), metavar="N",
        help=f"Files at once. [default: the setting, else {JOBS}]",
    )  # fmt: skip
    return option(command)


def jobs_of(jobs: int | None, settings: Settings) -> int:
    """Return how many files to move at once: what the command line says, else the settings."""
    return jobs or settings.jobs or JOBS


@contextmanager
def telling(storage: "Storage", *, is_kept: bool = True) -> Iterator[None]:
    """Within the block, say once when transfers begin to wait for the server, and once when the server is back.

    `is_kept` says that what has moved is kept when the program is stopped meanwhile; the bytes of a pipe are not.
    """
    safe = ", Ctrl-C loses nothing" if is_kept else ""

    def tell(waiting: "Waiting | None") -> None:
        if waiting is None:
            complain(f"{storage.display_url} answers again")
            return
        longest = human_duration(waiting.longest_s)
        complain(f"{waiting.reason}; waiting up to {longest} for the server{safe}")

    outage = storage.engine.outage
    outage.on_change = tell
    try:
        yield
    finally:
        outage.on_change = None


def waits_of(storage: "Storage") -> Callable[[], str]:
    """Return a function that says why transfers wait for the server and when it is asked again; empty while they
    move."""

    def say_why() -> str:
        found = storage.engine.outage.waiting
        return "" if found is None else f"{found.reason}, next try in {human_duration(found.next_try_s)}"

    return say_why


@contextmanager
def obeying_signals() -> Iterator[None]:
    """Within the block, let the first SIGINT, SIGTERM or SIGHUP raise StoppedError; a second signal ends the
    process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        for row in _SIGNALS:
            signal.signal(row, signal.SIG_DFL)
        raise StoppedError(f"stopped by {signal.Signals(number).name}")

    before = [(row, signal.getsignal(row)) for row in _SIGNALS]
    for row, handler in before:
        if handler is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(row, stop)
    try:
        yield
    finally:
        for row, handler in before:
            signal.signal(row, handler)


def _rest(done: int, files: int) -> str:
    """Return how far several files came, and the way to the rest: only those that have begun are known to resume."""
    again = "the same command with --on-conflict different does the rest"
    return f"{done:,} of {plural(files, 'file')} done; {again}"


def _left(storage: "Storage", waiting: int) -> str:
    count = waiting
    with suppress(StorageError):
        count += len(storage.unfinished())
    if not count:
        return "nothing was left half done"
    return f"{plural(count, 'transfer')} unfinished, continue with: storage-tui resume"


def _state(result: BatchResult) -> str:
    if result.state != "done":
        return result.state
    return "verified" if result.is_verified else "unverified"


def _target(result: BatchResult) -> str:
    return spell(Location(result.item.storage_type, result.key))


def _sum(verb: str, results: list[BatchResult], plan: BatchPlan, place: str) -> str:
    """Return the line about all files: how many, how large, where to, and what was not as usual."""
    moved = [result for result in results if result.state == "done"]
    size = size_text(sum(result.size_bytes for result in moved))
    unverified = sum(not result.is_verified for result in moved)
    parts = [f"{verb} {plural(len(moved), 'file')} ({size}){f' to {place}' if place else ''}"]
    parts += ["every checksum compared" if not unverified else f"{unverified:,} without a checksum to compare"]
    parts = parts if moved else parts[:1]
    if plan.notes:
        parts.append(f"{len(plan.notes):,} under other names, which put -r restores")
    notes = Counter(f"{_state(row)}: {row.note}" if row.state != "done" else _what(row.note) for row in results)
    parts += [f"{count:,} {words}" for words, count in notes.most_common(NOTES_SHOWN) if words]
    return ", ".join(parts)


def _what(note: str) -> str:
    """Return a note without what differs from file to file."""
    return note.partition(" at ")[0]


def _row(result: BatchResult, error: StorageError | None) -> dict[str, object]:
    ends = (str(result.path), _target(result))
    source, target = ends if result.item.direction == "upload" else reversed(ends)
    row = {"source": source, "target": target, "bytes": result.size_bytes, "state": _state(result)}
    row |= {"note": result.note}
    return row if error is None else {**row, "state": "failed", "error": error.code, "message": error.message}


def _summary(results: list[BatchResult], failures: list[StorageError]) -> dict[str, int]:
    skipped = sum(result.state == "skipped" for result in results)
    size_bytes = sum(result.size_bytes for result in results)
    moved = len(results) - skipped - len(failures)
    return {"files": len(results), "moved": moved, "skipped": skipped, "failed": len(failures), "bytes": size_bytes}
