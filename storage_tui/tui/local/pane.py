"""The widget of the local side: its path, its list, its filter."""

from collections.abc import Callable

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.filter_line import FilterLine
from storage_tui.tui.widgets.key_list import KeyList
from storage_tui.tui.widgets.line_view import LineView


class LocalPane(Vertical):
    """Shows the list of a local folder. What happens in its widgets goes to the functions of the side."""

    def __init__(
        self,
        path: Bar,
        view: KeyList,
        line: FilterLine,
        *,
        wanted: Callable[[int], None],
        chosen: Callable[[], object],
        typed: Callable[[str], None],
        left: Callable[[], None],
    ) -> None:
        """`wanted` reads the page of a row, `chosen` opens the row, `typed` and `left` are of the filter."""
        super().__init__(id="local")
        self._widgets = (path, view, line)
        self._wanted = wanted
        self._chosen = chosen
        self._typed = typed
        self._left = left

    def compose(self) -> ComposeResult:
        """Yield path, list and filter."""
        yield from self._widgets

    @on(KeyList.PageWanted)
    def _page_wanted(self, event: KeyList.PageWanted) -> None:
        event.stop()
        self._wanted(event.index)

    @on(LineView.Chosen)
    def _row_chosen(self, event: LineView.Chosen) -> None:
        event.stop()
        self._chosen()

    @on(FilterLine.Typed)
    def _filter_typed(self, event: FilterLine.Typed) -> None:
        event.stop()
        self._typed(event.text)

    @on(FilterLine.Left)
    def _filter_left(self, event: FilterLine.Left) -> None:
        event.stop()
        self._left()
