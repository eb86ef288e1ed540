"""The commands that move bytes: get and put, for single blobs and for folders."""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from storage_tui.cli.moving import move, telling
from storage_tui.cli.options import LOCATION, with_patience, with_settings
from storage_tui.cli.piping import STDIO, get_pipe, is_pipe, put_pipe
from storage_tui.cli.printing import bytes_out, complain
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.cli.words import local_words, source_words
from storage_tui.client.batch.folders import LeftOut, local_names
from storage_tui.client.batch.plan import BatchItem, BatchPlan, plan_download, plan_upload, survey
from storage_tui.client.batch.scheduler import JOBS, MOST_JOBS
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.part_file import local_errors
from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.keys import DELIMITER, Location, check_key
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

_CHOICES = tuple(row.value for row in Conflict if row is not Conflict.REFUSE)


def _moving(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that get and put share."""
    for option in (
        with_patience,
        click.option("--json", "as_json", is_flag=True, help="A JSON object for each file, then one summary."),
        click.option("--verify", is_flag=True, help="Fail when the server sends no checksum to compare."),
        click.option("--resume/--no-resume", default=True, help="Continue earlier parts, and keep new ones. [default]"),
        click.option("-j", "--jobs", type=click.IntRange(1, MOST_JOBS), default=JOBS, show_default=True, metavar="N",
                     help="Files at once."),
        click.option("--on-conflict", type=click.Choice(_CHOICES), help="What to do when the target exists already."),
        click.option("-f", "--force", is_flag=True, help="The same as --on-conflict overwrite."),
        click.option("-r", "--recursive", is_flag=True, help="A whole folder."),
    ):  # fmt: skip
        command = option(command)
    return command


@click.command()
@click.argument("location", type=LOCATION)
@click.argument("target", default=".", shell_complete=local_words)
@_moving
@with_settings
def get(
    location: Location, target: str, recursive: bool, force: bool, on_conflict: str | None, jobs: int, resume: bool,
    verify: bool, as_json: bool, patience_s: float | None, settings: Settings,
) -> None:  # fmt: skip
    """Download a blob to TARGET: a file, a folder (the default is this one), or - for standard output.

    A file appears only whole and compared with its checksum. To continue a download that broke off, run the same
    command again, or storage-tui resume.
    """
    conflict = _conflict(on_conflict, force, Conflict.REFUSE)
    with open_storage(settings, patience_s=patience_s) as storage, telling(storage):
        if target == STDIO:
            _check_bytes_only(recursive=recursive, as_json=as_json)
            get_pipe(storage, location, bytes_out(), must_verify=verify)
            return
        if not recursive and is_pipe(Path(target)):
            with Path(target).open("wb") as pipe:
                get_pipe(storage, location, bytes_out(pipe), must_verify=verify)
            return
        if recursive:
            prefix = _prefix(location)
            engine, folder = storage.engine, Path(target).expanduser()
            plan = engine.patiently(
                partial(plan_download, engine, prefix, location.storage_type, folder), TransferControl()
            )
            for note in plan.notes:
                complain(note)
        else:
            path = _target_path(location, target)
            blob = Blob(check_key(location.key), location.storage_type)
            plan = BatchPlan([BatchItem("download", location.storage_type, blob.key, path)])
        move(
            storage, plan, conflict=conflict, jobs=jobs, resume=resume, must_verify=verify, as_json=as_json,
            verb="downloaded",
        )  # fmt: skip


@click.command()
@click.argument("sources", nargs=-1, required=True, shell_complete=source_words)
@click.argument("location", type=LOCATION)
@_moving
@click.option("-n", "--no-overwrite", is_flag=True, help="Refuse a key that exists.")
@with_settings
def put(
    sources: tuple[str, ...], location: Location, recursive: bool, force: bool, on_conflict: str | None, jobs: int,
    resume: bool, verify: bool, no_overwrite: bool, as_json: bool, patience_s: float | None, settings: Settings,
) -> None:  # fmt: skip
    """Upload files to LOCATION: a key, or a folder when it ends in a slash; - is standard input.

    A key that exists is overwritten unless --on-conflict says otherwise. To continue an upload that broke off, run the
    same command again, or storage-tui resume.
    """
    conflict = _conflict(on_conflict, force, Conflict.REFUSE if no_overwrite else Conflict.OVERWRITE)
    is_folder = not location.key or location.key.endswith(DELIMITER)
    if len(sources) > 1 and not is_folder:
        raise click.UsageError(f"several files need a folder to go to; write it as {location}/")
    with open_storage(settings, patience_s=patience_s) as storage, telling(storage):
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
                plan = _folder_plan(storage, path, location, conflict)
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
                key = check_key(location.key + path.name if is_folder else location.key)
                size_bytes = path.stat().st_size if path.is_file() else None
                content_type = guess_type(key, path.name)
                items.append(
                    BatchItem("upload", location.storage_type, key, path, size_bytes, content_type=content_type)
                )
        if items or left_out:
            move(
                storage, BatchPlan(items, left_out=left_out), conflict=conflict, jobs=jobs, resume=resume,
                must_verify=verify, as_json=as_json, verb="uploaded",
            )  # fmt: skip


def _check_bytes_only(*, recursive: bool, as_json: bool) -> None:
    if recursive:
        raise click.UsageError("- is standard output, which takes one blob; for a folder named - write ./-")
    if as_json:
        raise click.UsageError("--json and the bytes would both go to standard output; leave out one of them")


def _conflict(chosen: str | None, force: bool, otherwise: Conflict) -> Conflict:
    if force and chosen not in (None, Conflict.OVERWRITE.value):
        raise click.UsageError(f"--force and --on-conflict {chosen} contradict each other; give one of them")
    return Conflict.OVERWRITE if force else otherwise if chosen is None else Conflict(chosen)


def _prefix(location: Location) -> str:
    is_prefix = not location.key or location.key.endswith(DELIMITER)
    return location.key if is_prefix else location.key + DELIMITER


def _folder_plan(storage: "Storage", folder: Path, location: Location, conflict: Conflict) -> BatchPlan:
    prefix = _prefix(location)
    plan = plan_upload(folder, prefix, location.storage_type)
    if not plan.items:
        complain(f"{str(folder)!a} holds no files; nothing was uploaded")
    if conflict is not Conflict.OVERWRITE:
        plan = survey(storage.engine, plan, prefix, location.storage_type)
    return plan


def _target_path(location: Location, words: str) -> Path:
    target = Path(words).expanduser()
    if words.endswith(os.sep) and not target.exists():
        with local_errors(words):
            target.mkdir(parents=True)
    if not target.is_dir() and not words.endswith(os.sep):
        return target
    if location.key.endswith(DELIMITER):
        raise click.UsageError(f"{location} is a folder; give -r for all of it, or a file name for this key")
    [name] = local_names([location.key.rpartition(DELIMITER)[2]], "")
    return target / name.path
