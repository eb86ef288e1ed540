"""What the objects of a list need of the side that the list is on: the store, or the local folders."""

from collections.abc import Sequence
from typing import Protocol

from storage_tui.contract.columns import ColumnPage
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Page, ServiceInfo, TokenScope
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.history import History
from storage_tui.tui.state.listing import ListBounds, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import MessageLog
from storage_tui.tui.state.sizes import Sizes

LOCAL = "local"  # stands for a storage type in the rows and places of the local side; no server has such a type


class Lists(Protocol):
    """The calls that lists make; AsyncStorage has them."""

    async def list_page(
        self, prefix: str = "", *, storage_type: str = ..., delimiter: str = ..., token: str | None = ...,
        limit: int = ...,
    ) -> Page:  # fmt: skip
        """Return a page of the rows below `prefix`, in the order of their keys."""

    async def list_columns(
        self, prefix: str = "", *, storage_type: str = ..., delimiter: str = ..., token: str | None = ...,
        limit: int | None = ...,
    ) -> Sequence[ColumnPage]:  # fmt: skip
        """Return the next pages as columns; asked for only where `columns` is a feature."""

    async def describe(self) -> ServiceInfo:
        """Return what the other calls can do."""


class Visits(Protocol):
    """Remembers the visited places."""

    def visit(self, location: Location) -> None:
        """Note that a place was opened."""


class Side(Protocol):
    """One side: where its rows come from, and its marks, cursors and messages. Desk is the side of the store."""

    working: str
    scope: TokenScope

    @property
    def storage(self) -> Lists:
        """The source of the rows."""

    @property
    def bounds(self) -> ListBounds:
        """What a list reads and keeps at once."""

    @property
    def marks(self) -> Marks:
        """The marked rows of this side."""

    @property
    def sizes(self) -> Sizes:
        """Sizes that the lists do not have."""

    @property
    def history(self) -> History:
        """The visited places with their cursors."""

    @property
    def places(self) -> Visits:
        """The recent places."""

    @property
    def log(self) -> MessageLog:
        """The log of this session."""

    def filled(self, row: Row) -> Row:
        """Return the row with its size, as far as it is known."""

    def say(self, text: str) -> None:
        """Show that something was done."""

    def hint(self, text: str) -> None:
        """Show what a key does here."""

    def spell(self, location: Location) -> str:
        """Return a key or prefix as a sentence names it."""

    def refuse(self, text: str) -> None:
        """Show why what was asked is not possible."""

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Show that something failed, and why."""


def expires_in(storage_type: str) -> bool:
    """Return whether rows of a storage type expire; those of the local side do not."""
    row = STORAGE_TYPES.get(storage_type)
    return row is not None and row.expires_after is not None
