"""Places: what a person opens as it is, a bucket or a folder of this machine, and how a server describes the open one.

| written | means |
|---|---|
| `s3://BUCKET`, `s3://BUCKET/PREFIX` | a bucket, or the names in it that begin with PREFIX; nothing is decoded |
| `file:///DIR` | a folder, percent-encoded as in RFC 8089 |
| `./DIR`, `../DIR`, `/DIR`, `~/DIR`, `.`, `..`, `~` | a folder, as a shell writes it |

Any other text is not a place: it is a key, or `TYPE:KEY`.
"""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self
from urllib.parse import quote, unquote_to_bytes

from storage_tui.contract.errors import BadRequestError, ProtocolError

Kind = Literal["s3", "file"]
S3_SCHEME, FILE_SCHEME = "s3://", "file://"
MOST_WORDS = 32  # rules or notes of an open place; a server that sends more is not believed
MOST_CHARACTERS = 1000  # of each of them
_FOLDER_STARTS = ("./", "../", "/", "~/")
_FOLDERS = (".", "..", "~")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")  # the rule of 2018 is stricter; old buckets have such names
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")  # no user name, password or query


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket or a folder, as it was named. `prefix` belongs to a bucket: names there that do not begin with it do not
    exist. `root` is the path of a folder as text, with surrogate escapes for bytes that are no UTF-8 (PEP 383)."""

    kind: Kind
    bucket: str = ""
    root: str = ""
    prefix: str = ""

    def __str__(self) -> str:
        """Return the URL of the place; a relative folder has no URL and is returned as it was written."""
        if self.kind == "s3":
            return f"{S3_SCHEME}{self.bucket}{'/' + self.prefix if self.prefix else ''}"
        if not self.root.startswith("/"):
            return self.root
        return FILE_SCHEME + quote(self.root.encode("utf-8", "surrogateescape"))

    @property
    def title(self) -> str:
        """Return the place as people read it: a folder by its path, with escapes for bytes that are no UTF-8."""
        if self.kind == "s3":
            return str(self)
        return self.root.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """How a place is opened. All but `is_writable` are for a bucket; what is None or False there comes from the sources
    of AWS programs, the environment and the shared files."""

    is_writable: bool = False
    endpoint_url: str | None = None
    region: str | None = None
    no_sign_request: bool = False
    request_payer: bool = False

    def check_for(self, place: Place) -> None:
        """Raise BadRequestError for options that the kind of place does not have."""
        if place.kind == "file" and self != PlaceOptions():
            raise BadRequestError(
                "a folder of this machine is opened read only: --write, --endpoint, --region, --no-sign-request and "
                "--request-payer are for buckets"
            )
        if self.endpoint_url is not None and not _ENDPOINT.fullmatch(self.endpoint_url):
            raise BadRequestError(
                f"{self.endpoint_url[:200]!a} is not the URL of an endpoint, such as https://host:9000"
            )

    def to_json(self) -> dict[str, Any]:
        """Return the options that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the options from that JSON object; raise BadRequestError for anything else."""
        kinds = {field.name: bool if field.type is bool else str for field in fields(cls)}
        if not isinstance(raw, dict) or not all(type(value) is kinds.get(name) for name, value in raw.items()):
            raise BadRequestError("the options of a place cannot be read")
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """The place that a server shows, from its description. `rules` are short words such as "read only" or "eu-west-1";
    `notes` are sentences about what is not shown, and why."""

    url: str
    kind: str
    title: str
    is_writable: bool = False
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return a short name: of a folder its last segment, else the title."""
        return (self.title.rstrip("/").rpartition("/")[2] or "/") if self.kind == "file" else self.title

    @property
    def refusal(self) -> str | None:
        """Return why the place takes no changes, and the way out; None for a place that takes them."""
        return None if self.is_writable else read_only_text(self.kind, self.name)

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return {
            "url": self.url,
            "kind": self.kind,
            "title": self.title,
            "is_writable": self.is_writable,
            "rules": list(self.rules),
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            url, kind, title = (_words([raw[name]])[0] for name in ("url", "kind", "title"))
            if not isinstance(raw["is_writable"], bool):
                raise TypeError("is_writable is true or false")
            rules, notes = (_words(raw.get(name, [])) for name in ("rules", "notes"))
            return cls(url, kind, title, raw["is_writable"], rules, notes)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described its place in a way that cannot be read: {exc}") from exc


def is_place(text: str) -> bool:
    """Return whether the text is written as a place."""
    return text.startswith((S3_SCHEME, FILE_SCHEME, *_FOLDER_STARTS)) or text in _FOLDERS


def parse_place(text: str) -> Place | None:
    """Return the place that the text names; None for a text that is written in another way.

    Raise BadRequestError for a text that begins as a place and is none, such as `s3://`.
    """
    if not is_place(text):
        return None
    if text.startswith(S3_SCHEME):
        bucket, _, prefix = text.removeprefix(S3_SCHEME).partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise BadRequestError(f"{text[:200]!a} names no bucket; write s3://BUCKET or s3://BUCKET/PREFIX")
        return Place("s3", bucket=bucket, prefix=prefix)
    if text.startswith(FILE_SCHEME):
        host, slash, path = text.removeprefix(FILE_SCHEME).partition("/")
        if not slash or host not in ("", "localhost"):
            raise BadRequestError(f"{text[:200]!a} names no folder of this machine; write file:///FOLDER")
        text = "/" + unquote_to_bytes(path).decode("utf-8", "surrogateescape")
    if "\0" in text:
        raise BadRequestError("the path of a folder holds no zero byte")
    return Place("file", root=text)


def read_only_text(kind: str, title: str) -> str:
    """Return the sentence that refuses a change of a place that is open read only, with the way out."""
    if kind == "file":
        return f"{title} is open read only, as every folder of this machine"
    return f"{title} is open read only; --write allows changes"


def _words(raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
        raise TypeError("words are a list of texts")
    if len(raw) > MOST_WORDS or any(len(word) > MOST_CHARACTERS for word in raw):
        raise ValueError("too many words")
    for word in raw:
        word.encode("utf-8")  # JSON can hold half of a surrogate pair, which is not valid text
    return tuple(raw)


BUCKET_EXTRAS = "bucket-extras"  # the feature of a server that shows a bucket: facts, archives, unfinished uploads
TIERS = ("standard", "bulk", "expedited")  # how fast an archive gives bytes back, and at what price


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """What an object of a bucket has beside its bytes: `fields` by name, such as `storage class`, `Cache-Control` or
    `checksum`; `metadata` and `tags` of its owner. The texts are foreign and as they are stored."""

    fields: tuple[tuple[str, str], ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return {name: [list(pair) for pair in pairs] for name, pairs in asdict(self).items()}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            return cls(*(tuple(_pair(one) for one in raw[name]) for name in ("fields", "metadata", "tags")))
        except (KeyError, TypeError, ValueError) as exc:
            raise ProtocolError(f"the server described an object in a way that cannot be read: {exc}") from exc


@dataclass(frozen=True, slots=True)
class LeftUpload:
    """An upload to a bucket that nobody has finished: its key and id, when it began (RFC 3339), the bytes that came so
    far (None where that was not asked or is not told), and whether this machine may still continue it."""

    key: str
    upload_id: str
    began: str
    size_bytes: int | None = None
    is_ours: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the value as the JSON object of the wire."""
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            key, upload_id, began = (_line(raw[name]) for name in ("key", "upload_id", "began"))
            size_bytes = raw["size_bytes"]
            if not (size_bytes is None or (type(size_bytes) is int and size_bytes >= 0)):
                raise ValueError("a size is a number")
            return cls(key, upload_id, began, size_bytes, raw["is_ours"] is True)
        except (KeyError, TypeError, ValueError) as exc:
            raise ProtocolError(f"the server described an upload in a way that cannot be read: {exc}") from exc


def _pair(raw: Any) -> tuple[str, str]:
    name, value = raw
    return _line(name), _line(value)


def _line(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError("a text is expected")
    raw.encode()  # JSON can hold half of a surrogate pair, which is no text
    return raw
