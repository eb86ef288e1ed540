"""`storage-tui tree`: the folders and blobs below a location as a tree, with counts and sizes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from storage_tui.cli.folder_hints import nothing_below
from storage_tui.cli.options import LOCATION, with_settings
from storage_tui.cli.places import spell
from storage_tui.cli.printing import complain, say_coloured, say_json
from storage_tui.cli.search.colours import Colours
from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import open_storage
from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.models import Blob, Usage
from storage_tui.contract.sizes import size_text

if TYPE_CHECKING:
    from storage_tui.client.storage import Storage

DEPTH_AT_MOST = 512  # a key of 1024 bytes has no more folders


@dataclass(frozen=True, slots=True)
class _Line:
    """A blob or a folder with its usage; `lead` draws the branches in front of it."""

    lead: str
    depth: int
    name: str
    entry: Blob | Usage


@click.command()
@click.argument("location", type=LOCATION, default="data:")
@click.option(
    "-L",
    "--level",
    type=click.IntRange(1, DEPTH_AT_MOST),
    metavar="N",
    default=DEPTH_AT_MOST,
    help="Go down so many folders; deeper ones are counted only.",
)
@click.option("-d", "--folders", "only_folders", is_flag=True, help="Show folders only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each folder and blob.")
@with_settings
def tree(location: Location, level: int, only_folders: bool, as_json: bool, settings: Settings) -> None:
    """Show the folders and blobs below LOCATION as a tree, each folder with the count and bytes of all below it."""
    colours = Colours()
    with open_storage(settings) as storage:
        top = as_folder(location)
        whole = storage.usage(top.key, storage_type=top.storage_type, delimiter="/")
        if not whole.count and top.key:
            raise nothing_below(storage, top)
        if not as_json:
            say_coloured(((spell(top), colours.of("/")), (_facts(whole), "")))
        for line in _Walk(storage, top.storage_type, level, only_folders).lines(whole, "", 1):
            if as_json:
                fields = line.entry.to_json()
                fields.pop("children", None)
                say_json({"storage_type": top.storage_type, "depth": line.depth, **fields})
                continue
            facts = f"  {size_text(line.entry.size_bytes)}" if isinstance(line.entry, Blob) else _facts(line.entry)
            say_coloured(((line.lead, ""), (line.name, colours.of(line.name)), (facts, "")))


def _facts(usage: Usage) -> str:
    return f"  {plural(usage.count, 'blob')}, {size_text(usage.size_bytes)}"


class _Walk:
    """The lines below a folder, page by page: the folders that are open are held, and nothing else."""

    def __init__(self, storage: "Storage", storage_type: str, level: int, only_folders: bool) -> None:
        self._storage = storage
        self._type = storage_type
        self._level = level
        self._only_folders = only_folders

    def lines(self, folder: Usage, lead: str, depth: int) -> Iterator[_Line]:
        """Yield the lines below a folder, whose usage has a child for each folder in it."""
        children = {child.prefix: child for child in folder.children}
        if folder.is_cut:
            complain(f"{spell(Location(self._type, folder.prefix))} has more folders than can be counted one by one")
        entries = self._entries(folder.prefix)
        entry = next(entries, None)
        while entry is not None:
            following = next(entries, None)
            name = (entry if isinstance(entry, str) else entry.key)[len(folder.prefix) :] or "(the folder itself)"
            branch, rest = ("├── ", "│   ") if following is not None else ("└── ", "    ")
            if isinstance(entry, Blob):
                yield _Line(lead + branch, depth, name, entry)
            else:
                usage = children.get(entry) or self._usage(entry)
                yield _Line(lead + branch, depth, name, usage)
                if depth < self._level:
                    yield from self.lines(self._usage(entry), lead + rest, depth + 1)
            entry = following

    def _usage(self, prefix: str) -> Usage:
        return self._storage.usage(prefix, storage_type=self._type, delimiter="/")

    def _entries(self, prefix: str) -> Iterator[Blob | str]:
        from storage_tui.client.patterns.select import entries_in

        for entry in entries_in(self._storage.engine, self._type, prefix):
            if isinstance(entry, str) or not self._only_folders:
                yield entry
