"""Quotas and limits: the record `limits`, for all users or single ones, for all storage types or single ones.

```
{"default": {"types": {"*": {"bytes": 10000000000, "uploads": 100}, "tmp": {"blobs": 1000}},
             "requests": {"list": 600}, "concurrent": 50},
 "users": {"ann": {"types": {"*": {"bytes": null}}}}}
```

The bytes of `products` are the bytes of the blobs there and of the catalog's entries. Where a quota does not name the
number of blobs, open uploads or entries, a limit of that number follows from the quota (`Quota.most_blobs` and the
like), because each of them takes room beyond its bytes.

The closest rule counts, in this order: the user's type, the user's `*`, the default's type, the default's `*`. null
means without limit, and so does a limit that no rule names. The quota of `*` holds for each type, not for all types
together.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage_tui.contract.errors import BadRequestError, StorageError
from storage_tui.contract.storage_types import STORAGE_TYPES, find_storage_type
from storage_tui.server.http.grants import Verb, namespace_of
from storage_tui.server.stores.records import Records
from storage_tui.server.stores.watched_record import change

RECORD = "limits"
EVERY_TYPE = "*"
FIELDS = ("bytes", "blobs", "uploads")
MAX_LIMIT = 2**62

# Limits that follow for what a quota does not name. Each of these things takes up to about 1.5 kB of the database.
BYTES_A_BLOB = 1024  # a quota of bytes allows one blob for each of these, however small the blobs are
LEAST_BLOBS = 10_000
OPEN_UPLOADS = 1_000
ENTRIES_A_BLOB = 4  # where blobs alone are limited: an image and its upload for each, and twice that
LEAST_ENTRIES = 1_000

Rules = Mapping[str, Any]  # the rules of one user or of the default, as in the record


@dataclass(frozen=True, slots=True)
class Quota:
    """The quota of a user in one storage type; None means without limit."""

    size_bytes: int | None = None
    blobs: int | None = None
    uploads: int | None = None

    @property
    def is_endless(self) -> bool:
        """Return True when nothing is limited."""
        return self.size_bytes is None and self.blobs is None and self.uploads is None

    @property
    def most_blobs(self) -> int | None:
        """Return how many blobs there may be: the number in the quota, or as many as its bytes allow."""
        if self.blobs is not None or self.size_bytes is None:
            return self.blobs
        return max(LEAST_BLOBS, self.size_bytes // BYTES_A_BLOB)

    @property
    def most_uploads(self) -> int | None:
        """Return how many uploads may be open; OPEN_UPLOADS when the quota limits other things, but not uploads."""
        return OPEN_UPLOADS if self.uploads is None and not self.is_endless else self.uploads

    @property
    def most_entries(self) -> int | None:
        """Return how many entries the catalog may have; None when the number of blobs is not limited."""
        return None if self.blobs is None else max(LEAST_ENTRIES, ENTRIES_A_BLOB * self.blobs)


@dataclass(frozen=True, slots=True)
class UserLimits:
    """All limits of one user. `requests` maps a class to its requests per minute, where these are limited."""

    quotas: Mapping[str, Quota] = field(default_factory=dict)
    requests: Mapping[str, int] = field(default_factory=dict)
    concurrent: int | None = None


class LimitsTable:
    """The content of the record, for look-ups by namespace; threads may share it."""

    def __init__(self, raw: Mapping[str, Any] | None = None) -> None:
        self.raw = dict(raw or {})
        default: Rules = self.raw.get("default", {})
        self._default = _merge(default)
        self._users = {namespace_of(name): _merge(rules, default) for name, rules in self.raw.get("users", {}).items()}

    def of(self, namespace: str) -> UserLimits:
        """Return the limits of a user."""
        return self._users.get(namespace, self._default)

    def of_name(self, name: str | None) -> UserLimits:
        """Return the limits of the user of that name, or with None those of all users without limits of their own."""
        return self._default if name is None else self.of(namespace_of(name))

    @property
    def names(self) -> list[str]:
        """Return the names of the users who have limits of their own."""
        return sorted(self.raw.get("users", {}))

    def to_json(self) -> bytes:
        """Return the content of the record."""
        return json.dumps(self.raw, indent=1, sort_keys=True).encode("ascii")

    def with_changes(self, name: str | None, changes: "Changes") -> "LimitsTable":
        """Return the table with changed limits of one user, or with None of the default; raise BadRequestError as
        `check_limits` does."""
        raw = json.loads(self.to_json())
        rules = raw.setdefault("default", {}) if name is None else raw.setdefault("users", {}).setdefault(name, {})
        for path, value in changes.items():
            _set(rules, path, value)
        _drop_empty(raw)
        return check_limits(raw)


Changes = Mapping[tuple[str, ...], int | str | None]  # path in the rules -> a limit, None for none, INHERIT to remove
INHERIT = "default"


def parse_limits(content: bytes) -> LimitsTable:
    """Return the table in a record's content; raise StorageError when the content holds no limits."""
    if not content:
        return LimitsTable()
    try:
        return check_limits(json.loads(content))
    except (ValueError, BadRequestError) as exc:
        raise StorageError(
            f"the record {RECORD!r} does not hold limits; replace it with: storage-tui quota load FILE"
        ) from exc


def check_limits(raw: Any) -> LimitsTable:
    """Return a table of limits that people wrote; raise BadRequestError naming the first unknown part."""
    _only(raw, ("default", "users"), "the limits")
    users = raw.get("users", {})
    if not isinstance(users, dict):
        raise BadRequestError('the users of the limits are {"NAME": {…}, …}')
    for where, rules in (("default", raw.get("default", {})), *users.items()):
        _check_rules(rules, where)
    return LimitsTable(raw)


def change_limits(records: Records, name: str | None, changes: Changes) -> LimitsTable:
    """Change limits of one user, or with None of the default, durably; return the new table."""
    change(records, RECORD, lambda content: parse_limits(content).with_changes(name, changes).to_json())
    return read_limits(records)


def replace_limits(records: Records, raw: Any) -> LimitsTable:
    """Store a whole new table and return it; raise BadRequestError when `raw` is not a valid table."""
    table = check_limits(raw)
    records.write(RECORD, table.to_json(), may_use_reserve=True)
    return table


def read_limits(records: Records) -> LimitsTable:
    """Return the table of the engine."""
    record = records.read(RECORD)
    return parse_limits(b"" if record is None else record.content)


def _merge(*layers: Rules) -> UserLimits:
    """Return the limits that follow from layers of rules; the closest layer comes first."""
    quotas = {}
    for storage_type in STORAGE_TYPES:
        quota = Quota(*(_closest(_places(layers, storage_type), name) for name in FIELDS))
        if not quota.is_endless:
            quotas[storage_type] = quota
    requests = {verb: _closest((layer.get("requests", {}) for layer in layers), verb) for verb in Verb}
    limited = {str(verb): limit for verb, limit in requests.items() if limit is not None}
    return UserLimits(quotas, limited, _closest(layers, "concurrent"))


def _places(layers: tuple[Rules, ...], storage_type: str) -> Iterator[Rules]:
    for layer in layers:
        for name in (storage_type, EVERY_TYPE):
            yield layer.get("types", {}).get(name, {})


def _closest(places: Any, name: str) -> int | None:
    return next((place[name] for place in places if name in place), None)


def _check_rules(rules: Any, where: str) -> None:
    _only(rules, ("types", "requests", "concurrent"), where)
    types, requests = rules.get("types", {}), rules.get("requests", {})
    _only(requests, tuple(Verb), f"the requests of {where}")
    if not isinstance(types, dict):
        raise BadRequestError(f'the types of {where} are {{"TYPE or *": {{"bytes": …}}, …}}')
    for name, quota in types.items():
        if name != EVERY_TYPE and find_storage_type(name).name != name:
            raise BadRequestError(f"{where} names the storage type {name}; write {find_storage_type(name).name}")
        _only(quota, FIELDS, f"{name} of {where}")
    least = 1  # of requests: none at all would revoke a token silently
    numbers = [(value, 0) for quota in types.values() for value in quota.values()]
    numbers += [(value, least) for value in (*requests.values(), rules.get("concurrent"))]
    for value, smallest in numbers:
        is_number = isinstance(value, int) and not isinstance(value, bool) and smallest <= value <= MAX_LIMIT
        if value is not None and not is_number:
            raise BadRequestError(
                f"a limit of {where} is {value!a:.40}; it is a number from {smallest}, or null for none"
            )


def _only(raw: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(raw, dict):
        raise BadRequestError(f"{where} must be an object with {', '.join(names)}")
    unknown = sorted(set(raw) - set(names))
    if unknown:
        raise BadRequestError(f"{where} has {unknown[0][:40]!a}, which is not one of {', '.join(names)}")


def _set(rules: dict[str, Any], path: tuple[str, ...], value: int | str | None) -> None:
    for name in path[:-1]:
        rules = rules.setdefault(name, {})
    if value == INHERIT:
        rules.pop(path[-1], None)
    else:
        rules[path[-1]] = value


def _drop_empty(raw: dict[str, Any]) -> None:
    for name, value in list(raw.items()):
        if isinstance(value, dict):
            _drop_empty(value)
            if not value:
                del raw[name]
