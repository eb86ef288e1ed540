"""Moves and copies of blobs on the server, by the calls that the server has.

| server | move | copy |
|---|---|---|
| ours | on the server, one or many in a request | on the server, one or many in a request |
| ours, an earlier version | a copy, then a delete of the version that was copied | on the server, one by one |
| a plain published server | through this machine, then a delete of the version that was copied | through this machine |

The generators are calls without I/O, as in calls.py. `Moves` runs them, and moves through this machine; it blocks.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from storage_tui.client import calls
from storage_tui.client.calls import Call, Service
from storage_tui.client.control import TransferControl
from storage_tui.client.requests import checked
from storage_tui.contract import wire
from storage_tui.contract.errors import (
    BadRequestError,
    CancelledError,
    ConflictError,
    InvalidKeyError,
    MethodNotAllowedError,
    PreconditionFailedError,
    ProtocolError,
    StorageError,
    TypeRuleError,
)
from storage_tui.contract.keys import check_name
from storage_tui.contract.models import Blob
from storage_tui.contract.moves import Move, MoveResult, named
from storage_tui.contract.storage_types import find_storage_type

if TYPE_CHECKING:
    from storage_tui.client.transfer.engine import TransferEngine

COPY_FEATURE, MOVE_FEATURE = "copy", "move"
COPY_BATCH_FEATURE, MOVE_BATCH_FEATURE = "copy-batch", "move-batch"
CONTENT_TYPE_FEATURE = "content-type"
WHY_NO_TYPE = (
    "this server has no call that changes the content type of a stored blob; upload the blob again with the other type"
)
BATCH_BYTES = 4 * 1024 * 1024  # of one request; the server takes twice as much


def checked_move(wanted: Move) -> Move:
    """Return the move with the names of its storage types. Raise InvalidKeyError or UnknownStorageTypeError."""
    check_name(wanted.key), check_name(wanted.to_key)
    return named(wanted)


def check_may_move(storage_type: str, key: str | None = None) -> None:
    """Raise TypeRuleError when blobs of the storage type cannot be moved away."""
    rule = find_storage_type(storage_type)
    if not rule.may_delete:
        what = "blobs" if key is None else repr(key)
        raise TypeRuleError(f"cannot move {what}: {rule.name} is {rule.summary}; {rule.way_out}", key=key)


def move(service: Service, wanted: Move) -> Call[Blob]:
    """Move one blob on a server with the feature `copy`; return the blob where it is now."""
    info = yield from calls.describe(service)
    check_may_move(wanted.storage_type, wanted.key)
    if MOVE_FEATURE not in info.features:
        return (yield from _move_by_copy(service, wanted))
    request = calls.json_post(wire.MOVE, wanted.storage_type, _body(wanted), key=wanted.key, keys=_keys(wanted))
    answer = checked(request, (yield request))
    return Blob.from_json(wire.parse_answer(answer.body), wanted.target_type)


def move_many(service: Service, moves: Sequence[Move]) -> Call[list[MoveResult]]:
    """Move many blobs on a server with the feature `copy`; return the result of each, in order.

    Once some have a result, a request that fails is the error of its moves and of all later ones.
    """
    info = yield from calls.describe(service)
    yield from calls.check_names(service, _refusal(moves))
    if MOVE_BATCH_FEATURE not in info.features:
        return (yield from _one_by_one(moves, lambda wanted: move(service, wanted)))
    return (yield from _in_batches(moves, wire.MOVE, info.limits.delete_batch))


def copy(service: Service, wanted: Move) -> Call[Blob]:
    """Copy one blob on a server with the feature `copy`; return the copy."""
    info = yield from calls.describe(service)
    is_older = COPY_BATCH_FEATURE not in info.features
    if wanted.etag is not None and is_older:  # such a server does not look at the ETag
        check_seen(wanted, (yield from calls.stat(wanted.key, wanted.storage_type)))
    request = calls.json_post(wire.COPY, wanted.storage_type, _body(wanted), key=wanted.key, keys=_keys(wanted))
    response = yield request
    try:
        answer = checked(request, response)
    except PreconditionFailedError as exc:
        if is_older and not wanted.overwrite:
            raise exists_already(wanted) from exc
        raise
    return Blob.from_json(wire.parse_answer(answer.body), wanted.target_type)


def set_content_type(
    service: Service, key: str, content_type: str, storage_type: str, etag: str | None = None
) -> Call[Blob]:
    """Give a blob another content type, on a server with the feature `content-type`; return the blob.

    The blob is copied onto itself with the other type. Raise MethodNotAllowedError for a server without the feature,
    BadRequestError for a type that is no text.
    """
    if not isinstance(content_type, str) or not content_type.strip():
        raise BadRequestError("a content type is a text such as text/csv")
    info = yield from calls.describe(service)
    if CONTENT_TYPE_FEATURE not in info.features:
        raise MethodNotAllowedError(WHY_NO_TYPE, key=key)
    wanted = checked_move(Move(key, key, storage_type, etag=etag))
    fields = {"key": key, "to_key": key, "etag": etag, "content_type": content_type}
    body = json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)
    request = calls.json_post(wire.COPY, wanted.storage_type, body, key=key, keys=(key,))
    answer = checked(request, (yield request))
    return Blob.from_json(wire.parse_answer(answer.body), wanted.storage_type)


def copy_many(service: Service, moves: Sequence[Move]) -> Call[list[MoveResult]]:
    """Copy many blobs, as `move_many` moves them."""
    info = yield from calls.describe(service)
    yield from calls.check_names(service, _refusal(moves))
    if COPY_BATCH_FEATURE not in info.features:
        return (yield from _one_by_one(moves, lambda wanted: copy(service, wanted)))
    return (yield from _in_batches(moves, wire.COPY, info.limits.delete_batch))


def _body(wanted: Move) -> str:
    fields = {name: value for name, value in wanted.to_json().items() if value is not None}
    return json.dumps(fields, ensure_ascii=False)


def _keys(wanted: Move) -> tuple[str, str]:
    return wanted.key, wanted.to_key


def _refusal(moves: Iterable[Move]) -> InvalidKeyError | None:
    return calls.first_refusal(key for wanted in moves for key in _keys(wanted))


def _in_batches(moves: Sequence[Move], verb: str, most: int) -> Call[list[MoveResult]]:
    results: list[MoveResult] = []
    for batch in _batches(moves, max(1, most)):
        body = f'{{"targets": [{", ".join(map(_body, batch))}]}}'
        keys = (key for wanted in batch for key in _keys(wanted))
        request = calls.json_post(verb, batch[0].storage_type, body, keys=keys)
        try:
            answer = wire.parse_answer(checked(request, (yield request)).body)
            rows = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(rows, list) or len(rows) != len(batch):
                raise ProtocolError("the server did not report what became of each blob; list them again")
            results += [MoveResult.from_json(row, wanted) for row, wanted in zip(rows, batch, strict=True)]
        except StorageError as exc:
            if not results:
                raise
            results += [_refused(wanted, exc) for wanted in moves[len(results) :]]
            break
    return results


def _batches(moves: Sequence[Move], most: int) -> Iterator[Sequence[Move]]:
    """Yield the moves in batches, in order, each of one source type, and bounded in number and in bytes."""
    start, size_bytes = 0, 0
    for number, wanted in enumerate(moves):
        more = sum(calls.json_bytes(key) for key in _keys(wanted))
        is_other = number > start and wanted.storage_type != moves[start].storage_type
        if is_other or number - start >= most or size_bytes + more > BATCH_BYTES:
            yield moves[start:number]
            start, size_bytes = number, 0
        size_bytes += more
    if start < len(moves):
        yield moves[start:]


def _one_by_one(moves: Sequence[Move], call: Callable[[Move], Call[Blob]]) -> Call[list[MoveResult]]:
    results: list[MoveResult] = []
    for wanted in moves:
        try:
            results.append(MoveResult(wanted, (yield from call(wanted))))
        except StorageError as exc:
            if _is_of_all(exc):
                if not results:
                    raise
                return [*results, *(_refused(left, exc) for left in moves[len(results) :])]
            results.append(_refused(wanted, exc))
    return results


def _move_by_copy(service: Service, wanted: Move) -> Call[Blob]:
    """Copy the blob, then delete the version of it that was seen before."""
    seen = yield from calls.stat(wanted.key, wanted.storage_type)
    check_seen(wanted, seen)
    if wanted.is_onto_itself:
        return _stays(wanted, seen)
    made = yield from copy(service, wanted)
    yield from delete_seen(wanted, seen)
    return made


def check_seen(wanted: Move, seen: Blob) -> None:
    """Raise PreconditionFailedError when the blob is not the version that the move is of."""
    if wanted.etag is not None and seen.etag is not None and seen.etag != wanted.etag:
        raise PreconditionFailedError(f"{wanted.key!r} has changed; look at it again first", key=wanted.key)


def delete_seen(wanted: Move, seen: Blob) -> Call[None]:
    """Delete the source if it is still what was seen; a plain server ignores If-Match, so look first."""
    now = yield from calls.stat(wanted.key, wanted.storage_type)
    if (now.etag, now.size_bytes, now.modified) != (seen.etag, seen.size_bytes, seen.modified):
        raise PreconditionFailedError(
            f"{wanted.key!r} was changed while it was moved: the changed blob stays, and a copy is at "
            f"{wanted.to_key!r}; compare them",
            key=wanted.key,
        )
    yield from calls.delete(wanted.key, wanted.storage_type, seen.etag)


def _stays(wanted: Move, seen: Blob) -> Blob:
    """Return the blob that is moved onto itself; raise ConflictError when nothing may be overwritten."""
    if not wanted.overwrite:
        raise exists_already(wanted)
    return seen


def exists_already(wanted: Move) -> ConflictError:
    """Return the error for a target that exists and is not overwritten."""
    return ConflictError(f"{wanted.to_key!r} exists already in {wanted.target_type}", key=wanted.to_key)


def _refused(wanted: Move, error: StorageError) -> MoveResult:
    return MoveResult(wanted, error=error.code, message=error.message)


def _is_of_all(error: StorageError) -> bool:
    """Return whether the error is of the server or the user, and not of one blob."""
    return error.retryable or error.status == 401 or isinstance(error, CancelledError)


class Moves:
    """Moves and copies blobs by whichever calls the server has; blocks. `control` steers what goes through this
    machine."""

    def __init__(self, engine: "TransferEngine", control: TransferControl | None = None) -> None:
        self._engine = engine
        self._control = control or TransferControl()

    def move(self, wanted: Move) -> Blob:
        """Move one blob; see `Storage.move`."""
        return self._one(checked_move(wanted), is_move=True)

    def copy(self, wanted: Move) -> Blob:
        """Copy one blob; see `Storage.copy`."""
        return self._one(checked_move(wanted), is_move=False)

    def move_many(self, moves: Iterable[Move]) -> list[MoveResult]:
        """Move many blobs; see `Storage.move_many`."""
        return self._many(checked_moves(moves), is_move=True)

    def copy_many(self, moves: Iterable[Move]) -> list[MoveResult]:
        """Copy many blobs; see `Storage.copy_many`."""
        return self._many(checked_moves(moves), is_move=False)

    def _one(self, wanted: Move, *, is_move: bool) -> Blob:
        engine = self._engine
        engine.check_names(_refusal([wanted]))
        if COPY_FEATURE in engine.describe().features:
            return engine.run(move(engine.service, wanted) if is_move else copy(engine.service, wanted))
        return self._through(wanted, is_move=is_move)

    def _many(self, moves: Sequence[Move], *, is_move: bool) -> list[MoveResult]:
        engine = self._engine
        if COPY_FEATURE in engine.describe().features:
            return engine.run((move_many if is_move else copy_many)(engine.service, moves))
        engine.check_names(_refusal(moves))
        results: list[MoveResult] = []
        for wanted in moves:
            try:
                results.append(MoveResult(wanted, self._through(wanted, is_move=is_move)))
            except StorageError as exc:
                if _is_of_all(exc):
                    if not results:
                        raise
                    return [*results, *(_refused(left, exc) for left in moves[len(results) :])]
                results.append(_refused(wanted, exc))
        return results

    def _through(self, wanted: Move, *, is_move: bool) -> Blob:
        """Move or copy a blob through this machine, for a server that cannot copy."""
        engine = self._engine
        if is_move:
            check_may_move(wanted.storage_type, wanted.key)
        target = find_storage_type(wanted.target_type)
        seen = engine.run(calls.stat(wanted.key, wanted.storage_type))
        check_seen(wanted, seen)
        if wanted.is_onto_itself and is_move:
            return _stays(wanted, seen)
        if not (wanted.overwrite and target.may_overwrite) and engine.run(calls.exists(wanted.to_key, target.name)):
            raise exists_already(wanted)
        made = engine.copy_through(
            wanted.key, wanted.storage_type, wanted.to_key, target.name, control=self._control,
            replaces=wanted.overwrite,
        )  # fmt: skip
        if is_move:
            engine.run(delete_seen(wanted, seen))
        return made


def checked_moves(moves: Iterable[Move]) -> list[Move]:
    """Return the moves of `move_many` and `copy_many` as a list; raise BadRequestError for anything else."""
    if isinstance(moves, Move | str | bytes):
        raise BadRequestError("give a list of moves, or use `move` or `copy` for one blob")
    found = list(moves)
    for wanted in found:
        if not isinstance(wanted, Move):
            raise BadRequestError(f"a move is a Move of storage_tui, not a {type(wanted).__name__}")
    return [checked_move(wanted) for wanted in found]
