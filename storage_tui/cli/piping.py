"""Bytes through pipes: standard input and output, and the paths of `<(…)`, `>(…)` and /dev/stdout."""

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from storage_tui.cli.live_line import live_line
from storage_tui.cli.moving import Report, StoppedError, obeying_signals, waits_of
from storage_tui.client.batch.mover import Mover
from storage_tui.client.batch.plan import BatchItem
from storage_tui.client.batch.progress import progress_of
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.contract.errors import ChecksumError
from storage_tui.contract.keys import DELIMITER, Location, check_name

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

STDIO = "-"


def is_pipe(path: Path) -> bool:
    """Return whether the path is a pipe, such as that of `>(…)`, `<(…)` or /dev/stdout: it is read or written from
    start to end, and has no name of its own."""
    return path.is_fifo() or path.is_char_device()


def put_pipe(
    storage: "Storage", pipe: IO[bytes], source: str, location: Location, *, conflict: Conflict, must_verify: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Upload all bytes of the pipe to the key. `conflict` says what happens when the key exists. Raise the error of the
    upload."""
    if not location.key or location.key.endswith(DELIMITER):
        what = "standard input" if source == STDIO else repr(source)
        raise click.UsageError(f"{what} is a pipe; name the key it goes to, not a folder")
    key = check_name(location.key)
    item = BatchItem("upload", location.storage_type, key, Path(source), content_type=guess_type(key))
    report = Report(conflict, must_verify=must_verify, as_json=as_json, is_single=True, is_silent=not as_json)
    control = TransferControl()
    try:
        with obeying_signals(), live_line(progress_of(control), key, waits=waits_of(storage)):
            result = Mover(storage.engine, conflict=conflict).move_stream(item, pipe, control)
    except StoppedError as exc:
        raise StoppedError(f"{exc.message}; nothing of it was stored") from None
    report.tell(result)
    report.end([result])
    report.raise_failure()


def get_pipe(storage: "Storage", location: Location, pipe: IO[bytes], *, must_verify: bool) -> None:
    """Write the bytes of a blob to the pipe. Raise ChecksumError after the last byte when the bytes are not the stored
    bytes."""
    control = TransferControl()
    is_drawn = not sys.stdout.isatty()  # otherwise the bytes and the line would share the terminal
    line = live_line(progress_of(control), location.key, is_on=is_drawn, waits=waits_of(storage))
    with obeying_signals(), line:
        with storage.stream(check_name(location.key), location.storage_type, control=control) as chunks:
            for chunk in chunks:
                pipe.write(chunk)
        pipe.flush()
    if must_verify and control.phase != "verified":
        raise ChecksumError(f"{location.key!r} moved, but the server sent no checksum to compare", key=location.key)
