"""The copy menu: each form with its value; signed URLs are made on request and masked."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from textual import events, work
from textual.app import ComposeResult
from textual.widgets import Static

from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.dialogs.dialog import Dialog
from storage_tui.tui.state.formats import countdown_text
from storage_tui.tui.state.messages import explain
from storage_tui.tui.state.signed import expiry_of
from storage_tui.tui.widgets.text_lines import Line, TextLines

SHOWN_OF_URL = 32  # cells: enough for the host, never the signature
LIFETIMES = (("1 hour", timedelta(hours=1)), ("1 day", timedelta(days=1)), ("7 days", timedelta(days=7)))

Sign = Callable[[timedelta], Awaitable[str]]
"""Makes a signed URL that opens its blob for the given time."""


@dataclass(frozen=True, slots=True)
class CopyForm:
    """One form: its key, its name, and its value; None for a form that needs a signed URL."""

    key: str
    name: str
    value: str | None


class CopyScreen(Dialog[tuple[str, str]]):
    """Asks for a form; the answer is the key of the form and its value."""

    TITLE_TEXT = "Copy"
    HINT = "A letter or Enter sends it to the terminal's clipboard, e sets how long a URL lasts, s shows it, Esc leaves"

    def __init__(self, forms: Sequence[CopyForm], sign: Sign, curl: Callable[[str], str], *, refusal: str = "") -> None:
        """`refusal` is the reason when no URL can be made here."""
        super().__init__()
        self._forms = forms
        self._sign = sign
        self._curl = curl
        self._refusal = refusal
        self._lifetime = 0
        self._url: str | None = None
        self._is_shown = False

    def compose_body(self) -> ComposeResult:
        """Yield the forms."""
        yield TextLines(self._lines(), indent=14, id="forms")
        yield Static("", id="note")

    def _value(self, form: CopyForm) -> str | None:
        if form.value is not None or self._url is None:
            return form.value
        return self._curl(self._url) if form.key == "c" else self._url

    def _lines(self) -> list[Line]:
        lines: list[Line] = []
        for form in self._forms:
            value = self._value(form)
            if value is None and self._refusal:
                shown, role = self._refusal, "dim"
            elif value is None:
                lifetime = LIFETIMES[self._lifetime][0]
                shown, role = f"made when chosen; whoever has it can read this blob for {lifetime} (e)", "dim"
            elif form.value is None and not self._is_shown:
                shown, role = f"{visible(value, limit=SHOWN_OF_URL)} ••••••••", "warn"
            else:
                shown, role = visible(value), ""
            lines.append([(f"{form.key} ", "key"), (f"{form.name:<11} ", ""), (shown, role)])
        return lines

    def on_key(self, event: events.Key) -> None:
        """Choose by letter; s shows masked values; e changes the lifetime of a URL to be made."""
        rows = self.query_one(TextLines)
        form = next((form for form in self._forms if form.key == event.key), None)
        if event.key == "s":
            event.stop()
            self._is_shown = not self._is_shown
            rows.set_lines(self._lines())
        elif event.key == "e":
            event.stop()
            self._lifetime, self._url = (self._lifetime + 1) % len(LIFETIMES), None
            rows.set_lines(self._lines())
        elif event.key in ("down", "up"):
            event.stop()
            event.prevent_default()  # the base would change the field
            rows.move_line(1 if event.key == "down" else -1)
        elif event.key == "enter" or form is not None:
            event.stop()
            self._choose(form or self._forms[rows.current])

    @work(exclusive=True)
    async def _choose(self, form: CopyForm) -> None:
        value = self._value(form)
        if value is None and self._refusal:
            self.say(f"Not here: it {self._refusal}.", role="$warning")
            return
        if value is None:
            self.say("Making a signed URL…")
            try:
                self._url = await self._sign(LIFETIMES[self._lifetime][1])
            except EXPECTED as exc:
                self.say(visible(explain(exc)), role="$error")
                return
            self.query_one(TextLines).set_lines(self._lines())
            expires = expiry_of(self._url)
            lasts = f", good for {countdown_text(expires, datetime.now(UTC))}" if expires is not None else ""
            self.say(f"The URL is made{lasts}. Enter or its letter again sends it, s shows it.")
            return
        self.dismiss((form.name, value))
