"""The statistics of one column: counts, extremes, the most frequent values, a small histogram."""

from textual.content import Content

from storage_tui.contract.sizes import size_text
from storage_tui.contract.visible import visible
from storage_tui.previews.rows.measuring import Measures
from storage_tui.tui.lists.lines_screen import LinesScreen
from storage_tui.tui.widgets.text_lines import Line

FREQUENT = 20
BAR_CELLS = 40
LABEL_CELLS = 14
VALUE_CHARS = 40
EIGHTHS = " ▏▎▍▌▋▊▉█"


class MeasureScreen(LinesScreen):
    """Facts of one column, over the rows that were read."""

    CSS_PATH = "../lists/lines_screen.tcss"

    def __init__(self, name: str, found: Measures, *, of: str, read_bytes: int) -> None:
        """`of` says which rows these are, `read_bytes` how much was read for them."""
        super().__init__(indent=LABEL_CELLS + 2)
        self._column = name
        self._found = found
        self._of = of
        self._read = size_text(read_bytes)

    def on_mount(self) -> None:
        """Show the lines."""
        name = (visible(self._column, limit=60), "bold")
        title = Content.assemble((" Column ", "bold $accent"), name, (f"  {self._read} read", "$text-muted"))
        self.show(title, measure_lines(self._found, of=self._of))


def measure_lines(found: Measures, *, of: str) -> list[Line]:
    """Return the statistics in lines."""
    facts = [("rows", f"{found.rows:,} {of}" if found.is_done else f"the first {found.rows:,} read; stopped {of}")]
    facts.append(("values", f"{found.known:,}"))
    if found.missing:
        facts.append(("null", f"{found.missing:,} ({found.missing / found.rows:.1%})"))
    if found.nan:
        facts.append(("NaN", f"{found.nan:,}"))
    if found.least is not None:
        facts += [("least", _text(found.least)), ("greatest", _text(found.greatest))]
    bars = found.histogram()
    if bars and found.known:
        facts.append(("mean", f"{found.total / found.known:.6g}"))
    if found.counts:
        facts.append(("distinct", f"more than {len(found.counts):,}" if found.is_many else f"{len(found.counts):,}"))
    lines: list[Line] = [[(f" {label:<{LABEL_CELLS}} ", "dim"), (value, "")] for label, value in facts]
    if bars and found.least != found.greatest:
        most = max(count for _, _, count in bars)
        lines += [[("", "")], [(" histogram", "head")]]
        for low, high, count in bars:
            label = f"{low:.4g} – {high:.4g}"
            lines.append([(f" {label:<24} ", "dim"), (_bar(count, most), "good"), (f" {count:,}", "")])
    frequent = found.counts.most_common(FREQUENT)
    if frequent and (frequent[0][1] > 1 or len(frequent) < FREQUENT):
        about = ", counted among the frequent ones" if found.is_many else ""
        lines += [[("", "")], [(f" most frequent{about}", "head")]]
        for value, count in frequent:
            shown = visible(value, limit=VALUE_CHARS) or '""'
            share = f"{count / max(1, found.known):.1%}"
            lines.append([(f" {count:>12,} {share:>6}  ", "dim"), (shown, "")])
    return lines


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else visible(str(value), limit=60)


def _bar(count: int, most: int) -> str:
    eighths = -(-count * BAR_CELLS * 8 // most) if most else 0
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
