"""Members of an archive as a tree of folders with sizes."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.text import Text

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import Part

TREE_LINES = 500  # a few screens; the facts have the count of the members
FULL_LINES = 20_000  # on the whole screen
MAX_DEPTH = 12  # deeper members are indented no further


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name with slashes, its size unpacked, a remark (`float32, 512 × 512`), and its place."""

    name: str
    size_bytes: int
    remark: str = ""
    part: Part | None = None


def tree_lines(members: Iterable[Member], limit: int = TREE_LINES) -> tuple[tuple[Text, ...], tuple[Part | None, ...]]:
    """Return the lines of the tree, one a member under one a folder, in the order of names; and each line's member."""
    lines: list[Text] = []
    parts: list[Part | None] = []
    open_folders: list[str] = []
    for member in sorted(members, key=lambda member: member.name):
        *folders, name = member.name.split("/")
        shared = 0
        while shared < min(len(folders), len(open_folders)) and folders[shared] == open_folders[shared]:
            shared += 1
        lines += [_folder_line(folders[depth], depth) for depth in range(shared, len(folders))]
        parts += [None] * (len(lines) - len(parts))
        open_folders = folders
        if name:
            line = Text(f"{size_text(member.size_bytes):>9}  {_indent(len(folders))}{visible(name, limit=200)}")
            line.no_wrap = True
            if member.remark:
                line.append(f"  {visible(member.remark, limit=80)}", style="dim")
            lines.append(line)
            parts.append(member.part)
        if len(lines) >= limit:
            break
    return tuple(lines), tuple(parts)


def _folder_line(name: str, depth: int) -> Text:
    return Text(f"{'':11}{_indent(depth)}{visible(name, limit=200)}/", style="bold", no_wrap=True)


def _indent(depth: int) -> str:
    return "  " * min(depth, MAX_DEPTH)
