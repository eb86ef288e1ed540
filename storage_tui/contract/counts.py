"""Counts as people read them, for every place that shows a count."""


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Return a count with its noun: `1 blob`, `14,000 blobs`. `many` is the plural where it is not noun + `s`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
