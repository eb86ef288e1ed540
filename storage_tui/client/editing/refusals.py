"""The blobs that no editor should open, with the reason; and those that need a question first."""

from storage_tui.contract.errors import StorageError, TooLargeError, TypeRuleError
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES

ASKED_FROM_BYTES = 8 * 1024 * 1024  # most editors read the whole file, and the download takes a moment from here on
AT_MOST_BYTES = 512 * 1024 * 1024  # an editor needs several times the size; larger text is made by programs
HEAD_BYTES = 8192  # the part that tells text from other bytes, as git does


def check_editable(location: Location, blob: Blob | None) -> None:
    """Raise the reason why this blob, or a new one (None), cannot be edited; return when it can."""
    rule = STORAGE_TYPES[location.storage_type]
    if blob is not None and not rule.may_overwrite:
        way_out = rule.way_out.partition(", or ")[0]
        raise TypeRuleError(f"{str(location)!r} cannot be edited: {rule.name} is {rule.summary}; {way_out}")
    if blob is not None and (blob.size_bytes or 0) > AT_MOST_BYTES:
        raise TooLargeError(
            f"{str(location)!r} has {size_text(blob.size_bytes)}, and an editor gets at most "
            f"{size_text(AT_MOST_BYTES)}; download it, change it and upload it again",
            key=location.key,
        )
    if not location.key or location.key.endswith("/"):
        raise StorageError(f"{str(location)!r} is a folder; an editor opens one blob", key=location.key)


def why_ask(blob: Blob, head: bytes | None) -> str:
    """Return why the user is asked before an editor opens this blob; "" for a small text.

    `head` are its first bytes, at most HEAD_BYTES; None when they are not known.
    """
    reasons = []
    if (blob.size_bytes or 0) >= ASKED_FROM_BYTES:
        reasons.append(f"it has {size_text(blob.size_bytes)}")
    if head is not None and not looks_like_text(head):
        reasons.append("it holds bytes that are no text, and most editors spoil them")
    return " and ".join(reasons)


def looks_like_text(head: bytes) -> bool:
    """Return whether the first bytes of a blob are text: no zero byte, and UTF-8 or at least printable."""
    if b"\0" in head:
        return False
    for cut in range(min(4, len(head)) or 1):  # the head may end within a character
        try:
            head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return controls == 0  # such as Latin-1
