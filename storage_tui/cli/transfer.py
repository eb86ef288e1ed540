"""The commands that move bytes: get and put, for single blobs and for folders."""

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click

from storage_tui.cli.blobs import _everything_below
from storage_tui.cli.options import location_of, open_storage, with_settings
from storage_tui.cli.output import PartialFailureError, complain, name_for_output, progress
from storage_tui.client.control import TransferControl
from storage_tui.client.folders import find_files, local_names
from storage_tui.config import Settings
from storage_tui.contract.errors import ConflictError, LocalFileError, NotFoundError, StorageError
from storage_tui.contract.keys import DELIMITER, Location, check_key
from storage_tui.contract.models import Blob

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

STDIO = "-"
JOBS = 4  # files of a folder at once: enough to hide round trips, few enough not to crowd a link

_RECURSIVE = click.option("-r", "--recursive", is_flag=True, help="A whole folder.")
_FORCE = click.option("-f", "--force", is_flag=True, help="Overwrite what is already there.")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object for each file moved.")


@click.command()
@click.argument("location", type=location_of)
@click.argument("target", default=".")
@_RECURSIVE
@_FORCE
@_JSON
@with_settings
def get(location: Location, target: str, recursive: bool, force: bool, as_json: bool, settings: Settings) -> None:
    """Download a blob to TARGET: a file, a folder (the default is this one), or - for standard output."""
    with open_storage(settings) as storage:
        if recursive:
            _get_folder(storage, location, Path(target), force, as_json)
        elif target == STDIO:
            storage.get_file(check_key(location.key), sys.stdout.buffer, location.storage_type)
            sys.stdout.buffer.flush()
        else:
            path = _target_path(location, Path(target))
            _get_one(storage, Blob(check_key(location.key), location.storage_type), path, force, as_json)


def _target_path(location: Location, target: Path) -> Path:
    if not target.is_dir():
        return target
    if location.key.endswith(DELIMITER):
        raise click.UsageError(f"{location} is a folder; give -r for all of it, or a file name for this key")
    [name] = local_names([location.key.rpartition(DELIMITER)[2]], "")
    return target / name.path


def _get_one(storage: "Storage", blob: Blob, path: Path, force: bool, as_json: bool, *, quiet: bool = False) -> None:
    if path.exists() and not force:
        raise ConflictError(f"{str(path)!a} exists; give --force to overwrite it", key=blob.key)
    control = TransferControl()
    if quiet:
        storage.get_file(blob.key, path, blob.storage_type, control=control)
    else:
        with progress(control, path.name):
            storage.get_file(blob.key, path, blob.storage_type, control=control)
    _report(f"{blob.storage_type}:{blob.key}", str(path), control, as_json)


def _get_folder(storage: "Storage", location: Location, folder: Path, force: bool, as_json: bool) -> None:
    blobs = {blob.key: blob for blob in _everything_below(storage, location)}
    if not blobs:
        raise NotFoundError(f"nothing is stored in the folder {location}", key=location.key)
    prefix = location.key if not location.key or location.key.endswith(DELIMITER) else location.key + DELIMITER
    names = list(local_names(blobs, prefix))
    for name in names:
        if name.note:
            complain(name.note)
    folder.mkdir(parents=True, exist_ok=True)

    def fetch(key: str, path: Path) -> Callable[[], None]:
        def run() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _get_one(storage, blobs[key], path, force, as_json, quiet=True)

        return run

    _run_all([fetch(name.key, folder / name.path) for name in names], "downloaded")


@click.command()
@click.argument("sources", nargs=-1, required=True)
@click.argument("location", type=location_of)
@_RECURSIVE
@click.option("-n", "--no-overwrite", is_flag=True, help="Refuse a key that exists.")
@_JSON
@with_settings
def put(
    sources: tuple[str, ...], location: Location, recursive: bool, no_overwrite: bool, as_json: bool, settings: Settings
) -> None:
    """Upload files to LOCATION: a key, or a folder when it ends in a slash; - is standard input."""
    with open_storage(settings) as storage:
        jobs: list[Callable[[], None]] = []
        is_folder = not location.key or location.key.endswith(DELIMITER)
        if len(sources) > 1 and not is_folder:
            raise click.UsageError(f"several files need a folder to go to; write it as {location}/")
        for source in sources:
            if source == STDIO:
                storage.set_file(check_key(location.key), sys.stdin.buffer, location.storage_type)
                continue
            path = Path(source).expanduser()
            if recursive and path.is_dir():
                prefix = location.key + DELIMITER if not is_folder else location.key
                jobs += [
                    _put_job(storage, file.path, file.key, location.storage_type, no_overwrite, as_json, True)
                    for file in find_files(path, prefix)
                ]
                continue
            if path.is_dir():
                raise LocalFileError(f"{source!a} is a folder; give -r to upload all of it")
            key = location.key + path.name if is_folder else location.key
            quiet = len(sources) > 1
            jobs.append(_put_job(storage, path, key, location.storage_type, no_overwrite, as_json, quiet))
        if len(jobs) == 1:
            jobs[0]()
        elif jobs:
            _run_all(jobs, "uploaded")


def _put_job(
    storage: "Storage", path: Path, key: str, storage_type: str, no_overwrite: bool, as_json: bool, quiet: bool
) -> Callable[[], None]:
    def run() -> None:
        if no_overwrite and storage.exists(key, storage_type):
            raise ConflictError(f"{storage_type}:{key} exists and was not overwritten", key=key)
        control = TransferControl()
        if quiet:
            storage.set_file(key, path, storage_type, control=control)
        else:
            with progress(control, path.name):
                storage.set_file(key, path, storage_type, control=control)
        _report(str(path), f"{storage_type}:{key}", control, as_json)

    return run


def _report(source: str, target: str, control: TransferControl, as_json: bool) -> None:
    if as_json:
        row = {"source": source, "target": target, "bytes": control.done_bytes, "state": control.phase}
        click.echo(json.dumps({**row, "note": control.note}))
    else:
        click.echo(f"{name_for_output(target)}  {control.phase}{f', {control.note}' if control.note else ''}")


def _run_all(jobs: Iterable[Callable[[], None]], verb: str) -> None:
    """Run the jobs a few at a time; each failure is named, and any makes the whole a partial failure."""
    failures = total = 0
    with ThreadPoolExecutor(JOBS, thread_name_prefix="transfer") as pool:
        for future in [pool.submit(job) for job in jobs]:
            total += 1
            try:
                future.result()
            except StorageError as exc:
                failures += 1
                complain(exc.message)
    if failures:
        raise PartialFailureError(f"{verb} {total - failures:,} of {total:,} files, {failures:,} failed")
