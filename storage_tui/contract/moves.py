"""Moves and copies of blobs within one namespace: what is wanted of each blob, and what became of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from storage_tui.contract.errors import ProtocolError
from storage_tui.contract.models import Blob
from storage_tui.contract.storage_types import DEFAULT, find_storage_type


@dataclass(frozen=True, slots=True)
class Move:
    """One blob that is to be moved, or copied, to another key, another storage type, or both.

    A `to_storage_type` of None means `storage_type`. With an `etag` only this version of the blob is moved. Without
    `overwrite` a blob that is at the target already stays, and the move is refused.
    """

    key: str
    to_key: str
    storage_type: str = DEFAULT
    to_storage_type: str | None = None
    etag: str | None = None
    overwrite: bool = True

    @property
    def target_type(self) -> str:
        """Return the storage type of the target."""
        return self.storage_type if self.to_storage_type is None else self.to_storage_type

    @property
    def is_onto_itself(self) -> bool:
        """Return whether source and target are one blob, also where the type has two names."""
        same = find_storage_type(self.storage_type) is find_storage_type(self.target_type)
        return same and self.key == self.to_key

    def reversed(self, etag: str | None) -> "Move":
        """Return the move back, of the blob with this ETag, which overwrites nothing."""
        return Move(self.to_key, self.key, self.target_type, self.storage_type, etag, overwrite=False)

    def to_json(self) -> dict[str, Any]:
        """Return the move as a target of the wire; the storage type of the source is in the path."""
        return {
            "key": self.key,
            "to_key": self.to_key,
            "to_storage_type": self.target_type,
            "etag": self.etag,
            "overwrite": self.overwrite,
        }


@dataclass(frozen=True, slots=True)
class MoveResult:
    """What became of one move or copy: `blob` is the blob at the target, None when the move was refused.

    `error` is then the code of the refusal, and `message` its text. The code of a key without a blob is `not_found`; of
    a blob that has changed since its ETag was read, `precondition_failed`; of a target that exists and was not to be
    overwritten, `conflict`; of what the storage type does not allow, `type_rule`. `overwritten` is the ETag of the blob
    that was at the target before; None when there was none, and when the server does not send it.
    """

    move: Move
    blob: Blob | None = None
    error: str | None = None
    message: str | None = None
    overwritten: str | None = None

    @property
    def is_done(self) -> bool:
        """Return whether the blob is at its target."""
        return self.error is None

    def to_json(self) -> dict[str, Any]:
        """Return the result as the JSON object of the wire."""
        return {
            "key": self.move.key,
            "to_key": self.move.to_key,
            "error": self.error,
            "message": self.message,
            "blob": None if self.blob is None else self.blob.to_json(),
            "overwritten": self.overwritten,
        }

    @classmethod
    def from_json(cls, raw: Any, move: Move) -> Self:
        """Read the result of `move` from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            if raw["key"] != move.key or raw["to_key"] != move.to_key:
                raise ValueError("it is about another blob")
            told = [raw.get(name) for name in ("error", "message", "overwritten")]
            if not all(text is None or isinstance(text, str) for text in told):
                raise ValueError("a text is no text")
            error, message, overwritten = told
            blob = None if raw.get("blob") is None else Blob.from_json(raw["blob"], move.target_type)
            if (blob is None) is (error is None):
                raise ValueError("it has neither a blob nor an error, or both")
            if blob is not None and blob.key != move.to_key:
                raise ValueError("its blob has another key")
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described a move in a way that cannot be read: {exc}") from exc
        return cls(move, blob, error, message, overwritten)


def named(move: Move) -> Move:
    """Return the move with the one name of each storage type; raise UnknownStorageTypeError."""
    source, target = find_storage_type(move.storage_type).name, find_storage_type(move.target_type).name
    return replace(move, storage_type=source, to_storage_type=target)


def independent_runs(moves: Sequence[Move], *, is_copy: bool = False) -> Iterator[range]:
    """Yield the positions of the moves as ranges, so that the moves of one range do not touch each other's blobs.

    Carried out range after range, the moves have the result of one after the other, whatever the order within a range.
    """
    start, read, written = 0, set[tuple[str, str]](), set[tuple[str, str]]()
    for number, move in enumerate(moves):
        source, target = (move.storage_type, move.key), (move.target_type, move.to_key)
        changes = {target} if is_copy else {source, target}
        if changes & (read | written) or source in written:
            yield range(start, number)
            start, read, written = number, set(), set()
        read.add(source)
        written |= changes
    if start < len(moves):
        yield range(start, len(moves))
