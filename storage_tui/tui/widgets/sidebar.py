"""The storage types, with their figures and gauges: at the side, above bookmarks and recent places, or in one line."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from storage_tui.contract.keys import Location
from storage_tui.contract.models import Usage, UserQuotas
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.look.gauges import expiry_gauge, quota_gauge
from storage_tui.tui.look.type_tabs import TabLine, figures_text
from storage_tui.tui.widgets.bar_content import rule_text
from storage_tui.tui.widgets.line_view import cut_start

KEYS = {name: number for number, name in enumerate(STORAGE_TYPES, 1)}  # the key that shows a type, in every place
BLOCK_ROWS = 4  # of a type: name, figures, rule, and a gauge or a blank row
RECENT_SHOWN = 9


class Sidebar(Widget):
    """A block for each storage type, then bookmarks and recent places; one row high a line of tabs. A click goes to the
    type or the place."""

    @dataclass
    class TypeChosen(Message):
        """A storage type was clicked; or a bookmark or a recent place of it, its `location`."""

        storage_type: str
        location: Location | None = None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._current = "data"
        self._usages: dict[str, Usage | str] = {}
        self._limits = UserQuotas()
        self._place: OpenPlace | None = None
        self._bookmarks: tuple[tuple[str, Location], ...] = ()
        self._recent: tuple[Location, ...] = ()

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

    def set_remembered(self, bookmarks: Mapping[str, Location], recent: Iterable[Location]) -> None:
        """Set the bookmarks by their letters, and the recent places, the latest first."""
        found = tuple(sorted(bookmarks.items())), tuple(recent)[:RECENT_SHOWN]
        if found != (self._bookmarks, self._recent):
            self._bookmarks, self._recent = found
            if not self._is_line:
                self.refresh()

    @property
    def _is_line(self) -> bool:
        return self.size.height <= 1

    @property
    def _block(self) -> int:
        """The height of a type in rows, as far as there is room below the title."""
        return max(1, min(BLOCK_ROWS, (self.size.height - 1) // len(self._names)))

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(STORAGE_TYPES) if self._place is None else self._place.type_names

    def render(self) -> Content:
        """Return the types, or the open place with its rules; then bookmarks and recent places."""
        width, place = self.size.width, self._place
        if place is not None and not place.types:
            lines = self._place_lines(place)
            if self._is_line:
                return Content("  ").join(lines).truncate(width, ellipsis=True)
        elif self._is_line:
            return self._tabs().content
        else:
            lines = [Content.styled(" storage types", "$text-muted"), *self._type_lines()]
            lines += [] if place is None else self._rule_lines(place)[: max(0, self.size.height - len(lines))]
            lines += [content for content, _ in self._remembered(self.size.height - len(lines))]
        return Content("\n").join(line.truncate(width, ellipsis=True) for line in lines[: self.size.height or None])

    def _tabs(self) -> TabLine:
        rule, now = rule_text(self._current, self._place), datetime.now(UTC)
        return TabLine.of(
            self._current,
            self._usages,
            self._limits,
            rule,
            None if self._place is not None else now,
            names=self._names,
            width=self.size.width,
        )

    def _type_lines(self) -> list[Content]:
        lines: list[Content] = []
        now, place = datetime.now(UTC), self._place
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
                Content(f"   {figures_text(usage)}"),
                Content.styled(f"   {rule_text(name, place)}", "$text-muted"),
                Content(""),
            ]
            if isinstance(usage, Usage):
                if not usage.count:
                    block[1] = Content.styled("   empty", "$text-muted")
                quota = self._limits.of(name)
                gauge = quota_gauge(usage, quota) if quota is not None else None
                if gauge is None and place is None:  # a place has rules of its own
                    gauge = expiry_gauge(name, usage, now)
                line = min(3, self._block - 1)  # the blank line if there is one, else the rule
                if gauge is not None and (line == 3 or is_current):
                    block[line] = Content.assemble("   ", gauge)
            lines += block[: self._block]
        return lines

    def _remembered(self, room: int) -> list[tuple[Content, Location | None]]:
        """Return the lines of bookmarks and recent places that fit, each with its place."""
        lines: list[tuple[Content, Location | None]] = []
        width = max(8, self.size.width - 4)
        if self._bookmarks:
            lines.append((Content.styled(" bookmarks", "$text-muted"), None))
            for letter, place in self._bookmarks[: max(1, room // 2)]:
                name = cut_start(place_text(place), width)
                lines.append((Content.assemble((f" {visible(letter)} ", "$primary"), name), place))
            lines.append((Content(""), None))
        if self._recent:
            lines.append((Content.styled(" recent", "$text-muted"), None))
            lines += [(Content(f"   {cut_start(place_text(place), width)}"), place) for place in self._recent]
        return lines[: max(0, room)]

    def _place_lines(self, place: OpenPlace) -> list[Content]:
        name = cut_start(visible(place.name), max(1, self.size.width // (2 if self._is_line else 1) - 2))
        return [
            Content.assemble(("▌", "$accent"), (name, "bold $accent")),
            Content(f"   {figures_text(self._usages.get(DEFAULT))}"),
            *self._rule_lines(place)[1:],
        ]

    def _rule_lines(self, place: OpenPlace) -> list[Content]:
        """Return the name of the place and its rules, a line each."""
        name = cut_start(visible(place.name), max(1, self.size.width - 2))
        rules = place.rules or _first_rules(place)
        return [
            Content.styled(f" {name}", "$text-muted"),
            *(Content.styled(f"   {visible(rule)}", "$text-muted") for rule in rules),
        ]

    def on_click(self, event: events.Click) -> None:
        """Go to the type or the place under the pointer."""
        open_place = self._place
        if open_place is not None and not open_place.types:
            self.post_message(self.TypeChosen(DEFAULT))
        elif self._is_line:
            types = self._tabs().types
            if event.x < len(types):
                self.post_message(self.TypeChosen(types[event.x]))
        else:
            number, names = (event.y - 1) // self._block, self._names
            if 0 <= number < len(names):
                self.post_message(self.TypeChosen(names[number]))
                return
            first = 1 + self._block * len(names) + (0 if open_place is None else len(self._rule_lines(open_place)))
            remembered = self._remembered(self.size.height - first)
            place = remembered[event.y - first][1] if first <= event.y < first + len(remembered) else None
            if place is not None:
                self.post_message(self.TypeChosen(place.storage_type, place))


def _first_rules(place: OpenPlace) -> tuple[str, ...]:
    """Return the rules that are known before the server has answered."""
    return () if place.is_writable else ("read only",)
