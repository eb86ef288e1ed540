"""Every error of the Storage API, raised by the server and caught by the client.

    StorageError
    ├── BadRequestError            400  the request is wrong and will stay wrong
    │   ├── InvalidKeyError             not a key: empty, too long, control characters, dot segments …
    │   ├── UnknownStorageTypeError     not one of data, tmp, products, result, logs
    │   └── IncompleteBodyError         fewer bytes arrived than the request announced
    ├── UnauthorizedError          401  no token, or a token that is no longer valid
    ├── ForbiddenError             403  a valid token or URL that does not allow this
    │   └── ExpiredCredentialsError     the credentials for a bucket have expired, and only the caller has others
    ├── NotFoundError              404  no such blob, upload or page
    ├── MethodNotAllowedError      405  the path exists but does not take this method
    ├── ConflictError              409  the state of the store refuses it
    │   ├── TypeRuleError               the rule of the storage type refuses it
    │   └── TooManyUploadsError         the user has already opened as many uploads as are allowed
    ├── GoneError                  410  an upload session that has ended
    ├── PreconditionFailedError    412  the blob has changed
    ├── TooLargeError              413  past a limit of this server
    ├── RangeNotSatisfiableError   416  the range begins past the end
    ├── CancelledError             499  an upload session that was cancelled
    ├── RateLimitError             429  retryable, after `retry_after_s`
    ├── ServerError                500  a defect; reads may be retried
    ├── DamagedError               500  the bytes on the server's disk are damaged
    ├── UnavailableError           503  retryable: busy, starting
    │   ├── ReadOnlyError               the disk of the store must be mended first
    │   └── SignInError                 somebody must sign in again; a transfer waits for this
    ├── StoreFullError             507  no room left
    │   └── QuotaExceededError          no room left for this user
    └── raised by the client only
        ├── ChecksumError               the bytes that arrived are not the bytes that were stored
        ├── ConnectError                nothing answers; retryable
        ├── TransferInterruptedError    the connection broke; retryable
        ├── DeadlineError               no answer or no progress in time; retryable
        ├── ProtocolError               an answer that is not Storage API
        ├── CredentialsError            no usable credentials were found
        └── LocalFileError              the local file cannot be used: missing, not a file, changed, no room

Each class has `status`, `code` and `retryable`. Every class is made as `Class(message, key=None)`. The message is one
line: what was wanted, what happened and what to do. The message is safe to log. A message may hold keys; code that
shows the message to people escapes it first (`contract/visible.py`).
"""

from typing import ClassVar


class StorageError(Exception):
    """Base of all errors of the Storage API and its client. The class names the kind; the text has cause and remedy."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, key: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.key = key


class BadRequestError(StorageError):
    """The request is wrong, and a retry will not help."""

    status = 400
    code = "bad_request"


class InvalidKeyError(BadRequestError):
    """The text given is not a key."""

    code = "invalid_key"


class UnknownStorageTypeError(BadRequestError):
    """The storage type is not one of the known ones."""

    code = "unknown_storage_type"


class IncompleteBodyError(BadRequestError):
    """Fewer bytes arrived than the request announced; nothing was stored."""

    code = "incomplete_body"


class UnauthorizedError(StorageError):
    """The request had no token, or a token that is no longer valid."""

    status = 401
    code = "unauthorized"


class ForbiddenError(StorageError):
    """The token or signed URL is valid but does not allow this call."""

    status = 403
    code = "forbidden"


class ExpiredCredentialsError(ForbiddenError):
    """The credentials for a bucket have expired. They came from an environment, which alone can have new ones."""

    code = "expired_credentials"


class NotFoundError(StorageError):
    """There is no such blob, upload or page."""

    status = 404
    code = "not_found"

    def __str__(self) -> str:
        """Return the message with the status, which programs for the published client look for."""
        return self.message if "404" in self.message else f"{self.message} (404)"


class MethodNotAllowedError(StorageError):
    """The path exists but does not take this method."""

    status = 405
    code = "method_not_allowed"


class ConflictError(StorageError):
    """The state of the store does not allow the call."""

    status = 409
    code = "conflict"


class TypeRuleError(ConflictError):
    """The rule of a storage type does not allow the call; the text names the rule and the way out."""

    code = "type_rule"


class TooManyUploadsError(ConflictError):
    """The user has already opened as many uploads as are allowed; finish or cancel one first."""

    code = "too_many_uploads"


class GoneError(StorageError):
    """The upload session has ended; start a new one."""

    status = 410
    code = "gone"


class PreconditionFailedError(StorageError):
    """The blob is not the version that If-Match, If-None-Match or an expected ETag named."""

    status = 412
    code = "precondition_failed"


class TooLargeError(StorageError):
    """A header, list or body exceeds a limit of this server."""

    status = 413
    code = "too_large"


class RangeNotSatisfiableError(StorageError):
    """The range begins past the end of the blob; `size_bytes` is the blob's length where known."""

    status = 416
    code = "range_not_satisfiable"

    def __init__(self, message: str, *, key: str | None = None, size_bytes: int | None = None) -> None:
        super().__init__(message, key=key)
        self.size_bytes = size_bytes


class CancelledError(StorageError):
    """The owner has cancelled the upload session, or the caller has cancelled the transfer."""

    status = 499
    code = "cancelled"


class RateLimitError(StorageError):
    """Too many requests; try again after `retry_after_s` seconds."""

    status = 429
    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, key: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message, key=key)
        self.retry_after_s = retry_after_s


class ServerError(StorageError):
    """The server failed unexpectedly."""

    status = 500
    code = "server_error"
    retryable = True


class DamagedError(StorageError):
    """The bytes on the server are missing, or differ from the stored bytes; only a backup can restore them."""

    status = 500
    code = "damaged"


class UnavailableError(StorageError):
    """The server cannot do this now; `retry_after_s` is how many seconds to wait, None where the server sent none."""

    status = 503
    code = "unavailable"
    retryable = True

    def __init__(self, message: str, *, key: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(message, key=key)
        self.retry_after_s = retry_after_s


class ReadOnlyError(UnavailableError):
    """The store takes no changes until somebody has mended its disk; the text says what to do."""

    code = "read_only"


class SignInError(UnavailableError):
    """The credentials for a bucket have expired, and a new sign-in on this machine is found by itself; the text names
    the command. A transfer waits for it."""

    code = "sign_in"


class StoreFullError(StorageError):
    """No room is left on the server."""

    status = 507
    code = "store_full"


class QuotaExceededError(StoreFullError):
    """The user's quota for the storage type is used up; the text names the quota and the use."""

    code = "quota_exceeded"


class ChecksumError(StorageError):
    """The bytes that arrived are not the bytes that were stored."""

    status = 400
    code = "checksum_mismatch"


class ConnectError(StorageError):
    """Nothing answers at the server's address."""

    status = 503
    code = "connect_failed"
    retryable = True


class TransferInterruptedError(StorageError):
    """The connection broke before the exchange was complete."""

    status = 503
    code = "interrupted"
    retryable = True


class DeadlineError(StorageError):
    """No answer arrived, or no progress was made, within the deadline."""

    status = 504
    code = "deadline"
    retryable = True


class ProtocolError(StorageError):
    """The answer does not follow the Storage API."""

    status = 502
    code = "protocol"


class CredentialsError(StorageError):
    """No usable credentials were found; the text names the places that were searched."""

    status = 401
    code = "credentials"


class LocalFileError(StorageError):
    """The local file or folder cannot be used: missing, not a regular file, changed while it was read, no room."""

    status = 400
    code = "local_file"


def _descendants(parent: type[StorageError]) -> list[type[StorageError]]:
    return [parent, *(deeper for child in parent.__subclasses__() for deeper in _descendants(child))]


_ONE_ON_THE_WIRE: dict[int, type[StorageError]] = {
    row.status: row
    for row in (
        BadRequestError,
        UnauthorizedError,
        ForbiddenError,
        NotFoundError,
        MethodNotAllowedError,
        ConflictError,
        GoneError,
        PreconditionFailedError,
        TooLargeError,
        RangeNotSatisfiableError,
        CancelledError,
        RateLimitError,
        ServerError,
        UnavailableError,
        StoreFullError,
        DeadlineError,
    )
}


def error_of(code: str, message: str, *, key: str | None = None) -> StorageError:
    """Return the error that a result of many names by its code; a StorageError for an unknown code."""
    found = next((row for row in _descendants(StorageError) if row.code == code), StorageError)
    try:
        return found(message, key=key)
    except TypeError:  # an error that needs more than a result can hold
        return StorageError(message, key=key)


def error_class(status: int, code: str | None = None) -> type[StorageError]:
    """Return the class for an answer: by `code` where the server sent a code that fits the status, else by `status`.

    An unknown 4xx status is a BadRequestError, an unknown 5xx status a ServerError.
    """
    for row in _descendants(StorageError):
        if row.code == code and row.status == status:
            return row
    fallback = ServerError if status >= 500 else BadRequestError
    return _ONE_ON_THE_WIRE.get(status, fallback)
