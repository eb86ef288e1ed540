"""What leaves the viewer by a key: lines to the clipboard, a range to a file, the blob to a pager or an editor."""

from functools import partial

from textual import work

from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.flows.viewing import copy_rows, hand_over, save_range
from storage_tui.tui.previews import Source
from storage_tui.tui.screens.viewer_following import ViewerFollowing
from storage_tui.tui.screens.viewer_view import FAILURES
from storage_tui.tui.visible import visible


class ViewerActing(ViewerFollowing):
    """Acts on the lines chosen, or on the whole blob."""

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
        folder = self.desk.download_folder
        name = f"{self.blob.key.rsplit('/', 1)[-1]}.{start}-{end}"
        wanted = str(folder / visible(name).replace("/", "_"))
        self.ask(f"save {size_text(end - start)} to:", partial(self._save, document.source, start, end), wanted)

    @work(exclusive=True, group="work")
    async def _save(self, source: Source, start: int, stop: int, text: str) -> None:
        self.working = f"Saving {size_text(stop - start)}…"
        self.update_lines()
        try:
            path = await save_range(source, start, stop, text)
        except FAILURES as exc:
            self.tell_failure(exc)
        else:
            self.tell(f"{size_text(stop - start)} saved to {visible(str(path))}")
        finally:
            self.working = ""
            self.update_lines()

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
            said = await hand_over(self.app, self.desk, self._source.blob, variable, fallback, progress)
        except EXPECTED as exc:
            self.tell_failure(exc)
        else:
            self.tell(said)
        finally:
            progress("")
