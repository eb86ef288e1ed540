"""What only buckets have: metadata and tags, archives that give bytes back for a while, uploads that nobody finished.

Source of the calls: HeadObject, GetObjectTagging, RestoreObject, ListMultipartUploads, ListParts, AbortMultipartUpload
in the Amazon S3 API Reference.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import md5

from storage_tui.contract.errors import BadRequestError, StorageError, UnavailableError
from storage_tui.contract.models import DeleteResult, format_time
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.places import TIERS, BucketFacts, LeftUpload
from storage_tui.server.stores.base import Address
from storage_tui.server.stores.bucket.objects import ARCHIVES, check_type, locate
from storage_tui.server.stores.bucket.sessions import SessionFolder
from storage_tui.server.stores.bucket.versions.trash import CheckWritable
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, read_answer
from storage_tui.server.stores.s3.protocol.bucket import META, Bucket
from storage_tui.server.stores.s3.protocol.requests import MissingError, path_of
from storage_tui.server.stores.s3.protocol.threads import Threads, gather_few

MOST_DAYS = 3650
MOST_LEFT = 10_000  # uploads in one list; ten requests
SIZED = 200  # of them with a size, which takes a request each
PARTS_LISTS = 10  # of up to 1,000 parts: all that an object has

_TOLD = {  # headers of an object that people ask for, by the name that people read
    "content-encoding": "encoding", "content-disposition": "disposition", "content-language": "language",
    "cache-control": "cache", "expires": "HTTP expires", "x-amz-server-side-encryption": "encrypted by",
    "x-amz-version-id": "version", "x-amz-website-redirect-location": "redirects to",
    "x-amz-object-lock-mode": "lock", "x-amz-object-lock-retain-until-date": "locked until",
    "x-amz-checksum-crc64nvme": "crc64nvme", "x-amz-checksum-sha256": "sha256", "x-amz-checksum-sha1": "sha1",
    "x-amz-checksum-crc32": "crc32", "x-amz-checksum-type": "checksum of",
}  # fmt: skip


class Extras:
    """The calls in one bucket. `check_writable` is called with a verb and a key, and raises what refuses a change."""

    def __init__(
        self, bucket: Bucket, threads: Threads, folder: SessionFolder, check_writable: CheckWritable
    ) -> None:  # fmt: skip
        self._bucket = bucket
        self._threads = threads
        self._folder = folder
        self._check_writable = check_writable

    async def facts(self, address: Address) -> BucketFacts:
        """Return what the object has beside its bytes. Raise NotFoundError."""
        return await self._threads.calls.run(self._facts, address)

    async def thaw(
        self, storage_type: str, addresses: Sequence[Address], *, days: int, tier: str
    ) -> list[DeleteResult]:
        """Ask archives for the bytes of objects, to be readable for so many days; return a result for each, in order.
        Raise BadRequestError for other days or another tier."""
        check_type(storage_type)
        if not 1 <= days <= MOST_DAYS or tier not in TIERS:
            raise BadRequestError(f"an archive gives bytes back for 1 to {MOST_DAYS} days, by {', '.join(TIERS)}")

        async def ask(address: Address) -> DeleteResult:
            try:
                self._check_writable("thaw", address.key)
                await self._threads.calls.run(self._thaw, address, days, tier)
            except StorageError as exc:
                return DeleteResult(address.key, exc.code, exc.message)
            return DeleteResult(address.key)

        return await gather_few(ask(address) for address in addresses)

    async def left_uploads(self, storage_type: str, prefix: str) -> list[LeftUpload]:
        """Return the uploads that began below the prefix and were not finished, up to MOST_LEFT, in the engine's
        order."""
        check_type(storage_type)
        found = await self._threads.lists.run(lambda: list(self._left(prefix)))
        ours = await self._threads.calls.run(self._folder.parts_ids)

        async def describe(number: int, key: str, upload_id: str, began: str) -> LeftUpload:
            size_bytes = await self._threads.lists.run(self._size, key, upload_id) if number < SIZED else None
            return LeftUpload(key, upload_id, began, size_bytes, upload_id in ours)

        return await gather_few(describe(number, *one) for number, one in enumerate(found))

    async def drop_uploads(self, storage_type: str, targets: Sequence[tuple[str, str]]) -> list[DeleteResult]:
        """Drop unfinished uploads, each a key and an id, with their bytes; return a result for each, in order."""
        check_type(storage_type)
        self._check_writable("drop uploads", targets[0][0] if targets else "")

        async def drop(key: str, upload_id: str) -> DeleteResult:
            try:
                await self._threads.calls.run(self._bucket.drop_parts, locate(Address("", "data", key)).name, upload_id)
            except StorageError as exc:
                return DeleteResult(key, exc.code, exc.message)
            return DeleteResult(key)

        return await gather_few(drop(key, upload_id) for key, upload_id in targets)

    def _facts(self, address: Address) -> BucketFacts:
        place = locate(address)
        headers = self._head(address)
        fields = [("storage class", headers.get("x-amz-storage-class", ""))]
        fields.append(("restore", restore_words(headers.get("x-amz-restore", ""))))
        fields += [(label, headers.get(name, "")) for name, label in _TOLD.items()]
        metadata = [(name[len(META) :], value) for name, value in headers.items() if name.startswith(META)]
        tags: list[tuple[str, str]] = []
        count = headers.get("x-amz-tagging-count", "")
        if count not in ("", "0"):
            try:
                tags = list(self._tags(place.name))
            except (StorageError, MissingError):
                fields.append(("tags", f"{count[:10]}, which may not be read"))
        return BucketFacts(tuple((name, text) for name, text in fields if text), tuple(metadata), tuple(tags))

    def _head(self, address: Address) -> Mapping[str, str]:
        place = locate(address)
        try:
            headers, _ = self._bucket.engine.call(
                "HEAD", self._bucket.path(place.name), {}, {"x-amz-checksum-mode": "ENABLED"}
            )
        except MissingError:
            raise place.not_found() from None
        return {name.lower(): value for name, value in headers.items()}

    def _tags(self, name: str) -> Iterator[tuple[str, str]]:
        _, content = self._bucket.engine.call("GET", self._bucket.path(name), {"tagging": ""})
        for group in elements(read_answer(content, "Tagging"), "TagSet"):
            for tag in elements(group, "Tag"):
                fields = fields_of(tag)
                yield fields.get("Key", ""), fields.get("Value", "")

    def _thaw(self, address: Address, days: int, tier: str) -> None:
        headers = self._head(address)
        stored = headers.get("x-amz-storage-class", "")
        if stored not in ARCHIVES:
            raise BadRequestError(
                f"{address.key!r} is not archived: its storage class is {stored or 'STANDARD'}; read it as it is",
                key=address.key,
            )
        document = (
            '<RestoreRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Days>{days}</Days><GlacierJobParameters><Tier>{tier.title()}</Tier></GlacierJobParameters>"
            "</RestoreRequest>"
        ).encode()
        given = {
            "Content-Type": "application/xml",
            "Content-MD5": b64encode(md5(document, usedforsecurity=False).digest()).decode(),
        }
        try:
            self._bucket.engine.call("POST", self._bucket.path(address.key), {"restore": ""}, given, document)
        except MissingError:
            raise locate(address).not_found() from None

    def _left(self, prefix: str) -> Iterator[tuple[str, str, str]]:
        """Yield key, id and beginning of each unfinished upload."""
        query = {"uploads": "", "encoding-type": "url", "prefix": self._bucket.root + prefix}
        count = 0
        while True:
            _, content = self._bucket.engine.call("GET", path_of(self._bucket.name), query)
            answer = read_answer(content, "ListMultipartUploadsResult")
            fields = fields_of(answer)
            is_encoded = fields.get("EncodingType") == "url"
            try:
                for one in map(fields_of, elements(answer, "Upload")):
                    key = self._bucket.name_of(one["Key"], is_encoded=is_encoded)
                    if not key.startswith(prefix):
                        continue
                    began = datetime.fromisoformat(one["Initiated"])
                    yield key, one["UploadId"], format_time(began) or ""
                    count += 1
            except (KeyError, ValueError, OverflowError) as exc:
                raise UnavailableError(
                    "the storage engine sent a list that cannot be read; check the endpoint"
                ) from exc
            marker = (fields.get("NextKeyMarker", ""), fields.get("NextUploadIdMarker", ""))
            was = (query.get("key-marker"), query.get("upload-id-marker"))
            if fields.get("IsTruncated") != "true" or count >= MOST_LEFT or not marker[0] or marker == was:
                return
            name = self._bucket.name_of(marker[0], is_encoded=is_encoded)
            query |= {"key-marker": self._bucket.root + name, "upload-id-marker": marker[1]}

    def _size(self, key: str, upload_id: str) -> int | None:
        """Return the bytes of the parts; None where the engine does not tell."""
        query, total = {"uploadId": upload_id}, 0
        try:
            for _ in range(PARTS_LISTS):
                _, content = self._bucket.engine.call("GET", self._bucket.path(key), query)
                answer = read_answer(content)  # engines differ in its name
                total += sum(int(fields_of(part).get("Size", "0")) for part in elements(answer, "Part"))
                fields = fields_of(answer)
                if fields.get("IsTruncated") != "true":
                    return max(0, total)
                query["part-number-marker"] = fields.get("NextPartNumberMarker", "")
        except (StorageError, MissingError, ValueError):
            return None
        return max(0, total)


def restore_words(header: str) -> str:
    """Return what the header x-amz-restore says: `in progress`, `restored until DATE`, or nothing."""
    if 'ongoing-request="true"' in header:
        return "in progress"
    if 'ongoing-request="false"' not in header:
        return ""
    until = parse_http_date(header.partition('expiry-date="')[2].partition('"')[0])
    return "restored" if until is None else f"restored until {format_time(until)}"
