"""The preview of an Icechunk repository: branches, tags, and the arrays of a branch (Icechunk specification 1).

A repository of version 2 has its branches in one file, `repo`, whose snapshots are not read here.
"""

import asyncio
import re
from dataclasses import dataclass, replace

from storage_tui.contract.visible import visible
from storage_tui.previews.base import LimitError, Preview, PreviewError, View
from storage_tui.previews.reasons import reason_of
from storage_tui.previews.stores.icechunk_chunks import SnapshotChunks
from storage_tui.previews.stores.icechunk_files import UNREAD, Snapshot, read_snapshot
from storage_tui.previews.stores.nodes import node_of_3, read_json
from storage_tui.previews.stores.prefix import Names, Prefix
from storage_tui.previews.stores.tree import Store
from storage_tui.previews.stores.zarr import show_store

REF_BYTES = 4096
MOST_REFS = 5
FOLDERS = frozenset(("refs", "snapshots", "manifests", "transactions", "chunks"))
MAIN = "branch.main"  # a branch that every repository has
VERSION_2 = "its arrays are not read: version 2 names its snapshots in the file repo"
_ID = re.compile(r"[0-9A-Z]{1,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Ref:
    """A branch or a tag, and the snapshot it names; "" where that cannot be read."""

    kind: str
    name: str
    snapshot: str

    @property
    def words(self) -> str:
        """The name, and the snapshot."""
        return visible(f"{self.name}, snapshot {self.snapshot}" if self.snapshot else self.name, limit=80)


def is_icechunk(names: Names) -> bool:
    """Return whether the names are those of a repository, of version 1 or 2."""
    folders = FOLDERS & set(names.folders)
    return (
        "snapshots" in folders
        and ("refs" in folders or "repo" in names.blobs)
        and not names.blobs - {"repo", "config.yaml"}
    )


async def show_icechunk(prefix: Prefix, names: Names, view: View) -> Preview:
    """Return the preview of a repository. Raises an error of the client."""
    version = 2 if "repo" in names.blobs else 1
    facts = [("Icechunk", f"version {version}")]
    counted = [name for name in ("snapshots", "manifests", "transactions") if name in names.folders]
    found = await asyncio.gather(*(prefix.names(f"{name}/") for name in counted))
    facts += [(name, f"{len(inside.blobs):,}{'' if inside.is_whole else '+'}")
              for name, inside in zip(counted, found, strict=True)]  # fmt: skip
    refs, more = await _refs(prefix) if "refs" in names.folders else ([], 0)
    facts += [(ref.kind, ref.words) for ref in refs]
    facts += [("refs", f"{more:,} more")] if more else []
    shown = next((ref for ref in refs if ref.snapshot), None)
    if shown is None:
        note = "no branch and no tag names a snapshot"
        if version == 2:
            note = VERSION_2
        return Preview("Icechunk", facts=tuple(facts), note=note)
    try:
        snapshot = await _snapshot(prefix, shown.snapshot)
    except UNREAD as exc:
        return Preview("Icechunk", facts=tuple(facts), note=visible(f"no arrays: {reason_of(exc)}", limit=160))
    facts.append(("shown", visible(f"{shown.kind} {shown.name}, written {snapshot.written}", limit=80)))
    facts += [("message", visible(snapshot.message, limit=80))] if snapshot.message else []
    store = _store(snapshot)
    inner = await show_store(SnapshotChunks(prefix, snapshot), store, view, before=facts)
    return replace(inner, kind="Icechunk")


async def open_main(prefix: Prefix, names: Names) -> tuple[Store, SnapshotChunks]:
    """Return the arrays of the branch `main` and what reads their chunks.

    Raises PreviewError for a repository that is not read, and an error of the client.
    """
    if "repo" in names.blobs:
        raise LimitError(VERSION_2)
    ref = await _ref(prefix, MAIN)
    if not ref.snapshot:
        raise PreviewError("its branch main names no snapshot")
    try:
        snapshot = await _snapshot(prefix, ref.snapshot)
    except UNREAD as exc:
        raise PreviewError(f"its snapshot is not read: {reason_of(exc)}") from exc
    return _store(snapshot), SnapshotChunks(prefix, snapshot)


async def _refs(prefix: Prefix) -> tuple[list[Ref], int]:
    """Return the first branches and tags, the branch `main` before all others, and the number of the others."""
    names = sorted((await prefix.names("refs/")).folders, key=lambda name: (name != MAIN, name))
    found = [await _ref(prefix, ref) for ref in names[:MOST_REFS]]
    return found, len(names) - len(found)


async def _ref(prefix: Prefix, ref: str) -> Ref:
    kind, _, name = ref.partition(".")
    part = await prefix.read(f"refs/{ref}/ref.json", 0, REF_BYTES)
    told = read_json(part.data).get("snapshot") if part is not None else None
    snapshot = told if isinstance(told, str) and _ID.fullmatch(told) else ""
    return Ref(kind if kind in ("branch", "tag") else "ref", name, snapshot)


async def _snapshot(prefix: Prefix, name: str) -> Snapshot:
    part = await prefix.read(f"snapshots/{name}", 0, prefix.bytes_left // 2)
    if part is None:
        raise PreviewError("the snapshot is not there")
    if not part.is_whole:
        raise LimitError("the snapshot is past the budget of a preview")
    return await asyncio.to_thread(read_snapshot, part.data)


def _store(snapshot: Snapshot) -> Store:
    """Return the nodes of a snapshot as those of a Zarr store of version 3."""
    store = Store(3, is_consolidated=True)
    for stored in snapshot.nodes:
        try:
            store.nodes[stored.path] = node_of_3(stored.path, stored.document)
        except UNREAD as exc:
            store.refuse(stored.path, reason_of(exc))
    if snapshot.node_count > len(snapshot.nodes):
        store.notes.append(f"the first {len(snapshot.nodes):,} of {snapshot.node_count:,} nodes")
    return store
