"""Verification through a Store, for an engine whose files are not ours: every blob of some users is read again.

This finds what a reader would find: bytes that differ from the stored ones, or are missing. A Store does not report
files that no key names.
"""

from collections.abc import AsyncIterator, Iterable

from storage_tui.contract.errors import DamagedError, NotFoundError
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.wire import Span
from storage_tui.server.stores.all_blobs import every_blob
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.upkeep.verifying import Finding, Tally


async def verify_through(store: Store, namespaces: Iterable[str], tally: Tally) -> AsyncIterator[Finding]:
    """Yield what is wrong with the blobs of these namespaces; `tally` counts on the way. Blobs deleted meanwhile are
    left out."""
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
