"""A bucket of an S3 engine, below a prefix: its objects by name. The calls block; on an event loop, run them in
threads.

Source of the calls: the Amazon S3 API Reference. The engine checks a condition in the same step as the change.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import quote, unquote, urlencode

from storage_tui.contract.errors import StorageError, UnavailableError
from storage_tui.contract.moments import parse_http_date
from storage_tui.contract.wire import Span, format_range, parse_content_range
from storage_tui.server.stores.s3.protocol.answers import elements, error_code, fields_of, read_answer
from storage_tui.server.stores.s3.protocol.connections import EngineAnswer
from storage_tui.server.stores.s3.protocol.listed import Listed, names_of, read_listed
from storage_tui.server.stores.s3.protocol.requests import MissingError, S3Engine, length_of, path_of
from storage_tui.server.stores.s3.protocol.stored_checks import whole_checks

MOST_DIGITS = 19  # of a size in bytes
LIST_LIMIT = 1000  # the most that one request lists, by the S3 API
CRC = "x-amz-checksum-crc32c"
META = "x-amz-meta-"
KEPT_HEADERS = (  # what an object has beside its bytes, and what a copy of it in parts must be given
    "content-type", "content-encoding", "content-disposition", "content-language", "cache-control", "expires",
)  # fmt: skip
WRITTEN = "written"  # metadata: when the bytes were written, where that was before the object was made

# Called after a change of an object, or a try, with its name, and the metadata that it was given; None for a removal.
Listener = Callable[[str, Mapping[str, str] | None], None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Condition:
    """The condition for a change: there is an object with the ETag `if_match`, or, with `if_absent`, no object. Without
    both there is no condition."""

    if_match: str | None = None
    if_absent: bool = False

    def headers(self) -> dict[str, str]:
        """Return the condition as headers for the engine."""
        if self.if_absent:
            return {"If-None-Match": "*"}
        return {"If-Match": f'"{self.if_match}"'} if self.if_match is not None else {}


NOTHING_ASKED = Condition()


@dataclass(frozen=True, slots=True)
class Object:
    """An object as described by the engine. A list contains name, size, time and ETag only. `modified` is in whole
    seconds of the engine's clock, as in the answer to HEAD, unless the metadata says when the bytes were written;
    `crc32c` is in the wire's form."""

    name: str
    size_bytes: int
    etag: str
    modified: datetime
    crc32c: str | None = None
    meta: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = ""  # as the engine names it, such as GLACIER; empty for the usual class
    headers: Mapping[str, str] = field(default_factory=dict)  # those of KEPT_HEADERS, of a described object
    is_restored: bool = False  # an archived object whose bytes can be read for a while
    checks: Mapping[str, str] = field(default_factory=dict)  # stored checksums of the whole, by name, in base64
    tag_count: int = 0
    version_id: str | None = None  # of a version that was asked for; None is the present object


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """One answer to a list, in the byte order of the names. `is_truncated`: more may follow. `token` is the position
    after it in the engine's words; empty where it has none."""

    objects: list[Object]
    prefixes: list[str]
    is_truncated: bool
    token: str = ""


class Bucket:
    """The objects whose names begin with `root`. The names in these calls are without `root`. `is_ours` is true for a
    bucket that only this program fills: then an object's metadata has its checksum and the time of its writing.
    `listeners` hear of every change through this value, in the thread of the change."""

    def __init__(self, engine: S3Engine, bucket: str, root: str = "", *, is_ours: bool = True) -> None:
        self.engine = engine
        self.name = bucket
        self.root = root
        self.is_ours = is_ours
        self.listeners: list[Listener] = []

    def now(self) -> datetime:
        """Return the time of the engine, whose clock also sets the times of its objects. Raise MissingError when there
        is no such bucket."""
        headers, _ = self.engine.call("HEAD", path_of(self.name))
        return parse_http_date(headers.get("date", "")) or _EPOCH

    def describe(self) -> Mapping[str, str] | None:
        """Return the headers of the engine's answer to HEAD of the bucket; None when there is no such bucket."""
        try:
            return self.engine.call("HEAD", path_of(self.name))[0]
        except MissingError:
            return None

    def served_by(self) -> str:
        """Return the name of the engine, as its answer to HEAD of the bucket has it; empty where it has none."""
        return (self.describe() or {}).get("server", "")

    def head(self, name: str, *, version_id: str | None = None) -> Object | None:
        """Return the object, or one version of it, without its bytes; None when there is none."""
        query = {} if version_id is None else {"versionId": version_id}
        try:
            headers, _ = self.engine.call("HEAD", self.path(name), query, {"x-amz-checksum-mode": "ENABLED"})
        except MissingError:
            return None
        found = self._described(name, headers, _length(headers))
        return found if version_id is None else replace(found, version_id=version_id)

    def read(self, name: str) -> tuple[Object, bytes] | None:
        """Return a small object and its bytes; None when there is none."""
        try:
            headers, content = self.engine.call("GET", self.path(name))
        except MissingError:
            return None
        return self._described(name, headers, len(content)), content

    def open(self, name: str, span: Span, *, etag: str | None = None) -> tuple[Object, EngineAnswer]:
        """Return the object, and the answer from which the caller reads the bytes of the span. The caller closes the
        answer.

        A span past the end is cut. Raise MissingError when there is no object or the span begins past its end. Raise
        ConditionError when `etag` is given and the object has another ETag.
        """
        headers = {"Range": format_range(span), "x-amz-checksum-mode": "ENABLED", **Condition(etag).headers()}
        answer = self.engine.stream(self.path(name), headers)
        try:
            start, size_bytes = _sent(answer)
            if start != span.start:
                raise UnavailableError("the storage engine sent other bytes than it was asked for; check the endpoint")
        except StorageError:
            answer.close()
            raise
        return self._described(name, answer.headers, size_bytes), answer

    def put(
        self, name: str, content: bytes | Sequence[bytes], *, crc32c: str | None = None,
        content_type: str | None = None, meta: Mapping[str, str] | None = None, condition: Condition = NOTHING_ASKED,
    ) -> Object:  # fmt: skip
        """Create or replace the object in one step and return it. The content is whole or in chunks. The time of the
        object is that of the engine's answer."""
        headers = _meta_headers(content_type, meta, is_quoted=self.is_ours) | condition.headers()
        if crc32c is not None:
            headers[CRC] = crc32c
        size_bytes = length_of(content)
        with self._telling(name, meta or {}):
            answer, _ = self.engine.call("PUT", self.path(name), headers=headers, content=content)
        at = parse_http_date(answer.get("date", "")) or _EPOCH
        return Object(name, size_bytes, _etag(answer), written_time(meta or {}, at), crc32c, meta or {})

    def copy(
        self, source: Object, target: str, *, content_type: str | None = None, meta: Mapping[str, str] | None = None,
        condition: Condition = NOTHING_ASKED, kept: Mapping[str, str] | None = None, origin: "Bucket | None" = None,
    ) -> None:  # fmt: skip
        """Make `target` an object with the bytes of `source`, inside the engine, on condition that the source is
        unchanged. Without `meta` the target has the metadata, headers and tags of the source. With `meta` it has these,
        the content type, the headers `kept`, and the tags of the source. `origin` is the bucket of the source, where
        that is another one."""
        headers = {
            "x-amz-copy-source": (origin or self)._source(source),
            "x-amz-copy-source-if-match": f'"{source.etag}"',
            **condition.headers(),
        }
        if meta is not None:
            described = _meta_headers(content_type, meta, is_quoted=self.is_ours)
            headers |= {"x-amz-metadata-directive": "REPLACE", **described, **(kept or {})}
        with self._telling(target, meta or {}):
            _, content = self.engine.call("PUT", self.path(target), headers=headers)
        _check(content)

    def delete(self, name: str, *, etag: str | None = None, version_id: str | None = None) -> None:
        """Remove the object, or one version of it for good. With `etag`, the object must have this ETag. Do nothing
        when there is no object."""
        query = {} if version_id is None else {"versionId": version_id}
        with suppress(MissingError), self._telling(name, None):
            self.engine.call("DELETE", self.path(name), query, Condition(etag).headers())

    def tags(self, found: Object) -> str:
        """Return the tags of an object in the form of a header; empty for none, and where they may not be read."""
        if not found.tag_count:
            return ""
        query = {"tagging": ""} | ({} if found.version_id is None else {"versionId": found.version_id})
        _, content = self.engine.call("GET", self.path(found.name), query)
        groups = elements(read_answer(content, "Tagging"), "TagSet")
        rows = [fields_of(tag) for group in groups for tag in elements(group, "Tag")]
        return urlencode([(row.get("Key", ""), row.get("Value", "")) for row in rows])

    def list(
        self, prefix: str, *, after: str = "", delimiter: str = "", limit: int = LIST_LIMIT, token: str = ""
    ) -> ObjectPage:  # fmt: skip
        """Return the objects and child prefixes of `list_columns`."""
        found = self.list_columns(prefix, after=after, delimiter=delimiter, limit=limit, token=token)
        rows = zip(found.names, found.sizes, found.etags, found.modified, found.classes, strict=True)
        return ObjectPage([listed(*row) for row in rows], found.prefixes, found.is_truncated, found.token)

    def list_columns(
        self, prefix: str, *, after: str = "", delimiter: str = "", limit: int = LIST_LIMIT, token: str = ""
    ) -> Listed:  # fmt: skip
        """Return the names that begin with the prefix, strictly after `after`; with a delimiter, folded at the
        delimiter. With the token of a page, the same list goes on after that page."""
        query = {"list-type": "2", "encoding-type": "url", "prefix": self.root + prefix, "max-keys": str(limit)}
        if token:
            query["continuation-token"] = token
        elif after:
            query["start-after"] = self.root + after
        if delimiter:
            query["delimiter"] = delimiter
        _, content = self.engine.call("GET", path_of(self.name), query)
        return read_listed(content, self.root)

    def begin_parts(
        self, name: str, *, content_type: str | None, meta: Mapping[str, str], is_checked: bool = True,
        kept: Mapping[str, str] | None = None,
    ) -> str:  # fmt: skip
        """Begin an object that comes in parts, and return the engine's id for these parts. With `is_checked`, the
        engine checks the crc32c of each part and of the whole; an engine cannot do this for parts that are copies.
        `kept` are further headers of the object, of KEPT_HEADERS."""
        headers = {**_meta_headers(content_type, meta, is_quoted=self.is_ours), **(kept or {})}
        if is_checked:
            headers |= {"x-amz-checksum-algorithm": "CRC32C", "x-amz-checksum-type": "FULL_OBJECT"}
        _, content = self.engine.call("POST", self.path(name), {"uploads": ""}, headers)
        found = fields_of(read_answer(content)).get("UploadId")
        if not found:
            raise UnavailableError("the storage engine started an upload but returned no id; try again later")
        return found

    def put_part(
        self, name: str, parts_id: str, number: int, content: bytes | Sequence[bytes], *, crc32c: str | None
    ) -> str:
        """Send part `number`, counted from 1, whole or in chunks, and return its ETag. Every part but the last has
        5 MiB or more."""
        query = {"partNumber": str(number), "uploadId": parts_id}
        checked = {} if crc32c is None else {CRC: crc32c}
        headers, _ = self.engine.call("PUT", self.path(name), query, checked, content)
        return _etag(headers)

    def copy_part(
        self, source: Object, name: str, parts_id: str, number: int, span: Span, *, origin: "Bucket | None" = None
    ) -> str:
        """Make part `number` from a span of another object, inside the engine, and return its ETag. `origin` is the
        bucket of that object, where that is another one."""
        headers = {
            "x-amz-copy-source": (origin or self)._source(source),
            "x-amz-copy-source-if-match": f'"{source.etag}"',
            "x-amz-copy-source-range": format_range(span),
        }
        query = {"partNumber": str(number), "uploadId": parts_id}
        _, content = self.engine.call("PUT", self.path(name), query, headers)
        _check(content)
        return fields_of(read_answer(content)).get("ETag", "").strip('"')

    def finish_parts(
        self, name: str, parts_id: str, etags: Sequence[str], *, crc32c: str | None, condition: Condition
    ) -> None:
        """Join the parts into one object. Raise MissingError when the parts no longer exist, MismatchError for a wrong
        crc32c."""
        rows = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
            for number, etag in enumerate(etags, 1)
        )
        headers = {"Content-Type": "application/xml", **condition.headers()}
        if crc32c is not None:
            headers |= {CRC: crc32c, "x-amz-checksum-type": "FULL_OBJECT"}
        document = f"<CompleteMultipartUpload>{rows}</CompleteMultipartUpload>".encode()
        with self._telling(name, {}):
            _, content = self.engine.call("POST", self.path(name), {"uploadId": parts_id}, headers, document)
        _check(content)

    def drop_parts(self, name: str, parts_id: str) -> None:
        """Drop parts that will not become an object."""
        with suppress(MissingError):
            self.engine.call("DELETE", self.path(name), {"uploadId": parts_id})

    def presign(self, name: str, headers: Mapping[str, str], *, valid_s: int) -> str:
        """Return a URL for one GET of the object, valid for `valid_s` seconds. The answer will have the given
        headers."""
        query = {f"response-{header.lower()}": value for header, value in headers.items()}
        return self.engine.presign(self.path(name), query, valid_s=valid_s)

    @contextmanager
    def _telling(self, name: str, meta: Mapping[str, str] | None) -> Iterator[None]:
        """Tell the listeners of the change in the block when it has ended, also by an error: the engine may have made
        the change and its answer was lost."""
        try:
            yield
        finally:
            for listener in self.listeners:
                listener(name, meta)

    def _source(self, source: Object) -> str:
        version = "" if source.version_id is None else f"?versionId={quote(source.version_id, safe='')}"
        return self.path(source.name) + version

    def path(self, name: str) -> str:
        """Return the percent-encoded URL path of an object."""
        return path_of(self.name, self.root + name)

    def name_of(self, told: str, *, is_encoded: bool = True) -> str:
        """Return the name of an object out of an answer, without `root`. Raise ValueError for a name outside of
        `root`."""
        return names_of((told,), self.root, is_encoded=is_encoded)[0]

    def _described(self, name: str, headers: Mapping[str, str], size_bytes: int) -> Object:
        meta = {
            header.lower().removeprefix(META): unquote(value) if self.is_ours else value
            for header, value in headers.items()
            if header.lower().startswith(META)
        }
        modified = parse_http_date(headers.get("last-modified", "")) or _EPOCH
        crc32c = headers.get(CRC)
        if crc32c is not None and "-" in crc32c:  # a checksum of the parts' checksums, not of the whole
            crc32c = None
        if self.is_ours:
            modified, crc32c = written_time(meta, modified), meta.get("crc32c", crc32c)
        kept = {header: headers[header] for header in KEPT_HEADERS if header in headers}
        stored = headers.get("x-amz-storage-class", "")
        is_restored = 'ongoing-request="false"' in headers.get("x-amz-restore", "")
        tags = headers.get("x-amz-tagging-count", "0")
        tag_count = int(tags) if tags.isdecimal() and len(tags) < 4 else 0
        return Object(
            name, size_bytes, _etag(headers), modified, crc32c, meta, stored, kept, is_restored,
            {} if self.is_ours else whole_checks(headers), tag_count,
        )  # fmt: skip


def _length(headers: Mapping[str, str]) -> int:
    """Return the size that an answer names. Raise UnavailableError for an answer that names none: it is no empty
    object."""
    told = headers.get("content-length", "")
    if not (told.isascii() and told.isdecimal() and len(told) < MOST_DIGITS):
        raise UnavailableError(
            "the storage engine does not say how large the object is; a proxy on the way may have changed its answer"
        )
    return int(told)


def _sent(answer: EngineAnswer) -> tuple[int, int]:
    """Return where the bytes of an answer begin in the object, and the size of the object. Raise StorageError for an
    answer that does not say so."""
    told = answer.headers.get("content-range")
    if told:
        span, size_bytes = parse_content_range(told)
        return span.start, size_bytes
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        raise UnavailableError("the storage engine does not say which bytes it sent; check the endpoint")
    return 0, _length(answer.headers)


def listed(name: str, size_bytes: int, etag: str, modified: float, storage_class: str) -> Object:
    """Return an object as a list describes it; `modified` is in seconds since 1970."""
    return Object(name, size_bytes, etag, datetime.fromtimestamp(modified, UTC), storage_class=storage_class)


def written_time(meta: Mapping[str, str], modified: datetime) -> datetime:
    """Return when the bytes were first written: the time in the metadata, else the engine's."""
    try:
        moment = datetime.fromisoformat(meta.get(WRITTEN, ""))
    except ValueError:
        return modified
    return moment if moment.tzinfo is not None else modified


def _etag(headers: Mapping[str, str]) -> str:
    return str(headers.get("etag", "")).strip('"')


def _meta_headers(
    content_type: str | None, meta: Mapping[str, str] | None, *, is_quoted: bool = True
) -> dict[str, str]:
    headers = {META + name: quote(value, safe="/=+;, ") if is_quoted else value for name, value in (meta or {}).items()}
    return {"Content-Type": content_type or "application/octet-stream", **headers}


def _check(content: bytes) -> None:
    """Raise for an error inside an answer that began as a success, as long-running calls may have it."""
    code = error_code(content)
    if code:
        raise UnavailableError(f"the storage engine could not finish ({code}); try again later")
