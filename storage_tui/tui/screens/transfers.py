"""The transfers: each with state, bytes, rate and time left; pause, cancel, retry."""

from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content

from storage_tui.contract.sizes import size_parts
from storage_tui.tui.commands import Context
from storage_tui.tui.screens.lines_screen import LinesScreen
from storage_tui.tui.session import Session
from storage_tui.tui.state.formats import duration_text, rate_text
from storage_tui.tui.state.transfers import Transfer
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.line_view import cut_middle
from storage_tui.tui.widgets.lines import ARROWS, gauge_content
from storage_tui.tui.widgets.text_lines import Line

TICK_S = 0.25
ROLES = {"done": "good", "failed": "bad", "cancelled": "dim", "skipped": "dim", "paused": "warn", "waiting": "dim"}
ORDER = {"running": 0, "paused": 1, "failed": 2, "waiting": 3, "done": 4, "skipped": 5, "cancelled": 6}
LINES_SHOWN = 2000  # of a long queue; the counts above tell the rest


class TransfersScreen(LinesScreen):
    """What runs comes first, then what failed, waits and is done."""

    CONTEXTS: ClassVar[tuple[Context, ...]] = ("transfers", "lines")

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: list[Transfer] = []
        self._before: list[Line] = []

    def on_mount(self) -> None:
        """Fill in again a few times a second."""
        self.set_interval(TICK_S, self.fill)

    def fill(self) -> None:
        """Paint only when something changed; the cursor stays on its transfer."""
        current = self._current()
        items = sorted(self._session.queue.items, key=lambda item: ORDER[item.state])
        self._shown = items[:LINES_SHOWN]
        lines = self.lines()
        self.query_one("#title", Bar).say(self.title_content())
        if lines != self._before:
            self._before = lines
            self.view.set_lines(lines)
            if current is not None and current in self._shown:
                self.view.go(self._shown.index(current))

    def title_content(self) -> Content:
        """The batch at a glance."""
        gauge = gauge_content(self._session.queue.poll(), width=self.size.width)
        return Content.assemble((" Transfers  ", "bold $accent"), gauge)

    def lines(self) -> list[Line]:
        """One line a transfer."""
        width = max(20, self.size.width - 2)
        return [_line(item, width) for item in self._shown] or [
            [("No transfers. d downloads, u uploads.", "dim")],
        ]

    def _current(self) -> Transfer | None:
        return self._shown[self.view.cursor] if self.view.cursor < len(self._shown) else None

    def action_transfer_pause(self) -> None:
        """Hold, or go on."""
        transfer = self._current()
        if transfer is not None:
            if transfer.state == "paused":
                self._session.queue.resume(transfer)
            else:
                self._session.queue.pause(transfer)
        self._changed()

    def action_transfer_cancel(self) -> None:
        """Stop this one."""
        transfer = self._current()
        if transfer is not None:
            self._session.runner.cancel(transfer)
        self._changed()

    def action_transfer_cancel_all(self) -> None:
        """Stop all."""
        for transfer in list(self._session.queue.items):
            self._session.runner.cancel(transfer)
        self._changed()

    def action_transfer_retry(self) -> None:
        """This one again."""
        transfer = self._current()
        if transfer is not None:
            self._session.queue.retry(transfer)
        self._changed()

    def action_transfer_retry_all(self) -> None:
        """All that failed again."""
        for transfer in list(self._session.queue.items):
            if transfer.state == "failed":
                self._session.queue.retry(transfer)
        self._changed()

    def action_transfer_clear(self) -> None:
        """Forget what is over."""
        self._session.queue.clear_finished()
        self._changed()

    def _changed(self) -> None:
        self._session.runner.pump()
        self.fill()


def _line(item: Transfer, width: int) -> Line:
    """`↓ running   key  remark          64%   1.2 GB   12.3 MB/s    0:42`, columns giving way from the right."""
    total = item.total_bytes
    number, unit = size_parts(total)
    is_moving = item.state in ("running", "paused")
    figures: list[tuple[str, str]] = []
    if width >= 34:
        share = f"{item.done_bytes / total:.0%}" if total and is_moving else ""
        figures += [(f" {share:>4}", ""), (f" {number:>5}", ""), (f" {unit:<2}", "dim")]
    if width >= 70:
        rate = rate_text(item.meter.bytes_per_s) if item.state == "running" else ""
        eta = duration_text(item.eta_s) if item.state == "running" and item.eta_s is not None else ""
        figures.append((f" {rate:>10} {eta:>7}", "dim"))
    start = [(f"{ARROWS[item.direction]} ", "key"), (f"{item.state:<9} ", ROLES.get(item.state, ""))]
    room = max(6, width - sum(len(text) for text, _ in start + figures))
    remark = item.error or item.note or (item.control.note if item.control and is_moving else "")
    name = visible(f"{item.storage_type}:{item.key}")
    name_cells = min(cell_len(name), room // 2 if remark and room >= 30 else room)
    tail = visible(remark, limit=max(1, room - name_cells - 2)) if remark and room >= 30 else ""
    middle = [(cut_middle(name, name_cells), ""), (f"  {tail}" if tail else "", "bad" if item.error else "dim")]
    used = sum(cell_len(text) for text, _ in middle)
    return [*start, *middle, (" " * max(0, room - used), ""), *figures]
