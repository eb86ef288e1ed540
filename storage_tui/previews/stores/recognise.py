"""What a prefix is, by the names in it; and the preview of a prefix that is a store."""

import re
from dataclasses import replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, Preview, PreviewError, View
from storage_tui.previews.formats.gdal_vector import GEODATABASE
from storage_tui.previews.pick import DAMAGE, REASON_CHARS
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.stores.delta import is_delta, show_delta
from storage_tui.previews.stores.geodatabase import is_geodatabase, show_geodatabase
from storage_tui.previews.stores.iceberg import DATA, METADATA, is_iceberg, show_iceberg
from storage_tui.previews.stores.icechunk import FOLDERS, is_icechunk, show_icechunk
from storage_tui.previews.stores.prefix import FolderStorage, Listed, Names, Prefix, names_of
from storage_tui.previews.stores.zarr import show_zarr

ZARR = frozenset(("zarr.json", ".zmetadata", ".zarray", ".zgroup"))
CHUNKS = "c"  # the folder of the chunks of an array of Zarr 3
_CHUNK = re.compile(r"(c\.)?[0-9]+(\.[0-9]+)*")  # a chunk of an array whose chunks are no folders
_ZARR, _ICECHUNK, _DELTA, _ICEBERG = "Zarr store", "Icechunk", "Delta table", "Iceberg table"


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
    names = await _with_group(prefix, known if known is not None and known.is_whole else await prefix.names())
    kind = _kind_of(key, names)
    shown = await _shown(kind, prefix, names, view) if kind else None
    return None if shown is None else (shown, prefix)


async def names_of_zarr(prefix: Prefix) -> Names | None:
    """Return the first names below a prefix that is a Zarr store, None for any other. Raises errors of the client."""
    names = await _with_group(prefix, await prefix.names())
    return names if ZARR & names.blobs else None


async def _with_group(prefix: Prefix, names: Names) -> Names:
    """Return the names with the one that tells of a group of Zarr 3, which may come after all that were listed."""
    if not names.is_whole and not ZARR & names.blobs and await prefix.read("zarr.json", 0, 1) is not None:
        return replace(names, blobs=names.blobs | {"zarr.json"})
    return names


def _kind_of(key: str, names: Names) -> str:
    """Return the kind of store that the names below a key are; "" for none."""
    if ZARR & names.blobs:
        return _ZARR
    if is_icechunk(names):
        return _ICECHUNK
    if is_geodatabase(key, names):
        return GEODATABASE.name
    if is_delta(names):
        return _DELTA
    return _ICEBERG if is_iceberg(names) else ""


def _may_be_store(page: Listed, names: Names, key: str) -> bool:
    """Return whether the first keys below a prefix can be those of a store. The names that tell may come later: chunks
    and the nodes of a group sort before `zarr.json`, and the files of a table before its metadata."""
    if names.is_whole or _kind_of(key, names):
        return bool(_kind_of(key, names))
    folders = set(names.folders)
    if FOLDERS & folders or (not names.blobs and folders <= {DATA, METADATA}):
        return True
    steps = (blob.key[len(key) :].split("/") for blob in page.blobs)
    return any(step[-1] in ZARR or CHUNKS in step[:-1] or _CHUNK.fullmatch(step[-1]) for step in steps)


async def _shown(kind: str, prefix: Prefix, names: Names, view: View) -> Preview | None:
    try:
        if kind == _ICECHUNK:
            return await show_icechunk(prefix, names, view)
        if kind == GEODATABASE.name:
            return await show_geodatabase(prefix, names, view)
        if kind == _DELTA:
            return await show_delta(prefix)
        if kind == _ICEBERG:
            return await show_iceberg(prefix)
        return await show_zarr(prefix, names, view)
    except (*DAMAGE, PreviewError) as exc:
        reason = visible(reason_of(exc), limit=REASON_CHARS)
        return Preview(kind, facts=(("not shown", reason),), is_damaged=not isinstance(exc, LimitError))
