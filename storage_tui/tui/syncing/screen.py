"""The screen that compares a folder of the store with a local folder: the plan, its ticks, its run."""

import asyncio
from collections import deque
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.client.control import TransferControl
from storage_tui.client.sync.compare import Pair
from storage_tui.client.sync.plan import LeftOuts, compared
from storage_tui.client.sync.rules import Rules
from storage_tui.client.sync.sides import LocalSide, StoreSide, check_sides
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import CancelledError
from storage_tui.contract.keys import Location
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.flat_screen import TICK_S
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.look.row_keys import RowKeys, Words
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.paths import brief
from storage_tui.tui.syncing.lines import DifferenceLines
from storage_tui.tui.syncing.rows import Differences
from storage_tui.tui.syncing.running import Chosen, run_plan
from storage_tui.tui.trash.actions import TrashActions
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content, place_title
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.notice import notice_content

PAIRS_AT_MOST = 2_000  # compared pairs that wait for the screen; the comparison waits while there are more
PAUSE_S = 0.02


class SyncScreen(CommandScreen[None]):
    """Compares in the background, the local folder with the place, and lists what is not the same."""

    CONTEXT: ClassVar[Context] = "sync"
    CSS_PATH = ["../widgets/rows.tcss", "screen.tcss"]
    AUTO_FOCUS = "DifferenceLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, location: Location, folder: Path) -> None:
        super().__init__()
        self._desk, self._location, self._folder = desk, location, folder
        self._differences = Differences()
        self._left_out = LeftOuts()
        self._arrived: deque[Pair] = deque()
        self._control: TransferControl | None = None  # of the comparison that runs
        self._error = ""
        self._is_complete = False
        self.title_bar = Bar(id="title")
        self.view = DifferenceLines(self._differences, id="differences")
        self.status = Bar(id="status")
        self.job = Job(self, desk)
        self._row_keys = RowKeys(self)

    def compose(self) -> ComposeResult:
        """Yield title, differences, status and keys."""
        yield self.title_bar
        yield self.view
        yield self.status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the objects that it owns."""
        program = ProgramActions(self, self._desk, current=lambda: None)
        trash = TrashActions(
            self, self._desk, self.job, here=lambda: self._location, back=lambda _: self.action_refresh(),
            changed=self.action_refresh,
        )  # fmt: skip
        return (self, trash, program, Cursor(self.view))

    def on_mount(self) -> None:
        """Compare, and show the progress a few times a second."""
        self.set_interval(TICK_S, self._tick)
        self.action_refresh()

    def on_screen_resume(self) -> None:
        """Show messages on this screen."""
        self._desk.front.on_message = self.update_lines
        self.update_lines()

    def on_unmount(self) -> None:
        """Stop the comparison."""
        self._stop()

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self._desk.hint(text)

    # The comparison

    def action_refresh(self) -> None:
        """Compare again from the start."""
        self._stop()
        self._differences = self.view.differences = _fresh(self._differences)
        self._left_out, self._arrived, self._error, self._is_complete = LeftOuts(), deque(), "", False
        self._control = TransferControl()
        self.view.lines_changed()
        self._compare(self._control, self._arrived, self._left_out)
        self.update_lines()

    @work(exclusive=True, group="compare")
    async def _compare(self, control: TransferControl, arrived: "deque[Pair]", left_out: LeftOuts) -> None:
        sides = LocalSide(self._folder), StoreSide(self._desk.storage.engine, *_place(self._location))

        def read() -> None:
            rules = Rules()
            check_sides(*sides, rules, moves=False, delete=False)
            # The missing folder of a download is empty, so the store is the source here, and the sides change places.
            for pair in compared(sides[1], sides[0], rules, left_out.add, control=control):
                while len(arrived) >= PAIRS_AT_MOST:
                    control.sleep(PAUSE_S)
                arrived.append(_turned(pair))

        try:
            await asyncio.to_thread(read)
            is_complete = True
        except CancelledError:
            is_complete = False
        except EXPECTED as exc:
            is_complete = False
            if control is self._control:
                self._error = explain(exc)
                self._desk.fail(f"cannot compare {self._desk.spell(self._location)}", exc)
        except asyncio.CancelledError:
            control.cancel()
            raise
        if control is self._control:
            self._control, self._is_complete = None, is_complete
            self._tick()

    def _stop(self) -> bool:
        control, self._control = self._control, None
        if control is not None:
            control.cancel()
        return control is not None

    def _tick(self) -> None:
        if self._arrived:
            rows = [self._arrived.popleft() for _ in range(len(self._arrived))]
            self._differences.take(rows)
            self.view.lines_changed()
        self.update_lines()

    # Lines

    def update_lines(self) -> None:
        """Update the one-row lines."""
        if not self.has_lines:
            return
        width = self.size.width
        self.view.say(self._empty_words())
        self._row_keys.follow_words(self._keys_of_row())
        self.title_bar.say(
            place_title(
                self._desk.type_name(self._location.storage_type), self._location.key, self._sides(), width=width
            ),
            self._counts(),
        )
        counts = self._differences.counts
        notice = notice_content(self._desk, None)
        ticked = f"{counts.ticked['upload'] + counts.ticked['download']:,} ticked, {size_text(counts.ticked_bytes)}"
        ticked += f", {counts.ticked['delete']:,} to delete" if counts.ticked["delete"] else ""
        right = Content.assemble(gauge_content(self._desk.queue.poll(), width=width), (f"  {ticked} ", "$text-muted"))
        self.status.say(Content.assemble(" ", notice), right, is_urgent=self._desk.has_bad_news)

    def _sides(self) -> str:
        arrow = "←" if self._differences.direction == "up" else "→"
        return f"{arrow} {visible(brief(self._folder), limit=60)}"

    def _keys_of_row(self) -> Words:
        """Return the words of the footer for the difference under the cursor: what its tick is for."""
        row = self.view.row
        if row is None:
            return {"refresh": "", "turn-around": ""}
        step = row.step(self._differences.direction)
        if step == "none":
            return {"turn-around": ""}
        return {"tick": f"not {step}" if self._differences.is_ticked(row) else step}

    def _counts(self) -> Content:
        every = self._differences.counts.every
        words = [f"{every[step]:,} to {step}" for step in ("upload", "download", "delete") if every[step]]
        words += [f"{every['none']:,} left out"] if every["none"] else []
        words += [f"{self._differences.same:,} the same"]
        words += [f"the first {len(self._differences.rows):,} shown"] if self._differences.dropped else []
        failures = self._left_out.failures
        words += [f"{failures:,} cannot be read"] if failures else []
        state = "comparing… " if self._control is not None else "" if self._is_complete else "not to the end: "
        stops = " (Esc stops)" if self._control is not None else ""
        return Content.styled(f"  {state}{', '.join(words)}{stops} ", "$text-muted")

    def _empty_words(self) -> str:
        if self._error:
            return f"{visible(self._error)}\nR tries again."
        if self._control is not None:
            return "Comparing… (Esc stops)"
        if not self._is_complete:
            return "Not compared to the end. R compares again."
        return f"No difference: {plural(self._differences.same, 'file')} the same. Esc goes back."

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.update_lines()

    # Commands

    @on(LineView.Chosen)
    def action_tick(self) -> None:
        """Tick the row, or take its tick away, and go down."""
        row = self.view.row
        if row is None or not self._differences.tick(row):
            self.remark("there is nothing to tick" if row is None else row.why(self._differences.direction))
        self.view.refresh_line(self.view.cursor)
        self.view.move(1)
        self.update_lines()

    def action_tick_all(self) -> None:
        """Tick all moves, or none."""
        self._differences.tick_all()
        self.view.refresh()
        self.update_lines()

    def action_turn_around(self) -> None:
        """Make the other side the target."""
        self._differences.turn()
        self.view.refresh()
        self.update_lines()

    def action_run_plan(self) -> None:
        """Move the ticked rows; their deletes are asked for at the end."""
        if self._control is not None:
            self.remark("the comparison is not at its end; Esc stops it")
            return
        if self.job.is_busy():
            return
        rows = [*self._differences.ticked()]
        direction = self._differences.direction
        deletes = [row for row in rows if row.step(direction) == "delete"]
        moves = [row for row in rows if row.step(direction) != "delete"]
        if not rows:
            self.remark("no row is ticked; Space ticks one")
            return
        if direction == "up" and self._desk.refusal is not None:
            self.remark(self._desk.refusal)
            return
        chosen = Chosen(self._location, self._folder, direction, moves, deletes)

        def begun() -> None:
            self._differences.discard(moves)
            if self.has_lines:
                self.view.lines_changed()
                self.update_lines()

        async def run() -> None:
            if await run_plan(self.app, self._desk, chosen, begun) and self.has_lines:
                self.action_refresh()

        self.job.start(run)

    def action_close(self) -> None:
        """Stop the deletes that wait, stop comparing, leave: one of them at a time."""
        if self.job.stop():
            pass
        elif not self._stop():
            self.dismiss(None)
        self.update_lines()


def _fresh(before: Differences) -> Differences:
    """Return an empty list of differences in the same direction."""
    fresh = Differences()
    fresh.direction = before.direction
    return fresh


def _place(location: Location) -> tuple[str, str]:
    return location.storage_type, location.key


def _turned(pair: Pair) -> Pair:
    return Pair(pair.relative, pair.target, pair.source, pair.is_same, pair.reason, pair.problem)
