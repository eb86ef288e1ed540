"""The commands for a data directory: verify, backup, restore, audit."""

import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.operators.engine_options import DATA_DIR, local_place, with_engine
from storage_tui.cli.operators.user_names import UserNames
from storage_tui.cli.options import duration
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.printing import complain, say, say_json, show_status
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import DamagedError, NotFoundError
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.server.stores.records import Records
    from storage_tui.server.stores.s3.protocol.place import S3Place
    from storage_tui.server.upkeep.verifying import Finding, Tally

LOST = "blobs, rows and records"
_LOOK_S = 0.5  # seconds between two updates of the progress line
_DIRECTORY = click.Path(path_type=Path)


@click.command()
@with_engine
@click.option("--backup", type=_DIRECTORY, metavar="DIR", help="Check this backup instead.")
@click.option("--user", "users", multiple=True, metavar="NAME", help="With --store: only the blobs of this user.")
@click.option("--repair", is_flag=True, help="First repair invalid rows and records, or set them aside.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line: each finding, then the sum.")
def verify(
    place: "Path | S3Place", backup: Path | None, users: tuple[str, ...], repair: bool, as_json: bool
) -> None:  # fmt: skip
    """Read every blob again and compare it with what was stored, beside a running server or without one.

    Exit code 0 says that nothing is lost. Blob files without a key are reported and do no harm. A bucket is read whole
    too, also the blobs of users who have no token. `--repair` needs the directory for itself: stop its server first.
    Whole blobs keep their place, or get a place below `recovered/` when their key is not text.
    """
    from storage_tui.machine.precedence import be_gentle
    from storage_tui.server.upkeep.snapshots import Backup
    from storage_tui.server.upkeep.verifying import Tally
    from storage_tui.server.upkeep.verifying import verify as verify_store

    if users and isinstance(place, Path):
        raise click.UsageError("--user works only with --store: a directory is always read whole")
    if repair and (backup is not None or not isinstance(place, Path)):
        raise click.UsageError("--repair works only on a data directory: leave out --backup and --store")
    be_gentle()
    tally = Tally()
    if repair and isinstance(place, Path):
        _repair(place, as_json)
    if backup is not None:
        findings = Backup(backup.expanduser()).verify(tally)
    elif isinstance(place, Path):
        findings = verify_store(place, tally)
    else:
        findings = _through_store(place, users, tally)
    users_of = _users_of(place, backup)
    show = _Meter(lambda: f"{plural(tally.blobs, 'blob')}, {size_text(tally.size_bytes)} read")
    for finding in show.over(findings):
        if as_json:
            say_json(_with_user(finding.to_json(), users_of))
        else:
            say(_line(finding, users_of))
    if as_json:
        say_json({"blobs": tally.blobs, "size": tally.size_bytes, "found": tally.found})
    else:
        found = ", ".join(f"{count} {kind}" for kind, count in tally.found.items()) or "all good"
        say(f"{plural(tally.blobs, 'blob')}, {size_text(tally.size_bytes)} read: {found}")
    if not tally.is_good:
        is_repairable = backup is None and isinstance(place, Path) and {"row", "record"} & tally.found.keys()
        way = "repair rows and records with --repair, then " if is_repairable else ""
        raise DamagedError(f"something is lost in {backup or place}; {way}restore it from a backup, or store it again")


def _repair(data_dir: Path, as_json: bool) -> None:
    from storage_tui.server.upkeep.repairing import repair

    users_of = _users_of(data_dir)
    for done in repair(data_dir):
        raw = {**_with_user(done.finding.to_json(), users_of), "repair": done.outcome}
        if as_json:
            say_json(raw)
        else:
            say(f"{_line(done.finding, users_of)}; {done.outcome}")


def _through_store(place: "S3Place", users: tuple[str, ...], tally: "Tally") -> "Iterator[Finding]":
    """Yield the findings of a bucket as they come. Raise NotFoundError where there is no store, or nothing of a user:
    a wrong name must not read as good news."""
    import asyncio

    from storage_tui.server.http.grants import namespace_of
    from storage_tui.server.run.engine import open_records, open_s3_bucket, open_s3_store
    from storage_tui.server.stores.s3.protocol.requests import MissingError
    from storage_tui.server.upkeep.through_store import verify_through
    from storage_tui.server.upkeep.verifying import check_records

    try:
        is_empty = not open_s3_bucket(place).list("", limit=1).objects
    except MissingError as exc:
        raise NotFoundError(f"there is no bucket {place.bucket}; name another with --store") from exc
    if is_empty:
        raise NotFoundError(f"there is no store at {place}: nothing is stored there")
    store = open_s3_store(place)
    for bad in check_records(open_records(place)):
        tally.add(bad)
        yield bad
    with asyncio.Runner() as runner:
        runner.run(store.start())
        try:
            namespaces = runner.run(store.namespaces())
            for user in users:
                if namespace_of(user) not in namespaces:
                    raise NotFoundError(f"nothing is stored for the user {user!a} at {place}")
            namespaces = [*map(namespace_of, users)] if users else namespaces
            walk = verify_through(store, namespaces, tally)
            while (finding := runner.run(_next(walk))) is not None:
                yield finding
        finally:
            runner.run(store.close())


async def _next(walk: "AsyncIterator[Finding]") -> "Finding | None":
    return await anext(walk, None)


@click.command()
@click.argument("target", type=_DIRECTORY, metavar="DIR")
@DATA_DIR
@click.option("--keep", type=click.IntRange(1, 10_000), default=7, show_default=True, help="Snapshots to keep.")
@click.option("--link", is_flag=True, help="Hard links instead of copies: quick, but no help when the disk goes bad.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def backup(target: Path, data_dir: Path | None, keep: int, link: bool, as_json: bool) -> None:
    """Put a snapshot of the store into DIR, while a server runs on it or not.

    A second backup into the same DIR copies only what is new. Copying the data directory by other means while a
    server runs on it loses blobs.
    """
    from storage_tui.machine.precedence import be_gentle
    from storage_tui.server.upkeep.backing_up import Progress, back_up

    be_gentle()
    store, done = local_place(data_dir), Progress()
    meter = _Meter(lambda: f"{plural(done.blobs, 'blob')}, {size_text(done.copied_bytes)} copied")
    with meter:
        stamp = back_up(store, target.expanduser(), keep=keep, must_link=link, progress=done)
    users_of = _users_of(store)
    for finding in done.found:
        complain(_line(finding, users_of))
    fields = {"blobs": done.blobs, "size": done.size_bytes, "copied": done.copied, "copied_size": done.copied_bytes}
    if as_json:
        say_json({"snapshot": stamp, **fields, "damaged": len(done.found)})
    else:
        say(
            f"snapshot {stamp}: {plural(done.blobs, 'blob')}, {size_text(done.size_bytes)}; "
            f"{done.copied:,} of them, {size_text(done.copied_bytes)}, are new in files"
        )
    if done.found:
        raise PartialFailureError(
            f"not in this snapshot, as damaged in the store: {plural(len(done.found), 'blob, row or record', LOST)}"
        )


@click.command()
@click.argument("source", type=_DIRECTORY, metavar="DIR")
@click.option("--data-dir", type=_DIRECTORY, metavar="NEW", required=True, help="An empty directory, or a new one.")
@click.option("--snapshot", metavar="STAMP", help="Which snapshot. [default: the latest]")
@click.option("--skip-damaged", is_flag=True, help="Leave out what the backup itself has lost.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def restore(source: Path, data_dir: Path, snapshot: str | None, skip_damaged: bool, as_json: bool) -> None:
    """Make a store out of the backup in DIR. Every blob is checked. After a break, repeat the command to continue."""
    from storage_tui.server.upkeep.restoring import Progress
    from storage_tui.server.upkeep.restoring import restore as restore_store

    done = Progress()
    directory = data_dir.expanduser().absolute()
    try:
        with _Meter(lambda: f"{plural(done.blobs, 'blob')}, {size_text(done.size_bytes)} restored"):
            taken = restore_store(source.expanduser(), directory, stamp=snapshot, may_lose=skip_damaged, progress=done)
    finally:
        for finding in done.found:
            complain(_line(finding, _users_of(directory)))
    fields = {"snapshot": taken.stamp, "directory": str(directory), "blobs": done.blobs, "size": done.size_bytes}
    if as_json:
        say_json({**fields, "lost": len(done.found)})
    else:
        size = f"{plural(done.blobs, 'blob')}, {size_text(done.size_bytes)}"
        say(f"snapshot {taken.stamp} is in {directory}: {size}")
    if done.found:
        raise PartialFailureError(f"{len(done.found)} of the blobs and records in the snapshot are lost")


@click.command()
@with_engine
@click.option("--since", type=duration, metavar="TIME", help="Only the last 90m, 12h or 7d.")
@click.option("--user", metavar="NAME", help="Only what was deleted by tokens of this user.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def audit(place: "Path | S3Place", since: timedelta | None, user: str | None, as_json: bool) -> None:
    """Print every delete by a call: when, whose, what, and the request in the server's log.

    The log of a bucket may also contain a delete that did not happen, when a server died during the delete or somebody
    else changed the key in that moment.
    """
    from storage_tui.server.http.grants import namespace_of
    from storage_tui.server.run.engine import open_audit

    users_of = _users_of(place)
    start = None if since is None else datetime.now(UTC) - since
    log = open_audit(place)
    for entry in log.entries(since=start, namespace=None if user is None else namespace_of(user)):
        raw = _with_user(entry.to_json(), users_of)
        who = users_of.of(entry.namespace) or entry.namespace
        what = f"{entry.storage_type}:{entry.key}"
        if as_json:
            say_json(raw)
        else:
            say(f"{raw['at']} {who} {what} {entry.etag} {entry.request_id}")
    for namespace, count in log.dropped(None if user is None else namespace_of(user)).items():
        who = users_of.of(namespace) or namespace
        complain(f"{plural(count, 'older delete')} of {who} went from the log, which keeps a limited user's last ones")


class _Meter:
    """A progress line on the terminal; nothing when standard error is not a terminal."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._is_shown = sys.stderr.isatty()

    def __enter__(self) -> None:
        from threading import Event, Thread

        self._stop = Event()
        self._thread = Thread(target=self._watch, name="meter", daemon=True)
        if self._is_shown:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._is_shown:
            self._thread.join()
            show_status("")

    def over(self, findings: "Iterable[Finding]") -> "Iterable[Finding]":
        """Yield the findings, and hide the progress line while each finding is printed."""
        with self:
            for finding in findings:
                if self._is_shown:
                    show_status("")
                yield finding

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            show_status(self._text())


def _users_of(place: "Path | S3Place", backup: Path | None = None) -> UserNames:
    """Return the names of users from the records of the store, or from the records in the latest snapshot of a
    backup."""

    def read() -> "Records":
        from storage_tui.server.run.engine import open_records
        from storage_tui.server.stores.local.records import LocalRecords
        from storage_tui.server.upkeep.snapshots import Backup

        if backup is not None:
            return LocalRecords(Backup(backup.expanduser()).find(None).documents)
        return open_records(place)

    return UserNames(read)


def _with_user(raw: dict[str, Any], users: UserNames) -> dict[str, Any]:
    name = users.of(raw["namespace"])
    return raw if name is None else {**raw, "user": name}


def _line(finding: "Finding", users: UserNames) -> str:
    parts = [finding.kind.ljust(8)]
    if finding.key:
        whose = users.show(finding.namespace)
        parts.append(f"{finding.storage_type}:{finding.key} of {whose}")
    if finding.file:
        parts.append(f"({finding.file})" if finding.key else finding.file)
    return f"{' '.join(parts)}: {finding.why}"
