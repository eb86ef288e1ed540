"""The objects that all screens share: the store, the marks, the transfers, the log. The App makes them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.requests import one_line
from storage_tui.client.undoing.undo import UndoLog
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import EXACT_NAMES, STRICT, KeyRules, Location
from storage_tui.contract.models import Blob, TokenScope
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.history import History
from storage_tui.tui.runner import TransferRunner
from storage_tui.tui.state.bookmarks import Elsewhere, Places
from storage_tui.tui.state.front import Front
from storage_tui.tui.state.listing import DEFAULTS, Folder, ListBounds, Listing, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import Message, MessageLog, explain
from storage_tui.tui.state.paths import working_folder
from storage_tui.tui.state.signed import SignedUrls
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.state.taken import Taken
from storage_tui.tui.state.transfers import Gauge, TransferQueue
from storage_tui.tui.terminal.link import Link

JOB = "job"  # the group of the one action that runs at a time; it belongs to the App and outlives a screen
HALVES = "halves"  # the setting for a font without quadrants
ERROR_S = 60.0  # an error stays longer; then a short reminder takes its place until the log was looked at


AddProfile = Callable[[str, dict[str, str]], None]
"""Adds a profile, given by name and settings, to the settings file. Raises an Exception with one line for people."""


@dataclass
class Desk:
    """The state of one open store, which all its screens share.

    `front` is what it has in common with other open stores. `changed` holds the storage types that uploads changed,
    until their lists are read again. `profiles` describes each profile of the settings file by name.
    """

    storage: AsyncStorage
    title: str
    places: Places
    bounds: ListBounds = DEFAULTS
    marks: Marks = field(default_factory=Marks)
    queue: TransferQueue = field(default_factory=TransferQueue)
    sizes: Sizes = field(default_factory=Sizes)
    signed: SignedUrls = field(default_factory=SignedUrls)
    history: History = field(default_factory=History)
    front: Front = field(default_factory=Front)
    changed: set[str] = field(default_factory=set)
    download_folder: Path = field(default_factory=working_folder)
    upload_folder: Path = field(default_factory=working_folder)
    last_command: str = ""  # of the shell, offered again
    undo: UndoLog = field(default_factory=UndoLog)  # the changes of this session that can be taken back
    keeps_deleted: bool = False  # whether the server keeps what is deleted; known before the first delete
    failed_deletes: list[Blob] = field(default_factory=list)  # the blobs that the last delete left, for another try
    graphics: str = "blocks"  # how pictures are drawn on the whole screen: a name from graphics.KINDS, or HALVES
    profile: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)
    add_profile: AddProfile | None = None  # None where the browser does not belong to a settings file
    scope: TokenScope = field(default_factory=TokenScope)  # the token's rights, once the server reports them
    place: OpenPlace | None = None  # the bucket or folder that the server shows; None for a store of ours
    read_only: str | None = None  # the reason why the server takes no changes, when it has given one
    parting: str = ""  # what the program says when it has ended
    chosen_at_quit: list[Location] = field(default_factory=list)
    go_elsewhere: Callable[[Elsewhere], None] = lambda _: None  # opens a location in another store in a tab
    repaint: Callable[[], None] = lambda: None  # sends the whole screen again
    take_next_theme: Callable[[], str] = lambda: ""  # changes the colours, and returns the name of the theme
    tell_terminal: Callable[[Gauge], None] = lambda _: None  # a bell or a note of the terminal
    link: Link = field(default_factory=Link)  # to the terminal
    runner: TransferRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = TransferRunner(self.storage, self.queue, self.log, self.touch, say=self.say, undo=self.undo)

    @property
    def log(self) -> MessageLog:
        """The log of this session."""
        return self.front.log

    @property
    def working(self) -> str:
        """The work beside the transfers, such as a delete; Esc stops it."""
        return self.front.working

    @working.setter
    def working(self, words: str) -> None:
        if words and not self.front.working:
            self.front.began_at = monotonic()
        self.front.working = words

    @property
    def taken(self) -> Taken | None:
        """The rows that wait to be pasted, of this store or another open one."""
        return self.front.taken

    @taken.setter
    def taken(self, taken: Taken | None) -> None:
        self.front.taken = taken

    def filled(self, row: Row) -> Row:
        """Return the row with its size, if a single question to the server has returned the size."""
        return row if isinstance(row, Folder) else self.sizes.fill(row)

    def type_name(self, storage_type: str) -> str:
        """Return what stands before a prefix in a title: the storage type, or the place that has only one of them."""
        if self.place is None or storage_type not in STORAGE_TYPES:  # local files are of no storage type
            return storage_type
        return visible(self.place.name)

    @property
    def lead(self) -> str:
        """What stands before a key where a location of the open bucket is typed; empty for all else."""
        return self.place.lead if self.place is not None and self.place.kind == "s3" and not self.place.types else ""

    def named(self, listing: Listing) -> str:
        """Return the folder of a list in an open place; empty in a store of ours, and for a list of local files."""
        is_local = listing.storage_type not in STORAGE_TYPES
        has_types = self.place is None or bool(self.place.types)
        return "" if has_types or is_local else self.spell(Location(listing.storage_type, listing.prefix))

    def spell(self, location: Location) -> str:
        """Return a key or prefix as a sentence names it: `tmp`, `tmp:maps/`, `s3://bucket/maps/`."""
        if self.place is None or self.place.types or location.storage_type not in STORAGE_TYPES:
            return place_text(location)
        return visible(f"{self.place.lead}{location.key}")

    async def key_rules(self) -> KeyRules:
        """Return which names the server takes for keys; the strict rules while it does not answer."""
        try:
            return KeyRules(EXACT_NAMES in (await self.storage.describe()).features)
        except StorageError:
            return STRICT

    def work(self, text: str) -> None:
        """Show how far the work beside the transfers is; an empty text when the work has ended."""
        self.working = text

    def say(self, text: str) -> None:
        """Show in the status line and the log that something was done."""
        self._show(self.log.note(text))

    def hint(self, text: str) -> None:
        """Show in the status line what a key does here; nothing has happened, so the log says nothing."""
        self._show(Message(datetime.now(UTC), "refusal", text))

    def refuse(self, text: str) -> None:
        """Show in the status line why what was asked is not possible; nothing was done, so nothing is left to see."""
        self._show(self.log.refusal(text))

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Show in the status line that something failed and why; the log gets all causes."""
        reason = f"{text}: {explain(error)}" if error is not None else text
        self._show(self.log.error(reason, error))

    def _show(self, message: Message) -> None:
        self.front.shown = message, monotonic()
        self.front.on_message()

    @property
    def has_quadrants(self) -> bool:
        """Whether pictures are drawn in quadrants of cells; in halves where the setting says so."""
        return self.graphics != HALVES

    @property
    def fresh_message(self) -> Message | None:
        """The last message, if it is fresh; None for an older one."""
        shown = self.front.shown
        return shown[0] if shown is not None and monotonic() - shown[1] < self.front.message_s else None

    @property
    def answers_during_work(self) -> bool:
        """Whether the last message is fresh, says why a key has done nothing, and is newer than the running work."""
        shown, message = self.front.shown, self.fresh_message
        is_newer = shown is not None and shown[1] >= self.front.began_at
        return is_newer and message is not None and message.level == "refusal"

    @property
    def has_bad_news(self) -> bool:
        """Whether the last message is fresh and says that something was not done: it is worth more than counters."""
        message = self.fresh_message
        return message is not None and message.level != "note"

    @property
    def error_in_full(self) -> Message | None:
        """The last error, if it is of the last minute and the user has not seen it in the log."""
        message = self.log.last_unseen
        return message if message is not None and (datetime.now(UTC) - message.at).total_seconds() < ERROR_S else None

    @property
    def refusal(self) -> str | None:
        """Return why nothing is changed in the open place, safe to draw; None for a store that takes changes."""
        why = None if self.place is None else self.place.refusal
        return None if why is None else visible(why)

    def note_place(self, place: OpenPlace | None) -> None:
        """Take the description of the place that the server shows; show once what the server leaves out there."""
        if place is not None and self.place is not None:
            for note in place.notes:
                if note not in self.place.notes:
                    self.refuse(one_line(note))
        self.place = place or self.place

    def note_read_only(self, why: str | None) -> None:
        """Show once that the server takes no changes at present."""
        if why != self.read_only:
            self.read_only = why
            if why is not None:
                self.fail(one_line(why))

    def say_done(self, gauge: Gauge) -> None:
        """Show how a batch of transfers ended, and tell the terminal where the settings ask for it."""
        done = gauge.files - gauge.failed - gauge.skipped - gauge.cancelled
        parts = [f"{plural(done, 'transfer')} done, {size_text(gauge.done_bytes)}"] if done else []
        parts += [f"{gauge.skipped:,} skipped{'' if done else ' (w shows why)'}"] if gauge.skipped else []
        parts += [f"{gauge.cancelled:,} cancelled"] if gauge.cancelled else []
        self.tell_terminal(gauge)
        if gauge.failed:
            self.fail(", ".join((*parts, f"{gauge.failed:,} failed; w shows why, R there tries them again")))
        else:
            self.say(", ".join(parts))

    def touch(self, storage_type: str) -> None:
        """Note that blobs of a storage type were changed."""
        self.changed.add(storage_type)
        self.history.forget(storage_type)
        self.sizes.forget(storage_type)


EXPECTED = (StorageError, OSError, asyncio.TimeoutError)
"""The errors that a call on the store may raise; any other error is a defect."""
