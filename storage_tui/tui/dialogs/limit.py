"""The limit of the rate: how many bytes all transfers together may move each second."""

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.client.http.rates import Rates, parse_rates, rates_form, rates_text
from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.dialog import Dialog, field

EXAMPLES = "10M, or 10M:2M for up and down, or off; K, M and G are decimal"


class LimitScreen(Dialog[Rates]):
    """Asks for the most bytes a second, up and down; the limit holds at once and until the browser ends."""

    TITLE_TEXT = "Limit the rate"
    HINT = "Enter sets the limit, Esc leaves"

    def __init__(self, up: float | None, down: float | None) -> None:
        super().__init__()
        self._given = rates_form(up, down)

    def compose_body(self) -> ComposeResult:
        """Yield the field, and what its text means."""
        yield field(self._given, id="rate")
        yield Static("", id="note")

    def on_mount(self) -> None:
        """Show the syntax."""
        self.say(EXAMPLES)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        try:
            self.say(rates_text(*parse_rates(event.value)), role="$success")
        except BadRequestError:
            self.say(EXAMPLES)  # the text may not be complete

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(parse_rates(event.value))
        except BadRequestError as exc:
            self.say(visible(exc.message), role="$error")
