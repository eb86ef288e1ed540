"""The list of a bucket, straight from its engine: so its first lines are there before a server could have started.

A server of the place that runs already is asked instead: it knows what was changed through it, and what it has listed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

from storage_tui.cli.settings import Settings
from storage_tui.cli.store_choice import opening_of
from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.models import Blob
from storage_tui.contract.places import parse_place

if TYPE_CHECKING:
    import asyncio

    from storage_tui.client.access.place_access import PlaceAccess
    from storage_tui.server.stores.bucket.lists.listing import Lists
    from storage_tui.server.stores.s3.protocol.bucket import Bucket

Entry = Blob | str
FIRST, REST = 1000, 10_000  # entries of one step: one answer of the engine, then what is asked for ahead


def entries_straight(
    settings: Settings, key: str, *, is_recursive: bool, is_bare: bool, first: int = FIRST, rest: int = REST
) -> tuple[str, Iterator[Entry]] | None:
    """Return what `ls` lists for a key of the place in the settings, in the order of the keys: blobs and folders in the
    folder, or with `is_recursive` the blobs below; and the prefix of the folder, empty for a blob. With `is_bare` blobs
    are their keys alone.

    Return None where the server of the place is to be asked: for anything but a bucket without types, while the server
    runs, and when there is nothing or it cannot be had. Raise StorageError when a list that has begun breaks off.
    """
    place = None if settings.url is None else parse_place(settings.url)
    options = opening_of(settings)
    if place is None or place.kind != "s3" or not place.bucket or options.types:
        return None
    from storage_tui.client.access.place_access import PlaceAccess

    access = PlaceAccess.of(place, options)
    if (access.runtime_dir() / "socket").exists():
        return None
    try:
        batches = _batches(access, key, chain([first], repeat(rest)), is_recursive=is_recursive, is_bare=is_bare)
        begin = next(batches, None)
    except (ImportError, StorageError):  # packages are missing, or nobody may list: the server says so in its words
        return None
    if begin is None:
        return None
    prefix, entries = begin
    return prefix, chain(entries, chain.from_iterable(more for _, more in batches))


def _batches(
    access: "PlaceAccess", key: str, limits: Iterator[int], *, is_recursive: bool, is_bare: bool
) -> Iterator[tuple[str, Sequence[Entry]]]:
    """Yield the prefix of the folder with entries of one step of its list, as long as there are any."""
    with _opened(access) as (bucket, lists, runner):
        if key and not key.endswith(DELIMITER):
            if bucket.head(key) is not None:
                if is_bare:  # the server alone says more of one blob, in the words of the wire
                    yield "", [key]
                return
            key += DELIMITER
        delimiter = "" if is_recursive else DELIMITER
        after: str | None = ""
        while after is not None:
            limit, entries = next(limits), list[Entry]()
            if is_bare:
                [columns] = runner.run(lists.columns(key, delimiter, after, limit, limit))
                entries += [key + name for name in columns.names]
                after = columns.next_token
            else:
                page = runner.run(lists.page(key, delimiter, after, limit))
                entries += sorted([*page.blobs, *page.prefixes], key=_key)
                after = page.next_token
            if entries:
                yield key, entries


def _key(entry: Entry) -> str:
    return entry if isinstance(entry, str) else entry.key


@contextmanager
def _opened(access: "PlaceAccess") -> "Iterator[tuple[Bucket, Lists, asyncio.Runner]]":
    import asyncio

    from storage_tui.machine.private_files import make_private_dir
    from storage_tui.server.stores.bucket.connecting import connect
    from storage_tui.server.stores.bucket.every.names import note_place
    from storage_tui.server.stores.bucket.lists.listing import Lists
    from storage_tui.server.stores.bucket.lists.trees import SERVERS
    from storage_tui.server.stores.bucket.options import BucketOptions
    from storage_tui.server.stores.bucket.refusals import DeniedError
    from storage_tui.server.stores.s3.protocol.requests import MissingError
    from storage_tui.server.stores.s3.protocol.threads import Threads

    place, options = access.place, access.options
    reached = BucketOptions(
        endpoint_url=options.endpoint_url, region=options.region, profile=options.profile,
        no_sign_request=options.no_sign_request, request_payer=options.request_payer,
    )  # fmt: skip
    bucket, identity = connect(place.bucket, place.prefix, reached)
    threads = Threads()
    with suppress(OSError):  # without the note, only the list of all buckets lacks the name
        make_private_dir(access.state_dir())
        note_place(access.state_dir(), str(place), options.endpoint_url)
    try:
        served_by = ""
        if identity.endpoint_url is not None:
            with suppress(DeniedError):
                served_by = bucket.served_by()
        lists = Lists(bucket, threads, is_tree=served_by.startswith(SERVERS))
        with asyncio.Runner() as runner:
            try:
                yield bucket, lists, runner
            finally:
                runner.run(lists.close())
    except MissingError as exc:
        raise BadRequestError(f"nothing of the S3 API is at {bucket.engine.endpoint}; check the endpoint") from exc
    finally:
        threads.close()
        bucket.engine.close()
