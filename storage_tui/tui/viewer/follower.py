"""The follower of a growing blob, as tail -f is: the viewer stays at the end of the blob."""

import asyncio
from typing import Any, Protocol

from textual.worker import Worker

from storage_tui.contract.errors import NotFoundError
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews import Source
from storage_tui.previews.base import RangeStorage
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.state.messages import explain
from storage_tui.tui.viewer.reader import Reader
from storage_tui.tui.viewer.status import Run, Status

LOOK_S = 1.0  # between two checks of the size of a growing blob
IDLE_LOOKS = 60  # checks without news before they become rarer
IDLE_LOOK_S = 5.0


class FollowedStorage(RangeStorage, Protocol):
    """The calls that following makes; AsyncStorage has them."""

    async def stat(self, key: str, storage_type: str = ...) -> Blob:
        """Return the blob as it is now."""


class Follower:
    """Checks the size of the blob, and has the reader show the end after a change.

    `look_s` and `idle_look_s` are the seconds between two checks, at first and after a minute without news.
    """

    def __init__(self, storage: FollowedStorage, blob: Blob, reader: Reader, *, status: Status, run: Run) -> None:
        self.is_following = False
        self.look_s = LOOK_S
        self.idle_look_s = IDLE_LOOK_S
        self._storage = storage
        self._blob = blob
        self._reader = reader
        self._status = status
        self._run = run
        self._worker: Worker[Any] | None = None

    def action_view_follow(self) -> None:
        """Start or stop staying at the end of a growing blob."""
        if self._reader.is_member:
            self._status.say("a member of an archive does not grow")
        elif self.is_following:
            self.stop()
            self._status.say("no longer following")
        else:
            document = self._reader.document
            self.is_following = True
            self._reader.mode = "hex" if document is not None and document.is_hex else "text"
            self._worker = self._run(self._follow, group="follow", exclusive=True)

    def stop(self) -> None:
        """Stop following."""
        self.is_following = False
        if self._worker is not None:
            self._worker.cancel()
        self._status.update()

    async def _follow(self) -> None:
        idle, is_away = 0, False
        self._reader.load(self._reader.source.size_bytes)
        while True:
            await asyncio.sleep(self.look_s if idle < IDLE_LOOKS else self.idle_look_s)
            try:
                blob = await self._storage.stat(self._blob.key, storage_type=self._blob.storage_type)
            except NotFoundError:
                self._status.say("the blob is gone; waiting for it to come back", "$warning")
                idle += 1
                continue
            except EXPECTED as exc:
                if is_away:
                    self._status.say(visible(explain(exc)), "$error")  # shown as long as it lasts; the log gets it once
                else:
                    self._status.fail(exc)
                idle, is_away = idle + 1, True
                continue
            is_away = False
            known = self._reader.source.blob
            if (blob.etag, blob.size_bytes) == (known.etag, known.size_bytes):
                idle += 1
                continue
            idle = 0
            grown = (blob.size_bytes or 0) - (known.size_bytes or 0)
            self._reader.load_source(Source(self._storage, blob), blob.size_bytes)
            if grown < 0:
                self._status.say("the blob is shorter now: shown from its new end", "$warning")
            else:
                self._status.say(f"{size_text(grown)} more")
