"""One copy of a sync between two places of stores: on the server, or through this machine."""

import tempfile

from storage_tui.client import calls
from storage_tui.client.control import TransferControl
from storage_tui.client.sync.entries import StoreEntry
from storage_tui.client.sync.plan import Action
from storage_tui.client.sync.sides import StoreSide
from storage_tui.client.transfer.engine import SPOOL_BYTES
from storage_tui.contract.errors import StorageError


def make_copy(source: StoreSide, target: StoreSide, action: Action, *, control: TransferControl) -> StorageError | None:
    """Copy a blob; return the error, or None. Between two servers, and on a server that cannot copy, the bytes go
    through this machine."""
    assert isinstance(action.source, StoreEntry) and action.key is not None
    engine, blob, key = target.engine, action.source.blob, action.key
    try:
        control.check()
        if source.engine is target.engine:
            if "copy" in engine.describe().features:
                engine.patiently(
                    lambda: engine.run(calls.copy(blob.key, blob.storage_type, key, target.storage_type, True)), control
                )
            else:
                engine.copy_through(blob.key, blob.storage_type, key, target.storage_type, control=TransferControl())
            return None
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
            got = source.engine.download_to(blob.key, spool, blob.storage_type, control=TransferControl())
            spool.seek(0)
            engine.upload(key, spool, target.storage_type, control=TransferControl(), content_type=got.content_type)
    except StorageError as exc:
        return exc
    return None
