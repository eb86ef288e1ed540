"""What every engine refuses, in the same words: type rules, preconditions, namespaces, keys where nothing is.

An engine calls these inside the step that makes the change, so that nothing comes between the check and the change.
"""

import re

from storage_tui.contract.errors import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    StorageError,
    TypeRuleError,
)
from storage_tui.contract.models import format_time
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.storage_types import StorageType
from storage_tui.contract.trash import BringBack
from storage_tui.server.stores.base import Address, Precondition

_NAMESPACE = re.compile(r"[0-9a-f]{40}")


def is_namespace(text: str) -> bool:
    """Return whether the text is 40 hexadecimal digits, in lower case."""
    return _NAMESPACE.fullmatch(text) is not None


def check_namespace(namespace: str) -> None:
    """Raise BadRequestError for what is no namespace. One spelling only, so that no two names mean one namespace."""
    if not is_namespace(namespace):
        raise BadRequestError(f"a namespace is 40 hexadecimal digits, not {namespace[:60]!a}")


def check_precondition(rule: StorageType, key: str, etag: str | None, precondition: Precondition) -> None:
    """Raise PreconditionFailedError unless the precondition holds of the live blob; its `etag` is None for no blob."""
    wanted, unwanted = precondition.if_match, precondition.if_none_match
    if wanted and (etag is None or ("*" not in wanted and etag not in wanted)):
        raise PreconditionFailedError(
            f"{key!r} in {rule.name} is not the blob that If-Match names; look at it again first", key=key
        )
    if etag is not None and ("*" in unwanted or etag in unwanted):
        raise PreconditionFailedError(f"{key!r} in {rule.name} exists already, which If-None-Match forbids", key=key)


def check_source(rule: StorageType, key: str, etag: str | None, wanted: str | None, *, is_move: bool) -> None:
    """Raise the error that refuses to move or copy the live blob with this ETag, None for no blob. With `wanted` the
    blob must have this ETag. A type that forbids a delete also forbids a move."""
    if is_move and not rule.may_delete:
        raise refused(rule, key, "move")
    if etag is None:
        raise not_found(rule, key)
    if wanted is not None and etag != wanted:
        raise PreconditionFailedError(f"{key!r} in {rule.name} has changed; look at it again first", key=key)


def check_target(rule: StorageType, key: str, etag: str | None, precondition: Precondition) -> None:
    """Check the precondition for the target of a move, as `check_precondition` does. Raise ConflictError where a blob
    exists that is not to be overwritten, so that nobody takes this for a source that has changed."""
    if etag is not None and "*" in precondition.if_none_match:
        raise ConflictError(f"{key!r} exists already in {rule.name}", key=key)
    check_precondition(rule, key, etag, precondition)


def precondition_of(move: Move) -> Precondition:
    """Return the precondition for the target of a move."""
    return Precondition() if move.overwrite else Precondition(if_none_match=("*",))


def addresses_of(namespace: str, move: Move) -> tuple[Address, Address]:
    """Return the addresses of source and target of a move."""
    return Address(namespace, move.storage_type, move.key), Address(namespace, move.target_type, move.to_key)


def refusal(move: Move, error: StorageError) -> MoveResult:
    """Return the result of a move that an error refused."""
    return MoveResult(move, error=error.code, message=error.message)


def not_found(rule: StorageType, key: str) -> NotFoundError:
    """The error for a key where no blob is."""
    return NotFoundError(f"no blob {key!r} in {rule.name}", key=key)


def nothing_to_bring_back(storage_type: StorageType, target: BringBack) -> NotFoundError:
    """Return the error for a blob that is not, or no longer, among the deleted and overwritten ones."""
    version = "" if target.etag is None else f" with the ETag {target.etag!a:.80}"
    when = "" if target.at is None else f" that was there at {format_time(target.at)}"
    return NotFoundError(
        f"nothing of {target.key!r} in {storage_type.name}{version}{when} can be brought back; list the trash to see "
        "what can",
        key=target.key,
    )


def refused(rule: StorageType, key: str, verb: str) -> TypeRuleError:
    """The error for what the storage type does not allow; `verb` is overwrite, delete or move."""
    return TypeRuleError(f"cannot {verb} {key!r}: {rule.name} is {rule.summary}; {rule.way_out}", key=key)
