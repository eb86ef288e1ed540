"""The table of limits, and the buckets of requests per minute."""

import json
from pathlib import Path
from typing import Any

import pytest

from storage_tui.contract.errors import BadRequestError, RateLimitError, StorageError
from storage_tui.server.http.grants import namespace_of
from storage_tui.server.quotas.limits import (
    INHERIT,
    RECORD,
    LimitsTable,
    Quota,
    change_limits,
    check_limits,
    parse_limits,
    read_limits,
    replace_limits,
)
from storage_tui.server.quotas.rates import MAX_BUCKETS, Rates
from storage_tui.server.stores.local.records import LocalRecords

TABLE: dict[str, Any] = {
    "default": {"types": {"*": {"bytes": 100, "uploads": 5}, "tmp": {"bytes": 10}}, "requests": {"list": 60}},
    "users": {
        "ann": {"types": {"*": {"bytes": None}, "tmp": {"blobs": 7}}, "concurrent": 3},
        "bob": {"requests": {"list": 5, "read": 9}},
    },
}


def test_what_is_closest_to_user_and_type_counts() -> None:
    table = check_limits(TABLE)
    ann, bob, carol = (table.of(namespace_of(name)) for name in ("ann", "bob", "carol"))
    assert ann.quotas["data"] == Quota(None, None, 5)
    assert ann.quotas["tmp"] == Quota(None, 7, 5)
    assert bob.quotas["data"] == carol.quotas["data"] == Quota(100, None, 5)
    assert carol.quotas["tmp"] == Quota(10, None, 5)
    assert (ann.requests, bob.requests, carol.requests) == ({"list": 60}, {"list": 5, "read": 9}, {"list": 60})
    assert (ann.concurrent, carol.concurrent) == (3, None)
    assert not LimitsTable().of(namespace_of("ann")).quotas


def test_changes_are_kept_beside_others_and_can_be_taken_back(tmp_path: Path) -> None:
    records = LocalRecords(tmp_path)
    change_limits(records, None, {("types", "*", "bytes"): 100})
    change_limits(records, "ann", {("types", "tmp", "bytes"): 5, ("requests", "list"): 9, ("concurrent",): 4})
    assert read_limits(records).of_name("ann").quotas["tmp"] == Quota(5)
    change_limits(records, "ann", {("types", "tmp", "bytes"): None})
    assert "tmp" not in read_limits(records).of_name("ann").quotas
    table = change_limits(records, "ann", {("types", "tmp", "bytes"): INHERIT, ("requests", "list"): INHERIT})
    assert table.raw == {"default": {"types": {"*": {"bytes": 100}}}, "users": {"ann": {"concurrent": 4}}}
    with pytest.raises(BadRequestError, match="a number from 1"):
        change_limits(records, "ann", {("requests", "list"): 0})
    assert replace_limits(records, TABLE).raw == read_limits(records).raw == TABLE


@pytest.mark.parametrize("raw", [
    [], 5, {"more": 1}, {"default": []}, {"users": []}, {"users": {"ann": 5}}, {"default": {"types": {"all": {}}}},
    {"default": {"types": {"log": {}}}}, {"default": {"types": []}}, {"default": {"types": {"*": {"size": 1}}}},
    {"default": {"types": {"*": {"bytes": -1}}}}, {"default": {"types": {"*": {"bytes": "10G"}}}},
    {"default": {"types": {"*": {"bytes": True}}}}, {"default": {"types": {"*": {"bytes": 2**63}}}},
    {"default": {"types": {"*": {"bytes": 1.5}}}}, {"default": {"requests": {"fly": 1}}},
    {"default": {"requests": {"list": 0}}}, {"default": {"concurrent": 0}},
])  # fmt: skip
def test_a_table_that_is_not_understood_is_refused_whole(tmp_path: Path, raw: Any) -> None:
    records = LocalRecords(tmp_path)
    with pytest.raises(BadRequestError):
        replace_limits(records, raw)
    assert records.read(RECORD) is None
    with pytest.raises(StorageError, match="does not hold limits"):
        parse_limits(json.dumps(raw).encode())


def test_a_minute_of_requests_may_come_at_once_and_then_as_they_flow_back() -> None:
    now = 100.0
    rates = Rates(clock=lambda: now)
    for _ in range(6):
        rates.take("ann", "list", 6)
    for waited, told in ((0.0, 10), (3.0, 7), (6.5, 4)):
        now = 100.0 + waited
        with pytest.raises(RateLimitError, match="6 times a minute") as refused:
            rates.take("ann", "list", 6)
        assert refused.value.retry_after_s == told
        assert isinstance(refused.value.retry_after_s, int)
    rates.take("ann", "read", 6)
    rates.take("bob", "list", 6)
    now = 110.0
    rates.take("ann", "list", 6)
    with pytest.raises(RateLimitError):
        rates.take("ann", "list", 6)
    now = 1e6
    for _ in range(6):
        rates.take("ann", "list", 6)
    with pytest.raises(RateLimitError):
        rates.take("ann", "list", 6)


def test_buckets_of_users_long_gone_are_let_go() -> None:
    rates = Rates(clock=lambda: 0.0)
    for number in range(MAX_BUCKETS + 50):
        rates.take(str(number), "list", 5)
    assert len(rates._buckets) == MAX_BUCKETS
