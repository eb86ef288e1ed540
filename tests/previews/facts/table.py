"""All rows by group, and the preview of a row as `storage-tui show --json` gives it to programs."""

import json
from pathlib import Path
from typing import Any

from storage_tui.cli.commands.show import as_object
from storage_tui.previews import Preview, Source, preview
from storage_tui.previews.base import View
from storage_tui.previews.local_files import LocalFiles
from storage_tui.previews.stores.prefix import Prefix
from storage_tui.previews.stores.recognise import preview_prefix
from tests.previews.facts import arrays, heads, rasters, shapes, tables
from tests.previews.facts.row import Row

TABLE: dict[str, tuple[Row, ...]] = {
    "rasters": rasters.ROWS,
    "shapes": shapes.ROWS,
    "arrays": arrays.ROWS,
    "tables": tables.ROWS,
    "heads": heads.ROWS,
}
STORES = (".zarr", ".icechunk", ".delta", ".iceberg")  # the folders that are one thing
WIDTH, HEIGHT, ROWS = 100, 42, 30


async def seen(path: Path) -> tuple[Preview, Source | Prefix]:
    """The preview of a local file with all that lies beside it, or of a folder that is one thing, and its cost."""
    files = LocalFiles()
    if path.suffix in STORES:
        found = await preview_prefix(files, f"{path}/", "local", view=View(WIDTH, HEIGHT))
        assert found is not None, f"{path.name} is known as nothing"
        return found
    source = Source(files, await files.stat(str(path), "local"))
    return await preview(source, width=WIDTH, height=HEIGHT), source


async def told(path: Path) -> dict[str, Any]:
    """The object of `show --json`."""
    shown, source = await seen(path)
    found: dict[str, Any] = json.loads(json.dumps(as_object(path.name, source, shown, ROWS)))
    return found
