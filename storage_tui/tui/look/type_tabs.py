"""The storage types as one line: the open one marked, with as many figures as there is room for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from storage_tui.contract.models import Usage, UserQuotas
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.tui.look.gauges import expiry_gauge, quota_gauge
from storage_tui.tui.state.formats import count_text

GAP = "  "
Figures = Mapping[str, Usage | str]
Tabs = list[tuple[str, Content]]


def figures_text(usage: Usage | str | None) -> str:
    """Return count and bytes of a type, or the word for unknown ones."""
    if isinstance(usage, Usage):
        return f"{count_text(usage.count)} · {size_text(usage.size_bytes)}"
    return usage or "…"


def type_tabs(
    current: str, figures: Figures, *, names: Sequence[str] = tuple(STORAGE_TYPES), width: int, beside: int = 0
) -> Tabs:
    """Return the tabs of the types `names`, in at most `width` cells and, if that is enough for the bytes of each
    type, with `beside` cells left over."""
    for level, room in ((2, width - beside), (1, width - beside), (1, width), (0, width)):
        tabs = [(name, _tab(number, name, figures.get(name), is_current=name == current, level=level))
                for number, name in enumerate(STORAGE_TYPES, 1) if name in names]  # fmt: skip
        if sum(tab.cell_length + len(GAP) for _, tab in tabs) <= room:
            break
    return tabs


@dataclass(frozen=True, slots=True)
class TabLine:
    """The line, and the types whose tabs its first cells belong to, a type a cell."""

    content: Content
    types: tuple[str, ...]

    @classmethod
    def of(
        cls, current: str, figures: Figures, limits: UserQuotas, rule: str, now: datetime | None, *,
        names: Sequence[str] = tuple(STORAGE_TYPES), width: int,
    ) -> "TabLine":  # fmt: skip
        """Return the tabs at the left; at the right, with room, the figures of the open type, and its rule or the
        gauge of its quota or its expiry; of the expiry by the usual rules, and only with `now`."""
        usage = figures.get(current)
        said = Content.styled(rule, "$text-muted")
        if isinstance(usage, Usage):
            quota = limits.of(current)
            gauge = quota_gauge(usage, quota) if quota is not None else None
            said = gauge or (expiry_gauge(current, usage, now) if now is not None else None) or said
        right = Content.assemble(f"{figures_text(usage)}{GAP}", said, " ")
        tabs = type_tabs(current, figures, names=names, width=width, beside=right.cell_length + 1)
        left = Content("").join(part for _, tab in tabs for part in (tab, Content(GAP)))
        types = tuple(name for name, tab in tabs for _ in range(tab.cell_length + len(GAP)))
        gap = width - left.cell_length - right.cell_length
        line = Content.assemble(left, " " * gap, right) if gap >= 0 else left.truncate(width, ellipsis=True)
        return cls(line, types)


def _tab(number: int, name: str, usage: Usage | str | None, *, is_current: bool, level: int) -> Content:
    """Return one tab; from level 1 on others than the open one have their bytes, or a word instead, at level 2."""
    text = ""
    if not is_current and level and isinstance(usage, Usage):
        text = f" {size_text(usage.size_bytes)}" if usage.count else " empty" if level > 1 else ""
    elif not is_current and level > 1 and isinstance(usage, str):
        text = f" {usage}"
    return Content.assemble(
        ("▌" if is_current else " ", "$accent"),
        (f"{number} ", "$text-muted"),
        (name, "bold $accent" if is_current else ""),
        (text, "$text-muted"),
    )
