"""The nodes of a Zarr store: from consolidated metadata in one request, or from folder to folder within the budget."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.visible import visible
from storage_tui.previews.base import BudgetError, PreviewError
from storage_tui.previews.stores.nodes import Array, Group, Node, array_of_2, node_of_3, read_json
from storage_tui.previews.stores.prefix import Names, Prefix

MOST_NODES = 5_000
METADATA_BYTES = 32 * 1024  # of one array or group; attributes may be long
TOGETHER = 4  # folders that are looked into side by side
MOST_OF_NODE = 4  # requests: three documents and a list
MOST_DEPTH = 8  # folders that are gone into without consolidated metadata


@dataclass
class Store:
    """The nodes below a prefix by their paths, "" the prefix itself. `notes` say what was not read and why."""

    version: int
    is_consolidated: bool = False
    nodes: dict[str, Node] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def root(self) -> Node:
        """The array or group of the prefix itself."""
        return self.nodes.get("", Group(""))

    @property
    def arrays(self) -> list[Array]:
        """The arrays in the order of their paths."""
        return [node for _, node in sorted(self.nodes.items()) if isinstance(node, Array)]

    def refuse(self, path: str, reason: object) -> None:
        """Note a node that cannot be read."""
        self.notes.append(f"{visible(path, limit=40) or 'this'}: {visible(str(reason), limit=80)}")


async def read_store(prefix: Prefix, names: Names) -> Store:
    """Return the nodes of the store that has these names. Raises an error of the client."""
    if "zarr.json" in names.blobs:
        return await _read_3(prefix, names)
    return await _read_2(prefix, names)


async def _read_3(prefix: Prefix, names: Names) -> Store:
    store = Store(3)
    told = await _json(prefix, "zarr.json", prefix.bytes_left // 2)
    consolidated = told.get("consolidated_metadata")
    nodes = consolidated.get("metadata") if isinstance(consolidated, dict) else None
    _add_3(store, "", told)
    if isinstance(nodes, dict):
        store.is_consolidated = True
        for path, node in list(nodes.items())[:MOST_NODES]:
            _add_3(store, path, node)
        return store
    await _walk(prefix, store, names)
    return store


async def _read_2(prefix: Prefix, names: Names) -> Store:
    store = Store(2)
    if ".zmetadata" in names.blobs:
        found = (await _json(prefix, ".zmetadata", prefix.bytes_left // 2)).get("metadata")
        if isinstance(found, dict):
            store.is_consolidated = True
            for key, told in list(found.items())[: 2 * MOST_NODES]:
                path, _, name = key.rpartition("/")
                attributes = found.get(f"{path}/.zattrs".removeprefix("/"))
                if name in (".zarray", ".zgroup"):
                    _add_2(store, path, name, told, attributes)
            return store
    own = ".zarray" if ".zarray" in names.blobs else ".zgroup"
    told, attributes = await asyncio.gather(
        _json(prefix, own, METADATA_BYTES), _json(prefix, ".zattrs", METADATA_BYTES)
    )
    _add_2(store, "", own, told, attributes)
    await _walk(prefix, store, names)
    return store


async def _walk(prefix: Prefix, store: Store, names: Names) -> None:
    """Add the nodes of the folders, level by level, as far as two thirds of the budget reach."""
    if isinstance(store.root, Array):
        return
    reserved = prefix.requests_left // 3
    level = list(names.folders)
    is_cut = not names.is_whole
    for _ in range(MOST_DEPTH):
        below: list[str] = []
        while level and not is_cut:
            count = min(TOGETHER, (prefix.requests_left - reserved) // MOST_OF_NODE)
            if count <= 0:
                is_cut = True
                break
            taken, level = level[:count], level[count:]
            for path, found in zip(
                taken, await asyncio.gather(*(_go(prefix, store, path) for path in taken)), strict=True
            ):
                below += [f"{path}/{name}" for name in found.folders]
                is_cut = is_cut or not found.is_whole
        level = below
    if is_cut or level:
        store.notes.append("more arrays are not read: the store has no consolidated metadata")


async def _go(prefix: Prefix, store: Store, path: str) -> Names:
    """Add the node of one folder; return the names in it where it is a group."""
    try:
        await _add(prefix, store, path)
        if isinstance(store.nodes.get(path), Group):
            return await prefix.names(path + "/")
    except BudgetError:
        return Names(frozenset(), (), is_whole=False)
    return Names(frozenset(), (), is_whole=True)


async def _add(prefix: Prefix, store: Store, path: str) -> None:
    if store.version == 3:
        told = await _json(prefix, f"{path}/zarr.json", METADATA_BYTES)
        if told:
            _add_3(store, path, told)
        return
    told, attributes = await asyncio.gather(
        _json(prefix, f"{path}/.zarray", METADATA_BYTES), _json(prefix, f"{path}/.zattrs", METADATA_BYTES)
    )
    if told:
        _add_2(store, path, ".zarray", told, attributes)
    elif await _json(prefix, f"{path}/.zgroup", METADATA_BYTES):
        _add_2(store, path, ".zgroup", {}, attributes)


def _add_3(store: Store, path: str, told: Any) -> None:
    try:
        store.nodes[path] = node_of_3(path, told if isinstance(told, dict) else {})
    except (PreviewError, ValueError, TypeError) as exc:
        store.refuse(path, exc)


def _add_2(store: Store, path: str, name: str, told: Any, attributes: Any) -> None:
    known: Mapping[str, Any] = attributes if isinstance(attributes, dict) else {}
    if name == ".zgroup":
        store.nodes[path] = Group(path, known)
        return
    try:
        store.nodes[path] = array_of_2(path, told if isinstance(told, dict) else {}, known)
    except (PreviewError, ValueError, TypeError) as exc:
        store.refuse(path, exc)


async def _json(prefix: Prefix, name: str, most_bytes: int) -> dict[str, Any]:
    part = await prefix.read(name, 0, min(most_bytes, prefix.bytes_left))
    return {} if part is None else await asyncio.to_thread(read_json, part.data)
