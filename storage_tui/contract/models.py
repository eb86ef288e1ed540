"""The values that the layers pass to each other: frozen dataclasses and their JSON on the wire.

Times are aware UTC datetimes, on the wire RFC 3339 with a `Z`. Sizes are bytes. Checksums are in the wire's form
(base64 of the big-endian crc32c). A field that the server did not send is None.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

from storage_tui.contract.errors import ProtocolError, StorageError
from storage_tui.contract.keys import DELIMITER, Location, check_prefix
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES

CHILDREN_AT_MOST = 10_000  # in one Usage: about a megabyte of JSON
LIST_VERB = "list"  # of a token
HTML_ROWS_AT_MOST = 50  # rows of a page in a notebook; a note counts the rows left out


@dataclass(frozen=True, slots=True)
class Blob:
    """One stored blob as a list, a stat or a finished upload describes it.

    A plain published server sends only the key in lists, and the size on a stat.
    """

    key: str
    storage_type: str
    size_bytes: int | None = None
    modified: datetime | None = None
    etag: str | None = None
    crc32c: str | None = None
    content_type: str | None = None
    expires: datetime | None = None
    md5: str | None = None  # base64, of a blob that came with its md5
    storage_class: str | None = None  # of an object of a bucket, such as GLACIER; None for the usual class

    def _repr_html_(self) -> str:
        from storage_tui.contract.visible import html_table, time_cell  # notebooks only

        rows = (
            ("key", f"{self.storage_type}:{self.key}"),
            ("size", size_text(self.size_bytes)),
            ("written", time_cell(self.modified)),
            ("expires", time_cell(self.expires)),
            ("content type", self.content_type or ""),
            ("crc32c", self.crc32c or ""),
        )
        return html_table(row for row in rows if row[1])

    def to_json(self) -> dict[str, Any]:
        """Return the blob as the JSON object of the wire, without the storage type, which the URL names."""
        return {
            "key": self.key,
            "size": self.size_bytes,
            "modified": format_time(self.modified),
            "etag": self.etag,
            "crc32c": self.crc32c,
            "content_type": self.content_type,
            "expires": format_time(self.expires),
            **({} if self.md5 is None else {"md5": self.md5}),
            **({} if self.storage_class is None else {"storage_class": self.storage_class}),
        }

    @classmethod
    def from_json(cls, raw: Any, storage_type: str) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(
                key=_text(raw["key"]),
                storage_type=storage_type,
                size_bytes=_count(raw.get("size")),
                modified=parse_time(raw.get("modified")),
                etag=_told_text(raw.get("etag")),
                crc32c=_told_text(raw.get("crc32c")),
                content_type=_told_text(raw.get("content_type")),
                expires=parse_time(raw.get("expires")),
                md5=_told_text(raw.get("md5")),
                storage_class=_told_text(raw.get("storage_class")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described a blob in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, in the byte order of the keys: blobs and, with a delimiter, child prefixes.

    The number of blobs and prefixes together is at most the requested limit. `next_token` fetches the next page; None
    on the last page.
    """

    blobs: tuple[Blob, ...]
    prefixes: tuple[str, ...] = ()
    next_token: str | None = None

    def _repr_html_(self) -> str:
        from storage_tui.contract.visible import html_table, time_cell  # notebooks only

        rows = [(prefix, "", "", "") for prefix in self.prefixes]
        rows += [
            (row.key, size_text(row.size_bytes), time_cell(row.modified), time_cell(row.expires)) for row in self.blobs
        ]
        hidden = len(rows) - HTML_ROWS_AT_MOST
        notes = [f"and {hidden:,} more on this page"] if hidden > 0 else []
        notes += ["more pages follow"] if self.next_token is not None else []
        heads = ("key", "size", "written", "expires")
        return html_table(rows[:HTML_ROWS_AT_MOST], heads=heads, note="; ".join(notes))

    def to_json(self) -> dict[str, Any]:
        """Return the page as the JSON object of the wire, without the token, which the header X-NEXT carries."""
        return {"blobs": [blob.to_json() for blob in self.blobs], "prefixes": list(self.prefixes)}

    @classmethod
    def from_json(cls, raw: Any, storage_type: str, next_token: str | None) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(
                blobs=tuple(Blob.from_json(item, storage_type) for item in raw["blobs"]),
                prefixes=tuple(_text(item) for item in raw["prefixes"]),
                next_token=next_token,
            )
        except (KeyError, TypeError, ValueError) as exc:
            raise ProtocolError(f"the server sent a list that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a prefix: number of blobs, bytes, oldest and newest write; and the same for each child prefix.

    `children` is filled when the call gave a delimiter, and holds the first CHILDREN_AT_MOST child prefixes in byte
    order. The totals also count the blobs directly in the prefix and the blobs in the other child prefixes.
    """

    prefix: str
    count: int
    size_bytes: int
    oldest: datetime | None = None
    newest: datetime | None = None
    children: tuple["Usage", ...] = ()

    @property
    def is_cut(self) -> bool:
        """Return whether there may be more child prefixes than `children` holds."""
        return len(self.children) >= CHILDREN_AT_MOST

    def _repr_html_(self) -> str:
        from storage_tui.contract.visible import html_table, time_cell  # notebooks only

        largest_first = sorted(self.children, key=lambda child: -child.size_bytes)
        rows = [
            (
                row.prefix or "all",
                f"{row.count:,}",
                size_text(row.size_bytes),
                time_cell(row.oldest),
                time_cell(row.newest),
            )
            for row in (self, *largest_first)
        ]
        return html_table(rows, heads=("folder", "blobs", "size", "oldest", "newest"))

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        raw: dict[str, Any] = {
            "prefix": self.prefix,
            "count": self.count,
            "size": self.size_bytes,
            "oldest": format_time(self.oldest),
            "newest": format_time(self.newest),
        }
        if self.children:
            raw["children"] = [child.to_json() for child in self.children]
        return raw

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(
                prefix=_text(raw["prefix"]),
                count=_known_count(raw["count"]),
                size_bytes=_known_count(raw["size"]),
                oldest=parse_time(raw.get("oldest")),
                newest=parse_time(raw.get("newest")),
                children=tuple(cls.from_json(child) for child in raw.get("children", ())),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described usage in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class DeleteResult:
    """The result for one key of a batch delete: `error` is None when the blob was deleted.

    Otherwise `error` is the code and `message` the text of the refusal. The code of a key without a blob is
    `not_found`; the code of a blob that was overwritten since its ETag was read is `precondition_failed`.
    """

    key: str
    error: str | None = None
    message: str | None = None

    @property
    def is_deleted(self) -> bool:
        """Return whether this call deleted the blob."""
        return self.error is None

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return {"key": self.key, "error": self.error, "message": self.message}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(_text(raw["key"]), _told_text(raw.get("error")), _told_text(raw.get("message")))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described a delete in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server, from its description; bytes and counts. None means without limit."""

    key_bytes: int = 1024
    list_page: int = 1000
    list_columns: int = 5000  # entries of a list in columns
    delete_batch: int = 1000
    set_bytes: int = 8 * 1024 * 1024
    batch_blobs: int = 256  # in one pack
    batch_bytes: int = 2 * 1024 * 1024
    batch_blob_bytes: int = 256 * 1024
    blob_bytes: int | None = None


FEATURES = (
    "details", "columns", "delimiter", "usage", "set", "set-batch", "get-batch", "delete-batch", "copy", "range",
    "upload-resume", "upload-parts", "catalog", "stray-files", "move", "move-batch", "copy-batch", "trash",
    "content-type",
)  # fmt: skip
"""The additions of our server to the published wire, by the names that the service description uses. EXACT_NAMES comes
to them where the store takes any name, COPY_FROM_BUCKET where its engine has other buckets too."""

COPY_FROM_BUCKET = "copy-from-bucket"


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """The quota of a user in one storage type and its use.

    A limit of None means without limit. A use of None means that the server did not send it.
    """

    storage_type: str
    used_bytes: int | None = None
    size_bytes: int | None = None
    used_count: int | None = None
    count: int | None = None
    used_uploads: int | None = None
    open_uploads: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the quota as the JSON object of the wire; the storage type is the object's name in `quotas`."""
        return {
            "bytes": {"used": self.used_bytes, "limit": self.size_bytes},
            "blobs": {"used": self.used_count, "limit": self.count},
            "uploads": {"used": self.used_uploads, "limit": self.open_uploads},
        }

    @classmethod
    def from_json(cls, raw: Any, storage_type: str) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            figures = [_count(raw[name][side]) for name in ("bytes", "blobs", "uploads") for side in ("used", "limit")]
        except (KeyError, TypeError, ValueError) as exc:
            raise ProtocolError(f"the server described a quota in a way that cannot be read: {exc}") from exc
        return cls(storage_type, *figures)


@dataclass(frozen=True, slots=True)
class UserQuotas:
    """The limits of the user who sent the request.

    `quotas` has a row for each storage type with a quota. `requests_per_minute` is by class of request (list, read,
    write, delete, share). `concurrent` is how many requests may run at once.
    """

    quotas: tuple[QuotaUse, ...] = ()
    requests_per_minute: dict[str, int] = field(default_factory=dict)
    concurrent: int | None = None

    def of(self, storage_type: str) -> QuotaUse | None:
        """Return the quota of a storage type; None for a type without limit."""
        return next((quota for quota in self.quotas if quota.storage_type == storage_type), None)

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return {
            "quotas": {quota.storage_type: quota.to_json() for quota in self.quotas},
            "requests_per_minute": self.requests_per_minute,
            "concurrent": self.concurrent,
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(
                tuple(QuotaUse.from_json(quota, name) for name, quota in raw.get("quotas", {}).items()),
                {_text(name): _known_count(limit) for name, limit in raw.get("requests_per_minute", {}).items()},
                _count(raw.get("concurrent")),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described quotas in a way that cannot be read: {exc}") from exc


Versions = Literal["", "kept", "older"]


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a server keeps deleted and overwritten blobs, in seconds; 0 keeps none, or has no length of time.

    `since` (UTC) is the moment from which on no blob went before its time; older ones may be missing because the disk
    needed room. None means that nothing is missing. `versions` is that of a bucket: "kept" for one that keeps versions,
    "older" for one that has older versions and makes no new ones.
    """

    retention_s: int = 0
    since: datetime | None = None
    versions: Versions = ""

    @property
    def keeps(self) -> bool:
        """Return whether a blob that is deleted or overwritten now can come back."""
        return self.retention_s > 0 or self.versions == "kept"

    @property
    def has_any(self) -> bool:
        """Return whether there can be something to bring back."""
        return self.keeps or self.versions == "older"

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        told = {"versions": self.versions} if self.versions else {}
        return {"retention_s": self.retention_s, "since": format_time(self.since), **told}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            versions = raw.get("versions", "")
            known: Versions = "kept" if versions == "kept" else "older" if versions == "older" else ""
            return cls(_known_count(raw.get("retention_s", 0)), parse_time(raw.get("since")), known)
        except (TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described its trash in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class TokenScope:
    """The part of a user's store that the token opens. An empty field sets no limit.

    `prefix` has no slash at its end and matches whole segments: `a` opens the key `a` and all keys below `a/`, but not
    `ab`.
    """

    types: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    prefix: str = ""

    def may_list(self, place: Location) -> bool:
        """Return whether the token allows a list of the place."""
        top = self.top_of(place.storage_type)
        return top is not None and place.key.startswith(top.key)

    def top_of(self, storage_type: str) -> Location | None:
        """Return the highest place of a storage type that the token may list; None where it may list nothing there."""
        if (self.types and storage_type not in self.types) or (self.verbs and LIST_VERB not in self.verbs):
            return None
        return Location(storage_type, self.prefix + DELIMITER if self.prefix else "")

    def __str__(self) -> str:
        types = ", ".join(self.types) if self.types else "all storage types"
        return f"{types} below {self.prefix}{DELIMITER}" if self.prefix else types

    @property
    def first_place(self) -> Location | None:
        """Return the place to start in: `data` if the token opens it, else the first type it opens; None if none."""
        names = (DEFAULT, *STORAGE_TYPES)
        return next((top for name in names if (top := self.top_of(name)) is not None), None)

    def to_json(self) -> dict[str, Any]:
        """Return the scope as the JSON object of the wire."""
        return {"types": list(self.types), "verbs": list(self.verbs), "prefix": self.prefix}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read a scope from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            types, verbs = tuple(_names(raw.get("types", []))), tuple(_names(raw.get("verbs", [])))
            return cls(types, verbs, check_prefix(raw.get("prefix", "")).removesuffix(DELIMITER))
        except (TypeError, ValueError, AttributeError, StorageError) as exc:
            raise ProtocolError(f"the server described the token in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """The description of a server: the answer to `GET /storage/v1`.

    A server without this path is a plain published server, without features. `user` holds the limits of the user who
    sent the request, and is empty where nothing is limited. `token` is the scope of the token that was sent.
    `read_only` is the reason why nothing can be changed at present; None when changes are possible. `trash` is how long
    deleted and overwritten blobs can be brought back. `place` is the bucket or folder that the server shows as it is;
    None for a store of its own.
    """

    service: str = "storage"
    version: str = ""
    features: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    storage_types: tuple[dict[str, Any], ...] = ()
    user: UserQuotas = field(default_factory=UserQuotas)
    token: TokenScope = field(default_factory=TokenScope)
    read_only: str | None = None
    trash: Retention = field(default_factory=Retention)
    place: OpenPlace | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        limits = {name: getattr(self.limits, name) for name in Limits.__slots__}
        return {
            **({} if self.read_only is None else {"read_only": self.read_only}),
            **({} if self.place is None else {"place": self.place.to_json()}),
            "service": self.service,
            "version": self.version,
            "features": sorted(self.features),
            "limits": limits,
            "storage_types": list(self.storage_types),
            "user": self.user.to_json(),
            "token": self.token.to_json(),
            "trash": self.trash.to_json(),
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read a description from the JSON object of the wire, ignoring unknown fields.

        Raise ProtocolError for anything else.
        """
        try:
            told = raw["limits"]
            known: dict[str, Any] = {name: _limit(name, told[name]) for name in Limits.__slots__ if name in told}
            return cls(
                service=_text(raw["service"]),
                version=_text(raw.get("version", "")),
                features=frozenset(map(_text, raw["features"])),
                limits=Limits(**known),
                storage_types=tuple(row for row in raw.get("storage_types", ()) if isinstance(row, dict)),
                user=UserQuotas.from_json(raw.get("user", {})),
                token=TokenScope.from_json(raw.get("token", {})),
                read_only=_told_text(raw.get("read_only")),
                trash=Retention.from_json(raw.get("trash", {})),
                place=None if raw.get("place") is None else OpenPlace.from_json(raw["place"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described itself in a way that cannot be read: {exc}") from exc


def format_time(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC with milliseconds and `Z`; None for None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str | None) -> datetime | None:
    """Return the aware UTC datetime of an RFC 3339 text; None for None.

    Raise ValueError for a text that is not a time, has no offset, or lies outside the years that Python can hold.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without an offset: {text[:40]!a}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as exc:
        raise ValueError(f"time before the first or after the last year: {text[:40]!a}") from exc


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"expected text, got {type(raw).__name__}")
    if not raw.isascii():
        raw.encode("utf-8")  # JSON can hold half of a surrogate pair, which is not valid text
    return raw


def _names(raw: Any) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(name, str) for name in raw):
        raise TypeError("names are a list of texts")
    return raw


def _told_text(raw: Any) -> str | None:
    return None if raw is None else _text(raw)


def _count(raw: Any) -> int | None:
    return None if raw is None else _known_count(raw)


def _known_count(raw: Any) -> int:
    if type(raw) is not int or raw < 0:
        raise ValueError(f"expected a size or a count, got a {type(raw).__name__}")
    return raw


def _limit(name: str, raw: Any) -> int | None:
    limit = None if raw is None and name == "blob_bytes" else _known_count(raw)
    if limit == 0:
        raise ValueError(f"expected a limit, got no {name}")
    return limit
