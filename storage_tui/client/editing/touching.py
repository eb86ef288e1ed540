"""Another seven days for blobs that expire: each is written again, on the server where the server can."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from storage_tui.client import calls
from storage_tui.client.control import TransferControl
from storage_tui.client.moves import COPY_FEATURE, Moves
from storage_tui.client.transfer.engine import TransferEngine
from storage_tui.contract.errors import PreconditionFailedError, StorageError, TypeRuleError
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move
from storage_tui.contract.storage_types import STORAGE_TYPES

AT_ONCE = 8  # rewrites on the server are short; more at once gain nothing
BATCH = 1000  # rewrites whose results are waited for, so that memory stays bounded


def check_expires(storage_type: str) -> None:
    """Raise TypeRuleError for a storage type whose blobs do not expire."""
    if STORAGE_TYPES[storage_type].expires_after is None:
        expiring = ", ".join(row.name for row in STORAGE_TYPES.values() if row.expires_after is not None)
        rule = STORAGE_TYPES[storage_type].summary
        raise TypeRuleError(f"blobs of {storage_type} do not expire ({rule}); only those of {expiring} do")


def touch(engine: TransferEngine, blob: Blob) -> Blob:
    """Write the blob again, so that its time begins anew; return it as it is stored now.

    Nothing is written when somebody has overwritten or deleted the blob since: PreconditionFailedError or
    NotFoundError. A plain published server gets the bytes through this machine; the blob is looked at just before.
    """
    check_expires(blob.storage_type)
    if COPY_FEATURE in engine.describe().features:
        return Moves(engine).copy(Move(blob.key, blob.key, blob.storage_type, etag=blob.etag))
    now = engine.run(calls.stat(blob.key, blob.storage_type))
    if (now.etag, now.size_bytes) != (blob.etag or now.etag, blob.size_bytes or now.size_bytes):
        raise PreconditionFailedError(f"{blob.key!r} was overwritten since it was listed", key=blob.key)
    control = TransferControl()
    engine.copy_through(blob.key, blob.storage_type, blob.key, blob.storage_type, control=control)
    return engine.run(calls.stat(blob.key, blob.storage_type))


def touch_many(engine: TransferEngine, blobs: Iterable[Blob]) -> Iterator[Blob | StorageError]:
    """Yield the result of `touch` for each blob, in their order; a failure of one does not stop the others.

    The blobs are taken from the iterable in batches, so that a list of any length needs little memory."""

    def attempt(blob: Blob) -> Blob | StorageError:
        try:
            return touch(engine, blob)
        except StorageError as exc:
            return exc

    waiting = iter(blobs)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="storage-tui-touch") as threads:
        while batch := [*islice(waiting, BATCH)]:
            yield from threads.map(attempt, batch)
