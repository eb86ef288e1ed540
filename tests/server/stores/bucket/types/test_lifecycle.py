"""When objects expire by the rules of their bucket."""

from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from storage_tui.server.stores.bucket.types.lifecycle import ExpiryRule, ExpiryRules
from tests.faults.answering import AnsweringServer
from tests.server.stores.bucket import amazon

EMPTY = b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
NOON = datetime(2024, 1, 15, 12, 30, tzinfo=UTC)


class Telling(AnsweringServer):
    """An engine that answers with this content when it is asked for its rules, and with an empty list else."""

    def __init__(self, content: bytes) -> None:
        super().__init__("")
        self._content = content

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        content = self._content if "lifecycle" in handler.path else EMPTY
        handler.send_response_only(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content)


def rule(prefix: str, days: int = 3, **filters: Any) -> dict[str, Any]:
    """A rule as boto3 takes it."""
    return {"ID": f"{prefix}{days}", "Status": "Enabled", "Filter": {"Prefix": prefix, **filters},
            "Expiration": {"Days": days}}  # fmt: skip


async def rules_of(path: Path, bucket: str) -> ExpiryRules:
    async with amazon.opened(amazon.endpoint(), bucket, path) as store:
        return await store.expiry_rules()


def test_days_are_rounded_up_to_the_next_midnight_and_the_earliest_rule_holds() -> None:
    rules = ExpiryRules((ExpiryRule("", days=30), ExpiryRule("scratch/", days=3)))
    assert rules.expiry("scratch/a", 5, NOON) == datetime(2024, 1, 19, tzinfo=UTC)
    assert rules.expiry("kept/a", 5, NOON) == datetime(2024, 2, 15, tzinfo=UTC)
    assert rules.expiry("scratch/a", 5, datetime(2024, 1, 15, tzinfo=UTC)) == datetime(2024, 1, 19, tzinfo=UTC)
    at = datetime(2024, 1, 17, tzinfo=UTC)
    assert ExpiryRules((*rules.rules, ExpiryRule("scratch/", at=at))).expiry("scratch/a", 5, NOON) == at
    assert ExpiryRules().expiry("scratch/a", 5, NOON) is None
    assert ExpiryRules((ExpiryRule("", days=30),)).expiry("a", 5, datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("rules", "days", "words"),
    [
        (ExpiryRules((ExpiryRule("scratch/", days=3),)), 3, "expires after 3 days"),
        (ExpiryRules((ExpiryRule("", days=1),)), 1, "expires after 1 day"),
        (ExpiryRules((ExpiryRule("scratch/a/", days=3),)), None, "expires by rules"),
        (ExpiryRules((ExpiryRule("scratch/", days=3, above=10),)), None, "expires by rules"),
        (ExpiryRules((ExpiryRule("scratch/", days=3), ExpiryRule("scratch/", days=5))), None, "expires by rules"),
        (ExpiryRules((ExpiryRule("other/", days=3),)), None, "no expiry"),
        (ExpiryRules(is_known=False), None, "expiry not known"),
    ],
)
def test_the_rules_below_a_prefix_are_told_in_a_few_words(rules: ExpiryRules, days: int | None, words: str) -> None:
    assert rules.lifetime("scratch/") == (None if days is None else timedelta(days=days))
    assert rules.words("scratch/") == words


async def test_the_rules_of_a_bucket_are_those_that_boto3_has_put_there(bucket: str, tmp_path: Path) -> None:
    assert await rules_of(tmp_path, bucket) == ExpiryRules()
    client = amazon.client(amazon.endpoint())
    rules = [
        rule("scratch/", 3),
        {"ID": "old", "Status": "Enabled", "Prefix": "old/", "Expiration": {"Days": 5}},
        {**rule("off/"), "Status": "Disabled"},
        {**rule("date/"), "Expiration": {"Date": datetime(2030, 1, 1, tzinfo=UTC)}},
        {**rule("markers/"), "Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"ID": "tag", "Status": "Enabled", "Filter": {"Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}},
        {"ID": "and", "Status": "Enabled", "Expiration": {"Days": 2}, "Filter": {"And": {
            "Prefix": "tagged/", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]}}},
        {"ID": "moved", "Status": "Enabled", "Filter": {"Prefix": "cold/"},
         "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]},
    ]  # fmt: skip
    client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert set((await rules_of(tmp_path, bucket)).rules) == {
        ExpiryRule("scratch/", 3), ExpiryRule("old/", 5), ExpiryRule("date/", at=datetime(2030, 1, 1, tzinfo=UTC)),
    }  # fmt: skip


@pytest.mark.parametrize(
    "told", ["<Days>x</Days>", "<Days>-1</Days>", "<Days>99999999999</Days>", "<Date>soon</Date>", "<Days/>", None]
)
async def test_rules_that_cannot_be_read_are_not_known(told: str | None, tmp_path: Path) -> None:
    rules = f"<Rule><Status>Enabled</Status><Expiration>{told}</Expiration></Rule>"
    content = "<html/>" if told is None else f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
    with Telling(content.encode()) as engine:
        async with amazon.opened(engine.url, "bucket", tmp_path) as store:
            assert await store.expiry_rules() == ExpiryRules(is_known=False)


async def test_a_size_filter_is_obeyed(tmp_path: Path) -> None:
    content = (
        b"<LifecycleConfiguration xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Rule><Status>Enabled</Status><Filter>"
        b"<And><Prefix>a/</Prefix><ObjectSizeGreaterThan>10</ObjectSizeGreaterThan><ObjectSizeLessThan>20"
        b"</ObjectSizeLessThan></And></Filter><Expiration><Days>3</Days></Expiration></Rule></LifecycleConfiguration>"
    )
    with Telling(content) as engine:
        async with amazon.opened(engine.url, "bucket", tmp_path) as store:
            rules = await store.expiry_rules()
    found = {size: rules.expiry("a/k", size, NOON) is not None for size in (10, 11, 19, 20)}
    assert found == {10: False, 11: True, 19: True, 20: False}
