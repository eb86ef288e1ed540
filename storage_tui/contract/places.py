"""Places: what a person opens as it is, a bucket, a folder or a part of the web, and how a server describes it.

| written | means |
|---|---|
| `s3://BUCKET`, `s3://BUCKET/PREFIX` | a bucket, or the names in it that begin with PREFIX; nothing is decoded |
| `s3://` | all buckets, each as a folder |
| `file:///DIR` | a folder, percent-encoded as in RFC 8089 |
| `https://HOST/DIR/`, `http://HOST/DIR/` | an index of links, percent-encoded; its URL ends in a slash |
| `https://HOST/DIR/catalog.json` | a static STAC catalog; its URL ends in `.json` |
| `web+https://HOST/`, `web+http://HOST/` | the same for a URL that else is the URL of a Storage API server |
| `./DIR`, `../DIR`, `/DIR`, `~/DIR`, `.`, `..`, `~` | a folder, as a shell writes it |

Any other text is not a place: it is a key, `TYPE:KEY`, or the URL of a Storage API server.

A bucket has one storage type, `data`, unless the options of the place map storage types to prefixes in it.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self
from urllib.parse import quote, unquote_to_bytes, urlsplit

from storage_tui.contract.errors import BadRequestError, NotFoundError, ProtocolError
from storage_tui.contract.keys import DELIMITER
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES
from storage_tui.contract.wire import BASE_PATH

Kind = Literal["s3", "file", "web"]
S3_SCHEME, FILE_SCHEME = "s3://", "file://"
HTTP_SCHEMES = ("https://", "http://")
WEB_SCHEMES = ("web+https://", "web+http://")
CATALOG_END = ".json"  # of the URL of a static STAC catalog
MOST_WORDS = 32  # rules or notes of an open place; a server that sends more is not believed
MOST_CHARACTERS = 1000  # of each of them
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_STEPS = re.compile(rb"[/\\]")
_DOTS = (b"", b".", b"..")
_FOLDER_STARTS = ("./", "../", "/", "~/")
_FOLDERS = (".", "..", "~")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")  # the rule of 2018 is stricter; old buckets have such names
_ENDPOINT = re.compile(r"https?://[^\s/?#@]+(/[^\s?#@]*)?")  # no user name, password or query


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, a folder or a part of the web, as it was named. `prefix` belongs to a bucket: names there that do not
    begin with it do not exist. Without the name of a bucket it is all buckets, each a folder. `root` is a URL of the
    web, or the path of a folder as text, with surrogate escapes for bytes that are no UTF-8 (PEP 383)."""

    kind: Kind
    bucket: str = ""
    root: str = ""
    prefix: str = ""

    def __str__(self) -> str:
        """Return the URL of the place; a relative folder has no URL and is returned as it was written."""
        if self.kind == "s3":
            return f"{S3_SCHEME}{self.bucket}{'/' + self.prefix if self.prefix else ''}"
        if self.kind == "web":
            return self.root if _is_of_the_web(self.root) else f"web+{self.root}"
        if not self.root.startswith("/"):
            return self.root
        return FILE_SCHEME + quote(self.root.encode("utf-8", "surrogateescape"))

    @property
    def title(self) -> str:
        """Return the place as people read it: a folder by its path, with escapes for bytes that are no UTF-8."""
        if self.kind == "s3":
            return str(self)
        if self.kind == "web":
            return self.root
        return self.root.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """How a place is opened. All options are for a bucket. What is None or False of the endpoint, the region, the
    signature and the profile comes from the sources of AWS programs, the environment and the shared files. `profile` is
    a profile of these shared files; with it no credentials come from the environment.

    `types` maps storage types to prefixes of the place: the names that begin with a prefix are the keys of its type. A
    prefix ends with a slash; the empty prefix is the whole place. Without `types` the place has the type `data` alone.

        Storage("s3://bucket", opening=PlaceOptions(types={"data": "published/", "tmp": "scratch/"}))
    """

    is_writable: bool = False
    endpoint_url: str | None = None
    region: str | None = None
    no_sign_request: bool = False
    request_payer: bool = False
    profile: str | None = None
    types: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "types", mapped_types(self.types))

    def check_for(self, place: Place) -> None:
        """Raise BadRequestError for options that the kind of place does not have."""
        if place.kind == "file" and self != PlaceOptions():
            raise BadRequestError(
                "a folder of this machine is opened read only: --write, --endpoint, --region, --no-sign-request, "
                "--request-payer, --aws-profile and types are for buckets"
            )
        if place.kind == "web" and self != PlaceOptions():
            raise BadRequestError(
                "the web is opened read only: --write, --endpoint, --region, --no-sign-request, --request-payer and "
                "--aws-profile are for buckets"
            )
        if self.endpoint_url is not None and not _ENDPOINT.fullmatch(self.endpoint_url):
            raise BadRequestError(
                f"{self.endpoint_url[:200]!a} is not the URL of an endpoint, such as https://host:9000"
            )
        if self.profile is not None and self.no_sign_request:
            raise BadRequestError("a profile signs the requests, and --no-sign-request does not; leave out one of them")
        if place.kind == "s3" and not place.bucket and (self.is_writable or self.types):
            raise BadRequestError("all buckets together are opened read only, without types; open one: s3://BUCKET")

    def with_profile(self, profile: str | None) -> Self:
        """Return the options with a profile of AWS's shared files; unchanged for None."""
        return self if profile is None else replace(self, profile=profile)

    def to_json(self) -> dict[str, Any]:
        """Return the options that are set, by name."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the options from that JSON object; raise BadRequestError for anything else."""
        kinds = {entry.name: bool if entry.type is bool else str for entry in fields(cls)} | {"types": dict}
        if not isinstance(raw, dict) or not all(type(value) is kinds.get(name) for name, value in raw.items()):
            raise BadRequestError("the options of a place cannot be read")
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """The place that a server shows, from its description. `rules` are short words such as "read only" or "eu-west-1";
    `notes` are sentences about what is not shown, and why. `types` has the rule of each storage type in a few words,
    such as "expires after 7 days", and `prefixes` the prefix that is this type. Both are empty for a place with the
    type `data` alone."""

    url: str
    kind: str
    title: str
    is_writable: bool = False
    rules: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def lead(self) -> str:
        """Return what stands before a key where a location in the place is written: `s3://bucket/`, `/folder/`."""
        return self.title if self.title == S3_SCHEME else self.title.rstrip(DELIMITER) + DELIMITER

    @property
    def type_names(self) -> tuple[str, ...]:
        """Return the storage types of the place."""
        return tuple(self.types) or (DEFAULT,)

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
            **({"types": dict(self.types), "prefixes": dict(self.prefixes)} if self.types else {}),
        }

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Read the value from the JSON object of the wire; raise ProtocolError for anything else."""
        try:
            url, kind, title = (_words([raw[name]])[0] for name in ("url", "kind", "title"))
            if not isinstance(raw["is_writable"], bool):
                raise TypeError("is_writable is true or false")
            rules, notes = (_words(raw.get(name, [])) for name in ("rules", "notes"))
            types, prefixes = (_of_types(raw.get(name, {})) for name in ("types", "prefixes"))
            return cls(url, kind, title, raw["is_writable"], rules, notes, types, prefixes)
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise ProtocolError(f"the server described its place in a way that cannot be read: {exc}") from exc


def is_place(text: str) -> bool:
    """Return whether the text is written as a place."""
    return text.startswith((S3_SCHEME, FILE_SCHEME, *_FOLDER_STARTS)) or text in _FOLDERS


def is_url(text: str) -> bool:
    """Return whether the text is written as a URL of the web, which names a place where no server can be meant."""
    return text.startswith((*HTTP_SCHEMES, *WEB_SCHEMES))


def web_place(text: str) -> Place:
    """Return the place of a URL of the web, with or without `web+`: an index where it ends in a slash, a catalog where
    it ends in `.json`. Raise BadRequestError for any other text; the message holds no user name and no password."""
    url = text.removeprefix("web+")
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise BadRequestError("this URL of the web cannot be read") from None
    if parts.username is not None or parts.password is not None:
        raise BadRequestError("a URL of the web is opened without user name and password")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise BadRequestError(f"{url[:200]!a} has a query or fragment; write the URL of a folder or a file")
    if not parts.hostname or port == 0 or not url.isprintable() or " " in parts.netloc:
        raise BadRequestError(f"{url[:200]!a} is no URL of the web; write https://HOST/FOLDER/")
    if any(unquote_to_bytes(part) in (b".", b"..") for part in parts.path.split("/")):
        raise BadRequestError(f"{url[:200]!a} has a segment of dots; write the URL that is meant")
    path = quote(parts.path or "/", safe="!$%&'()*+,/:;=@~")
    if not path.endswith(("/", CATALOG_END)):
        raise BadRequestError(f"{url[:200]!a} is neither a folder, which ends in a slash, nor a STAC catalog")
    return Place("web", root=f"{parts.scheme}://{parts.netloc.lower()}{path}")


def _is_of_the_web(text: str) -> bool:
    """Return whether a URL leads to an index or a catalog rather than to a Storage API server."""
    if not text.startswith(HTTP_SCHEMES):
        return text.startswith(WEB_SCHEMES)
    path = "/" + text.partition("://")[2].partition("/")[2]
    return path.endswith(CATALOG_END) or (path.endswith("/") and bool(path.strip("/")) and not _is_service(path))


def _is_service(path: str) -> bool:
    return path.rstrip("/").endswith(BASE_PATH)


def parse_place(text: str) -> Place | None:
    """Return the place that the text names; None for a text that is written in another way.

    Raise BadRequestError for a text that begins as a place and is none, such as `s3:///a`.
    """
    if _is_of_the_web(text):
        return web_place(text)
    if not is_place(text):
        return None
    if text.startswith(S3_SCHEME):
        bucket, _, prefix = text.removeprefix(S3_SCHEME).partition("/")
        if text == S3_SCHEME:
            return Place("s3")
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


def mapped_types(types: Mapping[str, str]) -> dict[str, str]:
    """Return the prefixes of storage types in the order of the types, each with a slash at its end; the empty prefix
    stays empty. Raise BadRequestError for a type that does not exist, and for two types with one prefix."""
    for name, prefix in types.items():
        if name not in STORAGE_TYPES:
            raise BadRequestError(f"{name!a:.60} is no storage type; the types are {', '.join(STORAGE_TYPES)}")
        if not isinstance(prefix, str) or len(prefix) > MOST_CHARACTERS:
            raise BadRequestError(f"the prefix of {name} is a text such as 'published/', not {prefix!a:.60}")
    found = {name: _as_prefix(types[name]) for name in STORAGE_TYPES if name in types}
    for name, prefix in found.items():
        same = [other for other, its in found.items() if its == prefix and other != name]
        if same:
            raise BadRequestError(f"{name} and {same[0]} have the same prefix {prefix!a:.60}; give each its own")
    return found


def read_only_text(kind: str, title: str) -> str:
    """Return the sentence that refuses a change of a place that is open read only, with the way out."""
    if kind == "file":
        return f"{title} is open read only, as every folder of this machine"
    if kind == "web":
        return f"{title} is open read only, as all of the web"
    return f"{title} is open read only; --write allows changes"


def name_of(segment: str) -> str | None:
    """Return the name of a segment of a URL of the web, as it stands in keys; None for one that leads elsewhere.

    A segment that is percent-encoded UTF-8 is decoded. Any other segment stays escaped: one whose bytes are no UTF-8,
    one with an encoded slash, and one whose decoded form looks escaped itself. So each name leads back to one URL.
    """
    raw = unquote_to_bytes(segment.encode("utf-8", "surrogateescape"))
    if _leads_elsewhere(raw):
        return None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    return text if text and "/" not in text and not _ESCAPE.search(text) else quote(raw, safe="")


def segment_of(name: str) -> str:
    """Return the segment of a URL for a name. Raise NotFoundError for a name that leads elsewhere."""
    raw = unquote_to_bytes(name) if _ESCAPE.search(name) else name.encode()
    if _leads_elsewhere(raw):
        raise NotFoundError(f"{name!r} is no name on a web server")
    return quote(raw, safe="")


def path_of(key: str) -> str:
    """Return the path of a URL for a key, or for a folder, which ends in a slash. Raise NotFoundError."""
    folder = key.endswith("/")
    return "/".join(segment_of(name) for name in key.removesuffix("/").split("/")) + ("/" if folder else "")


def shown_path(key: str) -> str:
    """Return the path of a URL for any key, for people: a name that leads elsewhere is shown as it is."""
    try:
        return path_of(key) if key else ""
    except NotFoundError:
        return key


def canonical(path: str) -> str:
    """Return a path in the one form of the URLs here, so that two spellings of a path are equal."""
    return "/".join(
        quote(unquote_to_bytes(part.encode("utf-8", "surrogateescape")), safe="") for part in path.split("/")
    )


def _leads_elsewhere(raw: bytes) -> bool:
    parts = _STEPS.split(raw)
    return raw in _DOTS or b"\0" in raw or any(part in (b".", b"..") for part in parts)


def _of_types(raw: Any) -> dict[str, str]:
    names = [name for name in STORAGE_TYPES if name in raw]
    return dict(zip(names, _words([raw[name] for name in names]), strict=True))


def _as_prefix(text: str) -> str:
    return text if not text or text.endswith(DELIMITER) else text + DELIMITER


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
