"""The commands that open another screen over the list."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.visible import visible
from storage_tui.previews.base import PreviewError
from storage_tui.tui.background import run
from storage_tui.tui.browser.uploading import upload_to
from storage_tui.tui.command_screen import CommandScreen
from storage_tui.tui.desk import EXPECTED, Desk
from storage_tui.tui.rows.through_page import send_through_page
from storage_tui.tui.side import expires_in
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.messages import explain


class Screens:
    """Opens the viewer, the map, search, clean-up and usage; each is loaded when it is first wanted.

    `current` is the row under the cursor, `chosen` the marked rows, `here` the open place, `go` opens a place.
    """

    def __init__(
        self,
        screen: CommandScreen[Any],
        desk: Desk,
        *,
        current: Callable[[], Row | None],
        chosen: Callable[[], Sequence[Row]],
        here: Callable[[], Location],
        go: Callable[[Location, str], None],
    ) -> None:
        self._screen = screen
        self._desk = desk
        self._current = current
        self._chosen = chosen
        self._here = here
        self._go = go

    def action_view(self) -> None:
        """View the blob on the whole screen, or the arrays of a Zarr store or an Icechunk repository."""
        from storage_tui.tui.viewer.screen import ViewerScreen  # its search, folds and colours are loaded on demand

        row = self._current()
        if row is None:
            self._screen.remark("a blob can be viewed; the cursor is on no row")
        elif isinstance(row, Folder):
            run(self._screen, partial(self._view_store, row), group="act")
        else:
            self._screen.app.push_screen(ViewerScreen(self._desk, row))

    async def _view_store(self, folder: Folder) -> None:
        """Show the pictures of a folder that is a store of arrays."""
        from storage_tui.previews.stores.raster import ZarrRaster
        from storage_tui.tui.viewer.raster.screen import RasterScreen

        raster = ZarrRaster(self._desk.storage, folder.key, folder.storage_type)
        try:
            await raster.find()
        except (*EXPECTED, PreviewError) as exc:
            reason = str(exc) if isinstance(exc, PreviewError) else explain(exc)
            self._screen.remark(visible(f"a blob can be viewed; the cursor is on a folder: {reason}", limit=200))
            return
        blob = Blob(folder.key.rstrip("/"), folder.storage_type)
        if self._screen.is_current:
            self._screen.app.push_screen(RasterScreen(self._desk, blob, raster))

    def action_map(self) -> None:
        """Show the marked blobs, or this one, on one map."""
        from storage_tui.tui.viewer.map.screen import FeatureMapScreen  # loaded on demand, as the viewer is

        blobs = [row for row in self._chosen() if not isinstance(row, Folder)]
        if blobs:
            self._screen.app.push_screen(FeatureMapScreen(self._desk, blobs, self._desk.storage))
        else:
            self._screen.remark("the map shows blobs with regions; mark some, or move the cursor to one")

    def action_find(self) -> None:
        """Search everything below this folder."""
        from storage_tui.tui.lists.find import FindScreen  # loaded on demand, as all rare screens are

        self._screen.app.push_screen(FindScreen(self._desk, self._here(), self._go))

    def action_search_contents(self) -> None:
        """Search the contents of the marks, or of everything below this folder."""
        from storage_tui.tui.contents.screen import ContentsScreen

        here = self._here()
        rows = list(self._desk.marks) or [Folder(here.key, here.storage_type)]
        self._screen.app.push_screen(ContentsScreen(self._desk, here, rows, self._go))

    def action_clean_up(self) -> None:
        """List everything in tmp, or below this prefix where blobs expire, the first to expire first."""
        from storage_tui.tui.lists.clean_up import CleanUpScreen

        here = self._here()
        tmp = self._desk.scope.top_of("tmp")
        place = here if expires_in(here.storage_type) else tmp or Location("tmp")
        if self._desk.place is not None and tmp is None:
            self._desk.refuse(f"nothing in {self._desk.place.name} expires by a rule of its own; clean-up is for tmp")
            return
        self._screen.app.push_screen(CleanUpScreen(self._desk, place, self._go))

    def action_usage(self) -> None:
        """Show how many bytes each folder holds."""
        from storage_tui.tui.lists.usage import UsageScreen

        self._screen.app.push_screen(UsageScreen(self._desk, self._here(), self._go))

    def action_upload(self) -> None:
        """Ask for a path, then upload in the background."""
        run(self._screen, self._upload, group="act")

    async def _upload(self) -> None:
        app, here = self._screen.app, self._here()
        if not send_through_page(app, self._desk, here):
            await upload_to(app, self._desk, here)

    def action_compare_folder(self) -> None:
        """Ask for a local folder, and compare it with this one."""
        run(self._screen, self._compare_folder, group="act")

    async def _compare_folder(self) -> None:
        from storage_tui.tui.syncing.opening import compare_with_folder

        await compare_with_folder(self._screen.app, self._desk, self._here())
