"""`storage-tui sync` and `check`: a local folder and a folder of the store, made equal or compared."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from storage_tui.cli.live_line import live_line
from storage_tui.cli.moving import StoppedError, obeying_signals, telling
from storage_tui.cli.options import with_patience, with_settings
from storage_tui.cli.output import EXIT_FAILED, PartialFailureError
from storage_tui.cli.places import is_remote_word, place_of
from storage_tui.cli.printing import Complaints, complain, say, say_json
from storage_tui.cli.settings import PLACE_FLAGS, Settings
from storage_tui.cli.store_choice import SHARED, open_storage, settings_of, settings_of_side
from storage_tui.cli.words import profile_words, source_words
from storage_tui.client.batch.scheduler import JOBS, MOST_JOBS
from storage_tui.client.sync.checksums import Checksums
from storage_tui.client.sync.compare import UNKNOWN_CHECKSUM, By
from storage_tui.client.sync.entries import StoreEntry
from storage_tui.client.sync.plan import Action, LeftOuts, SyncPlan, make_plan
from storage_tui.client.sync.rules import Rules, read_lines, read_patterns
from storage_tui.client.sync.run import Outcome, SyncResult, SyncRun
from storage_tui.client.sync.sides import Side, StoreSide, is_location, side_of
from storage_tui.client.sync.syncing import differences
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import BadRequestError, ConflictError
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import DEFAULT
from storage_tui.machine import directories

NAMES_TOLD = 5  # changed names told one by one; the rest are counted
PAST = {"upload": "uploaded", "download": "downloaded", "copy": "copied", "delete": "deleted"}
_SIGNS = {"missing": "+", "extra": "-", "differing": "*", "unreadable": "!"}
_FILE = click.Path(path_type=Path)


def _comparing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that sync and check share: the rules, and how two files are compared."""
    for option in (
        with_patience,
        click.option("--to-profile", metavar="NAME", shell_complete=profile_words,
                     help="DST is a folder of the server of this profile."),
        click.option("--json", "as_json", is_flag=True, help="A JSON object for each key."),
        click.option("--size-only", is_flag=True, help="Files of one size are the same."),
        click.option("--checksum", is_flag=True, help="Read every local file again: use no kept checksum."),
        click.option("--filter-from", "filter_files", type=_FILE, multiple=True, metavar="FILE",
                     help="Rules from a file, a line each: + PATTERN or - PATTERN."),
        click.option("--filter", "filters", multiple=True, metavar="RULE",
                     help="A rule after those of --include and --exclude: '+ PATTERN' or '- PATTERN'."),
        click.option("--exclude-from", "exclude_files", type=_FILE, multiple=True, metavar="FILE",
                     help="Patterns to leave out, from a file, a line each."),
        click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave these out: '*.tmp', '/old/'."),
        click.option("--include-from", "include_files", type=_FILE, multiple=True, metavar="FILE",
                     help="Patterns to take, from a file, a line each."),
        click.option("--include", multiple=True, metavar="PATTERN", help="Take only these: '*.tif', '/maps/**'."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("source", metavar="SRC", shell_complete=source_words)
@click.argument("target", metavar="DST", shell_complete=source_words)
@_comparing
@click.option("-v", "--verbose", is_flag=True, help="A line for each file before the summary.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=JOBS, show_default=True, metavar="N",
              help="Files at once.")  # fmt: skip
@click.option("--max-delete", type=click.IntRange(0), metavar="N",
              help="Change nothing when more than N would be deleted. Needed when SRC is empty.")  # fmt: skip
@click.option("--delete", is_flag=True, help="Delete what SRC does not have: last, and if nothing failed.")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@with_settings
def sync(
    source: str, target: str, dry_run: bool, delete: bool, max_delete: int | None, jobs: int, quiet: bool,
    verbose: bool, include: tuple[str, ...], include_files: tuple[Path, ...], exclude: tuple[str, ...],
    exclude_files: tuple[Path, ...], filters: tuple[str, ...], filter_files: tuple[Path, ...], checksum: bool,
    size_only: bool, as_json: bool, to_profile: str | None, patience_s: float | None, settings: Settings,
) -> None:  # fmt: skip
    """Make the folder DST as the folder SRC: `sync maps data:maps --delete`.

    One of them, or both, is a place of the store with its type, such as data:maps, or a bucket as s3://BUCKET/maps; all
    else is a local folder. What is
    in SRC goes into DST, whether a slash ends them or not. Only what differs in size or checksum is moved; a file that
    has not changed since its last sync is not read again. Without --delete nothing is removed.

    The first rule that matches decides, as in rclone: `*` stops at a slash, `**` does not, a / at the start is the top
    of the folder, a / at the end a folder. What the rules leave out is neither moved nor deleted.
    """
    by = _by(checksum=checksum, size_only=size_only)
    rules = _rules(include, include_files, exclude, exclude_files, filters, filter_files)
    with ExitStack() as stack:
        ours, theirs = _open(stack, source, target, settings, to_profile, patience_s)
        report = _Report(ours, theirs, as_json=as_json, quiet=quiet, verbose=verbose, dry_run=dry_run)
        checksums = stack.enter_context(closing(Checksums(directories.state_dir())))
        stack.enter_context(_stoppable())
        plan = stack.enter_context(
            make_plan(
                ours, theirs, rules=rules, delete=delete, by=by, on_action=report.on_action,
                removes_orphans=not dry_run, checksums=checksums,
            )
        )  # fmt: skip
        _tell_left_out(plan.left_out)
        if dry_run:
            report.end_plan(plan)
            plan.check_deletes(max_delete)
            if plan.left_out.failures:
                raise PartialFailureError(f"{plural(plan.left_out.failures, 'file')} cannot be synced")
            return
        run = SyncRun(plan, jobs=jobs, tell=report.tell, checksums=checksums)
        with live_line(run.progress, "", is_on=not quiet and plan.moves.count > 0):
            result = run.run(max_delete=max_delete)
        report.end(plan, result)


@click.command()
@click.argument("source", metavar="SRC", shell_complete=source_words)
@click.argument("target", metavar="DST", shell_complete=source_words)
@_comparing
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors: the exit code is the answer.")
@with_settings
def check(
    source: str, target: str, quiet: bool, include: tuple[str, ...], include_files: tuple[Path, ...],
    exclude: tuple[str, ...], exclude_files: tuple[Path, ...], filters: tuple[str, ...],
    filter_files: tuple[Path, ...], checksum: bool, size_only: bool, as_json: bool, to_profile: str | None,
    patience_s: float | None, settings: Settings,
) -> None:  # fmt: skip
    """Compare two folders as sync does, and change nothing: `check maps data:maps`.

    A line begins with + for a file that DST lacks, - for one that only DST has, * for one that differs, ! for one that
    cannot be read. The exit code is 0 when the two are the same, 1 when they differ.
    """
    by = _by(checksum=checksum, size_only=size_only)
    rules = _rules(include, include_files, exclude, exclude_files, filters, filter_files)
    counts: Counter[str] = Counter()
    left_out = LeftOuts()
    same: Counter[str] = Counter()
    with ExitStack() as stack:
        ours, theirs = _open(stack, source, target, settings, to_profile, patience_s)
        stack.enter_context(_stoppable())
        rows = differences(ours, theirs, rules, by=by, leave_out=left_out.add, same=lambda why: same.update([why]))
        for row in rows:
            counts[row.difference] += 1
            if as_json:
                say_json(row.to_json())
            elif not quiet:
                say(f"{_SIGNS[row.difference]} {row.relative}  ({row.reason})")
    _tell_left_out(left_out)
    counts["unreadable"] += left_out.failures
    total = sum(same.values())
    if as_json:
        names = ("missing", "differing", "extra", "unreadable")
        say_json({"summary": {"same": total, **{name: counts[name] for name in names}}})
    elif not quiet:
        words = [f"{counts[name]:,} {name}" for name in ("missing", "differing", "extra") if counts[name]]
        words = words or ["no difference"]
        say(f"{ours} and {theirs}: {', '.join(words)}, {total:,} the same{_unchecked(same)}")
    if counts["unreadable"]:
        raise PartialFailureError(f"{plural(counts['unreadable'], 'file')} could not be compared")
    if any(counts.values()):
        raise click.exceptions.Exit(EXIT_FAILED)


class _Report:
    """What a sync prints: the plan of a dry run, or a line for each action, and one summary."""

    def __init__(self, source: Side, target: Side, *, as_json: bool, quiet: bool, verbose: bool, dry_run: bool) -> None:
        self._source, self._target = source, target
        self._as_json, self._verbose, self._is_plan = as_json, verbose and not quiet, dry_run
        self._is_silent = quiet
        self._complaints = Complaints()
        self._names = 0
        needs_same = as_json or (verbose and dry_run and not quiet)
        self.on_action: Callable[[Action], object] | None = self._plan if dry_run or needs_same else None
        self._needs_same = needs_same

    def _plan(self, action: Action) -> None:
        """Print an action of the plan: in a dry run each, else those that need nothing."""
        if action.action == "same" and not self._needs_same:
            return
        if self._as_json and (self._is_plan or action.action == "same"):
            say_json(action.to_json())
        elif self._is_plan and not (self._is_silent or self._as_json):
            say(f"{action.action:<8}  {_place(action, self._target)}  {_why(action, self._source)}")

    def tell(self, outcome: Outcome) -> None:
        """Print the end of an action."""
        action, error = outcome.action, outcome.error
        if action.note and not error:
            self._names += 1
            if self._names <= NAMES_TOLD:
                complain(action.note)
        if error is not None:
            self._complaints.add(error.message)
        if self._as_json:
            state: dict[str, object] = {"state": "done" if error is None else "failed", "note": outcome.note}
            if error is not None:
                state |= {"error": error.code, "message": error.message}
            say_json(action.to_json() | state)
        elif self._verbose and error is None:
            say(f"{PAST[action.action]}  {_place(action, self._target)}  {_why(action, self._source)}")

    def end_plan(self, plan: SyncPlan) -> None:
        """Print the summary of a dry run."""
        if self._as_json or self._is_silent:
            return
        sizes = plan.moves.size_bytes + plan.late.size_bytes
        moved = [f"{name} {plan.counts[name]:,}" for name in PAST if plan.counts[name] and name != "delete"]
        words = [f"{' and '.join(moved)} ({size_text(sizes)})"] if moved else []
        words += [f"delete {plan.counts['delete']:,}"] if plan.counts["delete"] else []
        done = f"would {', '.join(words)}" if words else "nothing to do"
        say(f"{plan.source} to {plan.target}: {done}, {plan.counts['same']:,} the same; nothing was changed")

    def end(self, plan: SyncPlan, result: SyncResult) -> None:
        """Print the summary. Raise PartialFailureError when something was not done."""
        self._complaints.end()
        if self._names > NAMES_TOLD:
            complain(f"and {self._names - NAMES_TOLD:,} more names that cannot be kept")
        done = {name: result.done.get(name, 0) for name in (*PAST, "same")}
        if self._as_json:
            rest = {"failed": result.failed, "left_out": result.left_out, "kept_back": result.kept}
            say_json({"summary": {**done, **rest, "bytes": result.moved_bytes}})
        moved = [f"{done[name]:,} {past}" for name, past in PAST.items() if done[name] and name != "delete"]
        words = [f"{' and '.join(moved)} ({size_text(result.moved_bytes)})"] if moved else []
        words += [f"{done['delete']:,} deleted"] if done["delete"] else []
        words += [f"{done['same']:,} the same"]
        if result.is_complete:
            if not (self._is_silent or self._as_json):
                unchecked = f", {result.unchecked:,} without a checksum to compare" if result.unchecked else ""
                say(f"synced {plan.source} to {plan.target}: {', '.join(words)}{unchecked}")
            return
        words += [f"{result.failed:,} failed"] if result.failed else []
        words += [f"{result.left_out:,} left out"] if result.left_out else []
        words += [f"{result.kept:,} kept back, as deletes wait until nothing fails"] if result.kept else []
        way = "; the same command does the rest" if result.failed else ""
        raise PartialFailureError(f"{plan.source} to {plan.target}: {', '.join(words)}{way}")


@contextmanager
def _stoppable() -> Iterator[None]:
    """Let a signal stop the work, and say how to go on."""
    try:
        with obeying_signals():
            yield
    except StoppedError as exc:
        raise StoppedError(f"{exc.message}; the same command does the rest") from None


def _open(
    stack: ExitStack, source: str, target: str, settings: Settings, to_profile: str | None, patience_s: float | None
) -> tuple[Side, Side]:  # fmt: skip
    """Open the stores that the sides need. Raise click.UsageError where no side is a place of a store."""
    if not (source.strip() and target.strip()):
        raise click.UsageError("SRC or DST is an empty text; name a folder, such as . for the working directory")
    source, placed_source, lead = _placed(source, changes=False)
    target, placed_target, to_lead = _placed(target, changes=True)
    if not is_location(source) and not is_location(target):
        raise click.UsageError(
            f"{source!a} and {target!a} are both local folders; write one as a place of the store, such as data:maps"
        )
    if to_profile is not None and not (is_location(target) and placed_target is None):
        raise click.UsageError("--to-profile is the server of DST; write DST as a place of it, such as data:maps")
    if to_profile is not None:
        placed_target = settings_of({**dict.fromkeys((*SHARED, *PLACE_FLAGS)), "profile": to_profile})
    if placed_source is not None and placed_target is not None and (settings.url or settings.data_dir):
        raise click.UsageError("SRC and DST name what to open; leave out --url and --data-dir")
    own = settings if (placed_source is None or placed_target is None) else placed_source
    ours, theirs = placed_source or own, placed_target or own
    if not is_location(source):
        ours = theirs
    if not is_location(target):
        theirs = ours
    if placed_source is not None and replace(ours, write=theirs.write) == theirs:
        ours = theirs  # one place has both sides
    storage = open_storage(ours, patience_s=patience_s)
    other = storage if ours == theirs else open_storage(theirs, patience_s=patience_s)
    refusal = other.place.refusal if is_location(target) and other.place is not None else None
    if refusal is not None and click.get_current_context().command.name == "sync":
        raise ConflictError(refusal)
    for one in (storage,) if storage is other else (storage, other):
        stack.enter_context(one)
        stack.enter_context(telling(one))
    return side_of(source, storage.engine, lead=lead), side_of(target, other.engine, lead=to_lead)


def _placed(words: str, *, changes: bool) -> tuple[str, Settings | None, str]:
    """Return the words of a side as a location in a place, the settings of this place, and what stands before a key.

    Other words stay, without settings: `./maps` is a local folder here, `file:///maps` is a place. Only the place that
    `changes` is opened for changes.
    """
    if not is_remote_word(words):
        return words, None, ""
    place, key, lead = place_of(words)
    params = click.get_current_context().params
    flags = {name: params.get(name) for name in (*SHARED, *PLACE_FLAGS)}
    return f"{DEFAULT}:{key}", settings_of_side(place, flags, changes=changes), lead


def _by(*, checksum: bool, size_only: bool) -> By:
    if checksum and size_only:
        raise click.UsageError("--checksum and --size-only contradict each other; give one of them")
    return "read" if checksum else "size" if size_only else "checksum"


def _rules(
    include: tuple[str, ...], include_files: tuple[Path, ...], exclude: tuple[str, ...],
    exclude_files: tuple[Path, ...], filters: tuple[str, ...], filter_files: tuple[Path, ...],
) -> Rules:  # fmt: skip
    patterns = (
        [*include, *(row for file in include_files for row in read_patterns(file))],
        [*exclude, *(row for file in exclude_files for row in read_patterns(file))],
        [*filters, *(row for file in filter_files for row in read_lines(file))],
    )
    try:
        return Rules.of(*patterns)
    except BadRequestError as exc:
        raise click.UsageError(exc.message) from None


def _place(action: Action, target: Side) -> str:
    """Return the words for the place that an action changes."""
    is_local = action.action == "download" or (action.action == "delete" and action.path is not None)
    if is_local or not isinstance(target, StoreSide):
        return action.path or ""
    return target.spell(action.key or "")


def _why(action: Action, source: Side) -> str:
    origin = ""
    if action.action == "copy" and isinstance(action.source, StoreEntry) and isinstance(source, StoreSide):
        origin = f"from {source.spell(action.source.blob.key)}, "
    size = "" if action.size_bytes is None else f"{size_text(action.size_bytes)}, "
    note = f", {action.note}" if action.note else ""
    late = ", after the deletes" if action.is_late else ""
    return f"({origin}{size}{action.reason}{note}{late})"


def _unchecked(same: "Counter[str]") -> str:
    count = same[UNKNOWN_CHECKSUM]
    return f", {count:,} of them without a checksum to compare" if count else ""


def _tell_left_out(left_out: LeftOuts) -> None:
    """Print each entry that should be synced and cannot, and the number of links and devices."""
    for row in left_out.rows:
        if row.is_failure:
            complain(f"left out: {row.why}")
    special = [row for row in left_out.rows if not row.is_failure]
    if special:
        more = f", and {len(special) - 1:,} more links and the like" if len(special) > 1 else ""
        complain(f"left out: {special[0].why}{more}")
    if left_out.count > len(left_out.rows):
        complain(f"and {left_out.count - len(left_out.rows):,} more left out")
