"""tar of any kind: the members whose headers a few reads reach."""

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.base import HEADER_BUDGET, Preview, PreviewError, Source, View
from storage_tui.previews.containers.tar_headers import BLOCK, Walk, is_header
from storage_tui.previews.containers.tree import FULL_LINES, TREE_LINES, tree_lines


class TarArchive:
    """tar: the first members, or all members of a small archive."""

    kind = "tar"
    budget = HEADER_BUDGET

    def matches(self, head: bytes, name: str) -> bool:
        """Return whether the first header has the magic or, as the oldest kind, a true checksum; or all is its end."""
        is_empty = name.endswith(".tar") and len(head) >= 2 * BLOCK and not any(head)
        return head[257:262] == b"ustar" or is_header(head[:BLOCK]) or is_empty

    async def show(self, source: Source, head: bytes, view: View) -> Preview:
        """Return the members in the head, and those in the reads after the head."""
        walk = Walk()
        walk.go(head, 0, is_end=_is_end(source, len(head)))
        while not walk.is_over and source.bytes_left >= BLOCK and not _is_end(source, walk.at):
            start = walk.at
            data = await source.read(start, start + max(BLOCK, source.bytes_left // source.requests_left))
            walk.go(data, start, is_end=_is_end(source, start + len(data)))
            if walk.at == start:  # the read holds no whole header, or packed bytes end here
                break
        walk.finish(source.size_bytes)
        if not walk.members and not walk.is_complete:
            raise PreviewError(walk.note or "it has no whole header")
        count = f"{len(walk.members):,}" if walk.is_complete else f"the first {len(walk.members):,}"
        joined = f" in {walk.archives:,} archives joined" if walk.archives > 1 else ""
        unpacked = size_text(sum(member.size_bytes for member in walk.members))
        facts = [("members", f"{count}{joined}"), ("unpacked", f"{'' if walk.is_complete else 'at least '}{unpacked}")]
        if walk.comment:
            facts.append(("comment", visible(walk.comment, limit=80)))
        lines, parts = tree_lines(walk.members, FULL_LINES if view.is_full else TREE_LINES)
        return Preview(self.kind, facts=tuple(facts), lines=lines, parts=parts, note=walk.note)


def _is_end(source: Source, at: int) -> bool:
    return source.size_bytes is not None and at >= source.size_bytes
