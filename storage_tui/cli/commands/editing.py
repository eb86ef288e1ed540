"""`storage-tui edit`: a text blob in an editor, and back; `storage-tui touch`: another seven days for blobs in tmp."""

import shlex
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import expecting_blob, has_blobs
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.output import PartialFailureError, human_countdown
from storage_tui.cli.places import spell
from storage_tui.cli.printing import Complaints, confirm, remark, say, say_json
from storage_tui.cli.search.choosing import Choice, choose
from storage_tui.cli.search.limits import Limits, with_limits
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import ConflictError, LocalFileError, NotFoundError, StorageError
from storage_tui.contract.keys import Location, as_folder, check_name
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.editing.copies import EditCopy
    from storage_tui.client.editing.steps import Written
    from storage_tui.client.storage import Storage
    from storage_tui.machine.terminal_programs import Program


@click.command()
@click.argument("location", type=LOCATION)
@click.option("-y", "--yes", is_flag=True, help="Do not ask, neither before the editor nor before the upload.")
@click.option("--fresh", is_flag=True, help="Drop the copy of an earlier edit that was not written back.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors and questions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for the blob that was written.")
@with_settings
def edit(location: Location, yes: bool, fresh: bool, quiet: bool, as_json: bool, settings: Settings) -> None:
    """Edit a text blob in $VISUAL or $EDITOR, and write it back after a question. A key without a blob gets a new one.

    The blob is overwritten only if nobody has changed it meanwhile; else the edited text is stored beside it, under a
    name with `.mine`. What was not written back stays on this machine, and the next edit of the blob goes on with it.
    """
    from storage_tui.machine.terminal_programs import EDITORS, NoProgramError, chosen_program

    if not yes and not sys.stdin.isatty():
        raise click.UsageError("edit asks before it writes back, and standard input is no terminal; give --yes")
    try:
        program = chosen_program(EDITORS, "vi")
    except NoProgramError as exc:
        raise LocalFileError(str(exc)) from exc
    with open_storage(settings) as storage:
        _check_is_blob(storage, location)
        copy = _opened(storage, location, yes=yes, fresh=fresh)
        if copy is None:
            return
        try:
            written = _edited(storage, copy, program, yes=yes, quiet=quiet)
        except BaseException:
            copy.leave_or_close()
            if copy.is_kept:
                remark(
                    f"the edited copy is {copy.path}; storage-tui edit {shlex.quote(spell(location))} goes on with it"
                )
            raise
        if written is None:
            return
        copy.close()
        _report(location, written, quiet=quiet, as_json=as_json)


def _check_is_blob(storage: "Storage", location: Location) -> None:
    if not location.key or location.key.endswith("/"):
        raise click.UsageError(f"{spell(location)} is a folder; edit opens one blob")
    check_name(location.key)
    if not storage.exists(location.key, location.storage_type) and has_blobs(storage, as_folder(location)):
        raise NotFoundError(f"{spell(location)} is a folder; edit opens one blob", key=location.key)


def _opened(storage: "Storage", location: Location, *, yes: bool, fresh: bool) -> "EditCopy | None":
    """Return the copy to edit: that of an earlier edit, or a new one; None after a no."""
    from storage_tui.client.control import TransferControl
    from storage_tui.client.editing import steps
    from storage_tui.client.editing.refusals import check_editable, why_ask

    left = steps.reopen(storage.engine, location)
    if left is not None and fresh:
        left.close()
    elif left is not None:
        if yes:
            left.leave()
            raise ConflictError(
                f"an earlier edit of {spell(location)!r} was not written back: {left.path}; go on with it without "
                "--yes, or drop it with --fresh",
                key=location.key,
            )
        remark(f"going on with the edit of {left.record.created[:16].replace('T', ' ')} UTC; --fresh drops it")
        return left
    blob = steps.find(storage.engine, location)
    check_editable(location, blob)
    if blob is not None and not yes:
        why = why_ask(blob, steps.head_of(storage.engine, blob))
        if why:
            confirm(f"Open {spell(location)} in an editor? {why[:1].upper()}{why[1:]}.")
    return steps.fetch(storage.engine, location, control=TransferControl())


def _edited(
    storage: "Storage", copy: "EditCopy", program: "Program", *, yes: bool, quiet: bool
) -> "Written | None":  # fmt: skip
    """Run the editor, ask, and write back; None when there was nothing to write. The copy is then closed."""
    from storage_tui.client.control import TransferControl
    from storage_tui.client.editing import steps
    from storage_tui.machine.terminal_programs import end_words, run_on_terminal

    location = copy.record.location
    code = run_on_terminal(program, copy.path)
    if code:
        raise LocalFileError(f"{end_words(program, code)}; nothing was written")
    may_be_empty = copy.record.is_new and copy.crc_now() is not None and not yes
    if not copy.has_changed and not may_be_empty:
        copy.close()
        if not quiet:
            remark(f"{spell(location)} is unchanged; nothing was written")
        return None
    if not yes:
        confirm(_question(storage, copy))
    return steps.write_back(storage.engine, copy, control=TransferControl())


def _question(storage: "Storage", copy: "EditCopy") -> str:
    from storage_tui.client.editing import steps

    location, record = copy.record.location, copy.record
    outlook = steps.look(storage.engine, copy)
    if record.is_new and not copy.size_bytes:
        return f"Create {spell(location)} as an empty blob?"
    sizes = size_text(copy.size_bytes)
    if not record.is_new:
        sizes = f"{size_text(record.size_bytes)} before, {sizes} now"
    remark(outlook.words(location))
    verb = "Create" if record.is_new else "Write back"
    return f"{verb} {spell(location)}, {sizes}?"


def _report(location: Location, written: "Written", *, quiet: bool, as_json: bool) -> None:
    if as_json:
        say_json({"storage_type": written.blob.storage_type, **written.blob.to_json()})
    elif not quiet and not written.is_beside:
        say(f"{written.location}")
    if written.is_beside:
        raise ConflictError(
            f"{spell(location)!r} was changed by somebody meanwhile and is as they left it; yours is "
            f"{spell(written.location)}",
            key=location.key,
        )


@click.command()
@click.argument("locations", type=LOCATION, nargs=-1, required=True)
@click.option("-r", "--recursive", is_flag=True, help="Every blob in the folders named.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each blob.")
@with_limits
@with_settings
def touch(
    locations: tuple[Location, ...], recursive: bool, quiet: bool, as_json: bool, limits: Limits, settings: Settings
) -> None:
    """Keep blobs of tmp for another seven days from now. The server writes each blob again; no bytes are moved here.

    A quoted pattern takes what it matches: `touch 'tmp:run/**' --expires-within 1d`. A blob that somebody overwrites
    meanwhile is left as it is. Only storage types with an expiry are taken.
    """
    from storage_tui.client.editing import touching

    for location in locations:
        touching.check_expires(location.storage_type)
    with open_storage(settings) as storage:
        failed, done, complaints = 0, 0, Complaints()
        choices = [choose(storage, location, limits) for location in locations]
        is_several = recursive or any(choice.glob is not None for choice in choices)
        for choice in choices:
            before = done + failed
            for result in touching.touch_many(storage.engine, _to_touch(choice, recursive=recursive)):
                if isinstance(result, StorageError):
                    if not is_several and len(choices) == 1:
                        raise result
                    failed += 1
                    complaints.add(result.message)
                    continue
                done += 1
                if as_json:
                    say_json({"storage_type": result.storage_type, **result.to_json()})
                elif not (quiet or is_several):
                    say(f"{choice.location}: expires in {human_countdown(result.expires)}")
            if done + failed == before and not limits:
                raise choice.nothing()
        complaints.end()
        if failed:
            total = plural(done + failed, "blob")
            raise PartialFailureError(f"{done:,} of {total} have another seven days, {failed:,} failed")
        if is_several and done and not (quiet or as_json):
            say(f"{plural(done, 'blob')} kept for seven days from now")


def _to_touch(choice: Choice, *, recursive: bool) -> Iterable[Blob]:
    if recursive or choice.glob is not None:
        return choice.blobs(recursive=recursive)
    with expecting_blob(choice.storage, choice.location, "give -r for all of it"):
        return [*choice.blobs(recursive=False)]
