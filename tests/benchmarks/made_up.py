"""An engine of the S3 API in memory, with millions of objects that are nowhere: their names are made up when they are
listed. Objects that are written or removed are kept beside them. It counts requests, and has the parts of the API that
sums and sweeps use.
"""

import hashlib
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote, unquote

from storage_tui.server.stores.s3.protocol.requests import ConditionError, MissingError

PAST_ALL = "\U0010ffff"
_ROW = (
    "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)


@dataclass(frozen=True)
class _Object:
    content: bytes
    etag: str
    modified: datetime
    headers: Mapping[str, str]


class MadeUpEngine:
    """Empty objects by number, whose names grow with the number, and the objects written since."""

    def __init__(self, count: int, name_of: Callable[[int], str]) -> None:
        """`name_of` returns the name of the object of a number below `count`."""
        self.made = 0
        self.changes = 0
        self._count, self._name_of = count, name_of
        self._since = datetime.now(UTC).replace(microsecond=0)
        self._empty = _Object(b"", hashlib.md5(b"").hexdigest(), self._since, {})
        self._written: dict[str, _Object] = {}
        self._order: list[str] = []  # the names of `_written`
        self._removed: set[str] = set()  # names of made-up objects
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """A name for messages."""
        return "made-up"

    def close(self) -> None:
        """Do nothing."""

    def greet(self) -> None:
        """Answer."""

    def call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None,
        content: bytes | Sequence[bytes] | None = None,
    ) -> tuple[Mapping[str, str], bytes]:  # fmt: skip
        """Answer a request as `S3Engine.call` does."""
        name = unquote(path.removeprefix("/").partition("/")[2])
        with self._lock:
            self.made += 1
            if not name:
                return {"date": _http(datetime.now(UTC))}, b"" if method == "HEAD" else self._list(query or {})
            if method in ("HEAD", "GET"):
                return self._read(name)
            self.changes += 1
            self._check(name, headers or {})
            return self._remove(name) if method == "DELETE" else self._put(name, headers or {}, content or b"")

    def _read(self, name: str) -> tuple[Mapping[str, str], bytes]:
        found = self._find(name)
        if found is None:
            raise MissingError(name)
        told = {"etag": f'"{found.etag}"', "last-modified": _http(found.modified)}
        return {**told, "content-length": str(len(found.content)), **found.headers}, found.content

    def _put(
        self, name: str, headers: Mapping[str, str], content: bytes | Sequence[bytes]
    ) -> tuple[Mapping[str, str], bytes]:  # fmt: skip
        whole = content if isinstance(content, bytes) else b"".join(content)
        now = datetime.now(UTC).replace(microsecond=0)
        kept = {key.lower(): value for key, value in headers.items() if key.lower().startswith("x-amz-meta-")}
        if name not in self._written:
            insort(self._order, name)
        self._written[name] = _Object(whole, hashlib.md5(whole).hexdigest(), now, kept)
        return {"etag": f'"{self._written[name].etag}"', "date": _http(now)}, b""

    def _remove(self, name: str) -> tuple[Mapping[str, str], bytes]:
        if self._written.pop(name, None) is not None:
            del self._order[bisect_left(self._order, name)]
        if self._is_made_up(name):
            self._removed.add(name)
        return {}, b""

    def _check(self, name: str, headers: Mapping[str, str]) -> None:
        found = self._find(name)
        wanted = headers.get("If-Match")
        if wanted is not None and found is None:
            raise MissingError(name)
        if (wanted is not None and found is not None and wanted != f'"{found.etag}"') or (
            headers.get("If-None-Match") == "*" and found is not None
        ):
            raise ConditionError("the object is another one")

    def _find(self, name: str) -> _Object | None:
        if name in self._written:
            return self._written[name]
        return self._empty if self._is_made_up(name) and name not in self._removed else None

    def _is_made_up(self, name: str) -> bool:
        at = self._first_from(name)
        return at < self._count and self._name_of(at) == name

    def _first_from(self, name: str) -> int:
        return bisect_left(range(self._count), name, key=self._name_of)

    def _list(self, query: Mapping[str, str]) -> bytes:
        prefix, delimiter, most = query["prefix"], query.get("delimiter", ""), int(query["max-keys"])
        after = unquote(query.get("continuation-token", "")) or query.get("start-after", "")
        rows: list[str] = []
        last = ""
        is_truncated = False
        for name, is_folder in self._entries(prefix, delimiter, after):
            if len(rows) == most:
                is_truncated = True
                break
            last = name + PAST_ALL if is_folder else name
            if is_folder:
                rows.append(f"<CommonPrefixes><Prefix>{quote(name)}</Prefix></CommonPrefixes>")
            else:
                found = self._written.get(name, self._empty)
                moment = f"{found.modified:%Y-%m-%dT%H:%M:%S.000Z}"
                rows.append(_ROW.format(quote(name), moment, found.etag, len(found.content)))
        token = f"<NextContinuationToken>{quote(last)}</NextContinuationToken>" if is_truncated else ""
        return (
            f"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>{str(is_truncated).lower()}</IsTruncated>"
            f"{token}{''.join(rows)}</ListBucketResult>"
        ).encode()

    def _entries(self, prefix: str, delimiter: str, after: str) -> Iterator[tuple[str, bool]]:
        """Yield the names after `after`, and the child prefixes, each once, and whether it is a child prefix."""
        low = max(prefix, after + "\0" if after else "")
        while (name := next(self._names(low, prefix), None)) is not None:
            cut = name.find(delimiter, len(prefix)) if delimiter else -1
            child = name[: cut + len(delimiter)]
            if cut == -1 and delimiter:
                yield name, False
                low = name + "\0"
            elif cut == -1:
                yield from ((each, False) for each in self._names(low, prefix))
                return
            else:
                if not after.startswith(child):
                    yield child, True
                low = child + PAST_ALL

    def _names(self, low: str, prefix: str) -> Iterator[str]:
        """Yield all names from `low` on that begin with the prefix, in order."""
        number, at = self._first_from(low), bisect_left(self._order, low)
        while True:
            made_up = self._name_of(number) if number < self._count else PAST_ALL
            written = self._order[at] if at < len(self._order) else PAST_ALL
            name = min(made_up, written)
            if not name.startswith(prefix):
                return
            number += made_up == name
            at += written == name
            if written == name or made_up not in self._removed:
                yield name


def _http(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)
