"""A text field for a location such as `tmp:maps/2024/`: Tab completes from the server and lists the candidates."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual import events, work
from textual.message import Message
from textual.widgets import Input

from storage_tui.contract.errors import BadRequestError
from storage_tui.contract.keys import DELIMITER, Location, check_name_prefix
from storage_tui.contract.places import FILE_SCHEME, HTTP_SCHEMES, S3_SCHEME, WEB_SCHEMES
from storage_tui.contract.storage_types import DEFAULT, STORAGE_TYPES
from storage_tui.contract.visible import visible
from storage_tui.tui.desk import EXPECTED
from storage_tui.tui.state.messages import explain

SCHEMES = (S3_SCHEME, FILE_SCHEME)
PLACES = (*SCHEMES, *HTTP_SCHEMES, *WEB_SCHEMES)
SHOWN = 8  # candidates listed by name; the count includes the rest

Candidates = Callable[[Location], Awaitable[Sequence[str]]]
"""The keys and folders that begin with a location's key."""


class LocationField(Input):
    """An Input whose Tab completes a location. With a `lead`, such as `s3://bucket/`, the locations of the open bucket
    are shown and typed as a URL, and that of another place is refused."""

    @dataclass
    class Offered(Message):
        """What the completion found, in words for the user; `is_error` when the server could not be asked."""

        words: str
        is_error: bool = False

    def __init__(
        self, location: Location, candidates: Candidates, *, id: str | None = None, only_folders: bool = False,
        lead: str = "",
    ) -> None:  # fmt: skip
        self._given, self._lead = f"{lead}{location.key}" if lead else str(location), lead
        super().__init__(self._given, compact=True, select_on_focus=False, id=id)
        self.cursor_blink = False  # each blink is bytes over SSH
        self._candidates = candidates
        self._only_folders = only_folders

    @property
    def location(self) -> Location:
        """The location in the field. Raise a StorageError for a text that is none."""
        return self._parsed(self.value.strip())

    @property
    def local_text(self) -> str | None:
        """The text in the field, or what was typed after the given location, if it looks like a local path; a key that
        is spelled out with its storage type never does."""
        typed = self.value.strip()
        rest = typed.removeprefix(self._given)
        return next((text for text in (typed, rest) if _looks_local(text)), None)

    @property
    def other_place(self) -> str | None:
        """The text in the field, or what was typed after the given location, if it names another place than the open
        one; None for all else."""
        typed = self.value.strip()
        texts = (typed, typed.removeprefix(self._given))
        return next(
            (text for text in texts if text.startswith(PLACES) and not (self._lead and text.startswith(self._lead))),
            None,
        )

    def on_key(self, event: events.Key) -> None:
        """Complete the location on Tab."""
        if event.key == "tab":
            event.stop()
            event.prevent_default()
            self._complete(self.value)

    def _parsed(self, text: str) -> Location:
        """Return the location that the text means. Raise a StorageError for a text that is none, and for another
        place."""
        meant = self._meant(text)
        if self._lead and meant.startswith(self._lead):
            return Location(DEFAULT, check_name_prefix(meant.removeprefix(self._lead)))
        if self._lead and meant.startswith(SCHEMES):
            raise BadRequestError(f"{meant[:60]!a} is not in the open place; C takes rows, gp in its tab pastes them")
        return Location.parse(meant)

    def _meant(self, text: str) -> str:
        """Return the location that the text means: one typed after the given one replaces it, and is not below it."""
        rest = text.removeprefix(self._given)
        if self._lead and rest.startswith(SCHEMES):
            return rest
        return rest if rest.partition(":")[0] in STORAGE_TYPES and ":" in rest else text

    @work(exclusive=True, group="complete")
    async def _complete(self, text: str) -> None:
        if ":" not in text and not self._lead:
            self._offer(text, text, [f"{name}:" for name in STORAGE_TYPES if name.startswith(text)])
            return
        try:
            location = self._parsed(text.strip())
            found = await self._candidates(location)
        except EXPECTED as exc:
            self.post_message(self.Offered(visible(explain(exc)), is_error=True))
            return
        if self._only_folders:
            found = [name for name in found if name.endswith(DELIMITER)]
        self._offer(text, location.key, found, start=self._lead or f"{location.storage_type}:")

    def _offer(self, asked: str, typed: str, found: Sequence[str], *, start: str = "") -> None:
        if self.value != asked:
            return
        shared = _shared(found)
        if len(shared) > len(typed):
            self.value = start + shared
            self.cursor_position = len(self.value)
        cut = shared.rfind("/", 0, len(shared) - 1) + 1 if shared else 0
        names = "  ".join(visible(name[cut:], limit=40) for name in found[:SHOWN])
        more = f"  and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
        self.post_message(
            self.Offered((names + more if len(found) > 1 else "") or ("" if found else "Nothing begins with that."))
        )


def _looks_local(text: str) -> bool:
    return text in ("~", ".", "..") or text.startswith(("/", "~/", "./", "../"))


def _shared(names: Sequence[str]) -> str:
    """Return the text that all names begin with."""
    first, last = min(names, default=""), max(names, default="")
    return first[
        : next((at for at, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1), len(first))
    ]
