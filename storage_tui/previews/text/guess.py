"""The guess of an encoding of a program of before UTF-8: by chardet, checked by what texts look like.

chardet (the extra `preview`) knows which letters follow which in many languages. It cannot know that a text does not
change its script inside a word, has no currency there and no capital letter after a small one. Without chardet each
text is tried as Western alone.
"""

import codecs
import importlib
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MOST_LETTERS_A_WORD = 60  # in scripts that set spaces between words; pictures and arrays have far longer runs
COMMON_SHARE = 0.7  # of the ideographs of a text are in the common half of their encoding, of random bytes 0.4
LOOKED_AT = 2000  # characters that the checks of a guess look at
BINARY_SHARE = 0.02  # control characters past this share of a sample mean that it is not text
SURE = 0.2  # of chardet's confidence: less, for a text in Latin letters, says little about the order of its guesses
ODD_SHARE = 0.1  # of the characters outside ASCII that stand where they do not belong, in a right guess
SPARSE_SHARE = 0.6  # of the letters of a Western text are outside ASCII at most
SHORT = 8  # characters outside ASCII; what letters follow which says nothing about fewer
FALLBACK = "cp1252"  # of texts by older programs, where nothing better is known

WIDER = {"ascii": FALLBACK, "iso8859-1": FALLBACK, "shift_jis": "cp932", "gb2312": "gb18030", "gbk": "gb18030",
         "euc_kr": "cp949", "iso8859-9": "cp1254"}  # fmt: skip
"""Encodings that contain another one, for the programs that name the smaller one and write the larger one."""

OLD_LATIN = frozenset(
    (
        "mac-roman",
        "mac-iceland",
        "mac-turkish",
        "mac-latin2",
        "mac-croatian",
        "mac-romanian",
        "cp437",
        "cp775",
        "cp850",
        "cp852",
        "cp857",
        "cp858",
        "cp860",
        "cp861",
        "cp863",
        "cp865",
        "hp-roman8",
    )
)
"""Encodings of DOS and old Macs with most of their letters between 0x80 and 0x9F; newer ones have none there."""

USUAL = re.compile(r"cp125[0-8]|iso8859-\d+|koi8-[ru]|cp874|cp932|cp949|euc_\w+|gb18030|big5(?:hkscs)?|iso2022_\w+")
"""The encodings that files still have; the ones of old Macs and of DOS come after these."""

_LOW = re.compile(rb"[\x80-\x9f]")
_BREAKS = frozenset(" \t\r\n,;|、。，；：！？「」（）")
_COMMON = (("gb2312", 0xB0, 0xD7), ("euc_jp", 0xB0, 0xCF), ("big5", 0xA4, 0xC6), ("euc_kr", 0xB0, 0xC8))
"""The first bytes of the common half of the characters of an encoding: level 1 of its standard, or its syllables."""
_EAST_ASIAN = frozenset(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "KATAKANA-HIRAGANA", "FULLWIDTH", "IDEOGRAPHIC"))
_ASCII = frozenset(map(chr, range(128)))
_WESTERN = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüÿŒœ€£§©®°±²³µ·»«¼½¾¿¡ªº×“”‘’„–—…•™\xa0")
_SHORT_CELLS = re.compile(rb"[\x80-\xff]{2}")


@lru_cache(maxsize=16)
def guess_codec(sample: bytes) -> str | None:
    """Return the most probable codec of a sample of an older program; None when it is text in none."""
    if _is_sparse(sample) and set(whole_text(sample, FALLBACK)) - _ASCII <= _WESTERN:
        return FALLBACK
    fitting: list[str] = []
    for codec in _candidates(sample):
        text = whole_text(sample, codec)
        if text.count("\ufffd") > 0.01 * len(text) or not is_prose(text) or _mixes_scripts(text):
            continue
        if _oddness(text) <= ODD_SHARE:
            return FALLBACK if whole_text(sample, FALLBACK) == text else codec
        fitting.append(codec)
    return fitting[0] if fitting else None


def _is_sparse(sample: bytes) -> bool:
    """Return whether a short sample has single bytes outside ASCII among many inside, as words of the West have."""
    high = sum(byte >= 0x80 for byte in sample)
    others = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    return high <= SHORT and not _SHORT_CELLS.search(sample) and high <= max(1, SPARSE_SHARE * (high + others))


def _candidates(sample: bytes) -> Iterator[str]:
    """Yield codecs, the most probable first."""
    try:
        detect_all = importlib.import_module("chardet").detect_all
    except ImportError:
        yield FALLBACK
        return
    found = [each for each in detect_all(sample, ignore_threshold=True) if each["encoding"]]
    known = [codec for each in found if (codec := _codec(each["encoding"], sample))]
    if found and found[0]["confidence"] < SURE:
        known.sort(key=lambda codec: USUAL.fullmatch(codec) is None)
    yield from dict.fromkeys([*known, FALLBACK])


def _codec(name: str, sample: bytes) -> str:
    """Return the codec of an encoding that chardet names; empty when it is not one of older programs."""
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        return ""
    if codec.startswith("utf-") or "hz" in codec or "a".encode(codec) != b"a":
        return ""
    if codec in OLD_LATIN and not _LOW.search(sample):
        return ""
    return WIDER.get(codec, FALLBACK if codec == "iso8859-15" and b"\xa4" not in sample else codec)


def _oddness(text: str) -> float:
    """Return the share of the characters outside ASCII that stand where no text has them.

    These are marks between two letters, capital letters after small ones, and ideographs between Latin letters.
    """
    odd = others = 0
    part = f" {text[:LOOKED_AT]} "
    for before, character, after in zip(part, part[1:], part[2:], strict=False):
        if character <= "\x7f":
            continue
        others += 1
        if _is_ideograph(character):
            odd += before.isascii() and before.isalpha() and after.isascii() and after.isalpha()
        elif character.isalpha():
            odd += character.isupper() and before.islower()
        elif unicodedata.category(character)[0] != "M":
            odd += before.isalpha() and after.isalpha() and character not in "’·–—\xad\xa0" and before <= "\u2fff"
    return odd / max(1, others)


def whole_text(sample: bytes, codec: str) -> str:
    """Return the text of a sample, without the character that its end cuts."""
    return codecs.getincrementaldecoder(codec)("replace").decode(sample)


def is_readable(text: str) -> bool:
    """Return whether few characters are controls or were not decoded."""
    part = text[:LOOKED_AT]
    return sum(_is_odd(character) for character in part) <= BINARY_SHARE * len(part)


def _is_odd(character: str) -> bool:
    if character in "\t\r\n\x1b\x0c\x1a\x07\x08\x0b":
        return False
    return character == "\ufffd" or unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn")


def is_prose(text: str, *, is_wide: bool = False) -> bool:
    """Return whether a text, decoded by a guess, reads as one: known characters, in words or common ideographs."""
    part = text[:LOOKED_AT]
    if not part or not is_readable(part):
        return False
    others = [character for character in part if character > "\x7f"]
    letters = sum(unicodedata.category(character)[0] in "LM" for character in others)
    ideographs = [character for character in others if _is_ideograph(character)]
    if sum(map(_is_common, ideographs)) < COMMON_SHARE * len(ideographs):
        return False
    breaks = sum(character in _BREAKS for character in part)
    if is_wide and not (breaks and _is_one_script(part)):
        return False
    if len(part) > MOST_LETTERS_A_WORD * (breaks + 1):
        return False
    is_lettered = letters >= 0.5 * len(others) or len(others) < 0.1 * len(part)
    return is_lettered or len(ideographs) >= 0.5 * len(others)


def _is_ideograph(character: str) -> bool:
    """Return whether a character is of the scripts of China, Japan and Korea, which set few spaces."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or "\uac00" <= character <= "\ud7a3"


def _is_common(character: str) -> bool:
    """Return whether an ideograph is in the common half of one of the encodings of its languages."""
    for codec, first, last in _COMMON:
        try:
            raw = character.encode(codec)
        except UnicodeEncodeError:
            continue
        if len(raw) == 2 and first <= raw[0] <= last:
            return True
    return "\u3040" <= character <= "\u30ff"


def _is_one_script(text: str) -> bool:
    """Return whether nearly all letters outside ASCII are of the same script."""
    scripts: dict[str, int] = {}
    for character in text:
        if character > "\x7f" and character.isalpha():
            name = unicodedata.name(character, "?").partition(" ")[0]
            script = "CJK" if name in _EAST_ASIAN else name
            scripts[script] = scripts.get(script, 0) + 1
    return not scripts or max(scripts.values()) > 0.9 * sum(scripts.values())


def _mixes_scripts(text: str) -> bool:
    """Return whether words mix Latin with Greek, Cyrillic, Hebrew or Arabic letters, as no language does."""
    mixed = words = 0
    for word in re.findall(r"[^\W\d_]+", text[:LOOKED_AT]):
        if word.isascii():
            continue
        words += 1
        scripts = {unicodedata.name(letter, "?").partition(" ")[0] for letter in word}
        mixed += "LATIN" in scripts and bool(scripts & {"GREEK", "CYRILLIC", "HEBREW", "ARABIC", "THAI"})
    return mixed > 0.2 * words
