"""The text of the one-row lines: the place, the state of work, and the keys. Text in, Content out."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType

from textual.content import Content

from storage_tui.contract.counts import plural
from storage_tui.contract.keys import Location
from storage_tui.contract.models import Blob
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.sizes import size_text
from storage_tui.contract.storage_types import STORAGE_TYPES
from storage_tui.contract.visible import place_text, visible
from storage_tui.tui.commands import Command, Context, footer_of, key_label
from storage_tui.tui.state.formats import count_text, countdown_text, duration_text, rate_text, urgency
from storage_tui.tui.state.listing import Listing, Row
from storage_tui.tui.state.marks import Marks
from storage_tui.tui.state.taken import Taken
from storage_tui.tui.state.transfers import Gauge
from storage_tui.tui.widgets.line_view import cut_start

ARROWS = {"upload": "↑", "download": "↓", "both": "↕"}
URGENT = {"gone": "bold $error", "critical": "bold $error", "soon": "$warning", "later": "$text-muted"}
GAUGE_CELLS = 10
TAKEN_NAMED_FROM = 60  # cells; a narrower line has the number only
SIZES_FROM = 110  # cells: the width from which the gauge also says the bytes
MORE_CELLS = len("  +99 ›")
PINNED = ("help", "close", "quit")  # the commands whose keys every footer shows: how to learn more, how to leave


def path_content(
    listing: Listing, *, is_reading: bool, width: int, sorting: str = "", then: str = "", name: str = ""
) -> Content:
    """Return `tmp ▸ a/b/` with the filter and its coverage, the count, running work, and the sort to come. `name`
    stands in the place of the storage type."""
    pieces: list[tuple[str, str]] = []
    is_open = not listing.is_complete
    if listing.filter is not None:
        covered = f"{count_text(listing.loaded, is_open=is_open)} loaded keys" if is_open else f"{listing.loaded:,}"
        pieces += [
            ("   filter ", "$text-muted"),
            (visible(listing.filter.text, limit=30), "bold $warning"),
            (f"  {len(listing):,} of {covered}", "$text-muted"),
        ]
    elif is_reading and listing.loaded:
        pieces.append((f"   Listing… {listing.loaded:,} keys (Esc stops)", "$text-muted"))
    elif is_open and listing.loaded:
        pieces.append((f"   {listing.loaded:,} keys read, more to come (G continues)", "$warning"))
    if then:
        pieces.append((f"   then by {then}", "$text-muted"))
    if sorting:
        pieces.append((f"   {sorting} (Esc stops)", "$text-muted"))
    said, start = Content.assemble(*pieces), f" {visible(name, limit=width // 3) or listing.storage_type} ▸ "
    room = max(12, min(width * 3 // 5, width - len(start) - said.cell_length))
    prefix = cut_start(visible(listing.prefix), room)
    return Content.assemble(
        (start[:-2], "bold $accent"), ("▸ ", "$text-muted"), (prefix or "/", "bold" if prefix else "$text-muted"), said
    )


def place_title(storage_type: str, prefix: str, name: str, *, width: int) -> Content:
    """Return `tmp ▸ a/b/  clean-up`, for the other screens about a place; `storage_type` as `Desk.type_name` has it."""
    return Content.assemble(
        (f" {storage_type} ", "bold $accent"),
        ("▸ ", "$text-muted"),
        (cut_start(visible(prefix), max(12, width * 2 // 5)) or "/", "bold"),
        (f"  {name}", "$text-muted"),
    )


def empty_words(listing: Listing, *, is_reading: bool, name: str = "", place: OpenPlace | None = None) -> str:
    """Return the text of a list without rows. `place` is the open place, and `name` the folder as the place calls it,
    where its storage type is no name of it."""
    if listing.filter is not None and listing.loaded:
        covered = count_text(listing.loaded, is_open=not listing.is_complete)
        reading = " so far; reading on" if is_reading else ""
        return (
            f'No match for "{visible(listing.filter.text)}" in {covered} loaded keys{reading}. Esc leaves the filter.'
        )
    if is_reading:
        return "Listing…"
    if not listing.is_complete:
        return "Not read to the end. R reads again."
    if listing.prefix:
        below = name or place_text(Location(listing.storage_type, listing.prefix))
        return f"Nothing below {below}. h goes up, ~ to the top, u uploads a file or folder here."
    if name:
        return f"Empty. Nothing is in {name}."
    rule = rule_text(listing.storage_type, place)
    return f"Empty. {listing.storage_type}: {rule}. u uploads a file or folder here."


def rule_text(storage_type: str, place: OpenPlace | None = None) -> str:
    """Return the rule of a storage type in a few words, safe to draw; that of the open place where it has its own."""
    own = None if place is None else place.types.get(storage_type)
    if own is not None:
        return visible(own)
    row = STORAGE_TYPES[storage_type]
    return f"expires after {row.expires_after.days} days" if row.expires_after is not None else row.summary


def marks_content(marks: Marks, *, here: Location | None = None) -> Content:
    """Return `● 3 · 1.2 GB + 1 folder`, and how many marks are outside the folder `here`."""
    blobs = len(marks) - marks.folders
    bound = "≥ " if marks.unsized else ""
    parts = [f"{blobs:,} · {bound}{size_text(marks.size_bytes)}"] if blobs else []
    parts += [plural(marks.folders, "folder")] if marks.folders else []
    elsewhere = 0 if here is None else len(marks) - marks.places[here]
    away = f", {elsewhere:,} not here" if elsewhere else ""
    return Content.styled(f"● {' + '.join(parts)}{away}  ", "bold $warning") if parts else Content("")


def taken_content(taken: Taken | None, *, width: int) -> Content:
    """Return what waits to be pasted: `✂ 2 blobs to move`; the sign and the number where there is no room."""
    if taken is None:
        return Content("")
    sign = "✂" if taken.is_move else "⧉"
    words = taken.words if width >= TAKEN_NAMED_FROM else f"{len(taken.rows):,}"
    return Content.styled(f"{sign} {words}  ", "bold $accent")


def row_content(row: Row | None, now: datetime) -> Content:
    """Return the expiry of the row under the cursor; empty when the row does not expire."""
    if isinstance(row, Blob) and row.expires is not None:
        left = urgency(row.expires, now)
        text = "expired" if left == "gone" else f"expires in {countdown_text(row.expires, now)}"
        return Content.styled(text, URGENT[left])
    return Content("")


def gauge_content(gauge: Gauge, *, width: int) -> Content:
    """Return the transfers in one line: bar, files, rate, time left; never empty."""
    arrow = ARROWS[gauge.direction]
    failed = Content.styled(f" {gauge.failed:,} failed", "bold $error") if gauge.failed else Content("")
    if not gauge.is_active:
        is_over = gauge.is_past and not gauge.failed
        if not gauge.files or is_over:
            return Content.styled("↕ idle", "$text-muted") if width >= 60 else Content("")
        done = gauge.files_done - gauge.failed - gauge.skipped - gauge.cancelled
        counts = ((done, "done"), (gauge.skipped, "skipped"), (gauge.cancelled, "cancelled"))
        words = ", ".join(f"{count:,} {word}" for count, word in counts if count)
        return Content.assemble((f"{arrow} {words}" if words else arrow, "$success" if done else "$warning"), failed)
    share = min(1.0, gauge.done_bytes / gauge.total_bytes) if gauge.total_bytes else 0.0
    if width < 60:
        return Content.assemble((f"{arrow}{int(share * 100):3}%", "$primary"), failed)
    filled = int(share * GAUGE_CELLS)  # full, and 100 %, only when all has come
    state = "paused" if gauge.paused and not gauge.running else rate_text(gauge.bytes_per_s)
    size = f"{size_text(gauge.done_bytes)} of {size_text(gauge.total_bytes)} " if width >= SIZES_FROM else ""
    eta = f" {duration_text(gauge.eta_s)} left" if gauge.bytes_per_s and width >= 90 else ""
    return Content.assemble(
        (f"{arrow} ", "$primary"),
        ("━" * filled, "$primary"),
        ("─" * (GAUGE_CELLS - filled), "$text-disabled"),
        (f"{int(share * 100):3}% ", "$primary"),
        (f"{gauge.files_done:,}/{gauge.files:,} {size}{state}{eta}", "$text-muted"),
        failed,
    )


def position_content(listing: Listing, cursor: int) -> Content:
    """Return the position of the cursor: `12/1,000+`."""
    count = len(listing)
    total = count_text(count, is_open=not listing.is_complete and listing.filter is None)
    return Content.styled(f"  {cursor + 1 if count else 0:,}/{total} ", "$text-muted")


def footer_content(
    context: Context, *, width: int, first: Mapping[str, str] = MappingProxyType({}), is_read_only: bool = False
) -> Content:
    """Return the keys of a context, those of `first` and then the most useful ones, as many as fit whole.

    `first` has a word by the id of each command; an empty word is that of the command table. The keys for help and for
    leaving are always there where there is room for more than these. In a place that is open read only, keys that would
    change it are left out.
    """
    rows = [row for row in footer_of(context, first) if not (is_read_only and row.changes_store(context))]
    hints = [_Hint(row.id, _footer_key(row, context), first.get(row.id) or row.word) for row in rows]
    room = width - 1
    pinned: list[_Hint] = []
    for hint in sorted((hint for hint in hints if hint.id in PINNED), key=lambda hint: PINNED.index(hint.id)):
        if hint.cells <= room:
            pinned.append(hint)
            room -= hint.cells
    fitting = list(accumulate(hint.cells for hint in hints if hint not in pinned))
    others = [hint for hint in hints if hint not in pinned][: bisect_right(fitting, room)]
    shown = [hint for hint in hints if hint in pinned or hint in others]
    pieces: list[tuple[str, str]] = []
    for hint in shown:
        pieces += [(f" {hint.key}", "bold $primary"), (f" {hint.word} ", "$text-muted")]
    return Content.assemble(*pieces)


def _footer_key(row: Command, context: Context) -> str:
    """Return the label of a command's first key, but Enter where Enter is one of its keys: the key that all know."""
    keys = row.keys_of(context)
    return key_label("enter" if "enter" in keys else keys[0])


@dataclass(frozen=True, slots=True)
class _Hint:
    id: str
    key: str
    word: str

    @property
    def cells(self) -> int:
        return len(self.key) + len(self.word) + 3


def chord_content(pending: str, hints: Iterable[tuple[str, Command]], *, width: int) -> Content:
    """Return the keys that may follow the first key of a chord, as many as fit whole, and how many do not: `+4 ›`."""
    shown = Content.styled(f" {key_label(pending)} …", "bold $accent")
    parts = [
        Content.assemble(
            (f"  {key_label(key)}", "bold $primary"), (f" {row.title.rstrip('….').lower()}", "$text-muted")
        )
        for key, row in hints
    ]
    fitting = list(accumulate((part.cell_length for part in parts), initial=shown.cell_length))
    count = bisect_right(fitting, width) - 1
    if count < len(parts):
        count = max(0, bisect_right(fitting, width - MORE_CELLS) - 1)
    more = f"  +{len(parts) - count} ›" if count < len(parts) else ""
    return Content.assemble(shown, *parts[:count], (more, "$text-muted"))
