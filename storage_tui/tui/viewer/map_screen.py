"""The marked regions on one map, on the whole screen."""

from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.previews import PreviewError, Source
from storage_tui.previews.overlay import read_region
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.messages import explain
from storage_tui.tui.viewer.documents.regions import RegionsMap
from storage_tui.tui.viewer.viewer_lines import ViewerLines
from storage_tui.tui.widgets.bar import Bar


class MapScreen(CommandScreen[None]):
    """Reads one region after the other, and draws the map again with each."""

    CONTEXT: ClassVar[Context] = "map"
    CSS_PATH = "viewer.tcss"
    AUTO_FOCUS = "ViewerLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, blobs: Sequence[Blob]) -> None:
        super().__init__()
        self._desk = desk
        self._map = RegionsMap(blobs)
        self._title = Bar(id="title")
        self._lines = ViewerLines(id="rows")
        self._lines.begin(heads=(), is_drawing=True, can_wrap=False)

    def compose(self) -> ComposeResult:
        """Yield title, map and keys."""
        yield self._title
        yield self._lines
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the cursor over the map and its legend."""
        return (self, Cursor(self._lines))

    def on_mount(self) -> None:
        """Read the regions."""
        self.call_after_refresh(self._read)

    @work(exclusive=True)
    async def _read(self) -> None:
        for blob in self._map.blobs:
            try:
                self._map.add(blob, await read_region(Source(self._desk.storage, blob)))
            except PreviewError as exc:
                self._map.add(blob, str(exc))
            except EXPECTED as exc:
                self._map.add(blob, explain(exc))
            self._draw()

    def on_resize(self) -> None:
        """Draw the map for its size."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        self._map.fit(*self._lines.size)
        self._lines.show_rows(self._map.rows, 0)
        self._title.say(Content.assemble((" Map ", "bold $accent"), visible(self._map.extent)))

    def action_close(self) -> None:
        """Go back to the list."""
        self.dismiss(None)
