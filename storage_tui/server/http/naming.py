"""Every way in which a request names keys, as functions that rows of the route table carry.

A restricted token must cover everything that such a function returns. A row without one is closed to restricted tokens.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.moves import Move
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.request import Request
from storage_tui.server.http.responses import checked_content_type
from storage_tui.server.http.targets import address_of, storage_type_of

MOVE_BODY_BYTES = 8 * 1024 * 1024  # the longest batch of the longest pairs of keys, with all but ASCII in escapes
DELETE_BODY_BYTES = 4 * 1024 * 1024  # the longest batch of the longest keys, with all but ASCII in escapes
DELETE_PARTS = 8_000  # eight for each target; our client sends three, and six for a move

_MOVE = '{"key": …, "to_key": …, "to_storage_type": …, "overwrite": true, "etag": …}'

Naming = Callable[[Request], Awaitable[Sequence[Named]]]


async def names_nothing(request: Request) -> Sequence[Named]:
    """Return nothing: the request names no key of any user."""
    return ()


def names_key(*verbs: Verb) -> Naming:
    """Return a function that names the key in the path, for these verbs."""

    async def name(request: Request) -> Sequence[Named]:
        address = address_of(request)
        return [Named(verb, address.storage_type, address.key) for verb in verbs]

    return name


async def names_prefix(request: Request) -> Sequence[Named]:
    """Return the prefix in the query, which names all keys that start with it."""
    prefix = request.rules.check_prefix(request.query.get("prefix", ""))
    return [Named(Verb.LIST, storage_type_of(request), prefix)]


async def batch_of(request: Request) -> dict[str, Any]:
    """Return the body of a batch of deletes."""
    return await request.json(DELETE_BODY_BYTES, "a batch", parts=DELETE_PARTS)


async def names_batch(request: Request) -> Sequence[Named]:
    """Return the keys of a batch to delete."""
    storage_type = storage_type_of(request)
    targets = (await batch_of(request)).get("targets")
    if not isinstance(targets, list):
        raise BadRequestError('a batch is {"targets": [{"key": …, "etag": …}, …]}')
    keys = [target.get("key") if isinstance(target, dict) else None for target in targets]
    return [Named(Verb.DELETE, storage_type, key if isinstance(key, str) else "") for key in keys]


async def names_undelete(request: Request) -> Sequence[Named]:
    """Return the keys of blobs to bring back, and the other keys that they are to have."""
    storage_type = storage_type_of(request)
    targets = (await batch_of(request)).get("targets")
    if not isinstance(targets, list):
        raise BadRequestError('a batch is {"targets": [{"key": …, "etag": …}, …]}')
    rows = [target if isinstance(target, dict) else {} for target in targets]
    keys = [key for row in rows for key in (row.get("key"), row.get("to_key", row.get("key")))]
    return [Named(Verb.WRITE, storage_type, key if isinstance(key, str) else "") for key in keys]


async def names_purge(request: Request) -> Sequence[Named]:
    """Return the keys or the prefix of gone blobs to remove for good."""
    raw = await batch_of(request)
    if "prefix" not in raw:
        return await names_batch(request)
    prefix = raw["prefix"]
    if not isinstance(prefix, str):
        raise BadRequestError('a purge is {"targets": […]} or {"prefix": …}')
    return [Named(Verb.DELETE, storage_type_of(request), request.rules.check_prefix(prefix), is_prefix=True)]


async def moves_of(request: Request) -> tuple[list[Move], bool]:
    """Return the moves or copies in the body, and whether they are a batch. Keys are not checked yet.

    Raise BadRequestError for a body of another form, UnknownStorageTypeError for a target in an unknown type.
    """
    storage_type = storage_type_of(request)
    raw = await request.json(MOVE_BODY_BYTES, "a move or copy", parts=DELETE_PARTS)
    if "targets" not in raw:
        return [_move(raw, storage_type)], False
    targets = raw["targets"]
    if not isinstance(targets, list):
        raise BadRequestError(f'a batch is {{"targets": [{_MOVE}, …]}}')
    if "key" in raw or "to_key" in raw:
        raise BadRequestError("the body is one move or copy, or a batch of targets; it has both")
    return [_move(target, storage_type) for target in targets], True


async def copied_type_of(request: Request) -> str | None:
    """Return the content type that the body of one copy asks for; None where the copy has that of its source.

    Raise BadRequestError for a type that is not served, and for a body that is not one copy.
    """
    raw = await request.json(MOVE_BODY_BYTES, "a move or copy", parts=DELETE_PARTS)
    wanted, targets = raw.get("content_type"), raw.get("targets")
    rows = [row for row in targets if isinstance(row, dict)] if isinstance(targets, list) else []
    if any("content_type" in row for row in rows) or ("targets" in raw and wanted is not None):
        raise BadRequestError("a content type is set by one copy at a time, not in a batch")
    if wanted is None:
        return None
    if not isinstance(wanted, str):
        raise BadRequestError("the content_type of a copy is a text such as text/csv")
    return checked_content_type(wanted)


async def copied_from(request: Request) -> str | None:
    """Return the URL of the place that the body of one copy takes its source from; None for this store. Raise
    BadRequestError for a place that is no text, or of a batch."""
    raw = await request.json(MOVE_BODY_BYTES, "a move or copy", parts=DELETE_PARTS)
    place, targets = raw.get("from_place"), raw.get("targets")
    rows = [row for row in targets if isinstance(row, dict)] if isinstance(targets, list) else []
    if any("from_place" in row for row in rows) or ("targets" in raw and place is not None):
        raise BadRequestError("another place is named by one copy at a time, not in a batch")
    if place is not None and not isinstance(place, str):
        raise BadRequestError("the from_place of a copy is a URL such as s3://bucket")
    return place


def _move(raw: Any, storage_type: str) -> Move:
    if not isinstance(raw, dict):
        raise BadRequestError(f"each target is {_MOVE}")
    key, to_key, etag = raw.get("key"), raw.get("to_key"), raw.get("etag")
    to_type, overwrite = raw.get("to_storage_type") or storage_type, raw.get("overwrite", True)
    are_texts = all(isinstance(text, str) for text in (key, to_key, to_type))
    if not are_texts or not isinstance(overwrite, bool) or not (etag is None or isinstance(etag, str)):
        raise BadRequestError(f"a move or copy is {_MOVE}; the last three are optional")
    etag = etag.strip('"') if etag else None
    return Move(key, to_key, storage_type, find_storage_type(to_type).name, etag, overwrite)  # type: ignore[arg-type]


async def names_copy(request: Request) -> Sequence[Named]:
    """Return the sources and the targets of copies."""
    moves, _ = await moves_of(request)
    return [
        named
        for move in moves
        for named in (Named(Verb.READ, move.storage_type, move.key), Named(Verb.WRITE, move.target_type, move.to_key))
    ]


async def names_move(request: Request) -> Sequence[Named]:
    """Return the sources and the targets of moves: a move is a copy, and a delete of the source."""
    moves, _ = await moves_of(request)
    return [*await names_copy(request), *(Named(Verb.DELETE, move.storage_type, move.key) for move in moves)]
