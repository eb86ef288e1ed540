"""Pairs of folders to sync, generated from a number: awkward names, and all the ways in which two sides differ."""

import os
import random
from pathlib import Path

NAMES = (
    "a", "a-b", "a.b", "a b", " lead", "trail ", "dot.", ".hidden", "..two", "A", "Zoë", "Zoe\u0308", "日本", "emoji😀",
    "q?", "star*", "br[ackets]", "{curly}", "per%cent", "%2F", "back\\slash", "co:lon", "quo\"te", "'single'", "pipe|",
    "<tag>", "#hash", "plus+", "eq=", "til~de", "com,ma", "semi;", "am&p", "d$ollar", "con", "nul.txt", "x" * 150,
    "ä" * 60, "\ue000private", "\U0001f600", "a%~2", "z.tmp", "keep.tmp", "data.tif", "0", "-dash", "--", "~",
)  # fmt: skip
BIG = 300_000


class Pair:
    """A source and a target in memory: the bytes by relative path. No file of one is a folder of either."""

    def __init__(self, number: int) -> None:
        self.chance = random.Random(number)
        self.source: dict[str, bytes] = {}
        self.target: dict[str, bytes] = {}
        self._files: set[str] = set()
        self._folders: set[str] = set()
        for _ in range(self.chance.randrange(5, 30)):
            self._add(self._path())

    def _path(self) -> str:
        depth = self.chance.choice((1, 1, 2, 2, 3, 4))
        return "/".join(self.chance.choice(NAMES) for _ in range(depth))

    def _add(self, path: str) -> None:
        parts = path.split("/")
        above = {"/".join(parts[:count]) for count in range(1, len(parts))}
        if path in self._folders or path in self._files or above & self._files:
            return
        self._files.add(path)
        self._folders |= above
        content = self._content()
        match self.chance.choice(("same", "same", "new", "extra", "bytes", "size", "touched")):
            case "same" | "touched":
                self.source[path] = self.target[path] = content
            case "new":
                self.source[path] = content
            case "extra":
                self.target[path] = content
            case "bytes":
                self.source[path] = content
                self.target[path] = bytes(255 - byte for byte in content)
            case "size":
                self.source[path], self.target[path] = content, content + b"more"

    def _content(self) -> bytes:
        size = self.chance.choice((0, 1, 10, 10, 100, 1000, 1000, 1000, BIG))
        return self.chance.randbytes(size)

    def filters(self) -> list[str]:
        """Options of rclone and of ours: rules that some of the names match."""
        kind = self.chance.choice(("none", "none", "exclude", "include", "filter", "both"))
        pick = self.chance.choice
        patterns = ["*.tmp", "/a/**", "a/", "/.hidden/", "*b*", "[a-z]*", "**/a", "/*", "?", "{a,A}*", "*.{tif,txt}",
                    "/a*/**", "z.tmp", "[^a]*", "*/*", "dot.", "per%cent", "a/**"]  # fmt: skip
        match kind:
            case "exclude":
                return [f"--exclude={pick(patterns)}" for _ in range(self.chance.randrange(1, 4))]
            case "include":
                return [f"--include={pick([row for row in patterns if row[-1] != '/'])}" for _ in range(2)]
            case "both":
                return [f"--include={pick([row for row in patterns if row[-1] != '/'])}", f"--exclude={pick(patterns)}"]
            case "filter":
                return [f"--filter={pick('+-')} {pick(patterns)}" for _ in range(4)]
        return []


def write(root: Path, files: dict[str, bytes]) -> None:
    """Make a folder with these files."""
    root.mkdir(parents=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def read(root: Path) -> dict[str, bytes]:
    """The files of a folder."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found
