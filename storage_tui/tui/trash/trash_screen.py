"""The trash of a prefix: what was deleted or replaced and can come back; mark, bring back, purge."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Retention
from storage_tui.contract.sizes import size_text
from storage_tui.contract.trash import MOVED_OVER, OVERWRITTEN, BringBack, GoneBlob
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.commands import Context
from storage_tui.tui.cursor import Cursor
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.purge import PurgeScreen
from storage_tui.tui.lists.help import HelpScreen
from storage_tui.tui.lists.log import LogScreen
from storage_tui.tui.look.row_keys import RowKeys, Words
from storage_tui.tui.state.messages import explain
from storage_tui.tui.trash.terms import lasting
from storage_tui.tui.trash.trash_lines import TrashLines
from storage_tui.tui.widgets.bar import Bar
from storage_tui.tui.widgets.bar_content import place_title
from storage_tui.tui.widgets.line_view import LineView
from storage_tui.tui.widgets.notice import notice_content

KEPT = 20_000  # versions in the list, about 12 MB; a longer trash is looked at by folder
TICK_S = 0.25
BATCH = 250  # blobs in one call: Esc waits for at most one


class TrashScreen(CommandScreen[None]):
    """Lists the gone blobs below a place. `back` is called with the place of a blob that came back."""

    CONTEXT: ClassVar[Context] = "trash"
    CSS_PATH = ["../widgets/rows.tcss", "trash_screen.tcss"]
    AUTO_FOCUS = "TrashLines"
    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (8, "-tall")]

    def __init__(self, desk: Desk, location: Location, back: Callable[[Location], None]) -> None:
        super().__init__()
        self._desk = desk
        self._location = location
        self._back = back
        self._terms = Retention()
        self._is_cut = False
        self.view = TrashLines(location.key, id="trash")
        self._title_bar = Bar(id="title")
        self._status = Bar(id="status")
        self._row_keys = RowKeys(self)

    def compose(self) -> ComposeResult:
        """Yield title, list, status and keys."""
        yield self._title_bar
        yield self.view
        yield self._status
        yield self.footer

    def targets(self) -> tuple[object, ...]:
        """Return the screen, then the cursor over the versions."""
        return (self, Cursor(self.view))

    def on_mount(self) -> None:
        """Read the trash; a message in the status line goes by itself."""
        self.set_interval(TICK_S, self.update_lines)
        self._read()

    def on_screen_resume(self) -> None:
        """Show messages on this screen."""
        self._desk.front.on_message = self.update_lines
        self.update_lines()

    @work(exclusive=True, group="trash")
    async def _read(self) -> None:
        place, found = self._location, list[GoneBlob]()
        self.view.say("Reading… (Esc stops)")
        try:
            self._terms = await self._desk.storage.trash.terms()
            token: str | None = None
            while self._terms.has_any:
                page = await self._desk.storage.trash.list_page(place.key, place.storage_type, next_token=token)
                found += page.blobs
                self.view.show(found)
                self.update_lines()
                token = page.next_token
                self._is_cut = token is not None and len(found) >= KEPT
                if token is None or self._is_cut:
                    break
            self.view.show(found)
            self.view.say(self._empty_words())
        except EXPECTED as exc:
            self.view.say(f"{visible(explain(exc))}\nR tries again.")
            self._desk.fail(f"cannot list the trash of {place_text(place)}", exc)
        finally:
            self.update_lines()

    def _empty_words(self) -> str:
        if not self._terms.has_any:
            return "This server keeps nothing that was deleted or replaced. Esc goes back."
        return f"Nothing below {place_text(self._location)} was deleted or replaced lately. Esc goes back."

    def update_lines(self) -> None:
        """Update the one-row lines."""
        if not self.has_lines:
            return
        place, view, width = self._location, self.view, self.size.width
        self._row_keys.follow_words(_keys_of(view.current, len(view.marks)))
        total = size_text(sum(one.blob.size_bytes or 0 for one in view.gone))
        counts = f"{plural(len(view.gone), 'version')} · {total}" + (", the first in order of the keys" * self._is_cut)
        counts += f", kept {lasting(self._terms.retention_s)}" if self._terms.retention_s and width >= 80 else ""
        title = place_title(self._desk.type_name(place.storage_type), place.key, "trash", width=width)
        self._title_bar.say(title, Content.styled(f"  {counts} ", "$text-muted"))
        marks = Content.styled(f"● {len(view.marks):,}  " if view.marks else "", "bold $warning")
        notice = notice_content(self._desk, None)
        left = Content.assemble(" ", marks, notice)
        position = f"  {min(view.cursor + 1, len(view.gone)):,}/{len(view.gone):,} "
        self._status.say(left, Content.styled(position, "$text-muted"), is_urgent=self._desk.has_bad_news)

    def remark(self, text: str) -> None:
        """Show for some seconds why a key has done nothing."""
        self._desk.hint(text)

    @on(LineView.CursorMoved)
    def _moved(self) -> None:
        self.update_lines()

    # Commands

    def action_mark(self) -> None:
        """Mark the version, and go down."""
        self.view.mark()
        self.update_lines()

    def action_mark_all(self) -> None:
        """Mark all versions, or none."""
        self.view.mark_all()
        self.update_lines()

    @on(LineView.Chosen)
    def action_bring_back(self) -> None:
        """Bring back the marked versions, or this one."""
        chosen = self.view.chosen
        if chosen:
            self._bring_back(chosen)
        else:
            self.remark("nothing to bring back: the trash is empty here")

    @work(exclusive=True, group="act")
    async def _bring_back(self, chosen: Sequence[GoneBlob]) -> None:
        """Bring back; a blob that exists at the key stays, and the version comes back beside it."""
        desk, name = self._desk, self._location.storage_type
        chosen = _last_of_each_key(chosen)
        done, refused, made = 0, 0, list[tuple[str, str | None]]()
        try:
            for first in range(0, len(chosen), BATCH):
                desk.working = f"Bringing back {done:,} of {len(chosen):,} (Esc stops)"
                self.update_lines()
                part = chosen[first : first + BATCH]
                targets = [BringBack(one.key, one.blob.etag) for one in part]
                for one, result in zip(part, await desk.storage.trash.bring_back_many(targets, name), strict=True):
                    if result.blob is not None:
                        done += 1
                        made.append((result.blob.key, result.blob.etag))
                        continue
                    refused += 1
                    desk.log.error(f"{one.key!a} did not come back: {result.message or result.error}")
        except EXPECTED as exc:
            desk.fail(f"{plural(done, 'blob')} came back, then it stopped", exc)
        else:
            words = f"{plural(done, 'blob')} came back"
            if len(chosen) == 1 and done:
                words = f"{visible(chosen[0].key, limit=60)} came back"
            if refused:
                desk.fail(f"{words}, {refused:,} did not: their key is taken again, or they are gone (L shows)")
            else:
                desk.say(words)
        finally:
            desk.working = ""
            self._changed(made)

    def _changed(self, made: Sequence[tuple[str, str | None]]) -> None:
        name = self._location.storage_type
        if made:
            self._desk.undo.note_created(name, made)
            self._desk.touch(name)
            self._back(Location(name, made[0][0]))
        if self.has_lines:
            self._read()

    def action_purge(self) -> None:
        """Ask, and remove the marked versions, or this one, for good."""
        chosen = self.view.chosen
        if chosen:
            self._purge(chosen)
        else:
            self.remark("nothing to remove: the trash is empty here")

    @work(exclusive=True, group="act")
    async def _purge(self, chosen: Sequence[GoneBlob]) -> None:
        if not await self.app.push_screen_wait(PurgeScreen(chosen)):
            return
        desk, count, size_bytes = self._desk, 0, 0
        try:
            for first in range(0, len(chosen), BATCH):
                part = [(one.key, one.blob.etag) for one in chosen[first : first + BATCH]]
                purged = await desk.storage.trash.purge(part, self._location.storage_type)
                count, size_bytes = count + purged.count, size_bytes + purged.size_bytes
            desk.say(f"removed {plural(count, 'version')} for good, {size_text(size_bytes)}")
        except EXPECTED as exc:
            desk.fail(f"removed {plural(count, 'version')} for good, then it stopped", exc)
        finally:
            if self.has_lines:
                self._read()

    def action_refresh(self) -> None:
        """Read the trash again."""
        self._read()

    def action_log(self) -> None:
        """Show the log."""
        self.app.push_screen(LogScreen(self._desk.log))

    def action_help(self) -> None:
        """Show the keys of this screen, then all others."""
        self.app.push_screen(HelpScreen(self.CONTEXT))

    def action_peel(self) -> None:
        """Stop running work, drop the marks, leave: one of them at a time."""
        if self._desk.working:
            self.workers.cancel_group(self, "act")
        elif self.view.marks:
            self.view.marks.clear()
            self.view.refresh()
            self.update_lines()
        else:
            self.dismiss(None)

    def action_close(self) -> None:
        """Go back to the main screen."""
        self.dismiss(None)


def _keys_of(gone: GoneBlob | None, marks: int) -> Words:
    """Return the words of the footer for a version: what was replaced comes back beside the blob that is there."""
    if marks:
        return {"bring-back": f"bring back {marks:,}"}
    if gone is None:
        return {"refresh": ""}
    return {"bring-back": "bring back beside" if gone.how in (OVERWRITTEN, MOVED_OVER) else "bring back"}


def _last_of_each_key(chosen: Sequence[GoneBlob]) -> list[GoneBlob]:
    """Return one version of each key, the last that went: a key holds one blob."""
    last: dict[str, GoneBlob] = {}
    for one in chosen:
        if one.key not in last or last[one.key].gone < one.gone:
            last[one.key] = one
    return list(last.values())
