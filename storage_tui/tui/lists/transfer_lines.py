"""The transfers on the screen: a line each with state, key, progress, bytes, rate and time left."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from storage_tui.contract.sizes import size_parts
from storage_tui.contract.visible import visible
from storage_tui.tui.state.formats import duration_text, rate_text
from storage_tui.tui.state.transfers import Transfer, TransferJob
from storage_tui.tui.widgets.bar_content import ARROWS
from storage_tui.tui.widgets.line_view import LineView, cut_middle

ROLES = {"done": "good", "failed": "bad", "cancelled": "dim", "skipped": "dim", "paused": "warn", "waiting": "dim"}
ORDER = {"running": 0, "paused": 1, "failed": 2, "waiting": 3, "done": 4, "skipped": 5, "cancelled": 6}
OPENED_ORDER = {**ORDER, "failed": -1}
BAR_CELLS = 12
FIGURES_WIDTH, RATE_WIDTH, BAR_WIDTH = 34, 70, 90  # cells of a line: the widths from which these columns have room

CURVE_CELLS = 16
NO_TRANSFERS = "No transfers. d downloads, u uploads."
FILES_GONE = "The files of this job are no longer kept, only their counts. Esc goes back."
BLOCKS = "▁▂▃▄▅▆▇█"

Line = Transfer | TransferJob
Look = tuple[object, ...]
"""All values that the drawing of a line depends on."""


class TransferLines(LineView):
    """The jobs, or the files of an opened job, whose failures come first; only changed lines are painted again."""

    COMPONENT_CLASSES = LineView.COMPONENT_CLASSES | {"line--key", "line--good", "line--warn", "line--bad"}

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.transfers: list[Line] = []
        self._looks: list[Look] = []
        self._is_opened = False

    @property
    def row(self) -> Line | None:
        """The transfer or the job under the cursor."""
        return self.transfers[self.cursor] if self.cursor < len(self.transfers) else None

    @property
    def transfer(self) -> Transfer | None:
        """The transfer under the cursor; None on a job of several."""
        return self.row if isinstance(self.row, Transfer) else None

    def show(self, rows: Sequence[Line], *, is_opened: bool = False) -> None:
        """Show these rows with their current state; the cursor stays on its row."""
        current, top, self._is_opened = self.row, self.top, is_opened
        count = len(self.transfers)
        order = OPENED_ORDER if is_opened else ORDER
        self.transfers = sorted(rows, key=lambda row: order[row.state])
        if current is not None and self.row is not current and (at := self._index(current)) >= 0:
            self.cursor = at
            self._scroll_to_cursor(len(self.transfers))
        if (len(self.transfers), self.top) != (count, top):
            self.lines_changed()
        looks = [_look(item) for item in self.transfers[self.top : self.top + self.rows_visible]]
        for row in range(max(len(looks), len(self._looks))):
            if looks[row : row + 1] != self._looks[row : row + 1]:
                self.refresh_line(self.top + row)
        self._looks = looks

    def go_to(self, row: Line) -> None:
        """Move the cursor to a row, if it is shown."""
        if (at := self._index(row)) >= 0:
            self.go(at)

    def _index(self, row: Line) -> int:
        return next((at for at, found in enumerate(self.transfers) if found is row), -1)

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
        return self.draw_words(FILES_GONE if self._is_opened else NO_TRANSFERS, y, width)

    def draw_line(self, index: int, width: int, base: Style) -> list[Segment]:
        """Return a line: `↓ running   key  remark   ━━━━━━──────  64%   1.2 GB   12.3 MB/s    0:42`, as columns fit."""
        item = self.transfers[index]
        bar = Segment("▌", self.component("line--bar")) if index == self.cursor else Segment(" ")
        state = item.state
        start = [
            bar,
            Segment(f"{ARROWS[item.direction]} ", self.component("line--key")),
            Segment(f"{state:<9} ", self._role(ROLES.get(state, ""))),
        ]
        figures = self._figures(item, width)
        room = max(6, width - 1 - sum(cell_len(segment.text) for segment in (*start, *figures)))
        middle = self._middle(item, room)
        used = sum(cell_len(segment.text) for segment in middle)
        return [*start, *middle, Segment(" " * max(0, room - used)), *figures]

    def _middle(self, item: Line, room: int) -> list[Segment]:
        """Return the key and the remark; when both do not fit, each has at least half the room."""
        is_job = isinstance(item, TransferJob)
        remark = _files_text(item) if isinstance(item, TransferJob) else remark_of(item)
        has_remark = bool(remark) and (room >= 30 or is_job)
        name = visible(f"{item.storage_type}:{item.name if isinstance(item, TransferJob) else item.key}")
        name_cells = min(cell_len(name), max(room // 2, room - cell_len(remark) - 2) if has_remark else room)
        tail = visible(remark, limit=max(1, room - name_cells - 2)) if has_remark else ""
        has_error = _failed(item) > 0 if isinstance(item, TransferJob) else bool(item.error)
        shade = self.component("line--bad" if has_error else "line--dim")
        return [Segment(cut_middle(name, name_cells)), Segment(f"  {tail}" if tail else "", shade)]

    def _figures(self, item: Line, width: int) -> list[Segment]:
        dim = self.component("line--dim")
        state, (done_bytes, total, rate_bytes, eta_s) = item.state, _numbers(item)
        is_moving = state in ("running", "paused")
        share = done_bytes / total if total and is_moving else None
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
            is_running = state == "running"
            rate = rate_text(rate_bytes) if is_running else ""
            left = duration_text(eta_s) if is_running and eta_s is not None else ""
            figures.append(Segment(f" {rate:>10} {left:>7}", dim))
        return figures

    def _role(self, role: str) -> Style | None:
        return self.component(f"line--{role}") if role else None


def remark_of(item: Transfer) -> str:
    """Return the error, the result, or the reason of a wait; empty when all goes well."""
    is_moving = item.state in ("running", "paused")
    waits_for = item.control.waits_for if item.control is not None else item.waits_for
    if is_moving and waits_for:
        return f"waits for the server: {waits_for}"
    return item.error or item.note or (item.control.note if item.control and is_moving else "")


def sparkline(rates: Sequence[float]) -> str:
    """Return the curve of the last rates, each a block as high as its part of the highest; empty without rates."""
    shown = rates[-CURVE_CELLS:]
    highest = max(shown, default=0.0)
    if highest <= 0:
        return ""
    return "".join(BLOCKS[min(len(BLOCKS) - 1, int(rate / highest * len(BLOCKS)))] for rate in shown)


def _files_text(job: TransferJob) -> str:
    """Return `1,280 of 2,000 · 3 failed`, and the reason of a wait."""
    counts = job.counts()
    failed = _failed(job)
    parts = [f"{counts.ended - failed:,} of {counts.files:,}"] + ([f"{failed:,} failed"] if failed else [])
    states = counts.states
    others = (
        ("skipped", states.get("skipped")),
        ("cancelled", states.get("cancelled")),
        ("paused", states.get("paused")),
    )
    parts += [f"{count:,} {word}" for word, count in others if count]
    if job.is_active and job.remark and not failed:
        parts.append(job.remark)
    return " · ".join(parts)


def _failed(job: TransferJob) -> int:
    return job.counts().states.get("failed", 0)


def _numbers(item: Line) -> tuple[int, int | None, float, float | None]:
    """Return the bytes moved, the size, the rate in bytes per second, and the seconds left."""
    if isinstance(item, Transfer):
        return item.done_bytes, item.total_bytes, item.meter.bytes_per_s, item.eta_s
    counts, rate = item.counts(), item.bytes_per_s
    eta_s = max(0, counts.total_bytes - counts.done_bytes) / rate if rate > 0 else None
    return counts.done_bytes, counts.total_bytes, rate, eta_s


def _look(item: Line) -> Look:
    state, (done_bytes, total, rate, eta_s) = item.state, _numbers(item)
    eta = duration_text(eta_s) if state == "running" else ""
    remark = remark_of(item) if isinstance(item, Transfer) else _files_text(item)
    return item, state, remark, done_bytes, total, rate_text(rate), eta
