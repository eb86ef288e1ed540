"""What the screens share: the store, the marks, the transfers, the log. Made by the App, handed to each screen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from storage_tui.client.async_storage import AsyncStorage
from storage_tui.contract.errors import StorageError
from storage_tui.tui.runner import TransferRunner
from storage_tui.tui.state.formats import plural, size_text
from storage_tui.tui.state.history import History
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.messages import Message, MessageLog, explain
from storage_tui.tui.state.transfers import Gauge, TransferQueue

Listener = Callable[[Message], None]


@dataclass
class Session:
    """One run of the browser. `changed` holds the storage types that uploads changed, until they are read again."""

    storage: AsyncStorage
    title: str
    marks: Marks = field(default_factory=Marks)
    queue: TransferQueue = field(default_factory=TransferQueue)
    history: History = field(default_factory=History)
    log: MessageLog = field(default_factory=MessageLog)
    changed: set[str] = field(default_factory=set)
    download_folder: Path = field(default_factory=Path.cwd)
    upload_folder: Path = field(default_factory=Path.cwd)
    working: str = ""  # what goes on beside the transfers, such as a delete; Esc stops it
    on_message: Listener = lambda message: None
    runner: TransferRunner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = TransferRunner(self.storage, self.queue, self.log, self.touch)

    def say(self, text: str) -> None:
        """Tell what was done, in the status line and the log."""
        self.on_message(self.log.note(text))

    def fail(self, text: str, error: BaseException | None = None) -> None:
        """Tell what failed and why, in the status line and with all causes in the log."""
        reason = f"{text}: {explain(error)}" if error is not None else text
        self.on_message(self.log.error(reason, error))

    def say_done(self, gauge: Gauge) -> None:
        """Tell how a batch of transfers ended."""
        done = gauge.files - gauge.failed - gauge.skipped - gauge.cancelled
        parts = [f"{plural(done, 'transfer')} done, {size_text(gauge.done_bytes)}"] if done else []
        parts += [f"{gauge.skipped:,} skipped"] if gauge.skipped else []
        parts += [f"{gauge.cancelled:,} cancelled"] if gauge.cancelled else []
        if gauge.failed:
            self.fail(", ".join((*parts, f"{gauge.failed:,} failed; w shows why, R there tries them again")))
        else:
            self.say(", ".join(parts))

    def touch(self, storage_type: str) -> None:
        """The blobs of a type are others now."""
        self.changed.add(storage_type)
        self.history.forget(storage_type)


EXPECTED = (StorageError, OSError, asyncio.TimeoutError)
"""What a call on the store may raise; anything else is a defect."""
