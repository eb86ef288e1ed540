"""The steps of an edit, each blocking: look at the blob, fetch its bytes, compare, write back.

The program between fetching and writing back asks the user and runs the editor. Nothing here overwrites a blob that
somebody else has changed meanwhile: then the edited bytes are stored beside it, under a name of their own.
"""

from dataclasses import dataclass
from datetime import timedelta

from storage_tui.client import calls
from storage_tui.client.control import TransferControl
from storage_tui.client.editing.copies import EditCopies, EditCopy, facts_of, new_file
from storage_tui.client.editing.refusals import HEAD_BYTES, check_editable
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import (
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    RangeNotSatisfiableError,
    TypeRuleError,
)
from storage_tui.contract.keys import DELIMITER, MAX_KEY_BYTES, Location
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.machine import directories
from storage_tui.machine.private_files import PRIVATE_FILE

NAMES_TRIED = 100  # names beside a blob that somebody changed
CONDITIONS = "set"  # our server's writes carry If-Match; a server without this addition is a plain published one


@dataclass(frozen=True, slots=True)
class Written:
    """An edit that is stored: the new blob, and whether it is beside the one that somebody changed meanwhile.

    `replaced` is the ETag of the blob that was overwritten; None for a new blob.
    """

    blob: Blob
    is_beside: bool = False
    replaced: str | None = None

    @property
    def location(self) -> Location:
        """The place of the stored bytes."""
        return Location(self.blob.storage_type, self.blob.key)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What writing back will do: the blob that is stored now (None: none), whether it is still the one that was edited,
    and whether the server holds this condition while it writes."""

    now: Blob | None
    is_same: bool
    is_checked: bool

    def words(self, location: Location) -> str:
        """Return what will happen, in a sentence or two."""
        rule = STORAGE_TYPES[location.storage_type]
        kept = f"{rule.name}: {rule.summary}"
        if rule.expires_after is not None:
            kept = f"{rule.name}: expires {_days(rule.expires_after)} from now"
        if not self.is_same:
            there = "was deleted" if self.now is None else "has been changed by somebody"
            return (
                f"The stored blob {there} since you opened it. Yours is stored beside it, as "
                f"{beside(location.key, 1).rpartition(DELIMITER)[2]} ({kept})."
            )
        if self.is_checked:
            return f"It is written only if nobody has changed the stored blob ({kept})."
        return f"This server cannot check while it writes; the stored blob is looked at just before ({kept})."


def find(engine: TransferEngine, location: Location) -> Blob | None:
    """Return the blob at a place; None without one. Raise StorageError."""
    try:
        return engine.run(calls.stat(location.key, location.storage_type))
    except NotFoundError:
        return None


def head_of(engine: TransferEngine, blob: Blob) -> bytes | None:
    """Return the first bytes of a blob; None when its size is not known or a server sends no parts."""
    if not blob.size_bytes:
        return b"" if blob.size_bytes == 0 else None
    try:
        return engine.run(calls.read_range(blob.key, blob.storage_type, 0, min(HEAD_BYTES, blob.size_bytes), None)).data
    except RangeNotSatisfiableError:
        return None


def fetch(engine: TransferEngine, location: Location, *, control: TransferControl) -> EditCopy:
    """Return a locked copy with the bytes of the blob, or an empty file for a key without one.

    Raise StorageError, such as TypeRuleError for a type without overwriting, and OSError for the copy.
    """
    copies = EditCopies(directories.state_dir())
    blob = find(engine, location)
    check_editable(location, blob)
    copy = copies.begin(engine.account(), location, blob)
    try:
        got = None
        if blob is None:
            new_file(copy.path)
        else:
            got = engine.download(location.key, copy.path, location.storage_type, control=control, resume=False)
            copy.path.chmod(PRIVATE_FILE)
        copy.note_start(got)
    except BaseException:
        copy.close()
        raise
    return copy


def reopen(engine: TransferEngine, location: Location) -> EditCopy | None:
    """Return the changed copy of this blob that an earlier program left; None without one."""
    return EditCopies(directories.state_dir()).reopen(engine.account(), location)


def look(engine: TransferEngine, copy: EditCopy) -> Outlook:
    """Return what writing back will do now. Raise StorageError."""
    now = find(engine, copy.record.location)
    is_checked = CONDITIONS in engine.describe().features
    return Outlook(now, _is_same(copy, now), is_checked)


def write_back(engine: TransferEngine, copy: EditCopy, *, control: TransferControl) -> Written:
    """Store the edited bytes: over the blob that was opened, or beside it when somebody has changed it meanwhile.

    The content type of the blob is kept. Raise StorageError, or LocalFileError; the copy is then unchanged.
    """
    record, location = copy.record, copy.record.location
    content_type = guess_type(record.key) if record.is_new else record.content_type
    outlook = look(engine, copy)
    if outlook.is_same:
        try:
            blob = engine.upload(
                record.key, copy.path, record.storage_type, control=control, content_type=content_type,
                replaces=not record.is_new, etag=record.etag if outlook.is_checked else None,
                is_strict=outlook.is_checked,
            )  # fmt: skip
            return Written(blob, replaced=None if record.is_new else record.etag)
        except (TypeRuleError, ConflictError, PreconditionFailedError) as exc:
            stored = find(engine, location)
            if stored is not None and stored.crc32c is not None and stored.crc32c == copy.crc_now():
                # An answer was lost: what is stored is what was wanted.
                return Written(stored, replaced=None if record.is_new else record.etag)
            if isinstance(exc, TypeRuleError) and not record.is_new:
                raise
    return Written(_write_beside(engine, copy, content_type, control), is_beside=True)


def _write_beside(
    engine: TransferEngine, copy: EditCopy, content_type: str | None, control: TransferControl
) -> Blob:  # fmt: skip
    record = copy.record
    is_checked = CONDITIONS in engine.describe().features
    for number in range(1, NAMES_TRIED):
        key = beside(record.key, number)
        try:
            if not is_checked and find(engine, Location(record.storage_type, key)) is not None:
                continue
            return engine.upload(
                key, copy.path, record.storage_type, control=control, content_type=content_type, replaces=False,
                is_strict=is_checked,
            )  # fmt: skip
        except (ConflictError, PreconditionFailedError):
            continue
    raise ConflictError(f"no free name beside {str(record.location)!r}; the edited copy is {copy.path}")


def beside(key: str, number: int) -> str:
    """Return the key for the edited bytes beside a blob that changed: `a.mine.txt` for `a.txt`, then `a.mine-2.txt`.

    A key that would be too long loses the end of its name.
    """
    folder, slash, name = key.rpartition(DELIMITER)
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    tail = f".mine{'' if number == 1 else f'-{number}'}{dot}{suffix}"
    start = f"{folder}{slash}{stem}"
    while len((start + tail).encode()) > MAX_KEY_BYTES and len(start) > len(folder) + 2:
        start = start[:-1]
    return start + tail


def _is_same(copy: EditCopy, now: Blob | None) -> bool:
    """Return whether the stored blob is still the one that the editor got."""
    record = copy.record
    if record.is_new or now is None:
        return record.is_new and now is None
    if record.etag is not None and now.etag is not None:
        return record.etag == now.etag
    if record.crc32c is not None and now.crc32c is not None:
        return record.crc32c == now.crc32c
    facts = facts_of(now)
    return (record.size_bytes, record.modified) == (facts["size_bytes"], facts["modified"])


def _days(term: timedelta) -> str:
    return f"{term.days} days"
