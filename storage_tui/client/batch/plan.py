"""The plan of a batch: every file or blob, counted and summed before the first byte, and what exists at the targets.

A plan is made from a walk through a local folder or a list of a prefix; `Batch` carries it out.
"""

import os
import shutil
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from storage_tui.client import calls, folding
from storage_tui.client.batch.folders import LeftOut, LocalFile, find_files, local_names
from storage_tui.client.batch.kept_names import Renaming, keep_names
from storage_tui.client.batch.name_rules import rules_at
from storage_tui.client.control import TransferControl
from storage_tui.client.transfer.conflict import Conflict
from storage_tui.client.transfer.content_types import guess_type
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.client.transfer.part_file import RESUMED_FROM_BYTES, Purpose
from storage_tui.client.transfer.records import UnfinishedTransfer
from storage_tui.contract import checksum
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import LocalFileError, NotFoundError
from storage_tui.contract.keys import DELIMITER, check_key
from storage_tui.contract.models import Blob

READ_BYTES = 1024 * 1024
PAGE_BLOBS = 1000  # the most that the server sends at once
NAME_CHARS = 200  # of the name of a folder that stands for many blobs
RENAMES = 10_000  # names tried before giving up
SPARE_BYTES = 16 * 1024 * 1024  # room left for the file system's own needs


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One file of a batch. `path` is absolute. The path of a download is below `root`, where no link is followed."""

    direction: Literal["upload", "download"]
    storage_type: str
    key: str
    path: Path
    size_bytes: int | None = None
    root: Path | None = None
    blob: Blob | None = None  # the blob at the key: the one to download, or the one that an upload finds
    is_surveyed: bool = False  # `blob` (or None) is known to be at the key of an upload: no request is needed
    content_type: str | None = None
    conflict: Conflict | None = None  # None means that of the batch
    replaces: bool = True  # False keeps a file or key that appears later, whatever `conflict` is
    left: UnfinishedTransfer | None = None  # begun by an earlier process; skipped if another process continues it


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The items of a batch in their order.

    `notes` are messages to people about names that could not be kept, and `renamings` are these names below `root`.
    `left_out` holds the entries of a folder to upload that are not among the items.
    """

    items: Sequence[BatchItem]
    notes: Sequence[str] = ()
    left_out: Sequence[LeftOut] = ()
    renamings: Sequence[Renaming] = ()
    root: Path | None = None

    def keep_names(self) -> None:
        """Note the names that could not be kept beside the files, so that an upload restores the keys. Raise
        LocalFileError."""
        if self.root is not None:
            keep_names(self.root, self.renamings, (item.path for item in self.items))

    @property
    def total_bytes(self) -> int:
        """Return the bytes of all items with a known size."""
        return sum(item.size_bytes or 0 for item in self.items)

    def needed_bytes(self, server: str) -> int:
        """Return the bytes of disk that the downloads still need, without the bytes in earlier parts of them."""
        needed = 0
        for item in self.items:
            if item.direction == "download" and item.size_bytes:
                needed += item.size_bytes - _gathered(item, server)
        return needed

    def check_room(self, server: str, conflict: Conflict = Conflict.OVERWRITE) -> None:
        """Raise LocalFileError when a disk has no room for its downloads, so that no download starts in vain.

        Existing files do not count when `conflict` may leave them unchanged.
        """
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
    engine: TransferEngine, prefix: str, storage_type: str, folder: Path, *, blobs: Iterable[Blob] | None = None,
    base: str | None = None,
) -> BatchPlan:  # fmt: skip
    """Return the plan to download every blob below the prefix (or the given `blobs`) into the folder.

    The part of a key after `base`, which is the prefix or begins it, becomes the local path. Raise NotFoundError when
    there is no blob.
    """
    found = {blob.key: blob for blob in (list_blobs(engine, prefix, storage_type) if blobs is None else blobs)}
    if not found:
        raise NotFoundError(f"nothing is stored in the folder {storage_type}:{prefix}", key=prefix)
    root, base = folder.absolute(), prefix if base is None else base
    rules = rules_at(root, (part for key in found for part in key[len(base) :].split(DELIMITER)))
    names = list(local_names(found, base, rules))
    items = [
        BatchItem(
            "download", storage_type, name.key, root / name.path, found[name.key].size_bytes, root, found[name.key]
        )
        for name in names
    ]
    renamings = [row for name in names for row in name.renamings]
    return BatchPlan(items, [name.note for name in names if name.note], renamings=renamings, root=root)


def plan_upload(folder: Path, prefix: str, storage_type: str, check: Callable[[str], str] = check_key) -> BatchPlan:
    """Return the plan to upload every regular file below the folder to keys below the prefix.

    An entry that cannot be read is left out, and one whose name cannot be a key: `check` raises InvalidKeyError for it.
    Raise LocalFileError when the folder itself cannot be read.
    """
    root, left_out = folder.absolute(), list[LeftOut]()
    items = [_upload_item(file, root, storage_type) for file in find_files(root, prefix, left_out.append, check)]
    return BatchPlan(items, left_out=left_out)


def plan_rest(transfers: Iterable[UnfinishedTransfer]) -> BatchPlan:
    """Return the plan for the transfers that earlier processes left, begun or not.

    All must be with the server of the client that runs the plan.
    """
    return BatchPlan([item_of(row) for row in transfers])


def item_of(row: UnfinishedTransfer) -> BatchItem:
    """Return the item that continues an unfinished transfer."""
    content_type = row.content_type
    if not row.has_begun and row.direction == "upload":
        content_type = guess_type(row.key, Path(row.path).name)
    return BatchItem(
        row.direction, row.storage_type, row.key, Path(row.path), row.size_bytes,
        None if row.root is None else Path(row.root), content_type=content_type, conflict=row.conflict,
        replaces=row.replaces, left=row if row.has_begun else None,
    )  # fmt: skip


def survey(engine: TransferEngine, plan: BatchPlan, prefix: str, storage_type: str) -> BatchPlan:
    """Return the plan of an upload with the blobs at its keys, from one list of the prefix instead of many requests."""
    there = {blob.key: blob for blob in list_blobs(engine, prefix, storage_type)}
    return replace(plan, items=[replace(row, blob=there.get(row.key), is_surveyed=True) for row in plan.items])


def list_blobs(engine: TransferEngine, prefix: str, storage_type: str) -> Iterable[Blob]:
    """Yield every blob below the prefix, page by page."""
    token = None
    while True:
        page = engine.run(folding.list_page(engine.service, prefix, storage_type, "", token, PAGE_BLOBS))
        yield from page.blobs
        token = page.next_token
        if token is None:
            return


def is_same(path: Path, blob: Blob, control: TransferControl) -> bool:
    """Return whether the file has the size and checksum of the blob; False when the server did not send both.

    Raise CancelledError when the control is cancelled.
    """
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
    """Return the name with a number: `a (2).tif` for `a.tif`."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem} ({number}){dot}{suffix}" if dot and stem else f"{name} ({number})"


def free_path(path: Path, taken: Container[Path] = ()) -> Path:
    """Return the first of `name (2).ext`, `name (3).ext` … that does not exist and is not taken.

    Raise LocalFileError when there is no free name.
    """
    for number in range(2, RENAMES):
        candidate = path.with_name(numbered(path.name, number))
        if candidate not in taken and not os.path.lexists(candidate):
            return candidate
    raise LocalFileError(f"no free name beside {str(path)!r}")


def free_key(engine: TransferEngine, key: str, storage_type: str, taken: Container[str] = ()) -> str:
    """Return the first of `name (2).ext`, `name (3).ext` … that is not a key in the store and is not taken.

    Raise LocalFileError when there is no free key.
    """
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


def name_of_keys(keys: Iterable[str]) -> str:
    """Return a name for the blobs of one action: the name of the only one, the folder that all have in common, or how
    many they are."""
    count, first, last = 0, "", ""
    for key in keys:
        first = key if not count or key < first else first
        last = max(last, key)
        count += 1
    if count == 1:
        return first.rstrip("/").rpartition("/")[2] or first
    same = next((at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))
    folder = first[: first.rfind("/", 0, same) + 1].rstrip("/").rpartition("/")[2]
    return f"{folder[:NAME_CHARS]}/" if folder else plural(count, "file")
