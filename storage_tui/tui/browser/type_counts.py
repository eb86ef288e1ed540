"""The figures of the sidebar for each storage type: count, bytes, and the limits of the user."""

from contextlib import suppress
from functools import partial
from typing import Any

from textual.screen import Screen

from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.background import run
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.widgets.sidebar import Sidebar


class TypeCounts:
    """Asks the server for one type after the other."""

    def __init__(self, screen: Screen[Any], desk: Desk, sidebar: Sidebar) -> None:
        self._screen = screen
        self._desk = desk
        self._sidebar = sidebar
        sidebar.set_place(desk.place)

    def read(self, first: str) -> None:
        """Ask for each type, with the type `first` before the others."""
        run(self._screen, partial(self._read, first), group="usage", exclusive=True)

    async def _read(self, first: str) -> None:
        desk, sidebar = self._desk, self._sidebar
        try:
            service = await desk.storage.describe()
            sidebar.set_limits(service.user)
            desk.note_read_only(service.read_only)
            desk.scope = service.token
            desk.note_place(service.place)
            sidebar.set_place(desk.place)
            can_count = "usage" in service.features
        except EXPECTED:
            can_count = False
        for name in sorted(
            STORAGE_TYPES if desk.place is None else desk.place.type_names, key=lambda name: name != first
        ):
            top = desk.scope.top_of(name)
            if top is None:
                sidebar.set_usage(name, "not for this token")
                continue
            if not can_count:  # counting a plain published server would list every blob
                sidebar.set_usage(name, "not counted")
                continue
            try:
                sidebar.set_usage(name, await desk.storage.usage(top.key, storage_type=name))
            except EXPECTED:
                sidebar.set_usage(name, "unknown")
        if desk.place is not None:
            with suppress(*EXPECTED):
                desk.storage.engine.service.forget()  # what is left out is known once everything was counted
                desk.note_place((await desk.storage.describe()).place)
