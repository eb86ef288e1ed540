"""The encoding of a text, found from its first bytes: by a mark, by its form, or guessed.

UTF-8, UTF-16 and UTF-32 show themselves. The encodings of older programs do not: for these the extra `preview` brings
chardet, whose guess is checked here and is always named as a guess.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from storage_tui.contract.counts import plural
from storage_tui.previews.text.guess import BINARY_SHARE, guess_codec, is_prose, is_readable, whole_text

SAMPLE_BYTES = 64 * 1024  # a later byte of another encoding would be shown wrongly; scanning these takes 2 ms
GUESS_BYTES = 8 * 1024  # of lines with characters outside ASCII: more do not make a guess better, only slower
NUL_SHARE = 0.98  # of the zero bytes in a log after a power cut; more than this is a sparse file
TOLD_BYTES = 1024  # in which HTML must name its encoding (WHATWG HTML, 4.2.5.4)
BAD_SHARE = 0.5  # of characters that are not UTF-8 among those outside ASCII: more, and the text is in no UTF-8

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NAMES = {"utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32-le": "UTF-32", "utf-32-be": "UTF-32",
         "cp932": "cp932 (Shift-JIS)", "gb18030": "gb18030 (GBK)", "euc_jp": "EUC-JP", "big5": "Big5",
         "big5hkscs": "Big5", "cp949": "cp949 (EUC-KR)", "euc_kr": "EUC-KR", "koi8-r": "KOI8-R", "koi8-u": "KOI8-U",
         "iso2022_jp": "ISO-2022-JP"}  # fmt: skip
SHIFTED = frozenset(("cp932", "gb18030", "gbk", "big5", "big5hkscs", "cp949", "euc_kr", "euc_jp", "johab",
                     "euc_jis_2004", "shift_jis_2004", "iso2022_jp"))  # fmt: skip
"""Encodings of several bytes a character in which the second byte may look like the first, or like a letter."""


_CONTROL = re.compile(
    rb"[\x00-\x06\x0e-\x19\x1c-\x1f\x7f]"
)  # never in text; ESC is common in logs, 0x1A ends DOS files
_TOLD = re.compile(
    rb"<\?xml[^>]{0,80}encoding=[\"']([\w.:-]{3,30})|<meta[^>]{0,80}charset=[\"']?([\w.:-]{3,30})"
    rb"|^#.{0,20}coding[:=][ \t]*([\w.-]{3,30})",
    re.IGNORECASE,
)
_CODEC = re.compile(r"(?:cp|iso|koi|mac|euc|gb|big5|shift|tis|kz|ptcp|johab|hp).*")  # and not base64, idna and the like
_HIGH_LINE = re.compile(rb"[^\n\r]*[\x80-\xff][^\n\r]*[\r\n]*")
_ISO_2022 = re.compile(rb"\x1b\$[@B]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a text: the codec's name, the bytes of its byte order mark, and how a line ends.

    `is_guess` is true when nothing in the bytes proves the codec. `is_text` is false when the bytes are shown as text
    only because the user asked for text. `bad` counts the bytes of the sample that are not of the encoding. `is_open`
    is true when the sample is ASCII, which would fit most encodings, `is_told` when the text names its encoding.
    """

    codec: str
    bom_bytes: int = 0
    line_end: str = "\n"
    is_guess: bool = False
    is_text: bool = True
    bad: int = 0
    is_open: bool = False
    is_told: bool = False

    @property
    def unit_bytes(self) -> int:
        """The smallest unit of the encoding: 1, 2 or 4 bytes."""
        return {"utf-16": 2, "utf-32": 4}.get(self.codec[:6], 1)

    @property
    def newline(self) -> bytes:
        """The bytes that end a line."""
        return self.line_end.encode(self.codec)

    @property
    def is_shifted(self) -> bool:
        """Whether a byte shows only together with the bytes before it whether a character begins there."""
        return self.codec in SHIFTED

    @property
    def name(self) -> str:
        """The name of the encoding for people, and how sure it is; empty for UTF-8 without a fault."""
        name = NAMES.get(self.codec, self.codec)
        if not self.is_text:
            return f"no text: its bytes read as {name}"
        if self.is_told:
            return f"{name}, as the text says"
        if self.is_guess:
            return f"read as {name}, guessed"
        if self.bad:
            return f"{name}, but for {plural(self.bad, 'byte')}, shown as \ufffd"
        return "" if self.codec == "utf-8" else name

    def decode(self, raw: bytes) -> str:
        """Return the text of some bytes, which begin and end with whole characters; others become U+FFFD."""
        return raw.decode(self.codec, "replace")

    def of_page(self, page: bytes) -> "Encoding":
        """Return the encoding of a page of a blob with this encoding: a guess where a page of UTF-8 is none.

        A blob whose first bytes are all ASCII, which is UTF-8 too, may have letters of another encoding far behind.
        """
        if not self.is_open or page.isascii():
            return self
        found = _find_codec(page)
        return self if found is None or found.codec == "utf-8" else replace(self, codec=found.codec, is_guess=True)


def find_encoding(head: bytes) -> Encoding | None:
    """Return the encoding of a text that begins with `head`; None when the bytes are not text."""
    found = _find_codec(head[:SAMPLE_BYTES])
    return None if found is None else replace(found, line_end=_find_line_end(head[:SAMPLE_BYTES], found))


def any_encoding(head: bytes) -> Encoding:
    """Return the encoding of a text, or the encoding to show these bytes as text although they are none."""
    found = find_encoding(head)
    if found is not None:
        return found
    shown = Encoding("latin-1", is_text=False)
    return replace(shown, line_end=_find_line_end(head[:SAMPLE_BYTES], shown))


def decode_head(head: bytes) -> tuple[str, str]:
    """Return the text of the first bytes of a blob without its mark, and the name of the encoding."""
    encoding = any_encoding(head)
    return encoding.decode(head[encoding.bom_bytes :]), encoding.name if encoding.is_text else ""


@lru_cache(maxsize=4)  # the formats, the modes and the viewer ask about the same blob one after the other
def _find_codec(sample: bytes) -> Encoding | None:
    for bom, codec in BOMS:
        if sample.startswith(bom):
            text = whole_text(sample[len(bom) :], codec)
            if is_readable(text):
                return Encoding(codec, len(bom), bad=text.count("\ufffd") if codec == "utf-8" else 0)
    if b"\x00" in sample:
        wide = _find_wide(sample)
        if wide is not None:
            return wide
        sample = _without_nul(sample)
    elif (wide := _find_wide_ideographs(sample)) is not None:
        return wide
    sample = _without_marks(sample)
    if not sample or len(_CONTROL.findall(sample)) > BINARY_SHARE * len(sample):
        return None
    if sample.isascii():
        return _find_iso_2022(sample)
    text = whole_text(sample, "utf-8")
    bad = text.count("\ufffd") - sample.count(b"\xef\xbf\xbd")
    others = sum(character > "\x7f" for character in text) - bad
    if not bad or bad <= BAD_SHARE * others:
        return Encoding("utf-8", bad=bad)
    told = _told_codec(sample)
    if told:
        return Encoding(told, is_told=True)
    guess = guess_codec(b"".join(_high_lines(sample)))
    return None if guess is None else Encoding(guess, is_guess=True)


def _find_line_end(sample: bytes, encoding: Encoding) -> str:
    """Return the end of the lines: a carriage return where no line feed is, as old Macs write."""
    text = encoding.decode(_aligned(sample[encoding.bom_bytes :], encoding.unit_bytes))
    return "\r" if "\n" not in text and "\r" in text else "\n"


def _find_wide(sample: bytes) -> Encoding | None:
    """Return UTF-16 or UTF-32 without a mark, if the sample, which has zero bytes, is such."""
    for codec, unit, quiet in (
        ("utf-32-le", 4, (2, 3)), ("utf-32-be", 4, (0, 1)), ("utf-16-le", 2, (1,)), ("utf-16-be", 2, (0,)),
    ):  # fmt: skip
        count = len(sample) // unit
        if count == 0 or any(
            sample[at::unit].count(0) < (1 if unit == 4 else 0.7) * count for at in quiet if unit == 4
        ):
            continue
        text = whole_text(sample, codec)
        if not is_prose(text):
            continue
        if unit == 4 or sample[quiet[0] :: 2].count(0) > 0.7 * count:
            return Encoding(codec)
    return _find_wide_ideographs(sample)


def _find_wide_ideographs(sample: bytes) -> Encoding | None:
    """Return UTF-16 without a mark of a text in another script than Latin, if the sample is such."""
    if (len(sample) % 2 and len(sample) < SAMPLE_BYTES) or len(sample) < 8:
        return None
    found = [codec for codec in ("utf-16-le", "utf-16-be") if is_prose(whole_text(sample, codec), is_wide=True)]
    return Encoding(found[0], is_guess=True) if len(found) == 1 else None


def _find_iso_2022(sample: bytes) -> Encoding:
    if _ISO_2022.search(sample):
        try:
            sample[: sample.rfind(b"\n") + 1 or None].decode("iso2022_jp")
        except UnicodeDecodeError:
            pass
        else:
            return Encoding("iso2022_jp", is_guess=True)
    return Encoding("utf-8", is_open=True)


def _without_nul(sample: bytes) -> bytes:
    """Return the sample without its zero bytes when the rest is lines of text, as in a log after a power cut."""
    rest = sample.replace(b"\x00", b"")
    lines = rest.count(b"\n") or rest.count(b"\r")
    is_enough = len(rest) > (1 - NUL_SHARE) * len(sample) or b"\n" in sample.partition(b"\x00")[0]
    is_enough = is_enough and lines > 0 and len(rest) / lines < 2000
    return rest if is_enough and len(_CONTROL.findall(rest)) <= BINARY_SHARE / 4 * len(rest) else b""


def _without_marks(sample: bytes) -> bytes:
    """Return the sample without the control characters that separate cells, where its lines have no other ones."""
    rest = sample.translate(None, b"\x01\x1c\x1d\x1e\x1f")
    is_text = len(rest) > len(sample) / 2 and b"\n" in rest and not _CONTROL.search(rest)
    return rest if is_text else sample


def _told_codec(sample: bytes) -> str:
    """Return the codec that a text of XML, HTML or Python names, if the text is in that encoding; empty without."""
    told = _TOLD.search(sample[:TOLD_BYTES])
    if told is None:
        return ""
    try:
        codec = codecs.lookup((told[1] or told[2] or told[3]).decode()).name
    except (LookupError, ValueError):
        return ""
    if not _CODEC.fullmatch(codec) or "<".encode(codec) != b"<":
        return ""
    return codec if is_readable(whole_text(sample, codec)) else ""


def _high_lines(sample: bytes) -> Iterator[bytes]:
    """Yield the lines with bytes outside ASCII, up to a limit."""
    left = GUESS_BYTES
    for match in _HIGH_LINE.finditer(sample):
        yield match[0][:left]
        left -= len(match[0])
        if left <= 0:
            return


def _aligned(sample: bytes, unit: int) -> bytes:
    return sample[: len(sample) // unit * unit]
