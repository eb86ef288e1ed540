"""The facts and lines of two previews in pairs: what a raster, a table or an array says of itself, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from storage_tui.previews.base import Preview


@dataclass(frozen=True, slots=True)
class FactPair:
    """One fact of both blobs; a blob without the fact has an empty text."""

    label: str
    left: str
    right: str

    @property
    def is_equal(self) -> bool:
        """Return whether both blobs have the same value."""
        return self.left == self.right


def pair_facts(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]]) -> list[FactPair]:
    """Return the facts of both in pairs, in the order of the left ones; facts of the right alone are last.

    A label that stands several times is paired in its order.
    """
    others: dict[str, list[str]] = {}
    for label, value in right:
        others.setdefault(label, []).append(value)
    pairs = []
    for label, value in left:
        matching = others.get(label)
        pairs.append(FactPair(label, value, matching.pop(0) if matching else ""))
    left_over = {label: list(values) for label, values in others.items() if values}
    for label, _ in right:
        if left_over.get(label):
            pairs.append(FactPair(label, "", left_over[label].pop(0)))
    return pairs


def plain_lines(preview: Preview) -> list[str]:
    """Return the body of a preview without colours and padding, so that two widths of a column do not differ; nothing
    for a picture or a map."""
    if preview.is_drawing or preview.pixels is not None:
        return []
    return [" ".join(line.plain.split()) for line in preview.lines]
