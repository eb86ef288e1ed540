"""What a prefix is, by the names in it; and the preview of a prefix that is a store."""

from dataclasses import replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, Preview, PreviewError, View
from storage_tui.previews.pick import DAMAGE, REASON_CHARS
from storage_tui.previews.stores.icechunk import is_icechunk, show_icechunk
from storage_tui.previews.stores.prefix import FolderStorage, Names, Prefix
from storage_tui.previews.stores.zarr import show_zarr

ZARR = frozenset(("zarr.json", ".zmetadata", ".zarray", ".zgroup"))


async def preview_prefix(
    storage: FolderStorage, key: str, storage_type: str = "data", *, view: View | None = None
) -> tuple[Preview, Prefix] | None:
    """Return the preview of a prefix that is a store, and what was read for it; None for any other prefix.

    One list of its first names shows which it is. `key` ends with a slash. Raises the errors of the client, and none
    for what is in the store.
    """
    view = view or View()
    prefix = Prefix(storage, key, storage_type, is_full=view.is_full)
    names = await _first_names(prefix)
    if ZARR & names.blobs:
        kind = "Zarr store"
    elif is_icechunk(names):
        kind = "Icechunk"
    else:
        return None
    return await _shown(kind, prefix, names, view), prefix


async def names_of_zarr(prefix: Prefix) -> Names | None:
    """Return the first names below a prefix that is a Zarr store, None for any other. Raises errors of the client."""
    names = await _first_names(prefix)
    return names if ZARR & names.blobs else None


async def _first_names(prefix: Prefix) -> Names:
    """Return the first names below a prefix, with that of the metadata of Zarr 3 where it comes after them."""
    names = await prefix.names()
    if not names.is_whole and not ZARR & names.blobs and await prefix.read("zarr.json", 0, 1) is not None:
        names = replace(names, blobs=names.blobs | {"zarr.json"})
    return names


async def _shown(kind: str, prefix: Prefix, names: Names, view: View) -> Preview:
    try:
        if kind == "Icechunk":
            return await show_icechunk(prefix, names)
        return await show_zarr(prefix, names, view)
    except (*DAMAGE, PreviewError) as exc:
        reason = visible(str(exc) or type(exc).__name__, limit=REASON_CHARS)
        return Preview(kind, facts=(("not shown", reason),), is_damaged=not isinstance(exc, LimitError))
