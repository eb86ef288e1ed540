"""The log: results, errors with their causes, bounded, the unseen errors counted."""

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from storage_tui.contract.errors import StorageError

KEPT = 1000
CAUSES = 6  # deep enough for every chain of our errors

Level = Literal["note", "refusal", "error"]
"""What happened: as wanted, not possible as asked, or failed. Only a failure counts until the user has seen it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the log; `causes` are the errors behind it, the direct cause first."""

    at: datetime
    level: Level
    text: str
    causes: tuple[str, ...] = ()


class MessageLog:
    """The last messages, oldest first."""

    def __init__(self) -> None:
        self.messages: deque[Message] = deque(maxlen=KEPT)
        self.unseen_errors = 0

    def note(self, text: str) -> Message:
        """Add a message that something was done."""
        message = Message(datetime.now(UTC), "note", text)
        self.messages.append(message)
        return message

    def refusal(self, text: str) -> Message:
        """Add a message that what was asked is not possible, so nothing was done."""
        message = Message(datetime.now(UTC), "refusal", text)
        self.messages.append(message)
        return message

    def error(self, text: str, error: BaseException | None = None) -> Message:
        """Add a message that something failed; the chain of `error` is kept as text."""
        message = Message(datetime.now(UTC), "error", text, tuple(_causes(error)))
        self.messages.append(message)
        self.unseen_errors += 1
        return message

    @property
    def last_unseen(self) -> Message | None:
        """The last error that the user has not seen in the log."""
        errors = (message for message in reversed(self.messages) if message.level == "error")
        return next(errors, None) if self.unseen_errors else None

    def mark_seen(self) -> None:
        """Count all errors as seen: the user has looked at the log."""
        self.unseen_errors = 0


def explain(error: BaseException) -> str:
    """Return an error as a sentence for people: a StorageError's own text, else its class and text."""
    if isinstance(error, StorageError):
        return error.message
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _causes(error: BaseException | None) -> list[str]:
    causes: list[str] = []
    while error is not None and len(causes) < CAUSES:
        name = error.code if isinstance(error, StorageError) else type(error).__name__
        causes.append(f"{name}: {explain(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return causes
