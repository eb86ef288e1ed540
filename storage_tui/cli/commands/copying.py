"""`storage-tui cp` and `mv`: blobs and folders copied, moved and renamed, also between storage types, and between two
places or stores."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.folder_hints import as_target, expecting_blob, has_blobs
from storage_tui.cli.live_line import live_line
from storage_tui.cli.moving import StoppedError, obeying_signals, telling
from storage_tui.cli.options import LOCATION, with_patience, with_two_stores
from storage_tui.cli.output import PartialFailureError
from storage_tui.cli.places import spell, whole_words
from storage_tui.cli.printing import Complaints, complain, remark, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.way_back import what_was_there
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import BadRequestError, error_of
from storage_tui.contract.keys import DELIMITER, Location, as_folder, check_name
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.batch.origins import Origin
    from storage_tui.client.batch.relocation import Relocated, Relocation, RelocationSummary
    from storage_tui.client.storage import Storage
    from storage_tui.client.transfer.conflict import Conflict
    from storage_tui.contract.moves import Move

CHOICES = ("skip", "overwrite", "rename", "different")  # of client/transfer/conflict.py, where sizes alone are no proof


def _relocating(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the arguments and options that cp and mv share."""
    for option in (
        with_patience,
        with_limits,
        click.option("--json", "as_json", is_flag=True, help="One JSON object for each blob."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Of several blobs, a line each before the summary."),
        click.option("--dry-run", is_flag=True, help="Change nothing; say what would happen, with -v for each blob."),
        click.option("--on-conflict", type=click.Choice(CHOICES), help="What to do when the target exists already."),
        click.option("-n", "--no-overwrite", is_flag=True, help="Refuse a key that exists. [default]"),
        click.option("-f", "--force", is_flag=True, help="The same as --on-conflict overwrite."),
        click.option("-r", "--recursive", is_flag=True, help="A whole folder; with a slash at its end, what is in it."),
        click.argument("target", type=LOCATION),
        click.argument("sources", type=LOCATION, nargs=-1, required=True),
    ):  # fmt: skip
        command = option(command)
    return command


class _WithTarget(click.Command):
    """The command with a message of its own for a missing target: a single word is the target to click."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Raise click.UsageError when one word is all there is."""
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        word, sources = given.get("target"), given.get("sources")
        has_sources = isinstance(sources, tuple | list) and bool(sources)  # click has a mark of its own for none
        if isinstance(word, str) and not has_sources and not ctx.resilient_parsing and "help" not in given:
            raise click.UsageError(f"Missing argument 'TARGET': where does {word!r} go? Name a key or folder last", ctx)
        return super().parse_args(ctx, args)


@click.command(cls=_WithTarget)
@_relocating
@with_two_stores
def cp(sources: tuple[Location, ...], target: Location, **options: Any) -> None:
    """Copy blobs on the server, also between storage types: `cp tmp:a.tif data:` keeps it past its seven days.

    With -r a folder is copied: `cp -r tmp:maps data:` makes data:maps/, and `cp -r tmp:maps/ data:old` puts what is in
    maps into data:old/. A quoted pattern copies what it matches, with the folders from the first special character on:
    `cp 'tmp:maps/*/a.tif' data:old` makes data:old/2024/a.tif. `data:` and `data:/` are the top of data; a key that
    begins with a slash is spelled out: `cp a.tif data:/a.tif`. To go on after a stop, run the same command with
    --on-conflict skip.

    Sources and target may be in two places: `cp -r s3://A/maps/ s3://B/maps --write`, `cp s3://A/a.tif data:a.tif`.
    One engine with both buckets copies by itself; all else goes through this program, and nothing is kept here.
    """
    _carry_out(sources, target, is_move=False, **options)


@click.command(cls=_WithTarget)
@_relocating
@with_two_stores
def mv(sources: tuple[Location, ...], target: Location, **options: Any) -> None:
    """Move or rename blobs on the server, also between storage types: `mv a.tif b.tif`, `mv tmp:a.tif tmp:b.tif data:`.

    With -r a folder is moved: `mv -r maps old/` makes old/maps/, and `mv -r maps/ old` puts what is in maps into old/.
    A quoted pattern moves what it matches. `data:` and `data:/` are the top of data; a key that begins with a slash is
    spelled out: `mv a.tif data:/a.tif`. Within tmp a blob keeps its expiry. To go on after a stop, run the same
    command again. Between two places, as in `mv s3://A/a.tif data: --write`, a blob is deleted once its copy is whole.
    """
    _carry_out(sources, target, is_move=True, **options)


def _carry_out(
    sources: Sequence[Location], target: Location, settings: Settings, target_settings: Settings | None, *,
    is_move: bool, recursive: bool, force: bool, no_overwrite: bool, on_conflict: str | None, dry_run: bool,
    verbose: bool, quiet: bool, as_json: bool, patience_s: float | None, limits: Limits,
) -> None:  # fmt: skip
    from storage_tui.client.batch.relocation import Relocation

    target = as_target(target)
    conflict = _conflict(on_conflict, force=force, no_overwrite=no_overwrite)
    if len(sources) > 1 and target.key and not target.key.endswith(DELIMITER):
        raise click.UsageError(f"several sources need a folder to go to; write it as {_spell(target)}/")
    told: list[Relocated] = []
    with ExitStack() as stack:
        storage = stack.enter_context(open_storage(settings, patience_s=patience_s))
        stack.enter_context(telling(storage))
        there = storage
        if target_settings is not None:
            there = stack.enter_context(open_storage(target_settings, patience_s=patience_s))
            stack.enter_context(telling(there))
        choices = [choose(storage, source, limits) for source in sources]
        origins, is_single, into = _origins(choices, target, recursive=recursive)
        if not origins:  # limits that no blob is within
            return
        report = _Report(is_move=is_move, as_json=as_json, is_silent=quiet or not (is_single or verbose))
        job = Relocation(
            storage.engine, origins, Location(target.storage_type, into), is_move=is_move, conflict=conflict,
            on_results=told.extend if is_single else report.tell,
            to_engine=None if target_settings is None else there.engine,
        )  # fmt: skip
        if is_single:
            with expecting_blob(storage, sources[0], f"give -r to {'move' if is_move else 'copy'} all of it"):
                _single(job, told, report, conflict, dry_run=dry_run, shows=target_settings is not None and not quiet)
            _tell_overwritten(
                there, report.overwritten, Location(target.storage_type, origins[0].target(into)), quiet or as_json
            )
            return
        try:
            job.check()
        except BadRequestError as exc:
            raise click.UsageError(exc.message) from exc
        plan = job.plan(looks=False)
        if dry_run:
            _preview(job, report, quiet=quiet, as_json=as_json, place=Location(target.storage_type, into))
            return
        for note in () if quiet else plan.notes:
            complain(note)
        try:
            with obeying_signals(), live_line(job.progress, "", is_on=not quiet, noun="blob"):
                summary = job.run()
        except StoppedError as exc:
            raise StoppedError(f"{exc.message}; {_left(job, is_move=is_move)}") from None
        place = Location(target.storage_type, origins[0].target(into) if len(origins) == 1 else into)
        try:
            report.end(summary, place=_spell(place), is_quiet=quiet)
        finally:
            _tell_overwritten(there, report.overwritten, place, quiet or as_json)


def _conflict(chosen: str | None, *, force: bool, no_overwrite: bool) -> "Conflict":
    from storage_tui.client.transfer.conflict import Conflict

    given = [name for name, is_on in (("--force", force), ("--no-overwrite", no_overwrite)) if is_on]
    given += [f"--on-conflict {chosen}"] if chosen is not None else []
    if len(given) > 1 and given != ["--force", "--on-conflict overwrite"]:
        raise click.UsageError(f"{given[0]} and {given[1]} contradict each other; give one of them")
    return Conflict.OVERWRITE if force else Conflict.REFUSE if chosen is None else Conflict(chosen)


def _origins(choices: Sequence[Choice], target: Location, *, recursive: bool) -> "tuple[list[Origin], bool, str]":
    """Return what moves, whether that is a single blob, and the key or prefix to which everything goes."""
    from storage_tui.client.batch.origins import Origin

    is_folder = not target.key or target.key.endswith(DELIMITER)
    origins: list[Origin] = []
    takes_folder = len(choices) > 1
    for choice in choices:
        source, folder = choice.location, as_folder(choice.location)
        is_below = recursive and choice.glob is None and (folder == source or has_blobs(choice.storage, folder))
        if choice.glob is not None or (is_below and choice.limits):
            found = [Origin.of(blob, base=choice.base) for blob in choice.blobs(recursive=recursive)]
            if not found and not choice.limits:
                raise choice.nothing()
            origins += found
            takes_folder = True
            continue
        if is_below:
            origins.append(Origin(source.storage_type, folder.key, is_folder=True, base=choice.base))
            takes_folder = True
            continue
        if not source.key:
            raise click.UsageError(f"{spell(source)} is {whole_words(source)}; give -r for all of it")
        if is_folder and source.key.endswith(DELIMITER):
            raise click.UsageError(f"{spell(source)} is a folder; give -r for all of it, or name a key for this blob")
        key = check_name(source.key)
        if choice.limits:
            with expecting_blob(choice.storage, source, "give -r for all of it"):
                is_within = any(choice.blobs(recursive=False))
            if not is_within:
                continue
        base = key[: key.rfind(DELIMITER) + 1] if is_folder else key
        origins.append(Origin(source.storage_type, key, base=base))
    is_single = len(choices) == len(origins) == 1 and not takes_folder
    return origins, is_single, as_folder(target).key if takes_folder else target.key


def _single(
    job: "Relocation", told: "list[Relocated]", report: "_Report", conflict: "Conflict", *, dry_run: bool, shows: bool
) -> None:  # fmt: skip
    """Carry out the job of one blob; `shows` its progress."""
    from storage_tui.client.transfer.conflict import Conflict

    if dry_run:
        [wanted] = job.preview()
        report.would(wanted.move, is_there=wanted.is_there)
        return
    with obeying_signals(), live_line(job.progress, "", is_on=shows, noun="blob"):
        job.run()
    [row] = told
    if row.state == "failed":
        is_taken = row.result.error == "conflict" and conflict is Conflict.REFUSE
        way_out = "name another target" if job.is_onto_itself(row.result.move) else "give --force to overwrite it"
        message = f"{row.result.message}; {way_out}" if is_taken else f"{row.result.message}"
        raise error_of(row.result.error or "", message, key=row.result.move.key)
    report.tell([row])


def _tell_overwritten(storage: "Storage", count: int, place: Location, is_quiet: bool) -> None:
    said = "" if is_quiet else what_was_there(storage, count, place)
    if said:
        remark(said)


def _preview(job: "Relocation", report: "_Report", *, quiet: bool, as_json: bool, place: Location) -> None:
    count = size_bytes = there = 0
    for wanted in job.preview():
        count, size_bytes, there = count + 1, size_bytes + wanted.size_bytes, there + wanted.is_there
        report.would(wanted.move, is_there=wanted.is_there)
    if not (quiet or as_json):
        for note in job.plan(looks=False).notes:
            say(note)
        exists = f", of which {there:,} {'exists' if there == 1 else 'exist'} there already" if there else ""
        say(f"would {report.verb} {plural(count, 'blob')} ({size_text(size_bytes)}) to {_spell(place)}{exists}")


class _Report:
    """Prints the results of a job: a line or an object for each blob, errors on standard error, and a summary."""

    def __init__(self, *, is_move: bool, as_json: bool, is_silent: bool) -> None:
        self.verb, self._past = ("move", "moved") if is_move else ("copy", "copied")
        self._as_json, self._is_silent = as_json, is_silent
        self._complaints = Complaints()
        self.overwritten = 0  # blobs that were at the targets before

    def tell(self, rows: "Sequence[Relocated]") -> None:
        """Report blobs that have ended."""
        for row in rows:
            move, blob = row.result.move, row.result.blob
            self.overwritten += row.result.overwritten is not None
            if row.state == "failed":
                self._complaints.add(row.result.message or f"cannot {self.verb} {move.key!a}: {row.result.error}")
            if self._as_json:
                end: dict[str, object] = {"source": _source(move), "target": _target(move), "state": row.state}
                end |= {"note": row.note} if row.note else {}
                if row.state == "failed":
                    end |= {"error": row.result.error, "message": row.result.message}
                if blob is not None:
                    end |= {"storage_type": blob.storage_type, **blob.to_json()}
                say_json(end)
            elif row.state != "failed" and not self._is_silent:
                said = f"{_target(move)}  {row.state}: {row.note}" if row.state == "skipped" else _target(move)
                say(said)

    def would(self, move: "Move", *, is_there: bool) -> None:
        """Report a blob of a dry run."""
        if self._as_json:
            say_json(
                {"source": _source(move), "target": _target(move), "state": f"would {self.verb}", "exists": is_there}
            )
        elif not self._is_silent:
            say(f"{_source(move)} -> {_target(move)}{'  exists already' if is_there else ''}")

    def end(self, summary: "RelocationSummary", *, place: str, is_quiet: bool) -> None:
        """Report the end of the job; raise PartialFailureError when a part of the blobs failed."""
        self._complaints.end()
        if summary.failed:
            raise PartialFailureError(
                f"{self._past} {summary.done:,} of {plural(summary.count, 'blob')}, {summary.failed:,} failed"
                + (f", {summary.skipped:,} skipped" if summary.skipped else "")
            )
        if not (is_quiet or self._as_json):
            skipped = f", {summary.skipped:,} skipped" if summary.skipped else ""
            say(f"{self._past} {plural(summary.done, 'blob')} ({size_text(summary.size_bytes)}) to {place}{skipped}")


def _left(job: "Relocation", *, is_move: bool) -> str:
    now = job.progress()
    done = f"{job.summary.done:,} of {plural(now.files, 'blob')} {'moved' if is_move else 'copied'}"
    again = "the same command" if is_move else "the same command with --on-conflict skip"
    return f"{done}, none half done; {again} does the rest"


def _source(move: "Move") -> str:
    return spell(Location(move.storage_type, move.key))


def _target(move: "Move") -> str:
    return _spell(Location(move.target_type, move.to_key))


def _spell(target: Location) -> str:
    return spell(target, is_target=True)
