"""WAV, FLAC and MP3: rate, channels and length from their heads.

Sources: Multimedia Programming Interface 1.0 (RIFF), RFC 9639 (FLAC), ISO/IEC 11172-3 and ID3 2.4 (MP3).
"""

import re

from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, OtherFormatError, Preview, PreviewError, Source, View
from storage_tui.previews.heads.cursor import Cursor, ShortError

CODECS = {1: "PCM", 3: "float", 6: "A-law", 7: "µ-law", 0x55: "MP3", 0xFFFE: "extended"}
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""By version of MPEG: the samples a second."""
KILOBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
KILOBITS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MOST_CHUNKS = 200
WAVE = re.compile(rb"(?:RIFF|RF64)....WAVE", re.DOTALL)
TAGGED = re.compile(rb"ID3[\x02-\x04][\x00-\x0f].[\x00-\x7f]{4}", re.DOTALL)
TITLES = {b"TIT2": "title", b"TPE1": "artist", b"TALB": "album"}


class Sound:
    """A recording; the row of the table says which."""

    budget = HEADER_BUDGET

    def __init__(self, kind: str) -> None:
        """Keep which of WAV, FLAC and MP3 is read."""
        self.kind = kind

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first bytes are of this kind; the frames of MP3 have no magic, so the name decides too."""
        if self.kind == "WAV":
            return WAVE.match(head) is not None
        if self.kind == "FLAC":
            return head.startswith(b"fLaC")
        return TAGGED.match(head) is not None or (
            name.endswith(".mp3") and head[:1] == b"\xff" and head[1:2] >= b"\xe0"
        )

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return rate, channels and length."""
        size = source.size_bytes if source.size_bytes is not None else len(head)
        read = {"WAV": _wave, "FLAC": _flac}.get(self.kind, _mp3)
        try:
            facts = tuple(read(head, size))
        except ShortError:
            if len(head) == size:
                raise PreviewError("its header is cut") from None
            facts = ()
        return Preview(self.kind, facts=facts, note="" if facts else "its format is not where a preview reads")


def _wave(head: bytes, size: int) -> list[tuple[str, str]]:
    cursor = Cursor(head, 12)
    facts: list[tuple[str, str]] = []
    step = rate = 0
    for _ in range(MOST_CHUNKS):
        name, length = cursor.take(4), cursor.number(4)
        if name == b"fmt ":
            codec, channels, rate, _, step, bits = Cursor(cursor.raw, cursor.at).values("HHIIHH")
            facts = [("codec", f"{CODECS.get(codec, f'codec {codec}')}, {bits} bits"), *_both(channels, rate)]
        if name == b"data":
            if step and rate:
                facts.append(("length", _time(min(length, max(0, size - cursor.at)) / step / rate)))
            return facts
        cursor.skip(length + length % 2)
    return facts


def _flac(head: bytes, size: int) -> list[tuple[str, str]]:
    cursor = Cursor(head, 8 + 10, "big")  # after the sizes of blocks and frames
    packed = cursor.number(8)
    rate, channels, bits = packed >> 44, (packed >> 41 & 7) + 1, (packed >> 36 & 31) + 1
    if not rate:
        raise PreviewError("its rate is none")
    samples = packed & (1 << 36) - 1
    facts = [("codec", f"FLAC, {bits} bits"), *_both(channels, rate)]
    return [*facts, ("length", _time(samples / rate))] if samples else facts


def _mp3(head: bytes, size: int) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    start = 0
    if head.startswith(b"ID3"):
        version = head[3]
        start = 10 + _seven(head[6:10])
        facts = [(label, value) for label, value in _tags(head[10:start], version) if value]
    if start >= len(head):
        return [*facts, ("tags", f"{start:,} bytes before the first frame")]
    at = next((place for place in range(start, min(len(head) - 4, start + 4096)) if _frame(head, place)), None)
    if at is None:
        if not facts:
            raise OtherFormatError("it has no frame of MPEG audio")
        return facts
    rate, kilobits, channels = _frame(head, at) or (0, 0, 0)
    facts += [*_both(channels, rate), ("first frame", f"{kilobits} kbit/s")]
    if b"Xing" not in head[at : at + 200] and kilobits:
        facts.append(("length", f"about {_time((size - at) * 8 / kilobits / 1000)} at a constant rate"))
    return facts


def _frame(head: bytes, at: int) -> tuple[int, int, int] | None:
    """Return rate, kilobits a second and channels of a frame of layer III; None for anything else."""
    if head[at] != 0xFF or head[at + 1] & 0xE6 != 0xE2:
        return None
    version, bits, rate = head[at + 1] >> 3 & 3, head[at + 2] >> 4, head[at + 2] >> 2 & 3
    if version not in RATES or bits in (0, 15) or rate == 3:
        return None
    return RATES[version][rate], (KILOBITS if version == 3 else KILOBITS_2)[bits], 1 if head[at + 3] >> 6 == 3 else 2


def _tags(raw: bytes, version: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    at = 0
    while at + 10 <= len(raw) and raw[at] and len(found) < MOST_CHUNKS:
        size = _seven(raw[at + 4 : at + 8]) if version == 4 else int.from_bytes(raw[at + 4 : at + 8], "big")
        if raw[at : at + 4] in TITLES:
            text = raw[at + 10 : at + 10 + min(size, 400)]
            codec = {1: "utf-16", 2: "utf-16-be", 3: "utf-8"}.get(text[0] if text else 0, "latin-1")
            found.append((TITLES[raw[at : at + 4]], visible(text[1:].decode(codec, "replace").strip("\0 "), limit=80)))
        at += 10 + size
    return found


def _seven(raw: bytes) -> int:
    """Return a number of seven bits a byte."""
    number = 0
    for byte in raw:
        number = number << 7 | byte & 0x7F
    return number


def _both(channels: int, rate: int) -> list[tuple[str, str]]:
    words = {1: "mono", 2: "stereo"}
    return [("channels", words.get(channels, str(channels))), ("rate", f"{rate:,} Hz")]


def _time(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}" if whole >= 60 else f"{seconds:.2f} s"
