"""The usage tree: the bytes below each folder; walk down, delete with the same review."""

from collections.abc import Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location, parent_prefix
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.lists.flat_screen import TICK_S, Go
from storage_tui.tui.lists.program import ProgramActions
from storage_tui.tui.lists.usage_count import count
from storage_tui.tui.lists.usage_lines import UsageLines
from storage_tui.tui.lists.usage_tree import USAGE_SORTS, UsageLevel
from storage_tui.tui.look.beside import Beside
from storage_tui.tui.look.row_keys import RowKeys
from storage_tui.tui.rows.actions import Gone, RowActions
from storage_tui.tui.rows.job import Job
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.marks import place_of
from storage_tui.tui.state.messages import explain
from storage_tui.tui.trash.actions import TrashActions
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import gauge_content, marks_content, place_title
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.notice import notice_content


class UsageScreen(CommandScreen[None]):
    """Shows one level at a time; completely counted levels are kept for the way back."""

    CONTEXT: ClassVar[Context] = "usage"
    CSS_PATH = ["../widgets/rows.tcss", "flat_screen.tcss"]
    AUTO_FOCUS = "UsageLines"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, location: Location, go: Go) -> None:
        super().__init__()
        self.desk = desk
        self._type = location.storage_type
        self._go = go
        self._levels: dict[str, UsageLevel] = {}
        self._level = UsageLevel(self._type, location.key)
        self._is_counting = False
        self.title_bar = Bar(id="title")
        self.view = UsageLines(desk.marks, self._level, id="tree")
        self.beside = Beside(desk, self.view)
        self.status = Bar(id="status")
        self._row_keys = RowKeys(self)
        self.job = Job(self, desk)

    def compose(self) -> ComposeResult:
        """Yield title, lines, status and keys."""
        yield self.title_bar
        yield self.beside
        yield self.status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the objects that it owns."""
        actions = RowActions(
            self, self.desk, self.job, current=self.current_row, shown=self._shown, gone=self._rows_gone,
            changed=self._rows_changed,
        )  # fmt: skip
        trash = TrashActions(
            self, self.desk, self.job, here=self._here, back=lambda _: self._recount(), changed=self._recount
        )
        program = ProgramActions(self, self.desk, current=self.current_row)
        return (self, actions, trash, program, Cursor(self.view))

    def on_mount(self) -> None:
        """Count the first level."""
        self.set_interval(TICK_S, self.update_lines)
        self._open(self._level.prefix)

    def on_screen_resume(self) -> None:
        """Show messages on this screen."""
        self.desk.front.on_message = self.update_lines
        self.update_lines()

    def current_row(self) -> Row | None:
        """Return the folder under the cursor; None on the blobs directly here."""
        branch = self.view.branch
        return Folder(branch.prefix, self._type) if branch is not None and not branch.is_own else None

    def _shown(self, rows: Sequence[Row]) -> list[Row]:
        """Return those of the rows that are folders of this level."""
        level = Location(self._type, self._level.prefix)
        return [row for row in rows if isinstance(row, Folder) and place_of(row) == level]

    def _open(self, prefix: str, *, at: str | None = None) -> None:
        known = self._levels.get(prefix)
        self._level = known or UsageLevel(self._type, prefix)
        self.view.show(self._level, at=at)
        self.workers.cancel_group(self, "usage")
        self._is_counting = False  # the count was for the level that was left
        if known is None:
            self._count(self._level, at)
        self.update_lines()

    @work(exclusive=True, group="usage")
    async def _count(self, level: UsageLevel, at: str | None) -> None:
        self._is_counting = True
        try:
            async for _ in count(self.desk.storage, level):
                if level is self._level:
                    self.view.show(level, at=at)
                    at = None
            self._levels[level.prefix] = level
        except EXPECTED as exc:
            level.error = f"{visible(explain(exc))}\nR tries again."
            self.desk.fail(f"cannot count {self.desk.spell(Location(self._type, level.prefix))}", exc)
        finally:
            if level is self._level:
                self._is_counting = False
                self.update_lines()

    def update_lines(self) -> None:
        """Update the one-row lines."""
        if not self.has_lines:
            return
        level, width = self._level, self.size.width
        self.beside.show_row(self.current_row())
        branch = self.view.branch
        if branch is not None:  # Enter lists the blobs directly here, and walks into a folder
            self._row_keys.follow_words({"open": "list them"} if branch.is_own else {"open": "", "delete": ""})
        bound = "" if level.is_exact else "≥ "
        counts = f"{bound}{size_text(level.size_bytes)} in {bound}{plural(level.count, 'blob')} "
        counts = f"counting… {counts}(Esc stops) " if self._is_counting else counts
        title = place_title(self.desk.type_name(self._type), level.prefix, "usage", width=width)
        self.title_bar.say(title, Content.styled(counts, "$text-muted"))
        notice = notice_content(self.desk, self.current_row())
        gauge = Content.assemble(gauge_content(self.desk.queue.poll(), width=width), " ")
        left = Content.assemble(" ", marks_content(self.desk.marks), notice)
        self.status.say(left, gauge, is_urgent=self.desk.has_bad_news)

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self.desk.hint(text)

    def _rows_changed(self) -> None:
        self.view.refresh()
        self.update_lines()

    def _rows_gone(self, rows: Sequence[Row], gone: Gone) -> None:
        """Count the levels of the deleted rows again."""
        self._recount()
        for name in {row.storage_type for row in rows}:
            self.desk.touch(name)

    def _here(self) -> Location:
        return Location(self._type, self._level.prefix)

    def _recount(self) -> None:
        """Count every level again: blobs have gone or come."""
        self._levels.clear()
        self.action_refresh()

    @on(LineView.Chosen)
    def action_open(self) -> None:
        """Go into the folder; show the blobs directly here in the list."""
        branch = self.view.branch
        if branch is None:
            return
        if branch.is_own:
            self.action_show_in_list()
        else:
            self._open(branch.prefix)

    def action_parent(self) -> None:
        """Go up one folder."""
        if self._level.prefix:
            self._open(parent_prefix(self._level.prefix), at=self._level.prefix)

    def action_show_in_list(self) -> None:
        """Show this level in the list of the main screen."""
        branch = self.view.branch
        self.dismiss(None)
        self._go(Location(self._type, self._level.prefix), branch.prefix if branch is not None else "")

    def action_mark(self) -> None:
        """Mark the folder, and move the cursor down."""
        row = self.current_row()
        if row is not None:
            self.desk.marks.toggle(row)
            self.view.refresh_line(self.view.cursor)
        self.view.move(1)
        self.update_lines()

    def action_sort(self) -> None:
        """Sort by the next column."""
        view = self.view
        view.sort = USAGE_SORTS[(USAGE_SORTS.index(view.sort) + 1) % len(USAGE_SORTS)]
        view.show(self._level)

    def action_refresh(self) -> None:
        """Count this level again."""
        branch = self.view.branch
        self._levels.pop(self._level.prefix, None)
        self._open(self._level.prefix, at=branch.prefix if branch is not None else None)

    def action_peel(self) -> None:
        """Stop deleting, stop counting, leave: one of them at a time."""
        if self.job.stop():
            pass
        elif self._is_counting:
            self.workers.cancel_group(self, "usage")
            if not self._level.is_exact:
                self._level.error = "Not counted to the end. R counts again."
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Go back to the main screen."""
        self.dismiss(None)
