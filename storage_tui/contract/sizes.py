"""Sizes as people read them, for every place that shows a size: decimal units, as disks and networks use them."""

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def size_parts(size_bytes: int | None) -> tuple[str, str]:
    """Return the number (at most four characters) and its unit: `("1.2", "GB")`; `("?", "")` for an unknown size."""
    if size_bytes is None:
        return "?", ""
    value = float(size_bytes)
    if value < 1000:
        return str(size_bytes), "B"
    unit = 0
    while value >= 999.5 and unit < len(UNITS) - 1:
        value /= 1000
        unit += 1
    return (f"{value:.1f}" if value < 99.95 else f"{value:.0f}"), UNITS[unit]


def size_text(size_bytes: int | None) -> str:
    """Return a size as text: `17 B`, `1.2 GB`; `?` for an unknown size."""
    number, unit = size_parts(size_bytes)
    return f"{number} {unit}" if unit else number
