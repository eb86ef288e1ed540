"""The preview of a file geodatabase of Esri, which is a folder: GDAL reads its tables (the extra `geo`)."""

import re

from storage_tui.contract.counts import plural
from storage_tui.previews.base import LimitError, Preview, View
from storage_tui.previews.formats.gdal_vector import GEODATABASE
from storage_tui.previews.raster.by_gdal import MISSING
from storage_tui.previews.stores.prefix import Names, Prefix
from storage_tui.previews.vector.by_gdal import Taken, is_there, shown_of

CATALOG = "a00000001.gdbtable"
FOLDER = "a.gdb"
_TABLE = re.compile(r"a[0-9a-f]{8}\.gdbtabl[ex]")


def is_geodatabase(key: str, names: Names) -> bool:
    """Return whether the names below a key are those of a geodatabase."""
    return key.lower().endswith(".gdb/") and CATALOG in names.blobs


async def show_geodatabase(prefix: Prefix, names: Names, view: View) -> Preview:
    """Return the preview of the tables and their rows; indexes are left out. Raises an error of the client.

    Each table is two files, and each file one read. Raises LimitError for more than the budget of a prefix.
    """
    tables = sorted(name for name in names.blobs if _TABLE.fullmatch(name))
    facts = [("files", f"{plural(len(tables), 'file')} of tables{'' if names.is_whole else ' at least'}")]
    if not is_there():
        return Preview(GEODATABASE.name, facts=tuple(facts), note=MISSING)
    if not names.is_whole or len(tables) > prefix.requests_left:
        note = f"it has more files than the {prefix.requests_left:,} that are read here"
        return Preview(GEODATABASE.name, facts=tuple(facts), note=note)
    pieces, files = [], []
    for name in tables:
        part = await prefix.read(name, 0, max(1, prefix.bytes_left))
        if part is None or not part.is_whole:
            raise LimitError(f"its table {name} is past the limit of a preview")
        pieces.append(part.data)
        files.append((f"{FOLDER}/{name}", len(part.data)))
    taken = Taken(b"".join(pieces), tuple(files))
    return await shown_of(GEODATABASE.name, GEODATABASE.driver, taken, view, facts, "")
