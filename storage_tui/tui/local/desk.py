"""The marks and cursors of the local side. Its messages, bounds and running work are those of the store's side."""

from dataclasses import dataclass, field

from storage_tui.contract.errors import LocalFileError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import TokenScope
from storage_tui.contract.visible import place_text
from storage_tui.tui.desk import Desk
from storage_tui.tui.history import History
from storage_tui.tui.local.folders import LocalFolders
from storage_tui.tui.state.listing import ListBounds, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import MessageLog
from storage_tui.tui.state.sizes import Sizes


@dataclass
class LastPlace:
    """Remembers the open folder."""

    location: Location | None = None

    def visit(self, location: Location) -> None:
        """Note that a folder was opened."""
        self.location = location


@dataclass
class LocalDesk:
    """The local side as lists know a side (see `Side`)."""

    store: Desk
    storage: LocalFolders = field(default_factory=LocalFolders)
    marks: Marks = field(default_factory=Marks)
    sizes: Sizes = field(default_factory=Sizes)
    history: History = field(default_factory=History)
    places: LastPlace = field(default_factory=LastPlace)
    scope: TokenScope = field(default_factory=TokenScope)

    @property
    def bounds(self) -> ListBounds:
        """What a list reads and keeps at once."""
        return self.store.bounds

    @property
    def log(self) -> MessageLog:
        """The log of this session."""
        return self.store.log

    @property
    def working(self) -> str:
        """The running work, on either side."""
        return self.store.working

    @working.setter
    def working(self, words: str) -> None:
        self.store.working = words

    def filled(self, row: Row) -> Row:
        """Return the row: local lists have all sizes."""
        return row

    def say(self, text: str) -> None:
        """Show that something was done."""
        self.store.say(text)

    def hint(self, text: str) -> None:
        """Show what a key does here."""
        self.store.hint(text)

    def spell(self, location: Location) -> str:
        """Return a local path as a sentence names it."""
        return place_text(location)

    def refuse(self, text: str) -> None:
        """Show why what was asked is not possible."""
        self.store.refuse(text)

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Show that something failed, and why. An error about a local file names the file itself."""
        if isinstance(error, LocalFileError):
            self.store.fail(error.message)
        else:
            self.store.fail(text, error)
