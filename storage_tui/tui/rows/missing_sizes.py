"""Sizes that a list does not report, as the lists of a plain published server: asked for blob by blob."""

from functools import partial
from typing import Any

from textual.screen import Screen

from storage_tui.contract.models import Blob
from storage_tui.tui.background import run
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.state.messages import explain
from storage_tui.tui.store_reads import stat_each
from storage_tui.tui.widgets.flat_keys import FlatKeys
from storage_tui.tui.widgets.key_list import KeyList


class MissingSizes:
    """Asks for the size of each blob in view that has none."""

    def __init__(self, screen: Screen[Any], desk: Desk, view: KeyList | FlatKeys) -> None:
        self._screen = screen
        self._desk = desk
        self._view = view

    def ask(self) -> None:
        """Ask for the sizes that nobody has asked for yet."""
        blobs = self._desk.sizes.to_ask(self._view.blobs_in_view())
        if blobs:
            run(self._screen, partial(self._ask, blobs), group="sizes")

    async def _ask(self, blobs: list[Blob]) -> None:
        sizes = self._desk.sizes
        try:
            async for blob in stat_each(self._desk.storage, blobs):
                sizes.take(blob)
                self._view.refresh()
        except EXPECTED as exc:
            self._desk.log.note(f"cannot read the sizes: {explain(exc)}")
        finally:
            sizes.drop(blobs)
