"""The full-screen viewer: what each command of the table does there."""

import asyncio

from textual import on, work

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.tui.flows.viewing import copy_rows, hand_over, save_range
from storage_tui.tui.previews import Source
from storage_tui.tui.previews.base import MODES, amount, size_text
from storage_tui.tui.previews.member import open_member
from storage_tui.tui.screens.details import DetailsScreen
from storage_tui.tui.screens.help import HelpScreen
from storage_tui.tui.screens.viewer_view import FAILURES, ViewerView
from storage_tui.tui.session import EXPECTED
from storage_tui.tui.state.viewer_document import parse_place
from storage_tui.tui.state.viewer_search import line_pattern, make_pattern, search
from storage_tui.tui.visible import visible
from storage_tui.tui.widgets.line_view import LineView

FOLLOW_S = 1.0  # between two looks at a growing blob
IDLE_LOOKS = 60  # looks without news before they become rarer
IDLE_S = 5.0


class ViewerScreen(ViewerView):
    """A blob on the whole screen, and the keys that work on it."""

    CSS_PATH = "viewer.tcss"

    # Move

    def action_view_down(self) -> None:
        """Next line."""
        self.view.move(1)

    def action_view_up(self) -> None:
        """Line before."""
        self.view.move(-1)

    def action_view_half_down(self) -> None:
        """Half a page down."""
        self.view.page(0.5)

    def action_view_half_up(self) -> None:
        """Half a page up."""
        self.view.page(-0.5)

    def action_view_page_down(self) -> None:
        """A page down."""
        self.view.page(1)

    def action_view_page_up(self) -> None:
        """A page up."""
        self.view.page(-1)

    def action_view_start(self) -> None:
        """To the start of the blob."""
        self.go_to(0)

    def action_view_end(self) -> None:
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

    async def _go(self, text: str) -> None:
        document = self.document
        if not text.strip() or document is None:
            return
        size = document.source.size_bytes if document.window is not None else len(document.rows)
        place = parse_place(text, size)
        if place is None:
            self.tell("an offset is a number, 0x… or a share such as 50%", "$error")
        else:
            self.go_to(place)

    # Find

    def action_view_search(self) -> None:
        """Words to look for."""
        is_hex = self.document is not None and self.document.is_hex
        self.ask("find text or 0x…:" if is_hex else "find:", self._find)

    async def _find(self, text: str) -> None:
        document = self.document
        self.view.pattern = line_pattern(text) if text else None
        self.view.refresh()
        if text and document is not None:
            self._words = text
            self._search(is_forward=True)

    def action_view_next(self) -> None:
        """The next match."""
        self._search(is_forward=True)

    def action_view_previous(self) -> None:
        """The match before."""
        self._search(is_forward=False)

    _words = ""

    @work(exclusive=True, group="work")
    async def _search(self, *, is_forward: bool) -> None:
        document, words = self.document, self._words
        if document is None or not words:
            self.tell("nothing to look for yet: / asks", "$warning")
            return
        if document.window is None:
            row = document.find(line_pattern(words), self.view.row, is_forward=is_forward)
            if row is None:
                self.tell(f'no more "{visible(words)}" {"below" if is_forward else "above"}', "$warning")
            else:
                self.view.show_rows(document.rows, row)
                self.view.go_row(row)
            return
        here = document.rows[self.view.row] if document.rows else None
        start = 0 if here is None else here.stop if is_forward else here.start
        size = document.source.size_bytes
        total = f" of {size_text(size)}" if size is not None else ""
        pattern = make_pattern(words, document.codec or "utf-8", is_hex=document.is_hex)
        try:
            async for progress in search(document.source, pattern, start, is_forward=is_forward):
                if progress.found is not None:
                    self.go_to(progress.found)
                    return
                self.working = (
                    f'looking for "{visible(words, limit=20)}": {amount(progress.searched_bytes)}{total}, Esc stops'
                )
                self.update_lines()
            self.tell(f'no more "{visible(words, limit=40)}" {"below" if is_forward else "above"}', "$warning")
        except FAILURES as exc:
            self.tell_failure(exc)
        finally:
            self.working = ""
            self.update_lines()

    # Look

    def action_view_wrap(self) -> None:
        """Wrap long lines or cut them."""
        if not self.view.can_wrap:
            self.tell("these lines are cut at the edge; h and l move sideways", "$warning")
        else:
            self.tell("long lines are wrapped" if self.view.toggle_wrap() else "long lines are cut; h and l move")

    def action_view_mode(self) -> None:
        """As found, as text, as hex, as JSON where it is."""
        offset = self.place
        modes = [mode for mode in MODES if mode != "json" or self._may_be_json()]
        self.mode = modes[(modes.index(self.mode) + 1) % len(modes)] if self.mode in modes else "auto"
        self.load(offset)

    def _may_be_json(self) -> bool:
        head = self.document.source.kept(0, 64) if self.document is not None else b""
        return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")

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
        self.app.push_screen(ViewerScreen(self.session, member.blob, member))

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
        self.tell(f"{document.folds.level} levels open")

    @work(exclusive=True, group="follow")
    async def action_view_follow(self) -> None:
        """Stay at the end of a growing blob until F or Esc."""
        if self.is_following or self.is_member:
            self.tell("a member of an archive does not grow" if self.is_member else "no longer following")
            self.is_following = False
            self.update_lines()
            return
        self.is_following = True
        self.mode = "hex" if self.document is not None and self.document.is_hex else "text"
        try:
            await self._follow()
        finally:
            self.is_following = False
            self.update_lines()

    async def _follow(self) -> None:
        idle = 0
        self.load(self._source.size_bytes)
        while True:
            await asyncio.sleep(FOLLOW_S if idle < IDLE_LOOKS else IDLE_S)
            try:
                blob = await self.session.storage.stat(self.blob.key, storage_type=self.blob.storage_type)
            except NotFoundError:
                self.tell("the blob is gone; waiting for it to come back", "$warning")
                idle += 1
                continue
            except EXPECTED as exc:
                self.tell_failure(exc)
                idle += 1
                continue
            known = self._source.blob
            if (blob.etag, blob.size_bytes) == (known.etag, known.size_bytes):
                idle += 1
                continue
            idle = 0
            grown = (blob.size_bytes or 0) - (known.size_bytes or 0)
            self._source = Source(self.session.storage, blob)
            self.load(blob.size_bytes)
            if grown < 0:
                self.tell("the blob is shorter now: shown from its new end", "$warning")
            else:
                self.tell(f"{amount(grown)} more")

    # Act

    def action_view_choose(self) -> None:
        """Begin a selection of lines, or drop it."""
        view = self.view
        view.mark = None if view.mark is not None or view.is_drawing else view.row
        view.refresh()
        self.update_lines()

    def action_view_copy(self) -> None:
        """The selection or the line to the clipboard."""
        if self.document is not None:
            self.tell(copy_rows(self.app, self.document, *self.view.chosen))
            self.view.mark = None
            self.view.refresh()

    def action_view_save(self) -> None:
        """The selection, or what is in view, to a local file."""
        document = self.document
        if document is None or document.window is None:
            self.tell("this view has no bytes of its own; x shows text or hex, which can be saved", "$warning")
            return
        first, stop = self.view.shown if self.view.mark is None else self.view.chosen
        rows = document.rows[first:stop]
        if not rows:
            return
        start, end = rows[0].start, rows[-1].stop
        folder = self.session.download_folder

        async def save(text: str) -> None:
            try:
                path = await save_range(document.source, start, end, text)
            except FAILURES as exc:
                self.tell_failure(exc)
            else:
                self.tell(f"{size_text(end - start)} saved to {visible(str(path))}")

        name = f"{self.blob.key.rsplit('/', 1)[-1]}.{start}-{end}"
        self.ask(f"save {size_text(end - start)} to:", save, str(folder / visible(name).replace("/", "_")))

    @work(exclusive=True, group="work")
    async def action_view_pager(self) -> None:
        """Download, then show in $PAGER."""
        await self._hand_over("PAGER", "less")

    @work(exclusive=True, group="work")
    async def action_view_editor(self) -> None:
        """Download, then open in $EDITOR."""
        await self._hand_over("EDITOR", "vi")

    async def _hand_over(self, variable: str, fallback: str) -> None:
        if self.is_member:
            self.tell("only whole blobs are handed over", "$warning")
            return

        def progress(text: str) -> None:
            self.working = text
            self.update_lines()

        try:
            said = await hand_over(self.app, self.session, self._source.blob, variable, fallback, progress)
        except EXPECTED as exc:
            self.tell_failure(exc)
        else:
            self.tell(said)
        finally:
            progress("")

    # Program

    def action_view_details(self) -> None:
        """Everything known about the blob."""
        if self.is_member:
            self.tell("a member has no details of its own", "$warning")
        else:
            self.app.push_screen(DetailsScreen(self.session, self.blob))

    def action_view_reload(self) -> None:
        """Read again."""
        if not self.is_member:
            self._source = Source(self.session.storage, Blob(self.blob.key, self.blob.storage_type))
        self.load(self.place)

    def action_view_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen(self.CONTEXTS))

    def action_view_peel(self) -> None:
        """One layer off: the prompt, what works, the following, the selection, the matches; then back."""
        if self.stop_asking():
            return
        if self.working:
            self.workers.cancel_group(self, "work")
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

    def action_view_close(self) -> None:
        """Back to the list."""
        self.dismiss(None)
