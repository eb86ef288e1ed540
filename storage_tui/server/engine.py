"""An engine: where blobs are kept, and the records beside them. One server serves one; several may share one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage_tui.server.key_file import move_key_file
from storage_tui.server.stores.base import Store
from storage_tui.server.stores.local import LocalStore
from storage_tui.server.stores.local_records import LocalRecords
from storage_tui.server.stores.records import Records


@dataclass(frozen=True, slots=True)
class Engine:
    """What `serve` runs on. `records` may be used before the store has started."""

    store: Store
    records: Records


def open_local(data_dir: Path, *, owner_note: Mapping[str, Any]) -> Engine:
    """The engine in a directory of this machine; `owner_note` is told to whoever finds the directory taken."""
    return Engine(LocalStore(data_dir, owner_note=owner_note), open_local_records(data_dir))


def open_local_records(data_dir: Path) -> Records:
    """The records of that engine alone, which may be used while a server runs on it."""
    records = LocalRecords(data_dir)
    move_key_file(data_dir, records)
    return records
