"""From a typed offset to a number of bytes."""

import re

UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4,
         "ki": 1024, "mi": 1024**2, "gi": 1024**3, "ti": 1024**4}  # fmt: skip

_OFFSET = re.compile(r"\s*(?:(?P<hex>0x[0-9a-fA-F]{1,16})|(?P<share>\d{1,3}(?:\.\d{1,9})?)\s*%"
                    r"|(?P<count>\d[\d,_]{0,24}(?:\.\d{1,9})?)"
                    r"\s*(?P<unit>[kmgtKMGT]?i?)[bB]?)\s*")  # fmt: skip


def parse_offset(text: str, size_bytes: int | None) -> int | None:
    """Return the offset of a text such as `4096`, `0x1000`, `1.5M`, `2Gi` or `50%`, at most the size.

    Returns None for any other text. A share of an unknown size is 0.
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    if match["hex"]:
        offset = int(match["hex"], 16)
    elif match["share"]:
        offset = int((size_bytes or 0) * min(100.0, float(match["share"])) / 100)
    else:
        unit = match["unit"].lower()
        if unit not in UNITS:
            return None
        offset = int(float(match["count"].replace(",", "").replace("_", "")) * UNITS[unit])
    return max(0, offset if size_bytes is None else min(offset, size_bytes))
