"""Counts as people read them, in every place that tells one."""


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 blob`, `14,000 blobs`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
