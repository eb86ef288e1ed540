"""The copies of a sync between two places of stores: on the server, or through this machine."""

import tempfile
from collections.abc import Iterator, Sequence

from storage_tui.client.control import TransferControl
from storage_tui.client.moves import Moves
from storage_tui.client.sync.entries import StoreEntry
from storage_tui.client.sync.plan import Action
from storage_tui.client.sync.sides import StoreSide
from storage_tui.client.transfer.engine import SPOOL_BYTES
from storage_tui.contract.errors import CancelledError, StorageError
from storage_tui.contract.moves import Move


def copied(
    source: StoreSide, target: StoreSide, actions: Sequence[Action], control: TransferControl
) -> Iterator[StorageError | None]:
    """Copy blobs; yield the error of each, or None, in order. Only the version that was compared is copied.

    Between two servers, and on a server that cannot copy, the bytes go through this machine. Raise CancelledError once
    the control is cancelled, and the error of a server that stays away.
    """
    if source.engine is not target.engine:
        for action in actions:
            yield _copied_across(source, target, action, control)
        return
    engine = target.engine
    moves = [
        Move(row.source.blob.key, row.key or "", source.storage_type, target.storage_type, row.source.blob.etag)
        for row in actions if isinstance(row.source, StoreEntry)
    ]  # fmt: skip
    for result in engine.patiently(lambda: Moves(engine, control).copy_many(moves), control):
        words = result.message or f"cannot copy {result.move.key!a}: {result.error}"
        yield None if result.is_done else StorageError(words, key=result.move.key)


def _copied_across(
    source: StoreSide, target: StoreSide, action: Action, control: TransferControl
) -> StorageError | None:
    assert isinstance(action.source, StoreEntry) and action.key is not None
    blob = action.source.blob
    own = TransferControl()
    try:
        with control.aborting(own.cancel), tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
            control.check()
            got = source.engine.download_to(blob.key, spool, blob.storage_type, control=own)
            spool.seek(0)
            target.engine.upload(
                action.key, spool, target.storage_type, control=own, content_type=got.content_type
            )  # fmt: skip
    except CancelledError:
        raise
    except StorageError as exc:
        return exc
    return None
