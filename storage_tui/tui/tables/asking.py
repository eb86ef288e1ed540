"""The question before a read that is larger than a bound."""

from collections.abc import Callable

from storage_tui.contract.sizes import size_text
from storage_tui.previews.rows.base import ASK_BYTES
from storage_tui.tui.viewer.prompt import Prompt


class Asking:
    """Starts work at once when it reads at most `ask_bytes`, and after a `y` when it reads more."""

    def __init__(self, prompt: Prompt, *, say: Callable[..., None], ask_bytes: int = ASK_BYTES) -> None:
        self.ask_bytes = ask_bytes
        self._prompt = prompt
        self._say = say

    def before(self, size_bytes: int, start: Callable[[], None]) -> None:
        """Start work that reads about so many bytes."""
        if size_bytes <= self.ask_bytes:
            start()
            return

        def answered(text: str) -> None:
            if text.strip().lower() in ("y", "yes"):
                start()
            else:
                self._say("nothing was read", "$warning")

        self._prompt.ask(f"this reads up to {size_text(size_bytes)}; Esc stops it. y reads:", answered)
