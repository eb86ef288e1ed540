"""A terminal that obeys nothing: it reads what a program wrote and refuses what no program of ours may write.

Only the sequences named here pass, which are those that Textual and the painter of the browser use: cursor, colours,
erasing, modes, and asking the terminal what it can do. Text must be what is drawn and nothing else.
"""

import re
import unicodedata
from collections import Counter

_CSI = re.compile(rb"\x1b\[([0-9;:<=>?]*)([ -/]*)([@-~])")
_STRINGS = re.compile(rb"\x1b([\]P_^X])(.*?)(\x07|\x1b\\)", re.DOTALL)
_MODES = {
    "1",
    "7",
    "25",
    "1000",
    "1002",
    "1003",
    "1004",
    "1006",
    "1015",
    "1016",
    "1049",
    "2004",
    "2026",
    "2027",
    "2048",
}
_FIXED_STRINGS = {b"]22;default", b"]22;pointer", b"]22;text"}  # the shape of the mouse pointer
_FINALS = {  # final byte -> what its parameters look like
    **dict.fromkeys("ABCDGdHfJKXm", re.compile(r"[\d;:]*")),
    "h": re.compile(r"\?\d+(;\d+)*"),
    "l": re.compile(r"\?\d+(;\d+)*"),
    "p": re.compile(r"\?\d+"),  # with `$`: is this mode known
    "c": re.compile(r"[>=]?0?"),
    "n": re.compile(r"[56]"),
    "u": re.compile(r"[<>?=]?[\d;]*"),
    "t": re.compile(r"1[48]|2[23];0;0"),
    "q": re.compile(r">?0?"),
}


class NotAllowedError(AssertionError):
    """The program wrote something that no program of ours may write."""


def read(written: bytes) -> Counter[str]:
    """How often each sequence was used, by its final byte; raises NotAllowedError for anything else than these."""
    seen: Counter[str] = Counter()
    text = bytearray()
    position = 0
    while position < len(written):
        byte = written[position]
        if byte != 0x1B:
            if byte < 0x20 and byte not in b"\r\n":
                raise NotAllowedError(f"control character {byte:#04x} in {_around(written, position)}")
            text.append(byte)
            position += 1
            continue
        if match := _CSI.match(written, position):
            _check_csi(match, written)
            seen[match[3].decode()] += 1
        elif (match := _STRINGS.match(written, position)) and match[1] + match[2] in _FIXED_STRINGS:
            seen["OSC 22"] += 1
        elif match:
            raise NotAllowedError(f"a string for the terminal to obey: {_around(written, position)}")
        elif written[position + 1 : position + 2] in (b"7", b"8", b"=", b">"):
            seen["ESC " + chr(written[position + 1])] += 1
            position += 2
            continue
        else:
            raise NotAllowedError(f"an escape that is none of ours: {_around(written, position)}")
        position = match.end()
    _check_text(text.decode("utf-8"))
    return seen


def _check_csi(match: re.Match[bytes], written: bytes) -> None:
    parameters, between, final = (part.decode("ascii") for part in match.groups())
    shape = _FINALS.get(final)
    is_fine = shape is not None and shape.fullmatch(parameters) and between in ("", "$" if final == "p" else "")
    if is_fine and final in "hl":
        is_fine = set(parameters[1:].split(";")) <= _MODES
    if not is_fine:
        raise NotAllowedError(f"a sequence that is none of ours: {_around(written, match.start())}")


def _check_text(text: str) -> None:
    for character in set(text) - {"\r", "\n"}:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            raise NotAllowedError(f"U+{ord(character):04X} was drawn as it is")


def _around(written: bytes, position: int) -> str:
    return f"{written[max(0, position - 20) : position + 40]!r}"
