"""Deletes of many objects: a thousand by one request where nothing is asked of them, others by themselves.

Source of the call: DeleteObjects in the Amazon S3 API Reference. The call deletes whatever a name has, and does not say
whether there was anything.
"""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import md5
from itertools import islice
from xml.sax.saxutils import escape

from storage_tui.contract.errors import ForbiddenError, StorageError, UnavailableError
from storage_tui.contract.models import DeleteResult
from storage_tui.contract.visible import one_line
from storage_tui.server.stores.base import ANY, Address, Precondition
from storage_tui.server.stores.bucket import changes
from storage_tui.server.stores.bucket.objects import KIND, locate
from storage_tui.server.stores.bucket.refusals import UnsupportedError
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, read_answer
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.requests import path_of
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

AT_ONCE = 1000  # objects in one request, by the S3 API

_NOT_IN_XML = re.compile("[\x00-\x1f\x7f-\x9f\u2028\ufffe\uffff]")  # XML 1.0 lacks these, or changes them


@dataclass(frozen=True, slots=True)
class Doomed:
    """An object to delete by its name, or one version of it."""

    name: str
    version_id: str | None = None

    @property
    def fits(self) -> bool:
        """Return whether a request for many objects can hold the name as it is."""
        return _NOT_IN_XML.search(self.name + (self.version_id or "")) is None


def batches(doomed: Sequence[Doomed]) -> Iterator[list[Doomed]]:
    """Yield the objects in lists that one request deletes each."""
    waiting = iter(doomed)
    while batch := list(islice(waiting, AT_ONCE)):
        yield batch


def delete_all(bucket: Bucket, doomed: Sequence[Doomed]) -> dict[Doomed, StorageError]:
    """Delete up to AT_ONCE objects, and return the error of each that was refused. An object that is not there is no
    error. Raise StorageError when the request is refused as a whole."""
    fitting = {one for one in doomed if one.fits}
    refused: dict[Doomed, StorageError] = {}
    try:
        refused = _delete_many(bucket, [*fitting]) if fitting else {}
    except UnsupportedError:  # Google's engine deletes one at a time
        fitting = set()
    for one in doomed:
        if one not in fitting:
            try:
                bucket.delete(one.name, version_id=one.version_id)
            except StorageError as exc:
                refused[one] = exc
    return refused


class Deletes:
    """The deletes in one bucket."""

    def __init__(self, bucket: Bucket, threads: Threads) -> None:
        self._bucket = bucket
        self._threads = threads

    async def carry_out(self, targets: Sequence[tuple[str, str | None]]) -> list[DeleteResult]:
        """Delete many, as `Store.delete_many` promises; a key without an ETag is deleted also where it has nothing."""
        results: dict[int, DeleteResult] = {}
        places: dict[str, list[int]] = {}
        for number, (key, _) in enumerate(targets):
            places.setdefault(key, []).append(number)
        together: dict[Doomed, int] = {}
        alone: list[list[int]] = []
        for key, numbers in places.items():
            if len(numbers) == 1 and targets[numbers[0]][1] is None:
                try:
                    together[Doomed(locate(Address("", KIND.name, key)).name)] = numbers[0]
                except StorageError as exc:
                    results[numbers[0]] = DeleteResult(key, exc.code, exc.message)
            else:
                alone.append(numbers)
        await gather_few(self._delete_in_turn(targets, numbers, results) for numbers in alone)
        for batch in batches([*together]):
            refused = await self._delete_together(batch)
            for one in batch:
                error = refused.get(one)
                results[together[one]] = (
                    DeleteResult(one.name) if error is None else DeleteResult(one.name, error.code, error.message)
                )
        return [results[number] for number in range(len(targets))]

    async def _delete_together(self, batch: Sequence[Doomed]) -> Mapping[Doomed, StorageError]:
        try:
            return await self._threads.writes.run(delete_all, self._bucket, batch)
        except StorageError as exc:
            return dict.fromkeys(batch, exc)

    async def _delete_in_turn(
        self, targets: Sequence[tuple[str, str | None]], numbers: Sequence[int], results: dict[int, DeleteResult]
    ) -> None:
        for number in numbers:
            key, etag = targets[number]
            precondition = ANY if etag is None else Precondition(if_match=(etag,))
            try:
                place = locate(Address("", KIND.name, key))
                await self._threads.calls.run(changes.remove, self._bucket, place, precondition)
                results[number] = DeleteResult(key)
            except StorageError as exc:
                results[number] = DeleteResult(key, exc.code, exc.message)


def _delete_many(bucket: Bucket, doomed: Sequence[Doomed]) -> dict[Doomed, StorageError]:
    rows = "".join(
        f"<Object><Key>{escape(bucket.root + one.name)}</Key>"
        + ("" if one.version_id is None else f"<VersionId>{escape(one.version_id)}</VersionId>")
        + "</Object>"
        for one in doomed
    )
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Quiet>false</Quiet>{rows}</Delete>"
    ).encode()
    headers = {
        "Content-Type": "application/xml",
        "Content-MD5": b64encode(md5(document, usedforsecurity=False).digest()).decode(),
    }
    _, content = bucket.engine.call("POST", path_of(bucket.name), {"delete": ""}, headers, document)
    answer = read_answer(content, "DeleteResult")
    done = {_told(fields_of(one)) for one in elements(answer, "Deleted")}
    errors = {_told(fields): fields for fields in map(fields_of, elements(answer, "Error"))}
    refused: dict[Doomed, StorageError] = {}
    for one in doomed:
        told = (bucket.root + one.name, one.version_id or "")
        if told in errors:
            refused[one] = _error_of(bucket, one, errors[told])
        elif told not in done:
            refused[one] = UnavailableError(
                f"the bucket {bucket.name!r} did not say whether {one.name!r} was deleted; list it again", key=one.name
            )
    return refused


def _told(fields: dict[str, str]) -> tuple[str, str]:
    return fields.get("Key", ""), fields.get("VersionId", "")


def _error_of(bucket: Bucket, one: Doomed, fields: dict[str, str]) -> StorageError:
    code = one_line(fields.get("Code", ""))[:60] or "no reason given"
    text = one_line(fields.get("Message", ""))[:200]
    message = f"the bucket {bucket.name!r} does not delete {one.name!r} ({code}){text and f': {text}'}"
    kind = ForbiddenError if code == "AccessDenied" else UnavailableError
    return kind(message, key=one.name)
