"""Limits of the rate as people write them: `10M` for both directions, `10M:2M` for up and down, `off` for none.

The units are decimal, as in every size that this program shows: 10M are ten million bytes a second, 10Mi are ten times
1,048,576. Source of the form with a colon: rclone's --bwlimit, upload first.
"""

import re

from storage_tui.client.http.pace import LEAST_BYTES_S
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.sizes import size_text

OFF = "off"
FORM = "such as 10M, 10M:2M for up and down, or off"
_RATE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([kmgt]?)(i?)b?(?:/s)?", re.IGNORECASE | re.ASCII)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

Rates = tuple[float | None, float | None]  # bytes per second up and down, None for no limit


def parse_rates(text: str) -> Rates:
    """Return the limits for up and down in the text. Raise BadRequestError for any other text."""
    words = text.split(":") if ":" in text else text.split()
    if not 1 <= len(words) <= 2:
        raise BadRequestError(f"{text[:40]!a} is not a limit of the rate; write it {FORM}")
    rates = [_parse(word, text) for word in words]
    return rates[0], rates[-1]


def rates_text(up: float | None, down: float | None) -> str:
    """Return the limits in words: `off`, `10.0 MB/s`, or `10.0 MB/s up, 2.0 MB/s down`."""
    if up == down:
        return _text(up)
    return f"{_text(up)} up, {_text(down)} down"


def rates_form(up: float | None, down: float | None) -> str:
    """Return the limits in the form that `parse_rates` reads."""
    words = [OFF if rate is None else f"{rate / 1000:.3f}".rstrip("0").rstrip(".") + "k" for rate in (up, down)]
    words = [f"{word[:-4]}M" if word.endswith("000k") and len(word) > 4 else word for word in words]
    return words[0] if up == down else ":".join(words)


def _parse(word: str, text: str) -> float | None:
    word = word.strip()
    if word.lower() in (OFF, "0"):
        return None
    match = _RATE.fullmatch(word)
    if match is None or (match[3] and not match[2]):
        raise BadRequestError(f"{text[:40]!a} is not a limit of the rate; write it {FORM}")
    rate: float = float(match[1]) * (1024 if match[3] else 1000) ** _POWERS[match[2].lower()]
    if rate < LEAST_BYTES_S:
        raise BadRequestError(f"{text[:40]!a} is a limit of less than 1024 bytes a second; write it {FORM}")
    return rate


def _text(rate: float | None) -> str:
    return OFF if rate is None else f"{size_text(round(rate))}/s"
