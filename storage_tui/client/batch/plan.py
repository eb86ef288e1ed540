"""What a batch is to move: every file or blob of it, counted and summed before the first byte, and what of it is there.

A plan is made by walking a local folder or listing a prefix; `Batch` carries it out.
"""

import os
import shutil
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from storage_tui.client import calls, folding
from storage_tui.client.batch.folders import LeftOut, LocalFile, find_files, local_names
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.part_file import RESUMED_FROM_BYTES, Purpose
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract import checksum
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob

READ_BYTES = 1024 * 1024
PAGE_BLOBS = 1000  # as much as the server gives at once
RENAMES = 10_000  # names tried before giving up
SPARE_BYTES = 16 * 1024 * 1024  # room left for the file system's own needs


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One file of a batch. `path` is absolute; for a download below `root`, through which no link is followed."""

    direction: Literal["upload", "download"]
    storage_type: str
    key: str
    path: Path
    size_bytes: int | None = None
    root: Path | None = None
    blob: Blob | None = None  # what is at the key: the one to download, or the one an upload finds there
    is_surveyed: bool = False  # `blob` is all that is at the key of an upload, so that nobody needs to ask
    content_type: str | None = None
    conflict: Conflict | None = None  # where it is another than the batch's
    replaces: bool = True  # False leaves what came to be at its end as it is, whatever the conflict says
    left: UnfinishedTransfer | None = None  # begun by an earlier process; it is left out once another has taken it up


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The items of a batch in the order they are taken. `notes` tell people of names that could not be kept, `left_out`
    is what is in a folder to upload and not among the items."""

    items: Sequence[BatchItem]
    notes: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()

    @property
    def total_bytes(self) -> int:
        """The bytes of all items whose size is known."""
        return sum(item.size_bytes or 0 for item in self.items)

    def needed_bytes(self, server: str) -> int:
        """The room that the downloads still need: without what earlier parts of them hold."""
        needed = 0
        for item in self.items:
            if item.direction == "download" and item.size_bytes:
                needed += item.size_bytes - _gathered(item, server)
        return needed

    def check_room(self, server: str, conflict: Conflict = Conflict.OVERWRITE) -> None:
        """Raise one LocalFileError when a disk has no room for the downloads to it, so that nothing begins in vain.
        Where `conflict` may leave files as they are, those that are there do not count."""
        replacing = (Conflict.OVERWRITE, Conflict.RENAME)
        rows = [
            item for item in self.items
            if item.direction == "download"
            and ((item.conflict or conflict) in replacing or not os.path.lexists(item.path))
        ]  # fmt: skip
        folders = {root: _existing(root) for root in {item.root or item.path.parent for item in rows}}
        devices = {root: folder.stat().st_dev for root, folder in folders.items()}
        disks: dict[int, list[BatchItem]] = {}
        for item in rows:
            disks.setdefault(devices[item.root or item.path.parent], []).append(item)
        for there in disks.values():
            folder = folders[there[0].root or there[0].path.parent]
            needed, free = BatchPlan(there).needed_bytes(server), shutil.disk_usage(folder).free
            if needed + SPARE_BYTES > free and needed:
                raise LocalFileError(
                    f"no room in {str(folder)!r}: {needed:,} bytes are needed for {plural(len(there), 'file')} and "
                    f"{free:,} are free; nothing was downloaded, make room or choose another disk"
                )


def plan_download(
    engine: TransferEngine, prefix: str, storage_type: str, folder: Path, *, blobs: Iterable[Blob] | None = None
) -> BatchPlan:
    """Every blob below the prefix (or those given) into the folder; raises NotFoundError when there is none."""
    found = {blob.key: blob for blob in (list_blobs(engine, prefix, storage_type) if blobs is None else blobs)}
    if not found:
        raise NotFoundError(f"nothing is stored in the folder {storage_type}:{prefix}", key=prefix)
    root = folder.absolute()
    names = list(local_names(found, prefix))
    items = [
        BatchItem(
            "download", storage_type, name.key, root / name.path, found[name.key].size_bytes, root, found[name.key]
        )
        for name in names
    ]
    return BatchPlan(items, [name.note for name in names if name.note])


def plan_upload(folder: Path, prefix: str, storage_type: str) -> BatchPlan:
    """Every regular file below the folder to keys below the prefix; what cannot be read or has a name that is no key is
    left out. Raises LocalFileError when the folder itself cannot be read."""
    root, left_out = folder.absolute(), list[LeftOut]()
    items = [_upload_item(file, root, storage_type) for file in find_files(root, prefix, left_out.append)]
    return BatchPlan(items, left_out=left_out)


def plan_rest(transfers: Iterable[UnfinishedTransfer]) -> BatchPlan:
    """What earlier processes left to do, begun or not, all with the server of the client that runs the plan."""
    return BatchPlan([item_of(row) for row in transfers])


def item_of(row: UnfinishedTransfer) -> BatchItem:
    """The item that goes on with an unfinished transfer."""
    content_type = row.content_type
    if not row.has_begun and row.direction == "upload":
        content_type = guess_type(row.key, Path(row.path).name)
    return BatchItem(
        row.direction, row.storage_type, row.key, Path(row.path), row.size_bytes,
        None if row.root is None else Path(row.root), content_type=content_type, conflict=row.conflict,
        replaces=row.replaces, left=row if row.has_begun else None,
    )  # fmt: skip


def survey(engine: TransferEngine, plan: BatchPlan, prefix: str, storage_type: str) -> BatchPlan:
    """The plan of an upload, told what is at its keys by one walk over the prefix instead of a request for each."""
    there = {blob.key: blob for blob in list_blobs(engine, prefix, storage_type)}
    return replace(plan, items=[replace(row, blob=there.get(row.key), is_surveyed=True) for row in plan.items])


def list_blobs(engine: TransferEngine, prefix: str, storage_type: str) -> Iterable[Blob]:
    """Every blob below the prefix, page by page."""
    token = None
    while True:
        page = engine.run(folding.list_page(engine.service, prefix, storage_type, "", token, PAGE_BLOBS))
        yield from page.blobs
        token = page.next_token
        if token is None:
            return


def is_same(path: Path, blob: Blob, control: TransferControl) -> bool:
    """Whether the file has the size and checksum of the blob; False where the server tells neither. Raises
    CancelledError when the control is cancelled meanwhile."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size != blob.size_bytes or blob.crc32c is None:
            return False
        crc = 0
        with path.open("rb") as file:
            while chunk := file.read(READ_BYTES):
                control.check()
                crc = checksum.extend(crc, chunk)
    except OSError:
        return False
    return checksum.encode(crc) == blob.crc32c


def numbered(name: str, number: int) -> str:
    """`a.tif` becomes `a (2).tif`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} ({number}){dot}{suffix}" if dot and stem else f"{name} ({number})"


def free_path(path: Path, taken: Container[Path] = ()) -> Path:
    """The first of `name (2).ext`, `name (3).ext` … that is neither there nor taken."""
    for number in range(2, RENAMES):
        candidate = path.with_name(numbered(path.name, number))
        if candidate not in taken and not os.path.lexists(candidate):
            return candidate
    raise LocalFileError(f"no free name beside {str(path)!r}")


def free_key(engine: TransferEngine, key: str, storage_type: str, taken: Container[str] = ()) -> str:
    """The same for a key."""
    folder, slash, name = key.rpartition(DELIMITER)
    for number in range(2, RENAMES):
        candidate = f"{folder}{slash}{numbered(name, number)}"
        if candidate not in taken and not engine.run(calls.exists(candidate, storage_type)):
            return candidate
    raise LocalFileError(f"no free key beside {key!r}", key=key)


def _upload_item(file: LocalFile, root: Path, storage_type: str) -> BatchItem:
    return BatchItem(
        "upload", storage_type, file.key, file.path, file.size_bytes, root, content_type=guess_type(file.key)
    )


def _gathered(item: BatchItem, server: str) -> int:
    if (item.size_bytes or 0) < RESUMED_FROM_BYTES:
        return 0
    purpose = Purpose(item.path.name, server, item.storage_type, item.key)
    try:
        found = item.path.with_name(purpose.part_name(purpose.digest())).lstat()
    except (OSError, ValueError):
        return 0
    return min(found.st_blocks * 512, item.size_bytes or 0)


def _existing(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
