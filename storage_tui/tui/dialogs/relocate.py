"""The question before blobs are moved or copied on the server: where to, and the choice for names that are taken."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.widgets import Input, Static

from storage_tui.client.transfer.conflict import Conflict
from storage_tui.contract.errors import StorageError
from storage_tui.contract.keys import Location, as_folder
from storage_tui.contract.places import OpenPlace
from storage_tui.contract.visible import visible
from storage_tui.tui.dialogs.conflicts import CONFLICTS
from storage_tui.tui.dialogs.dialog import Dialog, label
from storage_tui.tui.moves.counting import Amount
from storage_tui.tui.moves.targets import check_source, check_target, rule_words
from storage_tui.tui.state.formats import types_text
from storage_tui.tui.state.listing import Row
from storage_tui.tui.widgets.choice import Choice
from storage_tui.tui.widgets.location_field import Candidates, LocationField

TAKEN = CONFLICTS[:3]  # the same words at the same places as before transfers; the others compare with a file
ACTS = (("move", "move"), ("copy", "copy"))


@dataclass(frozen=True, slots=True)
class RelocateRequest:
    """The target folder, whether the blobs leave their old place, and the choice for names that are taken."""

    to: Location
    is_move: bool
    conflict: Conflict


class RelocateScreen(Dialog[RelocateRequest]):
    """Asks for the target folder. With `is_move` it is settled whether to move or copy; None asks for this too."""

    HINT = "Enter goes on, Tab completes, ↓ next field, Esc leaves"

    def __init__(
        self, rows: Sequence[Row], amount: Amount, to: Location, candidates: Candidates, *, is_move: bool | None = None,
        lead: str = "", place: OpenPlace | None, from_store: str = "",
    ) -> None:  # fmt: skip
        """`from_store` names the store of the rows, where the target is in another one."""
        super().__init__()
        self._place = place
        self._rows = rows
        self._to = to
        self._candidates, self._lead = candidates, lead
        self._is_move = is_move
        self._from_store = from_store
        what = f"{visible(rows[0].key, limit=50)}: " if len(rows) == 1 else ""
        verb = {None: "Move or copy", True: "Move", False: "Copy"}[is_move]
        of = "" if lead else f" of {types_text(row.storage_type for row in rows)}"
        of = f" from {visible(from_store, limit=50)}" if from_store else of
        self.TITLE_TEXT = f"{verb} {what}{amount.words}{of}"

    def compose_body(self) -> ComposeResult:
        """Yield target, effect, act and conflicts."""
        yield label("To the folder")
        yield LocationField(self._to, self._candidates, id="to", only_folders=True, lead=self._lead)
        yield Static("", id="note")
        if self._is_move is None:
            yield Choice(ACTS, id="act")
        yield label("If a name is taken there")
        yield Choice(TAKEN, id="conflict")
        yield Static("", id="rule")

    def on_mount(self) -> None:
        """Say what the target does with blobs."""
        self._look()

    @on(LocationField.Offered)
    def _offered(self, event: LocationField.Offered) -> None:
        self.say(event.words, role="$error" if event.is_error else "$text-muted")

    @on(Input.Changed)
    @on(Choice.Changed)
    def _look(self) -> None:
        self.say("")
        try:
            to = self.query_one(LocationField).location
            self.say(rule_words(self._rows, to.storage_type, self._place, is_apart=bool(self._from_store)), id="rule")
            self._checked()
        except StorageError as exc:
            self.say(visible(exc.message), role="$warning")

    @property
    def is_move(self) -> bool:
        """Whether the blobs leave their old place."""
        if self._is_move is not None:
            return self._is_move
        return bool(self.query_one("#act", Choice).value == "move")

    def _checked(self) -> Location:
        to = as_folder(self.query_one(LocationField).location)
        check_source(self._rows, is_move=self.is_move)
        if not self._from_store:
            check_target(self._rows, to, is_move=self.is_move)
        return to

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _submit(self) -> None:
        try:
            to = self._checked()
        except StorageError as exc:
            self.say(visible(exc.message), role="$error")
            return
        self.dismiss(RelocateRequest(to, self.is_move, self.query_one("#conflict", Choice).value))
