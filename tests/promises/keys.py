"""Keys that something on the way to the store could mistake for something else, and texts that are no keys.

Each group is named by what could go wrong. All are stored at the same time, so that two that are mixed up anywhere show
as one missing and one with the bytes of the other.
"""

QUOTING = (
    "a%2Fb", "a%2fb", "a/b", "a%252Fb", "a+b", "a b", "a%20b", "a?b", "a#b", "a?prefix=b", "a&b=c", "a;b", "a=b",
    "a%", "100%", "%", "%zz", "%00", "a:b", "a@b", "//host/b", "http://host/b", "a,b", "a$b", "~a",
)  # fmt: skip
SLASHES = (
    "/", "//", "/a", "a/", "a//", "a//b", "a/b/", "a/b/c", "a///b", "...", "a/...", ".a", "a.", "..a/b",
    "a/..b",
)  # fmt: skip
SQL = (
    "a_b", "axb", "a%b", "a*b", "a[b]", "a'b", 'a"b', "a;--", "'; DROP TABLE blobs; --", "?1", ":key",
    "@key",
)  # fmt: skip
AFFINITY = (
    "1", "01", "1.0", "1e0", "+1", "-1", "0x1", "NULL", "null", "None", "true", "0", "9" * 30,
    "Infinity", "NaN",
)  # fmt: skip
UNICODE = (
    "\u00e9", "e\u0301", "E\u0301", "\u00c9", "\u212a", "K", "k", "\u00df", "ss",
    "\ufb01", "fi", "\u0130", "i\u0307", "\u0131", "\uff41", "A", "\u0391", "\u0410", "\u03c3", "\u03c2", "\uac00",
    "\u1100\u1161", "\u0958", "\u0915\u093c", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f468\U0001f469\U0001f467", "\U0001f1e9\U0001f1ea", "\u2764", "\u2764\ufe0f", "\u4e16\u754c", "\U00020000",
    "\U0010fffd", "\ue000",
)  # fmt: skip
DISPLAY = (
    "\u202eexe.txt", "txt\u202e", "\u2066a\u2069", "\u200b", "a\u200bb", "\ufeffa", "\u00ad", "\u2028", "a\u2029b",
    "\u3164", "\u2800", "\u00a0", " ", "a ", " a", "a" + "\u0300" * 40, "\u05d0\u05d1/\u05d2", "\u0627\u0644",
    "\U000e0041", "a\u2044b", "a\u2215b", "a\uff0fb",
)  # fmt: skip
MARKUP = (
    "[b]a[/b]", "[/]", "[red", "[@click=app.quit]a[/]", "<b>a</b>", "<script>alert(1)</script>", "&amp;", "\\x1b[2J",
    "^[[2J", "\\", "a\\b", "\\\\host\\b", "C:\\a", "C:a", "$HOME", "`id`", "$(id)", "%s%n", "{0}", "{a}", "*", "-",
    "--help", "-rf", "!!", "a!", "a|b", "a>b", "~", "~root", "file.txt:stream",
)  # fmt: skip
RESERVED = (
    "list", "get", "get/x", "set", "set/x", "usage", "usage/x", "delete", "copy", "new_resumable_url",
    "new_resumable_url/x", "get_signed_url/x", "upload/x", "signed/data/x", "token", "storage/v1/data/x", "data",
    "data:x", "tmp:x", "tmp/x", "con", "CON.txt", "nul", "aux.h", "com1", "LPT9.a", ".part", ".x.part", "blobs",
    "meta.db", "__init__", "desktop.ini",
)  # fmt: skip
LENGTHS = (
    "x" * 1024, "y" * 255, "z" * 256, "/".join("s" * 200), "\u00e9" * 512, "\U0001f600" * 256,
    "n" * 500 + "/" + "n" * 523, "x" * 1023,
)  # fmt: skip

KEYS: tuple[str, ...] = tuple(
    sorted({*QUOTING, *SLASHES, *SQL, *AFFINITY, *UNICODE, *DISPLAY, *MARKUP, *RESERVED, *LENGTHS}, key=str.encode)
)

DIFFERENT = (
    ("a%2Fb", "a/b"), ("a%2Fb", "a%2fb"), ("a+b", "a b"), ("a%20b", "a b"), ("a//b", "a/b"), ("/a", "a/"),
    ("a/", "a//"), ("a ", " a"), ("a_b", "axb"), ("a%b", "axb"), ("a*b", "axb"), ("1", "01"), ("1", "1.0"),
    ("NULL", "null"), ("A", "\u0391"), ("K", "\u212a"), ("\u00e9", "e\u0301"), ("\u00e9", "\u00c9"), ("\u00df", "ss"),
    ("\ufb01", "fi"), ("\u03c3", "\u03c2"), ("\uac00", "\u1100\u1161"), ("\u2764", "\u2764\ufe0f"),
    ("\u200b", "\u00ad"), ("a\\b", "a/b"), ("get/x", "set/x"), ("con", "CON.txt"), ("x" * 1024, "x" * 1023),
    ("data:x", "tmp:x"), ("\\x1b[2J", "^[[2J"),
)  # fmt: skip
"""Pairs that some system, somewhere, takes for one."""

REFUSED = (
    "", ".", "..", "a/.", "a/./b", "../a", "a/../b", "/..", "\x00", "a\nb", "a\rb", "\t", "\x1b[2J", "a\x7f", "\x80",
    "a\x9b2J", "\ud800", "a\udfffb", "\ufdd0", "\ufffe", "\U0010ffff", "x" * 1025, "\u00e9" * 513, "s/" * 512 + "x",
)  # fmt: skip
"""Texts that are no keys."""


def value_of(key: str) -> bytes:
    """What is stored under a key: itself, so that what comes back tells where it was."""
    return f"value of {key!a}\n".encode()


def folded(keys: tuple[str, ...], prefix: str) -> tuple[list[str], list[str]]:
    """The blobs and the folders that a list of the prefix by `/` shows, each in byte order."""
    blobs, folders = [], set()
    for key in keys:
        if key.startswith(prefix):
            name, slash, _ = key[len(prefix) :].partition("/")
            if slash:
                folders.add(prefix + name + slash)
            else:
                blobs.append(key)
    return sorted(blobs, key=str.encode), sorted(folders, key=str.encode)
