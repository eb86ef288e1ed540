"""The transfers on the screen: a line each with state, key, progress, bytes, rate and time left."""

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.sizes import size_parts
from storage_tui.contract.visible import visible
from storage_tui.tui.state.formats import duration_text, rate_text
from storage_tui.tui.state.transfers import Transfer
from storage_tui.tui.widgets.bar_content import ARROWS
from storage_tui.tui.widgets.line_view import LineView, cut_middle

ROLES = {"done": "good", "failed": "bad", "cancelled": "dim", "skipped": "dim", "paused": "warn", "waiting": "dim"}
ORDER = {"running": 0, "paused": 1, "failed": 2, "waiting": 3, "done": 4, "skipped": 5, "cancelled": 6}
BAR_CELLS = 12
FIGURES_WIDTH, RATE_WIDTH, BAR_WIDTH = 34, 70, 90  # cells of a line: the widths from which these columns have room

Look = tuple[object, ...]
"""All values that the drawing of a line depends on."""


class TransferLines(LineView):
    """The transfers: running ones first, then failed, waiting and done; only changed lines are painted again."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"line--key", "line--good", "line--warn", "line--bad"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.transfers: list[Transfer] = []
        self._looks: list[Look] = []

    @property
    def transfer(self) -> Transfer | None:
        """The transfer under the cursor."""
        return self.transfers[self.cursor] if self.cursor < len(self.transfers) else None

    def show(self, transfers: list[Transfer]) -> None:
        """Show these transfers with their current state; the cursor stays on its transfer."""
        current, top = self.transfer, self.top
        count = len(self.transfers)
        self.transfers = sorted(transfers, key=lambda item: ORDER[item.state])
        if current is not None and self.transfer is not current and current in self.transfers:
            self.cursor = self.transfers.index(current)
            self._scroll_to_cursor(len(self.transfers))
        if (len(self.transfers), self.top) != (count, top):
            self.lines_changed()
        looks = [_look(item) for item in self.transfers[self.top : self.top + self.rows_visible]]
        for row in range(max(len(looks), len(self._looks))):
            if looks[row : row + 1] != self._looks[row : row + 1]:
                self.refresh_line(self.top + row)
        self._looks = looks

    def line_count(self) -> int:
        """Return the number of transfers."""
        return len(self.transfers)

    @property
    def header_rows(self) -> int:
        """The number of header rows: one where there is room."""
        return 1 if self.size.height >= 6 and self.transfers else 0

    def draw_header(self, width: int) -> list[Segment]:
        """Return the titles, above their columns."""
        text = ""
        if width >= BAR_WIDTH:
            text += f" {'':{BAR_CELLS}}"
        if width >= FIGURES_WIDTH:
            text += f" {'done':>4} {'size':>5}   "
        if width >= RATE_WIDTH:
            text += f" {'rate':>10} {'left':>7}"
        start = "   state     key"
        return [
            Segment(f"{start}{'':{max(0, width - len(start) - len(text) - 1)}}{text}", self.component("line--head"))
        ]

    def draw_empty(self, y: int, width: int) -> list[Segment]:
        """Return the text of an empty list of transfers."""
        return self.draw_words("No transfers. d downloads, u uploads.", y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a line: `↓ running   key  remark   ━━━━━━──────  64%   1.2 GB   12.3 MB/s    0:42`, as columns fit."""
        item = self.transfers[index]
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        start = [
            bar,
            Segment(f"{ARROWS[item.direction]} ", self.component("line--key")),
            Segment(f"{item.state:<9} ", self._role(ROLES.get(item.state, ""))),
        ]
        figures = self._figures(item, width)
        room = max(6, width - 1 - sum(cell_len(segment.text) for segment in (*start, *figures)))
        middle = self._middle(item, room)
        used = sum(cell_len(segment.text) for segment in middle)
        return [*start, *middle, Segment(" " * max(0, room - used)), *figures]

    def _middle(self, item: Transfer, room: int) -> list[Segment]:
        """Return the key and the remark; when both do not fit, each has at least half the room."""
        has_remark = bool(remark := remark_of(item)) and room >= 30
        name = visible(f"{item.storage_type}:{item.key}")
        name_cells = min(cell_len(name), max(room // 2, room - cell_len(remark) - 2) if has_remark else room)
        tail = visible(remark, limit=max(1, room - name_cells - 2)) if has_remark else ""
        shade = self.component("line--bad" if item.error else "line--dim")
        return [Segment(cut_middle(name, name_cells)), Segment(f"  {tail}" if tail else "", shade)]

    def _figures(self, item: Transfer, width: int) -> list[Segment]:
        dim = self.component("line--dim")
        total, is_moving = item.total_bytes, item.state in ("running", "paused")
        share = item.done_bytes / total if total and is_moving else None
        figures: list[Segment] = []
        if width >= BAR_WIDTH and share is not None:
            filled = "━" * int(min(1.0, share) * BAR_CELLS)
            rest = "─" * (BAR_CELLS - len(filled))
            figures += [Segment(f" {filled}", self.component("line--key")), Segment(rest, dim)]
        if width >= FIGURES_WIDTH:
            number, unit = size_parts(total)
            figures += [
                Segment(f" {int(share * 100):>3}%" if share is not None else f"{'':5}"),
                Segment(f" {number:>5}"),
                Segment(f" {unit:<2}", dim),
            ]
        if width >= RATE_WIDTH:
            is_running = item.state == "running"
            rate = rate_text(item.meter.bytes_per_s) if is_running else ""
            left = duration_text(item.eta_s) if is_running and item.eta_s is not None else ""
            figures.append(Segment(f" {rate:>10} {left:>7}", dim))
        return figures

    def _role(self, role: str) -> Style | None:
        return self.component(f"line--{role}") if role else None


def remark_of(item: Transfer) -> str:
    """Return the error, the result, or the reason of a wait; empty when all goes well."""
    is_moving = item.state in ("running", "paused")
    if item.control is not None and is_moving and item.control.waits_for:
        return f"waits for the server: {item.control.waits_for}"
    return item.error or item.note or (item.control.note if item.control and is_moving else "")


def _look(item: Transfer) -> Look:
    eta = duration_text(item.eta_s) if item.state == "running" else ""
    return item, item.state, remark_of(item), item.done_bytes, item.total_bytes, rate_text(item.meter.bytes_per_s), eta
