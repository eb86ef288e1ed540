"""What stands around a view: the title, the status line, and the column, which a narrow screen hides."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from storage_tui.contract.visible import visible
from storage_tui.tui.viewer.prompt import Prompt
from storage_tui.tui.viewer.status import Status
from storage_tui.tui.viewer.views.canvas import ViewCanvas
from storage_tui.tui.viewer.views.column import ViewColumn
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import cut_start

COLUMN_FROM = 100  # cells: from this width on the column is there without being asked for
COLUMN_CELLS = 36
WORDS_CELLS = COLUMN_CELLS - 2  # of the column, for its lines
LEAST_FOR_COLUMN = 60  # a narrower screen has no room for it
LEAST_FOR_BAR = 8  # rows; on fewer ones the scale bar would cover too much
LEAST_NAME = 8  # cells of a key in the title


class ViewFrame:
    """The widgets around the canvas of a view. `width` returns that of the screen."""

    def __init__(self, canvas: ViewCanvas, *, width: Callable[[], int], remark: Callable[[str], None]) -> None:
        """`remark` says why a key has done nothing."""
        self.column = ViewColumn(id="column")
        self.column.styles.width = COLUMN_CELLS
        self.prompt = Prompt(back_to=canvas)
        self._canvas = canvas
        self._width = width
        self._remark = remark
        self._has_column: bool | None = None  # None: as the width of the screen says
        self._title = Bar(id="title")
        self._status = Bar(id="status")

    def compose(self) -> ComposeResult:
        """Yield title, view with its column, status and prompt."""
        yield self._title
        with Horizontal(id="body"):
            yield self._canvas
            yield self.column
        yield self._status
        yield self.prompt

    def lay_out(self) -> None:
        """Make room for the column, or give it to the view."""
        width = self._width()
        is_wanted = width >= COLUMN_FROM if self._has_column is None else self._has_column
        self.column.display = is_wanted and width >= LEAST_FOR_COLUMN

    def action_raster_column(self) -> None:
        """Show or hide the column."""
        if self._width() < LEAST_FOR_COLUMN:
            self._remark(f"the column needs a screen of {LEAST_FOR_COLUMN} cells")
            return
        self._has_column = not self.column.display
        self.lay_out()

    def say_title(self, kept_in: str, name: str, kind: str) -> None:
        """Show a name that is not escaped, after what has the blob, and the kind of what is shown."""
        width = self._width()
        name = cut_start(visible(name), max(LEAST_NAME, width - 12 - min(len(kind), width // 2)))
        self._title.say(
            Content.assemble((f" {kept_in} ", "bold $accent"), ("▸ ", "$text-muted"), (name, "bold")),
            Content.styled(f"{kind} ", "$text-muted"),
        )

    def say_status(self, status: Status, readout: Content | None, right: str) -> None:
        """Show the message of the last seconds, else `readout`, else the running work."""
        left = Content.styled(status.working, "$accent") if readout is None else readout
        if status.message is not None:
            left = Content.styled(*status.message)
        self._status.say(
            Content.assemble(" ", left), Content.styled(f"{right} ", "$text-muted"),
            is_urgent=status.message is not None,
        )  # fmt: skip
