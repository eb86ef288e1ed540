"""The full-screen viewer: what each command of the table does there."""

from textual import on, work

from storage_tui.contract.counts import plural
from storage_tui.contract.models import Blob
from storage_tui.tui.lists.details import DetailsScreen
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.previews import Source, modes_of
from storage_tui.tui.previews.base import HEAD_BYTES
from storage_tui.tui.previews.member import open_member
from storage_tui.tui.screens.viewer_acting import ViewerActing
from storage_tui.tui.screens.viewer_view import FAILURES
from storage_tui.tui.state.viewer_document import parse_place
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.line_view import LineView

WORKING = ("work", "load", "page")  # the groups of what Esc stops


class ViewerScreen(ViewerActing):
    """A blob on the whole screen, and the keys that work on it."""

    CSS_PATH = "viewer.tcss"

    # Move

    def action_first(self) -> None:
        """To the start of the blob."""
        self.go_to(0)

    def action_last(self) -> None:
        """To the end of the blob."""
        self.go_to(None)

    def action_view_left(self) -> None:
        """Sideways to the left."""
        self.view.move_side(-1)

    def action_view_right(self) -> None:
        """Sideways to the right."""
        self.view.move_side(1)

    def action_view_go(self) -> None:
        """To an offset typed in."""
        self.ask("offset, 0x… or %:", self._go)

    def _go(self, text: str) -> None:
        document = self.document
        if not text.strip() or document is None:
            return
        size = document.source.size_bytes if document.window is not None else len(document.rows)
        place = parse_place(text, size)
        if place is None:
            self.tell("an offset is a number, 0x… or a share such as 50%", "$error")
        else:
            self.go_to(place)

    # Look

    def action_view_wrap(self) -> None:
        """Wrap long lines or cut them."""
        if not self.view.can_wrap:
            self.tell("these lines are cut at the edge; h and l move sideways", "$warning")
        else:
            self.tell("long lines are wrapped" if self.view.toggle_wrap() else "long lines are cut; h and l move")

    def action_view_mode(self) -> None:
        """As found, as text, as hex, as JSON: in turn those that differ."""
        offset = self.place
        modes = modes_of(self._source.kept(0, HEAD_BYTES), self.blob.key)
        if len(modes) == 1:
            self.tell("there is no text in it to show by lines; / finds words among the bytes", "$warning")
            return
        at = modes.index(self.mode) if self.mode in modes else 0  # following has a mode of its own
        self.mode = modes[(at + 1) % len(modes)]
        self.load(offset)

    def action_view_graphics(self) -> None:
        """Pictures in half blocks, by kitty graphics, as sixel, in turn."""
        kind = self.next_kind()
        self.tell(
            "pictures in half blocks" if kind == "blocks" else f"pictures by {kind} graphics, if this terminal can"
        )
        self.load(self.place)

    @on(LineView.Chosen)
    def action_view_open(self) -> None:
        """Fold or unfold; open a member of an archive."""
        document = self.document
        if document is None:
            return
        if document.folds is not None:
            row = document.fold(self.view.row)
            self.view.show_rows(document.rows, row)
            self.view.go_row(row)
        elif document.part(self.view.row) is not None:
            self._open_member()
        elif document.heads:
            self.tell("x shows this row in full, as text", "$warning")
        else:
            self.tell("nothing to open here: Enter folds JSON and opens members of archives", "$warning")

    @work(exclusive=True, group="work")
    async def _open_member(self) -> None:
        document = self.document
        part = document.part(self.view.row) if document is not None else None
        if document is None or part is None:
            return
        self.working = f"Opening {visible(part.name, limit=40)}…"
        self.update_lines()
        try:
            member = await open_member(document.source, part)
        except FAILURES as exc:
            self.tell_failure(exc)
            return
        finally:
            self.working = ""
            self.update_lines()
        self.app.push_screen(ViewerScreen(self.desk, member.blob, member))

    def action_view_fold_more(self) -> None:
        """Show one level less."""
        self._fold_level(-1)

    def action_view_fold_less(self) -> None:
        """Show one level more."""
        self._fold_level(1)

    def _fold_level(self, delta: int) -> None:
        document = self.document
        if document is None or document.folds is None:
            self.tell("only JSON folds", "$warning")
            return
        row = document.fold_level(delta, self.view.row)
        self.view.show_rows(document.rows, row)
        self.view.go_row(row)
        self.tell(f"{plural(document.folds.level, 'level')} open")

    # Program

    def action_details(self) -> None:
        """Everything known about the blob."""
        if self.is_member:
            self.tell("a member has no details of its own", "$warning")
        else:
            self.app.push_screen(DetailsScreen(self.desk, self.blob))

    def action_refresh(self) -> None:
        """Read again."""
        if not self.is_member:
            self._source = Source(self.desk.storage, Blob(self.blob.key, self.blob.storage_type))
        self.load(self.place)

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_peel(self) -> None:
        """One layer off: the prompt, what works, the following, the selection, the matches; then back."""
        if self.stop_asking():
            return
        if self.working:
            for group in WORKING:
                self.workers.cancel_group(self, group)
            if self.document is None:
                self.dismiss(None)
        elif self.is_following:
            self.workers.cancel_group(self, "follow")
        elif self.view.mark is not None:
            self.view.mark = None
            self.view.refresh()
        elif self.view.pattern is not None:
            self.view.pattern = None
            self.view.refresh()
        else:
            self.dismiss(None)
        self.update_lines()

    def action_close(self) -> None:
        """Back to the list."""
        self.dismiss(None)
