"""From chosen rows to blobs: folders are walked a page at a time, and the finds are counted meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass

from storage_tui.contract.keys import parent_prefix
from storage_tui.contract.models import Blob
from storage_tui.tui.desk import Desk
from storage_tui.tui.state.listing import Row
from storage_tui.tui.store_reads import read_below

BLOBS_AT_MOST = 200_000  # about 100 MB; more blobs are handled in parts


@dataclass(frozen=True, slots=True)
class Gathered:
    """A blob, and the part of its key that is left out of the target path.

    A blob in `maps/2024/` that was chosen with this folder gets the path `2024/…`. A blob that was chosen alone gets
    the last segment of its key.
    """

    blob: Blob
    home: str


class TooManyError(Exception):
    """More blobs than one action takes."""


async def gather(desk: Desk, rows: Iterable[Row]) -> list[Gathered]:
    """Return the blobs of the rows, each once; folders are walked to their end.

    The count is shown meanwhile, and Esc stops the walk. Raises TooManyError, or an error of the client.
    """
    found: dict[tuple[str, str], Gathered] = {}
    try:
        for row in rows:
            if isinstance(row, Blob):
                found.setdefault((row.storage_type, row.key), Gathered(row, row.key[: row.key.rfind("/") + 1]))
                continue
            home = parent_prefix(row.key)
            async for blobs in read_below(desk.storage, row):
                for blob in blobs:
                    found.setdefault((blob.storage_type, blob.key), Gathered(blob, home))
                desk.working = f"Counting… {len(found):,} keys (Esc stops)"
                if len(found) > BLOBS_AT_MOST:
                    raise TooManyError(f"more than {BLOBS_AT_MOST:,} blobs; choose fewer at a time")
    finally:
        desk.working = ""
    return list(found.values())
