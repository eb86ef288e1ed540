"""The marked regions on one map, on the whole screen."""

from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.previews import PreviewError, Source
from storage_tui.tui.previews.base import View
from storage_tui.tui.previews.overlay import MOST, draw_regions, read_region
from storage_tui.tui.previews.shapes import Shapes
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.viewer_rows import Row
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.viewer_lines import ViewerLines


class MapScreen(CommandScreen[None]):
    """Reads one region after the other and draws the map again with each; Esc or q goes back."""

    CSS_PATH = "viewer.tcss"
    AUTO_FOCUS = "ViewerLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, blobs: Sequence[Blob]) -> None:
        super().__init__()
        self._desk = desk
        self._blobs = blobs[:MOST]
        self._more = len(blobs) - len(self._blobs)
        self._regions: list[tuple[str, Shapes | str]] = []

    def compose(self) -> ComposeResult:
        """Title, map, keys."""
        yield Bar(id="title")
        yield ViewerLines(id="rows")
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """The screen, then the cursor over the map and its legend."""
        return (self, Cursor(self.query_one(ViewerLines)))

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(ViewerLines).is_drawing = True
        self.call_after_refresh(self._read)

    @work(exclusive=True)
    async def _read(self) -> None:
        for blob in self._blobs:
            name = blob.key.rsplit("/", 1)[-1]
            try:
                self._regions.append((name, await read_region(Source(self._desk.storage, blob))))
            except PreviewError as exc:
                self._regions.append((name, str(exc)))
            except EXPECTED as exc:
                self._regions.append((name, explain(exc)))
            self._draw()

    def on_resize(self) -> None:
        """The map is drawn for its size."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        view = self.query_one(ViewerLines)
        shown = draw_regions(self._regions, View(view.size.width, view.size.height))
        view.show_rows([Row(line) for line in shown.lines], 0)
        count = plural(len(self._regions), "region")
        more = f", {self._more:,} more are left out" if self._more else ""
        reading = f" of {len(self._blobs):,}" if len(self._regions) < len(self._blobs) else ""
        title = Content.assemble((" Map ", "bold $accent"), f"{visible(count)}{reading}{more}")
        self.query_one("#title", Bar).say(title)

    def action_close(self) -> None:
        """Back."""
        self.dismiss(None)
