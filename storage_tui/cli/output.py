"""Output for people and scripts: exit codes, times and durations."""

from datetime import UTC, datetime

from storage_tui.contract import errors
from storage_tui.contract.moments import local_time

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_FOUND = 3
EXIT_REFUSED = 4
EXIT_UNREACHABLE = 5
EXIT_PARTIAL = 6
EXIT_INTERRUPTED = 130

EXIT_MEANINGS = {
    0: "done",
    EXIT_FAILED: "failed in another way",
    EXIT_USAGE: "the command line or a setting is wrong",
    EXIT_NOT_FOUND: "no such blob or folder",
    EXIT_REFUSED: "refused: credentials, a rule of the storage type, an existing file",
    EXIT_UNREACHABLE: "the server cannot be reached, or does not answer",
    EXIT_PARTIAL: "some of several items failed",
    EXIT_INTERRUPTED: "interrupted",
}

_CODES: tuple[tuple[type[errors.StorageError], int], ...] = (
    (errors.NotFoundError, EXIT_NOT_FOUND),
    (errors.InvalidKeyError, EXIT_USAGE),
    (errors.UnknownStorageTypeError, EXIT_USAGE),
    (errors.UnauthorizedError, EXIT_REFUSED),
    (errors.ForbiddenError, EXIT_REFUSED),
    (errors.CredentialsError, EXIT_REFUSED),
    (errors.ConflictError, EXIT_REFUSED),
    (errors.PreconditionFailedError, EXIT_REFUSED),
    (errors.CancelledError, EXIT_INTERRUPTED),
    (errors.ConnectError, EXIT_UNREACHABLE),
    (errors.DeadlineError, EXIT_UNREACHABLE),
    (errors.TransferInterruptedError, EXIT_UNREACHABLE),
)


class PartialFailureError(errors.StorageError):
    """Some of several items failed; each was reported when it failed."""

    code = "partial_failure"


def exit_code(error: errors.StorageError) -> int:
    """Return the exit code for an error; EXIT_MEANINGS describes the codes."""
    if isinstance(error, PartialFailureError):
        return EXIT_PARTIAL
    return next((code for kind, code in _CODES if isinstance(error, kind)), EXIT_FAILED)


def human_time(moment: datetime | None) -> str:
    """Return the local time to the minute; empty when the time is not known."""
    return "" if moment is None else local_time(moment).strftime("%Y-%m-%d %H:%M")


def human_countdown(moment: datetime | None) -> str:
    """Return how long until a blob expires: `6d 4h`, `3h 12m`, `2m`; empty when it does not expire."""
    if moment is None:
        return ""
    minutes = max(int((moment - datetime.now(UTC)).total_seconds() // 60), 0)
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days}d {hours}h"
    return f"{hours}h {minutes % 60}m" if hours else f"{minutes}m"


def human_duration(seconds: float) -> str:
    """Return the time as `0:09`, `12:34` or `2:05:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
