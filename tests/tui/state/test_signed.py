"""What is kept of signed URLs: when they were made and when they end, never the URLs."""

from datetime import UTC, datetime, timedelta

import pytest

from storage_tui.contract.models import Blob
from storage_tui.tui.state.signed import SignedUrls, expiry_of

NOW = datetime(2024, 7, 12, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "query, seconds",
    [
        (f"v=2&exp={int(NOW.timestamp()) + 60}&sig=x", 60),
        (f"Expires={int(NOW.timestamp()) + 60}&Signature=x", 60),
        ("X-Amz-Date=20240712T100000Z&X-Amz-Expires=90", 90),
        ("X-Goog-Date=20240712T100000Z&X-Goog-Expires=90", 90),
        ("X-Goog-Date=2024&X-Goog-Expires=90", None),
        ("exp=99999999999999999", None),
        ("", None),
    ],
)
def test_the_end_of_a_url_is_read_from_its_parameters(query: str, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert expiry_of(f"https://example.com/a?{query}") == expected


def test_a_url_is_told_with_its_age_and_what_is_left() -> None:
    urls, blob = SignedUrls(), Blob("a", "data", 1)
    assert urls.text(blob, NOW) == ""
    urls.note(blob, f"https://example.com/a?exp={int(NOW.timestamp()) + 3600}&sig=secret", NOW)
    assert urls.text(blob, NOW + timedelta(minutes=3)) == "made 3m ago, opens this blob for 57m more"
    assert urls.text(blob, NOW + timedelta(hours=2)) == "made 2h ago, expired"
    assert "secret" not in repr(urls)
