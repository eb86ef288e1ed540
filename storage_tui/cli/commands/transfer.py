"""The commands that move bytes: get and put, for single blobs and for folders."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from storage_tui.cli.background import hand_over
from storage_tui.cli.folder_hints import as_target, base_of, expecting_blob, has_blobs
from storage_tui.cli.moving import jobs_of, move, telling, with_jobs
from storage_tui.cli.options import LOCATION, with_bwlimit, with_patience, with_settings
from storage_tui.cli.piping import STDIO, get_pipe, is_pipe, put_pipe
from storage_tui.cli.places import is_remote_word, spell
from storage_tui.cli.printing import bytes_out, complain
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.words import source_words, wanted_words
from storage_tui.client.batch.folders import LeftOut, local_names
from storage_tui.client.batch.kept_names import NAMES_FILE, read_names
from storage_tui.client.batch.name_rules import rules_at
from storage_tui.client.batch.plan import BatchItem, BatchPlan, plan_download, plan_upload, survey
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.keys import DELIMITER, Location, as_folder, check_name, parent_prefix
from storage_tui.contract.storage_types import ALIASES, STORAGE_TYPES

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

NOTES_TOLD = 5  # changed names told one by one; the rest are counted
_GIVE_R = "give -r to download all of it"
_CHOICES = tuple(row.value for row in Conflict if row is not Conflict.REFUSE)


def _moving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that get and put share."""
    for option in (
        with_patience,
        click.option("--background", is_flag=True,
                     help="Hand it to the transfer agent and return at once; see storage-tui transfers."),
        click.option("--json", "as_json", is_flag=True, help="A JSON object for each file, then one summary."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Of several files, a line each before the summary."),
        click.option("--verify", is_flag=True, help="Fail when the server sends no checksum to compare."),
        click.option("--resume/--no-resume", default=True, help="Continue earlier parts, and keep new ones. [default]"),
        with_bwlimit,
        with_jobs,
        click.option("--on-conflict", type=click.Choice(_CHOICES), help="What to do when the target exists already."),
        click.option("-f", "--force", is_flag=True, help="The same as --on-conflict overwrite."),
        click.option("-r", "--recursive", is_flag=True, help="A whole folder; with a slash at its end, what is in it."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="LOCATION... [TARGET]", shell_complete=wanted_words)
@_moving
@with_limits
@with_settings
def get(
    words: tuple[str, ...], recursive: bool, force: bool, on_conflict: str | None, jobs: int | None,
    bwlimit: str | None, resume: bool, verify: bool, quiet: bool, verbose: bool, as_json: bool, background: bool,
    patience_s: float | None, limits: Limits, settings: Settings,
) -> None:  # fmt: skip
    """Download a blob to TARGET: a file, a folder (the default is this one), or - for standard output.

    With -r a folder keeps its name: `get -r tmp:maps` makes ./maps, and `get -r tmp:maps/ old` puts what is in maps
    into old. Names that the file system cannot keep are changed and told; put -r restores them.

    Several locations, and a quoted pattern, go into a folder, which is made: `get 'data:maps/*/a.tif' old` makes
    old/2024/a.tif. The last word is TARGET unless it begins with a storage type and a colon.

    A file appears only whole and compared with its checksum. To continue a download that broke off, run the same
    command again, or storage-tui resume.
    """
    conflict = _conflict(on_conflict, force, Conflict.REFUSE)
    locations, target = _words_of_get(words)
    is_pipe_target = target == STDIO or (not recursive and is_pipe(Path(target)))
    with (
        open_storage(settings, patience_s=patience_s, bwlimit=bwlimit) as storage,
        telling(storage, is_kept=resume and not is_pipe_target),
    ):
        if background:
            _check_background(is_pipe_target, verify, resume)
        choices = [choose(storage, location, limits) for location in locations]
        location = choices[0].location
        is_single = len(choices) == 1 and choices[0].is_plain
        if target == STDIO:
            _check_bytes_only(recursive=recursive, as_json=as_json)
        if is_pipe_target:
            if not is_single:
                raise click.UsageError("a pipe takes one blob; storage-tui cat writes several")
            way_out = "name a folder as TARGET, and give -r to download all of it" if target == STDIO else _GIVE_R
            with expecting_blob(storage, location, way_out), _opened(target) as pipe:
                get_pipe(storage, location, pipe, must_verify=verify)
            return
        plan = None
        if not is_single:
            plan = _chosen(choices, target, recursive=recursive)
            if not plan.items:
                return
        elif recursive:
            plan = _folder_below(storage, location, target)
        with expecting_blob(storage, location, _GIVE_R) if plan is None else nullcontext():
            plan = plan or _single(storage, location, target)
            plan.keep_names()
            _tell(plan.notes)
            if background:
                if plan.items[0].blob is None:  # named and not listed: tell now, while somebody reads the message
                    storage.stat(location.key, location.storage_type)
                hand_over(
                    storage, plan, conflict=conflict, as_json=as_json, quiet=quiet, limits_anew=bwlimit is not None
                )
                return
            move(
                storage, plan, conflict=conflict, jobs=jobs_of(jobs, settings), resume=resume, must_verify=verify,
                as_json=as_json, verb="downloaded", place=_place(location, target) if is_single else target,
                verbose=verbose, quiet=quiet,
            )  # fmt: skip


def _words_of_get(words: Sequence[str]) -> tuple[list[Location], str]:
    """Return the locations and the target: the last of several words, unless it names a storage type."""
    name, colon, _ = words[-1].partition(":")
    is_location = len(words) == 1 or (bool(colon) and (name in STORAGE_TYPES or name in ALIASES))
    sources, target = (words, ".") if is_location else (words[:-1], words[-1])
    return [Location.parse(word) for word in sources], target


@contextmanager
def _opened(target: str) -> Iterator[IO[bytes]]:
    if target == STDIO:
        yield bytes_out()
        return
    with Path(target).open("wb") as pipe:
        yield bytes_out(pipe)


def _chosen(choices: Sequence[Choice], target: str, *, recursive: bool) -> BatchPlan:
    """Return the plan to download several locations, or what patterns match, into the folder `target`. Raise
    click.UsageError when two blobs would become the same file."""
    folder = Path(target).expanduser()
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"several blobs need a folder to go to; {target!a} is a file")
    plans: list[BatchPlan] = []
    for choice in choices:
        engine, place = choice.storage.engine, choice.location
        is_one = choice.glob is None and not (recursive and _is_folder(choice))
        with expecting_blob(choice.storage, place, _GIVE_R) if is_one else nullcontext():
            blobs = [*choice.blobs(recursive=not is_one and recursive)]
        if not blobs and not choice.limits:
            raise choice.nothing()
        if blobs:
            base = parent_prefix(place.key) if is_one else choice.base
            plans.append(plan_download(engine, place.key, place.storage_type, folder, blobs=blobs, base=base))
    places: dict[Path, BatchItem] = {}
    for item in (item for plan in plans for item in plan.items):
        other = places.setdefault(item.path, item)
        if (other.storage_type, other.key) != (item.storage_type, item.key):
            pair = f"{other.storage_type}:{other.key} and {item.storage_type}:{item.key}"
            raise click.UsageError(f"{pair} would both become {str(item.path)!a}; get them into different folders")
    return BatchPlan(
        [*places.values()], [note for plan in plans for note in plan.notes],
        renamings=[row for plan in plans for row in plan.renamings], root=folder.absolute(),
    )  # fmt: skip


def _is_folder(choice: Choice) -> bool:
    place = choice.location
    return not place.key or place.key.endswith(DELIMITER) or has_blobs(choice.storage, as_folder(place))


class _PutCommand(click.Command):
    """The command with a message of its own for a missing argument: a single word is both source and target to
    click."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. Raise click.UsageError when the sources or the location are missing."""
        given, _, _ = self.make_parser(ctx).parse_args(list(args))
        word, sources = given.get("location"), given.get("sources")
        has_sources = isinstance(sources, tuple | list) and bool(sources)  # click has a mark of its own for none
        if isinstance(word, str) and not has_sources and not ctx.resilient_parsing and "help" not in given:
            name, colon, _ = word.partition(":")
            is_named = is_remote_word(word) or (colon and (name in STORAGE_TYPES or name in ALIASES))
            if is_named and not Path(word).exists():
                raise click.UsageError(f"Missing argument 'SOURCES': what goes to {word}? Name files before it.", ctx)
            where = "such as tmp: or data:folder/"
            raise click.UsageError(f"Missing argument 'LOCATION': where does {word!r} go? Name it last, {where}", ctx)
        return super().parse_args(ctx, args)


@click.command(cls=_PutCommand)
@click.argument("sources", nargs=-1, required=True, shell_complete=source_words)
@click.argument("location", type=LOCATION)
@_moving
@click.option("-n", "--no-overwrite", is_flag=True, help="Refuse a key that exists.")
@with_settings
def put(
    sources: tuple[str, ...], location: Location, recursive: bool, force: bool, on_conflict: str | None,
    jobs: int | None, bwlimit: str | None, resume: bool, verify: bool, no_overwrite: bool, quiet: bool, verbose: bool,
    as_json: bool, background: bool, patience_s: float | None, settings: Settings,
) -> None:  # fmt: skip
    """Upload files to LOCATION: a key, or a folder when it ends in a slash; - is standard input.

    With -r a folder keeps its name: `put -r maps tmp:` makes tmp:maps/, and `put -r maps/ tmp:old` puts what is in maps
    into tmp:old/. `data:` and `data:/` are the top of data.

    A key that exists is overwritten unless --on-conflict says otherwise. To continue an upload that broke off, run the
    same command again, or storage-tui resume.
    """
    location = as_target(location)
    conflict = _conflict(on_conflict, force, Conflict.REFUSE if no_overwrite else Conflict.OVERWRITE)
    is_folder = not location.key or location.key.endswith(DELIMITER)
    if len(sources) > 1 and not is_folder:
        raise click.UsageError(f"several files need a folder to go to; write it as {spell(location)}/")
    is_kept = resume and not any(source == STDIO or is_pipe(Path(source).expanduser()) for source in sources)
    if background:
        _check_background(any(source == STDIO or is_pipe(Path(source)) for source in sources), verify, resume)
    with (
        open_storage(settings, patience_s=patience_s, bwlimit=bwlimit) as storage,
        telling(storage, is_kept=is_kept),
    ):
        items: list[BatchItem] = []
        left_out: list[LeftOut] = []
        for source in sources:
            if source == STDIO:
                put_pipe(
                    storage, sys.stdin.buffer, source, location, conflict=conflict, must_verify=verify, as_json=as_json
                )
                continue
            path = Path(source).expanduser()
            if recursive and path.is_dir():
                plan = _folder_plan(storage, path, location, conflict, is_contents=_is_contents(source))
                items += plan.items
                left_out += plan.left_out
            elif is_pipe(path):
                with path.open("rb") as pipe:
                    put_pipe(
                        storage, pipe, source, location, conflict=conflict, must_verify=verify, as_json=as_json
                    )  # fmt: skip
            elif path.is_dir():
                raise LocalFileError(f"{source!a} is a folder; give -r to upload all of it")
            else:
                key = check_name(location.key + path.name if is_folder else location.key)
                size_bytes = path.stat().st_size if path.is_file() else None
                content_type = guess_type(key, path.name)
                items.append(
                    BatchItem("upload", location.storage_type, key, path, size_bytes, content_type=content_type)
                )
        if background:
            _check_files(items)
            hand_over(
                storage, BatchPlan(items, left_out=left_out), conflict=conflict, as_json=as_json, quiet=quiet,
                limits_anew=bwlimit is not None,
            )  # fmt: skip
        elif items or left_out:
            move(
                storage, BatchPlan(items, left_out=left_out), conflict=conflict, jobs=jobs_of(jobs, settings),
                resume=resume, must_verify=verify, as_json=as_json, verb="uploaded",
                place=_common_folder(location, items), verbose=verbose, quiet=quiet,
            )  # fmt: skip


def _check_background(is_stream: bool, verify: bool, resume: bool) -> None:
    if is_stream:
        raise click.UsageError("--background is for files; a pipe or standard input ends with this program")
    if verify or not resume:
        raise click.UsageError(
            "--background always resumes, and says itself what was verified; leave out the other flag"
        )


def _check_files(items: Sequence[BatchItem]) -> None:
    """Raise LocalFileError now, while somebody reads the message, for a named file that cannot be read."""
    for item in items:
        if item.root is None:
            with local_errors(str(item.path)), item.path.open("rb"):
                pass


def _check_bytes_only(*, recursive: bool, as_json: bool) -> None:
    if recursive:
        raise click.UsageError("- is standard output, which takes one blob; for a folder named - write ./-")
    if as_json:
        raise click.UsageError("--json and the bytes would both go to standard output; leave out one of them")


def _conflict(chosen: str | None, force: bool, otherwise: Conflict) -> Conflict:
    if force and chosen not in (None, Conflict.OVERWRITE.value):
        raise click.UsageError(f"--force and --on-conflict {chosen} contradict each other; give one of them")
    return Conflict.OVERWRITE if force else otherwise if chosen is None else Conflict(chosen)


def _folder_below(storage: "Storage", location: Location, target: str) -> BatchPlan | None:
    """Return the plan for all blobs below the location; None when there is none, but a blob at the location itself."""
    folder, engine = as_folder(location), storage.engine
    plan = partial(
        plan_download, engine, folder.key, location.storage_type, Path(target).expanduser(), base=base_of(location)
    )
    try:
        return engine.patiently(plan, TransferControl())
    except NotFoundError:
        if folder == location or not storage.exists(location.key, location.storage_type):
            raise
        return None


def _single(storage: "Storage", location: Location, target: str) -> BatchPlan:
    check_name(location.key)
    path, note = _target_path(location, target)
    return BatchPlan([BatchItem("download", location.storage_type, location.key, path)], [note] if note else [])


def _tell(notes: Sequence[str]) -> None:
    for note in notes[:NOTES_TOLD]:
        complain(note)
    if len(notes) > NOTES_TOLD:
        complain(f"and {len(notes) - NOTES_TOLD:,} more names that cannot be kept, listed in {NAMES_FILE}")


def _place(location: Location, target: str) -> str:
    """Return the words for the local folder that a folder was downloaded to."""
    name = as_folder(location).key[len(base_of(location)) :]
    return str(Path(target) / name) if name else target


def _common_folder(location: Location, items: Sequence[BatchItem]) -> str:
    """Return the words for the folder that all uploads go to."""
    keys = [item.key for item in items]
    first, last = min(keys, default=""), max(keys, default="")
    same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    return spell(Location(location.storage_type, first[: first.rfind(DELIMITER, 0, same) + 1]))


def _is_contents(source: str) -> bool:
    """Return whether a local folder stands for what is in it: it ends in a slash, or has no name of its own."""
    return source.endswith((os.sep, f"{os.sep}.", f"{os.sep}..")) or Path(source).name in ("", "..")


def _folder_plan(
    storage: "Storage", folder: Path, location: Location, conflict: Conflict, *, is_contents: bool
) -> BatchPlan:  # fmt: skip
    prefix = as_folder(location).key
    if not is_contents:
        name = folder.absolute().name
        prefix += read_names(folder.absolute().parent).get(name, name) + DELIMITER
    plan = plan_upload(folder, prefix, location.storage_type, storage.engine.check_key)
    if not plan.items:
        complain(f"{str(folder)!a} holds no files; nothing was uploaded")
    if conflict is not Conflict.OVERWRITE:
        look = partial(survey, storage.engine, plan, prefix, location.storage_type)
        plan = storage.engine.patiently(look, TransferControl())
    return plan


def _target_path(location: Location, words: str) -> tuple[Path, str]:
    """Return the local path for a blob, and a note when its name could not be kept."""
    target = Path(words).expanduser()
    if words.endswith(os.sep) and not target.exists():
        with local_errors(words):
            target.mkdir(parents=True)
    if not target.is_dir() and not words.endswith(os.sep):
        return target, ""
    if location.key.endswith(DELIMITER):
        raise click.UsageError(f"{spell(location)} is a folder; give -r for all of it, or a file name for this key")
    segment = location.key.rpartition(DELIMITER)[2]
    [name] = local_names([segment], "", rules_at(target, [segment]))
    return target / name.path, name.note
