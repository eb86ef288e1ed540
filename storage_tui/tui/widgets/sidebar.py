"""The storage types at the side: count, bytes and rule of each, the open one marked, with the rest of its quota."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from storage_tui.contract.counts import plural
from storage_tui.contract.models import QuotaUse, Usage, UserQuotas
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.state.formats import count_text
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.line_view import cut_start

KEYS = {name: number for number, name in enumerate(STORAGE_TYPES, 1)}  # the key that shows a type, in every place
FULL_SOON = 0.9  # of a quota: from here on another colour is used


class Sidebar(Widget):
    """One block for each storage type; a click chooses the type."""

    @dataclass
    class TypeChosen(Message):
        """A storage type was clicked."""

        storage_type: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._current = "data"
        self._usages: dict[str, Usage | str] = {}
        self._limits = UserQuotas()
        self._place: OpenPlace | None = None

    def choose(self, storage_type: str) -> None:
        """Mark the open type."""
        if storage_type != self._current:
            self._current = storage_type
            self.refresh()

    def set_usage(self, storage_type: str, usage: Usage | str) -> None:
        """Show count and bytes of a type, or a word when they are unknown."""
        if self._usages.get(storage_type) != usage:
            self._usages[storage_type] = usage
            self.refresh()

    def set_place(self, place: OpenPlace | None) -> None:
        """Show a place with its rules instead of the storage types, or with its own types; None for all types."""
        if place != self._place:
            self._place = place
            self.refresh()

    def set_limits(self, limits: UserQuotas) -> None:
        """Set the limits of the user in each type."""
        if limits != self._limits:
            self._limits = limits
            self.refresh()

    @property
    def _block(self) -> int:
        """The height of a type in rows, as far as there is room: name, count, rule, and a blank row.

        The open type has the rest of its quota in place of the blank row.
        """
        return max(1, min(4, self.size.height // len(self._names)))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(STORAGE_TYPES) if self._place is None else self._place.type_names

    def render(self) -> Content:
        """Return name, count and bytes, and rule of each type; of a place its name, count and bytes, and rules."""
        place = self._place
        if place is not None and not place.types:
            return self._place_content(place)
        lines: list[Content] = []
        for name in self._names:
            number = KEYS[name]
            is_current = name == self._current
            usage = self._usages.get(name)
            block = [
                Content.assemble(
                    ("▌" if is_current else " ", "$accent"),
                    (f"{number} ", "$text-muted"),
                    (name, "bold $accent" if is_current else ""),
                    ("" if place is None else f" {visible(place.prefixes.get(name, ''))}", "$text-muted"),
                ),
                Content(f"   {_figures(usage)}"),
                Content.styled(f"   {rule_text(name, place)}", "$text-muted"),
                Content(""),
            ]
            if isinstance(usage, Usage) and not usage.count:
                block[1] = Content.styled("   empty", "$text-muted")
            quota = self._limits.of(name) if is_current else None
            if isinstance(usage, Usage) and quota is not None:
                line = min(3, self._block - 1)  # the blank line if there is one, else the rule
                block[line] = _room_text(usage, quota) or block[line]
            lines += block[: self._block]
        if place is not None:
            lines += self._rules_content(place)[: max(0, self.size.height - len(lines))]
        width = self.size.width
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines)

    def _place_content(self, place: OpenPlace) -> Content:
        width = self.size.width
        name = cut_start(visible(place.name), max(1, width - 2))
        lines = [
            Content.assemble(("▌", "$accent"), (name, "bold $accent")),
            Content(f"   {_figures(self._usages.get(DEFAULT))}"),
            *self._rules_content(place)[1:],
        ]
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines[: self.size.height or None])

    def _rules_content(self, place: OpenPlace) -> list[Content]:
        """Return the name of the place and its rules, a line each."""
        name = cut_start(visible(place.name), max(1, self.size.width - 2))
        rules = place.rules or _first_rules(place)
        return [
            Content.styled(f" {name}", "$text-muted"),
            *(Content.styled(f"   {visible(rule)}", "$text-muted") for rule in rules),
        ]

    def on_click(self, event: events.Click) -> None:
        """Choose the type under the pointer."""
        names = self._names
        number = event.y // self._block
        if number < len(names):
            self.post_message(self.TypeChosen(names[number]))


def _figures(usage: Usage | str | None) -> str:
    if isinstance(usage, Usage):
        return f"{count_text(usage.count)} · {size_text(usage.size_bytes)}"
    return usage or "…"


def _first_rules(place: OpenPlace) -> tuple[str, ...]:
    """Return the rules that are known before the server has answered."""
    return () if place.is_writable else ("read only",)


def _room_text(usage: Usage, quota: QuotaUse) -> Content | None:
    """Return `34% of 10.0 GB`, or the share of blobs when that is nearer its limit; None without limits."""
    shares = [
        (used / limit if limit else 1.0, text)
        for used, limit, text in (
            (usage.size_bytes, quota.size_bytes, size_text(quota.size_bytes)),
            (usage.count, quota.count, plural(quota.count or 0, "blob")),
        )
        if limit is not None
    ]
    if not shares:
        return None
    share, text = max(shares)
    return Content.styled(f"   {share:.0%} of {text}", "$text-warning" if share >= FULL_SOON else "$text-muted")
