"""The copy menu: each form with its value shown; signed URLs are made when asked for, and masked."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import events, work
from textual.app import ComposeResult
from textual.widgets import Static

from storage_tui.contract.counts import plural
from storage_tui.tui.screens.dialog import Dialog
from storage_tui.tui.session import EXPECTED
from storage_tui.tui.state.messages import explain
from storage_tui.tui.visible import is_plain, visible
from storage_tui.tui.widgets.text_lines import Line, TextLines

SHOWN_OF_URL = 32  # cells: enough for the host, never the signature


@dataclass(frozen=True, slots=True)
class CopyForm:
    """One form: its key, its name, and its value; None for what needs a signed URL."""

    key: str
    name: str
    value: str | None


class CopyScreen(Dialog[tuple[str, str]]):
    """The form chosen and its value."""

    TITLE_TEXT = "Copy"
    HINT = "A letter or Enter sends it to the terminal's clipboard, s shows secrets, Esc leaves"

    def __init__(
        self, forms: Sequence[CopyForm], sign: Callable[[], Awaitable[str]], curl: Callable[[str], str]
    ) -> None:
        super().__init__()
        self._forms = forms
        self._sign = sign
        self._curl = curl
        self._url: str | None = None
        self._is_shown = False

    def compose_body(self) -> ComposeResult:
        """The forms."""
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
            if value is None:
                shown, role = "made when chosen; whoever has it can read this blob until it expires", "dim"
            elif form.value is None and not self._is_shown:
                shown, role = f"{visible(value, limit=SHOWN_OF_URL)} ••••••••", "warn"
            else:
                shown, role = visible(value), ""
            lines.append([(f"{form.key} ", "key"), (f"{form.name:<11} ", ""), (shown, role)])
        return lines

    def on_key(self, event: events.Key) -> None:
        """A letter chooses; s shows what is masked."""
        rows = self.query_one(TextLines)
        form = next((form for form in self._forms if form.key == event.key), None)
        if event.key == "s":
            event.stop()
            self._is_shown = not self._is_shown
            rows.set_lines(self._lines())
        elif event.key in ("down", "up"):
            event.stop()
            event.prevent_default()  # the base would change the field
            rows.move(1 if event.key == "down" else -1)
        elif event.key == "enter" or form is not None:
            event.stop()
            self._choose(form or self._forms[rows.current])

    @work(exclusive=True)
    async def _choose(self, form: CopyForm) -> None:
        value = self._value(form)
        if value is None:
            self.say("Making a signed URL…")
            try:
                self._url = await self._sign()
            except EXPECTED as exc:
                self.say(visible(explain(exc)), role="$error")
                return
            self.query_one(TextLines).set_lines(self._lines())
            self.say("The URL is made. Enter or its letter again sends it, s shows it.")
            return
        if not is_plain(value):
            hidden = sum(not is_plain(character) for character in value)
            self.say(f"Sent with {plural(hidden, 'character')} not to be seen here.")
        self.dismiss((form.name, value))
