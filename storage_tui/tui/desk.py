"""What the screens share: the store, the marks, the transfers, the log. Made by the App, handed to each screen."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.client.requests import one_line
from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.token_scope import TokenScope
from storage_tui.tui.history import History
from storage_tui.tui.runner import TransferRunner
from storage_tui.tui.state.bookmarks import Places
from storage_tui.tui.state.listing import Folder, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import Message, MessageLog, explain
from storage_tui.tui.state.paths import working_folder
from storage_tui.tui.state.signed import SignedUrls
from storage_tui.tui.state.sizes import Sizes
from storage_tui.tui.state.transfers import Gauge, TransferQueue

JOB = "job"  # the group of the one action that works at a time; it belongs to the App and outlives a screen
MESSAGE_S = 8.0  # a message stays this long in the status line


@dataclass
class Desk:
    """One run of the browser. `changed` holds the storage types that uploads changed, until their lists are read again.
    `profiles` says what each profile of the settings file is, by name; `next_profile` is the profile to go on with."""

    storage: AsyncStorage
    title: str
    places: Places
    marks: Marks = field(default_factory=Marks)
    queue: TransferQueue = field(default_factory=TransferQueue)
    sizes: Sizes = field(default_factory=Sizes)
    signed: SignedUrls = field(default_factory=SignedUrls)
    history: History = field(default_factory=History)
    log: MessageLog = field(default_factory=MessageLog)
    changed: set[str] = field(default_factory=set)
    download_folder: Path = field(default_factory=working_folder)
    upload_folder: Path = field(default_factory=working_folder)
    working: str = ""  # what goes on beside the transfers, such as a delete; Esc stops it
    failed_deletes: list[Blob] = field(default_factory=list)  # of the last delete, for another try
    shown: tuple[Message, float] | None = None  # the last message and when it was said
    graphics: str = "blocks"  # how pictures are drawn on the whole screen: a name out of graphics.KINDS
    profile: str = ""
    profiles: Mapping[str, str] = field(default_factory=dict)
    scope: TokenScope = field(default_factory=TokenScope)  # what the token opens, as soon as the server has told it
    read_only: str | None = None  # why the server takes no changes, where it has told so
    next_profile: str | None = None  # "" is none
    chosen_at_quit: list[Location] = field(default_factory=list)
    on_message: Callable[[], None] = lambda: None
    repaint: Callable[[], None] = lambda: None  # sends the whole screen again
    runner: TransferRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = TransferRunner(self.storage, self.queue, self.log, self.touch)

    def filled(self, row: Row) -> Row:
        """Return the row with the size that a question for it alone has told."""
        return row if isinstance(row, Folder) else self.sizes.fill(row)

    def say(self, text: str) -> None:
        """Say what was done, in the status line and the log."""
        self._show(self.log.note(text))

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Say what failed and why, in the status line, and in the log with all causes."""
        reason = f"{text}: {explain(error)}" if error is not None else text
        self._show(self.log.error(reason, error))

    def _show(self, message: Message) -> None:
        self.shown = message, monotonic()
        self.on_message()

    @property
    def fresh_message(self) -> Message | None:
        """The message of a moment ago; None when the last message is older."""
        return self.shown[0] if self.shown is not None and monotonic() - self.shown[1] < MESSAGE_S else None

    def note_read_only(self, why: str | None) -> None:
        """Tell, once, that the server takes no changes at present."""
        if why != self.read_only:
            self.read_only = why
            if why is not None:
                self.fail(one_line(why))

    def say_done(self, gauge: Gauge) -> None:
        """Say how a batch of transfers ended."""
        done = gauge.files - gauge.failed - gauge.skipped - gauge.cancelled
        parts = [f"{plural(done, 'transfer')} done, {size_text(gauge.done_bytes)}"] if done else []
        parts += [f"{gauge.skipped:,} skipped"] if gauge.skipped else []
        parts += [f"{gauge.cancelled:,} cancelled"] if gauge.cancelled else []
        if gauge.failed:
            self.fail(", ".join((*parts, f"{gauge.failed:,} failed; w shows why, R there tries them again")))
        else:
            self.say(", ".join(parts))

    def touch(self, storage_type: str) -> None:
        """Note that blobs of a storage type have changed."""
        self.changed.add(storage_type)
        self.history.forget(storage_type)
        self.sizes.forget(storage_type)


EXPECTED = (StorageError, OSError, asyncio.TimeoutError)
"""What a call on the store may raise; anything else is a defect."""
