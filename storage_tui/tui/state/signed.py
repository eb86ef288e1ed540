"""The signed URLs of this session: for which blob, when made, and when they expire. The URLs are not kept."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from storage_tui.contract.models import Blob
from storage_tui.tui.state.formats import age_text, countdown_text

KEPT = 1000  # blobs; the oldest are forgotten


@dataclass(frozen=True, slots=True)
class Signed:
    """The last URL of a blob; `expires` is None when the URL does not say."""

    made: datetime
    expires: datetime | None


@dataclass
class SignedUrls:
    """The last signed URL of each blob, by storage type and key."""

    _made: dict[tuple[str, str], Signed] = field(default_factory=dict)

    def note(self, blob: Blob, url: str, now: datetime) -> None:
        """Note a new URL of a blob."""
        self._made.pop((blob.storage_type, blob.key), None)
        self._made[blob.storage_type, blob.key] = Signed(now, expiry_of(url))
        while len(self._made) > KEPT:
            del self._made[next(iter(self._made))]

    def text(self, blob: Blob, now: datetime) -> str:
        """Return `made 3m ago, opens this blob for 56m`; empty without a URL."""
        signed = self._made.get((blob.storage_type, blob.key))
        if signed is None:
            return ""
        made = f"made {age_text(signed.made, now)} ago"
        if signed.expires is None:
            return made
        left = countdown_text(signed.expires, now)
        return f"{made}, " + ("expired" if left == "gone" else f"opens this blob for {left} more")


def expiry_of(url: str) -> datetime | None:
    """Return the expiry of a signed URL from its parameters: a moment, or a date and seconds (AWS and Google, v4)."""
    query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    try:
        if moment := query.get("exp") or query.get("expires"):
            return datetime.fromtimestamp(int(moment), UTC)
        for maker in ("x-amz", "x-goog"):
            if f"{maker}-date" in query and f"{maker}-expires" in query:
                begun = datetime.strptime(query[f"{maker}-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
                return begun + timedelta(seconds=int(query[f"{maker}-expires"]))
    except (ValueError, OverflowError, OSError):
        return None
    return None
