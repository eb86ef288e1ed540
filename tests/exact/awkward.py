"""About 200 names that objects of other programs have and that our own stores do not take."""

from itertools import product

DOTS = (
    ".", "..", "./", "../", "/.", "/..", "//.", "//..", "./.", "../..", "a/.", "a/..", "a/./", "a/../", "a/./b",
    "a/../b", "\u00e9/..", "b/../a", "a/b/..", "a/b/.", "..a", "...", "a..", "a/..b",
    "./a", "../a", "../../a", "../../../../../../../../tmp/a", "/../a", "//../a", "a/../../b", "a//../b", "a/b/../../c",
    "a/.//..", "..a/..", "a./.", "a/./.", "a/././", "a/../.", "a/.../..", ".../.", "x/..%2F..", "..%2f", "../%2E%2E",
    *("/".join(row) for row in product(("", ".", "..", "d"), repeat=3) if set(row) & {".", ".."}),
    *("/".join(row) for row in product((".", "..", "d"), repeat=4) if row.count("d") == 2 and ".." in row),
)  # fmt: skip
CONTROLS = (
    "\x00", "a\x00", "\x00a", "a\x00b", "a/\x00/b", "\x01", "a\nb", "a\r\nb", "\n", "\r", "\t", "a\tb", "\x1b",
    "\x1b[2J",
    "\x1b]0;title\x07", "\x1b]52;c;aGk=\x07", "a\x7f", "\x7f", "\x80", "a\x9b2J", "\x85", "\x9f/\x80", "a/\n", "\n/a",
    "a\x08\x08b", "\x1bc/x", "\r../../a", "..\n", "..\x00/a", ".\x00", "\x00/..", "a\n../b", "\x0b", "\x0c", "\x1f",
)  # fmt: skip
NONCHARACTERS = ("\ufdd0", "\ufffe", "\uffff", "a\ufdefb", "\U0001fffe", "\U0010ffff", "a/\uffff/", "\ufffe/..")
SLASHES = ("/", "//", "///", "/a", "//a", "a/", "a//", "a///", "a//b", "a", "a/b", "a/b/", "a/b//", "/a/", "//a//b//")
LITERALS = (
    "%2E", "%2E%2E", "%2e%2e/a", "%00", "a%00b", "%2F", "%252E", "%0A", "a+b", "a b", "a?b", "a#b", ".%2E", "%2E.", "%",
    "\\..\\a", "..\\a", "C:\\..", "~/a", "$(id)/..", "`id`/.", "-rf/..", "\u202e/..", "\u200b/.", "CON/..", "a:b/..",
)  # fmt: skip
LENGTHS = (
    "../" * 341 + "x",
    "\x01" * 1024,
    "\uffff" * 341 + "/",
    "n" * 1021 + "/..",
    "./" * 512,
    "\n" * 300 + "/" + "y" * 700,
)

NAMES: tuple[str, ...] = tuple(
    sorted({*DOTS, *CONTROLS, *NONCHARACTERS, *SLASHES, *LITERALS, *LENGTHS}, key=str.encode)
)


def value_of(name: str) -> bytes:
    """What is stored under a name: the name itself."""
    return f"value of {name!a}\n".encode()
