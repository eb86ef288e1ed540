"""What a prefix is, by the names in it; and the preview of a prefix that is a store."""

import re
from dataclasses import replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, Preview, PreviewError, View
from storage_tui.previews.pick import DAMAGE, REASON_CHARS
from storage_tui.previews.stores.icechunk import FOLDERS, is_icechunk, show_icechunk
from storage_tui.previews.stores.prefix import FolderStorage, Listed, Names, Prefix, names_of
from storage_tui.previews.stores.zarr import show_zarr

ZARR = frozenset(("zarr.json", ".zmetadata", ".zarray", ".zgroup"))
CHUNKS = "c"  # the folder of the chunks of an array of Zarr 3
_CHUNK = re.compile(r"(c\.)?[0-9]+(\.[0-9]+)*")  # a chunk of an array whose chunks are no folders


async def preview_prefix(
    storage: FolderStorage, key: str, storage_type: str = "data", *, view: View | None = None,
    first: Listed | None = None,
) -> tuple[Preview, Prefix] | None:  # fmt: skip
    """Return the preview of a prefix that is a store, and what was read for it; None for any other prefix.

    One list of its first names shows which it is. `first` is the first page of all keys below the prefix, where it is
    known: then nothing is read of a prefix in which nothing looks like a store. `key` ends with a slash. Raises the
    errors of the client, and none for what is in the store.
    """
    view = view or View()
    known = None if first is None else names_of(first, key)
    if first is not None and known is not None and not _may_be_store(first, known, key):
        return None
    prefix = Prefix(storage, key, storage_type, is_full=view.is_full)
    names = known if known is not None and known.is_whole else await prefix.names()
    if not names.is_whole and not ZARR & names.blobs and await prefix.read("zarr.json", 0, 1) is not None:
        names = replace(names, blobs=names.blobs | {"zarr.json"})
    if ZARR & names.blobs:
        kind = "Zarr store"
    elif is_icechunk(names):
        kind = "Icechunk"
    else:
        return None
    return await _shown(kind, prefix, names, view), prefix


def _may_be_store(page: Listed, names: Names, key: str) -> bool:
    """Return whether the first keys below a prefix can be those of a store. The names that tell may come later: chunks
    and the nodes of a group sort before `zarr.json`."""
    if names.is_whole:
        return bool(ZARR & names.blobs) or is_icechunk(names)
    if ZARR & names.blobs or FOLDERS & set(names.folders):
        return True
    steps = (blob.key[len(key) :].split("/") for blob in page.blobs)
    return any(step[-1] in ZARR or CHUNKS in step[:-1] or _CHUNK.fullmatch(step[-1]) for step in steps)


async def _shown(kind: str, prefix: Prefix, names: Names, view: View) -> Preview:
    try:
        if kind == "Icechunk":
            return await show_icechunk(prefix, names)
        return await show_zarr(prefix, names, view)
    except (*DAMAGE, PreviewError) as exc:
        reason = visible(str(exc) or type(exc).__name__, limit=REASON_CHARS)
        return Preview(kind, facts=(("not shown", reason),), is_damaged=not isinstance(exc, LimitError))
