"""Gauges of one line: a quota by its use, the time until the first blob of a type expires."""

from datetime import datetime

from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.models import QuotaUse, Usage
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.state.formats import countdown_text, urgency

FULL_SOON = 0.9  # of a quota: from here on another colour is used
BAR_CELLS = 6
SHADES = {"gone": "$error", "critical": "$error", "soon": "$text-warning", "later": "$text-muted"}


def bar(share: float, cells: int = BAR_CELLS) -> str:
    """Return a bar that is full only when all is used, and empty only when nothing is."""
    filled = min(cells, int(share * cells))
    filled = max(filled, 1) if share > 0 else 0
    return "━" * filled + "─" * (cells - filled)


def quota_gauge(usage: Usage, quota: QuotaUse) -> Content | None:
    """Return `━━──── 34% of 10.0 GB`, or the share of blobs when that is nearer its limit; None without limits."""
    shares = [
        (used / limit if limit else 1.0, text)
        for used, limit, text in (
            (usage.size_bytes, quota.size_bytes, size_text(quota.size_bytes)),
            (usage.count, quota.count, plural(quota.count or 0, "blob")),
        )
        if limit is not None
    ]
    if not shares:
        return None
    share, text = max(shares)
    shade = "$text-warning" if share >= FULL_SOON else "$text-muted"
    return Content.assemble((bar(share), shade), (f" {share:.0%} of {text}", shade))


def expiry_gauge(storage_type: str, usage: Usage, now: datetime) -> Content | None:
    """Return `━━━─── first in 2d 3h`: what is left of the time of the oldest blob; None where nothing expires."""
    span = STORAGE_TYPES[storage_type].expires_after
    if span is None or usage.oldest is None or not usage.count:
        return None
    ends = usage.oldest + span
    left = urgency(ends, now)
    if left == "gone":
        return Content.styled(f"{bar(0)} some expired", SHADES[left])
    return Content.styled(f"{bar((ends - now) / span)} first in {countdown_text(ends, now)}", SHADES[left])
