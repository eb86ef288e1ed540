"""The preview of an Icechunk repository: branches, tags and snapshots by their names (Icechunk specification)."""

import asyncio

from storage_tui.contract.visible import visible
from storage_tui.previews.base import Preview
from storage_tui.previews.stores.nodes import read_json
from storage_tui.previews.stores.prefix import Names, Prefix

REF_BYTES = 4096
MOST_REFS = 5
FOLDERS = frozenset(("refs", "snapshots", "manifests", "transactions", "chunks"))


def is_icechunk(names: Names) -> bool:
    """Return whether the names are those of a repository, of version 1 or 2."""
    folders = FOLDERS & set(names.folders)
    return (
        "snapshots" in folders
        and ("refs" in folders or "repo" in names.blobs)
        and not names.blobs - {"repo", "config.yaml"}
    )


async def show_icechunk(prefix: Prefix, names: Names) -> Preview:
    """Return the preview of a repository. Raises an error of the client."""
    version = 2 if "repo" in names.blobs else 1
    facts = [("Icechunk", f"version {version}")]
    counted = [name for name in ("snapshots", "manifests", "transactions") if name in names.folders]
    found = await asyncio.gather(*(prefix.names(f"{name}/") for name in counted))
    facts += [(name, f"{len(inside.blobs):,}{'' if inside.is_whole else '+'}")
              for name, inside in zip(counted, found, strict=True)]  # fmt: skip
    if "refs" in names.folders:
        refs = (await prefix.names("refs/")).folders
        for ref in refs[:MOST_REFS]:
            kind, _, name = ref.partition(".")
            part = await prefix.read(f"refs/{ref}/ref.json", 0, REF_BYTES)
            told = read_json(part.data).get("snapshot") if part is not None else None
            label = kind if kind in ("branch", "tag") else "ref"
            facts.append((label, visible(f"{name}, snapshot {told}" if isinstance(told, str) else name, limit=80)))
        if len(refs) > MOST_REFS:
            facts.append(("refs", f"{len(refs) - MOST_REFS:,} more"))
    note = "its arrays are in its snapshots, which are not read here"
    return Preview("Icechunk", facts=tuple(facts), note=note)
