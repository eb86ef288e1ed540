"""The local folder that each place of the store was last compared with, in one small file of the state directory."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from storage_tui.contract.keys import Location
from storage_tui.machine.private_files import write_private

FILE = "compared.json"
KEPT = 200  # places of all servers; the latest
FILE_BYTES = 1024 * 1024  # a larger file is not ours


class ComparedFolders:
    """The folders of one server. All methods block. A file that cannot be read counts as empty and is replaced."""

    def __init__(self, state_dir: Path, server: str) -> None:
        self._file = state_dir / FILE
        self._server = server

    def find(self, location: Location) -> Path | None:
        """Return the folder that the place, or the nearest place above it, was compared with; the rest of the way is
        added to the folder. Return None for a place that never was."""
        known = dict(self._read())
        key, below = location.key, ""
        while True:
            folder = known.get(self._name(Location(location.storage_type, key)))
            if folder is not None:
                return Path(folder) / below
            if not key:
                return None
            cut = key[:-1].rfind("/") + 1
            key, below = key[:cut], key[cut:] + below

    def keep(self, location: Location, folder: Path) -> None:
        """Remember the folder. A disk without room is no reason to stop: then the folder is asked for again."""
        name = self._name(location)
        rows = [[name, str(folder)], *(row for row in self._read() if row[0] != name)][:KEPT]
        with suppress(OSError, UnicodeEncodeError):
            write_private(self._file, json.dumps(rows, indent=1).encode(), is_durable=False)

    def _name(self, location: Location) -> str:
        return f"{self._server} {location}"

    def _read(self) -> list[Any]:
        with suppress(OSError, ValueError, RecursionError):
            if self._file.stat().st_size <= FILE_BYTES:
                rows = json.loads(self._file.read_bytes())
                return [row for row in rows if _is_row(row)] if isinstance(rows, list) else []
        return []


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(text, str) and "\0" not in text for text in row)
