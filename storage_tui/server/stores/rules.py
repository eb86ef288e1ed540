"""What every engine refuses, in the same words: type rules, preconditions, namespaces, keys where nothing is.

An engine calls these inside the step that makes the change, so that nothing comes between the check and the change.
"""

import re

from storage_tui.contract.errors import BadRequestError, NotFoundError, PreconditionFailedError, TypeRuleError
from storage_tui.contract.models import format_time
from storage_tui.contract.storage_types import StorageType
from storage_tui.contract.trash import BringBack
from storage_tui.server.stores.base import Precondition

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


def not_found(rule: StorageType, key: str) -> NotFoundError:
    """The error for a key where no blob is."""
    return NotFoundError(f"no blob {key!r} in {rule.name}", key=key)


def nothing_to_bring_back(storage_type: StorageType, target: BringBack) -> NotFoundError:
    """Return the error for a blob that is not, or no longer, among the deleted and overwritten ones."""
    which = "" if target.etag is None else f" with the ETag {target.etag!a:.80}"
    when = "" if target.at is None else f" that was there at {format_time(target.at)}"
    return NotFoundError(
        f"nothing of {target.key!r} in {storage_type.name}{which}{when} can be brought back; list the trash to see "
        "what can",
        key=target.key,
    )


def refused(rule: StorageType, key: str, verb: str) -> TypeRuleError:
    """The error for what the storage type does not allow; `verb` is overwrite or delete."""
    return TypeRuleError(f"cannot {verb} {key!r}: {rule.name} is {rule.summary}; {rule.way_out}", key=key)
