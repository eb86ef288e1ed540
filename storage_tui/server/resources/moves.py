"""Moves and copies of blobs, one or many in a request; the bytes never leave the server."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

from storage_tui.contract.errors import BadRequestError, StorageError, TooLargeError
from storage_tui.contract.keys import KeyRules
from storage_tui.contract.models import Blob, Limits
from storage_tui.contract.moves import Move, MoveResult
from storage_tui.contract.wire import format_etag
from storage_tui.server.http.naming import copied_from, copied_type_of, moves_of
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import Response, json_response
from storage_tui.server.quotas.quotas import Quotas, Room
from storage_tui.server.stores.abilities import CopyingFrom
from storage_tui.server.stores.base import Address, Store
from storage_tui.server.stores.rules import addresses_of, precondition_of, refusal


class Moves:
    """The handlers of moves and copies."""

    def __init__(self, store: Store, limits: Limits, quotas: Quotas) -> None:
        self._store, self._limits, self._quotas = store, limits, quotas

    async def copy(self, request: Request) -> Response:
        """Copy a blob within this type or into another, or many; answer with the copy, or with the result of each.

        One copy may ask for another content type. A copy onto itself then changes the content type of a blob.
        """
        moves, is_batch = await moves_of(request)
        content_type, place = await copied_type_of(request), await copied_from(request)
        if is_batch:
            return await self._answer_many(request, moves, is_copy=True)
        [move] = moves
        source, target = addresses_of(request.namespace, _checked(move, request.rules))
        if place is not None:
            return await self._copy_from(place, move, source, target)
        async with self._quotas.reserve(target, None) as room:
            if room.is_limited:
                await room.grow((await self._store.stat(source)).size_bytes or 0)
            blob = await self._store.copy(
                source, target, source_etag=move.etag, precondition=precondition_of(move), content_type=content_type
            )
            room.note(blob)
        return _described(blob)

    async def _copy_from(self, place: str, move: Move, source: Address, target: Address) -> Response:
        if not isinstance(self._store, CopyingFrom):
            raise BadRequestError("this server copies from no other place", key=move.key)
        return _described(
            await self._store.copy_from(
                place, source, target, source_etag=move.etag, precondition=precondition_of(move)
            )
        )  # fmt: skip

    async def move(self, request: Request) -> Response:
        """Move a blob within this type or into another, or many; answer with the blob where it is now, or with the
        result of each."""
        moves, is_batch = await moves_of(request)
        if is_batch:
            return await self._answer_many(request, moves, is_copy=False)
        [move] = moves
        source, target = addresses_of(request.namespace, _checked(move, request.rules))
        async with self._quotas.reserve(target, None, is_moved=_is_within(move)) as room:
            if room.is_limited and not _is_within(move):
                await room.grow((await self._store.stat(source)).size_bytes or 0)
            blob = await self._store.move(source, target, source_etag=move.etag, precondition=precondition_of(move))
            if not move.is_onto_itself:
                room.note(blob)
        return _described(blob)

    async def _answer_many(self, request: Request, moves: Sequence[Move], *, is_copy: bool) -> Response:
        if len(moves) > self._limits.delete_batch:
            raise TooLargeError(f"a batch has at most {self._limits.delete_batch} targets, not {len(moves)}")
        results: list[MoveResult | None] = []
        good: list[Move] = []
        for move in moves:
            try:
                good.append(_checked(move, request.rules))
                results.append(None)
            except StorageError as exc:
                shown = replace(move, key=_text(move.key), to_key=_text(move.to_key))
                results.append(refusal(shown, exc))
        carry_out = self._store.copy_many if is_copy else self._store.move_many
        done = iter(await self._with_room(request.namespace, good, carry_out, is_copy=is_copy))
        return json_response({"results": [(next(done) if result is None else result).to_json() for result in results]})

    async def _with_room(
        self, namespace: str, moves: Sequence[Move],
        carry_out: Callable[[str, Sequence[Move]], Awaitable[list[MoveResult]]], *, is_copy: bool,
    ) -> list[MoveResult]:  # fmt: skip
        """Carry out the moves. Where the user has a quota, first reserve room for each blob that needs room."""
        async with AsyncExitStack() as stack:
            rooms: dict[int, Room] = {}
            refused: dict[int, MoveResult] = {}
            for number, move in enumerate(moves):
                source, target = addresses_of(namespace, move)
                is_within = not is_copy and _is_within(move)
                if not self._quotas.is_limited(target, is_moved=is_within) or move.is_onto_itself:
                    continue
                try:
                    size_bytes = None if is_within else (await self._store.stat(source)).size_bytes
                    reserved = self._quotas.reserve(target, size_bytes, is_moved=is_within)
                    rooms[number] = await stack.enter_async_context(reserved)
                except StorageError as exc:
                    refused[number] = refusal(move, exc)
            wanted = [move for number, move in enumerate(moves) if number not in refused]
            done = iter(await carry_out(namespace, wanted))
            results = [refused.get(number) or next(done) for number in range(len(moves))]
            for number, room in rooms.items():
                blob = results[number].blob
                if blob is not None:
                    room.note(blob)
            return results


def _is_within(move: Move) -> bool:
    return move.storage_type == move.target_type


def _checked(move: Move, rules: KeyRules) -> Move:
    """Return the move if its keys are keys; raise InvalidKeyError."""
    rules.check_key(move.key), rules.check_key(move.to_key)
    return move


def _text(key: str) -> str:
    """Return a text of the client so that it can be sent back: half of a surrogate pair becomes a question mark."""
    return key.encode("utf-8", "replace").decode("utf-8")


def _described(blob: Blob) -> Response:
    return json_response(blob.to_json(), headers={"ETag": format_etag(blob.etag or "")})
