"""Every way in which a request names keys, as functions that rows of the route table carry.

A restricted token must cover everything that such a function returns. A row without one is closed to restricted tokens.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import check_prefix
from storage_tui.contract.storage_types import find_storage_type
from storage_tui.server.http.grants import Named, Verb
from storage_tui.server.http.request import Request
from storage_tui.server.http.targets import address_of, storage_type_of

COPY_BODY_BYTES = 64 * 1024  # two keys of 1024 bytes; JSON may write each byte as six
DELETE_BODY_BYTES = 4 * 1024 * 1024  # the longest batch of the longest keys, with all but ASCII in escapes
DELETE_PARTS = 8_000  # eight for each target; our client sends three

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
    return [Named(Verb.LIST, storage_type_of(request), check_prefix(request.query.get("prefix", "")))]


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
    return [Named(Verb.DELETE, storage_type_of(request), check_prefix(prefix), is_prefix=True)]


async def names_copy(request: Request) -> Sequence[Named]:
    """Return the source and the target of a copy."""
    storage_type = storage_type_of(request)
    raw = await request.json(COPY_BODY_BYTES, "a copy")
    key, to_key, to_type = raw.get("key"), raw.get("to_key"), raw.get("to_storage_type") or storage_type
    if not (isinstance(key, str) and isinstance(to_key, str) and isinstance(to_type, str)):
        raise BadRequestError('a copy is {"key": …, "to_key": …, "to_storage_type": …, "overwrite": true}')
    return [Named(Verb.READ, storage_type, key), Named(Verb.WRITE, find_storage_type(to_type).name, to_key)]
