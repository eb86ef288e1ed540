"""Every blob of some users read again through the Store, for an engine whose files are not ours to look at.

It finds what a reader would find: bytes that are not what was stored, or not there. What no key names, a Store does not
tell of.
"""

from collections.abc import AsyncIterator, Iterable

from storage_tui.contract.errors import DamagedError, NotFoundError
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.wire import Span
from storage_tui.server.stores.all_blobs import every_blob
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.upkeep.verifying import Finding, Tally


async def verify_through(store: Store, namespaces: Iterable[str], tally: Tally) -> AsyncIterator[Finding]:
    """What is wrong with the blobs of these namespaces; `tally` counts along. What goes meanwhile is left out."""
    for namespace in namespaces:
        for storage_type in STORAGE_TYPES:
            async for blob in every_blob(store, namespace, storage_type):
                tally.blobs += 1
                finding = await _check(store, Address(namespace, storage_type, blob.key), tally)
                if finding is not None:
                    tally.add(finding)
                    yield finding


async def _check(store: Store, address: Address, tally: Tally) -> Finding | None:
    try:
        async with store.open(address) as reader:
            async for piece in reader.chunks(Span(0, reader.blob.size_bytes or 0)):
                tally.size_bytes += len(piece)
    except NotFoundError:
        return None
    except DamagedError as exc:
        return Finding("damaged", exc.message, address.namespace, address.storage_type, address.key)
    return None
