"""The full-screen viewer: a document, its title and status line, and the objects that carry out the commands."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult

from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.previews import Source
from storage_tui.previews.local_files import LocalFiles
from storage_tui.tui.command_screen import CommandScreen, find_actions
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import Desk
from storage_tui.tui.lists.details import DetailsScreen
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.viewer.documents import DOCUMENTS
from storage_tui.tui.viewer.finder import Finder
from storage_tui.tui.viewer.follower import Follower
from storage_tui.tui.viewer.hand_over import HandOver
from storage_tui.tui.viewer.pixels import PixelPicture
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.selection import Selection
from storage_tui.tui.viewer.status import READS, Status, status_content, title_content
from storage_tui.tui.viewer.viewer_lines import ViewerLines
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from storage_tui.tui.viewer.raster.screen import Left

ELSEWHERE = {name: words for kind in DOCUMENTS for name, words in kind.elsewhere().items()}
"""The message of a command that only some documents have, shown in all other documents, by the id of the command."""


TABLES = ("CSV", "TSV", "Parquet", "Arrow")
"""The kinds of documents that Enter opens as a table."""

MAPS = ("GeoJSON", "WKT", "WKB", "WKB in hexadecimal digits", "Shapefile", "zipped Shapefile", "GeoPackage",
        "FlatGeobuf", "KML", "KMZ", "GPX", "GeoParquet", "PMTiles", "MBTiles")  # fmt: skip
"""The kinds of documents that Enter opens as a map."""


class ViewerScreen(CommandScreen[None]):
    """A blob on the whole screen. The commands of the document come first, then those of the viewer's objects."""

    CONTEXT: ClassVar[Context] = "viewer"
    CSS_PATH = "viewer.tcss"
    AUTO_FOCUS = "ViewerLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(
        self, desk: Desk, blob: Blob, member: Source | None = None, *, files: LocalFiles | None = None,
        words: str = "", offset: int | None = None,
    ) -> None:  # fmt: skip
        """`member` is the source when the blob is a member of an archive; `files` reads it when it is a local file. The
        viewer begins at `offset`, where the document has offsets, and marks `words` as a search does."""
        super().__init__()
        self._begin_at = offset
        self._begin_with = words
        self.desk = desk
        self.blob = blob
        self._files = files
        storage = files or desk.storage
        self.lines = ViewerLines(id="rows")  # kept here: readers may ask for its size while the screen closes
        self.cursor = Cursor(self.lines)
        self.title_bar = Bar(id="title")
        self.status_bar = Bar(id="status")
        self.prompt = Prompt(back_to=self.lines)
        self.status = Status(blob, desk.log, set_timer=self.set_timer, changed=self.say_lines)
        self.picture = PixelPicture(desk, self, self.lines, run=self.run_worker)
        self.reader = Reader(
            storage, blob, member, lines=self.lines, status=self.status, prompt=self.prompt,
            picture=self.picture, run=self.run_worker, opened=self.bind_commands, open_raster=self._open_raster,
            open_viewer=self._open_viewer,
        )  # fmt: skip
        self.finder = Finder(self.reader, lines=self.lines, status=self.status, prompt=self.prompt, run=self.run_worker)
        self.follower = Follower(storage, blob, self.reader, status=self.status, run=self.run_worker)
        self.selection = Selection(
            blob, self.reader, lines=self.lines, status=self.status, prompt=self.prompt, folder=desk.download_folder,
            run=self.run_worker,
        )  # fmt: skip
        self.hand_over = HandOver(
            self.app, desk, self.reader, status=self.status, run=self.run_worker,
            path=Path(blob.key) if files is not None and member is None else None,
        )  # fmt: skip

    def compose(self) -> ComposeResult:
        """Yield title, rows, status, prompt and keys."""
        yield self.title_bar
        yield self.lines
        yield self.status_bar
        yield self.prompt
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the document, then the objects of the viewer, the screen, the cursor."""
        document = self.reader.document
        commands = document.commands(self.reader) if document is not None else None
        return (commands, self.reader, self.finder, self.follower, self.selection, self.hand_over, self, self.cursor)

    def bind_commands(self) -> None:
        """Find the method of each command. A command that this document lacks shows which documents have it."""
        rows, targets = self.keymap.commands, self.targets()
        here = [row for row in rows if row.id not in ELSEWHERE or hasattr(targets[0], row.action)]
        found = find_actions(here, targets)
        say = self.status.say
        self.actions = {row.id: found.get(row.id) or partial(say, ELSEWHERE[row.id], "$warning") for row in rows}
        document = self.reader.document
        kind = "" if document is None else document.kind.partition(",")[0]
        word = "open or fold" if any(row.id == "view-open" for row in here) else ""
        if kind in TABLES:
            self.actions["view-open"], word = self.action_view_table, "all rows"
        elif kind in MAPS or kind.startswith("STAC "):
            self.actions["view-open"], word = self.action_view_map, "map"
        self.footer_first = {"view-open": word} if word else {}
        if document is not None:
            self.say_footer()

    def on_mount(self) -> None:
        """Read the blob."""
        self.say_lines()
        self.finder.mark(self._begin_with)
        self.call_after_refresh(self.reader.load, self._begin_at)

    def on_resize(self) -> None:
        """Lay out the document for the new size."""
        self.call_after_refresh(self.reader.resized)
        self.say_lines()

    def on_screen_suspend(self, event: events.ScreenSuspend) -> None:
        """Hide the picture: another screen covers this one."""
        self.picture.hide()

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Show the picture again: this screen is on top again."""
        self.picture.show(self.reader.document)

    def on_unmount(self) -> None:
        """Close the document and stop what belongs to the viewer."""
        self.reader.close()

    @on(LineView.Chosen)
    def _chosen(self) -> None:
        self.actions["view-open"]()

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.say_lines()
        self.reader.moved()

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.status.say(text, "$warning")

    def say_lines(self) -> None:
        """Update the title and the status line."""
        if self.has_lines:
            width, document = self.size.width, self.reader.document
            name = self.desk.type_name(self.blob.storage_type)
            self.title_bar.say(*title_content(name, self.blob, document, self.reader.mode, width))
            self.status_bar.say(
                *status_content(
                    self.status, document, self.lines, is_following=self.follower.is_following, width=width
                ),
                is_urgent=self.status.message is not None,
            )

    # Look

    def action_view_left(self) -> None:
        """Move the view left, to the start of long lines."""
        self.lines.move_side(-1)

    def action_view_right(self) -> None:
        """Move the view right, to the end of long lines."""
        self.lines.move_side(1)

    def action_view_wrap(self) -> None:
        """Wrap long lines or cut them."""
        if not self.lines.can_wrap:
            self.status.say("these lines are cut at the edge; h and l move sideways", "$warning")
        else:
            is_wrapped = self.lines.toggle_wrap()
            self.status.say("long lines are wrapped" if is_wrapped else "long lines are cut; h and l move")

    # Program

    def _open_viewer(self, member: Source) -> None:
        self.app.push_screen(ViewerScreen(self.desk, member.blob, member, files=self._files))

    def action_view_table(self) -> None:
        """Show all rows of the blob in columns."""
        from storage_tui.tui.tables.screen import TableScreen  # loaded on demand, as the viewer is

        document = self.reader.document
        source = self.reader.source if document is None else document.source
        if document is not None and document.source is not self.reader.source:
            self.status.say("it is packed; a table is read where its bytes are as they are", "$warning")
        else:
            self.app.push_screen(TableScreen(self.desk, self.blob, source))

    def action_view_map(self) -> None:
        """Show the shapes of the blob on a map."""
        from storage_tui.tui.viewer.map.screen import FeatureMapScreen  # loaded on demand, as the viewer is

        document = self.reader.document
        source = self.reader.source if document is None else document.source
        storage = self._files or self.desk.storage
        self.app.push_screen(FeatureMapScreen(self.desk, [self.blob], storage, source=source), self._map_left)

    def _map_left(self, how: str | None) -> None:
        if how == "mode":
            self.reader.action_view_mode()

    def _open_raster(self, source: Source) -> None:
        from storage_tui.previews.raster.opening import BlobRaster
        from storage_tui.tui.viewer.raster.screen import RasterScreen  # loaded on demand, as the viewer is

        storage = None if self.reader.is_member else self._files or self.desk.storage
        self.app.push_screen(RasterScreen(self.desk, self.blob, BlobRaster(source, storage)), self._raster_left)

    def _raster_left(self, how: "Left | None") -> None:
        if how == "closed" or how is None:
            self.dismiss(None)
        elif how == "mode":
            self.reader.action_view_mode()
        else:
            self.reader.is_flat = True
            self.reader.load(self._begin_at)

    def action_details(self) -> None:
        """Show everything known about the blob."""
        if self.reader.is_member:
            self.status.say("a member has no details of its own", "$warning")
        elif self._files is not None:
            self.status.say(f"a local file: {visible(self.blob.key)}", "$text-muted")
        else:
            self.app.push_screen(DetailsScreen(self.desk, self.blob))

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_peel(self) -> None:
        """Take one layer off: the prompt, running work, the following, the selection, the matches; then close."""
        if self.prompt.stop():
            return
        if self.status.working:
            for group in READS:
                self.workers.cancel_group(self, group)
            if self.reader.document is None:
                self.dismiss(None)
        elif self.follower.is_following:
            self.follower.stop()
        elif not self.selection.drop() and not self.finder.drop():
            self.dismiss(None)
        self.say_lines()

    def action_close(self) -> None:
        """Go back to the list."""
        self.dismiss(None)
