"""The copies of a sync between two places of stores: on the server, inside an engine, or through this machine."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from storage_tui.client.batch.crossing import Crossing
from storage_tui.client.control import TransferControl
from storage_tui.client.moves import Moves
from storage_tui.client.sync.entries import StoreEntry
from storage_tui.client.sync.plan import Action
from storage_tui.client.sync.sides import StoreSide
from storage_tui.contract.errors import CancelledError, StorageError
from storage_tui.contract.moves import Move


def copied(
    source: StoreSide, target: StoreSide, actions: Sequence[Action], control: TransferControl, *, jobs: int
) -> Iterator[StorageError | None]:
    """Copy blobs; yield the error of each, or None, in order. Only the version that was compared is copied.

    Between two stores `jobs` blobs are copied at once, and on a server that cannot copy the bytes go through this
    machine. Raise CancelledError once the control is cancelled, and the error of a server that stays away.
    """
    moves = [
        Move(row.source.blob.key, row.key or "", source.storage_type, target.storage_type, row.source.blob.etag)
        for row in actions if isinstance(row.source, StoreEntry)
    ]  # fmt: skip
    if source.engine is not target.engine:
        crossing = Crossing(source.engine, target.engine)
        with ThreadPoolExecutor(jobs, thread_name_prefix="storage-tui-copy") as threads:
            yield from threads.map(lambda move: _across(crossing, move, control), moves)
        return
    engine = target.engine
    for result in engine.patiently(lambda: Moves(engine, control).copy_many(moves), control):
        words = result.message or f"cannot copy {result.move.key!a}: {result.error}"
        yield None if result.is_done else StorageError(words, key=result.move.key)


def _across(crossing: Crossing, move: Move, control: TransferControl) -> StorageError | None:
    own = TransferControl()
    try:
        control.check()
        with control.aborting(own.cancel):
            crossing.copy(move, own)
    except CancelledError:
        raise
    except StorageError as exc:
        return exc
    return None
