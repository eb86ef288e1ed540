"""When objects of a bucket expire, by the bucket's own lifecycle rules.

Source: "Lifecycle configuration elements" and "Understanding object expiration" of the Amazon S3 User Guide.
A rule has a filter (a prefix, bounds of the size, tags) and a number of days or a date. Days count from the time of
the object, and the sum is rounded up to the next midnight UTC. Of several rules the earliest holds. Rules with tags are
left out: a list of objects does not have their tags.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from storage_tui.contract.counts import plural
from storage_tui.contract.errors import StorageError
from storage_tui.server.stores.s3.protocol.answers import elements, fields_of, name_of, read_answer
from storage_tui.server.stores.s3.protocol.bucket import Bucket
from storage_tui.server.stores.s3.protocol.requests import MissingError, path_of

DAY = timedelta(days=1)
MOST_RULES = 1000  # of one bucket, by the S3 API
MOST_DAYS = 36_500  # a longer time is none that anybody waits for
_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=MOST_DAYS + 2)


@dataclass(frozen=True, slots=True)
class ExpiryRule:
    """One rule: objects whose names begin with `prefix` expire after `days`, or at `at`. Their size is more than
    `above` bytes and less than `below`, where these are given."""

    prefix: str
    days: int | None = None
    at: datetime | None = None
    above: int | None = None
    below: int | None = None

    @property
    def is_for_every_size(self) -> bool:
        """Return whether the rule has no bound of the size."""
        return self.above is None and self.below is None

    def expiry(self, size_bytes: int, modified: datetime) -> datetime | None:
        """Return when an object below the prefix expires; None where the rule does not take its size."""
        if self.above is not None and size_bytes <= self.above:
            return None
        if self.below is not None and size_bytes >= self.below:
            return None
        if self.days is None or modified > _LAST:
            return self.at
        due = modified.astimezone(UTC) + timedelta(days=self.days)
        return due.replace(hour=0, minute=0, second=0, microsecond=0) + DAY


@dataclass(frozen=True, slots=True)
class ExpiryRules:
    """The rules of a bucket. `is_known` is false where the bucket does not say them."""

    rules: tuple[ExpiryRule, ...] = ()
    is_known: bool = True

    def below(self, prefix: str) -> tuple[ExpiryRule, ...]:
        """Return the rules for names that begin with the prefix, or for some of them."""
        return tuple(rule for rule in self.rules if rule.prefix.startswith(prefix) or prefix.startswith(rule.prefix))

    def expiry(self, name: str, size_bytes: int, modified: datetime) -> datetime | None:
        """Return when an object expires; None for one that no rule takes."""
        found = (rule.expiry(size_bytes, modified) for rule in self.rules if name.startswith(rule.prefix))
        return min((moment for moment in found if moment is not None), default=None)

    def lifetime(self, prefix: str) -> timedelta | None:
        """Return after how many days everything below the prefix expires; None where that is not one length of time."""
        days = {rule.days for rule in self.below(prefix)}
        for_all = any(rule.is_for_every_size and prefix.startswith(rule.prefix) for rule in self.below(prefix))
        [only] = days if len(days) == 1 else [None]
        return None if only is None or not for_all else timedelta(days=only)

    def words(self, prefix: str) -> str:
        """Return what the rules mean for the names below the prefix, in a few words."""
        lifetime = self.lifetime(prefix)
        if lifetime is not None:
            return f"expires after {plural(lifetime.days, 'day')}"
        if not self.is_known:
            return "expiry not known"
        return "expires by rules" if self.below(prefix) else "no expiry"


def read_rules(bucket: Bucket) -> ExpiryRules:
    """Return the rules of a bucket, whose names count from the start of the bucket; blocks. A bucket without rules has
    none; one that does not say its rules, or says them so that they cannot be read, has rules that are not known."""
    try:
        _, content = bucket.engine.call("GET", path_of(bucket.name), {"lifecycle": ""})
        document = read_answer(content, "LifecycleConfiguration")
        rules = [rule for found in elements(document, "Rule") if (rule := _rule(found)) is not None]
    except MissingError:  # 404 NoSuchLifecycleConfiguration
        return ExpiryRules()
    except (StorageError, ValueError, OverflowError):
        return ExpiryRules(is_known=False)
    return ExpiryRules(tuple(rules[:MOST_RULES]))


def _rule(found: Element) -> ExpiryRule | None:
    """Return the rule in an element; None for one that expires nothing, or that counts only for objects with a tag.
    Raise ValueError for a rule that cannot be read."""
    fields, expiration = fields_of(found), next(elements(found, "Expiration"), None)
    if fields.get("Status") != "Enabled" or expiration is None:
        return None
    told = fields_of(expiration)
    days = int(told["Days"]) if "Days" in told else None
    at = datetime.fromisoformat(told["Date"]) if "Date" in told else None
    if days is None and at is None:
        return None  # it removes markers of deleted objects alone
    if days is not None and not 0 <= days <= MOST_DAYS:
        raise ValueError("a number of days that nobody waits for")
    if at is not None:
        at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    parts = [*_filters(found)]
    if any(name == "Tag" for name, _ in parts):
        return None
    said = dict(parts)
    bounds = [said.get(name) for name in ("ObjectSizeGreaterThan", "ObjectSizeLessThan")]
    above, below = (None if bound is None else int(bound) for bound in bounds)
    return ExpiryRule(said.get("Prefix", ""), days, at, above, below)


def _filters(rule: Element) -> Iterator[tuple[str, str]]:
    """Yield the conditions of a rule by name: those in its Filter and in its And, and the Prefix of an old rule."""
    for element in rule:
        if name_of(element) == "Prefix":
            yield "Prefix", element.text or ""
        elif name_of(element) == "Filter":
            yield from _filters_in(element)


def _filters_in(element: Element) -> Iterator[tuple[str, str]]:
    for child in element:
        if name_of(child) == "And":
            yield from ((name_of(part), part.text or "") for part in child)
        else:
            yield name_of(child), child.text or ""
