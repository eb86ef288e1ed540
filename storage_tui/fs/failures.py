"""The OSError that a file system raises for each StorageError, with its text and cause."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from storage_tui.contract import errors

_NUMBERS: tuple[tuple[type[errors.StorageError], int], ...] = (  # the first row that fits; OSError picks its subclass
    (errors.NotFoundError, errno.ENOENT),
    (errors.TypeRuleError, errno.EPERM),
    (errors.ConflictError, errno.EEXIST),
    (errors.PreconditionFailedError, errno.ESTALE),
    (errors.UnauthorizedError, errno.EACCES),
    (errors.ForbiddenError, errno.EACCES),
    (errors.CredentialsError, errno.EACCES),
    (errors.ConnectError, errno.ECONNREFUSED),
    (errors.TransferInterruptedError, errno.ECONNRESET),
    (errors.DeadlineError, errno.ETIMEDOUT),
    (errors.StoreFullError, errno.ENOSPC),
    (errors.TooLargeError, errno.EFBIG),
    (errors.RateLimitError, errno.EAGAIN),
    (errors.UnavailableError, errno.EAGAIN),
    (errors.CancelledError, errno.ECANCELED),
    (errors.BadRequestError, errno.EINVAL),
)


def as_os_error(error: errors.StorageError, path: str) -> OSError:
    """Return the OSError for a StorageError about `path`: FileNotFoundError, PermissionError, FileExistsError and so
    on by its class; errno EIO where the table has no row."""
    number = next((number for kind, number in _NUMBERS if isinstance(error, kind)), errno.EIO)
    return OSError(number, error.message, path)


def error_for(code: str | None) -> type[errors.StorageError]:
    """Return the error class with this code; the rows of a batch result hold such codes."""
    return next((kind for kind, _ in _NUMBERS if kind.code == code), errors.StorageError)


@contextmanager
def os_errors(path: str) -> Iterator[None]:
    """Raise a StorageError of the block as an OSError about the path."""
    try:
        yield
    except errors.StorageError as exc:
        raise as_os_error(exc, path) from exc
