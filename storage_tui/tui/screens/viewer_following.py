"""Following a growing blob in the viewer, as tail -f does."""

import asyncio

from textual import work

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.sizes import size_text
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.previews import Source
from storage_tui.tui.screens.viewer_finding import ViewerFinding
from storage_tui.tui.state.messages import explain
from storage_tui.tui.visible import visible

FOLLOW_S = 1.0  # between two looks at a growing blob
IDLE_LOOKS = 60  # looks without news before they become rarer
IDLE_S = 5.0


class ViewerFollowing(ViewerFinding):
    """Stays at the end until told to stop."""

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
        idle, is_away = 0, False
        self.load(self._source.size_bytes)
        while True:
            await asyncio.sleep(FOLLOW_S if idle < IDLE_LOOKS else IDLE_S)
            try:
                blob = await self.desk.storage.stat(self.blob.key, storage_type=self.blob.storage_type)
            except NotFoundError:
                self.tell("the blob is gone; waiting for it to come back", "$warning")
                idle += 1
                continue
            except EXPECTED as exc:
                if is_away:
                    self.tell(visible(explain(exc)), "$error")  # for as long as it lasts; in the log it is once
                else:
                    self.tell_failure(exc)
                idle, is_away = idle + 1, True
                continue
            is_away = False
            known = self._source.blob
            if (blob.etag, blob.size_bytes) == (known.etag, known.size_bytes):
                idle += 1
                continue
            idle = 0
            grown = (blob.size_bytes or 0) - (known.size_bytes or 0)
            self._source = Source(self.desk.storage, blob)
            self.load(blob.size_bytes)
            if grown < 0:
                self.tell("the blob is shorter now: shown from its new end", "$warning")
            else:
                self.tell(f"{size_text(grown)} more")
