"""The commands that go to another place."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from textual.screen import Screen

from storage_tui.contract.keys import Location, as_folder, parent_prefix
from storage_tui.contract.places import S3_SCHEME, PlaceOptions
from storage_tui.tui.background import Work, run
from storage_tui.tui.browser.place import OpenPlace
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.dialogs.bookmarks import BookmarkScreen, PlacesScreen
from storage_tui.tui.dialogs.go_to import GoToScreen
from storage_tui.tui.rows.pairing import find_pair
from storage_tui.tui.state.bookmarks import Elsewhere
from storage_tui.tui.store_reads import names_from
from storage_tui.tui.widgets.key_list import KeyList


class Walking:
    """Opens places: above, before, in another storage type, typed, bookmarked."""

    def __init__(
        self, screen: Screen[Any], desk: Desk, view: KeyList, place: OpenPlace, *,
        open_local: Callable[[Path], Awaitable[None]],
    ) -> None:  # fmt: skip
        """`open_local` shows a path on the local side."""
        self._open_local = open_local
        self._screen = screen
        self._desk = desk
        self._view = view
        self._place = place

        self.is_looking = False  # whether the first place is not known yet

    def begin(self, location: Location) -> None:
        """Open the first place: the folder of a blob with the cursor on the blob, or a folder."""
        folder = as_folder(location)
        is_shown = folder == location or self._desk.history.holds(folder)
        if is_shown:
            self._place.open(folder)
        if folder != location:
            self.is_looking = not is_shown
            run(self._screen, partial(self._look, location, folder, is_shown=is_shown), group="first")

    async def _look(self, location: Location, folder: Location, *, is_shown: bool) -> None:
        is_blob = False
        try:
            await self._desk.storage.stat(location.key, location.storage_type)
            is_blob = True
        except EXPECTED:
            pass  # the list says what is wrong, if anything is
        finally:
            self.is_looking = False
        if self._place.location != folder:
            return  # somebody was faster
        if is_blob:
            self.go_to_key(location)
        elif not is_shown:
            self._place.open(folder)

    def _ask(self, work: Work) -> None:
        run(self._screen, work, group="ask", exclusive=True)

    def go_to_key(self, location: Location) -> None:
        """Open the folder of a key with the cursor on the key; open the key itself when it is a folder."""
        folder = location.key if location.key.endswith("/") else parent_prefix(location.key)
        self._place.open(Location(location.storage_type, folder), anchor=location.key or None)

    def action_parent(self) -> None:
        """Go up one folder with the cursor on the folder that was left."""
        here = self._place.location
        if here.key:
            up = Location(here.storage_type, parent_prefix(here.key))
            if self._desk.scope.may_list(up):
                self._place.open(up, anchor=here.key)
            else:
                self._desk.refuse("this token does not open the folder above")
        else:
            self._desk.hint(f"this is the top of {here.storage_type}")

    def action_back(self) -> None:
        """Go to the place before."""
        location = self._desk.history.last()
        if location is not None:
            self._place.open(location, way="back")
        else:
            self._desk.hint("there is no place before this one")

    def action_forward(self) -> None:
        """Go to the place that the way back left."""
        location = self._desk.history.next()
        if location is not None:
            self._place.open(location, way="forward")
        else:
            self._desk.hint("there is no place after this one")

    def action_go_to(self) -> None:
        """Go to a typed location, to another place such as s3://BUCKET, or to a local path on the local side."""
        self._ask(self._go_to)

    async def _go_to(self) -> None:
        question = GoToScreen(
            self._place.location, lambda typed: names_from(self._desk.storage, typed), lead=self._desk.lead
        )
        answer = await self._screen.app.push_screen_wait(question)
        if isinstance(answer, Path):
            await self._open_local(answer)
        elif isinstance(answer, str):
            how = self._desk.storage.engine.opening if answer.startswith(S3_SCHEME) else PlaceOptions()
            self._desk.go_elsewhere(
                Elsewhere(None, url=answer, opening=replace(how, is_writable=False, region=None, types={}))
            )
        elif answer is not None:
            self.go_to_key(answer)

    def action_pair(self) -> None:
        """Go from a result to its log, and back."""
        self._ask(self._pair)

    async def _pair(self) -> None:
        place = await find_pair(self._desk, self._place.location, self._view.current)
        if place is not None:
            self.go_to_key(place)

    def _spell(self, location: Location) -> str:
        """Return a location as it can be typed."""
        return str(location) if self._desk.place is None else self._desk.spell(location)

    def action_bookmark(self) -> None:
        """Keep this place under a letter."""
        self._ask(self._bookmark)

    async def _bookmark(self) -> None:
        places = self._desk.places
        letter = await self._screen.app.push_screen_wait(
            BookmarkScreen(self._place.location, places.bookmarks, spell=self._spell)
        )
        if letter is not None:
            places.keep(letter, self._place.location)
            try:
                await asyncio.to_thread(places.save)
                self._desk.say(f"'{letter} goes to {self._desk.spell(self._place.location)}")
            except OSError as exc:
                self._desk.fail("the bookmark lasts for this session only", exc)

    def action_places(self) -> None:
        """Go to a bookmark, or to a recent place, also of another bucket or store."""
        self._ask(self._places)

    async def _places(self) -> None:
        places = self._desk.places
        await asyncio.to_thread(places.load)  # other tabs and browsers have kept places since
        place = await self._screen.app.push_screen_wait(
            PlacesScreen(
                places.bookmarks,
                places.recent,
                here=self._place.location,
                spell=self._spell,
                elsewhere=places.elsewhere,
            )
        )
        if isinstance(place, Elsewhere):
            self._desk.go_elsewhere(place)
        elif place is not None:
            self._place.open(place)

    def action_go_root(self) -> None:
        """Go to the top of this storage type."""
        storage_type = self._place.location.storage_type
        self._place.open(self._desk.scope.top_of(storage_type) or Location(storage_type))

    def go_chosen(self, storage_type: str, location: Location | None) -> None:
        """Go to a place that was clicked; without one to the last place in the storage type."""
        if location is None:
            self.action_show_type(storage_type)
        else:
            self._place.open(location)

    def action_show_type(self, storage_type: str) -> None:
        """Go to the last place in a storage type; the first time to the top of what the token opens there."""
        scope = self._desk.scope
        top = scope.top_of(storage_type)
        if top is None and self._desk.place is not None:
            names = self._desk.place.types
            self._desk.refuse(
                f"this place has no {storage_type}; its types are {', '.join(names)}"
                if names
                else "one place is open here, which has no storage types"
            )
        elif top is None:
            self._desk.refuse(f"this token does not open {storage_type}; it is for {scope}")
        elif storage_type != self._place.location.storage_type:
            self._place.open(self._desk.history.last_in(storage_type) or top)
