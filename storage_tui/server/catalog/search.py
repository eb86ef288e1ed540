"""Searches of the documents of one kind: filters, pages, and the link with which a search continues.

Filters are those that the published client writes: `{"op", "name", "val"}` with eq, ne, gt, gte, lt, lte, isnull and
isnotnull, and `{"and": […]}`, `{"or": […]}` of them. Results are sorted by id. Other orders, words and shapes are
refused by name rather than ignored.
"""

import base64
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storage_tui.contract.errors import BadRequestError
from storage_tui.server.catalog.documents import TIMES, normal_time

PAGE = 100  # documents of a page
PAGE_BYTES = 6 * 1024 * 1024  # of memory for the documents of a page; the last one may take as much again
MAX_IDS = 1000  # in one search
MAX_CONDITIONS = 100
KNOWN = frozenset(("filter", "limit", "include", "sort"))

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}

Condition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A search: all conditions must hold. `limit` is how many results are still wanted in all, None for no bound."""

    conditions: tuple[Condition, ...] = ()
    limit: int | None = None
    after: str = ""

    def ids(self, name: str = "id") -> list[str] | None:
        """Return the values that a condition allows; None when no condition restricts `name`. Raise BadRequestError for
        too many."""
        for condition in self.conditions:
            found = _values(condition, name)
            if found is not None:
                if len(found) > MAX_IDS:
                    raise BadRequestError(f"a search names at most {MAX_IDS} ids, not {len(found)}")
                return sorted({value for value in found if isinstance(value, str)})
        return None

    def matches(self, attributes: Mapping[str, Any]) -> bool:
        """Return whether a document satisfies all conditions."""
        return all(_matches(condition, attributes) for condition in self.conditions)

    def token(self, after: str, given: int) -> str:
        """Return the token of a link that continues after the document `after`, when `given` results were sent
        before."""
        left = None if self.limit is None else self.limit - given
        raw = json.dumps([after, left]).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def parse_query(raw: Mapping[str, Any], token: str | None) -> Query:
    """Return the search that a client sent; raise BadRequestError when it is invalid or not supported."""
    unknown = sorted(raw.keys() - KNOWN)
    if unknown:
        raise BadRequestError(f"this catalog cannot search by {unknown[0][:40]!a}; it knows filter and limit")
    if raw.get("sort") not in (None, "id", "name"):
        raise BadRequestError("this catalog returns results in the order of their ids only; sort them after the search")
    limit, text = raw.get("limit"), raw.get("filter")
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise BadRequestError("limit is a whole number from 0 on")
    after, left = "", limit
    if token is not None:
        after, left = _parse_token(token)
    return Query(tuple(_conditions(text)), left, after)


def _conditions(text: Any) -> Iterator[Condition]:
    if text is None:
        return
    try:
        conditions = json.loads(text)
    except (TypeError, ValueError, RecursionError) as exc:
        raise BadRequestError("filter is a JSON text") from exc
    if not isinstance(conditions, list):
        raise BadRequestError("filter is a JSON array of conditions")
    count = 0
    for condition in conditions:
        count += _check(condition, 8)
        if count > MAX_CONDITIONS:
            raise BadRequestError(f"a filter has at most {MAX_CONDITIONS} conditions")
        yield condition


def _check(condition: Any, depth: int) -> int:
    """Return the number of conditions in this one; raise BadRequestError when it is not a condition."""
    if not isinstance(condition, dict) or depth == 0:
        raise BadRequestError('each condition of a filter is {"name": …, "op": …, "val": …}, "and" or "or"')
    for word in ("and", "or"):
        if word in condition:
            if not isinstance(condition[word], list) or not condition[word]:
                raise BadRequestError(f'"{word}" of a filter has an array of conditions')
            return sum(_check(part, depth - 1) for part in condition[word])
    name, op = condition.get("name"), condition.get("op")
    if not isinstance(name, str) or op not in ("eq", "ne", "isnull", "isnotnull", *_COMPARE):
        raise BadRequestError(f"this catalog cannot compare with {op!a:.40}; use eq, ne, gt, gte, lt or lte")
    return 1


def _values(condition: Condition, name: str) -> list[Any] | None:
    """Return the values that the condition allows the attribute; None when the condition does not restrict them."""
    if "or" in condition:
        parts = [_values(part, name) for part in condition["or"]]
        return None if None in parts else [value for part in parts for value in part or ()]
    if condition.get("name") == name and condition.get("op") == "eq":
        value = condition.get("val")
        return value if isinstance(value, list) else [value]
    return None


def _matches(condition: Condition, attributes: Mapping[str, Any]) -> bool:
    if "and" in condition:
        return all(_matches(part, attributes) for part in condition["and"])
    if "or" in condition:
        return any(_matches(part, attributes) for part in condition["or"])
    name, op = condition["name"], condition["op"]
    held, wanted = attributes.get(name), condition.get("val")
    if op in ("isnull", "isnotnull"):
        return bool((held in (None, [])) == (op == "isnull"))
    if name in TIMES and wanted is not None:
        wanted = normal_time(name, wanted)
    if op in ("eq", "ne"):
        is_equal = held in wanted if isinstance(wanted, list) else held == wanted
        if isinstance(held, list) and not isinstance(wanted, list):
            is_equal = wanted in held
        return bool(is_equal == (op == "eq"))
    try:
        return held is not None and _COMPARE[op](held, wanted)
    except TypeError:
        return False  # a text and a number cannot be compared


def _parse_token(token: str) -> tuple[str, int | None]:
    try:
        after, left = json.loads(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
    except (ValueError, TypeError, RecursionError) as exc:
        raise BadRequestError("the link to the next page is not from this catalog; search again") from exc
    if not isinstance(after, str) or not (left is None or (isinstance(left, int) and left >= 0)):
        raise BadRequestError("the link to the next page is not from this catalog; search again")
    return after, left
