"""The preview of a row of a local folder that has no bytes to show: a folder, a link, a pipe."""

import asyncio
import os
from itertools import islice

from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews import Preview
from storage_tui.previews.local_files import LocalFiles, moment_of
from storage_tui.previews.stores.recognise import preview_prefix
from storage_tui.previews.table.grid import grid_lines
from storage_tui.tui.local.entry import LocalEntry, entry_of, what_is
from storage_tui.tui.state.folder_mix import Mix
from storage_tui.tui.state.formats import moment_text
from storage_tui.tui.state.listing import Folder, Row

COUNTED = 5000  # entries of a folder: a few hundredths of a second, and enough for the kinds of its files


async def about_row(row: Row) -> Preview | None:
    """Return what is known about a row without bytes; None for a file. Raises OSError for an unreadable folder."""
    if isinstance(row, Folder):
        found = await preview_prefix(LocalFiles(), row.key.rstrip("/") + "/", row.storage_type)
        return found[0] if found is not None else await asyncio.to_thread(_about_folder, row.key)
    if not isinstance(row, LocalEntry) or row.kind == "file":
        return None
    facts = [("is", visible(what_is(row)))]
    if row.kind == "link":
        facts += await asyncio.to_thread(_about_target, row.key)
    return Preview("", facts=tuple(facts))


def _about_folder(path: str) -> Preview:
    mix, folders, others, size_bytes = Mix(), 0, 0, 0
    with os.scandir(path) as entries:
        for entry in islice(entries, COUNTED):
            try:
                if entry.is_dir(follow_symlinks=False):
                    folders += 1
                    continue
                row = entry_of(entry.path, entry.stat(follow_symlinks=False))
            except OSError:
                others += 1
                continue
            if row.kind == "file":
                mix.add([Blob(row.key, row.storage_type, row.size_bytes)])
                size_bytes += row.size_bytes or 0
            else:
                others += 1
    bound = "the first " if folders + others + mix.count >= COUNTED else ""
    facts = [("folders", f"{bound}{folders:,}"), ("files", f"{bound}{mix.count:,}"), ("bytes", size_text(size_bytes))]
    facts += [("others", f"{others:,}")] if others else []
    lines = grid_lines(("types", "files", "bytes"), mix.rows(), right=frozenset((1, 2))) if mix.count else ()
    return Preview("", facts=tuple(facts), lines=tuple(lines))


def _about_target(path: str) -> list[tuple[str, str]]:
    target = os.path.realpath(path)
    try:
        info = os.stat(target)  # noqa: PTH116 - a text that may be no path of this system
    except (OSError, ValueError):
        return [("leads to", "nothing that is there")]
    shown = visible(target) + (DELIMITER if os.path.isdir(target) else "")  # noqa: PTH112
    size = "" if shown.endswith(DELIMITER) else size_text(info.st_size)
    return [
        ("leads to", shown),
        ("size", size),
        ("written", moment_text(moment_of(info))),
        ("open", "Enter goes there"),
    ]
